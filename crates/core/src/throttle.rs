//! The throttle: token buckets for calls and tokens per minute, and counters of calls under way.
//!
//! A bucket holds one minute's worth and fills steadily, so a caller who was idle may burst by that much
//! and nobody gets more than twice the rate in any minute. It is exact: a bucket counts in units of a
//! sixty-millionth, of which one whole rate drips in each microsecond. Time is an argument and should be
//! monotonic; one that goes back fills nothing.
//!
//! How many tokens a call takes is known only when it has ended: an estimate is taken first, and the
//! difference settled afterwards. The bucket may so go below zero, and later calls wait for it. A call that
//! is estimated at more than a whole bucket passes when the bucket is full, or it would never.

use std::collections::HashMap;
use std::time::Duration;

use crate::limit::{Limit, MOST_PER_MINUTE};

/// Units in one call or token: the microseconds in a minute.
const UNIT: i64 = 60_000_000;

/// Least time between two searches for accounts that can be dropped, in microseconds.
const BETWEEN_SWEEPS: u64 = 1_000_000;

/// What of a limit was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Calls per minute.
    Requests,
    /// Tokens per minute.
    Tokens,
    /// Calls at once.
    Concurrency,
}

impl Bound {
    /// Words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Requests => "requests per minute",
            Self::Tokens => "tokens per minute",
            Self::Concurrency => "concurrent requests",
        }
    }
}

/// What is left of a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// The whole, per minute.
    pub limit: u64,
    /// What may be taken now.
    pub remaining: u64,
    /// Until the whole is there again.
    pub reset: Duration,
}

/// The scarcest rates of the limits that a call met.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rates {
    /// Calls per minute.
    pub requests: Option<Rate>,
    /// Tokens per minute.
    pub tokens: Option<Rate>,
}

/// A call that came too fast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooFast {
    /// The place of the limit in what was asked.
    pub place: usize,
    /// Which of its bounds.
    pub bound: Bound,
    /// When the call may pass; unknown for calls at once.
    pub wait: Option<Duration>,
}

/// Why a call does not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stopped {
    /// It came too fast.
    TooFast(TooFast),
    /// There is no room for another account.
    Accounts,
}

/// A limit that is about a call, and the account that the call is counted in.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The account.
    pub account: &'a str,
    /// The limit.
    pub limit: &'a Limit,
}

/// A bucket; `level` may be below zero.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    rate: i64,
    level: i64,
    filled: u64,
}

impl Bucket {
    fn full(per_minute: u64, now: u64) -> Self {
        let rate = i64::try_from(per_minute.min(MOST_PER_MINUTE)).unwrap_or(i64::MAX / UNIT);
        Self { rate, level: rate.saturating_mul(UNIT), filled: now }
    }

    /// The bucket at `now`, with the rate that is configured now.
    fn at(known: Option<Self>, per_minute: u64, now: u64) -> Self {
        let fresh = Self::full(per_minute, now);
        let Some(old) = known else { return fresh };
        let passed = i64::try_from(now.saturating_sub(old.filled)).unwrap_or(i64::MAX);
        let level = old.level.saturating_add(fresh.rate.saturating_mul(passed)).min(fresh.level);
        Self { level, filled: now.max(old.filled), ..fresh }
    }

    fn capacity(&self) -> i64 {
        self.rate.saturating_mul(UNIT)
    }

    /// How long until `units` are there.
    fn wait(&self, units: i64) -> Duration {
        let missing = units.min(self.capacity()).saturating_sub(self.level).max(0);
        let micros = missing.saturating_add(self.rate - 1) / self.rate.max(1);
        Duration::from_micros(micros.unsigned_abs())
    }

    fn state(&self) -> Rate {
        Rate {
            limit: self.rate.unsigned_abs(),
            remaining: (self.level.max(0) / UNIT).unsigned_abs(),
            reset: self.wait(self.capacity()),
        }
    }
}

fn units(count: u64) -> i64 {
    i64::try_from(count.min(MOST_PER_MINUTE)).unwrap_or(0).saturating_mul(UNIT)
}

#[derive(Debug, Clone, Copy, Default)]
struct Account {
    requests: Option<Bucket>,
    tokens: Option<Bucket>,
    running: u64,
}

/// The state of all limits.
#[derive(Debug)]
pub struct Throttle {
    accounts: HashMap<String, Account>,
    most: usize,
    swept: Option<u64>,
}

impl Throttle {
    /// Of at most `most` accounts.
    pub fn new(most: usize) -> Self {
        Self { accounts: HashMap::new(), most, swept: None }
    }

    /// Lets a call begin that may take `tokens`: counts it under every limit, or under none. `now` is in
    /// microseconds from any fixed moment.
    ///
    /// # Errors
    /// [`Stopped`] names the limit for which it came too fast.
    pub fn enter(&mut self, asks: &[Ask<'_>], tokens: u64, now: u64) -> Result<Rates, Stopped> {
        let fresh = asks.iter().filter(|ask| !self.accounts.contains_key(ask.account)).count();
        if self.accounts.len() + fresh > self.most {
            self.sweep(now);
            if self.accounts.len() + fresh > self.most {
                return Err(Stopped::Accounts);
            }
        }
        let mut after = Vec::with_capacity(asks.len());
        for (place, ask) in asks.iter().enumerate() {
            let known = self.accounts.get(ask.account).copied().unwrap_or_default();
            let counted = counted(known, ask.limit, tokens, now);
            after.push(
                counted
                    .map_err(|(bound, wait)| Stopped::TooFast(TooFast { place, bound, wait }))?,
            );
        }
        for (ask, account) in asks.iter().zip(&after) {
            match self.accounts.get_mut(ask.account) {
                Some(known) => *known = *account,
                None => drop(self.accounts.insert(ask.account.to_string(), *account)),
            }
        }
        let scarcest = |of: fn(&Account) -> Option<Bucket>| {
            let rates = after.iter().filter_map(of).map(|bucket| bucket.state());
            rates.min_by_key(|rate| (rate.remaining, rate.limit))
        };
        Ok(Rates {
            requests: scarcest(|account| account.requests),
            tokens: scarcest(|account| account.tokens),
        })
    }

    /// Lets a call end that was taken for `taken` tokens and has used `used`.
    pub fn leave<'a>(&mut self, accounts: impl Iterator<Item = &'a str>, taken: u64, used: u64) {
        for account in accounts {
            let Some(account) = self.accounts.get_mut(account) else { continue };
            account.running = account.running.saturating_sub(1);
            if let Some(bucket) = &mut account.tokens {
                let taken = units(taken).min(bucket.capacity());
                let level = bucket.level.saturating_add(taken).saturating_sub(units(used));
                bucket.level = level.min(bucket.capacity());
            }
        }
    }

    /// The present state of the limits without a call.
    pub fn running(&self, account: &str) -> u64 {
        self.accounts.get(account).map_or(0, |account| account.running)
    }

    /// Drops accounts that are as good as new.
    fn sweep(&mut self, now: u64) {
        if self.swept.is_some_and(|swept| now.saturating_sub(swept) < BETWEEN_SWEEPS) {
            return;
        }
        self.swept = Some(now);
        let full = |bucket: Option<Bucket>| {
            bucket.is_none_or(|old| {
                let bucket = Bucket::at(Some(old), old.rate.unsigned_abs(), now);
                bucket.level >= bucket.capacity()
            })
        };
        self.accounts.retain(|_, account| {
            account.running > 0 || !full(account.requests) || !full(account.tokens)
        });
    }
}

/// The account after one more call, or the bound that it meets.
fn counted(
    known: Account,
    limit: &Limit,
    tokens: u64,
    now: u64,
) -> Result<Account, (Bound, Option<Duration>)> {
    if limit.concurrency.is_some_and(|most| known.running >= most) {
        return Err((Bound::Concurrency, None));
    }
    let requests = limit.requests_per_minute.map(|rate| Bucket::at(known.requests, rate, now));
    let requests = taken(requests, UNIT).map_err(|wait| (Bound::Requests, Some(wait)))?;
    let bucket = limit.tokens_per_minute.map(|rate| Bucket::at(known.tokens, rate, now));
    let tokens = taken(bucket, units(tokens)).map_err(|wait| (Bound::Tokens, Some(wait)))?;
    Ok(Account { requests, tokens, running: known.running + 1 })
}

fn taken(bucket: Option<Bucket>, units: i64) -> Result<Option<Bucket>, Duration> {
    let Some(mut bucket) = bucket else { return Ok(None) };
    let units = units.min(bucket.capacity());
    let wait = bucket.wait(units);
    if wait > Duration::ZERO {
        return Err(wait);
    }
    bucket.level -= units;
    Ok(Some(bucket))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scope::Scope;
    use proptest::prelude::*;

    const SECOND: u64 = 1_000_000;

    fn limit(requests: Option<u64>, tokens: Option<u64>, concurrency: Option<u64>) -> Limit {
        let scope = Scope::default();
        Limit { scope, requests_per_minute: requests, tokens_per_minute: tokens, concurrency }
    }

    fn enter(
        throttle: &mut Throttle,
        limit: &Limit,
        tokens: u64,
        now: u64,
    ) -> Result<Rates, TooFast> {
        throttle.enter(&[Ask { account: "a", limit }], tokens, now).map_err(|stopped| match stopped
        {
            Stopped::TooFast(what) => what,
            Stopped::Accounts => panic!("there is room"),
        })
    }

    #[test]
    fn requests_drip_in() {
        let (mut throttle, limit) = (Throttle::new(9), limit(Some(60), None, None));
        for left in (0..60).rev() {
            let rate = enter(&mut throttle, &limit, 0, 0).unwrap().requests.unwrap();
            assert_eq!((rate.limit, rate.remaining), (60, left));
            assert_eq!(rate.reset, Duration::from_secs(60 - left));
        }
        let refused = enter(&mut throttle, &limit, 0, 0).unwrap_err();
        assert_eq!((refused.bound, refused.wait), (Bound::Requests, Some(Duration::from_secs(1))));
        assert!(enter(&mut throttle, &limit, 0, SECOND - 1).is_err());
        assert!(enter(&mut throttle, &limit, 0, SECOND).is_ok());
        assert!(enter(&mut throttle, &limit, 0, 0).is_err(), "time that goes back fills nothing");
    }

    #[test]
    fn tokens_are_settled_and_may_be_owed() {
        let (mut throttle, limit) = (Throttle::new(9), limit(None, Some(600), None));
        assert!(enter(&mut throttle, &limit, 100, 0).is_ok());
        throttle.leave(["a"].into_iter(), 100, 900);
        let refused = enter(&mut throttle, &limit, 10, 0).unwrap_err();
        // 300 are owed and 10 wanted, at 10 a second.
        assert_eq!(refused.wait, Some(Duration::from_secs(31)));
        assert!(enter(&mut throttle, &limit, 10, 31 * SECOND).is_ok());
        let full = 1000 * SECOND;
        assert!(
            enter(&mut throttle, &limit, 5000, full).is_ok(),
            "more than a bucket passes when it is full"
        );
        assert!(enter(&mut throttle, &limit, 5000, full + SECOND).is_err());
        throttle.leave(["a"].into_iter(), 5000, 0);
        assert!(
            enter(&mut throttle, &limit, 600, full + SECOND).is_ok(),
            "what was not used comes back"
        );
    }

    #[test]
    fn calls_at_once() {
        let (mut throttle, limit) = (Throttle::new(9), limit(None, None, Some(2)));
        assert!(enter(&mut throttle, &limit, 0, 0).is_ok());
        assert!(enter(&mut throttle, &limit, 0, 0).is_ok());
        assert_eq!(enter(&mut throttle, &limit, 0, 0).unwrap_err().bound, Bound::Concurrency);
        throttle.leave(["a"].into_iter(), 0, 0);
        assert!(enter(&mut throttle, &limit, 0, 0).is_ok());
        assert_eq!(throttle.running("a"), 2);
    }

    #[test]
    fn one_refusal_counts_nowhere() {
        let mut throttle = Throttle::new(9);
        let (wide, narrow) = (limit(Some(100), None, None), limit(None, None, Some(1)));
        let asks = [Ask { account: "a", limit: &wide }, Ask { account: "b", limit: &narrow }];
        assert!(throttle.enter(&asks, 0, 0).is_ok());
        assert!(throttle.enter(&asks, 0, 0).is_err());
        assert_eq!(throttle.running("a"), 1);
        let rates = throttle.enter(&asks[..1], 0, 0).unwrap();
        assert_eq!(rates.requests.unwrap().remaining, 98);
    }

    #[test]
    fn idle_accounts_make_room() {
        let (mut throttle, limit) = (Throttle::new(2), limit(Some(60), None, None));
        for (second, account) in ["a", "b", "c", "d"].iter().enumerate() {
            let now = second as u64 * 100 * SECOND;
            assert!(throttle.enter(&[Ask { account, limit: &limit }], 0, now).is_ok());
            throttle.leave([*account].into_iter(), 0, 0);
        }
        let now = 300 * SECOND;
        let other = Ask { account: "e", limit: &limit };
        assert!(throttle.enter(&[other], 0, now).is_ok(), "c has filled up");
        assert_eq!(
            throttle.enter(&[Ask { account: "f", limit: &limit }], 0, now),
            Err(Stopped::Accounts)
        );
    }

    proptest! {
        /// In any stretch of time no more calls pass than the rate for it and one bucket.
        #[test]
        fn no_stretch_exceeds_the_rate(
            rate in 1_u64..200, gaps in proptest::collection::vec(0_u64..3 * SECOND, 1..300),
        ) {
            let (mut throttle, limit) = (Throttle::new(9), limit(Some(rate), None, None));
            let mut now = 0;
            let mut passed = vec![];
            for gap in gaps {
                now += gap;
                if enter(&mut throttle, &limit, 0, now).is_ok() {
                    passed.push(now);
                }
            }
            for (index, start) in passed.iter().enumerate() {
                let count = passed.iter().skip(index).filter(|at| **at - start < 60 * SECOND).count() as u64;
                prop_assert!(count <= 2 * rate);
            }
        }
    }
}
