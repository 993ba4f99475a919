//! The ledger: what is spent and what is promised, by account and window.
//!
//! A call's dearest possible cost is *reserved* in all its accounts or in none before it is sent, and
//! *settled* at its real cost afterwards. What is spent and promised together never passes an amount that
//! a reservation was checked against, so a budget is overshot only by calls that cost more than they had
//! reserved.
//!
//! An account keeps its latest few windows. A clock that jumps back finds the window that it had left with
//! everything spent in it; further back than what is kept, the oldest kept window counts: going back in
//! time opens no budget. Accounts are bounded; those whose windows have passed make room for new ones.

use std::collections::HashMap;

use crate::budget::{AccountKey, Budget};
use crate::money::NanoUsd;
use crate::window::Span;

/// Windows kept for each account.
const KEPT: usize = 3;

/// Least time between two searches for accounts that can be dropped, in microseconds.
const BETWEEN_SWEEPS: i64 = 1_000_000;

/// What a call asks of one budget.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// Where it is filed.
    pub key: &'a AccountKey,
    /// The window that it falls in.
    pub span: Span,
    /// The budget that must have room, or none if it only watches.
    pub bound: Option<&'a Budget>,
}

/// An account's state in one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Which window.
    pub span: Span,
    /// What calls have cost.
    pub spent: NanoUsd,
    /// What calls under way may cost.
    pub reserved: NanoUsd,
}

impl Standing {
    /// Spent and reserved together.
    pub fn taken(&self) -> NanoUsd {
        self.spent + self.reserved
    }
}

/// A promise in one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    key: AccountKey,
    start: i64,
    amount: NanoUsd,
}

/// Why nothing was reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Short {
    /// The claim at this place has no room.
    Amount(usize, Standing),
    /// There is no room for another account.
    Accounts,
}

/// What is spent and promised.
#[derive(Debug)]
pub struct Ledger {
    accounts: HashMap<AccountKey, Vec<Standing>>,
    most: usize,
    swept: i64,
}

impl Ledger {
    /// An empty ledger of at most `most` accounts.
    pub fn new(most: usize) -> Self {
        Self { accounts: HashMap::new(), most, swept: i64::MIN }
    }

    /// Promises `cost` in the account of every claim, each account once, or nothing. Gives the promises
    /// and every claim's standing with this promise in it.
    ///
    /// # Errors
    /// [`Short`] names the first claim without room.
    pub fn reserve(
        &mut self,
        claims: &[Claim<'_>],
        cost: NanoUsd,
        now: i64,
    ) -> Result<(Vec<Hold>, Vec<Standing>), Short> {
        for (place, claim) in claims.iter().enumerate() {
            let standing = self.standing(claim.key, claim.span);
            if claim.bound.is_some_and(|budget| !budget.has_room(standing.taken(), cost)) {
                return Err(Short::Amount(place, standing));
            }
        }
        let fresh = claims.iter().filter(|claim| !self.accounts.contains_key(claim.key)).count();
        if self.accounts.len() + fresh > self.most {
            self.sweep(now);
            if self.accounts.len() + fresh > self.most {
                return Err(Short::Accounts);
            }
        }
        let mut holds: Vec<Hold> = Vec::with_capacity(claims.len());
        for claim in claims.iter() {
            if holds.iter().any(|hold| hold.key == *claim.key) {
                continue;
            }
            let slot = self.slot(claim.key, claim.span);
            slot.reserved += cost;
            holds.push(Hold { key: claim.key.clone(), start: slot.span.start, amount: cost });
        }
        let standings = claims.iter().map(|claim| self.standing(claim.key, claim.span)).collect();
        Ok((holds, standings))
    }

    /// Takes back promises and files what the call really cost: zero for one that was never made.
    pub fn settle(&mut self, holds: &[Hold], cost: NanoUsd) {
        for hold in holds {
            let slots = self.accounts.get_mut(&hold.key);
            let slot =
                slots.and_then(|slots| slots.iter_mut().find(|s| s.span.start == hold.start));
            if let Some(slot) = slot {
                slot.reserved = NanoUsd(slot.reserved.0.saturating_sub(hold.amount.0));
                slot.spent += cost;
            }
        }
    }

    /// Files what was spent before this ledger began. An account that is known already is left as it is.
    pub fn seed(&mut self, key: &AccountKey, span: Span, spent: NanoUsd) {
        if self.accounts.len() < self.most && !self.accounts.contains_key(key) {
            self.slot(key, span).spent = spent;
        }
    }

    /// Files that at least this was spent in an account that was not looked after all along.
    pub fn raise(&mut self, key: &AccountKey, span: Span, spent: NanoUsd) {
        if self.accounts.len() < self.most || self.accounts.contains_key(key) {
            let slot = self.slot(key, span);
            slot.spent = slot.spent.max(spent);
        }
    }

    /// Whether the account is known.
    pub fn knows(&self, key: &AccountKey) -> bool {
        self.accounts.contains_key(key)
    }

    /// An account's state in a window.
    pub fn standing(&self, key: &AccountKey, span: Span) -> Standing {
        let empty = Standing { span, spent: NanoUsd::ZERO, reserved: NanoUsd::ZERO };
        let Some(slots) = self.accounts.get(key) else { return empty };
        let found = slots.iter().find(|slot| slot.span.start == span.start);
        found
            .or_else(|| slots.first().filter(|oldest| span.start < oldest.span.start))
            .copied()
            .unwrap_or(empty)
    }

    /// Every account with its latest window.
    pub fn latest(&self) -> impl Iterator<Item = (&AccountKey, &Standing)> {
        self.accounts.iter().filter_map(|(key, slots)| Some((key, slots.last()?)))
    }

    /// How many accounts there are.
    pub fn len(&self) -> usize {
        self.accounts.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    /// The window's slot, made if need be.
    fn slot(&mut self, key: &AccountKey, span: Span) -> &mut Standing {
        let slots = self.accounts.entry(key.clone()).or_default();
        let place = match slots.binary_search_by_key(&span.start, |slot| slot.span.start) {
            Ok(place) => place,
            // Older than everything kept: the oldest counts.
            Err(0) if !slots.is_empty() => 0,
            Err(place) => {
                slots.insert(
                    place,
                    Standing { span, spent: NanoUsd::ZERO, reserved: NanoUsd::ZERO },
                );
                let drop = usize::from(slots.len() > KEPT && place > 0);
                slots.drain(..drop);
                place - drop
            }
        };
        &mut slots[place]
    }

    /// Drops accounts of which no window is open and nothing is promised.
    fn sweep(&mut self, now: i64) {
        if now.saturating_sub(self.swept).saturating_abs() < BETWEEN_SWEEPS {
            return;
        }
        self.swept = now;
        let alive = |slot: &Standing| slot.span.end > now || slot.reserved > NanoUsd::ZERO;
        self.accounts.retain(|_, slots| slots.iter().any(alive));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::OnExceed;
    use crate::scope::Scope;
    use crate::window::{Window, Zone};
    use proptest::prelude::*;

    const HOUR: Span = Span { start: 100, end: 200 };
    const NEXT: Span = Span { start: 200, end: 300 };

    fn key(account: &str) -> AccountKey {
        AccountKey { account: account.into(), window: Window::Day, zone: "UTC".into() }
    }

    fn budget(amount: i64) -> Budget {
        Budget {
            name: "b".into(),
            scope: Scope::default(),
            amount: NanoUsd(amount),
            window: Window::Day,
            zone: Zone::utc(),
            warn_at: vec![],
            on_exceed: OnExceed::Stop,
        }
    }

    fn take(
        ledger: &mut Ledger,
        key: &AccountKey,
        span: Span,
        amount: i64,
        cost: i64,
    ) -> Option<Vec<Hold>> {
        let budget = budget(amount);
        let claims = [Claim { key, span, bound: Some(&budget) }];
        ledger.reserve(&claims, NanoUsd(cost), span.start).ok().map(|(holds, _)| holds)
    }

    #[test]
    fn all_accounts_or_none_and_each_once() {
        let mut ledger = Ledger::new(10);
        let (wide, narrow) = (budget(100), budget(10));
        let (a, b) = (key("a"), key("b"));
        let claim = |key, bound| Claim { key, span: HOUR, bound: Some(bound) };
        let refused = ledger.reserve(&[claim(&a, &wide), claim(&b, &narrow)], NanoUsd(11), 0);
        assert!(matches!(refused, Err(Short::Amount(1, _))));
        assert!(ledger.is_empty(), "a refused call leaves nothing behind");
        // Two budgets on one account: it is charged once.
        let (holds, standings) =
            ledger.reserve(&[claim(&a, &wide), claim(&a, &narrow)], NanoUsd(7), 0).unwrap();
        assert_eq!((holds.len(), standings[1].reserved), (1, NanoUsd(7)));
        ledger.settle(&holds, NanoUsd(5));
        let standing = ledger.standing(&a, HOUR);
        assert_eq!((standing.spent, standing.reserved), (NanoUsd(5), NanoUsd(0)));
    }

    #[test]
    fn a_clock_that_jumps_back_opens_nothing() {
        let mut ledger = Ledger::new(10);
        let a = key("a");
        let first = take(&mut ledger, &a, HOUR, 10, 10).unwrap();
        ledger.settle(&first, NanoUsd(10));
        let second = take(&mut ledger, &a, NEXT, 10, 10).unwrap();
        ledger.settle(&second, NanoUsd(10));
        assert!(take(&mut ledger, &a, HOUR, 10, 1).is_none(), "the window that was left");
        let before = Span { start: 0, end: 100 };
        assert!(take(&mut ledger, &a, before, 10, 1).is_none(), "a window before all");
        let glitch = Span { start: 9000, end: 9100 };
        assert!(take(&mut ledger, &a, glitch, 10, 1).is_some());
        assert!(take(&mut ledger, &a, NEXT, 10, 1).is_none(), "back from the future");
    }

    #[test]
    fn old_windows_and_dead_accounts_make_room() {
        let mut ledger = Ledger::new(3);
        let a = key("a");
        for start in 0..50 {
            let span = Span { start: start * 10, end: start * 10 + 10 };
            let hold = take(&mut ledger, &a, span, 10, 1).unwrap();
            ledger.settle(&hold, NanoUsd(1));
        }
        assert_eq!(ledger.accounts[&a].len(), KEPT);
        let late = Span { start: 5_000_000, end: 6_000_000 };
        let open: Vec<_> =
            ["b", "c", "d"].iter().map(|name| take(&mut ledger, &key(name), late, 9, 1)).collect();
        assert!(open.iter().all(Option::is_some), "the passed account made room");
        let budget = budget(9);
        let claims = [Claim { key: &key("e"), span: late, bound: Some(&budget) }];
        assert_eq!(ledger.reserve(&claims, NanoUsd(1), 5_000_000), Err(Short::Accounts));
    }

    #[test]
    fn a_seed_does_not_undo_what_is_known() {
        let mut ledger = Ledger::new(3);
        ledger.seed(&key("a"), HOUR, NanoUsd(4));
        ledger.seed(&key("a"), HOUR, NanoUsd(9));
        assert_eq!(ledger.standing(&key("a"), HOUR).spent, NanoUsd(4));
    }

    /// What may happen to a ledger: a call begins, or one of those under way ends at a share of its
    /// promise in percent (zero: it was never made).
    #[derive(Debug, Clone)]
    enum Step {
        Begin { accounts: Vec<u8>, window: bool, cost: i64 },
        End { which: usize, share: i64 },
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (proptest::collection::vec(0_u8..3, 1..4), any::<bool>(), 0_i64..60)
                .prop_map(|(accounts, window, cost)| Step::Begin { accounts, window, cost }),
            (any::<usize>(), 0_i64..=100).prop_map(|(which, share)| Step::End { which, share }),
        ]
    }

    proptest! {
        /// Against a model that only adds up: nothing passes its amount, sums are those of the calls.
        #[test]
        fn any_interleaving_keeps_the_promise(steps in proptest::collection::vec(step(), 1..120)) {
            let mut ledger = Ledger::new(10);
            let keys: Vec<AccountKey> = (0..3).map(|n| key(&n.to_string())).collect();
            let budgets: Vec<Budget> = [100, 150, 90].into_iter().map(budget).collect();
            let mut open: Vec<(Vec<Hold>, Vec<u8>, bool, i64)> = vec![];
            let mut spent: HashMap<(u8, bool), i64> = HashMap::new();
            let span = |window: bool| if window { NEXT } else { HOUR };
            for step in steps {
                match step {
                    Step::Begin { accounts, window, cost } => {
                        let claims: Vec<Claim<'_>> = accounts.iter().map(|n| Claim {
                            key: &keys[usize::from(*n)], span: span(window), bound: Some(&budgets[usize::from(*n)]),
                        }).collect();
                        if let Ok((holds, _)) = ledger.reserve(&claims, NanoUsd(cost), 0) {
                            let mut accounts = accounts.clone();
                            accounts.sort_unstable();
                            accounts.dedup();
                            // The first window ever seen stands for all before it.
                            let window = holds.first().is_some_and(|hold| hold.start == NEXT.start);
                            open.push((holds, accounts, window, cost));
                        }
                    }
                    Step::End { which, share } if !open.is_empty() => {
                        let (holds, _, _, cost) = open.swap_remove(which % open.len());
                        let real = cost * share / 100;
                        ledger.settle(&holds, NanoUsd(real));
                        for hold in &holds {
                            let n: u8 = hold.key.account.parse().unwrap();
                            *spent.entry((n, hold.start == NEXT.start)).or_default() += real;
                        }
                    }
                    Step::End { .. } => {}
                }
                for (n, key) in (0_u8..).zip(&keys) {
                    for slot in ledger.accounts.get(key).into_iter().flatten() {
                        let late = slot.span == NEXT;
                        prop_assert!(slot.taken() <= budgets[usize::from(n)].amount);
                        prop_assert_eq!(slot.spent.0, spent.get(&(n, late)).copied().unwrap_or_default());
                        let promised: i64 = open.iter().flat_map(|(holds, ..)| holds)
                            .filter(|hold| hold.key == *key && hold.start == slot.span.start)
                            .map(|hold| hold.amount.0).sum();
                        prop_assert_eq!(slot.reserved.0, promised);
                    }
                }
            }
        }
    }
}
