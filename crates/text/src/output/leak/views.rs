//! All readings of a text side by side, character by character.

use super::decode::{Decoded, Digits, Hex, Morse, Numbers, turned};
use super::fold::{Fold, letters};
use super::index::Run;
use super::kept::Kept;
use super::lane::{Disguise, Lane};

/// As what a text was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Reading {
    /// As it stands.
    Plain,
    Base64,
    Base32,
    Hex,
    Numbers,
    Morse,
    /// With each sign turned (ROT47).
    Turned,
    /// Base64 within base64.
    Nested,
}

/// A run and how it was written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sighting {
    pub(super) reading: Reading,
    pub(super) disguise: Disguise,
    pub(super) run: Run,
}

impl Sighting {
    /// The word in findings.
    pub(super) fn rule(&self) -> &'static str {
        match (self.reading, self.disguise) {
            (Reading::Base64 | Reading::Nested, _) => "system-text-base64",
            (Reading::Turned, _) => "system-text-shifted",
            (Reading::Morse, _) => "system-text-codes",
            (Reading::Base32, _) => "system-text-base32",
            (Reading::Hex, _) => "system-text-hex",
            (Reading::Numbers, _) => "system-text-codes",
            (Reading::Plain, Disguise::None) => "system-text",
            (Reading::Plain, Disguise::Shifted | Disguise::Mirrored) => "system-text-shifted",
            (Reading::Plain, Disguise::Bare) => "system-text-bare",
            (Reading::Plain, _) => "system-text-reversed",
        }
    }
}

/// The state of all readings.
#[derive(Debug, Clone)]
pub(super) struct Views {
    fold: Fold,
    plain: Lane,
    base64: (Digits, Lane),
    base32: (Digits, Lane),
    hex: (Hex, Lane),
    numbers: (Numbers, Lane),
    morse: (Morse, Lane),
    turned: Lane,
    nested: (Digits, Lane),
    next: usize,
}

impl Views {
    pub(super) fn new() -> Self {
        Self {
            fold: Fold::default(),
            plain: Lane::new(),
            base64: (Digits::base64(), Lane::new()),
            base32: (Digits::base32(), Lane::new()),
            hex: (Hex::default(), Lane::new()),
            numbers: (Numbers::default(), Lane::new()),
            morse: (Morse::default(), Lane::new()),
            turned: Lane::with(&[Disguise::None]),
            nested: (Digits::base64(), Lane::new()),
            next: 0,
        }
    }

    /// Takes the next character; `give` gets the runs that end by it.
    pub(super) fn feed(&mut self, kept: &Kept, c: char, give: &mut impl FnMut(Sighting)) {
        let at = self.next;
        self.next += 1;
        let (fold, lane) = (&mut self.fold, &mut self.plain);
        fold.feed(c, at, &mut |symbol| {
            lane.feed(kept, symbol, &mut |disguise, run| {
                give(Sighting { reading: Reading::Plain, disguise, run });
            });
        });
        let (digits, lane) = &mut self.base64;
        let (inner, inner_lane) = &mut self.nested;
        digits.feed(c, (at, at + 1), &mut |decoded| {
            read(lane, kept, Reading::Base64, decoded, give);
            // What does not go on outside does not inside either.
            let (c, start, end) = decoded.unwrap_or((' ', at, at + 1));
            inner.feed(c, (start, end), &mut |decoded| {
                read(inner_lane, kept, Reading::Nested, decoded, give);
            });
        });
        let (digits, lane) = &mut self.base32;
        digits.feed(c, (at, at + 1), &mut |decoded| {
            read(lane, kept, Reading::Base32, decoded, give);
        });
        let (morse, lane) = &mut self.morse;
        morse.feed(c, at, &mut |decoded| read(lane, kept, Reading::Morse, decoded, give));
        read(&mut self.turned, kept, Reading::Turned, Some((turned(c), at, at + 1)), give);
        let (hex, lane) = &mut self.hex;
        hex.feed(c, at, &mut |decoded| read(lane, kept, Reading::Hex, decoded, give));
        let (numbers, lane) = &mut self.numbers;
        numbers.feed(c, at, &mut |decoded| read(lane, kept, Reading::Numbers, decoded, give));
    }

    /// The text is over; `give` gets the runs that go on.
    pub(super) fn end(&mut self, kept: &Kept, give: &mut impl FnMut(Sighting)) {
        let (fold, lane) = (&mut self.fold, &mut self.plain);
        let mut plain = |disguise, run| give(Sighting { reading: Reading::Plain, disguise, run });
        fold.end(&mut |symbol| lane.feed(kept, symbol, &mut plain));
        lane.cut(kept, &mut plain);
        let (numbers, lane) = &mut self.numbers;
        numbers.end(self.next, &mut |decoded| read(lane, kept, Reading::Numbers, decoded, give));
        let (morse, lane) = &mut self.morse;
        morse.end(' ', self.next, &mut |decoded| read(lane, kept, Reading::Morse, decoded, give));
        for (reading, lane) in self.decoded() {
            lane.cut(kept, &mut |disguise, run| give(Sighting { reading, disguise, run }));
        }
    }

    fn decoded(&mut self) -> [(Reading, &mut Lane); 7] {
        [
            (Reading::Morse, &mut self.morse.1),
            (Reading::Turned, &mut self.turned),
            (Reading::Nested, &mut self.nested.1),
            (Reading::Base64, &mut self.base64.1),
            (Reading::Base32, &mut self.base32.1),
            (Reading::Hex, &mut self.hex.1),
            (Reading::Numbers, &mut self.numbers.1),
        ]
    }

    /// The runs that go on.
    pub(super) fn runs(&self) -> impl Iterator<Item = Sighting> {
        let lanes = [
            (Reading::Plain, &self.plain),
            (Reading::Base64, &self.base64.1),
            (Reading::Base32, &self.base32.1),
            (Reading::Hex, &self.hex.1),
            (Reading::Numbers, &self.numbers.1),
            (Reading::Morse, &self.morse.1),
            (Reading::Turned, &self.turned),
            (Reading::Nested, &self.nested.1),
        ];
        lanes.into_iter().flat_map(|(reading, lane)| {
            lane.runs().map(move |(disguise, run)| Sighting { reading, disguise, run })
        })
    }

    /// The place of the first character that may yet belong to a run; characters before it cannot.
    pub(super) fn held_from(&self) -> usize {
        let begun = [
            self.fold.held_from(),
            self.base64.0.held_from(),
            self.base32.0.held_from(),
            self.hex.0.held_from(),
            self.numbers.0.held_from(),
            self.morse.0.held_from(),
            self.nested.0.held_from(),
        ];
        let lanes = [&self.plain, &self.base64.1, &self.base32.1, &self.hex.1, &self.numbers.1]
            .into_iter()
            .chain([&self.morse.1, &self.turned, &self.nested.1]);
        let lanes = lanes.map(Lane::held_from);
        begun.into_iter().chain(lanes).flatten().min().unwrap_or(self.next)
    }
}

fn read(
    lane: &mut Lane,
    kept: &Kept,
    reading: Reading,
    decoded: Decoded,
    give: &mut impl FnMut(Sighting),
) {
    let mut give = |disguise, run| give(Sighting { reading, disguise, run });
    match decoded {
        Some((c, start, end)) => {
            letters(c, start, end, &mut |symbol| lane.feed(kept, symbol, &mut give));
        }
        None => lane.cut(kept, &mut give),
    }
}
