//! Words into pieces of the vocabulary: the longest that fits, again and again.

use std::collections::HashMap;

/// The vocabulary.
pub(super) struct WordPiece {
    pub(super) pieces: HashMap<Box<str>, u32>,
    /// What a piece inside a word starts with.
    pub(super) inner: String,
    /// Stands for a word that cannot be split into known pieces.
    pub(super) unknown: u32,
    /// Longer words are unknown, in characters.
    pub(super) longest_word: usize,
}

impl WordPiece {
    /// Appends the pieces of `word`.
    pub(super) fn split(&self, word: &str, ids: &mut Vec<u32>) {
        let before = ids.len();
        if word.chars().nth(self.longest_word).is_some() || !self.all(word, ids) {
            ids.truncate(before);
            ids.push(self.unknown);
        }
    }

    /// Appends pieces as long as there are any; whether they make the whole word.
    fn all(&self, word: &str, ids: &mut Vec<u32>) -> bool {
        let mut rest = word;
        let mut key = String::new();
        while !rest.is_empty() {
            key.clear();
            if rest.len() < word.len() {
                key.push_str(&self.inner);
            }
            let prefix = key.len();
            key.push_str(rest);
            let found = loop {
                if let Some(id) = self.pieces.get(key.as_str()) {
                    break Some(*id);
                }
                key.pop();
                if key.len() <= prefix {
                    break None;
                }
            };
            let Some(id) = found else { return false };
            ids.push(id);
            rest = rest.get(key.len() - prefix..).unwrap_or_default();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_piece_first() {
        let pieces = ["[UNK]", "un", "##aff", "##able", "##a", "é"];
        let pieces = pieces.iter().zip(0..).map(|(piece, id)| ((*piece).into(), id)).collect();
        let model = WordPiece { pieces, inner: "##".into(), unknown: 0, longest_word: 9 };
        let split = |word| {
            let mut ids = vec![7];
            model.split(word, &mut ids);
            ids
        };
        assert_eq!(split("unaffable"), [7, 1, 2, 3]);
        assert_eq!(split("una"), [7, 1, 4]);
        assert_eq!(split("éa"), [7, 5, 4]);
        assert_eq!(split("unx"), [7, 0]);
        assert_eq!(split("unaffablea"), [7, 0], "longer than nine characters");
    }
}
