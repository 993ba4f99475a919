//! What somebody asks of a rollout, over what their project says.

use gatemark_core::assign::{Audience, Unit};
use gatemark_core::error::{Error, Result};
use gatemark_core::rollout::{Plan, Strategy, read_steps, seconds};
use serde::Deserialize;

/// Units of the candidate in a step, unless a step says.
const LEAST: u64 = 100;

/// Options of a rollout, as they are written; whatever is `None` is as the environment says.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// `all-at-once`, `shadow` or `canary`.
    pub strategy: Option<String>,
    /// `5%:24h,20%:48h`: share, hold and, if wanted, least units of the candidate.
    pub steps: Option<String>,
    /// `tier = free`: who takes part, by tags.
    pub audience: Option<String>,
    /// `user`, `conversation` or `call`: what is assigned.
    pub unit: Option<String>,
    /// Scored units of the candidate before a guardrail may pass.
    pub samples: Option<u64>,
    /// How long the candidate is watched when it serves everybody.
    pub watch: Option<String>,
    /// After how long without data the candidate is aborted.
    pub no_data: Option<String>,
    /// `shown`: a promotion needs proof that the candidate is not worse. `no-harm`: it is enough that nothing
    /// shows harm.
    pub proof: Option<String>,
}

impl Asked {
    /// Whether nothing but perhaps the strategy is asked for.
    pub fn is_bare(&self) -> bool {
        Self { strategy: None, ..self.clone() } == Self::default()
    }

    /// The strategy that is asked for.
    ///
    /// # Errors
    /// `Invalid` if it is none.
    pub fn strategy(&self) -> Result<Option<Strategy>> {
        let Some(word) = &self.strategy else { return Ok(None) };
        let found = Strategy::ALL.into_iter().find(|strategy| strategy.word() == word);
        match found.filter(|strategy| *strategy != Strategy::Staged) {
            Some(strategy) => Ok(Some(strategy)),
            None => {
                let message =
                    format!("{word:?} is no strategy: write all-at-once, shadow or canary");
                Err(Error::invalid(message).at("strategy"))
            }
        }
    }

    /// The plan: what is asked over `usual`, if that is of the same strategy, else over the built-in one.
    ///
    /// # Errors
    /// `Invalid`, naming the option.
    pub fn over(&self, usual: Option<&Plan>) -> Result<Plan> {
        let strategy = match self.strategy()? {
            Some(strategy) => strategy,
            None => usual.map_or(Strategy::Canary, |usual| usual.strategy),
        };
        let mut plan = match (strategy, usual) {
            (Strategy::AllAtOnce, _) => {
                let message = "the strategy all-at-once has no steps to roll out by";
                return Err(Error::invalid(message).at("strategy"));
            }
            (wanted, Some(usual)) if usual.strategy == wanted => usual.clone(),
            (Strategy::Shadow, _) => Plan::shadow(),
            _ => Plan::canary(),
        };
        if let Some(steps) = &self.steps {
            let steps = match strategy {
                Strategy::Shadow => shadows(steps),
                _ => steps.clone(),
            };
            plan.steps = read_steps(&steps, LEAST)?;
        }
        if let Some(audience) = &self.audience {
            let audience: Audience = audience.parse()?;
            plan = plan.among(&audience);
        }
        if let Some(unit) = &self.unit {
            plan.unit = Unit::from_word(unit).ok_or_else(|| {
                let message = format!("{unit:?} is no unit: write user, conversation or call");
                Error::invalid(message).at("unit")
            })?;
        }
        if let Some(samples) = self.samples {
            plan = plan.with_samples(samples);
        }
        if let Some(watch) = &self.watch {
            plan.watch_s = time(watch, "watch")?;
        }
        if let Some(no_data) = &self.no_data {
            plan.silence_s = time(no_data, "no_data")?;
        }
        if let Some(proof) = &self.proof {
            plan.proof = match proof.as_str() {
                "shown" => true,
                "no-harm" => false,
                other => {
                    let message = format!("{other:?} is no proof: write shown or no-harm");
                    return Err(Error::invalid(message).at("proof"));
                }
            };
        }
        Ok(plan)
    }
}

fn time(text: &str, option: &'static str) -> Result<u64> {
    if text == "0" {
        return Ok(0);
    }
    seconds(text).map_err(|error| error.at(option))
}

/// The steps of a shadow need not say that they are.
fn shadows(steps: &str) -> String {
    let marked = steps.split(',').map(str::trim).filter(|step| !step.is_empty()).map(|step| {
        if step.starts_with("shadow ") { step.to_string() } else { format!("shadow {step}") }
    });
    marked.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatemark_core::assign::Mode;

    fn some(text: &str) -> Option<String> {
        Some(text.to_string())
    }

    #[test]
    fn what_is_asked_goes_over_what_is_usual() {
        let usual = Plan { watch_s: 7, ..Plan::canary() };
        let asked = Asked { steps: some("1%:1h"), samples: Some(9), ..Asked::default() };
        let plan = asked.over(Some(&usual)).unwrap();
        assert_eq!((plan.steps.len(), plan.watch_s, plan.rails[0].least), (1, 7, 9));
        let asked = Asked { strategy: some("shadow"), steps: some("20%:2h"), ..Asked::default() };
        let plan = asked.over(Some(&usual)).unwrap();
        assert_eq!((plan.steps[0].mode, plan.watch_s), (Mode::Shadow, 0));
        assert_eq!(plan.problems(), Vec::<String>::new());
        let asked =
            Asked { audience: some("tier = free"), proof: some("no-harm"), ..Asked::default() };
        let plan = asked.over(None).unwrap();
        assert!(!plan.proof && plan.steps.iter().all(|step| !step.audience.is_everybody()));
    }

    #[test]
    fn wrong_options_are_named() {
        let wrong = [
            (Asked { strategy: some("fast"), ..Asked::default() }, "strategy"),
            (Asked { strategy: some("staged"), ..Asked::default() }, "strategy"),
            (Asked { steps: some("5%"), ..Asked::default() }, "steps"),
            (Asked { audience: some("free"), ..Asked::default() }, "audience"),
            (Asked { unit: some("team"), ..Asked::default() }, "unit"),
            (Asked { watch: some("soon"), ..Asked::default() }, "watch"),
            (Asked { proof: some("yes"), ..Asked::default() }, "proof"),
        ];
        for (asked, option) in wrong {
            assert_eq!(asked.over(None).unwrap_err().param(), Some(option), "{asked:?}");
        }
    }
}
