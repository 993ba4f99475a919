//! Step 5, reserve: no call is sent that comes too fast, or may cost more than it is allowed to.
//!
//! Three bounds. [`enter`]: the *limits* of the project, how fast and how many at once, for every call. Then,
//! once it is known that a vendor is going to be asked and so that something is going to be paid,
//! [`reserve`]: the version's own *cap* on the cost of a call, and the *budgets* of the project: the dearest
//! that the call can cost is promised in every budget that is about it, in all or in none, and settled when
//! the call has ended. An answer that was given before costs nothing and passes both.
//!
//! The estimate is the dearest that the call can be: every input token at the dearest rate of its side,
//! every output token that the request or the model permits. It errs on the high side, so a cap is a
//! promise. Where caps and budgets are far from their amounts the bytes of the request stand in for its tokens
//! ([`CHEAP_SHARE`]); nothing is counted for calls that none is about.

use std::time::Duration;

use gatemark_core::budget::{AccountKey, Budget, OnExceed};
use gatemark_core::call::{CallPurpose, CallRecord};
use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::id::ModelName;
use gatemark_core::ledger::{Claim, Short, Standing};
use gatemark_core::money::NanoUsd;
use gatemark_core::price::Price;
use gatemark_core::scope::Subject;
use gatemark_core::window::{self, Window};

use crate::fields;
use crate::hold::Hold;
use crate::meter::Meter;
use crate::pace;
use crate::prepare::Prepared;
use crate::record::Pending;
use crate::resolve::Resolved;
use crate::snapshot::Snapshot;

/// Most output reckoned for a call that bounds it neither itself nor by its model. Such a call is not cut,
/// so it may cost more than was promised for it.
const ASSUMED_OUTPUT: u64 = 4096;

/// Up to this share of a budget's amount, in percent, requests are not counted but bounded by their bytes.
const CHEAP_SHARE: i64 = 90;

/// Enters the limits that are about the call; `record` holds that until the call has ended.
pub(crate) fn enter(
    snapshot: &Snapshot,
    resolved: &Resolved,
    prepared: &Prepared,
    record: &mut Pending,
) -> Result<()> {
    let limits = &snapshot.project().limits;
    if record.record().purpose == CallPurpose::Test || limits.is_empty() {
        return Ok(());
    }
    let mut hold = record.take_hold();
    let output = prepared.max_output.or_else(|| fields::max_output(&prepared.request.fields));
    let tokens = prepared.weight().guess().saturating_add(output.unwrap_or(0));
    let entered = pace::enter(limits, &subject(resolved, record.record()), tokens, &mut hold);
    // Also after a refusal: the answer says what is left of the rates.
    record.keep(hold);
    entered
}

/// Promises what one request may cost, the first of its call or another one, at another target or at the same again: one
/// that failed may have to be paid for all the same. `record` holds the promise until the call has ended.
pub(crate) fn reserve(
    snapshot: &Snapshot,
    resolved: &Resolved,
    prepared: &Prepared,
    record: &mut Pending,
) -> Result<()> {
    beside(snapshot, (resolved, prepared), None, record)
}

/// Promises what a request to the judge of a cascade may cost: it keeps its own cap, and is paid by the call whose
/// answer it judges, so that call's cap, prompt and environment count.
pub(crate) fn judge(
    snapshot: &Snapshot,
    (resolved, judge): (&Resolved, &Resolved),
    prepared: &mut Prepared,
    spent: NanoUsd,
    record: &mut Pending,
) -> Result<()> {
    let known = snapshot.project().models.get(&judge.model);
    within_cap(judge, prepared, known.and_then(|model| model.max_input))?;
    prepared.spent = spent;
    let (model, price) = (judge.model.clone(), judge.price.clone());
    let payer = Resolved { model, price, others: None, ..resolved.clone() };
    reserve(snapshot, &payer, prepared, record)
}

/// The same while a request to `flying` is under way: the call may have to pay both.
pub(crate) fn beside(
    snapshot: &Snapshot,
    (resolved, prepared): (&Resolved, &Prepared),
    flying: Option<&ModelName>,
    record: &mut Pending,
) -> Result<()> {
    let project = snapshot.project();
    let known = project.models.get(&resolved.model);
    within_cap(resolved, prepared, known.and_then(|model| model.max_input))?;
    if record.record().purpose == CallPurpose::Test || project.budgets.is_empty() {
        return Ok(());
    }
    let mut hold = record.take_hold();
    let under_way = flying.map_or(NanoUsd::ZERO, |model| hold.promised_to(model));
    let bounds = Bounds {
        prepared,
        spent: prepared.spent + under_way,
        max_input: known.and_then(|model| model.max_input),
        max_output: known.and_then(|model| model.max_output),
    };
    let call = record.record();
    let budgets = Budgets::about(&project.budgets, &subject(resolved, call), call.at);
    let promised = budgets.promise(resolved, &bounds, call.at, (&mut hold, record.meter()));
    record.keep(hold);
    promised
}

/// What the call is, to budgets and limits.
fn subject<'a>(resolved: &'a Resolved, call: &'a CallRecord) -> Subject<'a> {
    Subject {
        key: &call.caller,
        prompt: resolved.named.as_ref().map(|named| &named.release.version.prompt),
        environment: resolved.environment.as_ref(),
        model: &resolved.model,
        tags: &call.tags,
    }
}

fn within_cap(resolved: &Resolved, prepared: &Prepared, most: Option<u64>) -> Result<()> {
    let Some(named) = &resolved.named else { return Ok(()) };
    let Some(cap) = named.release.version.content.limits.cost_per_call else { return Ok(()) };
    let Some(price) = &resolved.price else {
        let message = format!(
            "the prompt caps its cost per call, but `{}` has no price: add one to gatemark.yaml",
            resolved.model
        );
        return Err(Error::internal(message).coded("price_unknown"));
    };
    let weight = prepared.weight();
    let output = prepared.max_output.unwrap_or_default();
    let worst = |input| price.dearest(input, output, weight.sound) + prepared.spent;
    if worst(weight.tokens(most)) <= cap {
        return Ok(());
    }
    let worst = worst(weight.counted(&prepared.request, most));
    if worst <= cap {
        return Ok(());
    }
    let message = format!("this call may cost up to {worst}, over the prompt's cap of {cap}");
    Err(Error::invalid(message).coded("cost_cap_exceeded"))
}

/// What bounds a call's tokens, and what it has spent or may have to pay beside this request.
struct Bounds<'a> {
    prepared: &'a Prepared,
    spent: NanoUsd,
    max_input: Option<u64>,
    max_output: Option<u64>,
}

impl Bounds<'_> {
    fn dearest(&self, price: &Price, input: u64) -> NanoUsd {
        let fields = &self.prepared.request.fields;
        let asked = self.prepared.max_output.or_else(|| fields::max_output(fields));
        let each = match (asked, self.max_output) {
            (Some(asked), Some(most)) => asked.min(most),
            (asked, most) => asked.or(most).unwrap_or(ASSUMED_OUTPUT),
        };
        let output = each.saturating_mul(fields::answers(fields));
        price.dearest(input, output, self.prepared.weight().sound)
    }

    fn cheap(&self, price: &Price) -> NanoUsd {
        self.dearest(price, self.prepared.weight().tokens(self.max_input))
    }

    fn counted(&self, price: &Price) -> NanoUsd {
        let counted = self.prepared.weight().counted(&self.prepared.request, self.max_input);
        self.dearest(price, counted)
    }
}

/// The budgets that are about a call.
struct Budgets<'a> {
    of_window: Vec<(&'a Budget, AccountKey, window::Span)>,
    of_call: Vec<&'a Budget>,
}

impl<'a> Budgets<'a> {
    fn about(budgets: &'a [std::sync::Arc<Budget>], subject: &Subject<'_>, at: i64) -> Self {
        let (mut of_window, mut of_call) = (vec![], vec![]);
        for budget in budgets {
            let Some(key) = budget.account(subject) else { continue };
            if budget.window == Window::Call {
                of_call.push(budget.as_ref());
            } else {
                let span = window::around(budget.window, &budget.zone, at);
                of_window.push((budget.as_ref(), key, span));
            }
        }
        Self { of_window, of_call }
    }

    fn all(&self) -> impl Iterator<Item = &'a Budget> {
        self.of_window.iter().map(|(budget, ..)| *budget).chain(self.of_call.iter().copied())
    }

    /// Promises the call's dearest cost, or says which budget has no room for it.
    fn promise(
        &self,
        resolved: &Resolved,
        bounds: &Bounds<'_>,
        at: i64,
        (hold, meter): (&mut Hold, &dyn Meter),
    ) -> Result<()> {
        if self.all().next().is_none() {
            return Ok(());
        }
        let Some(price) = &resolved.price else { return self.unpriced(resolved) };
        let mut cost = bounds.cheap(price);
        if !self.is_far(hold, bounds.spent, cost) {
            cost = bounds.counted(price);
        }
        for budget in &self.of_call {
            if budget.has_room(bounds.spent, cost) {
                continue;
            }
            if budget.on_exceed == OnExceed::Stop {
                meter.over_budget(&budget.name);
                let message = format!(
                    "this call may cost up to {}, over budget `{}` of {} a call",
                    bounds.spent + cost,
                    budget.name,
                    budget.amount
                );
                return Err(Error::new(Kind::Limited, message).coded("budget_exceeded"));
            }
            let percent = budget.percent(bounds.spent + cost);
            hold.warnings.push(format!("{} {percent}%", budget.name));
        }
        let claims: Vec<Claim<'_>> = self
            .of_window
            .iter()
            .map(|(budget, key, span)| Claim {
                key,
                span: *span,
                bound: (budget.on_exceed == OnExceed::Stop).then_some(*budget),
            })
            .collect();
        match hold.volatile().reserve(&claims, cost, at) {
            Ok((promises, standings)) => {
                hold.promised(&resolved.model, cost, promises);
                self.warn(hold, &standings);
                Ok(())
            }
            Err(Short::Amount(place, standing)) => {
                let budget = self.of_window.get(place).map(|(budget, ..)| *budget);
                let budget = budget.ok_or_else(|| Error::internal("a budget is missing"))?;
                meter.over_budget(&budget.name);
                Err(exceeded(budget, cost, &standing, at))
            }
            Err(Short::Accounts) => {
                let message = "there are too many accounts of budgets: a scope for each value has too many values";
                Err(Error::new(Kind::Unavailable, message).coded("too_many_accounts"))
            }
        }
    }

    /// Whether every budget that could refuse is far enough from its amount for a rough bound.
    fn is_far(&self, hold: &Hold, spent: NanoUsd, cost: NanoUsd) -> bool {
        let far = |budget: &Budget, taken: NanoUsd| {
            budget.on_exceed == OnExceed::Warn || budget.percent(taken + cost) < CHEAP_SHARE
        };
        self.of_call.iter().all(|budget| far(budget, spent))
            && self.of_window.iter().all(|(budget, key, span)| {
                far(budget, hold.volatile().standing(key, *span).taken())
            })
    }

    /// Spending that cannot be counted passes only where a budget does no more than watch.
    fn unpriced(&self, resolved: &Resolved) -> Result<()> {
        let Some(budget) = self.all().find(|budget| budget.on_exceed == OnExceed::Stop) else {
            return Ok(());
        };
        let message = format!(
            "budget `{}` is about this call, but `{}` has no price: add one under `models` in gatemark.yaml, or \
             import prices",
            budget.name, resolved.model
        );
        Err(Error::internal(message).coded("price_unknown"))
    }

    fn warn(&self, hold: &mut Hold, standings: &[Standing]) {
        for ((budget, key, _), standing) in self.of_window.iter().zip(standings) {
            let taken = standing.taken();
            let Some(level) = budget.level(taken) else { continue };
            let percent = budget.percent(taken);
            hold.warnings.push(format!("{} {percent}%", budget.name));
            let filed = format!("{} {}", budget.name, key.account);
            if hold.volatile().is_new_warning(&filed, standing.span.start, level) {
                let (budget, account, amount) = (&budget.name, &key.account, budget.amount);
                tracing::warn!(budget, account, percent, %taken, %amount, "a budget has reached a warning level");
            }
        }
    }
}

fn exceeded(budget: &Budget, cost: NanoUsd, standing: &Standing, at: i64) -> Error {
    let span = match budget.window {
        Window::Total | Window::Call => "in total".to_string(),
        window => format!("a {}", window.word()),
    };
    let under_way = if standing.reserved > NanoUsd::ZERO {
        format!(" and {} promised to calls under way", standing.reserved)
    } else {
        String::new()
    };
    let message = format!(
        "budget `{}` of {} {span} has no room for this call, which may cost up to {cost}: {} is spent{under_way}",
        budget.name, budget.amount, standing.spent
    );
    let error = Error::new(Kind::Limited, message).coded("budget_exceeded");
    let left = standing.span.end.saturating_sub(at).max(0);
    if standing.span.end == i64::MAX {
        return error;
    }
    // Rounded up: at the second that is named, the window is over.
    error.retry_after(Duration::from_secs(left.unsigned_abs().div_ceil(1_000_000)))
}
