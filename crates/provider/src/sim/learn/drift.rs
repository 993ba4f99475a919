//! The silent change of a model: words that it has come to take for others.
//!
//! Whole words change, not single features, because the features of a word repeat each other and would
//! hide the loss of some. Which words change does not depend on the call, as with a real new model.

use super::classify::Lesson;
use super::features::{mix, word_feature};
use std::collections::HashSet;

/// How many words may stand in for a word that has drifted.
const MOST_WORDS: usize = 20_000;

/// The words of the lessons, each once.
pub(super) fn vocabulary<'a>(lessons: impl Iterator<Item = &'a Lesson>) -> Vec<String> {
    let mut seen = HashSet::new();
    let words = lessons.flat_map(|lesson| &lesson.words);
    words.filter(|word| seen.insert(word.as_str())).take(MOST_WORDS).cloned().collect()
}

/// The words with the share `drift` of them replaced by others from the vocabulary: what the learner knew
/// about them has silently become wrong. The same words drift in every call.
pub(super) fn drifted(vocabulary: &[String], words: Vec<String>, drift: f64) -> Vec<String> {
    let size = vocabulary.len() as u64;
    if drift <= 0.0 || size == 0 {
        return words;
    }
    let swap = |word: String| {
        let place = mix(word_feature(&word) ^ 0x5eed_d21f);
        #[allow(clippy::cast_precision_loss)]
        let share = (place >> 11) as f64 / (1_u64 << 53) as f64;
        let other = usize::try_from(mix(place) % size).unwrap_or(0);
        match vocabulary.get(other) {
            Some(other) if share < drift => other.clone(),
            _ => word,
        }
    };
    words.into_iter().map(swap).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drift_takes_the_share_it_is_told() {
        let all: Vec<String> = (0..1000).map(|n| format!("w{n}")).collect();
        let vocabulary = vec!["other".to_owned()];
        let changed = |drift| {
            let out = drifted(&vocabulary, all.clone(), drift);
            out.iter().zip(&all).filter(|(a, b)| a != b).count()
        };
        assert_eq!((changed(0.0), changed(1.0)), (0, 1000));
        assert!((250..350).contains(&changed(0.3)));
    }
}
