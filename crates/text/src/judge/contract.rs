//! What a prompt must be like to be a judge.
//!
//! The form of the reply is read from the prompt's own output schema: a number with its scale, a verdict,
//! or the winner of a pair. Whatever the schema leaves open would have to be guessed when a reply comes,
//! and a guessed verdict is none; so it is refused here, with all objections at once.

use gatemark_core::prompt::Content;
use gatemark_core::variable::{Trust, VariableType};
use serde_json::Value;

/// The variables that a judge of single answers may take, beside `answer`.
const SINGLE: &[&str] = &["input", "expected", "criteria", "system"];

/// The ends of a judge's scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// Worst.
    pub least: f64,
    /// Best; greater than `least`.
    pub most: f64,
}

impl Scale {
    /// Where `score` lies on the scale, from 0 to 1; `None` outside of it and for what is no number.
    pub fn position(self, score: f64) -> Option<f64> {
        (score >= self.least && score <= self.most)
            .then(|| (score - self.least) / (self.most - self.least))
    }

    /// Whether it is one of whole numbers, as far as its ends tell.
    pub fn is_whole(self) -> bool {
        self.least.fract() == 0.0 && self.most.fract() == 0.0 && self.most - self.least > 1.0
    }
}

/// What a judge replies, beside its reason.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Form {
    /// A `score`, and with `verdict` also that.
    Score {
        /// The score's scale.
        scale: Scale,
        /// Whether the schema has a verdict, too.
        verdict: bool,
    },
    /// A `verdict` alone.
    Verdict,
    /// The `winner` of two answers.
    Winner,
}

/// A prompt's contract as a judge.
#[derive(Debug, Clone, PartialEq)]
pub struct Contract {
    /// What it replies.
    pub form: Form,
    /// Which of the variables that a judge may take it declares.
    variables: Vec<(String, bool)>,
}

impl Contract {
    /// Reads the contract from a version's content.
    ///
    /// # Errors
    /// Everything in which the prompt is no judge.
    pub fn read(content: &Content) -> Result<Self, Vec<String>> {
        let mut problems = vec![];
        if content.output.fallback.is_some() {
            problems.push(
                "it has a static fallback: a verdict that no judge gave is none; remove `output.fallback`"
                    .to_string(),
            );
        }
        let form = match &content.output.schema {
            Some(schema) => form(schema, &mut problems),
            None => {
                problems.push(
                    "it has no output schema: add one with `reason` and `score`, `verdict` or `winner`"
                        .to_string(),
                );
                None
            }
        };
        if let Some(form) = form {
            check_variables(content, form, &mut problems);
        }
        let variables = content.variables.iter();
        let variables =
            variables.map(|(name, variable)| (name.clone(), variable.is_required())).collect();
        match form {
            Some(form) if problems.is_empty() => Ok(Self { form, variables }),
            _ => Err(problems),
        }
    }

    /// Whether it declares `variable`.
    pub fn takes(&self, variable: &str) -> bool {
        self.variables.iter().any(|(name, _)| name == variable)
    }

    /// Whether it cannot do without `variable`.
    pub fn needs(&self, variable: &str) -> bool {
        self.variables.iter().any(|(name, required)| name == variable && *required)
    }
}

fn form(schema: &Value, problems: &mut Vec<String>) -> Option<Form> {
    let property = |name: &str| schema.get("properties").and_then(|all| all.get(name));
    let mut demand = |name: &str| {
        let required = schema.get("required").and_then(Value::as_array);
        if !required.is_some_and(|names| names.iter().any(|known| known == name)) {
            problems.push(format!("its output schema must list `{name}` under `required`"));
        }
    };
    demand("reason");
    let (score, verdict, winner) = (property("score"), property("verdict"), property("winner"));
    for (name, found) in [("score", score), ("verdict", verdict), ("winner", winner)] {
        if found.is_some() {
            demand(name);
        }
    }
    if property("reason").and_then(|reason| reason.get("type")) != Some(&Value::from("string")) {
        problems.push("its output schema must have a property `reason` of type string".to_string());
    }
    if let Some(verdict) = verdict
        && !has_words(verdict, &["pass", "fail"])
    {
        problems.push("its `verdict` must be `{enum: [pass, fail]}`".to_string());
    }
    match (score, verdict, winner) {
        (Some(score), verdict, None) => {
            scale(score, problems).map(|scale| Form::Score { scale, verdict: verdict.is_some() })
        }
        (None, Some(_), None) => Some(Form::Verdict),
        (None, None, Some(winner)) => {
            if !has_words(winner, &["first", "second", "tie"]) {
                problems.push("its `winner` must be `{enum: [first, second, tie]}`".to_string());
            }
            Some(Form::Winner)
        }
        (None, None, None) => {
            problems.push(
                "its output schema has neither a numeric `score`, nor a `verdict`, nor a `winner`"
                    .to_string(),
            );
            None
        }
        _ => {
            problems.push("its output schema mixes `winner` with `score` or `verdict`".to_string());
            None
        }
    }
}

/// Whether the property's enum has exactly these words, in any order.
fn has_words(property: &Value, words: &[&str]) -> bool {
    let Some(found) = property.get("enum").and_then(Value::as_array) else { return false };
    found.len() == words.len() && words.iter().all(|word| found.iter().any(|one| one == word))
}

fn scale(score: &Value, problems: &mut Vec<String>) -> Option<Scale> {
    let kind = score.get("type").and_then(Value::as_str);
    if !matches!(kind, Some("integer" | "number")) {
        problems.push("its `score` must be of type integer or number".to_string());
        return None;
    }
    let end = |name: &str| score.get(name).and_then(Value::as_f64);
    match (end("minimum"), end("maximum")) {
        (Some(least), Some(most)) if least < most => Some(Scale { least, most }),
        _ => {
            problems.push(
                "its `score` must say its scale: `minimum` and a greater `maximum`, e.g. 1 and 5"
                    .to_string(),
            );
            None
        }
    }
}

fn check_variables(content: &Content, form: Form, problems: &mut Vec<String>) {
    let judged: &[&str] = match form {
        Form::Winner => &["first", "second"],
        _ => &["answer"],
    };
    for name in judged {
        match content.variables.get(*name) {
            None => problems
                .push(format!("it must declare the variable `{name}`, the text that it judges")),
            Some(found) => {
                if found.trust != Trust::Untrusted {
                    problems.push(format!("its variable `{name}` must be `trust: untrusted`"));
                }
                if found.kind != VariableType::String {
                    problems.push(format!("its variable `{name}` must be of type string"));
                }
            }
        }
    }
    for (name, variable) in &content.variables {
        let known = judged.contains(&name.as_str()) || SINGLE.contains(&name.as_str());
        if !known && variable.is_required() {
            let names: Vec<&str> = judged.iter().chain(SINGLE).copied().collect();
            problems.push(format!(
                "it requires the variable `{name}`, which nobody gives to a judge: give it a default, or \
                 use {}",
                names.join(", ")
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn content(schema: Value, variables: Value) -> Content {
        serde_json::from_value(json!({
            "variables": variables,
            "messages": [{"role": "user", "text": "x"}],
            "output": {"schema": schema},
            "models": [{"model": "openai/gpt-4o-2024-08-06"}],
            "limits": {},
        }))
        .unwrap()
    }

    fn scored() -> Value {
        json!({"type": "object", "required": ["reason", "score"], "properties": {
            "reason": {"type": "string"}, "score": {"type": "integer", "minimum": 1, "maximum": 5}}})
    }

    fn answer() -> Value {
        json!({"answer": {"type": "string", "trust": "untrusted"}})
    }

    #[test]
    fn the_scale_comes_from_the_schema() {
        let contract = Contract::read(&content(scored(), answer())).unwrap();
        let Form::Score { scale, verdict: false } = contract.form else { panic!("{contract:?}") };
        assert_eq!(scale.position(4.0), Some(0.75));
        for outside in [0.0, 5.1, f64::NAN, f64::INFINITY] {
            assert_eq!(scale.position(outside), None, "{outside}");
        }
    }

    #[test]
    fn every_objection_is_told_at_once() {
        let schema = json!({"properties": {"score": {"type": "integer", "minimum": 1}}});
        let mut content = content(
            schema,
            json!({"answer": {"type": "string", "trust": "trusted"},
            "tone": {"type": "string", "trust": "trusted"}}),
        );
        content.output.fallback = Some(json!({"score": 1}));
        let told = Contract::read(&content).unwrap_err().join("\n");
        for part in [
            "static fallback",
            "`reason` under `required`",
            "`score` under `required`",
            "`reason` of type string",
            "must say its scale",
        ] {
            assert!(told.contains(part), "{part} is not in\n{told}");
        }
        content.output.schema = Some(scored());
        let told = Contract::read(&content).unwrap_err().join("\n");
        assert!(told.contains("`answer` must be `trust: untrusted`"), "{told}");
        assert!(told.contains("requires the variable `tone`"), "{told}");
    }

    #[test]
    fn other_forms() {
        let verdict = json!({"required": ["reason", "verdict"], "properties": {
            "reason": {"type": "string"}, "verdict": {"enum": ["fail", "pass"]}}});
        assert_eq!(Contract::read(&content(verdict, answer())).unwrap().form, Form::Verdict);
        let winner = json!({"required": ["reason", "winner"], "properties": {
            "reason": {"type": "string"}, "winner": {"enum": ["first", "second", "tie"]}}});
        let told = Contract::read(&content(winner.clone(), answer())).unwrap_err().join("\n");
        assert!(told.contains("`first`") && told.contains("`second`") && told.contains("`answer`"));
        let two = json!({"first": {"type": "string", "trust": "untrusted"},
            "second": {"type": "string", "trust": "untrusted"}});
        assert_eq!(Contract::read(&content(winner, two)).unwrap().form, Form::Winner);
    }
}
