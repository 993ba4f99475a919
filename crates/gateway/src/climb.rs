//! The way through the steps of a cascade, of which each is asked by `answer` like a call without one.

use gatemark_core::cascade::{Judge, Reason};
use gatemark_core::error::{Error, Kind, Result};
use gatemark_provider::answer::Answer;

use crate::cascade::{Sign, Stairs};
use crate::dispatch::{Answered, Got, Job};
use crate::incoming::Ask;
use crate::judge;
use crate::record::Pending;

/// Asks one step of the cascade after the other, until an answer is good enough or there is none above it.
pub(crate) async fn climb(
    stairs: &mut Stairs<'_>,
    (job, ask): (Job<'_>, &Ask),
    mut answered: Result<Answered>,
    record: &mut Pending,
) -> Result<Result<Answered>> {
    let of = (job.snapshot, job.resolved, ask);
    while let Ok(Answered { got: Got::Whole(below), by }) = &answered {
        let Some(sign) = stairs.sign(below, record) else { break };
        let input = &by.as_deref().unwrap_or(job.prepared).request.messages;
        // It is paid for, also if the caller leaves while the judge or the step above is asked.
        record.note_answer(input, &below.text, below.usage);
        let why = match sign {
            Sign::Up(why) => Some(why),
            Sign::Ask(judge) => {
                let why = judged(stairs, judge, (job, ask), below, record).await?;
                // What the judge cost is paid beside it.
                record.note_answer(input, &below.text, below.usage);
                why
            }
        };
        let Some(why) = why else { break };
        let Some(next) = stairs.next(of, below, record) else { break };
        let step = record.step();
        let (resolved, prepared) = (&next.resolved, &next.prepared);
        let higher = Job { resolved, prepared, ask: None, ..job };
        let above = tokio::time::timeout(next.time, crate::answer(higher, record)).await;
        if above.is_err() {
            record.abandon(&Error::new(Kind::Timeout, "the step above did not answer in time"));
        }
        // A step without time is one that failed; our own store's error is not.
        let above = above.ok().transpose()?;
        let Some(Ok(above)) = above else {
            record.step_stands(step);
            break;
        };
        record.step_passed(&step, input, (&below.text, below.usage));
        stairs.went_up(why, below.text.clone());
        answered = Ok(Answered { got: above.got, by: Some(Box::new(next.prepared)) });
    }
    let got = answered.as_ref().ok().and_then(|answered| match &answered.got {
        Got::Whole(answer) => Some(&**answer),
        Got::Stream(_) => None,
    });
    let top = stairs.top().and_then(|model| job.snapshot.project().price(model));
    let way = stairs.climb(got, &record.record().model);
    record.note_climb(way, top);
    Ok(answered)
}

/// Why the judge has the call go up, if it does. Without time it is not asked, and nobody else would be.
async fn judged(
    stairs: &mut Stairs<'_>,
    named: &Judge,
    of: (Job<'_>, &Ask),
    answer: &Answer,
    record: &mut Pending,
) -> Result<Option<Reason>> {
    let Some(left) = stairs.left(record) else { return Ok(None) };
    let opinion = judge::ask(of, named, answer, left, record).await?;
    stairs.judged(&record.record().model, opinion.score, opinion.cost);
    Ok((!opinion.good).then_some(Reason::Judge))
}
