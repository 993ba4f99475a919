//! The parameters `min` and `max`, of which at least one must be able to fail.

use std::fmt::Display;

use super::typed::Mistakes;
use super::{CheckProblem, Parameters};

/// A range with both ends included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bounds<T> {
    min: Option<T>,
    max: Option<T>,
}

impl Bounds<u64> {
    /// Reads bounds on a count. `min: 0` alone is refused.
    pub(super) fn of_count(parameters: &Parameters<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let min = mistakes.take(parameters.whole("min"))?;
        let max = mistakes.take(parameters.whole("max"))?;
        let bounds = Self { min, max };
        if (min, max) == (Some(0), None) {
            let message = format!("`{}` with `min: 0` always holds", parameters.metric());
            mistakes.add(CheckProblem::new(message).hint("write a `min` above 0 or a `max`"));
            return None;
        }
        bounds.checked(parameters, mistakes)
    }
}

impl Bounds<f64> {
    /// Reads bounds on a value; `None` also if there are none, which is for the caller to judge.
    pub(super) fn of_value(parameters: &Parameters<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let min = mistakes.take(parameters.number("min"))?;
        let max = mistakes.take(parameters.number("max"))?;
        Self { min, max }.checked(parameters, mistakes)
    }
}

impl<T: PartialOrd + Display + Copy> Bounds<T> {
    fn checked(self, parameters: &Parameters<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let metric = parameters.metric();
        match (self.min, self.max) {
            (None, None) => {
                let message = format!("`{metric}` needs `min` or `max`");
                mistakes.add(CheckProblem::new(message).hint("without a bound it always holds"));
                None
            }
            (Some(min), Some(max)) if min > max => {
                let message = format!("`min` of `{metric}` is {min}, above its `max`, {max}");
                mistakes.add(CheckProblem::new(message));
                None
            }
            _ => Some(self),
        }
    }

    /// Whether `value` is inside. A NaN is not.
    pub(super) fn hold(&self, value: T) -> bool {
        self.min.is_none_or(|min| value >= min) && self.max.is_none_or(|max| value <= max)
    }
}

impl<T: Display> Display for Bounds<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.min, &self.max) {
            (Some(min), Some(max)) => write!(f, "{min} to {max}"),
            (Some(min), None) => write!(f, "at least {min}"),
            (None, Some(max)) => write!(f, "at most {max}"),
            (None, None) => f.write_str("any number of"),
        }
    }
}
