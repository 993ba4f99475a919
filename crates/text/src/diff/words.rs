//! The difference of two texts, by words where that is affordable.

use similar::{Algorithm, ChangeTag, TextDiff};

use super::Piece;

/// Most pairs of words, or of lines, that are worth comparing: well under a second of work.
const MAX_PAIRS: usize = 100_000_000;

/// The pieces of `old` and `new`, alternating, none of them empty.
pub fn pieces(old: &str, new: &str) -> Vec<Piece> {
    let pairs = |count: fn(&str) -> usize| count(old).saturating_mul(count(new));
    let mut pieces = Vec::new();
    let mut config = TextDiff::configure();
    config.algorithm(Algorithm::Myers);
    let diff = if pairs(|text| text.split_whitespace().count()) <= MAX_PAIRS / 4 {
        config.diff_words(old, new)
    } else if pairs(|text| text.lines().count()) <= MAX_PAIRS {
        config.diff_lines(old, new)
    } else {
        push(&mut pieces, ChangeTag::Delete, old);
        push(&mut pieces, ChangeTag::Insert, new);
        return pieces;
    };
    for change in diff.iter_all_changes() {
        push(&mut pieces, change.tag(), change.value());
    }
    pieces
}

/// Appends `text`, growing the last piece if it is of the same kind.
fn push(pieces: &mut Vec<Piece>, tag: ChangeTag, text: &str) {
    match (pieces.last_mut(), tag) {
        _ if text.is_empty() => {}
        (Some(Piece::Same(last)), ChangeTag::Equal)
        | (Some(Piece::Removed(last)), ChangeTag::Delete)
        | (Some(Piece::Added(last)), ChangeTag::Insert) => last.push_str(text),
        (_, ChangeTag::Equal) => pieces.push(Piece::Same(text.to_owned())),
        (_, ChangeTag::Delete) => pieces.push(Piece::Removed(text.to_owned())),
        (_, ChangeTag::Insert) => pieces.push(Piece::Added(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn assembled(pieces: &[Piece]) -> (String, String) {
        let (mut old, mut new) = (String::new(), String::new());
        for piece in pieces {
            match piece {
                Piece::Same(text) => {
                    old.push_str(text);
                    new.push_str(text);
                }
                Piece::Removed(text) => old.push_str(text),
                Piece::Added(text) => new.push_str(text),
            }
        }
        (old, new)
    }

    #[test]
    fn one_word_is_one_piece() {
        let pieces = pieces("Answer in three bullets.", "Answer in two bullets.");
        assert_eq!(
            pieces,
            [
                Piece::Same("Answer in ".into()),
                Piece::Removed("three".into()),
                Piece::Added("two".into()),
                Piece::Same(" bullets.".into()),
            ]
        );
    }

    #[test]
    fn huge_texts_end_quickly_and_still_assemble() {
        let old: String = (0..60_000).map(|n| format!("a{n} ")).collect();
        let new: String = (0..60_000).map(|n| format!("b{n} ")).collect();
        let (left, right) = assembled(&pieces(&old, &new));
        assert!(left == old && right == new);
        assert!(assembled(&pieces(&old.replace(' ', "\n"), &new)).1 == new);
    }

    proptest! {
        #[test]
        fn pieces_assemble_to_both_texts(old in "[ab \n\r\\PC]{0,60}", new in "[ab \n\r\\PC]{0,60}") {
            prop_assert_eq!(assembled(&pieces(&old, &new)), (old, new));
        }
    }
}
