//! A model as bytes.
//!
//! Little-endian: `GMGUARD1`, the number of the features' definition, the seed, then for each head its bias
//! and step and its combination, then the weights, head by head within a bucket, and last a checksum
//! of everything before (FNV-1a, 64 bits). Nothing in it depends on the machine or the time, so the same
//! seed and the same rows give the same bytes.

use super::windows::HEADS;
use super::{BUCKETS, Model, definition};

const MAGIC: &[u8; 8] = b"GMGUARD1";

/// How many signals a score is made of; `guard::signals` says which.
pub const SIGNALS: usize = 10;

/// What turns a sum of bytes into log-odds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Head {
    /// Log-odds where nothing speaks for either side.
    pub bias: f32,
    /// What one step of a weight is worth.
    pub step: f32,
}

/// How signals make a score: the logistic function of a weighted sum, with weights that are never negative.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Combination {
    /// The weighted sum's beginning.
    pub bias: f32,
    /// One weight for each signal, at least 0.
    pub weights: [f32; SIGNALS],
}

impl Combination {
    /// Says nothing of any text.
    pub const NOTHING: Self = Self { bias: 0.0, weights: [0.0; SIGNALS] };
}

/// Why bytes are no model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadModel {
    /// They are cut off, too long or something else.
    #[error("the classifier's bytes are no model of this format")]
    Format,
    /// They were changed since they were written.
    #[error("the classifier's bytes are damaged: their checksum does not match")]
    Damaged,
    /// They were learnt for other features.
    #[error("the classifier was trained for other features: run scripts/guard-train")]
    Definition,
}

/// What a step is worth, so that the largest weights just fit.
pub(super) fn step(weights: &[f32]) -> f32 {
    let most = weights.iter().fold(0.0f32, |most, weight| most.max(weight.abs()));
    if most > 0.0 { most / 127.0 } else { 1.0 }
}

/// A weight in steps.
pub(super) fn byte(weight: f32, step: f32) -> i8 {
    // Between -127 and 127 by the clamp.
    #[allow(clippy::cast_possible_truncation)]
    let byte = (weight / step).round().clamp(-127.0, 127.0) as i8;
    byte
}

fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

impl Model {
    /// The model as bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(definition().to_le_bytes());
        bytes.extend(self.seed.to_le_bytes());
        for (head, combination) in self.heads.iter().zip(&self.combinations) {
            let floats = [head.bias, head.step, combination.bias];
            for float in floats.iter().chain(&combination.weights) {
                bytes.extend(float.to_le_bytes());
            }
        }
        bytes.extend(self.weights.iter().flatten().map(|weight| weight.to_le_bytes()[0]));
        bytes.extend(checksum(&bytes).to_le_bytes());
        bytes
    }

    /// Reads what [`Model::bytes`] wrote.
    ///
    /// # Errors
    /// [`BadModel`] if the bytes are something else, are damaged, or belong to other features.
    pub fn read(bytes: &[u8]) -> Result<Self, BadModel> {
        let (body, sum) = bytes.split_last_chunk::<8>().ok_or(BadModel::Format)?;
        let mut reader = Reader { rest: body };
        if reader.take()? != *MAGIC {
            return Err(BadModel::Format);
        }
        if u64::from_le_bytes(*sum) != checksum(body) {
            return Err(BadModel::Damaged);
        }
        if u64::from_le_bytes(reader.take()?) != definition() {
            return Err(BadModel::Definition);
        }
        let seed = u64::from_le_bytes(reader.take()?);
        let mut heads = [Head { bias: 0.0, step: 0.0 }; HEADS];
        let mut combinations = [Combination::NOTHING; HEADS];
        for (head, combination) in heads.iter_mut().zip(&mut combinations) {
            *head = Head { bias: reader.float()?, step: reader.float()? };
            combination.bias = reader.float()?;
            for weight in &mut combination.weights {
                *weight = reader.float()?;
            }
        }
        let (pairs, []) = reader.rest.as_chunks::<HEADS>() else { return Err(BadModel::Format) };
        if pairs.len() != BUCKETS {
            return Err(BadModel::Format);
        }
        let weights = pairs.iter().map(|pair| pair.map(|byte| i8::from_le_bytes([byte]))).collect();
        Ok(Self { seed, heads, combinations, weights })
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], BadModel> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(BadModel::Format)?;
        self.rest = rest;
        Ok(*taken)
    }

    fn float(&mut self) -> Result<f32, BadModel> {
        let float = f32::from_le_bytes(self.take()?);
        if float.is_finite() { Ok(float) } else { Err(BadModel::Format) }
    }
}
