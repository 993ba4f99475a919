//! Reproducible choices. SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators",
//! OOPSLA 2014), started from the FNV-1a hash of what the choice is for. It is written here because a
//! library may change its sequence, and then every suite with generated cases would change its hash.

pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64, parts: &[&str]) -> Self {
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        let mut eat =
            |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        seed.to_le_bytes().into_iter().for_each(&mut eat);
        for part in parts {
            part.bytes().for_each(&mut eat);
            // No text holds this byte, so two parts cannot be taken for one.
            eat(0xFF);
        }
        Self(hash)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 if `bound` is 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let wide = u128::from(self.next()) * u128::try_from(bound).unwrap_or(0);
        usize::try_from(wide >> 64).unwrap_or(0)
    }

    pub(super) fn choose<'t, T>(&mut self, from: &'t [T]) -> Option<&'t T> {
        from.get(self.below(from.len()))
    }

    /// Whether a chance of one in `n` came true.
    pub(super) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn the_sequence_is_that_of_splitmix64() {
        // First outputs for the state 1234567, as published with the algorithm's reference code.
        let mut dice = Dice(1_234_567);
        let first = [dice.next(), dice.next(), dice.next()];
        assert_eq!(first, [6457827717110365317, 3203168211198807973, 9817491932198370423]);
    }

    #[test]
    fn parts_are_kept_apart_and_numbers_in_bounds() {
        assert_ne!(Dice::new(1, &["ab", "c"]).next(), Dice::new(1, &["a", "bc"]).next());
        let mut dice = Dice::new(7, &[]);
        assert!((0..1000).all(|_| dice.below(3) < 3));
        assert_eq!(dice.below(0), 0);
        assert_eq!(dice.choose::<u8>(&[]), None);
    }
}
