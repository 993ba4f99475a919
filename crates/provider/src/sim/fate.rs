//! Which calls the simulated vendor fails: a pure function of its seed and the request.
//!
//! So a test that saw a failure sees it again, on any machine and in any order of calls, and a retry of
//! the identical request meets the identical fate; another model or another input does not.

use crate::message::{Said, Speaker};

/// FNV-1a, 64 bit: offset basis and prime as published by its authors.
const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// The number that decides everything about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fate(u64);

impl Fate {
    /// The fate of a conversation with `model` under `seed`.
    pub(crate) fn of(seed: u64, model: &str, turns: &[(Speaker, String)]) -> Self {
        let mut hash = fnv(BASIS, &seed.to_le_bytes());
        hash = fnv(hash, model.as_bytes());
        for (speaker, text) in turns {
            // Neither byte occurs in UTF-8, so that texts cannot run into each other.
            let mark = if *speaker == Speaker::Assistant { 0xfe } else { 0xff };
            hash = fnv(fnv(hash, &[mark]), text.as_bytes());
        }
        Self(hash)
    }

    /// Whether an event of probability `rate` happens; `event` keeps events independent of each other.
    /// Raising a rate never spares a call that was hit before.
    pub(crate) fn strikes(self, event: &str, rate: f64) -> bool {
        // The top 32 bits as a number from 0 to below 1: exact in a float.
        let draw = u32::try_from(mixed(fnv(self.0, event.as_bytes())) >> 32).unwrap_or(u32::MAX);
        f64::from(draw) / (f64::from(u32::MAX) + 1.0) < rate
    }

    /// A seed for whatever else is left to chance.
    pub(crate) fn seed(self) -> u64 {
        mixed(self.0)
    }
}

fn fnv(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME))
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): spreads every bit over all.
fn mixed(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// The turns of a conversation as texts.
///
/// # Errors
/// The rank of the first message with a part that is not text, and the part's type.
pub(crate) fn texts(said: &[Said]) -> Result<Vec<(Speaker, String)>, (usize, String)> {
    let text = |(rank, said): (usize, &Said)| match said.text() {
        Ok(text) => Ok((said.speaker, text.into_owned())),
        Err(kind) => Err((rank, kind.to_string())),
    };
    said.iter().enumerate().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fate(text: &str) -> Fate {
        Fate::of(1, "m", &[(Speaker::User, text.into())])
    }

    #[test]
    fn rates_are_met_and_nested() {
        let fates: Vec<_> = (0..4000).map(|i| fate(&format!("call {i}"))).collect();
        let hit = |rate: f64| fates.iter().filter(|f| f.strikes("error", rate)).count();
        assert_eq!((hit(0.0), hit(1.0)), (0, 4000));
        // Three standard deviations of a binomial around 400 are 57.
        assert!((343..=457).contains(&hit(0.1)), "{}", hit(0.1));
        assert!(fates.iter().all(|f| !f.strikes("error", 0.1) || f.strikes("error", 0.2)));
        let both = fates.iter().filter(|f| f.strikes("error", 0.5) && f.strikes("form", 0.5));
        assert!((900..=1100).contains(&both.count()));
    }

    #[test]
    fn everything_that_is_sent_counts() {
        assert_eq!(fate("a"), fate("a"));
        assert_ne!(fate("a"), fate("b"));
        let turns = |texts: &[&str]| {
            let turns: Vec<_> = texts.iter().map(|t| (Speaker::User, t.to_string())).collect();
            Fate::of(1, "m", &turns)
        };
        assert_ne!(turns(&["ab", "c"]), turns(&["a", "bc"]));
    }
}
