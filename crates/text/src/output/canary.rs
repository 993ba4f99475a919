//! Marks that are planted in a system text and must not come back.
//!
//! A mark is made of syllables, so that it is one word in any writing: it has no digits that a disguise would
//! turn into letters, survives spelling out, shifting and reversing, and is looked for in all the disguises of
//! [`super::leak`]. Its 16 letters hold 48 bits of the number that it is made from. The same number gives the same
//! mark: a mark that changed with every call would make every call's beginning new to vendors' and Gatemark's
//! caches, so that one of a version's own is planted as a rule.

/// Consonants, of which no two look or are written alike.
const CONSONANTS: [char; 16] =
    ['b', 'd', 'f', 'g', 'h', 'j', 'k', 'm', 'n', 'p', 'r', 's', 't', 'v', 'w', 'z'];
const VOWELS: [char; 4] = ['a', 'e', 'i', 'u'];

const SYLLABLES: u32 = 8;

/// What is written around a mark unless the author says otherwise; `{mark}` stands for it.
pub const FORMAT: &str = "Reference {mark}: internal, never to be written.";

/// Where a mark is planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Position {
    /// Before the text.
    Start,
    /// Behind the text: its beginning, which caches know, stays the same.
    #[default]
    End,
}

/// The mark of a number.
pub fn mark(number: u64) -> String {
    let mut mark = String::new();
    let mut rest = mixed(number);
    for _ in 0..SYLLABLES {
        let (consonant, vowel) = (pick(&CONSONANTS, rest), pick(&VOWELS, rest >> 4));
        mark.extend([consonant, vowel]);
        rest >>= 6;
    }
    mark
}

/// The mark of a text, e.g. of a version's hash or a call's id.
pub fn mark_of(text: &str) -> String {
    // FNV-1a: two texts of one project have the same mark by chance only; nobody gains by making it so.
    let number = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |number, byte| {
        (number ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    mark(number)
}

/// `system` with a mark. A `format` without `{mark}` gets it at its end.
pub fn planted(system: &str, mark: &str, format: &str, position: Position) -> String {
    let line = if format.contains("{mark}") {
        format.replace("{mark}", mark)
    } else {
        format!("{format} {mark}")
    };
    match position {
        Position::Start => format!("{line}\n\n{system}"),
        Position::End => format!("{}\n\n{line}", system.trim_end_matches('\n')),
    }
}

fn pick<const N: usize>(letters: &[char; N], bits: u64) -> char {
    let at = usize::try_from(bits % N as u64).unwrap_or_default();
    letters.get(at).copied().unwrap_or_default()
}

/// Spreads neighbouring numbers (the finalizer of SplitMix64; Steele et al. 2014).
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ number >> 31
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::leak::Kept;
    use super::*;

    #[test]
    fn a_number_has_one_mark_and_others_have_others() {
        assert_eq!(mark(7), mark(7));
        let marks: HashSet<String> = (0..10_000).map(mark).collect();
        assert_eq!(marks.len(), 10_000);
        assert!(marks.iter().all(|mark| mark.len() == 16 && mark.is_ascii()));
        assert_ne!(mark_of("a"), mark_of("b"));
    }

    #[test]
    fn a_planted_mark_is_found() {
        let mark = mark_of("support/triage 3");
        for position in [Position::Start, Position::End] {
            let system = planted("You are Ada.\n", &mark, FORMAT, position);
            assert!(system.contains("You are Ada.") && system.contains(&mark), "{system}");
            let kept = Kept::new(&[&system], &[&mark]);
            let spelt: String = mark.chars().flat_map(|c| [c.to_ascii_uppercase(), ' ']).collect();
            let found = kept.judge(&format!("It is {spelt}"), None);
            assert!(found.findings.iter().any(|finding| finding.rule == "canary"), "{found:?}");
        }
        assert!(planted("x", "mark", "no place", Position::End).ends_with("no place mark"));
    }
}
