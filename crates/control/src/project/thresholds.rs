//! `thresholds:` of a suite: what a report must reach.

use std::collections::BTreeMap;

use gatemark_core::suite::{Suite, Thresholds};

use super::node::Node;
use super::problems::Problems;
use super::reader::{Fields, entries, shown};
use super::typed;

/// Reads `thresholds:`, if it is written.
pub(super) fn read(node: Option<&Node>, problems: &mut Problems) -> Thresholds {
    let fields = node.and_then(|node| Fields::open(node, "`thresholds`", problems));
    let Some(mut fields) = fields else { return Thresholds::default() };
    let accuracy = fields.get("accuracy", problems);
    let accuracy = accuracy.and_then(|node| typed::share(node, "`accuracy`", problems));
    let categories = shares(fields.get("categories", problems), "`categories`", problems);
    let scores = shares(fields.get("scores", problems), "`scores`", problems);
    let macro_f1 = fields.get("macro_f1", problems);
    let macro_f1 = macro_f1.and_then(|node| typed::share(node, "`macro_f1`", problems));
    fields.close(problems);
    Thresholds { accuracy, categories, scores, macro_f1 }
}

/// Reports thresholds of categories that no case of `suite` has: no report could reach them.
pub(super) fn check_names(node: Option<&Node>, suite: &Suite, problems: &mut Problems) {
    let present = suite.categories();
    let written = node.and_then(|node| node.field("categories"));
    for name in suite.thresholds.categories.keys() {
        let place = written.and_then(|(_, node)| node.field(name));
        if let Some((key, _)) = place.filter(|_| !present.contains_key(name.as_str())) {
            let message = format!("no case has the category `{}`", shown(name));
            let known = present.keys().copied().collect::<Vec<_>>().join(", ");
            problems.error(&key.spot, message, format!("the suite has {known}"));
        }
    }
}

/// A mapping from names to shares.
fn shares(
    node: Option<&Node>,
    what: &'static str,
    problems: &mut Problems,
) -> BTreeMap<String, f64> {
    let Some(entries) = node.and_then(|node| entries(node, what, problems)) else {
        return BTreeMap::new();
    };
    let share = |(key, node): &(super::node::Key, Node)| {
        let name = format!("`{}`", shown(&key.name));
        Some((key.name.clone(), typed::share(node, &name, problems)?))
    };
    entries.iter().filter_map(share).collect()
}
