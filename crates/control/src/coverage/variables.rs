//! Values of variables: set, left out, varied, and every value of an enum.

use std::collections::HashSet;

use gatemark_core::prompt::Content;
use gatemark_core::suite::Case;
use gatemark_core::variable::{Variable, VariableType};
use serde::Serialize;
use serde_json::Value;

use super::{Counted, Gap, gap};

/// How the cases use one variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VariableCoverage {
    /// Its name.
    pub name: String,
    /// Its declared type.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Cases that give a value.
    pub set: usize,
    /// Cases that leave it to its default.
    pub omitted: usize,
    /// Different values given.
    pub distinct: usize,
    /// For enums and booleans: each value with its cases, the default's among them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Counted>,
}

pub(super) fn of(cases: &[Case], content: &Content, gaps: &mut Vec<Gap>) -> Vec<VariableCoverage> {
    let variables = content.variables.iter();
    variables.map(|(name, variable)| one(name, variable, cases, gaps)).collect()
}

fn one(name: &str, variable: &Variable, cases: &[Case], gaps: &mut Vec<Gap>) -> VariableCoverage {
    let given: Vec<&Value> = cases.iter().filter_map(|case| case.variables.get(name)).collect();
    let (set, omitted) = (given.len(), cases.len() - given.len());
    let distinct: HashSet<String> = given.iter().map(|value| value.to_string()).collect();
    let distinct = distinct.len();
    let say = |gaps: &mut Vec<Gap>, message: String| gap(gaps, "variable", name, message);
    if set == 0 && !cases.is_empty() {
        say(gaps, "no case gives it a value: only its default is tested".into());
    } else if distinct == 1 && omitted == 0 && cases.len() > 1 {
        say(gaps, "every case gives it the same value".into());
    }
    if !variable.is_required() && omitted == 0 && !cases.is_empty() {
        say(gaps, "it has a default, and no case leaves it out".into());
    }
    let values = values(variable, &given, omitted);
    for value in values.iter().filter(|value| value.cases == 0) {
        say(gaps, format!("no case has the value `{}`", value.name));
    }
    VariableCoverage {
        name: name.to_string(),
        kind: variable.kind.word(),
        set,
        omitted,
        distinct,
        values,
    }
}

fn values(variable: &Variable, given: &[&Value], omitted: usize) -> Vec<Counted> {
    let all: Vec<Value> = match &variable.kind {
        VariableType::Enum { values } => values.iter().map(|value| value.as_str().into()).collect(),
        VariableType::Boolean => vec![true.into(), false.into()],
        _ => return vec![],
    };
    let counted = all.into_iter().map(|value| {
        let given = given.iter().filter(|found| **found == &value).count();
        let by_default = variable.default.as_ref() == Some(&value);
        let name = value.as_str().map_or_else(|| value.to_string(), String::from);
        Counted { name, cases: given + if by_default { omitted } else { 0 } }
    });
    counted.collect()
}
