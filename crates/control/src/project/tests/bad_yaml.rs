//! Files that are no documents, and the parts of YAML that are refused.

use super::{PROMPT, check, check_bytes, prompt, prompt_with};

#[test]
fn tabs() {
    prompt(
        "version: 1.0.0\nmessages:\n\t- {role: user, text: hi}\n",
        &[
            "prompt.yaml:3:2: error: this is not valid YAML: tabs disallowed within this context (block indentation) (indent with spaces, not with tabs)",
        ],
    );
}

#[test]
fn a_colon_in_a_plain_text() {
    prompt(
        "version: 1.0.0\ndescription: triage: fast\n",
        &[
            "prompt.yaml:2:20: error: this is not valid YAML: mapping values are not allowed in this context (a text that holds `: ` needs quotes; otherwise check the indentation)",
        ],
    );
}

#[test]
fn an_open_quote() {
    prompt(
        "version: \"1.0.0\nmessages: []\n",
        &[
            "prompt.yaml:1:10: error: this is not valid YAML: invalid indentation in quoted scalar (close the quotation mark)",
        ],
    );
}

#[test]
fn an_open_bracket() {
    prompt(
        "version: 1.0.0\nmodels: [a, b\nmessages: x\n",
        &[
            "prompt.yaml:3:9: error: this is not valid YAML: illegal placement of ':' indicator (close the bracket that was opened before, and put commas between its parts)",
        ],
    );
}

#[test]
fn a_reserved_character() {
    prompt(
        "version: 1.0.0\nowner: @support\n",
        &[
            "prompt.yaml:2:8: error: this is not valid YAML: unexpected character: `@' (a text that starts with `@`, `%` or a backtick needs quotes)",
        ],
    );
}

#[test]
fn a_template_without_quotes() {
    let text = PROMPT.replace("\"{{ ticket }}\"", "{{ ticket }}");
    prompt(
        &text,
        &[
            "prompt.yaml:4:25: error: a mapping cannot be a key (a text that starts with `{` or `[` needs quotes: \"{{ name }}\")",
        ],
    );
}

#[test]
fn duplicate_keys_name_both_places() {
    prompt_with(
        "version: 1.0.1\n",
        &[
            "prompt.yaml:6:1: error: `version` is given twice; first in line 1, column 1 (remove one of the two)",
        ],
    );
}

#[test]
fn anchors_aliases_tags_and_merge_keys() {
    prompt_with(
        "description: &d text\nowner: *d\nchangelog: !!str x\n<<: {a: 1}\n",
        &[
            "prompt.yaml:6:14: error: anchors are not supported (write the value where it is needed; in quotes if it is a text that starts with `&`)",
            "prompt.yaml:7:8: error: aliases are not supported (write the value again; in quotes if it is a text that starts with `*`)",
            "prompt.yaml:8:12: error: tags are not supported (remove it; a text that starts with `!` needs quotes)",
            "prompt.yaml:9:1: error: merge keys are not supported (write the fields here)",
        ],
    );
}

#[test]
fn an_alias_of_nothing() {
    prompt_with(
        "description: *text\n",
        &[
            "prompt.yaml:6:14: error: this is not valid YAML: while parsing node, found unknown anchor (aliases are not supported; a text that starts with `*` needs quotes)",
        ],
    );
}

#[test]
fn an_alias_bomb() {
    let mut text = String::from("a: &a [x, x, x, x, x, x, x, x, x]\n");
    for (last, next) in [("a", "b"), ("b", "c")] {
        text += &format!("{next}: &{next} [*{last}, *{last}]\n");
    }
    prompt(
        &text,
        &[
            "prompt.yaml:1:1: error: a prompt has no field `a` (known fields: version, description, owner, changelog, variables, messages, output, examples, models, conversation, cascade, guard, limits)",
            "prompt.yaml:1:1: error: a prompt needs `messages` (add `messages: …`)",
            "prompt.yaml:1:1: error: a prompt needs `models` (add `models: …`)",
            "prompt.yaml:1:1: error: a prompt needs `version` (add `version: …`)",
            "prompt.yaml:1:4: error: anchors are not supported (write the value where it is needed; in quotes if it is a text that starts with `&`)",
            "prompt.yaml:2:1: error: a prompt has no field `b` (known fields: version, description, owner, changelog, variables, messages, output, examples, models, conversation, cascade, guard, limits)",
            "prompt.yaml:2:4: error: anchors are not supported (write the value where it is needed; in quotes if it is a text that starts with `&`)",
            "prompt.yaml:2:8: error: aliases are not supported (write the value again; in quotes if it is a text that starts with `*`)",
            "prompt.yaml:2:12: error: aliases are not supported (write the value again; in quotes if it is a text that starts with `*`)",
            "prompt.yaml:3:1: error: a prompt has no field `c` (known fields: version, description, owner, changelog, variables, messages, output, examples, models, conversation, cascade, guard, limits)",
            "prompt.yaml:3:4: error: anchors are not supported (write the value where it is needed; in quotes if it is a text that starts with `&`)",
            "prompt.yaml:3:8: error: aliases are not supported (write the value again; in quotes if it is a text that starts with `*`)",
            "prompt.yaml:3:12: error: aliases are not supported (write the value again; in quotes if it is a text that starts with `*`)",
        ],
    );
}

#[test]
fn a_second_document() {
    prompt_with(
        "---\nversion: 2.0.0\n",
        &[
            "prompt.yaml:6:1: error: a second YAML document starts here (keep one document per file; remove the `---` line)",
        ],
    );
}

#[test]
fn an_empty_file() {
    prompt("", &["prompt.yaml:1:1: error: the file is empty (write the file's fields here)"]);
    prompt(
        "# nothing yet\n",
        &["prompt.yaml:1:1: error: the file is empty (write the file's fields here)"],
    );
}

#[test]
fn a_list_in_place_of_fields() {
    prompt(
        "- version: 1.0.0\n",
        &[
            "prompt.yaml:1:1: error: a prompt must be a mapping, not a list (write fields as `name: value`)",
        ],
    );
}

#[test]
fn a_field_without_value_and_a_key_without_name() {
    prompt_with(
        "owner:\n: x\n",
        &[
            "prompt.yaml:6:1: error: `owner` has no value (give it one, or remove the line)",
            "prompt.yaml:7:1: error: a key is missing before the colon (write `name: value`)",
        ],
    );
}

#[test]
fn deep_nesting() {
    prompt(
        &format!("version: {}1{}\n", "[".repeat(64), "]".repeat(64)),
        &[
            "prompt.yaml:1:73: error: lists and mappings are nested more than 64 levels deep (make the structure flatter)",
        ],
    );
}

#[test]
fn too_many_values() {
    prompt(
        &format!("version: [{}]\n", "1,".repeat(200_001)),
        &["prompt.yaml:1:400005: error: the file holds more than 200000 values (split the file)"],
    );
}

#[test]
fn binary_and_wrongly_encoded_files() {
    check_bytes(
        &[("prompt.yaml", b"version: 1.0.0\nowner: \xFFx\n")],
        &[
            "prompt.yaml:2:8: error: the file is not text: this byte is not UTF-8 (write plain text in UTF-8)",
        ],
    );
    check_bytes(
        &[("prompt.yaml", b"\x7FELF\x02\x01\0\0\0\0")],
        &[
            "prompt.yaml:1:7: error: the file is not text: this is a NUL byte (write plain text in UTF-8)",
        ],
    );
    check_bytes(
        &[("prompt.yaml", b"\xFF\xFEv\0e\0")],
        &["prompt.yaml:0:0: error: the file is encoded in UTF-16, not in UTF-8 (save it as UTF-8)"],
    );
}

#[test]
fn a_file_of_50_megabytes() {
    let bytes = vec![b'a'; 50_000_000];
    check_bytes(
        &[("prompt.yaml", &bytes)],
        &[
            "prompt.yaml:0:0: error: the file is 50000000 bytes long; at most 1048576 (1 MiB) are read (split it, or shorten it)",
        ],
    );
    check_bytes(
        &[("suite.yaml", &bytes)],
        &[
            "suite.yaml:0:0: error: the file is 50000000 bytes long; at most 5242880 (5 MiB) are read (split it, or shorten it)",
        ],
    );
}

#[test]
fn a_byte_order_mark_is_no_problem() {
    check(&[("prompt.yaml", &format!("\u{FEFF}{PROMPT}"))], &[]);
}
