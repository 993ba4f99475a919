//! Texts that a prompt sets apart between marks (docs/guard-policy.md), as the vendor reads them: without the marks,
//! with spaces again where a sign stood for them, and decoded.
//!
//! A model is told in the system text what the marks mean, and so is this one: where nothing is said of marks,
//! they are text.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::message::Speaker;

/// A stretch of a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stretch<'t> {
    /// What it says.
    pub(super) text: Cow<'t, str>,
    /// How it is set apart, if it is.
    pub(super) apart: Option<Apart>,
}

/// How a text is set apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Apart {
    /// Between marks.
    Delimited,
    /// With a sign for each space.
    Marked,
    /// In base64.
    Encoded,
}

/// What the system text says of marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    sign: bool,
    base64: bool,
}

const SIGN: char = 'ˆ';
const OPEN: &str = "[[data-";

impl Told {
    /// What is said of them in these turns; `None` if nothing is.
    pub(super) fn by(turns: &[(Speaker, String)]) -> Option<Self> {
        let system = turns.iter().filter(|(speaker, _)| *speaker == Speaker::System);
        let text = system.map(|(_, text)| text).find(|text| text.contains("[[data-ID]]"))?;
        Some(Self { sign: text.contains(SIGN), base64: text.contains("base64") })
    }

    /// The stretches of a turn, in order.
    pub(super) fn stretches(self, turn: &str) -> Vec<Stretch<'_>> {
        let mut found = vec![];
        let mut left = turn;
        while let Some((before, inner, after)) = marked(left) {
            found.push(Stretch { text: Cow::Borrowed(before), apart: None });
            found.push(self.read(inner));
            left = after;
        }
        found.push(Stretch { text: Cow::Borrowed(left), apart: None });
        found.retain(|stretch| !stretch.text.is_empty());
        found
    }

    fn read(self, inner: &str) -> Stretch<'_> {
        if self.sign && inner.contains(SIGN) {
            let text = inner.replace("ˆ\n", "\n").replace(SIGN, " ");
            return Stretch { text: Cow::Owned(text), apart: Some(Apart::Marked) };
        }
        let decoded = STANDARD.decode(inner).ok().filter(|_| self.base64);
        match decoded.and_then(|bytes| String::from_utf8(bytes).ok()) {
            Some(text) => Stretch { text: Cow::Owned(text), apart: Some(Apart::Encoded) },
            None => Stretch { text: Cow::Borrowed(inner), apart: Some(Apart::Delimited) },
        }
    }

    /// The turn without marks.
    fn plain(self, turn: &str) -> String {
        self.stretches(turn).into_iter().map(|stretch| stretch.text).collect()
    }
}

/// What is before, within and after the first pair of marks.
fn marked(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once(OPEN)?;
    let (digits, rest) = rest.split_once("]]")?;
    let (inner, after) = rest.split_once(&format!("[[/data-{digits}]]"))?;
    Some((before, inner, after))
}

/// The turns as the vendor reads them.
pub(super) fn read(turns: Vec<(Speaker, String)>) -> Vec<(Speaker, String)> {
    let Some(told) = Told::by(&turns) else { return turns };
    let plain = |(speaker, text): (Speaker, String)| match speaker {
        Speaker::System | Speaker::Assistant => (speaker, text),
        Speaker::User | Speaker::Tool => (speaker, told.plain(&text)),
    };
    turns.into_iter().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatemark_core::guard_policy::Spotlight;
    use gatemark_text::spotlight::{self, Boundary};

    fn turns(system: &str, user: &str) -> Vec<(Speaker, String)> {
        vec![(Speaker::System, system.into()), (Speaker::User, user.into())]
    }

    #[test]
    fn every_way_of_setting_apart_is_read() {
        let boundary = Boundary::of(b"k", "two words\nand more");
        for how in [Spotlight::Delimit, Spotlight::Datamark, Spotlight::Encode] {
            let said = spotlight::text("two words\nand more", how, &boundary);
            let told = spotlight::instruction([how]).unwrap();
            let read = read(turns(&told, &format!("Sort this: {said}!")));
            assert_eq!(read[1].1, "Sort this: two words\nand more!", "{how:?}");
        }
    }

    #[test]
    fn marks_that_nobody_speaks_of_are_text() {
        let said = "[[data-0123456789ab]]x[[/data-0123456789ab]]";
        assert_eq!(read(turns("Sort it.", said))[1].1, said);
        let told = spotlight::instruction([Spotlight::Delimit]).unwrap();
        for odd in ["[[data-1]]x", "[[data-", "[[data-1]]x[[/data-2]]"] {
            assert_eq!(read(turns(&told, odd))[1].1, odd);
        }
    }
}
