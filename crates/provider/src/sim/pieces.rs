//! Cuts answers: into words for a stream, at a number of tokens for a bound.

use gatemark_text::tokens;

/// Longest piece in characters, for text without white space such as compact JSON.
const LONGEST: usize = 12;

/// The pieces of `text`, each a word with the white space after it; joined they are `text`.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(char::is_whitespace).flat_map(short)
}

/// `word` in pieces of at most [`LONGEST`] characters.
fn short(word: &str) -> impl Iterator<Item = &str> {
    let mut rest = word;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.char_indices().nth(LONGEST).map_or(rest.len(), |(at, _)| at);
        let (piece, later) = rest.split_at(end);
        rest = later;
        Some(piece)
    })
}

/// Where to cut `text` so that at most `limit` tokens are left; `None` if it has no more anyway.
pub(crate) fn cut(text: &str, limit: usize) -> Option<usize> {
    let fits = |text: &str| tokens::count_up_to(text, limit).is_some();
    if fits(text) {
        return None;
    }
    let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    // Counts all but never fall as text grows, so the last end that fits is found by halving.
    let rank = ends.partition_point(|&end| fits(text.get(..end).unwrap_or_default()));
    Some(rank.checked_sub(1).and_then(|rank| ends.get(rank)).copied().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_join_to_the_text() {
        for text in ["", "one two\n three", "Grüße, Welt! ", &"ü".repeat(40)] {
            assert_eq!(words(text).collect::<String>(), text);
            assert!(words(text).all(|piece| piece.chars().count() <= LONGEST));
        }
        assert_eq!(words("a bc d").collect::<Vec<_>>(), ["a ", "bc ", "d"]);
    }

    #[test]
    fn a_cut_leaves_the_bound() {
        let text = "The quick brown fox jumps over the lazy dog, wäre da nicht der Zaun.";
        assert_eq!(cut(text, 1000), None);
        assert_eq!(cut(text, 0), Some(0));
        let left = &text[..cut(text, 4).unwrap()];
        assert!(tokens::count(left) <= 4 && left.len() > 8, "{left:?}");
    }
}
