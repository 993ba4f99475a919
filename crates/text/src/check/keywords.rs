//! `keywords`: the share of listed texts that the answer contains.
//!
//! score = (listed texts that occur) / (listed texts); 0 to 1, without regard to case unless asked. It
//! holds if the score is at least `at_least`, which is 1 unless written.

use super::parameters::Parameters;
use super::subject::{self, Loosened};
use super::typed::Mistakes;
use super::wanted::{self, Wanted};
use super::{Check, CheckProblem, Finding, Observation};

struct Keywords {
    wanted: Wanted,
    at_least: f64,
    loosened: Loosened,
    at: Option<String>,
}

pub(super) fn build(parameters: &Parameters<'_>) -> Result<Box<dyn Check>, CheckProblem> {
    let mut mistakes = Mistakes::default();
    let ignore_case = mistakes.take(parameters.flag("ignore_case", true)).unwrap_or(true);
    let at_least = mistakes.option(parameters.positive_share("at_least")).unwrap_or(1.0);
    let at = mistakes.option(parameters.pointer());
    let wanted = mistakes.take(Wanted::read(parameters));
    let loosened = Loosened { trim: false, ignore_case };
    mistakes.or(wanted.map(|wanted| Keywords { wanted, at_least, loosened, at }))
}

impl Check for Keywords {
    #[allow(clippy::cast_precision_loss)]
    fn observe(&self, seen: &Observation<'_>) -> Finding {
        let wanted = match self.wanted.of(seen) {
            Ok(wanted) => wanted,
            Err(finding) => return finding,
        };
        let text = match subject::searched(seen.answer, self.at.as_deref()) {
            Ok(text) => text,
            Err(why) => {
                return Finding::Nothing { why, score: Some(0.0), label: None };
            }
        };
        let text = self.loosened.of(&text);
        let (has, lacks): (Vec<_>, Vec<_>) = wanted
            .iter()
            .partition(|want| text.contains(self.loosened.of(&subject::text(want)).as_ref()));
        let score = has.len() as f64 / wanted.len() as f64;
        let detail = format!(
            "expected a share of at least {}, found {} of {}; missing: {}",
            self.at_least,
            has.len(),
            wanted.len(),
            if lacks.is_empty() { "none".into() } else { wanted::joined(lacks, ", ") }
        );
        Finding::Scored { score, holds: score >= self.at_least, detail }
    }

    fn describe(&self) -> String {
        let place = subject::place(self.at.as_deref());
        format!("keywords at least {} of {}{place}", self.at_least, self.wanted)
    }

    fn needs_expected(&self) -> bool {
        self.wanted.is_case()
    }
}
