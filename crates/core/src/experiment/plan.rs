//! What an experiment is going to compare, and by what.

use serde::{Deserialize, Serialize};

use crate::analysis::Rule;
use crate::assign::{Audience, STABLE, Unit, WHOLE};
use crate::id::ModelName;
use crate::ramp::{Metric, RailPlan, spell};

const DAY: u64 = 86_400;
/// Most arms beside control.
const MOST_ARMS: usize = 8;
/// Longest name of an arm, in bytes.
const LONGEST_NAME: usize = 40;

/// What an arm has to show to win.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aim {
    /// It is not worse than control by the metric's margin.
    NotWorse,
    /// It is better than control.
    Better,
    /// It is the best of all arms, control among them, up to the margin: a bandit that stops losers early.
    Best,
}

impl Aim {
    /// Every aim with its word in files.
    pub const ALL: [(&'static str, Aim); 3] =
        [("not-worse", Self::NotWorse), ("better", Self::Better), ("best", Self::Best)];

    /// The word in files.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, aim)| *aim == self).map_or("", |(word, _)| word)
    }
}

/// An arm beside control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArmPlan {
    /// Its name in records, headers and reports.
    pub name: String,
    /// Its version, as people write it: a number, a semantic version; the newest if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The model, if another of the version's than its first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelName>,
    /// Its share, in basis points; control has the rest.
    pub share: u16,
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The arms beside control, which is what serves.
    pub arms: Vec<ArmPlan>,
    /// What is assigned.
    pub unit: Unit,
    /// Who takes part.
    #[serde(default)]
    pub audience: Audience,
    /// What decides; its margin is the least difference that matters.
    pub metric: RailPlan,
    /// What an arm has to show there.
    pub aim: Aim,
    /// What must not be harmed beside it.
    pub guardrails: Vec<RailPlan>,
    /// Calls of every arm before one can win.
    pub least_calls: u64,
    /// Units of every arm before one can win.
    pub least_units: u64,
    /// How long it runs before an arm can win, in seconds: a whole week has every day in it.
    pub least_s: u64,
    /// After how long it ends without a winner, in seconds.
    pub longest_s: u64,
    /// The chance of ever stopping an arm that is worse in nothing, and of a false winner, over all arms.
    pub alpha: f64,
    /// By which figures it is reported. With the one for a single look it runs its whole length, for looking
    /// earlier is what spoils them; arms that do harm are stopped all the same.
    pub rule: Rule,
}

impl Plan {
    /// The usual plan: people, 500 calls and 100 units of each arm, a week at least, four at most.
    #[must_use]
    pub fn usual(arms: Vec<ArmPlan>, metric: RailPlan) -> Self {
        let mut guardrails = RailPlan::usual();
        guardrails.retain(|rail| rail.name() != metric.name());
        Self {
            arms,
            unit: Unit::User,
            audience: Audience::default(),
            metric,
            aim: Aim::NotWorse,
            guardrails,
            least_calls: 500,
            least_units: 100,
            least_s: 7 * DAY,
            longest_s: 28 * DAY,
            alpha: 0.05,
            rule: Rule::Anytime,
        }
    }

    /// Control's share, in basis points.
    pub fn control_share(&self) -> u16 {
        let sum = self.arms.iter().fold(0_u16, |sum, arm| sum.saturating_add(arm.share));
        WHOLE.saturating_sub(sum)
    }

    /// The metric that decides, and the guardrails behind it.
    pub fn rails(&self) -> impl Iterator<Item = &RailPlan> {
        std::iter::once(&self.metric).chain(&self.guardrails)
    }

    /// What is wrong with it, all at once. Empty for a plan that can be followed.
    pub fn problems(&self) -> Vec<String> {
        let mut found = self.problems_of_arms();
        for (place, rail) in self.rails().enumerate() {
            if self.rails().take(place).any(|other| other.name() == rail.name()) {
                found.push(format!("has `{}` twice among metric and guardrails", rail.name()));
            }
            found.extend(rail.problems().into_iter().map(|p| format!("`{}` {p}", rail.name())));
        }
        if self.aim == Aim::Best && self.metric.metric == Metric::Cost {
            found.push("looks for the best by cost, which has no bound: aim at better".to_string());
        }
        if self.metric.limit.is_some() {
            found.push("holds its metric to a limit: it compares arms with control".to_string());
        }
        if !(self.alpha > 0.0 && self.alpha < 1.0) {
            found.push(format!("has an alpha of {}: write a chance between 0 and 1", self.alpha));
        }
        if self.longest_s == 0 || self.longest_s < self.least_s {
            found.push("ends before an arm can win: `longest` is less than `least`".to_string());
        }
        found
    }

    fn problems_of_arms(&self) -> Vec<String> {
        let mut found = vec![];
        if self.arms.is_empty() || self.arms.len() > MOST_ARMS {
            let count = self.arms.len();
            found.push(format!("has {count} arms beside control: write 1 to {MOST_ARMS}"));
        }
        for (place, arm) in self.arms.iter().enumerate() {
            let name = &arm.name;
            let plain = |c: u8| c.is_ascii_alphanumeric() || b"_.-".contains(&c);
            if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(plain) {
                found.push(format!(
                    "has the arm {name:?}: a name has 1 to {LONGEST_NAME} letters, digits, `_`, `.` and `-`"
                ));
            }
            if [STABLE, "control", "candidate"].contains(&name.as_str()) {
                found.push(format!("has an arm named `{name}`, which is what others are called"));
            }
            if self.arms.iter().take(place).any(|other| other.name == *name) {
                found.push(format!("has two arms named `{name}`"));
            }
            if arm.share == 0 {
                found.push(format!("gives the arm `{name}` no share"));
            }
        }
        let control = self.control_share();
        let largest = self.arms.iter().map(|arm| arm.share).max().unwrap_or_default();
        if control < largest {
            found.push(format!(
                "leaves control {}, less than its largest arm has: every arm is compared with control",
                spell(control)
            ));
        }
        found
    }
}
