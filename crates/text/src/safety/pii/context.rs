//! What is said around a place: words that make a weak form believable, or unbelievable.

use super::page::stands_alone;

/// Bytes before a place that are looked at.
const BEFORE: usize = 64;
/// Bytes after it.
const AFTER: usize = 24;

/// Words that are looked up, in order.
pub(super) struct Words(Vec<&'static str>);

impl Words {
    pub(super) fn new(words: &[&'static str]) -> Self {
        let mut words = words.to_vec();
        words.sort_unstable();
        Self(words)
    }

    /// Whether `word` (in small letters) is one of them, or begins with a long one.
    fn has(&self, word: &str) -> bool {
        let until = self.0.partition_point(|known| *known <= word);
        let near = self.0.get(until.saturating_sub(4)..until).unwrap_or_default();
        near.iter().any(|known| begins(word, known))
    }

    /// Where the last of them ends in a run of a script that puts no spaces.
    fn inside(&self, run: &str) -> Option<usize> {
        let known = self.0.iter().filter(|known| known.chars().any(stands_alone));
        known.filter_map(|known| Some(run.rfind(known)? + known.len())).max()
    }
}

/// Whether a word is a known one, or a longer form of it: `telefon` is in `telefonnummer`, `tel` not in `tell`.
fn begins(word: &str, known: &str) -> bool {
    word == known || (known.len() > 4 && word.starts_with(known))
}

/// Whether one of `words` (in small letters) stands near. A phrase of several words is found as it is.
pub(super) fn is_said(text: &str, start: usize, end: usize, words: &[&str]) -> bool {
    let around = [head(text, start), tail(text, end)];
    let said = |known: &&str, part: &str| {
        if known.contains(' ') || known.chars().any(stands_alone) {
            return part.contains(known);
        }
        part.split(|c: char| !c.is_alphanumeric()).any(|word| begins(word, known))
    };
    around.iter().any(|part| words.iter().any(|known| said(known, part)))
}

/// What the nearest words say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// A word that speaks for it is nearer.
    For,
    /// A word that speaks against it is nearer.
    Against,
    /// Neither is there.
    Nothing,
}

/// Which kind of words is nearest before a place. A word that is both speaks for it.
pub(super) fn nearest(text: &str, start: usize, good: &Words, bad: &Words) -> Said {
    let before = head(text, start);
    let words = before.rsplit(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    for word in words {
        if word.chars().any(stands_alone) {
            match (good.inside(word), bad.inside(word)) {
                (None, None) => {}
                (good, bad) if good >= bad => return Said::For,
                _ => return Said::Against,
            }
        } else if good.has(word) {
            return Said::For;
        } else if bad.has(word) {
            return Said::Against;
        }
    }
    Said::Nothing
}

/// Whether the text goes on with one of `words`, after at most two signs.
pub(super) fn follows(text: &str, end: usize, words: &[&str]) -> bool {
    let after = tail(text, end);
    let rest = after.trim_start_matches(|c: char| !c.is_alphanumeric());
    let word = rest.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let skipped = after.chars().take_while(|c| !c.is_alphanumeric()).count();
    skipped <= 2 && words.contains(&word)
}

fn head(text: &str, end: usize) -> String {
    let mut start = end.saturating_sub(BEFORE);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    text.get(start..end).unwrap_or_default().to_lowercase()
}

fn tail(text: &str, start: usize) -> String {
    let mut end = (start + AFTER).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(start..end).unwrap_or_default().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_count_as_words() {
        let said = |text: &str, words: &[&str]| is_said(text, text.len(), text.len(), words);
        assert!(said("My TEL: ", &["tel"]) && !said("I tell you ", &["tel"]));
        assert!(!said("hotel ", &["tel"]) && said("Telefonnummer ", &["telefon"]));
        assert!(said("请打电话", &["电话"]));
        assert!(said("his social  security / SOCIAL SECURITY no. ", &["social security"]));
    }

    #[test]
    fn the_nearest_word_counts() {
        let (good, bad) = (Words::new(&["call", "tel", "telefon", "电话"]), Words::new(&["order"]));
        let said = |text: &str| nearest(text, text.len(), &good, &bad);
        assert_eq!(said("order, then call "), Said::For);
        assert_eq!(said("call about order "), Said::Against);
        assert_eq!(said("order 电话是"), Said::For);
        assert_eq!(said("order, Telefonnummer: "), Said::For);
        assert_eq!(said("so tell "), Said::Nothing);
        assert!(follows("1-Office", 1, &["office"]) && !follows("1 --- Office", 1, &["office"]));
    }
}
