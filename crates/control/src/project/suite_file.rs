//! `suite.yaml`: the cases of a prompt.

use std::collections::HashMap;

use gatemark_core::suite::{Case, Suite, Thresholds};

use super::checks::{self, Checks};
use super::files::Files;
use super::node::Node;
use super::problems::Problems;
use super::reader::{Fields, items, shown};
use super::source::{DATA, Spot};
use super::variables::{self, Declared};
use super::{document, examples, typed};

/// Reads `path`, the `suite.yaml` in `folder`. `declared` is `None` if the prompt could not be read: then
/// variables are taken as they are.
pub(super) fn read(
    files: &Files,
    (folder, path): (&str, &str),
    declared: Option<&Declared>,
    problems: &mut Problems,
) -> Option<Suite> {
    let node = document::open(files, path, DATA, problems)?;
    let mut fields = Fields::open(&node, "a suite", problems)?;
    let thresholds = thresholds(fields.get("thresholds", problems), problems);
    let checks = checks::read(fields.get("checks", problems), problems);
    let given = fields.required("cases", problems);
    fields.close(problems);
    let list = examples::listed(files, folder, given?, "`cases`", problems)?;
    let nodes = items(&list, "`cases`", problems)?;
    if nodes.is_empty() {
        problems.error(&list.spot, "the suite has no cases", "add a case, or remove the file");
    }
    let mut ids = HashMap::new();
    let mut cases = Vec::with_capacity(nodes.len());
    for (index, node) in nodes.iter().enumerate() {
        let Some((case, id)) = case(node, index + 1, &checks, declared, problems) else {
            continue;
        };
        check_unique(&case.id, id, &mut ids, problems);
        cases.push(case);
    }
    Some(Suite { thresholds, repeats: None, checks: checks.specs, cases })
}

fn thresholds(node: Option<&Node>, problems: &mut Problems) -> Thresholds {
    let fields = node.and_then(|node| Fields::open(node, "`thresholds`", problems));
    let Some(mut fields) = fields else { return Thresholds::default() };
    let accuracy = fields.get("accuracy", problems);
    let accuracy = accuracy.and_then(|node| typed::share(node, "`accuracy`", problems));
    fields.close(problems);
    Thresholds { accuracy, ..Thresholds::default() }
}

/// The `number`th case and the place of its id. Mistakes in values do not hide those in ids.
fn case(
    node: &Node,
    number: usize,
    common: &Checks,
    declared: Option<&Declared>,
    problems: &mut Problems,
) -> Option<(Case, Spot)> {
    let mut fields = Fields::open(node, "a case", problems)?;
    let named = fields.get("id", problems);
    let id = named.and_then(|node| typed::words(node, "`id`", problems));
    let category = fields.get("category", problems);
    let category = category.and_then(|node| typed::words(node, "`category`", problems));
    let given = fields.get("variables", problems);
    let values = variables::values(given, &node.spot, declared, problems);
    let expected = fields.get("expected", problems).and_then(|node| node.to_json(problems));
    let checks = checks::read(fields.get("checks", problems), problems);
    let has_expected = fields.has("expected");
    fields.close(problems);
    if !common.any && !checks.any {
        let hint = "add `checks` to it or to the suite";
        problems.error(&node.spot, "the case has no checks, so it proves nothing", hint);
    }
    if let Some(metric) = checks.comparing.as_ref().or(common.comparing.as_ref())
        && !has_expected
    {
        let message =
            format!("the check `{metric}` compares with `expected`, which the case lacks");
        problems.error(&node.spot, message, "add `expected` to the case");
    }
    let case = Case {
        id: id.map_or_else(|| format!("case-{number}"), String::from),
        category: category.unwrap_or("happy").into(),
        difficulty: None,
        tags: vec![],
        source: None,
        weight: None,
        threshold: None,
        variables: values.unwrap_or_default(),
        expected,
        checks: checks.specs,
    };
    Some((case, named.unwrap_or(node).spot.clone()))
}

fn check_unique(id: &str, spot: Spot, ids: &mut HashMap<String, Spot>, problems: &mut Problems) {
    if let Some(first) = ids.get(id) {
        let message = format!(
            "the case id `{}` is taken by line {}, column {}",
            shown(id),
            first.line,
            first.column
        );
        problems.error(&spot, message, "reports name cases by id; choose another one");
        return;
    }
    ids.insert(id.to_string(), spot);
}
