//! Where in an answer a case's `expected` belongs: checks compare the whole answer with it, or the place
//! that their `at` points to.

use gatemark_core::suite::{Case, CheckSpec, Suite};
use gatemark_text::check;
use serde_json::{Map, Value};

/// The JSON pointer at which `case` compares with its `expected`: that of its first such check. Empty for
/// the whole answer, and where nothing compares.
pub(crate) fn pointer<'s>(suite: &'s Suite, case: &'s Case) -> &'s str {
    case.checks.iter().chain(&suite.checks).find_map(compares_at).unwrap_or("")
}

/// The same for cases that only have the suite's checks.
pub(crate) fn common_pointer(suite: &Suite) -> &str {
    suite.checks.iter().find_map(compares_at).unwrap_or("")
}

fn compares_at(spec: &CheckSpec) -> Option<&str> {
    let compares = check::build(spec).is_ok_and(|built| built.needs_expected());
    compares.then(|| spec.parameters.get("at").and_then(Value::as_str).unwrap_or(""))
}

/// An answer that holds `expected` at `pointer` and nothing else. Text that is JSON counts as that.
pub(crate) fn answer(expected: &Value, pointer: &str) -> Value {
    let inner = match expected.as_str().map(serde_json::from_str) {
        Some(Ok(parsed @ (Value::Object(_) | Value::Array(_)))) => parsed,
        _ => expected.clone(),
    };
    pointer.split('/').skip(1).collect::<Vec<_>>().into_iter().rev().fold(inner, |value, step| {
        let name = step.replace("~1", "/").replace("~0", "~");
        Value::Object(Map::from_iter([(name, value)]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn expected_is_put_where_checks_look() {
        assert_eq!(answer(&json!("x"), "/a/b~1c"), json!({"a": {"b/c": "x"}}));
        assert_eq!(answer(&json!("{\"a\": 1}"), ""), json!({"a": 1}));
        assert_eq!(answer(&json!("5"), ""), json!("5"));
    }
}
