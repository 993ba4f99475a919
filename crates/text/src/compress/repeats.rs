//! Sentences that say what one before them said: the same words but for courtesies, articles and stress,
//! in any order of clauses never: the order of the words counts, and so does every negation.

use std::collections::HashSet;

use unicode_segmentation::UnicodeSegmentation as _;

use super::Edit;
use super::guard::Piece;

/// Shorter sentences ("Yes.", "Then stop.") may well be meant twice.
const LEAST_WORDS: usize = 4;

/// Words that do not tell two instructions apart.
const WEAK: [&str; 31] = [
    "a",
    "an",
    "the",
    "please",
    "kindly",
    "always",
    "also",
    "again",
    "and",
    "so",
    "then",
    "just",
    "simply",
    "really",
    "very",
    "you",
    "must",
    "should",
    "need",
    "to",
    "make",
    "sure",
    "that",
    "ensure",
    "remember",
    "important",
    "it",
    "is",
    "in",
    "your",
    "be",
];

pub(super) fn apply(pieces: &[Piece<'_>], edits: &mut Vec<Edit>) -> String {
    let mut seen: HashSet<Vec<String>> = HashSet::new();
    let mut text = String::new();
    // A sentence with something fixed inside is not whole in either stretch.
    for (index, piece) in pieces.iter().enumerate() {
        let Piece::Free(free) = piece else {
            if let Piece::Fixed(fixed) = piece {
                text.push_str(fixed);
            }
            continue;
        };
        let (open, cut) = (index > 0, index + 1 < pieces.len());
        let sentences: Vec<&str> = free.split_sentence_bounds().collect();
        for (place, sentence) in sentences.iter().enumerate() {
            let whole = (place > 0 || !open || sentence.trim().is_empty())
                && (place + 1 < sentences.len() || !cut);
            let words = words(sentence);
            if whole && words.len() >= LEAST_WORDS && !seen.insert(key(words)) {
                edits.push(Edit {
                    rule: "repeat",
                    before: sentence.trim().to_string(),
                    after: String::new(),
                });
                drop_sentence(&mut text, sentence);
            } else {
                text.push_str(sentence);
            }
        }
    }
    text
}

/// The line's end stays; a bullet that stood before the sentence goes with it.
fn drop_sentence(text: &mut String, sentence: &str) {
    let tail = sentence.len() - sentence.trim_end().len();
    let tail = sentence.get(sentence.len() - tail..).unwrap_or_default();
    if tail.contains('\n') {
        let line = text.rfind('\n').map_or(0, |at| at + 1);
        if text.get(line..).is_some_and(|line| line.trim_matches(['-', '*', ' ', '\t']).is_empty())
        {
            text.truncate(line);
            text.push_str(tail.split_once('\n').map_or("", |(_, rest)| rest));
            return;
        }
        text.push_str(tail);
    }
}

fn words(sentence: &str) -> Vec<String> {
    sentence.unicode_words().map(str::to_lowercase).collect()
}

/// The words that tell sentences apart, or all if they are too few to do so.
fn key(words: Vec<String>) -> Vec<String> {
    let strong: Vec<String> =
        words.iter().filter(|word| !WEAK.contains(&word.as_str())).cloned().collect();
    if strong.len() < 2 { words } else { strong }
}
