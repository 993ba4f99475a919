//! One attack, three times: bare, with marks, with everything.

use std::collections::BTreeSet;
use std::sync::Arc;

use gatemark_core::access::{Caller, Role};
use gatemark_core::call::{CallPurpose, Outcome};
use gatemark_core::error::Result;
use gatemark_core::guard::{Layer, Verdict};
use gatemark_core::guard_policy::{Mode, Place};
use gatemark_core::guarded::Guarded;
use gatemark_core::id::ModelName;
use gatemark_core::money::NanoUsd;
use gatemark_core::prompt::Version;
use gatemark_core::redteam::{Line, Tried};
use gatemark_gateway::{Body, Facts, Failure, Incoming, Release, Reply, Target};
use gatemark_text::redteam::Goal;

use super::plant::Planted;
use crate::Control;

/// The code of calls and answers that guards refused.
const BLOCKED: &str = "guard_blocked";

/// The version as it is called in each of the three ways.
pub(super) struct Stage<'c> {
    control: &'c Control,
    model: ModelName,
    bare: Arc<Release>,
    structure: Arc<Release>,
    whole: Arc<Release>,
    off: Arc<Place>,
    on: Arc<Place>,
}

/// What came of one call.
struct Came {
    reached: Option<bool>,
    cost: NanoUsd,
    call: String,
    guard: Option<Box<Guarded>>,
    /// The error's code, or why the static fallback was served.
    reason: Option<String>,
    mended: bool,
}

impl<'c> Stage<'c> {
    pub(super) fn new(
        control: &'c Control,
        version: &Version,
        model: &ModelName,
        place: &Place,
    ) -> Result<Self> {
        let mut unguarded = version.clone();
        unguarded.content.guard = None;
        let mut naked = unguarded.clone();
        naked.content.variables.values_mut().for_each(|variable| variable.spotlight = None);
        let off = Place { mode: Mode::Off, ..Place::default() };
        let on = Place { mode: Mode::Enforce, ..place.clone() };
        Ok(Self {
            control,
            model: model.clone(),
            bare: Arc::new(Release::on(&naked, model)?),
            structure: Arc::new(Release::on(&unguarded, model)?),
            whole: Arc::new(Release::on(version, model)?),
            off: Arc::new(off),
            on: Arc::new(on),
        })
    }

    /// Tries an attack, and says what it cost.
    pub(super) async fn try_one(&self, planted: Planted, actor: &str) -> (Tried, NanoUsd) {
        let bare = self.call(&self.bare, &self.off, &planted, actor).await;
        let structure = self.call(&self.structure, &self.off, &planted, actor).await;
        let whole = self.call(&self.whole, &self.on, &planted, actor).await;
        let guarded = whole.reached == Some(true);
        let before = (bare.reached, structure.reached);
        let stopped_by = (!guarded).then(|| line(&whole, before));
        let flagged = whole.guard.as_ref().is_some_and(|guard| guard.verdict == Verdict::Flag);
        let tried = Tried {
            attack: planted.attack.name,
            family: planted.attack.family,
            variable: planted.variable,
            bare: bare.reached,
            structure: structure.reached,
            guarded,
            stopped_by,
            flagged,
            call: whole.call,
        };
        (tried, bare.cost + structure.cost + whole.cost)
    }

    async fn call(
        &self,
        release: &Arc<Release>,
        place: &Arc<Place>,
        planted: &Planted,
        actor: &str,
    ) -> Came {
        let target = Target::Exact {
            release: release.clone(),
            model: self.model.clone(),
            variables: planted.variables.clone(),
            recall: None,
        };
        let caller = Caller { name: actor.to_string(), roles: vec![Role::Edit] };
        let incoming = Incoming::new(caller, CallPurpose::Test, target);
        let incoming = Incoming { guard: Some(place.clone()), ..incoming };
        match self.control.gateway.call(incoming).await {
            Ok(reply) => {
                let system = release.system_text(&self.model, &planted.variables);
                answered(reply, &planted.attack.goal, &system.unwrap_or_default())
            }
            Err(failure) => failed(failure),
        }
    }
}

fn answered(reply: Reply, goal: &Goal, system: &str) -> Came {
    let Facts { cost, call, guard, reason, repaired, outcome, .. } = reply.facts;
    let text = match reply.body {
        Body::Whole(answer) => answer.text,
        Body::Stream(_) => String::new(),
    };
    Came {
        reached: Some(goal.is_reached(&text, system)),
        cost: cost.unwrap_or_default(),
        call,
        guard,
        reason: reason.filter(|_| outcome == Some(Outcome::Fallback)),
        mended: repaired,
    }
}

/// A call that guards refused did not reach its goal; of any other that failed nothing is known.
fn failed(failure: Failure) -> Came {
    let code = failure.error.code().to_string();
    Came {
        reached: (code == BLOCKED).then_some(false),
        cost: NanoUsd::ZERO,
        call: failure.call.unwrap_or_default(),
        guard: failure.guard,
        reason: Some(code),
        mended: false,
    }
}

/// What stopped an attack, whose first two calls reached their goals or not.
fn line(came: &Came, (bare, structure): (Option<bool>, Option<bool>)) -> Line {
    if came.reached.is_none() {
        return Line::Error;
    }
    let findings = came.guard.iter().flat_map(|guard| &guard.findings);
    let (of_output, of_input): (Vec<_>, Vec<_>) = findings.partition(|found| found.at == "output");
    let blocked = came.reason.as_deref() == Some(BLOCKED);
    if blocked && of_output.is_empty() {
        let layer = of_input.first().map_or(Layer::Classifier, |found| found.finding.layer);
        return Line::Input(layer);
    }
    let layers: BTreeSet<Layer> = of_output.iter().map(|found| found.finding.layer).collect();
    if blocked || (!layers.is_empty() && structure == Some(true)) {
        return Line::Output;
    }
    if came.mended || came.reason.as_deref() == Some("off_format") {
        return Line::Format;
    }
    match (bare, structure) {
        (Some(true), Some(false)) => Line::Structure,
        _ => Line::Model,
    }
}
