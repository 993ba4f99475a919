//! `tokens`: the answer has so many tokens.
//!
//! Counted with `o200k_base` whatever the model, so that the bound means the same on every model; or, on
//! demand, as the vendor counted, which is what is paid for and includes what the answer does not show.

use crate::tokens;

use super::bounds::Bounds;
use super::parameters::Parameters;
use super::typed::Mistakes;
use super::{Check, CheckProblem, Finding, Observation};

struct Tokens {
    vendor: bool,
    bounds: Bounds<u64>,
}

pub(super) fn build(parameters: &Parameters<'_>) -> Result<Box<dyn Check>, CheckProblem> {
    let mut mistakes = Mistakes::default();
    let source = mistakes.option(parameters.choice("source", &["o200k", "vendor"]));
    let bounds = Bounds::of_count(parameters, &mut mistakes);
    mistakes.or(bounds.map(|bounds| Tokens { vendor: source == Some("vendor"), bounds }))
}

impl Check for Tokens {
    fn observe(&self, seen: &Observation<'_>) -> Finding {
        let found = if self.vendor {
            if seen.usage.estimated || seen.usage.output == 0 {
                return Finding::CannotTell("the vendor did not count the tokens".into());
            }
            seen.usage.output
        } else {
            u64::try_from(tokens::count(seen.answer)).unwrap_or(u64::MAX)
        };
        if self.bounds.hold(found) {
            return Finding::Holds;
        }
        Finding::Fails(format!("expected {} tokens, found {found}", self.bounds))
    }

    fn describe(&self) -> String {
        let source = if self.vendor { " as the vendor counts" } else { "" };
        format!("tokens {}{source}", self.bounds)
    }
}
