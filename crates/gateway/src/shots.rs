//! A version's worked examples, and which of them a call gets.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use gatemark_core::context::Choose;
use gatemark_provider::request::Turn;
use gatemark_text::select::{self, Lexicon, Wanted};
use gatemark_text::tokens;
use serde_json::Value;

use crate::written::as_text;

/// The examples of a version, rendered for one model.
pub(crate) struct Shots {
    /// Each as the user message that it would have been and the answer wanted for it.
    turns: Vec<[Turn; 2]>,
    chooser: Option<(Choose, Lexicon)>,
    tokens: OnceLock<Vec<u64>>,
}

/// The vector of a call, and those of the examples.
pub(crate) type Vectors<'a> = (&'a [f32], &'a [Arc<[f32]>]);

/// The examples of one call, the most important first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub(crate) order: Vec<usize>,
    /// Whether they were chosen for this call: then the nearest stands last, next to the question.
    near: bool,
}

impl Shots {
    /// `variables` are those of each example.
    pub(crate) fn new(
        turns: Vec<[Turn; 2]>,
        variables: &[BTreeMap<String, Value>],
        choose: Option<&Choose>,
    ) -> Self {
        let chooser = choose.map(|choose| {
            let texts: Vec<String> = variables.iter().map(words).collect();
            (choose.clone(), Lexicon::of(&texts))
        });
        Self { turns, chooser, tokens: OnceLock::new() }
    }

    /// The examples for a call with these variables; by `vectors`, that of the call and those of the examples,
    /// if they are given.
    pub(crate) fn choose(
        &self,
        variables: &BTreeMap<String, Value>,
        vectors: Option<Vectors<'_>>,
    ) -> Chosen {
        let Some((choose, lexicon)) = &self.chooser else {
            return Chosen { order: (0..self.turns.len()).collect(), near: false };
        };
        let wanted = Wanted {
            k: choose.k as usize,
            diversity: choose.diversity,
            max_tokens: choose.max_tokens.map(u64::from),
        };
        // Only a bound needs sizes.
        let sizes = if wanted.max_tokens.is_some() { self.sizes() } else { &[] };
        if let Some((asked, known)) = vectors {
            let near: Vec<f64> = known.iter().map(|one| select::cosine(asked, one)).collect();
            let between = |a: usize, b: usize| match (known.get(a), known.get(b)) {
                (Some(a), Some(b)) => select::cosine(a, b),
                _ => 0.0,
            };
            let order = select::choose(&near, between, sizes, wanted);
            return Chosen { order, near: true };
        }
        let near = lexicon.near(&words(variables));
        let order = select::choose(&near, |a, b| lexicon.between(a, b), sizes, wanted);
        Chosen { order, near: true }
    }

    /// The examples of every call as turns; `None` if they are chosen for each.
    pub(crate) fn constant(&self) -> Option<&[Turn]> {
        self.chooser.is_none().then(|| self.turns.as_flattened())
    }

    /// Tokens (o200k) of each. Counted when first asked for, because a command that only looks at the
    /// registry should not load a tokenizer.
    pub(crate) fn sizes(&self) -> &[u64] {
        let count =
            |turns: &[Turn; 2]| turns.iter().map(|turn| tokens::count(&turn.text) as u64).sum();
        self.tokens.get_or_init(|| self.turns.iter().map(count).collect())
    }

    /// Tokens (o200k) of those chosen.
    pub(crate) fn tokens(&self, chosen: &Chosen) -> u64 {
        let sizes = self.sizes();
        chosen.order.iter().filter_map(|index| sizes.get(*index)).sum()
    }

    /// The chosen ones as turns, in the order in which the model reads them.
    pub(crate) fn turns(&self, chosen: &Chosen) -> impl Iterator<Item = Turn> {
        let mut order = chosen.order.clone();
        if chosen.near {
            order.reverse();
        } else {
            order.sort_unstable();
        }
        order.into_iter().filter_map(|index| self.turns.get(index)).flatten().cloned()
    }
}

/// What nearness is judged by: the texts of the variables, without the wording around them, which all
/// examples share.
pub(crate) fn words(variables: &BTreeMap<String, Value>) -> String {
    variables.values().map(as_text).collect::<Vec<_>>().join("\n")
}
