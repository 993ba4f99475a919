//! Mistakes in messages: their files, and their templates, which are reported where they stand.

use super::{PROMPT, check, check_bytes, prompt};

#[test]
fn bad_messages() {
    let messages = "messages:
  - {role: sytem, text: hello}
  - {role: user}
  - {role: user, text: a, file: b.md}
  - {text: a}
  - just text
  - {role: user, text: 5, tone: x}
  - {role: user, text: \"\"}
";
    let text = PROMPT.replace("messages:\n  - {role: user, text: \"{{ ticket }}\"}\n", messages);
    prompt(
        &text,
        &[
            "prompt.yaml:4:12: error: `role` must be one of system, user, assistant, not `sytem` (did you mean `system`?)",
            "prompt.yaml:5:5: error: a message has either `text` or `file`, and this one has neither (keep exactly one of the two)",
            "prompt.yaml:6:5: error: a message has either `text` or `file`, and this one has both (keep exactly one of the two)",
            "prompt.yaml:7:5: error: a message needs `role` (add `role: …`)",
            "prompt.yaml:8:5: error: a message must be a mapping, not text (write fields as `name: value`)",
            "prompt.yaml:9:24: error: `text` must be text, not a number (put it in quotes)",
            "prompt.yaml:9:27: error: a message has no field `tone` (known fields: role, text, file, truncate, priority)",
            "prompt.yaml:10:24: error: `text` is empty (fill it in, or remove the line)",
        ],
    );
    let text =
        PROMPT.replace("messages:\n  - {role: user, text: \"{{ ticket }}\"}\n", "messages: []\n");
    prompt(
        &text,
        &["prompt.yaml:3:11: error: `messages` is empty (add {role: user, text: \"…\"})"],
    );
}

#[test]
fn missing_and_escaping_files() {
    let text = PROMPT.replace("text: \"{{ ticket }}\"", "file: PATH");
    for (path, expected) in [
        ("sytem.md", "there is no file `sytem.md` (did you mean `system.md`?)"),
        ("other.md", "there is no file `other.md` (create prompts/support/triage/other.md)"),
        (
            "../../../../etc/passwd",
            "`../../../../etc/passwd` lies outside the project (name a file in the prompt's folder, such as `system.md`)",
        ),
        (
            "/etc/passwd",
            "`/etc/passwd` lies outside the project (name a file in the prompt's folder, such as `system.md`)",
        ),
        (
            "'C:\\x'",
            "`C:\\x` is not a path of this project (separate folders with forward slashes)",
        ),
    ] {
        let text = text.replace("PATH", path);
        check(
            &[("prompt.yaml", &text), ("system.md", "{{ ticket }}")],
            &[&format!("prompt.yaml:4:24: error: {expected}")],
        );
    }
}

#[test]
fn unreadable_message_files() {
    let text = PROMPT.replace("text: \"{{ ticket }}\"", "file: user.md");
    check_bytes(
        &[("prompt.yaml", text.as_bytes()), ("user.md", b"ab\n\0")],
        &[
            "user.md:2:1: error: the file is not text: this is a NUL byte (write plain text in UTF-8)",
        ],
    );
    check(
        &[("prompt.yaml", &text), ("user.md", " \n")],
        &["user.md:1:1: error: the file is empty (write the message's text here)"],
    );
    let long = "x".repeat((1 << 20) + 1);
    check(
        &[("prompt.yaml", &text), ("user.md", &long)],
        &[
            "user.md:0:0: error: the file is 1048577 bytes long; at most 1048576 (1 MiB) are read (split it, or shorten it)",
        ],
    );
}

#[test]
fn templates_are_checked_where_they_stand() {
    prompt(
        &PROMPT.replace("{{ ticket }}", "{{ ticket }} {{ tikcet }}"),
        &[
            "prompt.yaml:4:41: error: `tikcet` is not declared in `variables` (did you mean `ticket`?)",
        ],
    );
    let block = "|\n\n      Hello\n\n      {{ tikcet }}{{ ticket }}\n";
    prompt(
        &PROMPT.replace(
            "{role: user, text: \"{{ ticket }}\"}",
            &format!("role: user\n    text: {block}"),
        ),
        &[
            "prompt.yaml:9:10: error: `tikcet` is not declared in `variables` (did you mean `ticket`?)",
        ],
    );
    let file = PROMPT.replace("text: \"{{ ticket }}\"", "file: user.md");
    check(
        &[("prompt.yaml", &file), ("user.md", "Hello\r\n  {{ ticket }}{{ nme }}\r\n")],
        &[
            "user.md:2:18: error: `nme` is not declared in `variables` (declare `nme` under `variables`)",
        ],
    );
    prompt(
        &PROMPT.replace("{{ ticket }}", "{{ ticket"),
        &["prompt.yaml:4:28: error: unexpected end of input, expected end of variable block"],
    );
    let folded = ">\n      Hello\n      {{ tikcet }}\n      {{ ticket }}\n";
    prompt(
        &PROMPT.replace(
            "{role: user, text: \"{{ ticket }}\"}",
            &format!("role: user\n    text: {folded}"),
        ),
        &[
            "prompt.yaml:6:7: error: `tikcet` is not declared in `variables` (did you mean `ticket`?)",
        ],
    );
}

#[test]
fn a_template_in_a_variant() {
    let models = "models:
  - model: sim/learner-2026-11-01
    messages: [{role: user, file: short.md}]
";
    let text = PROMPT.replace("models: [sim/learner-2026-11-01]\n", models);
    check(
        &[("prompt.yaml", &text), ("short.md", "{{ ticket }}\n{% if x %}")],
        &["short.md:2:9: error: unexpected end of input, expected end of block"],
    );
}

#[test]
fn unused_and_untrusted_variables_are_warned_of() {
    let text = PROMPT
        .replace("{ticket: string}", "{ticket: string, tone: {type: string, trust: trusted}}");
    prompt(
        &text,
        &[
            "prompt.yaml:2:29: warning: variable `tone` is used in no message (use it as {{ tone }}, or remove it)",
        ],
    );
    prompt(
        &PROMPT.replace("role: user", "role: system"),
        &[
            "prompt.yaml:4:26: warning: the system message holds the untrusted variable `ticket` (move it to a user message, where structure keeps it apart from instructions; or declare it `trust: trusted` if your application writes it)",
        ],
    );
}

#[test]
fn templates_that_pass_a_bound_whatever_they_are_given() {
    for (template, why) in [
        ("{% for i in range(100000000) %}x{% endfor %}", "range has too many elements"),
        (
            "{% for a in range(9999) %}{% for b in range(9999) %}{{ ticket }}{% endfor %}{% endfor %}",
            "more than",
        ),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}{{ ticket }}", "nest deeper"),
        ("{{ 'a' * 1000000000 }}{{ ticket }}", "MiB"),
    ] {
        let text = PROMPT.replace("{{ ticket }}", template);
        let (_, found) = super::load(&super::files(&[("prompt.yaml", text.as_bytes())]));
        let refused = found.iter().any(|line| {
            line.starts_with("prompt.yaml:4:") && line.contains(": error: ") && line.contains(why)
        });
        assert!(refused, "{template}: {found:?}");
    }
}
