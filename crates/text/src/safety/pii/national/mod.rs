//! Numbers by which states and their institutions know a person.
//!
//! Each has a form: how many digits, in which groups, and what must hold between them. Where the form and its
//! check leave little to chance it is believed by itself; where a tenth of all numbers of that length would
//! pass, a word nearby must say what it is.

mod america;
mod asia;
mod europe;
mod letters;
mod marked;

use super::context::is_said;
use super::digits::is_filler;
use super::page::Page;
use super::{Found, Hit, Kind};

/// A way in which a number is written.
struct Form {
    kind: Kind,
    /// As in [`Page::number`].
    pattern: &'static str,
    /// What must hold of its digits.
    holds: fn(&[u8]) -> bool,
    /// Words of which one must stand near; none if the form is enough.
    words: &'static [&'static str],
}

/// One kind's ways of being written: `alone` where the form is enough, `told` where words must say so.
struct Forms {
    kind: Kind,
    holds: fn(&[u8]) -> bool,
    alone: &'static [&'static str],
    told: &'static [&'static str],
    words: &'static [&'static str],
}

/// All forms by the length of their first group, so that a number meets only those it can be.
static FORMS: std::sync::LazyLock<Vec<Vec<Form>>> = std::sync::LazyLock::new(|| {
    let mut forms: Vec<Vec<Form>> = (0..=20).map(|_| vec![]).collect();
    let all = america::FORMS.iter().chain(europe::FORMS).chain(asia::FORMS);
    for Forms { kind, holds, alone, told, words } in all {
        let enough = alone.iter().map(|pattern| (*pattern, &[][..]));
        for (pattern, words) in enough.chain(told.iter().map(|pattern| (*pattern, *words))) {
            let first = pattern.chars().next().and_then(|c| c.to_digit(36)).unwrap_or(0);
            if let Some(place) = usize::try_from(first).ok().and_then(|first| forms.get_mut(first))
            {
                place.push(Form { kind: *kind, pattern, holds: *holds, words });
            }
        }
    }
    forms
});

/// What the word at `at` begins.
pub(super) fn find(page: &Page<'_>, at: usize, found: &mut Found) {
    let Some(word) = page.words.get(at) else { return };
    if word.number {
        let forms = FORMS.get(word.len()).map(Vec::as_slice).unwrap_or_default();
        for form in forms {
            numbered(page, at, form, found);
        }
    }
    letters::find(page, at, found);
    marked::find(page, at, found);
}

fn numbered(page: &Page<'_>, at: usize, form: &Form, found: &mut Found) {
    let Some(number) = page.number(at, form.pattern) else { return };
    let digits = number.digits();
    if is_filler(digits) || !(form.holds)(digits) {
        return;
    }
    let told = !form.words.is_empty();
    if told && !is_said(page.text, number.start, number.end, form.words) {
        return;
    }
    let (start, end) = (number.start, number.end);
    // What is said to be it is more believable than what may be it.
    found.push(Hit { kind: form.kind, rank: if told { 0 } else { 1 }, start, end });
}
