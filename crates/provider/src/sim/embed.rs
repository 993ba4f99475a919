//! Vectors for texts without a model: hashed n-grams.
//!
//! Each word, and each three characters in a row, of the lower-cased text adds 1 or -1 to one of 256
//! numbers, both chosen by a hash; the sum is brought to length 1. Texts that share words and spellings
//! come out close; meaning plays no part. It is deterministic on every machine.

use std::hash::Hasher;

/// The method, should it ever change.
pub(super) const METHOD: &str = "sim hashed n-grams 1";

const NUMBERS: usize = 256;

pub(super) fn vector(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0; NUMBERS];
    let lower = text.to_lowercase();
    let mut any = false;
    for word in lower.split_whitespace() {
        any = true;
        add(&mut vector, word.as_bytes());
        let marked: Vec<char> = format!("<{word}>").chars().collect();
        for three in marked.windows(3) {
            add(&mut vector, three.iter().collect::<String>().as_bytes());
        }
    }
    if !any {
        // No text at all has a direction of its own.
        add(&mut vector, b"");
    }
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|x| *x /= length);
    } else {
        // The features have cancelled one another out.
        vector.fill(1.0 / 16.0);
    }
    vector
}

fn add(vector: &mut [f32], feature: &[u8]) {
    let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
    hash.write(feature);
    let hash = hash.finish();
    let place = usize::try_from(hash % 256).unwrap_or_default();
    if let Some(number) = vector.get_mut(place) {
        *number += if hash >> 63 == 0 { 1.0 } else { -1.0 };
    }
}

/// FNV-1a with 64 bits (Fowler, Noll, Vo), its upper half folded onto the lower, which short inputs do
/// not reach. The standard library promises no hash that stays the same.
struct Fnv(u64);

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        (self.0 ^ (self.0 >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (self.0 >> 40)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cosine(a: &str, b: &str) -> f32 {
        vector(a).iter().zip(vector(b)).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn likeness_of_spelling_is_likeness_of_direction() {
        assert!((cosine("The parcel is late.", "the PARCEL  is late.") - 1.0).abs() < 1e-6);
        let (near, far) = (cosine("late parcels", "late parcel"), cosine("late parcels", "hi yo"));
        assert!(near > 0.6 && far < 0.3, "{near} {far}");
        for text in ["", " ", "x", "🎉"] {
            assert!((cosine(text, text) - 1.0).abs() < 1e-6, "{text:?}");
        }
    }
}
