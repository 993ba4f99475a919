//! Runs a judge over labelled answers.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use gatemark_core::calibration::{Calibration, Figures, Judged, Rating};
use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::id::{Digest, ModelName, PromptName};
use gatemark_core::money::NanoUsd;
use gatemark_core::report::Verdict;
use gatemark_gateway::{PromptRef, Selector, clock};

use super::labels::{self, Format, Item};
use crate::forecast::Bill;
use crate::judge::{Contract, Form, Judge, Pair, Rule, Subject, Turn, Winner};
use crate::lanes::Lanes;
use crate::purse::Purse;
use crate::{Control, select};

/// What to calibrate, and on what.
#[derive(Debug, Clone)]
pub struct CalibrateRequest {
    /// The judge.
    pub judge: PromptRef,
    /// Its model, if not its own.
    pub model: Option<ModelName>,
    /// The labels.
    pub labels: String,
    /// How they are written.
    pub format: Format,
    /// By what to judge where a label has no `criteria` of its own.
    pub criteria: Option<String>,
    /// How votes are counted.
    pub rule: Rule,
    /// Answers under way at once, at least 1.
    pub concurrency: usize,
    /// Most money that may be spent.
    pub max_cost: Option<NanoUsd>,
    /// Who asks.
    pub actor: String,
}

/// A finished calibration and its rows.
#[derive(Debug)]
pub struct CalibrationRun {
    /// What was stored.
    pub calibration: Calibration,
    /// What the judge made of each answer.
    pub rows: Vec<Judged>,
}

/// A judge in a list.
#[derive(Debug, Clone)]
pub struct JudgeInfo {
    /// The prompt.
    pub name: PromptName,
    /// Its newest version's number.
    pub number: u32,
    /// The model that serves it.
    pub model: Option<ModelName>,
    /// What it replies, or in what it is no judge.
    pub form: Result<Form, Vec<String>>,
    /// The newest calibration of exactly this version on this model.
    pub calibration: Option<Calibration>,
    /// Whether other versions or models of it were calibrated.
    pub calibrated_before: bool,
}

impl Control {
    /// Has a judge judge what people have labelled, and stores how far they agree.
    ///
    /// # Errors
    /// `Invalid` for a prompt that is no judge and for labels that cannot be used; `VendorFailed` if nothing
    /// at all could be judged; `Limited` if the cap on money was reached, and then nothing is stored.
    pub async fn calibrate(&self, request: &CalibrateRequest) -> Result<CalibrationRun> {
        let judge = self.judge(&request.judge, request.model.as_ref()).await?;
        let form = judge.contract.form;
        let items = labels::read(&request.labels, request.format, form)?;
        let judge = Arc::new(judge);
        let lanes = Lanes::of(&self.project, request.concurrency);
        let purse = self.purse(&judge, &items, request)?;
        let asked = stream::iter(&items).map(async |item| {
            if !purse.admit() {
                return None;
            }
            let row = self.judged(&judge, item, request, &lanes).await;
            purse.settle(row.cost.unwrap_or_default());
            Some(row)
        });
        let rows: Vec<Option<Judged>> = asked.buffered(request.concurrency.max(1)).collect().await;
        let left = rows.iter().filter(|row| row.is_none()).count();
        if left > 0 {
            return Err(capped(request, &purse, (left, items.len())));
        }
        let rows: Vec<Judged> = rows.into_iter().flatten().collect();
        if let Some(row) = rows.first()
            && rows.iter().all(|row| row.judge.is_none() && !row.undecided)
        {
            let message = format!("{} gave no verdict at all: {}", judge.name(), row.note);
            return Err(Error::new(Kind::VendorFailed, message).coded("nothing_judged"));
        }
        let version = judge.version();
        let calibration = Calibration {
            id: uuid::Uuid::now_v7().to_string(),
            judge: version.prompt.clone(),
            number: version.number,
            version: version.hash,
            model: judge.model.clone(),
            labels: Digest::of(request.labels.as_bytes()),
            at_least: request.rule.at_least,
            votes: request.rule.votes,
            actor: request.actor.clone(),
            finished_at: clock::now_us(),
            figures: Figures::of(&rows, request.rule.at_least, steps(form)),
        };
        self.store.save_calibration(&calibration).await?;
        Ok(CalibrationRun { calibration, rows })
    }

    /// Money for judging `items`, by what they are expected to cost.
    fn purse(&self, judge: &Judge, items: &[Item], request: &CalibrateRequest) -> Result<Purse> {
        let mut bill = Bill::default();
        for item in items {
            let (votes, subject) = (request.rule.votes, subject(item, request));
            let forecast = match &item.other {
                None => judge.forecast(votes, &subject, Some(0)),
                Some(other) => judge.forecast_pair(votes, &Pair { subject, other }, Some(0)),
            };
            forecast.iter().for_each(|forecast| bill.add(&self.project, forecast));
        }
        bill.cappable(request.max_cost)?;
        Ok(Purse::up_to(request.max_cost, bill.of_one(items.len() as u64)))
    }

    async fn judged(
        &self,
        judge: &Judge,
        item: &Item,
        request: &CalibrateRequest,
        lanes: &Lanes,
    ) -> Judged {
        let subject = subject(item, request);
        let row = Judged {
            id: item.id.clone(),
            length: item.answer.chars().count() as u64,
            people: item.people.clone(),
            judge: None,
            undecided: false,
            agreement: None,
            swayed: None,
            cost: None,
            note: String::new(),
        };
        match &item.other {
            None => {
                let judged =
                    self.judge_answer(judge, request.rule, &subject, Turn::first(lanes)).await;
                let decided = matches!(judged.verdict, Verdict::Pass | Verdict::Fail);
                let rating = match (judge.contract.form, judged.score) {
                    (Form::Score { .. }, Some(score)) if scored(item) => Rating::Score(score),
                    _ => Rating::Passes(judged.verdict == Verdict::Pass),
                };
                Judged {
                    judge: decided.then_some(rating),
                    undecided: judged.verdict == Verdict::Inconclusive,
                    agreement: judged.agreement,
                    cost: judged.cost,
                    note: judged.note,
                    ..row
                }
            }
            Some(other) => {
                let pair = Pair { subject, other };
                let judged = self.judge_pair(judge, request.rule, &pair, Turn::first(lanes)).await;
                let swayed = judged.meetings.iter().filter(|vote| !vote.consistent).count();
                Judged {
                    length: 0,
                    judge: judged.winner().map(prefers),
                    undecided: judged.verdict == Verdict::Inconclusive,
                    agreement: judged.agreement,
                    swayed: Some((judged.meetings.len() as u64, swayed as u64)),
                    cost: judged.cost,
                    note: judged.note,
                    ..row
                }
            }
        }
    }

    /// Every prompt that is a judge, and those under `judges/` that are meant to be one.
    pub async fn judges(&self) -> Result<Vec<JudgeInfo>> {
        let mut judges = vec![];
        for prompt in self.store.prompts().await? {
            let version = select::version(&self.store, &prompt.name, &Selector::Default).await?;
            let form = Contract::read(&version.content).map(|contract| contract.form);
            if form.is_err() && prompt.name.service() != "judges" {
                continue;
            }
            let model = version.content.models.first().map(|variant| variant.model.clone());
            let all = self.store.calibrations(&prompt.name).await?;
            let calibrated_before = !all.is_empty();
            let calibration = all.into_iter().find(|found| {
                found.version == version.hash && Some(&found.model) == model.as_ref()
            });
            judges.push(JudgeInfo {
                name: prompt.name,
                number: version.number,
                model,
                form,
                calibration,
                calibrated_before,
            });
        }
        Ok(judges)
    }
}

fn subject<'a>(item: &'a Item, request: &'a CalibrateRequest) -> Subject<'a> {
    Subject {
        answer: &item.answer,
        expected: item.expected.as_ref(),
        input: &item.input,
        criteria: item.criteria.as_deref().or(request.criteria.as_deref()),
        system: &item.system,
    }
}

/// Agreement on some of the labels is not what was asked for, and is not kept.
fn capped(request: &CalibrateRequest, purse: &Purse, (left, all): (usize, usize)) -> Error {
    let message = format!(
        "stopped at the cap of {}: {} spent, {left} of {all} labels are not judged; nothing is kept",
        request.max_cost.unwrap_or_default(),
        purse.spent()
    );
    Error::new(Kind::Limited, message).coded("run_capped")
}

/// Whether people gave the item scores, so that the judge's is compared as one.
fn scored(item: &Item) -> bool {
    item.people.iter().any(|(_, rating)| matches!(rating, Rating::Score(_)))
}

fn prefers(winner: Winner) -> Rating {
    Rating::Prefers(match winner {
        Winner::First => 1,
        Winner::Second => -1,
        Winner::Tie => 0,
    })
}

/// Whole numbers between the ends of the judge's scale.
fn steps(form: Form) -> Option<u32> {
    let Form::Score { scale, .. } = form else { return None };
    let width = scale.most - scale.least;
    (2..=100_u32).find(|steps| scale.is_whole() && (f64::from(*steps) - width).abs() < 1e-9)
}
