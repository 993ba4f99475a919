//! Where a text may be cut so that no address, number or secret is cut in two.
//!
//! What is looked for besides the system text is written without spaces, or in pieces that look alike: groups of
//! digits, a name of a secret and its value, a tag and its attributes, the banner of a key. So ordinary words are
//! pieces by themselves, and a piece goes on as long as what follows could belong to it, at most [`LONGEST`]
//! characters.

/// Most characters of one piece.
pub(super) const LONGEST: usize = 512;

/// Most letters of a word in capitals that may belong to the digits before it, as in an IBAN.
const LONGEST_GROUP: usize = 6;

/// Least bytes of a word that could be a token although it has no digits.
const LONG_WORD: usize = 15;

/// Ends of words behind which a value stands.
const BEFORE_VALUE: [char; 7] = [':', '=', '>', '"', '\'', '(', '\\'];

/// Parts of words behind which a secret may stand.
const NAMES: [&str; 9] =
    ["secret", "token", "key", "pass", "pwd", "credential", "bearer", "basic", "authorization"];

/// Words within the banner of a key.
const BANNER: [&str; 8] = ["RSA", "EC", "DSA", "OPENSSH", "ENCRYPTED", "PGP", "SSH2", "PRIVATE"];

/// What a character does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The piece goes on.
    On,
    /// The piece ends before this character, which belongs to none; it need not be looked at.
    Plain,
    /// The piece ends before this character, which belongs to none, and is to be looked at.
    Look,
    /// The piece has become too long: it ends with this character, and is to be looked at.
    Full,
}

/// What has been read of a piece.
#[derive(Debug, Clone, Default)]
pub(super) struct Cluster {
    length: usize,
    word: String,
    /// Whether it holds anything that could be found.
    is_odd: bool,
    has_digits: bool,
    /// Whether the last character may begin a tag, and whether one has begun.
    opens: bool,
    in_tag: bool,
}

impl Cluster {
    /// Takes the next character.
    pub(super) fn feed(&mut self, c: char) -> Step {
        if parts(c) && !self.in_tag && !self.goes_on(c) {
            let step = if self.is_odd { Step::Look } else { Step::Plain };
            *self = Self::default();
            return step;
        }
        self.length += 1;
        self.take(c);
        if self.length < LONGEST {
            return Step::On;
        }
        *self = Self::default();
        Step::Full
    }

    /// Whether what has been read is to be looked at if the text ends here.
    pub(super) fn is_odd(&self) -> bool {
        self.is_odd
    }

    fn take(&mut self, c: char) {
        if c.is_whitespace() {
            self.word.clear();
            self.opens = false;
            return;
        }
        self.is_odd |= c.is_numeric()
            || matches!(c, '@' | ':' | '/' | '\\' | '=' | ']')
            || self.word.len() >= LONG_WORD
            || self.word.ends_with("----")
            || c == '.' && self.word.to_lowercase().ends_with("www");
        self.has_digits |= c.is_numeric();
        self.in_tag |= self.opens && (c.is_ascii_alphabetic() || matches!(c, '/' | '!'));
        self.is_odd |= self.in_tag;
        self.in_tag &= c != '>';
        self.opens = c == '<';
        self.word.push(c);
    }

    /// Whether what follows a space may belong to the piece.
    fn goes_on(&self, space: char) -> bool {
        if self.length == 0 || !space.is_whitespace() || space == '\n' {
            return false;
        }
        // Several spaces are as one.
        if self.word.is_empty() {
            return true;
        }
        let lower = self.word.to_lowercase();
        let is_short = self.word.chars().count() <= LONGEST_GROUP;
        let is_group = self.has_digits && is_short && !self.word.chars().any(char::is_lowercase);
        is_group
            || self.word.chars().any(char::is_numeric)
            || self.word.contains("-----")
            || self.is_odd && BANNER.contains(&self.word.as_str())
            || NAMES.iter().any(|name| lower.contains(name))
            || self.word.ends_with(BEFORE_VALUE)
    }
}

/// Whether a character may stand between pieces: spaces, and signs of scripts that use none.
fn parts(c: char) -> bool {
    c.is_whitespace()
        || matches!(u32::from(c), 0x0e00..=0x0eff | 0x1000..=0x109f | 0x1780..=0x17ff
            | 0x3000..=0x30ff | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xff0c | 0x2_0000..=0x3_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pieces that are looked at.
    fn pieces(text: &str) -> Vec<String> {
        let (mut cluster, mut piece, mut pieces) = (Cluster::default(), String::new(), vec![]);
        for c in text.chars() {
            match cluster.feed(c) {
                Step::On => piece.push(c),
                Step::Plain => piece.clear(),
                Step::Look => pieces.push(std::mem::take(&mut piece)),
                Step::Full => {
                    piece.push(c);
                    pieces.push(std::mem::take(&mut piece));
                }
            }
        }
        if cluster.is_odd() {
            pieces.push(piece);
        }
        pieces
    }

    #[test]
    fn ordinary_words_are_not_looked_at() {
        assert_eq!(pieces("Hello there, how are you? I don't know. e.g. this < y"), [""; 0]);
    }

    #[test]
    fn what_belongs_together_is_one_piece() {
        for (text, wanted) in [
            ("Call +49 170 123 4567 today please", "+49 170 123 4567 today"),
            ("to GB29 NWBK 6016 1331 9268 19 by", "GB29 NWBK 6016 1331 9268 19 by"),
            ("my password = abcdefgh yes", "password = abcdefgh"),
            ("an ada@example.com or", "ada@example.com"),
            ("<a title=\"x y\"\nhref='z w'>t u", "<a title=\"x y\"\nhref='z w'>t"),
            ("-----BEGIN RSA PRIVATE KEY-----\nx", "-----BEGIN RSA PRIVATE KEY-----"),
            ("见www.evil.net吧", "www.evil.net"),
        ] {
            assert_eq!(pieces(text), [wanted], "{text}");
        }
    }

    #[test]
    fn a_piece_has_a_bound() {
        let long = "x".repeat(LONGEST + 100);
        assert_eq!(pieces(&long).iter().map(String::len).collect::<Vec<_>>(), [LONGEST, 100]);
        let numbers = "1 ".repeat(LONGEST);
        assert!(pieces(&numbers).iter().all(|piece| piece.len() <= LONGEST));
    }
}
