//! What was said before the present turn, in units that can be left out: by the caller in this call, and in
//! earlier calls of a conversation that is kept.

use gatemark_core::error::Result;
use gatemark_provider::turns::{self, Exchange};
use serde_json::value::RawValue;

/// Turns before the present one, and the present one as far as the caller wrote it.
pub(crate) struct Past {
    summary: Option<Exchange>,
    /// Of earlier calls, oldest first.
    history: Vec<Exchange>,
    /// Of this call, oldest first; the last is the present turn and stays.
    pub(crate) caller: Vec<Exchange>,
    /// Exchanges at the end of the history that the present turn cannot be without: its tool's call.
    fixed: usize,
}

impl Past {
    /// # Errors
    /// `Invalid`, naming the message, if one is not of the known shape.
    pub(crate) fn of(
        (history, summarised): (Option<&RawValue>, bool),
        caller: Option<&RawValue>,
    ) -> Result<Self> {
        let mut history = history.map(turns::exchanges).transpose()?.unwrap_or_default();
        let caller_said = caller.map(turns::exchanges).transpose()?.unwrap_or_default();
        let summary = (summarised && !history.is_empty()).then(|| history.remove(0));
        let answers_tool = caller_said.len() == 1 && !caller.is_some_and(turns::opens);
        let fixed = usize::from(answers_tool).min(history.len());
        Ok(Self { summary, history, caller: caller_said, fixed })
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Exchange> {
        self.summary.iter().chain(&self.history).chain(&self.caller)
    }

    /// What may be left out, the most important first: the summary, then the newest.
    pub(crate) fn units(&self) -> impl Iterator<Item = &Exchange> {
        let caller = self.caller.iter().rev().skip(1);
        self.summary.iter().chain(caller).chain(self.history.iter().rev().skip(self.fixed))
    }

    /// What stays of history and of the caller's turns if of the units `count` do.
    pub(crate) fn newest(&self, count: usize) -> (Vec<&Exchange>, &[Exchange]) {
        let summary = self.summary.iter().take(count);
        let count = count - summary.len();
        let mine = count.min(self.caller.len().saturating_sub(1));
        let begin = self.caller.len().saturating_sub(mine + 1);
        let caller = self.caller.get(begin..).unwrap_or_default();
        let kept = (count - mine + self.fixed).min(self.history.len());
        let history = self.history.get(self.history.len() - kept..).unwrap_or_default();
        (summary.chain(history).collect(), caller)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(texts: &[(&str, &str)]) -> Box<RawValue> {
        let messages = texts.iter().map(|(role, text)| {
            format!(r#"{{"role":"{role}","content":"{text}","tool_call_id":null}}"#)
        });
        let messages: Vec<String> = messages.collect();
        RawValue::from_string(format!("[{}]", messages.join(","))).unwrap()
    }

    fn texts<'e>(exchanges: impl IntoIterator<Item = &'e Exchange>) -> Vec<&'e str> {
        exchanges.into_iter().map(|one| one.texts[0].as_str()).collect()
    }

    #[test]
    fn the_summary_goes_last_and_the_oldest_first() {
        let history = raw(&[("user", "sum"), ("user", "1"), ("assistant", "a"), ("user", "2")]);
        let caller = raw(&[("user", "3"), ("user", "now")]);
        let past = Past::of((Some(&history), true), Some(&caller)).unwrap();
        assert_eq!(texts(past.units()), ["sum", "3", "2", "1"]);
        assert_eq!(texts(past.all()), ["sum", "1", "2", "3", "now"]);
        let kept = |count| {
            let (history, caller) = past.newest(count);
            (texts(history), texts(caller))
        };
        assert_eq!(kept(4), (vec!["sum", "1", "2"], vec!["3", "now"]));
        assert_eq!(kept(3), (vec!["sum", "2"], vec!["3", "now"]));
        assert_eq!(kept(1), (vec!["sum"], vec!["now"]));
        assert_eq!(kept(0), (vec![], vec!["now"]));
    }

    #[test]
    fn without_messages_of_the_callers_all_of_it_may_go() {
        let history = raw(&[("user", "1"), ("assistant", "a"), ("user", "2")]);
        let past = Past::of((Some(&history), false), None).unwrap();
        assert_eq!(texts(past.units()), ["2", "1"]);
        assert_eq!(past.newest(0), (vec![], &[][..]));
    }

    #[test]
    fn a_tools_result_keeps_the_turn_of_its_call() {
        let history =
            raw(&[("user", "1"), ("assistant", "a"), ("user", "2"), ("assistant", "call")]);
        let caller = raw(&[("tool", "result")]);
        let past = Past::of((Some(&history), false), Some(&caller)).unwrap();
        assert_eq!(texts(past.units()), ["1"]);
        assert_eq!(texts(past.newest(0).0), ["2"]);
    }
}
