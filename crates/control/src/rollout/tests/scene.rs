//! Every transition of a rollout: what happened before it, and what brings it about.

use gatemark_core::gate::Purpose;
use serde::{Deserialize, Serialize};

use super::*;
use crate::experiment::tests as experiment;
use crate::gate;

/// What is done to a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) enum Deed {
    Tick,
    Start,
    Pause,
    Resume,
    Restart,
    Promote,
    Abort,
    /// Begins the experiment that is written down.
    Begin,
}

/// What somebody does, or time. A second time it may be refused, which is right.
pub(super) async fn perform(control: &Control, deed: Deed, now: i64) {
    let command = match deed {
        Deed::Tick => {
            control.tick_rollouts(now).await.unwrap();
            control.tick_experiments(now).await.unwrap();
            return;
        }
        Deed::Start => {
            let latest = Selector::Default;
            drop(control.start_rollout(&name(), &latest, &place(), quick(), "dan").await);
            return;
        }
        Deed::Begin => {
            drop(control.start_experiment("tone", "dan").await);
            return;
        }
        Deed::Pause => Command::Pause { reason: None },
        Deed::Resume => Command::Resume,
        Deed::Restart => Command::Restart(Box::new(Plan {
            steps: read_steps("30%:1h:10", 10).unwrap(),
            ..quick()
        })),
        Deed::Promote => Command::Promote,
        Deed::Abort => Command::Abort { reason: None },
    };
    control.steer_rollout(&name(), &place(), &command, "dan").await.unwrap();
}

/// Three steps and a watch of an hour each.
fn quick() -> Plan {
    let steps = read_steps("20%:1h, 40%:1h, 50%:1h", 10).unwrap();
    Plan { steps, watch_s: 3_600, proof: false, ..Plan::canary().with_samples(10) }
}

/// A transition: what happened before, and what brings it about.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scene {
    Start,
    /// So many steps are over when the next one is.
    Advance(i64),
    Promotion,
    Completion,
    /// Evidence that decides nothing: so many calls.
    Learning(i64),
    Steering(Deed),
    PausedFirst(Deed),
    AbortByGuardrail,
    RevertInTheWatch,
    Refusal,
    Superseded,
    SupersededByTheNext,
    ExperimentBegins,
    /// On so many-th day of traffic.
    ExperimentDecides(i64),
}

impl Scene {
    /// Prepares the folder; what is done, when, and the entries in the audit log that have to be there after it.
    pub(super) async fn prepare(self, folder: &Path) -> (Deed, i64, &'static [&'static str]) {
        let control = open(folder).await;
        if matches!(self, Self::Start) {
            registered(&control).await;
            control.close().await.unwrap();
            return (Deed::Start, 0, &["rollout.start"]);
        }
        if matches!(self, Self::ExperimentBegins | Self::ExperimentDecides(_)) {
            let done = self.experiment(&control).await;
            control.close().await.unwrap();
            return done;
        }
        let begun = begun(&control, quick()).await;
        let mut traffic = Traffic::new(1_000_000);
        let mut hours = 0;
        let mut pass = async |most: i64| {
            while hours < most {
                traffic.hour(&control, begun.started_at + hours * HOUR, 300, 0.01).await;
                hours += 1;
                control.tick_rollouts(begun.started_at + hours * HOUR).await.unwrap();
            }
        };
        let at = |hours: i64| begun.started_at + hours * HOUR;
        let done: (Deed, i64, &'static [&'static str]) = match self {
            Self::Start | Self::ExperimentBegins | Self::ExperimentDecides(_) => unreachable!(),
            Self::Advance(steps) => {
                pass(steps).await;
                traffic.hour(&control, at(steps), 300, 0.01).await;
                (Deed::Tick, at(steps + 1), &["rollout.advance"])
            }
            Self::Promotion | Self::Refusal => {
                pass(2).await;
                traffic.hour(&control, at(2), 300, 0.01).await;
                let told: &[_] = match self {
                    Self::Refusal => &["rollout.promote", "rollout.refused"],
                    _ => &["rollout.promote", "deploy", "rollout.watch"],
                };
                (Deed::Tick, at(3), told)
            }
            Self::Completion => {
                pass(3).await;
                traffic.hour(&control, at(3), 30, 0.01).await;
                (Deed::Tick, at(4), &["rollout.complete", "retire"])
            }
            Self::Learning(calls) => {
                traffic.hour(&control, at(0), calls, 0.01).await;
                (Deed::Tick, at(0) + HOUR / 2, &[])
            }
            Self::Steering(deed) => {
                traffic.hour(&control, at(0), 30, 0.01).await;
                control.tick_rollouts(at(0) + 1_000).await.unwrap();
                let told: &[_] = match deed {
                    Deed::Pause => &["rollout.pause"],
                    Deed::Restart => &["rollout.restart"],
                    Deed::Promote => &["rollout.promote", "deploy", "rollout.watch"],
                    _ => &["rollout.abort"],
                };
                (deed, at(0) + 1_000_000, told)
            }
            Self::PausedFirst(deed) => {
                perform(&control, Deed::Pause, 0).await;
                let told: &[_] = match deed {
                    Deed::Resume => &["rollout.resume"],
                    _ => &["rollout.abort"],
                };
                (deed, at(0) + 1_000_000, told)
            }
            Self::AbortByGuardrail => {
                traffic.hour(&control, at(0), 600, 0.7).await;
                (Deed::Tick, at(1), &["rollout.abort"])
            }
            Self::RevertInTheWatch => {
                pass(3).await;
                traffic.hour(&control, at(3), 600, 0.7).await;
                (Deed::Tick, at(3) + HOUR / 2, &["rollout.revert", "rollback", "rollout.abort"])
            }
            Self::Superseded => {
                // Another version is put in the place of what the candidate is compared with.
                control.store().push(&[version("three", Some(2))], "ann", 30).await.unwrap();
                let three = control.version_numbered(&name(), 3).await.unwrap();
                let asked = control.ask(&three, &place(), Purpose::Deploy).await.unwrap();
                let gate::Asked::Permitted(permit, _) = asked else { panic!("refused") };
                control.store().apply(*permit, "eve", at(0) + 1_000).await.unwrap();
                (Deed::Tick, at(1), &["rollout.supersede"])
            }
            Self::SupersededByTheNext => {
                pass(3).await;
                control.store().push(&[version("three", Some(2))], "ann", 30).await.unwrap();
                (Deed::Start, 0, &["rollout.supersede", "rollout.start"])
            }
        };
        control.close().await.unwrap();
        done
    }

    async fn experiment(self, control: &Control) -> (Deed, i64, &'static [&'static str]) {
        let Self::ExperimentDecides(day) = self else {
            experiment::prepared(control).await;
            let definition = experiment::definition(experiment::TONE);
            control.create_experiment(definition, "ann").await.unwrap();
            return (Deed::Begin, 0, &["experiment.start"]);
        };
        let begun = experiment::begun(control).await;
        let mut random = SplitMix::new(3);
        for passed in 0..day {
            let at = begun.started_at + passed * experiment::DAY;
            if passed > 0 {
                control.tick_experiments(at).await.unwrap();
            }
            experiment::come(control, &mut random, (at, 400), experiment::off_format).await;
        }
        let told: &[_] = match day {
            1 => &["experiment.stop_arm"],
            7 => &["experiment.conclude"],
            _ => &[],
        };
        (Deed::Tick, begun.started_at + day * experiment::DAY, told)
    }

    pub(super) fn yaml(self) -> String {
        match self {
            // The gate asks for tests and approvals, which nobody has.
            Self::Refusal => YAML.replace("{policy: open}", "{}"),
            _ => YAML.to_string(),
        }
    }
}
