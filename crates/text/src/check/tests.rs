//! One line per observation: what is checked, what was answered, how it comes out.

use super::*;
use serde_json::json;

fn spec(metric: &str, parameters: Value) -> CheckSpec {
    CheckSpec { metric: metric.into(), negated: false, parameters }
}
