//! Figures as a sentence.

use super::{Compared, Finding, Plan, Rule, Scale};

/// What looking often does to the rule for one look.
pub const PEEKING: &str = "a p-value for one look is right only if the time of the look was planned before: \
looked at 10 times a test at 0.05 declares a difference in 18 % of A/A tests, 100 times in 31 %, 1,000 times in \
43 %. Use the anytime-valid figures to look whenever you like";

/// One sentence or two: what was measured, what follows, what to do.
pub(super) fn of(one: &Compared, plan: &Plan) -> String {
    let Compared { metric, candidate, .. } = one;
    let (inference, looks) = match plan.rule {
        Rule::Anytime => (one.anytime, "at any number of looks"),
        Rule::Fixed => (one.fixed, "at one planned look"),
    };
    let percent = 100.0 * (1.0 - plan.alpha);
    let range = match inference.interval {
        Some(interval) if interval.low > f64::MIN => {
            let (low, high) = (figure(interval.low), figure(interval.high));
            format!(", {low} to {high} with {percent:.0} % confidence {looks}")
        }
        _ => String::new(),
    };
    let (mean, control) = (figure(one.candidate_mean), figure(one.control_mean));
    let difference = signed(one.estimate);
    let seen = format!(
        "{metric}: {candidate} {mean} against {} {control} ({difference}{range})",
        plan.control
    );
    let by = match one.scale {
        Scale::Amount => format!("{} %", figure(100.0 * plan.margin)),
        _ => figure(plan.margin),
    };
    let follows = match one.finding {
        Finding::Worse => "it is worse: stop it".to_string(),
        Finding::Better => "it is better".to_string(),
        Finding::NotWorse => format!("it is not worse by {by} or more"),
        Finding::Undecided => format!(
            "nothing is shown yet; the chance that it is worse is about {:.0} %",
            100.0 * one.probability_of_harm
        ),
        Finding::Blocked => {
            "do not believe this: the arms do not have the units that they should. Find out which units get \
             lost or moved first"
                .to_string()
        }
    };
    format!("{seen}: {follows}.")
}

/// Three significant digits, without exponents for usual sizes.
fn figure(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_string(),
        size if !(1e-4..1e7).contains(&size) => format!("{value:.2e}"),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 0.1 => format!("{value:.3}"),
        _ => format!("{value:.4}"),
    }
}

fn signed(value: f64) -> String {
    if value > 0.0 { format!("+{}", figure(value)) } else { figure(value) }
}
