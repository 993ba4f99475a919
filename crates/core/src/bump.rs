//! The least semantic-version step that a change of content needs.
//!
//! Patch: wording, and anything callers and graders cannot trip over. Minor: new examples, optional
//! variables, or widened output. Major: whatever may break a caller or invalidates what was learnt about
//! the version: another model family, required or removed or retyped variables, another output schema.

use std::fmt;

use crate::id::ModelName;
use crate::prompt::Content;
use crate::variable::{Variable, VariableType};

/// A step in a semantic version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bump {
    /// Third number.
    Patch,
    /// Second number.
    Minor,
    /// First number.
    Major,
}

impl fmt::Display for Bump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        })
    }
}

/// One reason for a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The step it asks for.
    pub bump: Bump,
    /// What changed, in words.
    pub change: String,
}

/// Every change between two contents with the step it asks for; empty if they are equal.
pub fn reasons(old: &Content, new: &Content) -> Vec<Reason> {
    let mut found = Vec::new();
    let mut add = |bump, change: String| found.push(Reason { bump, change });
    variable_reasons(old, new, &mut add);
    model_reasons(old, new, &mut add);
    if old.output.schema != new.output.schema {
        add(Bump::Major, "the output schema changed".into());
    }
    if old.output.insufficient != new.output.insufficient {
        add(Bump::Major, "the `insufficient` marker changed".into());
    }
    if old.examples != new.examples {
        add(Bump::Minor, "the examples changed".into());
    }
    if old.choose != new.choose {
        add(Bump::Minor, "how examples are chosen changed".into());
    }
    if old.messages != new.messages {
        add(Bump::Patch, "the wording of messages changed".into());
    }
    if old.output.fallback != new.output.fallback {
        add(Bump::Patch, "the static fallback changed".into());
    }
    if old.cascade != new.cascade {
        add(Bump::Minor, "the cascade changed".into());
    }
    if old.conversation != new.conversation {
        // A call that names a conversation is refused where none is kept.
        let bump = if new.conversation.is_none() { Bump::Major } else { Bump::Minor };
        add(bump, "how conversations go on changed".into());
    }
    if old.output.repairs() != new.output.repairs() {
        add(Bump::Patch, "the repair of answers changed".into());
    }
    if old.output.streaming() != new.output.streaming() {
        add(Bump::Patch, "how streams are judged changed".into());
    }
    if old.output.review != new.output.review {
        add(Bump::Patch, "which answers are reviewed changed".into());
    }
    guard_reasons(old, new, &mut add);
    if old.limits != new.limits {
        add(Bump::Patch, "the limits changed".into());
    }
    found
}

fn variable_reasons(old: &Content, new: &Content, add: &mut impl FnMut(Bump, String)) {
    for (name, variable) in &new.variables {
        match old.variables.get(name) {
            None if variable.is_required() => {
                add(Bump::Major, format!("required variable `{name}` was added"));
            }
            None => add(Bump::Minor, format!("optional variable `{name}` was added")),
            Some(before) if before != variable => add(
                variable_step(before, variable),
                format!("variable `{name}` changed its declaration"),
            ),
            Some(_) => {}
        }
    }
    for name in old.variables.keys().filter(|name| !new.variables.contains_key(*name)) {
        add(Bump::Major, format!("variable `{name}` was removed"));
    }
}

/// Guards may refuse what was answered, or answer what was refused, which callers have to live with from any
/// version; a mark in the system text reaches the model.
fn guard_reasons(old: &Content, new: &Content, add: &mut impl FnMut(Bump, String)) {
    let (before, after) =
        (old.guard.clone().unwrap_or_default(), new.guard.clone().unwrap_or_default());
    if before.input != after.input {
        add(Bump::Patch, "how input is guarded changed".into());
    }
    if before.output != after.output {
        add(Bump::Minor, "what is looked for in answers changed".into());
    }
    if before.canary != after.canary {
        add(Bump::Patch, "the canary changed".into());
    }
}

/// A change is breaking when a value that was accepted may now be refused.
fn variable_step(before: &Variable, after: &Variable) -> Bump {
    let narrowed_type = match (&before.kind, &after.kind) {
        (VariableType::Enum { values: old }, VariableType::Enum { values: new }) => {
            old.iter().any(|value| !new.contains(value))
        }
        (VariableType::Enum { .. }, VariableType::String)
        | (VariableType::Integer, VariableType::Number) => false,
        (old, new) => old != new,
    };
    let narrowed_size = match (before.refused_over(), after.refused_over()) {
        (None, Some(_)) => true,
        (Some(old), Some(new)) => new < old,
        (_, None) => false,
    };
    let newly_required = after.is_required() && !before.is_required();
    if narrowed_type || narrowed_size || newly_required {
        Bump::Major
    } else if before.kind != after.kind
        || before.max_tokens != after.max_tokens
        || (before.truncate, before.order) != (after.truncate, after.order)
        || before.spotlight() != after.spotlight()
    {
        Bump::Minor
    } else {
        Bump::Patch
    }
}

fn model_reasons(old: &Content, new: &Content, add: &mut impl FnMut(Bump, String)) {
    let (Some(before), Some(after)) = (old.models.first(), new.models.first()) else { return };
    if family(&before.model) != family(&after.model) {
        let change = format!("the serving model moved from {} to {}", before.model, after.model);
        add(Bump::Major, change);
    } else if before != after {
        let change = "the serving model's snapshot, parameters or messages changed";
        add(Bump::Minor, change.into());
    }
    if old.models.get(1..) != new.models.get(1..) {
        add(Bump::Minor, "the other model variants changed".into());
    }
}

/// A model's family: its name without dates, digests and version tails (`openai/gpt-4o-2024-08-06` and
/// `openai/gpt-4o` are one family, `openai/gpt-4o-mini` is another, and so are sizes such as `-72`).
fn family(model: &ModelName) -> String {
    let id = model.as_str().split('@').next().unwrap_or_default();
    let is_number = |part: &str| part.bytes().all(|c| c.is_ascii_digit());
    let mut kept: Vec<&str> = vec![];
    let mut in_date = false;
    for part in id.split('-') {
        // `0613`, `20251001`, or the year of a date whose month and day follow.
        let begins_date = part.len() >= 4 && is_number(part);
        in_date = begins_date || (in_date && part.len() == 2 && is_number(part));
        if !in_date && part != "latest" {
            kept.push(part);
        }
    }
    kept.join("-")
}

/// The least step that covers all reasons; `None` when nothing changed.
pub fn least(reasons: &[Reason]) -> Option<Bump> {
    reasons.iter().map(|reason| reason.bump).max()
}

/// The smallest semantic version above `from` that takes `bump`.
pub fn next(from: &semver::Version, bump: Bump) -> semver::Version {
    match bump {
        Bump::Patch => semver::Version::new(from.major, from.minor, from.patch.saturating_add(1)),
        Bump::Minor => semver::Version::new(from.major, from.minor.saturating_add(1), 0),
        Bump::Major => semver::Version::new(from.major.saturating_add(1), 0, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn content(edit: impl FnOnce(&mut serde_json::Value)) -> Content {
        let mut value = json!({
            "variables": {
                "text": {"type": "string", "trust": "untrusted"},
                "tone": {"type": "enum", "values": ["a", "b"], "trust": "trusted", "default": "a"},
            },
            "messages": [{"role": "user", "text": "{{ text }} {{ tone }}"}],
            "output": {},
            "models": [{"model": "openai/gpt-4o-2024-08-06"}],
            "limits": {},
        });
        edit(&mut value);
        serde_json::from_value(value).unwrap()
    }

    fn step(edit: impl FnOnce(&mut serde_json::Value)) -> Option<Bump> {
        least(&reasons(&content(|_| {}), &content(edit)))
    }

    #[test]
    fn the_law_of_steps() {
        assert_eq!(step(|_| {}), None);
        assert_eq!(step(|c| c["messages"][0]["text"] = json!("{{ text }}!")), Some(Bump::Patch));
        assert_eq!(step(|c| c["limits"] = json!({"timeout_ms": 5})), Some(Bump::Patch));
        assert_eq!(
            step(|c| c["examples"] = json!([{"variables": {}, "output": "x"}])),
            Some(Bump::Minor)
        );
        let optional = json!({"type": "string", "trust": "trusted", "default": ""});
        assert_eq!(step(|c| c["variables"]["more"] = optional), Some(Bump::Minor));
        let required = json!({"type": "string", "trust": "trusted"});
        assert_eq!(step(|c| c["variables"]["more"] = required), Some(Bump::Major));
        assert_eq!(
            step(|c| c["variables"]["tone"]["values"] = json!(["a", "b", "c"])),
            Some(Bump::Minor)
        );
        assert_eq!(step(|c| c["variables"]["tone"]["values"] = json!(["a"])), Some(Bump::Major));
        assert_eq!(step(|c| c["variables"]["text"]["max_tokens"] = json!(9)), Some(Bump::Major));
        assert_eq!(step(|c| c["output"]["schema"] = json!({})), Some(Bump::Major));
        assert_eq!(step(|c| c["output"]["stream"] = json!("hold")), Some(Bump::Patch));
        assert_eq!(step(|c| c["output"]["review"] = json!({"when": "a < 1"})), Some(Bump::Patch));
        assert_eq!(
            step(|c| c["guard"] = json!({"output": {"leak": "block"}})),
            Some(Bump::Minor),
            "answers may be held back now"
        );
        assert_eq!(step(|c| c["guard"] = json!({"canary": true})), Some(Bump::Patch));
        assert_eq!(step(|c| c["guard"] = json!({})), None, "it says nothing");
        assert_eq!(
            step(|c| c["guard"] = json!({"input": {"user": {"off": true}}})),
            Some(Bump::Patch)
        );
        let set_apart = |how: &str| step(|c| c["variables"]["text"]["spotlight"] = json!(how));
        assert_eq!(
            (set_apart("delimit"), set_apart("none")),
            (Some(Bump::Minor), Some(Bump::Patch))
        );
        let choose = json!({"by": "similarity", "k": 2});
        assert_eq!(step(|c| c["choose"] = choose), Some(Bump::Minor));
        assert_eq!(step(|c| c["variables"]["text"]["truncate"] = json!("tail")), Some(Bump::Minor));
    }

    #[test]
    fn a_bound_that_cuts_refuses_nothing() {
        let cut = content(|c| {
            c["variables"]["text"]["max_tokens"] = json!(9);
            c["variables"]["text"]["truncate"] = json!("head");
        });
        let refused = content(|c| c["variables"]["text"]["max_tokens"] = json!(90));
        assert_eq!(least(&reasons(&content(|_| {}), &cut)), Some(Bump::Minor));
        assert_eq!(least(&reasons(&cut, &refused)), Some(Bump::Major));
        assert_eq!(least(&reasons(&refused, &cut)), Some(Bump::Minor));
    }

    #[test]
    fn another_snapshot_is_minor_and_another_family_is_major() {
        let model = |name: &str| step(|c| c["models"][0]["model"] = json!(name));
        assert_eq!(model("openai/gpt-4o-2024-11-20"), Some(Bump::Minor));
        assert_eq!(model("openai/gpt-4o-mini-2024-07-18"), Some(Bump::Major));
        assert_eq!(model("anthropic/claude-haiku-4-5-20251001"), Some(Bump::Major));
        let family = |name: &str| super::family(&name.parse().unwrap());
        assert_ne!(family("local/qwen-14"), family("local/qwen-72"));
        assert_eq!(family("openai/gpt-4-0613"), family("openai/gpt-4"));
    }

    #[test]
    fn next_versions() {
        let from = semver::Version::new(1, 2, 3);
        assert_eq!(next(&from, Bump::Patch).to_string(), "1.2.4");
        assert_eq!(next(&from, Bump::Minor).to_string(), "1.3.0");
        assert_eq!(next(&from, Bump::Major).to_string(), "2.0.0");
    }
}
