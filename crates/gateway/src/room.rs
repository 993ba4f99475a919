//! How many tokens a model can read, by our own count.
//!
//! A model's bounds come from the project. Where only the most that it reads is known, that is taken for
//! its whole window, answer included, which is what lists of prices mean by it for most models: a bound
//! that is too tight by the answer is better than a call that the vendor refuses.
//!
//! The count is exact where the tokenizer is OpenAI's. Other tokenizers are not public or are megabytes
//! each; our count in o200k is taken with a margin ([`MARGIN`], or the model's own), so a request that fits
//! by it fits by theirs.

use gatemark_core::id::ModelName;
use gatemark_core::model::Model;
use gatemark_core::prompt::Limits;
use gatemark_text::tokens::Encoding;
use serde_json::value::RawValue;

use crate::fields;

/// What is kept for an answer of unknown length: this, or a quarter of a small window.
const ASSUMED_OUTPUT: u64 = 4096;

/// Added to our count for tokenizers that are not OpenAI's, in percent. Published comparisons of English
/// and code find up to about a third more tokens than in o200k.
const MARGIN: u64 = 35;

/// Room for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Room {
    /// Most tokens, by our own count.
    pub(crate) tokens: usize,
    pub(crate) encoding: Encoding,
    /// How the bound came about.
    pub(crate) from: From,
}

/// What a room is bounded by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    /// The version's own limit.
    Version,
    /// What the model holds, less what is kept for the answer, less the margin in percent.
    Model { holds: u64, answer: u64, margin: u64 },
}

impl Room {
    /// The room that is left beside something of `tokens` tokens.
    pub(crate) fn without(self, tokens: u64) -> Self {
        let tokens = usize::try_from(tokens).unwrap_or(usize::MAX);
        Self { tokens: self.tokens.saturating_sub(tokens), ..self }
    }

    /// The room of a call with these `fields`; `None` if nothing bounds it.
    pub(crate) fn of(
        name: &ModelName,
        model: Option<&Model>,
        limits: &Limits,
        fields: &[(String, Box<RawValue>)],
    ) -> Option<Self> {
        let known = Encoding::of_model(name.vendor_id());
        let encoding = known.unwrap_or(Encoding::O200k);
        let by_model = model.and_then(|model| {
            let own = model.token_margin.map(u64::from);
            let margin = own.unwrap_or(if known.is_some() { 0 } else { MARGIN });
            of_model(model, margin, fields::max_output(fields))
        });
        let by_version = limits.input_tokens.map(|tokens| (tokens, From::Version));
        let (tokens, from) =
            [by_version, by_model].into_iter().flatten().min_by_key(|room| room.0)?;
        let tokens = usize::try_from(tokens).unwrap_or(usize::MAX);
        Some(Self { tokens, encoding, from })
    }

    /// For people.
    pub(crate) fn words(&self) -> String {
        match self.from {
            From::Version => format!("the version's `max_input_tokens` is {}", self.tokens),
            From::Model { holds, answer, margin } => {
                let margin = match margin {
                    0 => String::new(),
                    margin => format!(", counted with a margin of {margin} %"),
                };
                format!(
                    "there is room for {}: the model holds {holds}, of which {answer} are for the answer{margin}",
                    self.tokens
                )
            }
        }
    }
}

fn of_model(model: &Model, margin: u64, asked: Option<u64>) -> Option<(u64, From)> {
    let holds = model.context_window.or(model.max_input)?;
    let most = model.max_output.unwrap_or(u64::MAX);
    let answer = asked.unwrap_or(ASSUMED_OUTPUT.min(holds / 4)).min(most);
    let reads = holds.saturating_sub(answer).min(model.max_input.unwrap_or(u64::MAX));
    let tokens = reads.saturating_mul(100) / (100 + margin);
    Some((tokens, From::Model { holds, answer, margin }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(name: &str, edit: impl FnOnce(&mut Model), asked: Option<u64>) -> Option<usize> {
        let name: ModelName = name.parse().unwrap();
        let mut model = Model {
            name: name.clone(),
            price: None,
            pinned: false,
            max_input: None,
            max_output: None,
            context_window: None,
            token_margin: None,
            ends_at: None,
        };
        edit(&mut model);
        let raw = |asked: u64| RawValue::from_string(asked.to_string()).unwrap();
        let fields: Vec<_> =
            asked.into_iter().map(|asked| ("max_tokens".to_string(), raw(asked))).collect();
        Room::of(&name, Some(&model), &Limits::default(), &fields).map(|room| room.tokens)
    }

    #[test]
    fn the_answer_and_the_margin_are_kept_free() {
        let window = |tokens| move |model: &mut Model| model.context_window = Some(tokens);
        assert_eq!(room("openai/gpt-4o", window(128_000), Some(500)), Some(127_500));
        assert_eq!(room("openai/gpt-4o", window(128_000), None), Some(123_904));
        assert_eq!(room("openai/gpt-4o", window(4_000), None), Some(3_000));
        assert_eq!(room("anthropic/claude-x", window(200_000), Some(65_000)), Some(100_000));
        assert_eq!(room("openai/gpt-4o", |_| {}, Some(5)), None);
    }

    #[test]
    fn input_and_window_both_bound() {
        let both = |model: &mut Model| {
            (model.context_window, model.max_input) = (Some(400_000), Some(272_000));
        };
        assert_eq!(room("openai/gpt-5", both, Some(1_000)), Some(272_000));
        assert_eq!(room("openai/gpt-5", both, Some(200_000)), Some(200_000));
        let own = |model: &mut Model| {
            (model.max_input, model.token_margin, model.max_output) =
                (Some(1_000), Some(0), Some(100));
        };
        assert_eq!(room("x/y", own, None), Some(900));
    }

    #[test]
    fn the_versions_limit_counts_where_it_is_tighter() {
        let name: ModelName = "x/y".parse().unwrap();
        let limits = Limits { input_tokens: Some(70), ..Limits::default() };
        let room = Room::of(&name, None, &limits, &[]).unwrap();
        assert_eq!((room.tokens, room.from), (70, From::Version));
    }
}
