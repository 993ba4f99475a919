//! What a judgement will take, before there is an answer to judge.

use gatemark_text::judge::Subject;

use super::bench::Judge;
use super::pair::Pair;
use crate::forecast::Forecast;

impl Judge {
    /// The calls that `votes` on `subject` take; `unknown` is how many tokens longer than here the judged
    /// text may be, `None` if that is not bounded. No forecast where the judge cannot be asked.
    pub fn forecast(
        &self,
        votes: u32,
        subject: &Subject<'_>,
        unknown: Option<u64>,
    ) -> Option<Forecast> {
        let variables = self.shown(subject).ok()?;
        self.calls(u64::from(votes), variables, unknown)
    }

    /// The same of a comparison, which asks twice for each vote.
    pub fn forecast_pair(
        &self,
        votes: u32,
        pair: &Pair<'_>,
        unknown: Option<u64>,
    ) -> Option<Forecast> {
        let common = self.common(&pair.subject).ok()?;
        let variables = super::pair::shown(&common, pair.subject.answer, pair.other);
        self.calls(2 * u64::from(votes), variables, unknown)
    }

    fn calls(
        &self,
        calls: u64,
        variables: serde_json::Map<String, serde_json::Value>,
        unknown: Option<u64>,
    ) -> Option<Forecast> {
        let size = self.release.size(&self.model, &variables).ok()?;
        Some(Forecast {
            model: self.model.clone(),
            calls,
            input: size.input_tokens,
            most_input: unknown.map(|unknown| size.input_tokens.saturating_add(unknown)),
            most_output: size.max_output,
        })
    }
}
