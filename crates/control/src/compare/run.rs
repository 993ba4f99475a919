//! Asks the candidates and the judge.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use gatemark_core::access::{Caller, Role};
use gatemark_core::call::{CallPurpose, Outcome};
use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::id::ModelName;
use gatemark_core::money::NanoUsd;
use gatemark_core::prompt::Version;
use gatemark_core::suite::Case;
use gatemark_gateway::{Body, Incoming, PromptRef, Release, Target};

use super::ahead;
use super::figures::{self, Candidate, Comparison, PairRow};
use crate::judge::{Form, Judge, Judges, Pair, Rule, Subject, Turn};
use crate::lanes::Lanes;
use crate::purse::Purse;
use crate::{Control, select};

/// What to compare, and by whom.
#[derive(Debug, Clone)]
pub struct CompareRequest {
    /// Versions of one prompt.
    pub versions: Vec<PromptRef>,
    /// Models to ask each version on; none means each version's serving model.
    pub models: Vec<ModelName>,
    /// The judge of pairs.
    pub judge: PromptRef,
    /// The judge's model, if not its own.
    pub judge_model: Option<ModelName>,
    /// By what to compare, if not as the judge does by default.
    pub criteria: Option<String>,
    /// Votes on each pair of answers, from 1.
    pub votes: u32,
    /// Cases under way at once, and calls to each provider, at least 1.
    pub concurrency: usize,
    /// Most money that may be spent.
    pub max_cost: Option<NanoUsd>,
    /// Who asks.
    pub actor: String,
}

/// A candidate ready to answer.
pub(super) struct Side {
    pub(super) release: Arc<Release>,
    pub(super) model: ModelName,
}

/// Who judges, and how.
struct Ring<'a> {
    judge: &'a Judge,
    request: &'a CompareRequest,
    lanes: Lanes,
    purse: Purse,
}

/// What a candidate said about a case.
struct Said {
    answer: Result<String, String>,
    cost: Option<NanoUsd>,
    /// The system messages that it was given.
    system: String,
}

/// What one case gave.
struct Round {
    unanswered: Vec<bool>,
    costs: Vec<Option<NanoUsd>>,
    rows: Vec<PairRow>,
}

impl Control {
    /// Has every candidate answer the prompt's suite and a judge compare each two of them.
    ///
    /// # Errors
    /// `Invalid` for fewer than two candidates, for versions of different prompts and for a judge that does
    /// not compare; `VendorFailed` if nothing at all could be judged, `Limited` if the
    /// cap on money did not allow for a single case.
    pub async fn compare(&self, request: &CompareRequest) -> Result<Comparison> {
        let judges = Judges::default();
        let judge = judges.find(&request.judge, request.judge_model.as_ref(), self).await?;
        fits(&judge, request)?;
        let sides = self.sides(request).await?;
        let Some(name) = sides.first().map(|side| &side.release.version.prompt) else {
            return Err(Error::invalid("there is nothing to compare"));
        };
        let (suite, digest) = self.store.current_suite(name).await?.ok_or_else(|| {
            let message =
                format!("`{name}` has no suite, and so no cases to compare its answers on");
            Error::not_found(message).coded("no_suite")
        })?;
        let bill = self.bill(&suite.cases, &sides, &judge, request);
        bill.cappable(request.max_cost)?;
        let purse = Purse::up_to(request.max_cost, bill.of_one(suite.cases.len() as u64));
        let lanes = Lanes::of(&self.project, request.concurrency);
        let ring = Ring { judge: &judge, request, lanes, purse };
        let rounds: Vec<Option<Round>> = stream::iter(&suite.cases)
            .map(|case| self.round_if_affordable(case, &sides, &ring))
            .buffered(request.concurrency.max(1))
            .collect()
            .await;
        let left = rounds.iter().filter(|round| round.is_none()).count();
        let cases = rounds.len();
        let stopped = (left > 0).then(|| ring.stopped(left, cases));
        let rounds: Vec<Round> = rounds.into_iter().flatten().collect();
        let mut notes = vec![];
        for side in &sides {
            notes.extend(judges.notes(&side.model).await);
        }
        notes.sort();
        notes.dedup();
        let comparison = Comparison {
            prompt: name.to_string(),
            suite: digest.to_string(),
            judge: judge.name(),
            notes,
            stopped,
            ..summed(&sides, rounds, cases as u64)
        };
        judged(comparison)
    }

    async fn sides(&self, request: &CompareRequest) -> Result<Vec<Side>> {
        let mut sides: Vec<Side> = vec![];
        for wanted in &request.versions {
            let version = select::version(&self.store, &wanted.name, &wanted.selector).await?;
            let own = version.content.models.first().map(|variant| variant.model.clone());
            let models = if request.models.is_empty() { own.as_slice() } else { &request.models };
            for model in models {
                let side = self.side(&version, model)?;
                self.furnish(&side.release).await?;
                sides.push(side);
            }
        }
        let same = |one: &Side, other: &Side| {
            one.release.version.hash == other.release.version.hash && one.model == other.model
        };
        for (index, side) in sides.iter().enumerate() {
            if sides.iter().take(index).any(|other| same(other, side)) {
                let version = &side.release.version;
                let message = format!(
                    "{}@{} on {} is compared with itself",
                    version.prompt, version.number, side.model
                );
                return Err(Error::invalid(message).coded("same_candidate"));
            }
        }
        let names = || sides.iter().map(|side| &side.release.version.prompt);
        match names().next() {
            Some(first) if sides.len() > 1 && names().all(|name| name == first) => Ok(sides),
            Some(_) if sides.len() > 1 => {
                Err(Error::invalid("only versions of one prompt answer the same cases"))
            }
            _ => Err(Error::invalid(
                "there is nothing to compare with: name two versions, or several models with --model",
            )),
        }
    }

    fn side(&self, version: &Version, model: &ModelName) -> Result<Side> {
        if !self.project.serves(model) {
            let message = format!("the model `{model}` has no provider in gatemark.yaml");
            return Err(Error::invalid(message).at("model").coded("model_not_found"));
        }
        if let Some(variable) = self.keys_missing.get(model.provider()) {
            let message =
                format!("{model} cannot be called: its key {variable} is not in the environment");
            return Err(Error::invalid(message).at("model").coded("provider_key_missing"));
        }
        let release = Arc::new(Release::on(version, model)?);
        Ok(Side { release, model: model.clone() })
    }

    async fn round_if_affordable(
        &self,
        case: &Case,
        sides: &[Side],
        ring: &Ring<'_>,
    ) -> Option<Round> {
        if !ring.purse.admit() {
            return None;
        }
        let round = self.round(case, sides, ring).await;
        let judging = round.rows.iter().filter_map(|row| row.cost);
        ring.purse.settle(round.costs.iter().flatten().copied().chain(judging).sum());
        Some(round)
    }

    async fn round(&self, case: &Case, sides: &[Side], ring: &Ring<'_>) -> Round {
        let asked = sides.iter().map(|side| self.said(side, case, ring));
        let said = futures_util::future::join_all(asked).await;
        let mut rows = vec![];
        for one in 0..said.len() {
            for other in one + 1..said.len() {
                let (Some(a), Some(b)) = (said.get(one), said.get(other)) else { continue };
                let row = PairRow {
                    case: case.id.clone(),
                    one,
                    other,
                    winner: None,
                    swayed: 0,
                    votes: 0,
                    note: String::new(),
                    cost: None,
                };
                rows.push(self.meet(row, (a, b), case, ring).await);
            }
        }
        let unanswered = said.iter().map(|said| said.answer.is_err()).collect();
        Round { unanswered, costs: said.iter().map(|said| said.cost).collect(), rows }
    }

    async fn meet(
        &self,
        row: PairRow,
        (one, other): (&Said, &Said),
        case: &Case,
        ring: &Ring<'_>,
    ) -> PairRow {
        let Ring { judge, request, lanes, .. } = ring;
        let system = ahead::instructions(&one.system, &other.system);
        let (answer, other) = match (&one.answer, &other.answer) {
            (Ok(answer), Ok(other)) => (answer, other),
            (Err(why), _) | (_, Err(why)) => return PairRow { note: why.clone(), ..row },
        };
        let subject = Subject {
            answer,
            expected: case.expected.as_ref(),
            input: &case.variables,
            criteria: request.criteria.as_deref(),
            system: &system,
        };
        let rule = Rule { at_least: 0.5, votes: request.votes.max(1), min_agreement: 0.6 };
        let judged =
            self.judge_pair(judge, rule, &Pair { subject, other }, Turn::first(lanes)).await;
        let swayed = judged.meetings.iter().filter(|meeting| !meeting.consistent).count();
        PairRow {
            winner: judged.winner().map(figures::word),
            swayed: swayed as u64,
            votes: judged.meetings.len() as u64,
            note: judged.note,
            cost: judged.cost,
            ..row
        }
    }

    async fn said(&self, side: &Side, case: &Case, ring: &Ring<'_>) -> Said {
        let _lane = ring.lanes.enter(side.model.provider()).await;
        // Variables that do not fit are what the call itself complains of.
        let system = side.release.system_text(&side.model, &case.variables).unwrap_or_default();
        let incoming = Incoming::new(
            Caller { name: ring.request.actor.clone(), roles: vec![Role::Edit] },
            CallPurpose::Test,
            Target::Exact {
                release: side.release.clone(),
                model: side.model.clone(),
                variables: case.variables.clone(),
                recall: None,
            },
        );
        let named = format!("version {} on {}", side.release.version.number, side.model);
        match self.gateway.call(incoming).await {
            Err(failure) => Said {
                answer: Err(format!("{named} did not answer: {}", failure.error)),
                cost: None,
                system,
            },
            Ok(reply) => {
                let answer = match (reply.facts.outcome, reply.body) {
                    (Some(Outcome::Fallback), _) => {
                        Err(format!("{named} did not answer: its static fallback was served"))
                    }
                    (_, Body::Whole(answer)) => Ok(answer.text),
                    (_, Body::Stream(_)) => Err(format!("{named} streamed its answer")),
                };
                Said { answer, cost: reply.facts.cost, system }
            }
        }
    }
}

impl Ring<'_> {
    fn stopped(&self, left: usize, all: usize) -> String {
        format!(
            "stopped at the cap of {}: {} spent, {left} of {all} cases are not compared",
            self.request.max_cost.unwrap_or_default(),
            self.purse.spent()
        )
    }
}

fn fits(judge: &Judge, request: &CompareRequest) -> Result<()> {
    let name = judge.name();
    let contract = &judge.contract;
    let why = if contract.form != Form::Winner {
        format!("{name} judges one answer: to compare, a judge's output needs a `winner`")
    } else if request.criteria.is_some() && !contract.takes("criteria") {
        format!("{name} has no variable `criteria`: it would not see yours")
    } else if request.criteria.is_none() && contract.needs("criteria") {
        format!("{name} needs --criteria")
    } else {
        return Ok(());
    };
    Err(Error::invalid(why).coded("judge_misfit"))
}

/// The figures over `cases`, of which those without a round are unjudged.
fn summed(sides: &[Side], rounds: Vec<Round>, cases: u64) -> Comparison {
    let mut candidates: Vec<Candidate> = sides
        .iter()
        .enumerate()
        .map(|(index, side)| Candidate {
            number: side.release.version.number,
            semver: side.release.version.semver.to_string(),
            model: side.model.to_string(),
            unanswered: rounds
                .iter()
                .filter(|round| round.unanswered.get(index) == Some(&true))
                .count() as u64,
            score: None,
            cost: rounds.iter().filter_map(|round| *round.costs.get(index)?).sum(),
        })
        .collect();
    let rows: Vec<PairRow> = rounds.into_iter().flat_map(|round| round.rows).collect();
    let mut pairs = vec![];
    for one in 0..sides.len() {
        pairs.extend((one + 1..sides.len()).map(|o| figures::standing(&rows, (one, o), cases)));
    }
    for (index, candidate) in candidates.iter_mut().enumerate() {
        candidate.score = figures::score(&pairs, index);
    }
    Comparison {
        prompt: String::new(),
        suite: String::new(),
        judge: String::new(),
        best: figures::best(&candidates),
        candidates,
        pairs,
        judge_cost: rows.iter().filter_map(|row| row.cost).sum::<NanoUsd>(),
        notes: vec![],
        stopped: None,
        rows,
    }
}

/// A comparison in which nothing was judged says nothing about the candidates: a failure, not a result.
fn judged(comparison: Comparison) -> Result<Comparison> {
    if comparison.pairs.iter().any(|pair| pair.score.is_some()) {
        return Ok(comparison);
    }
    if let Some(stopped) = &comparison.stopped
        && comparison.rows.is_empty()
    {
        return Err(Error::new(Kind::Limited, stopped.clone()).coded("run_capped"));
    }
    let why = comparison.rows.first().map(|row| row.note.as_str()).unwrap_or("the suite is empty");
    let message = format!("{} judged no pair of answers: {why}", comparison.judge);
    Err(Error::new(Kind::VendorFailed, message).coded("nothing_judged"))
}
