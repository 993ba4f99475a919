//! `guard:`, `redact:`, `structure:`, and untrusted variables set apart.

use std::collections::BTreeSet;

use gatemark_core::guard::{Layer, Profile};
use gatemark_core::guard_policy::{Action, Mode, OnBlock, Spotlight};
use gatemark_core::model::Environment;
use gatemark_core::redaction::{Pii, Redaction};

use super::{CONFIG, check, files, load};
use crate::project::{load_config, load_prompts};

fn environment(written: &str) -> Environment {
    let text = format!("name: t\nproviders:\n  sim:\nenvironments:\n  production: {written}\n");
    let (project, problems) = load_config(&files(&[("/gatemark.yaml", text.as_bytes())]));
    assert!(problems.is_empty(), "{problems:?}");
    project.unwrap().environments.into_values().next().unwrap()
}

/// A prompt with these lines added, and this declaration of its variable.
fn prompt(variable: &str, more: &str) -> String {
    format!(
        "version: 1.0.0\nvariables: {{ticket: {variable}}}\nmessages:\n  - {{role: user, text: \"{{{{ ticket }}}}\"}}\nmodels: [sim/learner-2026-11-01]\n{more}"
    )
}

fn content(variable: &str, more: &str) -> gatemark_core::prompt::Content {
    let files = files(&[("prompt.yaml", prompt(variable, more).as_bytes())]);
    let (project, _) = load_config(&files);
    let (prompts, problems) = load_prompts(&files, &project.unwrap());
    assert!(problems.is_empty(), "{problems:?}");
    prompts.into_iter().next().unwrap().content
}

#[test]
fn an_environment_that_says_nothing_observes_and_keeps_no_secrets() {
    let production = environment("{}");
    assert_eq!(production.guard.mode, Mode::Observe);
    assert_eq!(production.redact, Redaction::default());
    assert_eq!(environment("{guard: enforce}").guard.mode, Mode::Enforce);
    assert_eq!(environment("{guard: off}").guard.mode, Mode::Off);
}

#[test]
fn everything_can_be_said_of_an_environment() {
    let place = environment(
        "{guard: {mode: enforce, plain: true, input: {user: {flag_at: 0.4, block_at: never}, document: off, off: [judge], \
         on_block: error}, output: {leak: block, pii: redact, secrets: replace, links: {allow: [Example.com, '*.a.org'], \
         action: review}}}, redact: {secrets: false, pii: [email, phone], before_vendor: true}}",
    );
    let input = &place.guard.input;
    assert!(place.guard.plain && place.guard.mode == Mode::Enforce);
    assert_eq!((input.user.flag_at, input.user.block_at), (Some(0.4), Some(2.0)));
    assert_eq!(input.settings(Profile::Document, (0.5, 0.9)), None);
    assert_eq!((input.off.clone(), input.on_block), ([Layer::Judge].into(), Some(OnBlock::Error)));
    let output = &place.guard.output;
    let links = output.links.clone().unwrap();
    let allowed: BTreeSet<String> = ["*.a.org".to_string(), "example.com".to_string()].into();
    assert_eq!((links.allow, links.action), (allowed, Action::Review));
    assert_eq!(output.secrets, Some(Action::Replace));
    let kinds = Pii::Only(["email".to_string(), "phone".to_string()].into());
    assert_eq!(place.redact, Redaction { secrets: false, pii: kinds, before_vendor: true });
}

#[test]
fn a_prompt_says_what_is_ordinary_in_it() {
    let written = "guard: {input: {user: {flag_at: 0.6}, off: [fuzzy]}, output: {leak: block, links: redact}, canary: true}\n";
    let guard = content("string", written).guard.unwrap();
    assert!(guard.canary && guard.input.user.flag_at == Some(0.6));
    assert_eq!(guard.output.links.unwrap().action, Action::Redact);
    assert_eq!(content("string", "guard: {}\n").guard, None, "it says nothing");
    let variable = content("{type: list, source: document, spotlight: datamark}", "");
    let variable = &variable.variables["ticket"];
    assert_eq!(variable.profile(), Some(Profile::Document));
    assert_eq!(variable.spotlight(), Some(Spotlight::Datamark));
}

#[test]
fn what_is_absent_is_not_in_the_canonical_form() {
    let content = content("string", "");
    let written = serde_json::to_string(&content).unwrap();
    for word in ["guard", "spotlight", "source"] {
        assert!(!written.contains(word), "{written}");
    }
}

#[test]
fn mistakes_of_a_prompt() {
    let text = prompt(
        "{type: integer, spotlight: delimit}",
        "guard:\n  input: {user: {flag_at: 0.9, block_at: 0.5}, off: [magic], on_block: fallback}\n  output: {leak: replace, links: {allow: ['https://x.org'], action: redact}}\n  mode: enforce\n",
    );
    check(
        &[("prompt.yaml", &text)],
        &[
            "prompt.yaml:2:48: error: `spotlight` is for untrusted texts, lists and objects (remove it, or declare the variable untrusted)",
            "prompt.yaml:7:10: error: `on_block: fallback` needs a static fallback, and the prompt has none (add `fallback` under `output`, or choose another)",
            "prompt.yaml:7:42: error: `block_at` 0.5 is below `flag_at` 0.9: nothing would be flagged (make `block_at` the greater of the two)",
            "prompt.yaml:7:54: error: a layer must be one of views, rules, fuzzy, classifier, judge, canary, not `magic` (write one of these words)",
            "prompt.yaml:8:11: error: `replace` needs a static fallback, and the prompt has none (add `fallback` under `output`, or choose another)",
            "prompt.yaml:8:43: error: `https://x.org` is not a host (write `example.com` or `*.example.com`, without scheme, port and path; other scripts as punycode)",
            "prompt.yaml:9:3: error: `guard` has no field `mode` (`mode` is set for an environment, in gatemark.yaml; known fields: input, output, canary)",
        ],
    );
}

#[test]
fn a_message_that_may_be_cut_holds_nothing_that_is_set_apart() {
    let text = "version: 1.0.0\nvariables: {ticket: {type: string, spotlight: delimit}}\nmessages:\n  - {role: user, text: \"{{ ticket }}\", truncate: tail}\nmodels: [sim/learner-2026-11-01]\n";
    let (_, found) = load(&files(&[("prompt.yaml", text.as_bytes())]));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].contains("`truncate: tail` could cut the marks that set `ticket` apart"),
        "{found:?}"
    );
}

#[test]
fn strict_structure_makes_a_warning_an_error() {
    let text = "version: 1.0.0\nvariables: {ticket: string}\nmessages:\n  - {role: system, text: \"{{ ticket }}\"}\nmodels: [sim/learner-2026-11-01]\n";
    let found = |config: &str| {
        let config = format!("{CONFIG}{config}");
        load(&files(&[("/gatemark.yaml", config.as_bytes()), ("prompt.yaml", text.as_bytes())])).1
    };
    let severity = |found: &[String], word: &str| {
        found
            .iter()
            .any(|line| line.contains(&format!("{word}: the system message holds the untrusted")))
    };
    assert!(severity(&found(""), "warning"));
    assert!(severity(&found("structure: strict\n"), "error"));
}
