//! How a rollout is to take place, as options.

use gatemark_control::rollout::Asked;

/// Options of a rollout; each that is not given is as the environment says in gatemark.yaml.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Options {
    /// all-at-once, shadow (copies of calls, answers seen by nobody) or canary (a growing share)
    #[arg(long, value_name = "STRATEGY")]
    strategy: Option<String>,
    /// Steps: SHARE:HOLD[:UNITS], joined by commas, e.g. 5%:24h,20%:48h:500
    #[arg(long, value_name = "STEPS")]
    steps: Option<String>,
    /// Who takes part, by tags of calls, e.g. 'tier = free'
    #[arg(long, value_name = "TAGS")]
    audience: Option<String>,
    /// What is assigned: user, conversation or call
    #[arg(long, value_name = "UNIT")]
    unit: Option<String>,
    /// Scored units of the candidate before a guardrail may pass [default: 500]
    #[arg(long, value_name = "N")]
    samples: Option<u64>,
    /// How long the candidate is watched when it serves everybody; 0 for not at all [default: 14d]
    #[arg(long, value_name = "TIME")]
    watch: Option<String>,
    /// After how long without data the candidate is aborted [default: 24h]
    #[arg(long, value_name = "TIME")]
    no_data: Option<String>,
    /// What a promotion needs: shown (every guardrail has proof) or no-harm (none speaks against it)
    #[arg(long, value_name = "PROOF")]
    proof: Option<String>,
}

impl Options {
    /// What is asked for.
    pub(crate) fn asked(&self) -> Asked {
        let Self { strategy, steps, audience, unit, samples, watch, no_data, proof } = self.clone();
        Asked { strategy, steps, audience, unit, samples, watch, no_data, proof }
    }
}
