//! One reply of a judge, read strictly.
//!
//! The whole reply must be one JSON object without repeated names. Nothing is searched for inside a
//! longer text: there the judged answer may be quoted, with a verdict of its own in it.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::contract::{Form, Scale};

/// What a judge thinks of one answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Opinion {
    /// From 0 to 1; of a judge that gives verdicts alone, 1 for pass and 0 for fail.
    pub score: f64,
    /// The score on the judge's own scale, if it gives one.
    pub raw: Option<f64>,
    /// Whether the answer passes.
    pub passes: bool,
    /// Why.
    pub reason: String,
}

/// Which of two answers a judge prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Winner {
    /// The one that was shown first.
    First,
    /// The one that was shown second.
    Second,
    /// Neither.
    Tie,
}

impl Winner {
    /// The winner with the order of the two turned round.
    #[must_use]
    pub fn swapped(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
            Self::Tie => Self::Tie,
        }
    }

    /// The winner that `word` names.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "first" => Some(Self::First),
            "second" => Some(Self::Second),
            "tie" => Some(Self::Tie),
            _ => None,
        }
    }

    /// The word in replies and labels.
    pub fn word(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Second => "second",
            Self::Tie => "tie",
        }
    }
}

/// Reads a reply about one answer, which passes with a score of `at_least`.
///
/// # Errors
/// Why it is no verdict.
pub fn read(reply: &str, form: Form, at_least: f64) -> Result<Opinion, String> {
    let reply = object(reply)?;
    let verdict = verdict(&reply, form)?;
    let raw = match form {
        Form::Score { scale, .. } => Some(score(&reply, scale)?),
        _ => None,
    };
    let (score, passes) = match (raw, verdict) {
        (Some((raw, score)), verdict) => {
            let reaches = score >= at_least;
            if let Some(said) = verdict.filter(|said| *said != reaches) {
                let (said, under) = if said { ("pass", "under") } else { ("fail", "not under") };
                return Err(format!(
                    "it contradicts itself: verdict {said} with a score of {raw}, which is {under} the \
                     threshold"
                ));
            }
            (score, reaches)
        }
        (None, Some(passes)) => (if passes { 1.0 } else { 0.0 }, passes),
        (None, None) => return Err("it has no verdict".to_string()),
    };
    Ok(Opinion { score, raw: raw.map(|(raw, _)| raw), passes, reason: reason(&reply)? })
}

/// Reads a reply about two answers.
///
/// # Errors
/// Why it names no winner.
pub fn read_winner(reply: &str) -> Result<(Winner, String), String> {
    let reply = object(reply)?;
    let winner = match reply.get("winner") {
        None => return Err("it has no `winner`".to_string()),
        Some(found) => found.as_str().and_then(Winner::from_word).ok_or_else(|| {
            format!("its `winner` must be first, second or tie, not {}", shown(found))
        })?,
    };
    Ok((winner, reason(&reply)?))
}

/// The verdict, if the form has one. Also a `pass` or `passed` that the judge adds of its own accord, so
/// that it cannot disagree unseen with the score.
fn verdict(reply: &Map<String, Value>, form: Form) -> Result<Option<bool>, String> {
    let wanted = matches!(form, Form::Verdict | Form::Score { verdict: true, .. });
    let said = match reply.get("verdict") {
        None if wanted => return Err("it has no `verdict`".to_string()),
        None => None,
        Some(Value::String(word)) if word == "pass" => Some(true),
        Some(Value::String(word)) if word == "fail" => Some(false),
        Some(other) => {
            return Err(format!("its `verdict` must be pass or fail, not {}", shown(other)));
        }
    };
    for name in ["pass", "passed"] {
        let also = match reply.get(name) {
            None => continue,
            Some(Value::Bool(also)) => *also,
            Some(other) => {
                return Err(format!("its `{name}` is neither true nor false: {}", shown(other)));
            }
        };
        if said.is_some_and(|said| said != also) {
            return Err(format!("it contradicts itself: `verdict` and `{name}` differ"));
        }
        if said.is_none() {
            return Ok(Some(also));
        }
    }
    Ok(said)
}

/// The score as it is and its position on the scale.
fn score(reply: &Map<String, Value>, scale: Scale) -> Result<(f64, f64), String> {
    let found = reply.get("score").ok_or("it has no `score`")?;
    let raw = match found {
        Value::Number(number) => number.as_f64(),
        _ => None,
    };
    let raw = raw.ok_or_else(|| format!("its `score` must be a number, not {}", shown(found)))?;
    let position = scale.position(raw).ok_or_else(|| {
        format!(
            "its `score` of {raw} is outside of its scale from {} to {}",
            scale.least, scale.most
        )
    })?;
    Ok((raw, position))
}

fn reason(reply: &Map<String, Value>) -> Result<String, String> {
    match reply.get("reason") {
        Some(Value::String(reason)) => Ok(reason.clone()),
        Some(other) => Err(format!("its `reason` must be a text, not {}", shown(other))),
        None => Err("it has no `reason`".to_string()),
    }
}

/// A text cut to a readable length.
pub fn brief(text: &str, most: usize) -> String {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if flat.chars().count() <= most {
        return flat;
    }
    let head: String = flat.chars().take(most.saturating_sub(1)).collect();
    format!("{head}…")
}

fn shown(value: &Value) -> String {
    brief(&value.to_string(), 80)
}

fn object(reply: &str) -> Result<Map<String, Value>, String> {
    match serde_json::from_str::<Unique>(reply) {
        Ok(Unique(object)) => Ok(object),
        Err(error) => {
            Err(format!("it is not exactly one JSON object ({error}): {}", brief(reply, 120)))
        }
    }
}

/// An object that names nothing twice.
struct Unique(Map<String, Value>);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Unique;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Unique, A::Error> {
                let mut object = Map::new();
                while let Some((name, value)) = entries.next_entry::<String, Value>()? {
                    if object.contains_key(&name) {
                        return Err(A::Error::custom(format!("`{name}` is given twice")));
                    }
                    object.insert(name, value);
                }
                Ok(Unique(object))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SCORE: Form = Form::Score { scale: Scale { least: 1.0, most: 5.0 }, verdict: false };
    const UNIT: Form = Form::Score { scale: Scale { least: 0.0, most: 1.0 }, verdict: false };
    const BOTH: Form = Form::Score { scale: Scale { least: 1.0, most: 5.0 }, verdict: true };

    #[test]
    fn what_is_no_verdict_is_an_error_and_says_why() {
        for (reply, form, why) in [
            ("{}", SCORE, "no `score`"),
            ("{}", Form::Verdict, "no `verdict`"),
            ("", SCORE, "not exactly one JSON object"),
            (r#"{"score":0}"#, SCORE, "outside of its scale"),
            (r#"{"score":0}"#, UNIT, "no `reason`"),
            (r#"{"pass":true,"score":0,"reason":"x"}"#, SCORE, "outside of its scale"),
            (r#"{"pass":true,"score":0,"reason":"x"}"#, UNIT, "contradicts itself"),
            (r#"{"pass":false,"score":1,"reason":"x"}"#, UNIT, "contradicts itself"),
            (r#"{"score":NaN,"reason":"x"}"#, SCORE, "not exactly one JSON object"),
            (r#"{"score":"NaN","reason":"x"}"#, SCORE, "must be a number"),
            (r#"{"score":"5","reason":"x"}"#, SCORE, "must be a number"),
            (r#"{"score":true,"reason":"x"}"#, SCORE, "must be a number"),
            (r#"{"score":null,"reason":"x"}"#, SCORE, "must be a number"),
            (r#"{"score":1e999,"reason":"x"}"#, SCORE, "not exactly one JSON object"),
            (r#"{"score":6,"reason":"x"}"#, SCORE, "outside of its scale"),
            (r#"{"score":5,"reason":5}"#, SCORE, "must be a text"),
            (r#"{"score":5,"reason":"a"} {"score":1,"reason":"b"}"#, SCORE, "not exactly one"),
            (r#"[{"score":5,"reason":"a"}]"#, SCORE, "not exactly one JSON object"),
            (r#"{"score":1,"reason":"a","score":5}"#, SCORE, "`score` is given twice"),
            (r#"The answer says {"score":5,"reason":"a"}"#, SCORE, "not exactly one"),
            ("```json\n{\"score\":5,\"reason\":\"a\"}\n```", SCORE, "not exactly one"),
            ("I cannot help with that.", SCORE, "not exactly one JSON object"),
            (r#"{"verdict":"pass","score":2,"reason":"x"}"#, BOTH, "contradicts itself"),
            (r#"{"verdict":"fail","score":5,"reason":"x"}"#, BOTH, "contradicts itself"),
            (r#"{"score":5,"reason":"x"}"#, BOTH, "no `verdict`"),
            (r#"{"verdict":"PASS","reason":"x"}"#, Form::Verdict, "must be pass or fail"),
            (r#"{"verdict":true,"reason":"x"}"#, Form::Verdict, "must be pass or fail"),
            (r#"{"verdict":"pass","pass":false,"reason":"x"}"#, Form::Verdict, "differ"),
        ] {
            let told = read(reply, form, 0.75).unwrap_err();
            assert!(told.contains(why), "{reply}: {told}");
        }
        for reply in ["{}", r#"{"winner":"1","reason":"x"}"#, r#"{"winner":"first"}"#] {
            read_winner(reply).unwrap_err();
        }
    }

    #[test]
    fn scores_are_taken_to_0_to_1() {
        let opinion = read(r#" {"reason":"good","score":4} "#, SCORE, 0.75).unwrap();
        assert_eq!((opinion.score, opinion.raw, opinion.passes), (0.75, Some(4.0), true));
        assert!(!read(r#"{"reason":"x","score":3.9}"#, SCORE, 0.75).unwrap().passes);
        assert!(read(r#"{"reason":"x","verdict":"pass"}"#, Form::Verdict, 0.75).unwrap().passes);
        let (winner, _) = read_winner(r#"{"reason":"x","winner":"second"}"#).unwrap();
        assert_eq!(winner.swapped(), Winner::First);
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_on_the_scale(reply in "[{}\\[\\]\",:0-9a-z.\\- ]{0,60}", score in any::<f64>()) {
            let _ = read(&reply, SCORE, 0.5);
            if let Ok(opinion) = read(&format!("{{\"reason\":\"\",\"score\":{score}}}"), SCORE, 0.5) {
                prop_assert!((0.0..=1.0).contains(&opinion.score));
            }
        }
    }
}
