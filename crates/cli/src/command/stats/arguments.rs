//! A JSON object of arguments, read strictly and with all its problems.
//!
//! Readers give a harmless value for what is wrong, so that reading goes on to the next problem;
//! [`Arguments::check`] stands between reading and computing.

use std::fmt;

use gatemark_core::diagnostic::did_you_mean;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

/// There are problems; nothing was computed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stop;

/// The arguments, and what was found wrong.
pub(super) struct Arguments {
    fields: Vec<(String, Value)>,
    /// Names that were asked for, for guessing what an unknown one was meant to be.
    asked: Vec<&'static str>,
    used: Vec<String>,
    problems: Vec<String>,
}

/// Which numbers are possible.
#[derive(Debug, Clone, Copy)]
pub(super) enum Range {
    Any,
    /// Above 0.
    Positive,
    /// 0 or more.
    NotNegative,
    /// Strictly between 0 and 1.
    Inside,
    /// From 0 to 1.
    Unit,
}

impl Range {
    fn holds(self, value: f64) -> bool {
        match self {
            Self::Any => true,
            Self::Positive => value > 0.0,
            Self::NotNegative => value >= 0.0,
            Self::Inside => value > 0.0 && value < 1.0,
            Self::Unit => (0.0..=1.0).contains(&value),
        }
    }

    fn told(self) -> &'static str {
        match self {
            Self::Any => "write a number",
            Self::Positive => "write a number above 0",
            Self::NotNegative => "write a number of 0 or more",
            Self::Inside => "write a number between 0 and 1, without the two",
            Self::Unit => "write a number from 0 to 1",
        }
    }
}

impl Arguments {
    /// Reads one JSON object, in which Python's NaN and Infinity are told as values and not as bad syntax.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Err(
                "is empty: write one JSON object of arguments, e.g. {\"alpha\": 0.05}".into()
            );
        }
        let marked = mark_special_numbers(text);
        let mut deserializer = serde_json::Deserializer::from_str(&marked);
        let fields = deserializer
            .deserialize_any(Fields)
            .and_then(|fields| deserializer.end().map(|()| fields))
            .map_err(|error| {
                format!("is no JSON object: {error}: write {{\"field\": value, …}}")
            })?;
        let mut arguments = Self { fields: vec![], asked: vec![], used: vec![], problems: vec![] };
        for (name, value) in fields {
            if arguments.fields.iter().any(|(known, _)| *known == name) {
                arguments.problem(&name, "is given twice: write it once");
            } else {
                arguments.fields.push((name, value));
            }
        }
        Ok(arguments)
    }

    /// Notes a problem of a field, with what to do.
    pub(super) fn problem(&mut self, field: &str, what: impl fmt::Display) {
        self.problems.push(format!("{field}: {what}"));
    }

    /// All problems so far.
    pub(super) fn problems(&self) -> &[String] {
        &self.problems
    }

    /// Stops if anything is wrong, fields that nobody asked for included.
    pub(super) fn check(&mut self) -> Result<(), Stop> {
        let unknown: Vec<String> = self
            .fields
            .iter()
            .filter(|(name, _)| !self.used.contains(name))
            .map(|(name, _)| name.clone())
            .collect();
        for name in unknown {
            let problem = if self.asked.contains(&name.as_str()) {
                "does not go with the other fields: leave it out".to_string()
            } else {
                match did_you_mean(&name, self.asked.iter().copied()) {
                    Some(near) => format!("is no argument: did you mean `{near}`?"),
                    None => "is no argument: leave it out".to_string(),
                }
            };
            self.problem(&name, problem);
        }
        self.stop()
    }

    /// Stops if anything was found wrong.
    pub(super) fn stop(&self) -> Result<(), Stop> {
        if self.problems.is_empty() { Ok(()) } else { Err(Stop) }
    }

    /// Whether one of `names` is given.
    pub(super) fn has(&mut self, names: &[&'static str]) -> bool {
        self.asked.extend(names);
        self.fields.iter().any(|(name, _)| names.contains(&name.as_str()))
    }

    /// The value of the one of `names` that is given, with the name.
    pub(super) fn take(&mut self, names: &[&'static str]) -> Option<(String, Value)> {
        self.asked.extend(names);
        let mut found = self.fields.iter().filter(|(name, _)| names.contains(&name.as_str()));
        let (first, second) = (found.next().cloned(), found.next().cloned());
        for (name, _) in first.iter().chain(&second) {
            self.used.push(name.clone());
        }
        if let (Some((one, _)), Some((other, _))) = (&first, &second) {
            let (one, other) = (one.clone(), other.clone());
            self.problem(&other, format!("means the same as {one}: write one of them"));
        }
        first
    }

    fn needed(&mut self, names: &[&'static str], what: &str) -> Option<(String, Value)> {
        let found = self.take(names);
        if found.is_none() {
            let name = names.first().copied().unwrap_or_default();
            self.problem(name, format!("is missing: {what}"));
        }
        found
    }

    /// A number that may be left out.
    pub(super) fn number_or(&mut self, names: &[&'static str], range: Range, usual: f64) -> f64 {
        self.take(names).map_or(usual, |(name, value)| self.number_in(&name, &value, range))
    }

    /// A number that has to be given.
    pub(super) fn number(&mut self, names: &[&'static str], range: Range) -> f64 {
        let found = self.needed(names, range.told());
        found.map_or(0.5, |(name, value)| self.number_in(&name, &value, range))
    }

    /// A number at a place.
    pub(super) fn number_in(&mut self, place: &str, value: &Value, range: Range) -> f64 {
        let Some(number) = value.as_f64() else {
            self.problem(place, format!("is {}: {}", shown(value), range.told()));
            return 0.5;
        };
        if !range.holds(number) {
            self.problem(place, format!("is {value}: {}", range.told()));
            return 0.5;
        }
        number
    }

    /// A whole number that has to be given.
    pub(super) fn count(&mut self, names: &[&'static str]) -> u64 {
        let found = self.needed(names, "write a whole number");
        found.map_or(1, |(name, value)| self.count_in(&name, &value))
    }

    /// A whole number at a place; 45.0 is one, too.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub(super) fn count_in(&mut self, place: &str, value: &Value) -> u64 {
        let whole = value.as_f64().filter(|x| x.fract() == 0.0 && (0.0..9e15).contains(x));
        match value.as_u64().or(whole.map(|x| x as u64)) {
            Some(count) => count,
            None => {
                let what = format!("is {}: write a whole number of 0 or more", shown(value));
                self.problem(place, what);
                1
            }
        }
    }

    /// A list of numbers, at least `least`.
    pub(super) fn numbers(
        &mut self,
        names: &[&'static str],
        range: Range,
        least: usize,
    ) -> Vec<f64> {
        let Some((name, value)) = self.needed(names, "write a list of numbers") else {
            return vec![];
        };
        self.numbers_in(&name, &value, range, least)
    }

    /// A list of numbers at a place.
    pub(super) fn numbers_in(
        &mut self,
        place: &str,
        value: &Value,
        range: Range,
        least: usize,
    ) -> Vec<f64> {
        let Value::Array(items) = value else {
            self.problem(place, format!("is {}: write a list of numbers", shown(value)));
            return vec![];
        };
        if items.len() < least {
            let have = items.len();
            self.problem(place, format!("has {have} values: write at least {least}"));
        }
        let told = self.problems.len();
        let mut numbers = vec![];
        for (index, item) in items.iter().enumerate() {
            // One list of a thousand bad values is one mistake.
            if self.problems.len() >= told + 3 {
                self.problem(place, "and more of its values");
                break;
            }
            numbers.push(self.number_in(&format!("{place}[{index}]"), item, range));
        }
        numbers
    }

    /// A list of whole numbers at a place.
    pub(super) fn counts_in(&mut self, place: &str, value: &Value) -> Vec<u64> {
        let Value::Array(items) = value else {
            self.problem(place, format!("is {}: write a list of whole numbers", shown(value)));
            return vec![];
        };
        let places = items.iter().enumerate();
        places.map(|(index, item)| self.count_in(&format!("{place}[{index}]"), item)).collect()
    }

    /// One of several words; the place of it in `choices`, the first if it is left out.
    pub(super) fn word(&mut self, name: &'static str, choices: &[&[&str]]) -> usize {
        let Some((_, value)) = self.take(&[name]) else { return 0 };
        let found = value.as_str().and_then(|word| {
            let word = word.replace('_', "-");
            choices.iter().position(|same| same.contains(&word.as_str()))
        });
        found.unwrap_or_else(|| {
            let words: Vec<&str> =
                choices.iter().filter_map(|same| same.first()).copied().collect();
            let what = format!("is {}: write one of {}", shown(&value), words.join(", "));
            self.problem(name, what);
            0
        })
    }

    /// Yes or no.
    pub(super) fn flag(&mut self, name: &'static str, usual: bool) -> bool {
        let Some((_, value)) = self.take(&[name]) else { return usual };
        value.as_bool().unwrap_or_else(|| {
            self.problem(name, format!("is {}: write true or false", shown(&value)));
            usual
        })
    }

    /// `alpha`, or 1 − `confidence`.
    pub(super) fn alpha(&mut self, usual: f64) -> f64 {
        if self.has(&["confidence", "confidence_level"]) && !self.has(&["alpha"]) {
            return 1.0 - self.number(&["confidence", "confidence_level"], Range::Inside);
        }
        self.number_or(&["alpha"], Range::Inside, usual)
    }
}

/// A value as it was written, cut short.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(mark) if mark == MARK => "not a finite number".to_string(),
        other => {
            let text = other.to_string();
            let head: String = text.chars().take(40).collect();
            if head.len() < text.len() { format!("{head}…") } else { text }
        }
    }
}

/// Stands for NaN and infinities.
const MARK: &str = "\u{0}not finite";

/// Puts [`MARK`] in the place of NaN, Infinity and -Infinity outside strings, which Python writes into JSON.
fn mark_special_numbers(text: &str) -> String {
    let mut marked = String::with_capacity(text.len());
    let mut rest = text;
    let (mut inside, mut escaped) = (false, false);
    while let Some(c) = rest.chars().next() {
        let special = ["NaN", "-Infinity", "Infinity"].iter().find(|word| rest.starts_with(**word));
        match special {
            Some(word) if !inside => {
                marked.push_str("\"\\u0000not finite\"");
                rest = rest.strip_prefix(*word).unwrap_or_default();
                continue;
            }
            _ => {}
        }
        if c == '"' && !escaped {
            inside = !inside;
        }
        escaped = c == '\\' && !escaped;
        marked.push(c);
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    marked
}

/// An object's fields in order, names that occur twice included.
struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Vec<(String, Value)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = vec![];
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_problems_are_told_at_once() {
        let text = r#"{"alpha": 2, "x": [1, "a", NaN], "aplha": 1, "n": 1.5, "n": 2}"#;
        let mut arguments = Arguments::parse(text).unwrap();
        arguments.alpha(0.05);
        arguments.numbers(&["x"], Range::Any, 5);
        arguments.count(&["n"]);
        arguments.number(&["needed"], Range::Positive);
        assert_eq!(arguments.check(), Err(Stop));
        let told = arguments.problems().join("\n");
        for part in [
            "n: is given twice",
            "alpha: is 2: write a number between 0 and 1",
            "x: has 3 values: write at least 5",
            "x[1]: is \"a\"",
            "x[2]: is not a finite number",
            "n: is 1.5: write a whole number",
            "needed: is missing: write a number above 0",
            "aplha: is no argument: did you mean `alpha`?",
        ] {
            assert!(told.contains(part), "{part} in {told}");
        }
    }

    #[test]
    fn what_is_no_object_is_told() {
        for text in ["", "[1]", "{", "{} {}", "null"] {
            assert!(Arguments::parse(text).is_err(), "{text}");
        }
        assert!(Arguments::parse(r#"{"a": "NaN \" Infinity"}"#).is_ok());
    }
}
