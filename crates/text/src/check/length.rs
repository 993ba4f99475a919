//! `length`: the answer, or a place in it, has so many characters, words or lines.
//!
//! Characters are Unicode code points. Words are what white space separates, so a text in a script
//! without spaces is one word: bound its characters instead. Lines are counted as people see them: a line
//! break at the very end opens no further line. Sentences are left out: where one ends is a question of
//! language, and a bound on a guess would fail at random.

use super::bounds::Bounds;
use super::parameters::Parameters;
use super::typed::Mistakes;
use super::{Check, CheckProblem, Finding, Observation, subject};

struct Length {
    unit: &'static str,
    bounds: Bounds<u64>,
    at: Option<String>,
}

pub(super) fn build(parameters: &Parameters<'_>) -> Result<Box<dyn Check>, CheckProblem> {
    let mut mistakes = Mistakes::default();
    let units = ["characters", "words", "lines"];
    let unit = mistakes.option(parameters.choice("unit", &units)).unwrap_or("characters");
    let at = mistakes.option(parameters.pointer());
    let bounds = Bounds::of_count(parameters, &mut mistakes);
    mistakes.or(bounds.map(|bounds| Length { unit, bounds, at }))
}

fn measured(text: &str, unit: &str) -> u64 {
    let count = match unit {
        "words" => text.split_whitespace().count(),
        "lines" => text.lines().count(),
        _ => text.chars().count(),
    };
    u64::try_from(count).unwrap_or(u64::MAX)
}

impl Check for Length {
    fn observe(&self, seen: &Observation<'_>) -> Finding {
        let text = match subject::searched(seen.answer, self.at.as_deref()) {
            Ok(text) => text,
            Err(why) => return Finding::nothing(why),
        };
        let found = measured(&text, self.unit);
        if self.bounds.hold(found) {
            return Finding::Holds;
        }
        let place = subject::place(self.at.as_deref());
        Finding::Fails(format!("expected {} {}{place}, found {found}", self.bounds, self.unit))
    }

    fn describe(&self) -> String {
        let place = subject::place(self.at.as_deref());
        format!("length {} {}{place}", self.bounds, self.unit)
    }
}
