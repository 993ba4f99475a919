//! The imported project's files.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use gatemark_core::suite::{Case, CheckSpec};
use serde_json::{Map, Value, json};

use super::prompts::Prompt;
use super::providers::Models;

/// A prompt ready to be written.
pub(super) struct Ready<'a> {
    pub(super) name: &'a str,
    pub(super) prompt: &'a Prompt,
    pub(super) cases: &'a [Case],
    pub(super) repeats: Option<u64>,
    pub(super) description: Option<&'a str>,
    pub(super) source: &'a str,
}

/// Adds a prompt's files.
pub(super) fn prompt(ready: &Ready<'_>, models: &Models, files: &mut BTreeMap<String, String>) {
    let folder = format!("prompts/{}", ready.name);
    let mut text = format!(
        "# Imported from {} by `gatemark import promptfoo`.\nversion: 1.0.0\n",
        one_line(ready.source)
    );
    if let Some(description) = ready.description.filter(|text| !text.trim().is_empty()) {
        field(&mut text, "description", &json!(description));
    }
    field(&mut text, "changelog", &json!(format!("Imported from promptfoo ({})", ready.source)));
    let variables = variables(ready.prompt, ready.cases);
    if !variables.is_empty() {
        text.push_str("\nvariables:\n");
        for (name, declared) in &variables {
            let _ = writeln!(text, "  {}: {declared}", json!(name));
        }
    }
    text.push_str("\nmessages:\n");
    for (at, (role, words)) in ready.prompt.messages.iter().enumerate() {
        if words.contains('\n') {
            let name = format!("{}-{role}.md", at + 1);
            let _ = writeln!(text, "  - {{role: {role}, file: {name}}}");
            files.insert(format!("{folder}/{name}"), words.clone());
        } else {
            let _ = writeln!(text, "  - {{role: {role}, text: {}}}", json!(words));
        }
    }
    text.push_str("\nmodels:\n");
    for entry in &models.entries {
        let _ = writeln!(text, "  - {entry}");
    }
    files.insert(format!("{folder}/prompt.yaml"), text);
    if !ready.cases.is_empty() {
        suite(ready, &folder, files);
    }
}

fn suite(ready: &Ready<'_>, folder: &str, files: &mut BTreeMap<String, String>) {
    let mut text = format!(
        "# Imported from {} by `gatemark import promptfoo`. Without a threshold here, the environment's\n\
         # policy says what share of cases must pass.\n",
        one_line(ready.source)
    );
    if let Some(repeats) = ready.repeats {
        let _ = writeln!(text, "repeats: {repeats}");
    }
    text.push_str("cases: cases.jsonl\n");
    files.insert(format!("{folder}/suite.yaml"), text);
    let lines: Vec<String> = ready.cases.iter().map(|case| written(case).to_string()).collect();
    files.insert(format!("{folder}/cases.jsonl"), format!("{}\n", lines.join("\n")));
}

/// Every variable of the prompt or of a case: those that some case lacks are empty there, as in Nunjucks.
fn variables(prompt: &Prompt, cases: &[Case]) -> BTreeMap<String, Value> {
    let mut names: BTreeSet<&str> = prompt.variables.iter().map(String::as_str).collect();
    names.extend(cases.iter().flat_map(|case| case.variables.keys().map(String::as_str)));
    let declared = names.into_iter().map(|name| {
        let values: Vec<Option<&Value>> =
            cases.iter().map(|case| case.variables.get(name)).collect();
        let mut declared = json!({"type": "string", "trust": trust(prompt, name)});
        if cases.is_empty() || values.iter().any(Option::is_none) {
            declared["default"] = "".into();
        }
        (name.to_string(), declared)
    });
    declared.collect()
}

/// A configuration does not say whom a value comes from. What the author put into a system message is
/// taken for the author's own, everything else for a stranger's.
fn trust(prompt: &Prompt, name: &str) -> &'static str {
    let system = prompt.messages.iter().filter(|(role, _)| role == "system");
    let mut used = system.flat_map(|(_, text)| gatemark_text::template::used_variables(text));
    if used.any(|used| used == name) { "trusted" } else { "untrusted" }
}

fn field(text: &mut String, name: &str, value: &Value) {
    let _ = writeln!(text, "{name}: {value}");
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A case as files have it.
fn written(case: &Case) -> Value {
    let mut fields = Map::new();
    fields.insert("id".into(), case.id.as_str().into());
    fields.insert("category".into(), case.category.as_str().into());
    if !case.tags.is_empty() {
        fields.insert("tags".into(), json!(case.tags));
    }
    if let Some(threshold) = case.threshold {
        fields.insert("threshold".into(), json!(threshold));
    }
    fields.insert("variables".into(), Value::Object(case.variables.clone()));
    if let Some(expected) = &case.expected {
        fields.insert("expected".into(), expected.clone());
    }
    fields.insert("checks".into(), case.checks.iter().map(check).collect());
    Value::Object(fields)
}

fn check(spec: &CheckSpec) -> Value {
    let parameters = match &spec.parameters {
        Value::Null => json!({}),
        given => given.clone(),
    };
    let mut check = match parameters.as_object().is_some_and(Map::is_empty) {
        true => json!({&spec.metric: null}),
        false => json!({&spec.metric: parameters}),
    };
    if spec.negated {
        check = match check[&spec.metric].is_null() {
            true => json!({"not": spec.metric}),
            false => json!({"not": check}),
        };
    }
    if let Some(weight) = spec.weight {
        check["weight"] = json!(weight);
    } else if check.get(&spec.metric).is_some_and(Value::is_null) {
        return spec.metric.as_str().into();
    }
    check
}
