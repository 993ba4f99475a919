//! Assertions that a model decides: rubrics become judges, similarity becomes similarity.
//!
//! promptfoo's grader says pass or fail by itself, and passes where it says neither. A judge here gives a
//! score on a scale, so a bound has to be chosen; that is told, since verdicts can differ.

use gatemark_core::id::ModelName;
use serde_json::{Value, json};

use super::written::{Around, Objection, Translated, Written};

/// The judges that an import may need, by the names that `gatemark judge new` gives them.
pub(super) const RUBRIC: &str = "judges/rubric";
pub(super) const REFERENCE: &str = "judges/reference";
/// What `--model-map` calls the embedding model.
const SIMILAR: &str = "similar";

/// Least score that passes where promptfoo leaves it to its grader: four of five.
const GOOD: f64 = 0.75;

/// The check of a graded assertion; `None` for all others.
pub(super) fn check(
    written: &Written<'_>,
    around: &Around<'_>,
    found: &mut Translated,
) -> Result<Option<(&'static str, Value)>, Objection> {
    let mut note = |advice: &str| {
        found.notes.push((format!("assertion {}", written.kind), advice.to_string()));
    };
    Ok(Some(match written.kind {
        "llm-rubric" | "model-graded-closedqa" => {
            note(
                "judged by judges/rubric from 1 to 5, and 4 passes where no threshold is written; promptfoo's \
                  grader decides by itself, and passes if it says nothing",
            );
            ("judge", rubric(written.text()?, written.threshold().unwrap_or(GOOD)))
        }
        "g-eval" => {
            note(
                "judged by judges/rubric from 1 to 5 without written-out steps; the bound is 0.7 as there",
            );
            let criteria = match &written.value {
                Value::Array(items) => {
                    let lines =
                        items.iter().filter_map(Value::as_str).map(|line| format!("- {line}"));
                    lines.collect::<Vec<_>>().join("\n")
                }
                _ => written.text()?,
            };
            ("judge", rubric(criteria, written.threshold().unwrap_or(0.7)))
        }
        "factuality" => {
            if found.expected.is_some() {
                return Err(written.wrong("a case has one expected answer; join the two"));
            }
            note("judged by judges/reference, which passes what agrees with the wanted answer");
            found.expected = Some(written.text()?.into());
            ("judge", json!({"prompt": REFERENCE}))
        }
        "similar" => {
            let Some(model) = around.models.get(SIMILAR).map(ModelName::as_str) else {
                return Err(written.wrong(
                    "name an embedding model of gatemark.yaml with --model-map similar=provider/model",
                ));
            };
            note("thresholds hold for the embedding model that they were chosen with");
            let values = match &written.value {
                Value::Array(items) => items.clone(),
                _ => vec![written.text()?.into()],
            };
            let at_least = written.threshold().unwrap_or(0.75);
            ("similar", json!({"values": values, "at_least": at_least, "model": model}))
        }
        "is-refusal" => {
            note(
                "refusals are told by other phrases, in seven languages; an empty answer is none here",
            );
            ("refusal", json!({}))
        }
        _ => return Ok(None),
    }))
}

fn rubric(criteria: String, at_least: f64) -> Value {
    json!({"prompt": RUBRIC, "criteria": criteria, "at_least": at_least})
}
