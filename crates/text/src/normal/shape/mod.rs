//! Views of a folded text for words that are written in another shape: apart, with digits, backwards, shifted.
//!
//! Each is made only on evidence, which one pass over the bytes ([`Signs`]) and one over a keyword automaton give, so
//! that ordinary text pays for neither.

mod joined;
mod leet;
mod turned;

pub(crate) use joined::joined;
pub(crate) use leet::leet;
pub(crate) use turned::{deciphered, reversed, reversed_words};

/// What one pass over the bytes of a folded text sees.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Signs {
    /// Letters that stand alone.
    pub(crate) single: usize,
    /// Letters with one mark between them, or short runs of letters.
    pub(crate) marked: usize,
    /// Letters next to digits or signs that look like letters.
    pub(crate) mixed: usize,
    /// The longest run of letters, in bytes.
    pub(crate) longest: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Digit,
    /// Looks like a letter between letters.
    Sign,
    /// Is put between letters.
    Mark,
    Other,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Other; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte {
            0x61..=0x7a | 0x80..=0xff => Class::Letter,
            0x30..=0x39 => Class::Digit,
            0x21 | 0x24 | 0x40 | 0x7c => Class::Sign,
            0x2a | 0x2d | 0x2e | 0x2f | 0x5f | 0x7e | 0x2b | 0x5e | 0x60 | 0x27 | 0x3a | 0x2c => {
                Class::Mark
            }
            _ => Class::Other,
        };
        byte += 1;
    }
    classes
};

fn class(byte: u8) -> Class {
    CLASSES.get(usize::from(byte)).copied().unwrap_or(Class::Other)
}

impl Signs {
    /// Looks at a folded text.
    pub(crate) fn of(folded: &str) -> Self {
        let mut signs = Self::default();
        let (mut before, mut last) = (Class::Other, Class::Other);
        let (mut run, mut letters) = (0, 0);
        for byte in folded.bytes() {
            let class = class(byte);
            if class == Class::Letter {
                run += 1;
                letters += usize::from(byte & 0xc0 != 0x80);
                signs.marked += usize::from(last == Class::Mark && before == Class::Letter);
                signs.mixed += usize::from(matches!(last, Class::Digit | Class::Sign));
            } else {
                signs.close(run, letters);
                (run, letters) = (0, 0);
                signs.mixed += usize::from(class == Class::Digit && last == Class::Letter);
            }
            (before, last) = (last, class);
        }
        signs.close(run, letters);
        signs
    }

    fn close(&mut self, run: usize, letters: usize) {
        self.longest = self.longest.max(run);
        self.single += usize::from(letters == 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_shows_no_signs() {
        let signs = Signs::of("please send me the invoice of last month, thanks.");
        assert_eq!(signs, Signs { single: 0, marked: 0, mixed: 0, longest: 7 });
    }

    #[test]
    fn shapes_show() {
        assert_eq!(Signs::of("i g n o r e").single, 6);
        assert_eq!(Signs::of("и г н о р").single, 5);
        assert_eq!(Signs::of("ign-ore").marked, 1);
        assert_eq!(Signs::of("1gn0re").mixed, 3);
    }
}
