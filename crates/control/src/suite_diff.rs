//! What lies between two suites.

use std::collections::HashMap;

use gatemark_core::error::{Error, Result};
use gatemark_core::suite::{Case, Suite};
use serde::Serialize;
use serde_json::{Map, Value};

/// Differences between two suites. Cases are the same if they have the same id.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SuiteDiff {
    /// Thresholds, checks and repeats of the suites themselves.
    pub settings: Vec<FieldChange>,
    /// Cases of the second only, in its order.
    pub added: Vec<Case>,
    /// Cases of the first only, in its order.
    pub removed: Vec<Case>,
    /// Cases of both that differ, in the order of the second.
    pub changed: Vec<CaseChange>,
    /// Whether the cases that both have come in another order.
    pub reordered: bool,
}

/// A case that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CaseChange {
    /// Its id.
    pub id: String,
    /// Its fields that differ.
    pub fields: Vec<FieldChange>,
}

/// A field that differs; absent where a suite does not have it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldChange {
    /// Its name, e.g. `category` or `variables.message`.
    pub field: String,
    /// In the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<Value>,
    /// In the second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<Value>,
}

impl SuiteDiff {
    /// Whether there is no difference at all.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Compares two suites.
pub fn between(old: &Suite, new: &Suite) -> Result<SuiteDiff> {
    let by_id: HashMap<&str, &Case> =
        old.cases.iter().map(|case| (case.id.as_str(), case)).collect();
    let kept: HashMap<&str, ()> = new.cases.iter().map(|case| (case.id.as_str(), ())).collect();
    let mut diff = SuiteDiff { settings: settings(old, new)?, ..SuiteDiff::default() };
    for case in &new.cases {
        match by_id.get(case.id.as_str()) {
            None => diff.added.push(case.clone()),
            Some(before) if *before != case => {
                let fields = fields(before, case)?;
                diff.changed.push(CaseChange { id: case.id.clone(), fields });
            }
            Some(_) => {}
        }
    }
    let gone = old.cases.iter().filter(|case| !kept.contains_key(case.id.as_str()));
    diff.removed = gone.cloned().collect();
    let before = old.cases.iter().map(|case| &case.id).filter(|id| kept.contains_key(id.as_str()));
    let after = new.cases.iter().map(|case| &case.id).filter(|id| by_id.contains_key(id.as_str()));
    diff.reordered = before.ne(after);
    Ok(diff)
}

fn object<T: Serialize>(value: &T) -> Result<Map<String, Value>> {
    let value = serde_json::to_value(value)
        .map_err(|cause| Error::internal("a suite cannot be compared").because(cause))?;
    Ok(match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    })
}

fn settings(old: &Suite, new: &Suite) -> Result<Vec<FieldChange>> {
    let bare = |suite: &Suite| Suite {
        thresholds: suite.thresholds.clone(),
        repeats: suite.repeats,
        checks: suite.checks.clone(),
        cases: vec![],
    };
    Ok(changes("", &object(&bare(old))?, &object(&bare(new))?))
}

fn fields(old: &Case, new: &Case) -> Result<Vec<FieldChange>> {
    let (mut old, mut new) = (object(old)?, object(new)?);
    let take = |fields: &mut Map<String, Value>| match fields.shift_remove("variables") {
        Some(Value::Object(variables)) => variables,
        _ => Map::new(),
    };
    let (before, after) = (take(&mut old), take(&mut new));
    let mut found = changes("variables.", &before, &after);
    found.extend(changes("", &old, &new));
    Ok(found)
}

fn changes(prefix: &str, old: &Map<String, Value>, new: &Map<String, Value>) -> Vec<FieldChange> {
    let added = new.keys().filter(|name| !old.contains_key(*name));
    let names = old.keys().chain(added);
    names
        .filter(|name| old.get(*name) != new.get(*name))
        .map(|name| FieldChange {
            field: format!("{prefix}{name}"),
            old: old.get(name).cloned(),
            new: new.get(name).cloned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn suite(cases: Value, repeats: Value) -> Suite {
        serde_json::from_value(json!({"thresholds": {}, "repeats": repeats, "cases": cases}))
            .unwrap()
    }

    fn case(id: &str, text: &str) -> Value {
        json!({"id": id, "category": "happy", "variables": {"text": text}})
    }

    #[test]
    fn every_kind_of_difference_is_told() {
        let old = suite(json!([case("a", "1"), case("b", "2"), case("c", "3")]), json!(null));
        let mut b = case("b", "9");
        b["expected"] = json!("x");
        let new = suite(json!([case("c", "3"), b, case("d", "4")]), json!(2));
        let diff = between(&old, &new).unwrap();
        let ids = |cases: &[Case]| cases.iter().map(|case| case.id.clone()).collect::<Vec<_>>();
        assert_eq!((ids(&diff.added), ids(&diff.removed)), (vec!["d".into()], vec!["a".into()]));
        assert!(diff.reordered);
        assert_eq!(diff.settings[0].field, "repeats");
        let fields: Vec<&str> = diff.changed[0].fields.iter().map(|field| &*field.field).collect();
        assert_eq!(
            (diff.changed[0].id.as_str(), fields),
            ("b", vec!["variables.text", "expected"])
        );
        assert!(between(&old, &old).unwrap().is_empty());
    }
}
