//! Cases that ask the same: they count twice in every figure and tell nothing new.

use std::collections::BTreeMap;

use gatemark_core::suite::Case;
use gatemark_core::{Digest, canonical};
use serde::Serialize;
use serde_json::Value;

use super::{Gap, gap};

/// Most groups that are told one by one.
const MOST: usize = 50;

/// Cases with the same values of all variables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Duplicate {
    /// Their ids, in the suite's order.
    pub ids: Vec<String>,
    /// Whether they want different answers: then at most one of them can be right.
    pub contradicting: bool,
}

pub(super) fn of(cases: &[Case], gaps: &mut Vec<Gap>) -> Vec<Duplicate> {
    let mut groups: BTreeMap<Digest, Vec<usize>> = BTreeMap::new();
    for (index, case) in cases.iter().enumerate() {
        let sorted: BTreeMap<&String, &Value> = case.variables.iter().collect();
        if let Ok(sealed) = canonical::seal(&sorted) {
            groups.entry(sealed.digest).or_default().push(index);
        }
    }
    let mut groups: Vec<Vec<usize>> =
        groups.into_values().filter(|group| group.len() > 1).collect();
    groups.sort();
    let found: Vec<Duplicate> = groups
        .iter()
        .map(|group| {
            let same: Vec<&Case> = group.iter().filter_map(|index| cases.get(*index)).collect();
            let first = same.iter().find_map(|case| case.expected.as_ref());
            let differs = |case: &&Case| case.expected.is_some() && case.expected.as_ref() != first;
            Duplicate {
                ids: same.iter().map(|case| case.id.clone()).collect(),
                contradicting: same.iter().any(differs),
            }
        })
        .collect();
    for group in found.iter().take(MOST) {
        let shown: Vec<&str> = group.ids.iter().skip(1).take(5).map(String::as_str).collect();
        let more = if group.ids.len() > 6 { " and others" } else { "" };
        let wanting = if group.contradicting { ", and they expect different answers" } else { "" };
        let message = format!("asks the same as {}{more}{wanting}", shown.join(", "));
        gap(gaps, "duplicate", group.ids.first().map_or("", String::as_str), message);
    }
    found
}
