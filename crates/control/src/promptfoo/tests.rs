//! Configurations that nobody should write, and what they must never do.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{Asked, Folder, Import, import};

struct Memory {
    paths: BTreeSet<String>,
    texts: BTreeMap<String, String>,
}

impl Folder for Memory {
    fn paths(&self) -> &BTreeSet<String> {
        &self.paths
    }

    fn text(&self, path: &str) -> Result<String, String> {
        self.texts.get(path).cloned().ok_or_else(|| format!("{path} is missing"))
    }
}

fn imported(files: &[(&str, &str)]) -> gatemark_core::Result<Import> {
    let texts: BTreeMap<String, String> =
        files.iter().map(|(path, text)| (path.to_string(), text.to_string())).collect();
    let folder = Memory { paths: texts.keys().cloned().collect(), texts };
    import(&Asked { config: "c.yaml", name: None, models: BTreeMap::new() }, &folder)
}

const HEAD: &str = "prompts: ['{{a}}']\nproviders: [openai:gpt-4o]\n";

#[test]
fn cases_that_would_prove_nothing_are_left_out() {
    let text = format!(
        "{HEAD}tests:\n  - vars: {{a: x}}\n  - vars: {{a: y}}\n    assert: [{{type: python, value: '1'}}]\n"
    );
    let found = imported(&[("c.yaml", &text)]).unwrap();
    assert_eq!(found.prompts[0].cases, 0);
    assert!(!found.files.keys().any(|path| path.contains("suite")));
    let without = found.left_out.iter().filter(|remark| remark.kind == "case without checks");
    assert_eq!(without.map(|remark| remark.count).sum::<u64>(), 2);
}

#[test]
fn parameters_without_a_field_of_their_own_are_handed_on() {
    let text = "prompts: ['{{a}}']\nproviders: [{id: openai:gpt-4o, config: {temperature: 0, \
                response_format: {type: json_object}}}]\ntests: [{vars: {a: x}, assert: \
                [{type: is-json}]}]\n";
    let found = imported(&[("c.yaml", text)]).unwrap();
    assert!(found.left_out.is_empty(), "{:?}", found.left_out);
    let written = found.files.iter().find(|(path, _)| path.ends_with("prompt.yaml")).unwrap().1;
    let parameters = r#""temperature":0,"parameters":{"response_format":{"type":"json_object"}}"#;
    assert!(written.contains(parameters), "{written}");
}

#[test]
fn what_our_reader_refuses_is_told_at_once() {
    let text = format!(
        "{HEAD}tests: [{{vars: {{a: x, 'my var': y}}, assert: [{{type: contains, value: x}}]}}]\n"
    );
    let found = imported(&[("c.yaml", &text)]).unwrap();
    assert!(found.left_out.iter().any(|remark| remark.kind == "what is written"), "{found:?}");
}

#[test]
fn lists_that_explode_are_refused() {
    let list = format!("[{}]", vec!["'x'"; 200].join(","));
    let text = format!(
        "{HEAD}tests: [{{vars: {{a: {list}, b: {list}, c: {list}}}, assert: [{{type: contains, value: x}}]}}]\n"
    );
    let found = imported(&[("c.yaml", &text)]).unwrap();
    assert_eq!(found.left_out[0].kind, "case with variables");
}

#[test]
fn the_same_variables_in_system_messages_are_the_authors() {
    let chat = r#"[{"role":"system","content":"For {{brand}}"},{"role":"user","content":"{{a}}"}]"#;
    let text = "prompts: [file://p.json]\nproviders: [openai:gpt-4o]\ntests: [{vars: {a: x, brand: y}, assert: [{type: contains, value: x}]}]\n";
    let found = imported(&[("c.yaml", text), ("p.json", chat)]).unwrap();
    assert!(found.left_out.is_empty(), "{:?}", found.left_out);
    let prompt = found.files.iter().find(|(path, _)| path.ends_with("prompt.yaml")).unwrap().1;
    assert!(prompt.contains(r#""brand": {"type":"string","trust":"trusted"}"#), "{prompt}");
    assert!(prompt.contains(r#""a": {"type":"string","trust":"untrusted"}"#), "{prompt}");
}

proptest! {
    #[test]
    fn no_configuration_makes_it_panic(
        tests in "[-{}\\[\\]a-z:,'\"&*|>!#%@ \n\\PC]{0,120}",
        kind in "(not-)?(equals|contains-all|regex|is-json|javascript|levenshtein|word-count|assert-set|bleu)",
        value in "\\PC{0,20}",
    ) {
        let _ = imported(&[("c.yaml", &tests)]);
        let _ = imported(&[("c.yaml", &format!("{HEAD}tests: {tests}"))]);
        let value = serde_json::to_string(&value).unwrap();
        let text = format!(
            "{HEAD}tests: [{{vars: {{a: {value}}}, assert: [{{type: {kind}, value: {value}, threshold: {value}}}]}}]"
        );
        let _ = imported(&[("c.yaml", &text), ("t.csv", &tests)]);
        let csv = format!("{HEAD}tests: t.csv");
        let _ = imported(&[("c.yaml", &csv), ("t.csv", &tests)]);
    }
}
