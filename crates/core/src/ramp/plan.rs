//! A plan as a whole.

use serde::{Deserialize, Serialize};

use super::rail::{Metric, RailPlan};
use super::steps::{duration, spell};
use crate::assign::{Audience, Mode, Unit, WHOLE};

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// The kinds of rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// The pointer moves, and that is it.
    AllAtOnce,
    /// Live calls are sent to the candidate too; it serves nobody, and nothing is promoted.
    Shadow,
    /// The candidate's share grows while its guardrails hold, until it serves everybody.
    Canary,
    /// The share moves by the clock alone: the way back, spread over time.
    Staged,
}

impl Strategy {
    /// Every strategy.
    pub const ALL: [Strategy; 4] = [Self::AllAtOnce, Self::Shadow, Self::Canary, Self::Staged];

    /// The word in files and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::AllAtOnce => "all-at-once",
            Self::Shadow => "shadow",
            Self::Canary => "canary",
            Self::Staged => "staged",
        }
    }
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Whether the candidate serves, or only gets copies.
    pub mode: Mode,
    /// Its share, in basis points.
    pub share: u16,
    /// How long it holds at least, in seconds.
    pub hold_s: u64,
    /// How many units of the candidate are counted in it at least.
    pub least: u64,
    /// Who takes part; everybody if it names no tag.
    #[serde(default)]
    pub audience: Audience,
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Its kind.
    pub strategy: Strategy,
    /// What is assigned.
    pub unit: Unit,
    /// The steps before everybody is served.
    pub steps: Vec<Step>,
    /// How long the candidate is watched when it serves everybody, in seconds.
    pub watch_s: u64,
    /// After how long without data it is aborted, in seconds.
    pub silence_s: u64,
    /// After how long without a promotion it pauses and waits for a person, in seconds.
    pub longest_s: u64,
    /// After how long a pause its evidence is stale and it starts anew, in seconds.
    pub stale_s: u64,
    /// The chance of ever reverting a candidate that is worse in nothing, over all guardrails together.
    pub alpha: f64,
    /// Whether a promotion needs every guardrail to have shown that the candidate is not worse; otherwise it is
    /// enough that none shows harm.
    pub proof: bool,
    /// Whether the version that was replaced is retired when the watch is over. Plans that were stored before
    /// there was this do not.
    #[serde(default)]
    pub retire: bool,
    /// What it is judged by.
    pub rails: Vec<RailPlan>,
}

impl Plan {
    /// 5 % for a day, 10 % for two, 20 % for three, 50 % for a week, then everybody, watched for two weeks; then
    /// what was replaced is retired.
    #[must_use]
    pub fn canary() -> Self {
        let ladder = [(500, DAY), (1_000, 2 * DAY), (2_000, 3 * DAY), (5_000, 7 * DAY)];
        let step = |(share, hold_s)| Step {
            mode: Mode::Serve,
            share,
            hold_s,
            least: 100,
            audience: Audience::default(),
        };
        Self {
            strategy: Strategy::Canary,
            unit: Unit::User,
            steps: ladder.map(step).to_vec(),
            watch_s: 14 * DAY,
            silence_s: DAY,
            longest_s: 60 * DAY,
            stale_s: 3 * DAY,
            alpha: 0.05,
            proof: true,
            retire: true,
            rails: RailPlan::usual(),
        }
    }

    /// A tenth of the calls mirrored for a day. Copies are of calls, so each call is a unit.
    #[must_use]
    pub fn shadow() -> Self {
        let audience = Audience::default();
        let step = Step { mode: Mode::Shadow, share: 1_000, hold_s: DAY, least: 100, audience };
        let strategy = Strategy::Shadow;
        let steps = vec![step];
        Self { strategy, unit: Unit::Call, steps, watch_s: 0, retire: false, ..Self::canary() }
    }

    /// Ten equal steps over `seconds`, by the clock alone.
    #[must_use]
    pub fn staged(seconds: u64) -> Self {
        let audience = Audience::default();
        let step = |tenth: u16| Step {
            mode: Mode::Serve,
            share: tenth * (WHOLE / 10),
            hold_s: seconds / 10,
            least: 0,
            audience: audience.clone(),
        };
        Self {
            strategy: Strategy::Staged,
            steps: (1..10).map(step).collect(),
            watch_s: 0,
            proof: false,
            retire: false,
            rails: vec![],
            ..Self::canary()
        }
    }

    /// The same with this audience in every step that has none.
    #[must_use]
    pub fn among(mut self, audience: &Audience) -> Self {
        for step in self.steps.iter_mut().filter(|step| step.audience.is_everybody()) {
            step.audience = audience.clone();
        }
        self
    }

    /// The same with `samples` scored units of the candidate before a guardrail may pass.
    #[must_use]
    pub fn with_samples(mut self, samples: u64) -> Self {
        self.rails.iter_mut().for_each(|rail| rail.least = samples);
        self
    }

    /// What is wrong with it, all at once. Empty for a plan that can be followed.
    pub fn problems(&self) -> Vec<String> {
        let mut found = vec![];
        if self.strategy != Strategy::AllAtOnce && self.steps.is_empty() {
            found.push("has no steps: write at least one, e.g. 5%:24h".to_string());
        }
        for (place, step) in self.steps.iter().enumerate() {
            // Of a shadow, too: calls that are not copied are what copies are compared with.
            if !(1..WHOLE).contains(&step.share) {
                found.push(format!("step {} has a share of {}", place + 1, spell(step.share)));
            }
            if step.mode == Mode::Watch {
                found.push(format!("step {} is no shadow and serves nobody", place + 1));
            }
        }
        for (place, pair) in self.steps.windows(2).enumerate() {
            let [before, after] = pair else { continue };
            let (one, two) = (place + 1, place + 2);
            match (before.mode, after.mode) {
                (Mode::Serve, Mode::Shadow) => {
                    found.push(format!("step {two} is a shadow behind step {one}, which serves"));
                }
                (Mode::Serve, Mode::Serve) if after.share < before.share => found.push(format!(
                    "step {two} has a smaller share than step {one} ({} after {})",
                    spell(after.share),
                    spell(before.share)
                )),
                _ => {}
            }
            if !after.audience.is_everybody() && after.audience != before.audience {
                found.push(format!(
                    "step {two} has another audience than step {one}: it may only widen to everybody, or \
                     people who have the candidate would lose it"
                ));
            }
        }
        if self.unit != Unit::Call && self.steps.iter().any(|step| step.mode == Mode::Shadow) {
            found.push("mirrors calls, so its unit must be `call`".to_string());
        }
        if !(self.alpha > 0.0 && self.alpha < 1.0) {
            found.push(format!("has an alpha of {}: write a chance between 0 and 1", self.alpha));
        }
        if self.silence_s == 0 {
            found.push("has no time after which missing data ends it".to_string());
        }
        for (place, rail) in self.rails.iter().enumerate() {
            if self.rails.iter().take(place).any(|other| other.name() == rail.name()) {
                found.push(format!("has the guardrail `{}` twice", rail.name()));
            }
            found.extend(
                rail.problems().into_iter().map(|p| format!("guardrail `{}` {p}", rail.name())),
            );
        }
        found
    }

    /// Its steps in words: `5 % for 24h, 10 % for 2d`.
    pub fn spelled(&self) -> String {
        let steps = self.steps.iter().map(|step| {
            let mode = if step.mode == Mode::Shadow { "shadow " } else { "" };
            let who = if step.audience.is_everybody() {
                String::new()
            } else {
                format!(" of {}", step.audience)
            };
            format!("{mode}{}{who} for {}", spell(step.share), duration(step.hold_s))
        });
        steps.collect::<Vec<_>>().join(", ")
    }

    /// Whether some guardrail looks at the score of that name.
    pub fn looks_at(&self, score: &str) -> bool {
        self.rails.iter().any(|rail| matches!(&rail.metric, Metric::Score(name) if name == score))
    }
}
