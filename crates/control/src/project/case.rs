//! One case, and what a list of cases says for all of its own.

use gatemark_core::suite::Case;

use super::checks::{self, Checks};
use super::node::{Node, Value};
use super::problems::Problems;
use super::reader::{Fields, items};
use super::source::Spot;
use super::typed;
use super::variables::{self, Declared};

/// Most tags of one case: more would be data.
pub(super) const MOST_TAGS: usize = 64;
/// Largest weight; beyond it a single case would be the whole figure.
pub(super) const LARGEST_WEIGHT: f64 = 1_000_000.0;

/// What a case is besides its values, each part with or without its being said.
#[derive(Debug, Clone, Default)]
pub(super) struct Traits {
    pub(super) category: Option<String>,
    pub(super) difficulty: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) source: Option<String>,
    pub(super) weight: Option<f64>,
    pub(super) threshold: Option<f64>,
}

impl Traits {
    /// Reads the fields that cases, lists of cases and generators share.
    pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Self {
        let mut words = |name, what| {
            let node = fields.get(name, problems)?;
            typed::words(node, what, problems).map(String::from)
        };
        let category = words("category", "`category`");
        let difficulty = words("difficulty", "`difficulty`");
        let source = words("source", "`source`");
        let tags = tags(fields.get("tags", problems), problems);
        let weight = fields.get("weight", problems);
        let weight = weight
            .and_then(|node| typed::number(node, "`weight`", (0.0, LARGEST_WEIGHT), problems));
        let threshold = fields.get("threshold", problems);
        let threshold = threshold.and_then(|node| typed::share(node, "`threshold`", problems));
        Self { category, difficulty, tags, source, weight, threshold }
    }

    /// These, and what `general` says where they say nothing. Tags add up.
    pub(super) fn or(mut self, general: &Self) -> Self {
        self.category = self.category.or_else(|| general.category.clone());
        self.difficulty = self.difficulty.or_else(|| general.difficulty.clone());
        self.source = self.source.or_else(|| general.source.clone());
        self.weight = self.weight.or(general.weight);
        self.threshold = self.threshold.or(general.threshold);
        for tag in &general.tags {
            if !self.tags.contains(tag) {
                self.tags.push(tag.clone());
            }
        }
        self
    }
}

fn tags(node: Option<&Node>, problems: &mut Problems) -> Vec<String> {
    let Some(node) = node else { return vec![] };
    let list = items(node, "`tags`", problems).unwrap_or_default();
    if list.len() > MOST_TAGS {
        let message = format!("a case has at most {MOST_TAGS} tags, and this one {}", list.len());
        problems.error(&node.spot, message, "put data into variables");
    }
    let words = list.iter().take(MOST_TAGS);
    words.filter_map(|tag| typed::words(tag, "a tag", problems).map(String::from)).collect()
}

/// What surrounds a case: the prompt's variables, the suite's checks, and what its list says for all.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) declared: Option<&'a Declared>,
    pub(super) common: &'a Checks,
    pub(super) traits: &'a Traits,
    pub(super) checks: &'a Checks,
}

/// The case that `node` is, named `id` if it does not name itself, and the place of its name. Mistakes in
/// values do not hide those in names.
pub(super) fn read(
    node: &Node,
    id: impl FnOnce() -> String,
    around: Around<'_>,
    problems: &mut Problems,
) -> Option<(Case, Spot)> {
    let mut fields = Fields::open(node, "a case", problems)?;
    let named = fields.get("id", problems);
    let given_id = named.and_then(|node| typed::words(node, "`id`", problems));
    let traits = Traits::read(&mut fields, problems).or(around.traits);
    let given = fields.get("variables", problems);
    let values = variables::values(given, &node.spot, around.declared, problems);
    let expected = fields.get("expected", problems).and_then(|node| node.to_json(problems));
    let has_expected = fields.has("expected");
    let own = checks::read(fields.get("checks", problems), problems);
    let pending = is_pending(&mut fields, problems);
    fields.close(problems);
    if !pending {
        around.judge(&node.spot, Some(&own), has_expected, problems);
    }
    let checks = around.checks.specs.iter().cloned().chain(own.specs).collect();
    let id = given_id.map_or_else(id, String::from);
    let case = build(id, traits, values.unwrap_or_default(), expected, checks);
    Some((case, named.unwrap_or(node).spot.clone()))
}

/// A case of its parts.
pub(super) fn build(
    id: String,
    traits: Traits,
    variables: serde_json::Map<String, serde_json::Value>,
    expected: Option<serde_json::Value>,
    checks: Vec<gatemark_core::suite::CheckSpec>,
) -> Case {
    Case {
        id,
        category: traits.category.unwrap_or_else(|| "happy".into()),
        difficulty: traits.difficulty,
        tags: traits.tags,
        source: traits.source,
        weight: traits.weight,
        threshold: traits.threshold,
        variables,
        expected,
        checks,
    }
}

/// Whether the case is one that `suite from-calls` proposed and nobody has reviewed: an error, since what
/// no person has looked at must not become evidence.
fn is_pending(fields: &mut Fields<'_>, problems: &mut Problems) -> bool {
    if !fields.has("review") {
        return false;
    }
    fields.pass("proposed");
    fields.pass("review");
    let Some(node) = fields.get("review", problems) else { return true };
    let hint = "list it with `gatemark suite review FILE`, then --accept or --reject it";
    let message = match &node.value {
        Value::Text(word) if word == "pending" => {
            "this case was proposed from a recorded call, and nobody has reviewed it"
        }
        _ => "`review` is written by `gatemark suite from-calls`, and says `pending`",
    };
    problems.error(&node.spot, message, hint);
    true
}

impl Around<'_> {
    /// Reports a case that no check looks at, or whose checks compare with an `expected` that it lacks.
    pub(super) fn judge(
        &self,
        spot: &Spot,
        own: Option<&Checks>,
        has_expected: bool,
        problems: &mut Problems,
    ) {
        if !self.common.any && !self.checks.any && !own.is_some_and(|own| own.any) {
            let hint = "add `checks` to it or to the suite";
            problems.error(spot, "the case has no checks, so it proves nothing", hint);
        }
        let comparing = own.and_then(|own| own.comparing.as_ref());
        let comparing = comparing.or(self.checks.comparing.as_ref());
        if let Some(metric) = comparing.or(self.common.comparing.as_ref())
            && !has_expected
        {
            let message =
                format!("the check `{metric}` compares with `expected`, which the case lacks");
            problems.error(spot, message, "add `expected` to the case");
        }
    }
}
