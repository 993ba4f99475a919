//! An own tiny hash, so that the same file is split the same way on every machine and in every release.

/// A 64-bit hash of `text` under `seed`: FNV-1a, finished by the mixer of splitmix64.
pub(super) fn hash(seed: u64, text: &str) -> u64 {
    let mut state = seed ^ 0xcbf2_9ce4_8422_2325;
    for byte in text.bytes() {
        state = (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    mix(state)
}

/// Spreads the bits of `x`.
pub(super) fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// A place in `0..n`; 0 if `n` is 0.
pub(super) fn below(hash: u64, n: usize) -> usize {
    let n = u64::try_from(n).unwrap_or(u64::MAX).max(1);
    usize::try_from(hash % n).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_same_everywhere_and_spreads() {
        assert_eq!(hash(1, "abc"), hash(1, "abc"));
        assert_ne!(hash(1, "abc"), hash(2, "abc"));
        let places: std::collections::HashSet<usize> =
            (0..200).map(|n| below(hash(7, &n.to_string()), 10)).collect();
        assert_eq!((places.len(), below(5, 0)), (10, 0));
    }
}
