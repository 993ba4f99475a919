//! An environment's policy: a base, and rules that differ from it. `off` switches any rule off.

use gatemark_core::comparison::NonInferiority;
use gatemark_core::gate::Policy;
use gatemark_core::redteam::{Demand, USUAL_ATTACKS};

use super::node::{Node, Value};
use super::problems::Problems;
use super::reader::{Fields, items, shown};
use super::typed;

const BASES: [(&str, Base); 2] = [("open", Base::Open), ("production", Base::Production)];

#[derive(Clone, Copy)]
enum Base {
    Open,
    Production,
}

impl Base {
    fn policy(self) -> Policy {
        match self {
            Self::Open => Policy::open(),
            Self::Production => Policy::production(),
        }
    }
}

/// What an environment of that name asks for unless it says otherwise.
pub(super) fn default_for(environment: &str) -> Policy {
    let base = if environment == "production" { Base::Production } else { Base::Open };
    base.policy()
}

/// Reads `policy:`; rules that are not mentioned are those of the base, which is `default` unless named.
pub(super) fn read(node: &Node, default: Policy, problems: &mut Problems) -> Policy {
    if let Value::Text(_) = node.value {
        return typed::word(node, "`policy`", &BASES, problems).map_or(default, Base::policy);
    }
    let Some(mut fields) = Fields::open(node, "a policy", problems) else { return default };
    let base = fields.get("base", problems);
    let base = base.and_then(|node| typed::word(node, "`base`", &BASES, problems));
    let base = base.map_or(default, Base::policy);
    let policy = Rules { fields: &mut fields, problems }.over(base);
    fields.close(problems);
    policy
}

struct Rules<'r, 'n> {
    fields: &'r mut Fields<'n>,
    problems: &'r mut Problems,
}

impl Rules<'_, '_> {
    fn over(mut self, base: Policy) -> Policy {
        let share = typed::share;
        Policy {
            min_cases: self.rule("min_cases", base.min_cases, 0, count),
            categories: self.rule("categories", base.categories, vec![], categories),
            accuracy: self
                .rule("accuracy", base.accuracy, None, |n, w, p| share(n, w, p).map(Some)),
            format_validity: self.rule("format_validity", base.format_validity, None, |n, w, p| {
                share(n, w, p).map(Some)
            }),
            p95_latency_ms: self.rule("p95_latency", base.p95_latency_ms, None, |n, w, p| {
                typed::duration(n, w, 1, p).map(Some)
            }),
            cost_per_call: self.rule("cost_usd_per_call", base.cost_per_call, None, |n, w, p| {
                typed::money(n, w, p).map(Some)
            }),
            pinned_model: self.rule("pinned_model", base.pinned_model, false, typed::boolean),
            fallback: self.rule("fallback", base.fallback, false, typed::boolean),
            changelog: self.rule("changelog", base.changelog, false, typed::boolean),
            approvals: self.rule("approvals", base.approvals, 0, count),
            not_worse_than_serving: self.rule(
                "not_worse_than_serving",
                base.not_worse_than_serving,
                None,
                |n, _, p| not_worse(n, p).map(Some),
            ),
            redteam: self.rule("redteam", base.redteam, None, |n, _, p| redteam(n, p).map(Some)),
        }
    }

    /// The rule as written, `off`, or as in the base.
    fn rule<T>(
        &mut self,
        name: &'static str,
        base: T,
        off: T,
        read: impl Fn(&Node, &str, &mut Problems) -> Option<T>,
    ) -> T {
        match self.fields.get(name, self.problems) {
            None => base,
            Some(Node { value: Value::Text(text), .. }) if text == "off" => off,
            Some(node) => read(node, &format!("`{name}`"), self.problems).unwrap_or(base),
        }
    }
}

fn count(node: &Node, what: &str, problems: &mut Problems) -> Option<usize> {
    let number = typed::whole(node, what, (0, 100_000), problems)?;
    usize::try_from(number).ok()
}

fn categories(node: &Node, what: &str, problems: &mut Problems) -> Option<Vec<String>> {
    let mut found: Vec<String> = Vec::new();
    for item in items(node, what, problems)? {
        let Some(word) = typed::words(item, "a category", problems) else { continue };
        if found.iter().any(|known| known == word) {
            let message = format!("category `{}` is listed twice", shown(word));
            problems.error(&item.spot, message, "remove one of the two");
        }
        found.push(word.into());
    }
    Some(found)
}

/// `{margin: 0.02, confidence: 0.95}`; the confidence may be left out.
fn not_worse(node: &Node, problems: &mut Problems) -> Option<NonInferiority> {
    let mut fields = Fields::open(node, "`not_worse_than_serving`", problems)?;
    let margin = fields.required("margin", problems);
    let margin = margin.and_then(|node| typed::share(node, "`margin`", problems));
    let confidence = match fields.get("confidence", problems) {
        Some(node) => confidence(node, problems),
        None => Some(0.95),
    };
    fields.close(problems);
    Some(NonInferiority { margin: margin?, confidence: confidence? })
}

/// `{max_success: 0.05, min_attacks: 120}`; the number may be left out.
fn redteam(node: &Node, problems: &mut Problems) -> Option<Demand> {
    let mut fields = Fields::open(node, "`redteam`", problems)?;
    let most = fields.required("max_success", problems);
    let most = most.and_then(|node| typed::share(node, "`max_success`", problems));
    let min_attacks = match fields.get("min_attacks", problems) {
        Some(node) => typed::whole(node, "`min_attacks`", (1, 100_000), problems),
        None => Some(USUAL_ATTACKS),
    };
    fields.close(problems);
    Some(Demand { max_success: most?, min_attacks: min_attacks? })
}

/// Below one half a bound would lie on the wrong side of the estimate; 1 is never reached.
fn confidence(node: &Node, problems: &mut Problems) -> Option<f64> {
    let value = typed::share(node, "`confidence`", problems)?;
    if (0.5..=0.9999).contains(&value) {
        return Some(value);
    }
    let message = "`confidence` must be from 0.5 to 0.9999";
    problems.error(&node.spot, message, "write 95 % as 0.95");
    None
}
