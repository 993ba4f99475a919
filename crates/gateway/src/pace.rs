//! The first half of step 5: limits on how fast calls come and how many are under way.

use std::sync::Arc;
use std::time::Duration;

use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::limit::Limit;
use gatemark_core::scope::Subject;
use gatemark_core::throttle::{Ask, Bound, Rate, Rates, Stopped, TooFast};

use crate::hold::Hold;
use crate::volatile::SHORT_WAIT;

/// Lets the call enter every limit that is about it, or none.
pub(crate) fn enter(
    limits: &[Arc<Limit>],
    subject: &Subject<'_>,
    tokens: u64,
    hold: &mut Hold,
) -> Result<()> {
    let about = |limit: &'_ Arc<Limit>| Some((limit.account(subject)?, limit.clone()));
    let (accounts, limits): (Vec<String>, Vec<Arc<Limit>>) =
        limits.iter().filter_map(about).unzip();
    if limits.is_empty() {
        return Ok(());
    }
    let asks: Vec<Ask<'_>> =
        accounts.iter().zip(&limits).map(|(account, limit)| Ask { account, limit }).collect();
    match hold.volatile().enter(&asks, tokens) {
        Ok(rates) => {
            hold.entered(accounts, tokens, rates);
            Ok(())
        }
        Err(Stopped::TooFast(stopped)) => {
            let limit = limits.get(stopped.place);
            let limit = limit.ok_or_else(|| Error::internal("a limit is missing"))?;
            hold.rates = none_left(limit, &stopped);
            Err(refused(limit, &stopped))
        }
        Err(Stopped::Accounts) => {
            let message =
                "there are too many accounts of limits: a scope for each value has too many values";
            Err(Error::new(Kind::Unavailable, message).coded("too_many_accounts"))
        }
    }
}

fn bound(limit: &Limit, of: Bound) -> u64 {
    let bound = match of {
        Bound::Requests => limit.requests_per_minute,
        Bound::Tokens => limit.tokens_per_minute,
        Bound::Concurrency => limit.concurrency,
    };
    bound.unwrap_or_default()
}

fn none_left(limit: &Limit, stopped: &TooFast) -> Rates {
    let rate = Rate {
        limit: bound(limit, stopped.bound),
        remaining: 0,
        reset: stopped.wait.unwrap_or(SHORT_WAIT),
    };
    match stopped.bound {
        Bound::Requests => Rates { requests: Some(rate), tokens: None },
        Bound::Tokens => Rates { requests: None, tokens: Some(rate) },
        Bound::Concurrency => Rates::default(),
    }
}

fn refused(limit: &Limit, stopped: &TooFast) -> Error {
    let wait = stopped.wait.unwrap_or(SHORT_WAIT);
    let message = format!(
        "rate limit reached for {}: {} {}; try again in {}",
        limit.scope.shown(),
        bound(limit, stopped.bound),
        stopped.bound.words(),
        seconds(wait)
    );
    Error::new(Kind::Limited, message).coded("rate_limit_exceeded").retry_after(whole_seconds(wait))
}

/// Headers know whole seconds only; too early is refused again.
fn whole_seconds(wait: Duration) -> Duration {
    Duration::from_secs(wait.as_micros().div_ceil(1_000_000).try_into().unwrap_or(u64::MAX))
}

fn seconds(wait: Duration) -> String {
    format!("{:.3}s", wait.as_secs_f64())
}
