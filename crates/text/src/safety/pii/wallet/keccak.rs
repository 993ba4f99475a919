//! Keccak-256 as Ethereum has it: the padding of the competition's entry, not that of FIPS 202, which is why
//! SHA3-256 is something else.

const ROUNDS: [u64; 24] = [
    0x0000_0000_0000_0001,
    0x0000_0000_0000_8082,
    0x8000_0000_0000_808a,
    0x8000_0000_8000_8000,
    0x0000_0000_0000_808b,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8009,
    0x0000_0000_0000_008a,
    0x0000_0000_0000_0088,
    0x0000_0000_8000_8009,
    0x0000_0000_8000_000a,
    0x0000_0000_8000_808b,
    0x8000_0000_0000_008b,
    0x8000_0000_0000_8089,
    0x8000_0000_0000_8003,
    0x8000_0000_0000_8002,
    0x8000_0000_0000_0080,
    0x0000_0000_0000_800a,
    0x8000_0000_8000_000a,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8080,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8008,
];

/// Bytes that a block takes in.
const RATE: usize = 136;

/// The hash of a text shorter than a block, which every address is; of a longer one, that of its beginning.
pub(super) fn hash(text: &[u8]) -> [u8; 32] {
    let mut block = [0_u8; RATE];
    let length = text.len().min(RATE - 1);
    for (place, byte) in block.iter_mut().zip(text.iter().take(length).chain([&1])) {
        *place = *byte;
    }
    if let Some(last) = block.last_mut() {
        *last |= 0x80;
    }
    let mut state = [0_u64; 25];
    for (lane, bytes) in state.iter_mut().zip(block.as_chunks::<8>().0) {
        *lane = u64::from_le_bytes(*bytes);
    }
    permute(&mut state);
    let mut hash = [0_u8; 32];
    for (bytes, lane) in hash.as_chunks_mut::<8>().0.iter_mut().zip(state) {
        *bytes = lane.to_le_bytes();
    }
    hash
}

/// The lane in column `x` and row `y`, both modulo 5, so that it is always there.
fn lane(state: &[u64; 25], x: usize, y: usize) -> u64 {
    state.get(x % 5 + 5 * (y % 5)).copied().unwrap_or_default()
}

fn permute(state: &mut [u64; 25]) {
    for round in ROUNDS {
        let sums: [u64; 5] =
            std::array::from_fn(|x| (0..5).fold(0, |sum, y| sum ^ lane(state, x, y)));
        let sum = |x: usize| sums.get(x % 5).copied().unwrap_or_default();
        *state =
            std::array::from_fn(|i| lane(state, i, i / 5) ^ sum(i + 4) ^ sum(i + 1).rotate_left(1));
        let mut turned = [0_u64; 25];
        let (mut x, mut y, mut turn) = (1_usize, 0_usize, 0_u32);
        turned[0] = state[0];
        for step in 1..=24_u32 {
            turn = (turn + step) % 64;
            let value = lane(state, x, y).rotate_left(turn);
            (x, y) = (y, (2 * x + 3 * y) % 5);
            if let Some(place) = turned.get_mut(x + 5 * y) {
                *place = value;
            }
        }
        *state = std::array::from_fn(|i| {
            let (x, y) = (i % 5, i / 5);
            lane(&turned, x, y) ^ (!lane(&turned, x + 1, y) & lane(&turned, x + 2, y))
        });
        state[0] ^= round;
    }
}

#[cfg(test)]
mod tests {
    use super::hash;

    fn hex(bytes: [u8; 32]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn known_hashes() {
        let empty = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470";
        let abc = "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45";
        assert_eq!((hex(hash(b"")).as_str(), hex(hash(b"abc")).as_str()), (empty, abc));
    }
}
