//! Frames: how records lie in a segment.
//!
//! `length u32 | crc32 u32 | payload`, little-endian; the checksum covers the length and the payload, so a
//! damaged length is found out as well. An empty payload is no frame: a run of zeros, which some file
//! systems leave behind after a loss of power, must not read as frames.

/// Bytes before the payload.
const HEADER: usize = 8;

/// What follows the last whole frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tail {
    /// Nothing.
    Clean,
    /// The beginning of a frame that was never finished, or is being written now.
    Torn,
    /// Something that is no frame.
    Damaged,
}

/// Writes a frame into `buffer`, replacing what was in it. False if `write` fails or the payload is empty
/// or over 4 GiB; the buffer then holds no frame.
pub(crate) fn encode(buffer: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>) -> bool) -> bool {
    buffer.clear();
    buffer.extend_from_slice(&[0; HEADER]);
    if !write(buffer) {
        return false;
    }
    let Ok(length) = u32::try_from(buffer.len().saturating_sub(HEADER)) else { return false };
    let Some((header, payload)) = buffer.split_at_mut_checked(HEADER) else { return false };
    let header_bytes = [length.to_le_bytes(), checksum(length, payload).to_le_bytes()];
    header.copy_from_slice(header_bytes.as_flattened());
    length > 0
}

fn checksum(length: u32, payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length.to_le_bytes());
    hasher.update(payload);
    hasher.finalize()
}

/// Reads frames from a position in a segment's bytes up to the first thing that is not a whole frame.
pub(crate) struct Frames<'a> {
    bytes: &'a [u8],
    position: usize,
    tail: Tail,
}

impl<'a> Frames<'a> {
    /// Reads from the beginning of `bytes`.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0, tail: Tail::Clean }
    }

    /// How many bytes the frames read so far take.
    pub(crate) fn position(&self) -> usize {
        self.position
    }

    /// What follows the last frame; known once `next` has returned `None`.
    pub(crate) fn tail(&self) -> Tail {
        self.tail
    }

    fn stop(&mut self, tail: Tail) -> Option<&'a [u8]> {
        self.tail = tail;
        None
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        if rest.is_empty() {
            return self.stop(Tail::Clean);
        }
        let Some((&length, after)) = rest.split_first_chunk::<4>() else {
            return self.stop(Tail::Torn);
        };
        let length = u32::from_le_bytes(length);
        if length == 0 {
            return self.stop(Tail::Damaged);
        }
        let Some((&expected, after)) = after.split_first_chunk::<4>() else {
            return self.stop(Tail::Torn);
        };
        let payload = usize::try_from(length).ok().and_then(|length| after.get(..length));
        let Some(payload) = payload else { return self.stop(Tail::Torn) };
        if checksum(length, payload) != u32::from_le_bytes(expected) {
            return self.stop(Tail::Damaged);
        }
        self.position += HEADER + payload.len();
        Some(payload)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn segment(payloads: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut buffer = Vec::new();
        for payload in payloads {
            assert!(encode(&mut buffer, |buffer| {
                buffer.extend_from_slice(payload);
                true
            }));
            bytes.extend_from_slice(&buffer);
        }
        bytes
    }

    fn decode(bytes: &[u8]) -> (Vec<Vec<u8>>, Tail) {
        let mut frames = Frames::new(bytes);
        let payloads = frames.by_ref().map(<[u8]>::to_vec).collect();
        (payloads, frames.tail())
    }

    fn payloads() -> impl Strategy<Value = Vec<Vec<u8>>> {
        prop::collection::vec(prop::collection::vec(any::<u8>(), 1..60), 0..12)
    }

    proptest! {
        #[test]
        fn whole_segments_read_back(payloads in payloads()) {
            prop_assert_eq!(decode(&segment(&payloads)), (payloads, Tail::Clean));
        }

        #[test]
        fn a_cut_segment_yields_a_prefix(payloads in payloads(), at in any::<prop::sample::Index>()) {
            let bytes = segment(&payloads);
            let cut = at.index(bytes.len() + 1);
            let (found, tail) = decode(&bytes[..cut]);
            prop_assert!(payloads.starts_with(&found));
            prop_assert_eq!(tail == Tail::Clean, segment(&found).len() == cut);
        }

        #[test]
        fn a_flipped_bit_yields_the_frames_before_it(
            payloads in payloads(), at in any::<prop::sample::Index>(), bit in 0..8u32,
        ) {
            let mut bytes = segment(&payloads);
            prop_assume!(!bytes.is_empty());
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            let (found, tail) = decode(&bytes);
            prop_assert!(payloads.starts_with(&found));
            prop_assert!(segment(&found).len() <= at);
            prop_assert!(tail != Tail::Clean);
        }

        #[test]
        fn anything_at_all_is_survived(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            decode(&bytes);
        }
    }

    #[test]
    fn zeros_are_not_frames() {
        assert_eq!(decode(&[0; 64]), (vec![], Tail::Damaged));
    }

    #[test]
    fn an_empty_payload_is_refused() {
        assert!(!encode(&mut Vec::new(), |_| true));
    }
}
