//! Drives one run from its first row, or from where it was left, to its report.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::{StreamExt, stream};
use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::report::{Report, Row, Summariser, Verdict};
use gatemark_gateway::{Answers, Recall, clock};
use gatemark_store::run::RowFilter;

use super::brake::{Verdicts, paid};
use super::case::{self, Asking};
use super::journal::Journal;
use super::lock::RunLock;
use super::plan::Plan;
use super::request::{Progress, TestRequest, TestRun};
use crate::Control;
use crate::lanes::Lanes;
use crate::purse::Purse;

/// Rows read at once when a run is gone on with.
const PAGE: u32 = 500;

/// What the runs of one request share.
#[derive(Clone, Copy)]
pub(super) struct Shared<'a> {
    /// Rows under way, from the question to the last check: checks run code and ask others, and hundreds
    /// of them at once would slow each other until they time out.
    pub(super) desks: &'a Lanes,
    /// Calls under way.
    pub(super) lanes: &'a Lanes,
    pub(super) money: &'a Purse,
}

/// What is known of a run so far.
struct Standing {
    id: String,
    done: HashSet<u64>,
    /// Rows among these that passed.
    passed: u64,
    summariser: Summariser,
    verdicts: Verdicts,
}

pub(super) async fn run(
    control: &Control,
    plan: &Plan,
    request: &TestRequest,
    shared: Shared<'_>,
    progress: &dyn Progress,
) -> Result<TestRun> {
    let key = plan.key()?;
    let _lock = RunLock::take(&control.data, &key)?;
    let left = if request.resume { control.store.unfinished_run(&key).await? } else { None };
    let mut standing = match left {
        Some(id) => taken_up(control, plan, id, request, shared.money).await?,
        None => {
            let id = uuid::Uuid::now_v7().to_string();
            control.store.begin_run(&id, &key, clock::now_us()).await?;
            Standing::new(id, plan)
        }
    };
    let resumed = standing.done.len() as u64;
    if resumed > 0 {
        progress.resumed(&standing.id, resumed, standing.passed);
    }
    let journal = Journal::open(&control.store);
    let Shared { desks, lanes, money } = shared;
    let pass = Pass { control, plan, request, desks, lanes, money, progress };
    let stopped = pass.drive(&mut standing, &journal).await;
    journal.close().await?;
    let stopped = stopped?;
    if !plan.holds_under(control.gateway.snapshot().project()) {
        control.store.drop_run(&standing.id).await?;
        return Err(other_providers(plan));
    }
    let report = pass.report(standing, stopped).await?;
    let (version, suite) = (plan.version.clone(), plan.suite.clone());
    Ok(TestRun { report, version, suite, resumed, notes: plan.notes.clone() })
}

/// A server took over a changed gatemark.yaml while the run was under way: nobody knows which row is whose.
fn other_providers(plan: &Plan) -> Error {
    let message = format!(
        "the provider of {} was changed in gatemark.yaml during the run, which is no evidence for either: run it \
         again",
        plan.model
    );
    Error::new(Kind::Conflict, message).coded("configuration_changed")
}

impl Standing {
    fn new(id: String, plan: &Plan) -> Self {
        let (done, summariser) = (HashSet::new(), Summariser::default());
        Self { id, done, passed: 0, summariser, verdicts: Verdicts::of(plan) }
    }

    fn note(&mut self, ordinal: u64, row: &Row) {
        self.summariser.add(row);
        self.verdicts.note(ordinal, row.verdict);
    }
}

/// The rows that an unfinished run has. Those that got no answer are asked again, and so are those that took
/// an earlier run's, if that is not wanted now.
async fn taken_up(
    control: &Control,
    plan: &Plan,
    id: String,
    request: &TestRequest,
    money: &Purse,
) -> Result<Standing> {
    let mut standing = Standing::new(id, plan);
    let mut after = None;
    loop {
        let filter = RowFilter { after, failed_only: false };
        let rows = control.store.run_rows(&standing.id, filter, PAGE).await?;
        let Some((last, _)) = rows.last() else { return Ok(standing) };
        after = Some(*last);
        for (ordinal, row) in &rows {
            let known = row.verdict != Verdict::Error && row.verdict != Verdict::Untested;
            if known && (request.recall || !row.cached) {
                money.count(paid(row));
                standing.note(*ordinal, row);
                standing.passed += u64::from(row.verdict == Verdict::Pass);
                standing.done.insert(*ordinal);
            }
        }
    }
}

/// One go at a run.
struct Pass<'a> {
    control: &'a Control,
    plan: &'a Plan,
    request: &'a TestRequest,
    desks: &'a Lanes,
    lanes: &'a Lanes,
    money: &'a Purse,
    progress: &'a dyn Progress,
}

impl Pass<'_> {
    /// Asks what is not done. Gives why it stopped before the end, if it did.
    async fn drive(&self, standing: &mut Standing, journal: &Journal) -> Result<Option<String>> {
        let answers = self.request.recall.then(|| journal.answers(&self.control.store));
        let halted = AtomicBool::new(false);
        let done = std::mem::take(&mut standing.done);
        let ordinals = (0..self.plan.rows()).filter(|ordinal| !done.contains(ordinal));
        let asked = ordinals.map(|ordinal| self.ask(ordinal, &halted, answers.clone()));
        let mut rows = stream::iter(asked).buffer_unordered(self.request.concurrency.max(1));
        let (mut unasked, mut decided) = (vec![], None);
        while let Some((ordinal, row)) = rows.next().await {
            let Some(row) = row else {
                unasked.push(ordinal);
                continue;
            };
            standing.note(ordinal, &row);
            self.progress.row(&row);
            journal.row(&standing.id, ordinal, row).await?;
            if self.request.stop_early && decided.is_none() {
                decided = standing.verdicts.decided();
                halted.fetch_or(decided.is_some(), Ordering::Relaxed);
            }
        }
        match (decided, unasked.is_empty()) {
            (_, true) => Ok(None),
            (Some(why), false) => {
                self.give_up(standing, journal, &unasked, &why).await?;
                Ok(Some(why))
            }
            (None, false) => Err(self.out_of_money(unasked.len())),
        }
    }

    /// The row, or none if it is not to be asked any more.
    async fn ask(
        &self,
        ordinal: u64,
        halted: &AtomicBool,
        answers: Option<Arc<dyn Answers>>,
    ) -> (u64, Option<Row>) {
        let _desk = self.desks.enter(self.plan.model.provider()).await;
        let turn = self.lanes.enter(self.plan.model.provider()).await;
        let Some((case, repeat)) = self.plan.at(ordinal) else { return (ordinal, None) };
        if halted.load(Ordering::Relaxed) || !self.money.admit() {
            return (ordinal, None);
        }
        let recall = answers.map(|answers| Recall { answers, repeat });
        let asking = Asking {
            plan: self.plan,
            actor: &self.request.actor,
            recall,
            lanes: self.lanes,
            ordinal,
        };
        let row = case::ask(self.control, asking, (case, repeat), turn).await;
        self.money.settle(paid(&row));
        (ordinal, Some(row))
    }

    /// What was not asked counts, as untested.
    async fn give_up(
        &self,
        standing: &mut Standing,
        journal: &Journal,
        unasked: &[u64],
        why: &str,
    ) -> Result<()> {
        for ordinal in unasked {
            let Some((case, repeat)) = self.plan.at(*ordinal) else { continue };
            let row =
                Row { weight: case.weight, ..case::unasked(&case.id, &case.category, repeat, why) };
            standing.note(*ordinal, &row);
            journal.row(&standing.id, *ordinal, row).await?;
        }
        Ok(())
    }

    fn out_of_money(&self, left: usize) -> Error {
        let cap = self.request.max_cost.unwrap_or_default();
        let message = format!(
            "stopped at the cap of {cap}: {} spent, {left} of {} rows of {} are not asked; the others are \
             kept, and the same command with a higher cap goes on",
            self.money.spent(),
            self.plan.rows(),
            self.plan.model,
        );
        Error::new(Kind::Limited, message).coded("run_capped")
    }

    async fn report(&self, standing: Standing, stopped: Option<String>) -> Result<Report> {
        let (plan, now) = (self.plan, clock::now_us());
        let report = Report {
            id: standing.id,
            prompt: plan.version.prompt.clone(),
            number: plan.version.number,
            version: plan.version.hash,
            suite: plan.digest,
            model: plan.model.clone(),
            actor: self.request.actor.clone(),
            finished_at: now,
            stopped,
            judges: plan.judged_by.clone(),
            upstreams: plan.upstreams.clone(),
            summary: standing.summariser.finish(),
        };
        if !plan.draft {
            self.control.store.save_report(&report, now).await?;
        }
        Ok(report)
    }
}
