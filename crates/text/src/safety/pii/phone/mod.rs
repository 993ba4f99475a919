//! Telephone numbers, as they are written.
//!
//! A number with its country's code is known by its length there. Without one, three ways of writing are
//! believed by themselves: North America's (3-3-4), an area code that begins with 0, and an area code in
//! brackets. Any other 7 to 12 digits are a telephone's if the words around say so: `call me on 9472 7916`.
//! The nearest word counts, so that `order 0301 234567` is none.

mod plan;
mod words;

use super::context::{Said, follows, nearest};
use super::page::{Page, plain};
use super::{Found, Hit, Kind};
use words::{LABELS, OTHERS, PHONES};

/// Digits of the longest number, with a prefix for calls abroad (E.164: 15), and signs between them.
const DIGITS: usize = 18;
const BYTES: usize = 40;
/// Digits of the shortest number that is not a service's.
const FEWEST: usize = 7;

/// A number as it stands: its digits, and where its groups end.
#[derive(Default)]
struct Written {
    start: usize,
    digits: Vec<u8>,
    /// After each group: digits so far, and the byte.
    groups: Vec<(usize, usize)>,
    /// The sign or signs before each group but the first.
    signs: Vec<char>,
    plus: bool,
    bracket: bool,
    /// How many groups stood before the first bracket was closed.
    closed: Option<usize>,
    /// Whether another number stands before it, so that it may be a part of something longer.
    behind: bool,
    /// A 0 in brackets behind the country's code, which is dialled within the country only.
    trunk: Option<usize>,
}

/// Looks at the number that begins with the word at `at`; gives the byte up to which it was read, if it is
/// a telephone's.
pub(super) fn find(page: &Page<'_>, at: usize, found: &mut Found) -> Option<usize> {
    let word = page.words.get(at)?;
    let written = read(page, word.start)?;
    let (end, rank) = international(page, &written).or_else(|| national(page, &written))?;
    let end = extension(page, end);
    found.push(Hit { kind: Kind::Phone, rank, start: written.start, end });
    Some(end)
}

fn read(page: &Page<'_>, first: usize) -> Option<Written> {
    let mut start = first;
    let mut written = Written::default();
    for _ in 0..2 {
        match page.byte(start.wrapping_sub(1)) {
            Some(b'(') if !written.bracket => written.bracket = true,
            Some(b'+') if !written.plus => written.plus = true,
            _ => break,
        }
        start -= 1;
    }
    let before = page.before(start);
    // The `+` of a sum, of base64 or of an address; the bracket of a call of a function.
    let glued = before
        .is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '$' | '€' | '£'));
    let apart = start < first || page.is_apart_before(start) || before == Some('/');
    if glued || !apart {
        return None;
    }
    written.start = start;
    let mut before = page.text.get(..start)?.chars().rev();
    written.behind =
        before.next().map(plain) == Some(' ') && before.next().is_some_and(|c| c.is_ascii_digit());
    let rest = page.text.get(first..)?;
    let mut signs = String::new();
    let mut inside = written.bracket;
    for (place, c) in rest.char_indices().take_while(|(place, _)| *place < BYTES) {
        if let Some(digit) = c.to_digit(10) {
            if written.digits.len() == DIGITS {
                break;
            }
            let opens = !signs.is_empty();
            if opens {
                let Some(sign) = sign(&signs) else { break };
                written.signs.push(sign);
                signs.clear();
            }
            if opens || written.groups.is_empty() {
                written.groups.push((0, 0));
            }
            written.digits.push(u8::try_from(digit).ok()?);
            *written.groups.last_mut()? = (written.digits.len(), first + place + 1);
            continue;
        }
        match plain(c) {
            '(' if !inside => inside = true,
            ')' if inside => {
                inside = false;
                written.closed.get_or_insert(written.groups.len());
            }
            ' ' | '-' | '.' | '/' => {}
            _ => break,
        }
        if c == ')'
            && signs.is_empty()
            && rest.get(..place).is_some_and(|head| head.ends_with("(0"))
        {
            written.trunk = written.digits.len().checked_sub(1);
        }
        signs.push(plain(c));
        if signs.chars().count() > 3 {
            break;
        }
    }
    Some(written)
}

/// One sign for what stands between two groups; none if it parts more than it joins.
fn sign(signs: &str) -> Option<char> {
    let inner = signs.trim_matches([' ', '(', ')']);
    let mut inner = inner.chars();
    match (inner.next(), inner.next()) {
        (None, _) => Some(' '),
        (Some(sign), None) => Some(sign),
        _ => None,
    }
}

fn international(page: &Page<'_>, written: &Written) -> Option<(usize, u8)> {
    // What is dialled before the country's code: 00 nearly everywhere, 011 in North America.
    let prefix = match written.digits.as_slice() {
        _ if written.plus => 0,
        _ if written.behind => return None,
        [0, 0, ..] => 2,
        [0, 1, 1, ..] if written.groups.first()?.0 == 3 => 3,
        _ => return None,
    };
    let code = plan::code(written.digits.get(prefix..)?)?;
    let complete = |length: usize| {
        let mut digits: Vec<u8> = written.digits.get(prefix..length).unwrap_or_default().to_vec();
        if let Some(trunk) = written.trunk.and_then(|trunk| trunk.checked_sub(prefix))
            && trunk < digits.len()
        {
            digits.remove(trunk);
        }
        plan::is_complete(&digits, code)
    };
    let ends = written.groups.iter().rev().filter(|(length, _)| complete(*length));
    let end = ends.map(|(_, end)| *end).find(|end| ends_there(page, *end))?;
    let said = written.plus || nearest(page.text, written.start, &PHONES, &OTHERS) != Said::Against;
    said.then_some((end, 2))
}

fn national(page: &Page<'_>, written: &Written) -> Option<(usize, u8)> {
    if written.plus {
        return None;
    }
    if written.digits.len() < FEWEST {
        return None;
    }
    let said = nearest(page.text, written.start, &PHONES, &OTHERS);
    let shape = |groups: usize| Shape::of(written, groups);
    let candidates = (1..=written.groups.len()).rev().filter_map(shape);
    candidates
        .filter(|shape| ends_there(page, shape.end))
        .find(|shape| {
            let labelled = || follows(page.text, shape.end, &LABELS);
            let told = said == Said::For || labelled();
            match said {
                _ if shape.is_date() => false,
                _ if told => shape.is_possible(),
                Said::Against => false,
                _ if written.behind => false,
                _ => shape.is_american() || shape.is_trunk() || shape.is_bracketed(),
            }
        })
        .map(|shape| (shape.end, if said == Said::For { 2 } else { 3 }))
}

/// Some groups of a number, from the first.
struct Shape<'w> {
    written: &'w Written,
    digits: &'w [u8],
    lengths: Vec<usize>,
    signs: &'w [char],
    end: usize,
}

impl<'w> Shape<'w> {
    fn of(written: &'w Written, groups: usize) -> Option<Self> {
        let taken = written.groups.get(..groups)?;
        let (length, end) = *taken.last()?;
        let starts = [0].into_iter().chain(taken.iter().map(|(length, _)| *length));
        let lengths = taken.iter().zip(starts).map(|((end, _), start)| end - start).collect();
        let signs = written.signs.get(..groups - 1)?;
        Some(Self { written, digits: written.digits.get(..length)?, lengths, signs, end })
    }

    /// A day of a calendar, and what follows it.
    fn is_date(&self) -> bool {
        let same = |a: char, b: char| a == b && matches!(a, '-' | '.' | '/');
        let dated = matches!(self.lengths.as_slice(), [4, 2, 2, ..] | [2 | 1, 2 | 1, 4, ..]);
        dated && self.signs.first().zip(self.signs.get(1)).is_some_and(|(a, b)| same(*a, *b))
    }

    /// 3-3-4, also behind the country's code 1.
    fn is_american(&self) -> bool {
        let (digits, groups) = match (self.digits, self.lengths.as_slice()) {
            ([1, rest @ ..], [1, groups @ ..]) => (rest, groups),
            (digits, groups) => (digits, groups),
        };
        groups == [3, 3, 4] && plan::is_american(digits) && !self.signs.contains(&'/')
    }

    /// An area code that begins with one 0, and the rest: 9 to 12 digits in all.
    fn is_trunk(&self) -> bool {
        let dots = self.signs.iter().filter(|sign| **sign == '.').count();
        let pairs = self.lengths.iter().all(|length| *length == 2);
        let first = self.lengths.first().copied().unwrap_or(0);
        // ZIP+4, a social security number, and three threes, which count parts more often.
        let other = matches!(self.lengths.as_slice(), [5, 4] | [3, 2, 4] | [3, 3, 3]);
        self.digits.starts_with(&[0])
            && !self.digits.starts_with(&[0, 0])
            && (9..=12).contains(&self.digits.len())
            && self.lengths.len() >= 2
            && (2..=5).contains(&first)
            && self.lengths.iter().all(|length| *length >= 2)
            && (dots == 0 || (pairs && dots == self.signs.len()))
            && !other
    }

    /// An area code in brackets.
    fn is_bracketed(&self) -> bool {
        let area = self.lengths.first().copied().unwrap_or(0);
        let year = area == 4 && matches!(self.digits.get(..2), Some([1, 9] | [2, 0]));
        // What goes on within the bracket is a remark, e.g. the years of a life.
        self.written.bracket
            && self.written.closed == Some(1)
            && self.lengths.len() >= 2
            && (2..=5).contains(&area)
            && (8..=12).contains(&self.digits.len())
            && self.lengths.iter().all(|length| *length >= 2)
            && !year
    }

    /// What can be a number at all.
    fn is_possible(&self) -> bool {
        let america = self.digits.len() == 11 && self.digits.starts_with(&[1]);
        let first = if america { 1 } else { 0 };
        (FEWEST..=12).contains(&self.digits.len())
            && self.lengths.iter().skip(first).all(|length| *length >= 2)
            && self.lengths.len() <= 6
            && !(self.lengths.as_slice() == [3, 2, 4] && self.signs.contains(&'-'))
    }
}

fn ends_there(page: &Page<'_>, end: usize) -> bool {
    let mut after = page.text.get(end..).unwrap_or_default().chars();
    match (after.next(), after.next()) {
        (Some('_' | '%' | '€' | '@'), _) => false,
        (Some('-'), Some(c)) if c.is_alphanumeric() => follows(page.text, end, &LABELS),
        (Some('.' | ':' | ','), Some(c)) => !c.is_ascii_digit(),
        (Some('x'), Some(c)) => c.is_ascii_digit(),
        (Some(c), _) => !c.is_ascii_alphanumeric(),
        (None, _) => true,
    }
}

/// The end of a number with its extension: `x4587`, `ext. 12`.
fn extension(page: &Page<'_>, end: usize) -> usize {
    let rest = page.text.get(end..).unwrap_or_default();
    let bare = rest.trim_start_matches([' ', ',']);
    let marks = ["extension ", "ext. ", "ext.", "ext ", "x", "durchwahl "];
    let lower: String = bare.chars().take(10).collect::<String>().to_lowercase();
    let mark = marks.into_iter().find(|mark| lower.starts_with(mark));
    let Some(digits) = mark.and_then(|mark| bare.get(mark.len()..)) else { return end };
    let length = digits.bytes().take(7).take_while(u8::is_ascii_digit).count();
    let goes_on = digits.get(length..).is_some_and(|rest| rest.starts_with(char::is_alphanumeric));
    let is_one = (1..=6).contains(&length) && !goes_on && rest.len() - bare.len() <= 2;
    if is_one { page.text.len() - digits.len() + length } else { end }
}
