//! Online evaluation: which of an environment's calls are judged after they were answered, and what that may cost.

use serde::{Deserialize, Serialize};
use sha2::Digest as _;

use crate::money::NanoUsd;

/// All calls, in millionths.
pub const ALL: u32 = 1_000_000;

/// The share of calls that is judged unless another is named: 1 %.
pub const USUAL: u32 = 10_000;

/// How calls of an environment are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evaluate {
    /// The share of calls that is drawn, in millionths, from 1 to [`ALL`].
    pub share: u32,
    /// What judging them may cost in a day of UTC.
    pub per_day: NanoUsd,
}

impl Evaluate {
    /// Whether the call with this id is drawn: if the first 8 bytes of SHA-256 over `online|id`, big-endian, modulo
    /// [`ALL`], are under the share. So the same calls are drawn wherever it is asked, every prompt and arm has the
    /// same share, and a greater share draws what a smaller one did, and more.
    pub fn draws(&self, call: &str) -> bool {
        drawn("online", call, self.share)
    }
}

/// Whether the call with this id is among the `share` (in millionths) that is drawn for `purpose`.
pub(crate) fn drawn(purpose: &str, call: &str, share: u32) -> bool {
    let mut hash = sha2::Sha256::new();
    hash.update(purpose.as_bytes());
    hash.update(b"|");
    hash.update(call.as_bytes());
    let first: [u8; 8] = hash.finalize().first_chunk().copied().unwrap_or_default();
    u64::from_be_bytes(first) % u64::from(ALL) < u64::from(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(share: u32) -> Vec<usize> {
        let evaluate = Evaluate { share, per_day: NanoUsd::ZERO };
        (0..20_000).filter(|index| evaluate.draws(&format!("call-{index}"))).collect()
    }

    #[test]
    fn the_share_is_kept_and_only_grows() {
        let (one, five) = (drawn(10_000), drawn(50_000));
        // 200 and 1,000 are expected; four standard deviations are 56 and 123.
        assert!((144..256).contains(&one.len()), "{}", one.len());
        assert!((877..1_123).contains(&five.len()), "{}", five.len());
        assert!(one.iter().all(|call| five.contains(call)));
        assert_eq!((drawn(0).len(), drawn(ALL).len()), (0, 20_000));
    }
}
