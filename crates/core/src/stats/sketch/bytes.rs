//! A sketch as bytes: a version, then runs of counts as variable-length integers (LEB128).
//!
//! Version 1: zeros, the first key − the lowest possible, then for each bucket its count, where a 0 is
//! followed by how many more zeros come. An hour of 2,000 latencies takes some 400 bytes. As text (JSON) it is
//! the same in hexadecimal.

use super::{HIGHEST, LOWEST, Sketch};

const VERSION: u8 = 1;

impl Sketch {
    /// The compact form, which every later release reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        put(&mut bytes, self.zeros);
        let first = if self.counts.is_empty() { LOWEST } else { self.first };
        put(&mut bytes, u64::try_from(first - LOWEST).unwrap_or(0));
        let mut counts = self.counts.iter().peekable();
        while let Some(count) = counts.next() {
            put(&mut bytes, *count);
            if *count == 0 {
                let mut more = 0;
                while counts.next_if(|next| **next == 0).is_some() {
                    more += 1;
                }
                put(&mut bytes, more);
            }
        }
        bytes
    }

    /// Reads the compact form; `None` for what no release wrote.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (version, mut rest) = bytes.split_first()?;
        if *version != VERSION {
            return None;
        }
        let zeros = take(&mut rest)?;
        let first = i32::try_from(take(&mut rest)?).ok()?.checked_add(LOWEST)?;
        let most = usize::try_from(HIGHEST.checked_sub(first)?).ok()? + 1;
        let (mut counts, mut total) = (vec![], zeros);
        while !rest.is_empty() {
            let count = take(&mut rest)?;
            total = total.checked_add(count)?;
            counts.push(count);
            if count == 0 {
                let more = usize::try_from(take(&mut rest)?).ok()?;
                let length = counts.len().checked_add(more)?;
                if length > most {
                    return None;
                }
                counts.resize(length, 0);
            }
        }
        let trimmed = counts.first() != Some(&0) && counts.last() != Some(&0);
        if counts.is_empty() {
            return (first == LOWEST).then_some(Self { zeros, first: 0, counts });
        }
        (trimmed && counts.len() <= most).then_some(Self { zeros, first, counts })
    }
}

fn put(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(u8::try_from(value & 0x7f).unwrap_or(0) | 0x80);
        value >>= 7;
    }
    bytes.push(u8::try_from(value).unwrap_or(0));
}

fn take(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, tail) = rest.split_first()?;
        *rest = tail;
        let part = u64::from(byte & 0x7f);
        if part != 0 && part.leading_zeros() < shift {
            return None;
        }
        value |= part << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

impl From<Sketch> for String {
    fn from(sketch: Sketch) -> Self {
        sketch.to_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl TryFrom<String> for Sketch {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        let pairs = text.as_bytes().chunks(2);
        let bytes: Option<Vec<u8>> = pairs
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
            .collect();
        bytes.and_then(|bytes| Self::from_bytes(&bytes)).ok_or("is no quantile sketch")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that this release wrote; every later one has to read them.
    #[test]
    fn version_one_is_kept_readable() {
        let mut sketch = Sketch::default();
        [0.0, 120.0, 121.0, 900.0].iter().for_each(|value| sketch.add(*value));
        let text = String::from(sketch.clone());
        assert_eq!(text, "0101ab070101006301");
        assert_eq!(Sketch::try_from(text), Ok(sketch));
    }

    #[test]
    fn an_hour_is_small() {
        let mut random = crate::stats::random::SplitMix::new(1);
        let mut sketch = Sketch::default();
        (0..2000).for_each(|_| sketch.add(300.0 * (1.0 + 8.0 * random.unit().powi(4))));
        assert!(sketch.to_bytes().len() < 450, "{}", sketch.to_bytes().len());
    }

    #[test]
    fn what_nobody_wrote_is_refused() {
        for bytes in [&[][..], &[2, 0, 0], &[1, 0], &[1, 0, 0, 0, 0], &[1, 0, 0, 1, 0, 200, 200, 1]]
        {
            assert_eq!(Sketch::from_bytes(bytes), None, "{bytes:?}");
        }
    }
}
