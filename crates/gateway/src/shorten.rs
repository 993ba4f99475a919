//! Variables over their own bound: cut if their declaration says how, refused otherwise.

use std::collections::BTreeMap;

use gatemark_core::call::Dropped;
use gatemark_core::context::{Order, Truncate};
use gatemark_core::error::{Error, Result};
use gatemark_core::variable::Variable;
use gatemark_text::tokens::Encoding;
use gatemark_text::window;
use serde_json::Value;

use crate::written::as_text;

type Variables = BTreeMap<String, Value>;

/// Tokens that an item of a list adds beside its own: the comma and the space after it.
const SEPARATOR: usize = 1;

/// Cuts or refuses what is over its own bound, and says what was cut.
pub(crate) fn to_bounds(
    declared: &BTreeMap<String, Variable>,
    variables: &mut Variables,
) -> Result<Vec<Dropped>> {
    let mut dropped = vec![];
    for (name, variable) in declared {
        let Some(limit) = variable.max_tokens.map(|limit| limit as usize) else { continue };
        let Some(value) = variables.get_mut(name) else { continue };
        let text = as_text(value);
        // A token is at least one byte, so most texts need no counting.
        if text.len() <= limit || Encoding::O200k.count_up_to(&text, limit).is_some() {
            continue;
        }
        let Some(how) = variable.truncate else {
            let message = format!("variable `{name}` is longer than its bound of {limit} tokens");
            let param = format!("variables.{name}");
            return Err(Error::invalid(message).at(param).coded("variable_too_long"));
        };
        let shorter = cut(value, limit, how, Encoding::O200k);
        dropped.extend(lost(name, value, &shorter, Encoding::O200k));
        *value = shorter;
    }
    Ok(dropped)
}

/// What is left of a string or a list in `limit` tokens; any other value as it is.
pub(crate) fn cut(value: &Value, limit: usize, how: Truncate, encoding: Encoding) -> Value {
    match value {
        Value::String(text) => Value::String(window::cut(text, limit, how, encoding)),
        Value::Array(list) => {
            let sizes: Vec<usize> =
                list.iter().map(|item| encoding.count(&item.to_string()) + SEPARATOR).collect();
            // The brackets.
            let kept = window::items(&sizes, limit.saturating_sub(SEPARATOR), how);
            Value::Array(kept.into_iter().filter_map(|index| list.get(index).cloned()).collect())
        }
        other => other.clone(),
    }
}

/// What a variable lost, by count.
pub(crate) fn lost(
    name: &str,
    before: &Value,
    after: &Value,
    encoding: Encoding,
) -> Option<Dropped> {
    let count = |value| encoding.count(&as_text(value)) as u64;
    let tokens = count(before).saturating_sub(count(after));
    (tokens > 0).then(|| Dropped { part: format!("variables.{name}"), tokens })
}

/// Lists in the order in which the model is to read them.
pub(crate) fn ordered(declared: &BTreeMap<String, Variable>, variables: &mut Variables) {
    for (name, variable) in declared {
        let (Some(Order::Edges), Some(Value::Array(list))) =
            (variable.order, variables.get_mut(name))
        else {
            continue;
        };
        let order = window::edges(list.len());
        *list = order.into_iter().filter_map(|index| list.get(index).cloned()).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn declared(variable: Value) -> BTreeMap<String, Variable> {
        [("x".to_string(), serde_json::from_value(variable).unwrap())].into()
    }

    #[test]
    fn a_bound_cuts_or_refuses() {
        let text = json!("one two three four five");
        let refused = declared(json!({"type": "string", "trust": "trusted", "max_tokens": 3}));
        let mut variables = Variables::from([("x".to_string(), text)]);
        let error = to_bounds(&refused, &mut variables).unwrap_err();
        assert_eq!(error.code(), "variable_too_long");
        let cut =
            json!({"type": "string", "trust": "trusted", "max_tokens": 3, "truncate": "tail"});
        let dropped = to_bounds(&declared(cut), &mut variables).unwrap();
        assert_eq!(variables["x"], json!(" three four five"));
        assert_eq!(dropped, [Dropped { part: "variables.x".into(), tokens: 2 }]);
    }

    #[test]
    fn lists_lose_items_within_their_bound() {
        let list = json!(["alpha beta", "gamma delta", "epsilon"]);
        for limit in 0..20 {
            let left = cut(&list, limit, Truncate::Head, Encoding::O200k);
            let items = left.as_array().unwrap();
            assert!(list.as_array().unwrap().starts_with(items));
            assert!(items.is_empty() || Encoding::O200k.count(&left.to_string()) <= limit);
        }
        let all = cut(&list, 99, Truncate::Head, Encoding::O200k);
        assert_eq!(all, list);
    }

    #[test]
    fn the_most_important_items_stand_at_the_edges() {
        let edges = declared(json!({"type": "list", "trust": "trusted", "order": "edges"}));
        let mut variables = Variables::from([("x".to_string(), json!([1, 2, 3, 4, 5]))]);
        ordered(&edges, &mut variables);
        assert_eq!(variables["x"], json!([1, 3, 5, 4, 2]));
    }
}
