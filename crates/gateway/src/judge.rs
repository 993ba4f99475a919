//! The judge in step 7: how good is the answer of a cascade's lower step?
//!
//! The judge is a prompt of the registry in the version that the cascade names, so its request is prepared and
//! sent like any other: within the call's deadline, reserved in the call's budgets and within its version's cap,
//! and found again by a test run under a key of its own. Its reply is read as checks read those of their judges.
//!
//! A judge that cannot be asked, fails, is late or gives no verdict vouches for nothing: the call goes up. For
//! that to be possible it gets half of the time that is left, and no more.

use std::sync::Arc;
use std::time::Duration;

use gatemark_core::call::Outcome;
use gatemark_core::cascade;
use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::id::ModelName;
use gatemark_core::money::NanoUsd;
use gatemark_core::prompt::Version;
use gatemark_provider::Dialect;
use gatemark_provider::answer::Answer;
use gatemark_provider::request::ChatRequest;
use gatemark_text::judge::{self, Contract, Form, Subject};
use serde_json::{Map, Value};

use crate::check;
use crate::dispatch::{Answered, Got, Job};
use crate::incoming::Ask;
use crate::measure::Size;
use crate::prepare;
use crate::record::Pending;
use crate::release::{Judge, Release};
use crate::reserve;
use crate::resolve::{Named, Resolved};

/// What the judge says.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Opinion {
    /// Whether the answer is good enough to stay.
    pub(crate) good: bool,
    /// On the judge's own scale, or 1 for pass and 0 for fail; `None` without a verdict.
    pub(crate) score: Option<f64>,
    /// What the reply cost when it was given.
    pub(crate) cost: Option<NanoUsd>,
}

impl Release {
    /// Who judges its cascade, if it goes up by a judge that [`Release::set_judge`] is still to be given.
    pub fn wants_judge(&self) -> Option<&cascade::Judge> {
        self.version.content.judge().filter(|_| self.judge.get().is_none())
    }

    /// Sets the judge of its cascade: `version` is the one that [`Release::wants_judge`] names.
    ///
    /// # Errors
    /// `Invalid` if it is no judge of single answers.
    pub fn set_judge(&self, version: &Version) -> Result<()> {
        let Some(named) = self.wants_judge() else { return Ok(()) };
        let contract = Contract::read(&version.content).map_err(|problems| {
            Error::invalid(format!("{named} is no judge: {}", problems.join("; ")))
                .coded("no_judge")
        })?;
        let mut version = version.clone();
        let content = &mut version.content;
        // It says what it says, once: asking others or again would hide that it is no verdict.
        (content.cascade, content.conversation, content.output.repair) = (None, None, Some(0));
        let cap = self.version.content.limits.cost_per_call;
        content.limits.cost_per_call = content.limits.cost_per_call.or(cap);
        let model = named.model.clone();
        let release = Arc::new(Release::on(&version, &model)?);
        // Whoever was first has the same.
        self.judge.set(Judge { release, model, contract }).ok();
        Ok(())
    }

    /// How large a question to the judge of its cascade would be with an answer of no length; `None` without a
    /// judge.
    pub fn judge_size(&self, variables: &Map<String, Value>) -> Option<(&ModelName, Size)> {
        let judge = self.judge.get()?;
        let named = self.version.content.judge()?;
        let criteria = named.criteria.as_deref();
        let subject =
            Subject { answer: "", expected: None, input: variables, criteria, system: "" };
        let declared = &judge.release.version.content.variables;
        let values = subject.values(&judge.contract, declared).ok()?;
        Some((&judge.model, judge.release.size(&judge.model, &values).ok()?))
    }
}

/// Asks the judge that `named` names about an answer of the call `job`, which has `left` to be answered. The outer
/// error is of our own store.
pub(crate) async fn ask(
    (job, asked): (Job<'_>, &Ask),
    named: &cascade::Judge,
    answer: &Answer,
    left: Duration,
    record: &mut Pending,
) -> Result<Opinion> {
    let Some(judge) = job.resolved.named.as_ref().and_then(|named| named.release.judge.get())
    else {
        tracing::warn!(call = record.id(), judge = %named, "the judge is not there; going up");
        return Ok(Opinion::default());
    };
    let spent = record.spent_so_far(answer.usage);
    let subject = values((job.resolved, asked), (judge, named), answer, record);
    record.step_aside();
    let ready = subject.and_then(|variables| {
        let resolved = resolved(job, judge, variables);
        let mut prepared = prepare::prepare(job.snapshot, &resolved, question(), record)?;
        let of = (job.resolved, &resolved);
        reserve::judge(job.snapshot, of, &mut prepared, spent, record)?;
        Ok((resolved, prepared))
    });
    let (resolved, prepared) = match ready {
        Ok(ready) => ready,
        Err(error) => {
            record.come_back(&ChatRequest::default(), None);
            tracing::warn!(call = record.id(), judge = %named, %error, "not judged; going up");
            return Ok(Opinion::default());
        }
    };
    let own = judge.release.version.content.limits.timeout();
    let most = own.map_or(left / 2, |own| own.min(left / 2));
    let job = Job { resolved: &resolved, prepared: &prepared, ask: None, ..job };
    reply(job, (judge, named), most, record).await
}

/// Asks, and reads the reply.
async fn reply(
    job: Job<'_>,
    (judge, named): (&Judge, &cascade::Judge),
    most: Duration,
    record: &mut Pending,
) -> Result<Opinion> {
    let request = &job.prepared.request;
    let replied = match tokio::time::timeout(most, crate::answer(job, record)).await {
        Ok(replied) => replied,
        Err(_) => {
            let late = Error::new(Kind::Timeout, "the judge did not reply in time");
            record.abandon(&late);
            Ok(Err(late))
        }
    };
    let whole = match &replied {
        Ok(Ok(Answered { got: Got::Whole(answer), .. })) => Some(&**answer),
        _ => None,
    };
    let cost = record.come_back(request, whole);
    let found = match replied? {
        Ok(Answered { got: Got::Whole(answer), .. }) => verdict((judge, named), &answer),
        Ok(Answered { got: Got::Stream(_), .. }) => Err("its reply is a stream".to_string()),
        Err(error) => Err(error.to_string()),
    };
    Ok(match found {
        Ok(found) => {
            let score = Some(found.raw.unwrap_or(found.score));
            Opinion { good: found.passes, score, cost }
        }
        Err(why) => {
            tracing::debug!(call = record.id(), judge = %named, why, "no verdict; going up");
            Opinion { cost, ..Opinion::default() }
        }
    })
}

/// The verdict in a reply, or why there is none.
fn verdict(
    (judge, named): (&Judge, &cascade::Judge),
    reply: &Answer,
) -> Result<judge::Opinion, String> {
    if check::verdict(Some(&judge.release), &reply.text, &reply.finish).outcome != Outcome::Ok {
        return Err("its reply does not fit its output schema".to_string());
    }
    let at_least = match judge.contract.form {
        Form::Score { scale, .. } => named.below.and_then(|below| scale.position(below)),
        Form::Verdict => Some(1.0),
        Form::Winner => None,
    };
    let at_least = at_least.ok_or("its scale does not have the threshold")?;
    judge::read(&reply.text, judge.contract.form, at_least)
}

/// What the judge is shown: what the prompt was given, with what the caller added to the conversation.
fn values(
    (resolved, asked): (&Resolved, &Ask),
    (judge, named): (&Judge, &cascade::Judge),
    answer: &Answer,
    record: &Pending,
) -> Result<Map<String, Value>> {
    let own = resolved.named.as_ref();
    let own = own.ok_or_else(|| Error::internal("a cascade without a prompt"))?;
    let mut input = own.variables.clone();
    let added = asked.messages.as_deref().and_then(|raw| serde_json::from_str(raw.get()).ok());
    if let Some(messages @ Value::Array(_)) = added
        && messages != Value::Array(vec![])
    {
        input.entry("messages").or_insert(messages);
    }
    let system = match judge.contract.takes("system") {
        true => own.release.system_text(&record.record().model, &own.variables)?,
        false => String::new(),
    };
    let subject = Subject {
        answer: &answer.text,
        expected: None,
        input: &input,
        criteria: named.criteria.as_deref(),
        system: &system,
    };
    let declared = &judge.release.version.content.variables;
    let values = subject.values(&judge.contract, declared);
    values.map_err(|why| Error::invalid(format!("{named} {why}")))
}

/// The judge in the place of the version, under the call's own terms.
fn resolved(job: Job<'_>, judge: &Judge, variables: Map<String, Value>) -> Resolved {
    let of = job.resolved;
    Resolved {
        model: judge.model.clone(),
        price: job.snapshot.project().price(&judge.model),
        recording: of.recording,
        redact: of.redact,
        environment: of.environment.clone(),
        named: Some(Named { release: judge.release.clone(), variables }),
        recall: of.recall.clone(),
        others: None,
        hedge_after: None,
        guard: of.guard,
        assigned: None,
        split: None,
        brought: None,
    }
}

/// A whole answer, and nothing added to the judge's own messages.
fn question() -> Ask {
    Ask {
        dialect: Dialect::Chat,
        stream: false,
        usage_wanted: false,
        messages: None,
        fields: vec![],
        headers: vec![],
        past: None,
        near: None,
    }
}
