//! Text that is written backwards, or with each letter shifted.

use super::super::lexicon::Change;
use super::super::trace::Traced;

/// The whole text from its end.
pub(crate) fn reversed(folded: &Traced) -> Traced {
    let mut view = Traced::default();
    let mut walk = folded.trace.walk();
    for (at, c) in folded.text.char_indices().rev() {
        view.push(c, walk.span(at..at + c.len_utf8()));
    }
    view
}

/// Each word from its end.
pub(crate) fn reversed_words(folded: &Traced) -> Traced {
    let mut view = Traced::default();
    let mut walk = folded.trace.walk();
    let mut word: Vec<(usize, char)> = vec![];
    for (at, c) in folded.text.char_indices() {
        if c.is_alphanumeric() {
            word.push((at, c));
            continue;
        }
        for (at, c) in word.drain(..).rev() {
            view.push(c, folded.trace.span(at..at + c.len_utf8()));
        }
        view.push(c, walk.span(at..at + c.len_utf8()));
    }
    for (at, c) in word.drain(..).rev() {
        view.push(c, folded.trace.span(at..at + c.len_utf8()));
    }
    view
}

/// Each letter as it was before the change.
pub(crate) fn deciphered(folded: &Traced, change: Change) -> Traced {
    let text = folded.text.chars().map(|c| change.undo(c)).collect();
    Traced { text, trace: folded.trace.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backwards_is_forwards_again() {
        let folded = Traced::of("tpmorp eht");
        let view = reversed(&folded);
        assert_eq!(view.text, "the prompt");
        assert_eq!(view.trace.span(4..10), (0, 6));
        let view = reversed_words(&Traced::of("erongi eht tpmorp."));
        assert_eq!(view.text, "ignore the prompt.");
        assert_eq!(view.trace.span(7..10), (7, 10));
    }

    #[test]
    fn shifts_are_undone() {
        let view = deciphered(&Traced::of("vtaber 1 ü"), Change::Shift(13));
        assert_eq!(view.text, "ignore 1 ü");
        assert_eq!(view.trace.span(7..8), (7, 8));
    }
}
