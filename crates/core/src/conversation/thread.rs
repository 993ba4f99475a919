//! A conversation as a state machine: turns come one after the other, summaries take the place of the oldest.
//!
//! In every state the turns that are held have numbers in a row up to the last one answered, and begin behind
//! what the newest summary covers. A process may hold less than the store does: it may drop its oldest turns to
//! stay within a bound, and covered ones are of no more use to it.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{Conversation, Summary, Turn};

/// One conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    uid: String,
    /// Oldest first.
    turns: VecDeque<Arc<Turn>>,
    /// The newest.
    summary: Option<Arc<Summary>>,
    /// The number of the last turn.
    answered: u64,
    expires_at: i64,
}

/// What does not follow on what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this does not follow on what was said")]
pub struct Refusal;

/// What the next call sends before its own turn.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sent {
    /// In place of all turns that it covers.
    pub summary: Option<Arc<Summary>>,
    /// As they were said, oldest first.
    pub turns: Vec<Arc<Turn>>,
    /// Turns that are neither sent nor covered by the summary.
    pub left_out: u64,
}

impl Thread {
    /// One without turns. Until the first comes it never expires.
    pub fn begin(uid: impl Into<String>) -> Self {
        let (turns, summary) = (VecDeque::new(), None);
        Self { uid: uid.into(), turns, summary, answered: 0, expires_at: i64::MAX }
    }

    /// One that was kept: the newest summary, and turns behind it.
    ///
    /// # Errors
    /// If the turns have no numbers in a row, or begin within what the summary covers.
    pub fn resume(
        uid: impl Into<String>,
        summary: Option<Summary>,
        turns: Vec<Turn>,
        expires_at: i64,
    ) -> Result<Self, Refusal> {
        let covered = summary.as_ref().map_or(0, |summary| summary.through);
        let first = turns.first().map_or(covered + 1, |turn| turn.number);
        if first <= covered {
            return Err(Refusal);
        }
        let mut thread = Self { expires_at, answered: first - 1, ..Self::begin(uid) };
        thread.summary = summary.map(Arc::new);
        for turn in turns {
            thread.add(Arc::new(turn), expires_at)?;
        }
        Ok(thread)
    }

    /// Which beginning of the conversation it is.
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// How many turns were answered.
    pub fn answered(&self) -> u64 {
        self.answered
    }

    /// The newest summary.
    pub fn summary(&self) -> Option<&Arc<Summary>> {
        self.summary.as_ref()
    }

    /// Whether it is over at `now`, in microseconds since 1970.
    pub fn is_expired(&self, now: i64) -> bool {
        now >= self.expires_at
    }

    /// When it is forgotten unless another turn comes, in microseconds since 1970.
    pub fn expires_at(&self) -> i64 {
        self.expires_at
    }

    /// Bytes of its texts.
    pub fn bytes(&self) -> usize {
        let turns: usize =
            self.turns.iter().map(|turn| turn.messages.len() + turn.call.len()).sum();
        turns + self.summary.as_ref().map_or(0, |summary| summary.text.len())
    }

    /// Adds a turn.
    ///
    /// # Errors
    /// If its number is not the next one.
    pub fn add(&mut self, turn: Arc<Turn>, expires_at: i64) -> Result<(), Refusal> {
        if turn.number != self.answered + 1 {
            return Err(Refusal);
        }
        self.answered = turn.number;
        self.expires_at = expires_at;
        self.turns.push_back(turn);
        Ok(())
    }

    /// Puts a summary in the place of the turns that it covers.
    ///
    /// # Errors
    /// If it is not the next one, covers no more than the one before, or a turn that was not said.
    pub fn summarise(&mut self, summary: Summary) -> Result<(), Refusal> {
        let (number, covered) =
            self.summary.as_ref().map_or((0, 0), |known| (known.number, known.through));
        let follows = summary.number == number + 1
            && summary.through > covered
            && summary.from > covered
            && summary.from <= summary.through
            && summary.through <= self.answered;
        if !follows {
            return Err(Refusal);
        }
        self.turns.retain(|turn| turn.number > summary.through);
        self.summary = Some(Arc::new(summary));
        Ok(())
    }

    /// Lets the oldest turns go until the texts have at most `most` bytes; the newest turn stays.
    pub fn trim(&mut self, most: usize) {
        while self.turns.len() > 1 && self.bytes() > most {
            self.turns.pop_front();
        }
    }

    /// What the next call sends before its own turn.
    pub fn sent(&self, policy: &Conversation) -> Sent {
        let keep = match (policy.keep_turns, &policy.summarise) {
            (Some(keep), None) => usize::try_from(keep).unwrap_or(usize::MAX),
            _ => usize::MAX,
        };
        let begin = self.turns.len().saturating_sub(keep);
        let mut turns: VecDeque<Arc<Turn>> = self.turns.iter().skip(begin).cloned().collect();
        // A tool's result without its call is refused by vendors.
        while turns.front().is_some_and(|turn| !turn.opens) {
            turns.pop_front();
        }
        let covered = self.summary.as_ref().map_or(0, |summary| summary.through);
        let left_out = self.answered - covered - turns.len() as u64;
        Sent { summary: self.summary.clone(), turns: turns.into(), left_out }
    }

    /// The turns that no summary covers, oldest first.
    pub fn uncovered(&self) -> impl DoubleEndedIterator<Item = &Arc<Turn>> {
        self.turns.iter()
    }

    /// The turns that are to be put together now: all that no summary covers but those that stay, if there is
    /// reason to. `tokens` are those of the turns that no summary covers.
    pub fn due(&self, policy: &Conversation, tokens: impl Fn() -> u64) -> Option<Vec<Arc<Turn>>> {
        let summarise = policy.summarise.as_ref()?;
        let beyond = self.turns.len().checked_sub(usize::try_from(policy.kept()).ok()?)?;
        let every = summarise.every_turns.map(u64::from);
        let many = every.is_some_and(|every| beyond as u64 >= every.max(1));
        if beyond == 0 || !(many || summarise.at_tokens.is_some_and(|most| tokens() >= most)) {
            return None;
        }
        // What stays must begin with a message of the user's.
        let opens = |end: &usize| self.turns.get(*end).is_none_or(|turn| turn.opens);
        let end = (1..=beyond).rev().find(opens)?;
        Some(self.turns.iter().take(end).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::Summarise;
    use proptest::prelude::*;

    fn turn(number: u64, opens: bool) -> Turn {
        let messages = "x".repeat(usize::try_from(number % 7).unwrap() + 1);
        Turn { number, call: format!("c{number}"), at: 0, messages, opens }
    }

    fn summary(number: u64, from: u64, through: u64) -> Summary {
        Summary {
            number,
            from,
            through,
            text: format!("s{number}"),
            prompt: "s/p".parse().unwrap(),
            version: 1,
            call: "c".into(),
            at: 0,
        }
    }

    fn policy(keep: u32, every: Option<u32>, at_tokens: Option<u64>) -> Conversation {
        let prompt = "s/p".parse().unwrap();
        let summarise = Some(Summarise { prompt, every_turns: every, at_tokens });
        Conversation { keep_turns: Some(keep), summarise, ttl_ms: None }
    }

    fn said(count: u64) -> Thread {
        let mut thread = Thread::begin("u");
        for number in 1..=count {
            thread.add(Arc::new(turn(number, true)), 10).unwrap();
        }
        thread
    }

    #[test]
    fn every_n_turns_beyond_those_that_stay() {
        let policy = policy(2, Some(4), None);
        assert!(said(5).due(&policy, || 0).is_none());
        let mut thread = said(6);
        let due = thread.due(&policy, || 0).unwrap();
        assert_eq!(due.iter().map(|turn| turn.number).collect::<Vec<_>>(), [1, 2, 3, 4]);
        thread.summarise(summary(1, 1, 4)).unwrap();
        let sent = thread.sent(&policy);
        assert_eq!(sent.turns.iter().map(|turn| turn.number).collect::<Vec<_>>(), [5, 6]);
        assert_eq!((sent.summary.unwrap().number, sent.left_out), (1, 0));
        assert!(thread.due(&policy, || 0).is_none());
    }

    #[test]
    fn a_level_of_tokens_is_a_reason_too() {
        let policy = policy(1, None, Some(100));
        assert!(said(3).due(&policy, || 99).is_none());
        assert_eq!(said(3).due(&policy, || 100).unwrap().len(), 2);
        assert!(said(1).due(&policy, || 1_000).is_none(), "the newest turn stays");
    }

    #[test]
    fn a_tools_result_stays_with_its_call() {
        let policy = policy(1, Some(1), None);
        let mut thread = said(2);
        thread.add(Arc::new(turn(3, false)), 10).unwrap();
        assert_eq!(thread.due(&policy, || 0).unwrap().len(), 1, "turns 2 and 3 are one exchange");
        let keep = Conversation { keep_turns: Some(1), ..Conversation::default() };
        let sent = thread.sent(&keep);
        assert_eq!((sent.turns.len(), sent.left_out), (0, 3));
    }

    #[test]
    fn what_does_not_follow_is_refused() {
        let mut thread = said(4);
        assert_eq!(thread.add(Arc::new(turn(4, true)), 0), Err(Refusal));
        assert_eq!(thread.add(Arc::new(turn(6, true)), 0), Err(Refusal));
        for bad in [summary(2, 1, 2), summary(1, 1, 5), summary(1, 3, 2)] {
            assert_eq!(thread.summarise(bad), Err(Refusal));
        }
        thread.summarise(summary(1, 1, 2)).unwrap();
        assert_eq!(thread.summarise(summary(2, 1, 2)), Err(Refusal), "covers no more");
        assert!(Thread::resume("u", Some(summary(1, 1, 2)), vec![turn(2, true)], 0).is_err());
        assert!(Thread::resume("u", None, vec![turn(2, true), turn(4, true)], 0).is_err());
        let resumed =
            Thread::resume("u", Some(summary(1, 1, 2)), vec![turn(3, true), turn(4, true)], 10);
        assert_eq!(resumed.unwrap(), thread);
    }

    #[derive(Debug, Clone)]
    enum Step {
        Add(bool),
        Summarise(u64),
        Due(u32, u32),
        Trim(usize),
        Resume,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            6 => any::<bool>().prop_map(Step::Add),
            1 => (0_u64..12).prop_map(Step::Summarise),
            2 => (1_u32..4, 1_u32..4).prop_map(|(keep, every)| Step::Due(keep, every)),
            1 => (0_usize..30).prop_map(Step::Trim),
            1 => Just(Step::Resume),
        ];
        prop::collection::vec(step, 1..60)
    }

    /// What holds in every state.
    fn is_sound(thread: &Thread, keep: u32) {
        let numbers: Vec<u64> = thread.uncovered().map(|turn| turn.number).collect();
        let covered = thread.summary().map_or(0, |summary| summary.through);
        assert!(covered <= thread.answered());
        assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1));
        assert!(numbers.first().is_none_or(|first| *first > covered));
        assert!(numbers.last().is_none_or(|last| *last == thread.answered()));
        let keeps = Conversation { keep_turns: Some(keep), ..Conversation::default() };
        for policy in [Conversation::default(), keeps, policy(keep, Some(2), None)] {
            let sent = thread.sent(&policy);
            assert!(sent.turns.first().is_none_or(|turn| turn.opens));
            assert!(sent.turns.last().is_none_or(|turn| turn.number == thread.answered()));
            assert_eq!(covered + sent.left_out + sent.turns.len() as u64, thread.answered());
            if policy.keep_turns.is_some() && policy.summarise.is_none() {
                assert!(sent.turns.len() <= keep as usize);
            }
        }
    }

    proptest! {
        /// Any order of turns, summaries, trims and restarts keeps what is said true.
        #[test]
        fn any_order_keeps_the_invariants(steps in steps(), keep in 1_u32..5) {
            let mut thread = Thread::begin("u");
            for step in steps {
                let before = thread.clone();
                let next = thread.summary().map_or(1, |summary| summary.number + 1);
                match step {
                    Step::Add(opens) => {
                        let number = thread.answered() + 1;
                        thread.add(Arc::new(turn(number, opens)), 10).unwrap();
                    }
                    Step::Summarise(through) => {
                        let from = before.summary().map_or(1, |summary| summary.through + 1);
                        let good = through >= from && through <= thread.answered();
                        let made = thread.summarise(summary(next, from, through));
                        prop_assert_eq!(made.is_ok(), good);
                        if !good {
                            prop_assert_eq!(&thread, &before);
                        }
                    }
                    Step::Due(keep, every) => {
                        let policy = policy(keep, Some(every), None);
                        if let Some(due) = thread.due(&policy, || 0) {
                            let (first, last) = (due[0].number, due[due.len() - 1].number);
                            thread.summarise(summary(next, first, last)).unwrap();
                            prop_assert!(thread.uncovered().count() >= keep as usize);
                            prop_assert!(thread.uncovered().next().is_none_or(|turn| turn.opens));
                        }
                    }
                    Step::Trim(most) => thread.trim(most),
                    Step::Resume => {
                        let turns = thread.uncovered().map(|turn| (**turn).clone()).collect();
                        let summary = thread.summary().map(|summary| (**summary).clone());
                        let again = Thread::resume("u", summary, turns, thread.expires_at());
                        prop_assert_eq!(again.unwrap(), thread.clone());
                    }
                }
                is_sound(&thread, keep);
                prop_assert!(thread.answered() >= before.answered());
            }
        }
    }
}
