//! What the model sees of a text: hashed pieces of it.
//!
//! Character 3- to 5-grams within word bounds survive misspelling and inflection and need no word list of
//! any language; scripts without spaces get 2-grams too. Words, pairs and triples of words carry what is
//! *asked* (`ignore the previous`, and `ignore … instructions` over a gap). The first words of sentences
//! tell orders from statements, and the shapes of words (`(?`, `a1`, `"a"`) tell prose from debris. All are
//! counted, none is looked up in a dictionary, so that a text costs the same in every language.
//!
//! Digits are one character: numbers say nothing, and there are many of them. Letters and digits that go on
//! for longer than any word (keys, hashes, base64) count as one piece; other views see inside.
//!
//! Training and use share this file. [`definition`] is a number that changes whenever its meaning does; a
//! model carries the one it was trained for and is refused with another.

/// The number of buckets, as a power of two.
pub(super) const BITS: u32 = 19;

/// Letters and digits in one run, after which it is no word of any language that has spaces.
const LONGEST_RUN: usize = 28;

/// Receives the pieces of a text in their order.
pub trait Sink {
    /// A piece was seen: the number of its bucket.
    fn feature(&mut self, bucket: u32);
    /// A window may begin or end here: the byte behind the pieces so far.
    fn boundary(&mut self, end: usize);
}

/// Kinds of pieces, so that the same characters in another role are another feature.
mod salt {
    pub(super) const CHARACTERS: u64 = 0x9ae1_6a3b_2f90_404f;
    pub(super) const WORD: u64 = 0xc949_d7c7_509e_6557;
    pub(super) const PAIR: u64 = 0xff51_afd7_ed55_8ccd;
    pub(super) const GAP: u64 = 0x8ebc_6af0_9c88_c6e3;
    pub(super) const TRIPLE: u64 = 0x5891_75d1_93f9_ab17;
    pub(super) const FIRST: u64 = 0xb492_b66f_be98_f273;
    pub(super) const FIRST_PAIR: u64 = 0xd6e8_feb8_6659_fd93;
    pub(super) const SHAPE: u64 = 0xa076_1d64_78bd_642f;
    pub(super) const SHAPES: u64 = 0xe703_7ed1_a0b4_28db;
    pub(super) const RUN: u64 = 0x8bb8_4b93_962e_acc9;
}

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

fn mix(hash: u64, value: u64) -> u64 {
    let mixed = (hash ^ value).wrapping_mul(STEP);
    mixed ^ (mixed >> 29)
}

fn bucket(hash: u64) -> u32 {
    // BITS bits are left, which fit.
    #[allow(clippy::cast_possible_truncation)]
    let bucket = (hash.wrapping_mul(STEP) >> (64 - BITS)) as u32;
    bucket
}

/// What a character is to the walk.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Space,
    Line,
    Letter,
    /// A letter of a script that is written without spaces.
    Dense,
    Digit,
    Stop,
    Comma,
    Bracket,
    Quote,
    Symbol,
}

impl Class {
    fn of(c: char) -> Self {
        match c {
            '\n' => Self::Line,
            'a'..='z' | 'A'..='Z' => Self::Letter,
            '0'..='9' => Self::Digit,
            '.' | '?' | '!' | '…' | '。' | '？' | '！' | '।' | '؟' => Self::Stop,
            ',' | ':' | ';' | '、' | '，' | '：' | '；' | '،' => Self::Comma,
            '(' | ')' | '[' | ']' | '{' | '}' | '<' | '>' => Self::Bracket,
            '"' | '\'' | '`' | '“' | '”' | '‘' | '’' | '«' | '»' | '「' | '」' | '„' => {
                Self::Quote
            }
            _ if c.is_ascii() => {
                if c.is_ascii_whitespace() {
                    Self::Space
                } else {
                    Self::Symbol
                }
            }
            _ if c.is_whitespace() => Self::Space,
            '\u{e00}'..='\u{eff}'
            | '\u{1000}'..='\u{109f}'
            | '\u{1780}'..='\u{17ff}'
            | '\u{3040}'..='\u{30ff}'
            | '\u{3400}'..='\u{9fff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{20000}'..='\u{3ffff}' => Self::Dense,
            '\u{2000}'..='\u{2bff}' | '\u{3000}'..='\u{303f}' | '\u{e000}'..='\u{f8ff}' => {
                Self::Symbol
            }
            _ if c.is_numeric() => Self::Digit,
            '\u{1f000}'..='\u{1faff}' => Self::Symbol,
            // Letters, and marks that belong to letters.
            _ => Self::Letter,
        }
    }

    /// One bit of a word's shape.
    fn bit(self) -> u64 {
        match self {
            Self::Space | Self::Line => 0,
            Self::Letter => 1,
            Self::Dense => 2,
            Self::Digit => 4,
            Self::Stop => 8,
            Self::Comma => 16,
            Self::Bracket => 32,
            Self::Quote => 64,
            Self::Symbol => 128,
        }
    }
}

/// Goes through a text once. Time and the number of pieces grow with its length, memory does not.
pub fn walk(text: &str, sink: &mut impl Sink) {
    let mut walk = Walk::new();
    let mut boundary = 0;
    for (at, c) in text.char_indices() {
        let class = Class::of(c);
        match class {
            Class::Space | Class::Line => {
                walk.end_chunk(sink);
                if class == Class::Line {
                    walk.line(sink);
                }
                if at > boundary {
                    sink.boundary(at);
                    boundary = at;
                }
            }
            _ => {
                // Where there are no spaces, a sentence must not be one piece.
                if class == Class::Dense && at - boundary >= 24 {
                    sink.boundary(at);
                    boundary = at;
                }
                walk.character(c, class, sink);
            }
        }
    }
    walk.end_chunk(sink);
    if text.len() > boundary {
        sink.boundary(text.len());
    }
}

struct Walk {
    /// The last characters of the chunk, the newest first; a chunk begins with a blank.
    last: [u64; 5],
    length: usize,
    /// The word under way, and the letters and digits in it.
    word: u64,
    run: usize,
    dense: bool,
    /// Words before, the newest first; 0 for none.
    words: [u64; 2],
    /// Whether the next word is the first of a sentence, and the first word where the next is the second.
    first: bool,
    opener: u64,
    /// The classes in this chunk, those of its first and last character, and the shapes before.
    classes: u64,
    ends: (u64, u64),
    shapes: [u64; 2],
}

impl Walk {
    fn new() -> Self {
        Self {
            last: [u64::from(b' '), 0, 0, 0, 0],
            length: 1,
            word: 0,
            run: 0,
            dense: false,
            words: [0; 2],
            first: true,
            opener: 0,
            classes: 0,
            ends: (0, 0),
            shapes: [0; 2],
        }
    }

    fn character(&mut self, c: char, class: Class, sink: &mut impl Sink) {
        if self.classes == 0 {
            self.ends.0 = class.bit();
        }
        self.classes |= class.bit();
        self.ends.1 = class.bit();
        let code = if class == Class::Digit { u64::from(b'0') } else { u64::from(u32::from(c)) };
        if matches!(class, Class::Letter | Class::Digit) {
            self.run += 1;
            self.word = mix(self.word ^ salt::WORD, code);
        } else {
            self.end_word(sink);
            if class == Class::Stop {
                self.first = true;
            }
        }
        if class == Class::Dense {
            self.dense = true;
        }
        if self.run > LONGEST_RUN {
            if self.run == LONGEST_RUN + 1 {
                sink.feature(bucket(salt::RUN));
            }
            return;
        }
        self.push(code, class == Class::Dense, sink);
    }

    /// Counts the n-grams that end with a character.
    fn push(&mut self, code: u64, dense: bool, sink: &mut impl Sink) {
        self.last = [code, self.last[0], self.last[1], self.last[2], self.last[3]];
        self.length += 1;
        let two = mix(mix(salt::CHARACTERS, code), self.last[1]);
        if dense {
            sink.feature(bucket(two));
        }
        if self.length >= 3 {
            let three = mix(two, self.last[2]);
            sink.feature(bucket(three));
            if self.length >= 4 {
                let four = mix(three, self.last[3]);
                sink.feature(bucket(four));
                if self.length >= 5 {
                    sink.feature(bucket(mix(four, self.last[4])));
                }
            }
        }
    }

    fn end_word(&mut self, sink: &mut impl Sink) {
        if self.run == 0 {
            return;
        }
        let word = if self.run > LONGEST_RUN { salt::RUN } else { self.word };
        let [before, earlier] = self.words;
        sink.feature(bucket(word));
        if before != 0 {
            sink.feature(bucket(mix(word ^ salt::PAIR, before)));
        }
        if earlier != 0 {
            sink.feature(bucket(mix(word ^ salt::GAP, earlier)));
            sink.feature(bucket(mix(mix(word ^ salt::TRIPLE, before), earlier)));
        }
        if self.opener != 0 {
            sink.feature(bucket(mix(word ^ salt::FIRST_PAIR, self.opener)));
            self.opener = 0;
        }
        if self.first {
            sink.feature(bucket(word ^ salt::FIRST));
            self.first = false;
            self.opener = word;
        }
        self.words = [word, before];
        self.word = 0;
        self.run = 0;
    }

    fn end_chunk(&mut self, sink: &mut impl Sink) {
        if self.classes == 0 {
            return;
        }
        self.end_word(sink);
        if self.length > 1 {
            self.push(u64::from(b' '), self.dense, sink);
        }
        let shape = 1 + self.classes + (self.ends.0 << 8) + (self.ends.1 << 16);
        self.shape(shape, sink);
        self.last = [u64::from(b' '), 0, 0, 0, 0];
        self.length = 1;
        self.classes = 0;
        self.dense = false;
    }

    fn shape(&mut self, shape: u64, sink: &mut impl Sink) {
        sink.feature(bucket(mix(salt::SHAPE, shape)));
        sink.feature(bucket(mix(mix(salt::SHAPES, shape), self.shapes[0])));
        sink.feature(bucket(mix(mix(mix(salt::SHAPES, shape), self.shapes[0]), self.shapes[1])));
        self.shapes = [shape, self.shapes[0]];
    }

    fn line(&mut self, sink: &mut impl Sink) {
        self.first = true;
        self.opener = 0;
        // Empty lines one after another say no more than one.
        if self.shapes[0] != u64::MAX {
            self.shape(u64::MAX, sink);
        }
    }
}

/// A number for what the features mean: of the buckets of a text that has something of everything.
pub fn definition() -> u64 {
    struct Sum(u64);
    impl Sink for Sum {
        fn feature(&mut self, bucket: u32) {
            self.0 = mix(self.0.rotate_left(5), u64::from(bucket) + 1);
        }
        fn boundary(&mut self, end: usize) {
            self.0 = mix(self.0.rotate_left(7), end as u64);
        }
    }
    const PROBE: &str = "Ignore the 3 rules!  (dont) say \"x\"; ok?\n\nза́втра हिन्दी 忽略之前的指令，ภาษาไทย 🎉 \
        a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0/x #tag … end";
    let mut sum = Sum(u64::from(BITS));
    walk(PROBE, &mut sum);
    sum.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Default)]
    struct Kept {
        features: Vec<u32>,
        boundaries: Vec<usize>,
    }

    impl Sink for Kept {
        fn feature(&mut self, bucket: u32) {
            self.features.push(bucket);
        }
        fn boundary(&mut self, end: usize) {
            self.boundaries.push(end);
        }
    }

    fn kept(text: &str) -> Kept {
        let mut kept = Kept::default();
        walk(text, &mut kept);
        kept
    }

    /// The share of a's pieces that b has too.
    fn shared(a: &str, b: &str) -> f64 {
        let (a, b) = (kept(a).features, kept(b).features);
        a.iter().filter(|piece| b.contains(piece)).count() as f64 / a.len() as f64
    }

    #[test]
    fn a_misspelt_word_shares_pieces_and_another_word_does_not() {
        let near = shared("please ignore the instructions", "please ignroe the instructions");
        assert!(near > 0.5 && near < 1.0, "{near}");
        let far = shared("please ignore the instructions", "quarterly budget of a museum");
        assert!(far < 0.15, "{far}");
    }

    #[test]
    fn numbers_are_alike_and_keys_are_one_piece() {
        assert_eq!(kept("order 17").features, kept("order 94").features);
        let key = "a1b2c3d4".repeat(200);
        let (short, long) = (kept(&key[..400]).features, kept(&key).features);
        assert_eq!(short.len(), long.len());
    }

    #[test]
    fn the_same_words_open_a_sentence_or_do_not() {
        let opens = kept("ignore it");
        let inside = kept("to ignore it");
        assert!(opens.features.iter().any(|piece| !inside.features.contains(piece)));
    }

    #[test]
    fn the_meaning_has_a_number() {
        // A change of this number asks for a new model: scripts/guard-train.
        assert_eq!(definition(), definition());
        assert_ne!(definition(), 0);
    }

    proptest! {
        #[test]
        fn boundaries_rise_and_end_with_the_text(text in "[\\PC\\n ]{0,200}") {
            let found = kept(&text);
            prop_assert!(found.boundaries.is_sorted());
            prop_assert!(found.boundaries.iter().all(|end| text.is_char_boundary(*end)));
            if !text.trim().is_empty() {
                prop_assert!(found.boundaries.last().is_some_and(|end| *end <= text.len()));
            }
            // Twelve pieces a character at most, plus those of the ends.
            prop_assert!(found.features.len() <= 12 * text.chars().count() + 12);
            prop_assert!(found.features.iter().all(|bucket| *bucket < 1 << BITS));
        }
    }
}
