//! Tensors from a safetensors file, each of exactly the shape that the configuration promises.
//!
//! The shapes are compared before anything is allocated, so a configuration cannot ask for more memory
//! than the file is long.

use gatemark_core::{Error, Result};
use ndarray::{Array1, Array2};
use safetensors::{Dtype, SafeTensors};

/// The tensors of a file.
pub(super) struct Weights<'a> {
    file: String,
    tensors: SafeTensors<'a>,
    /// What every name starts with: some models were saved as a part of a larger one.
    prefix: &'static str,
}

impl<'a> Weights<'a> {
    pub(super) fn read(file: String, bytes: &'a [u8]) -> Result<Self> {
        let tensors = SafeTensors::deserialize(bytes).map_err(|cause| {
            Error::invalid(format!("{file} is not a whole safetensors file: {cause}"))
                .coded("model_damaged")
        })?;
        let plain = tensors.tensor("embeddings.word_embeddings.weight").is_ok();
        Ok(Self { file, tensors, prefix: if plain { "" } else { "bert." } })
    }

    /// A matrix; both `rows` and `columns` are at least 1.
    pub(super) fn matrix(&self, name: &str, rows: usize, columns: usize) -> Result<Array2<f32>> {
        let numbers = self.numbers(name, &[rows, columns])?;
        Array2::from_shape_vec((rows, columns), numbers)
            .map_err(|cause| self.wrong(name, &cause.to_string()))
    }

    pub(super) fn vector(&self, name: &str, length: usize) -> Result<Array1<f32>> {
        Ok(Array1::from_vec(self.numbers(name, &[length])?))
    }

    fn numbers(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let name = format!("{}{name}", self.prefix);
        let tensor = self.tensors.tensor(&name).map_err(|_| self.wrong(&name, "is missing"))?;
        if tensor.shape() != shape {
            let what = format!("has the shape {:?} instead of {shape:?}", tensor.shape());
            return Err(self.wrong(&name, &what));
        }
        let numbers: Vec<f32> = match tensor.dtype() {
            Dtype::F32 => {
                tensor.data().as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
            }
            Dtype::BF16 => tensor.data().as_chunks().0.iter().map(|b| from_bf16(*b)).collect(),
            other => {
                let what = format!("holds {other:?}; this runtime reads F32 and BF16");
                return Err(self.wrong(&name, &what));
            }
        };
        if numbers.iter().any(|number| !number.is_finite()) {
            return Err(self.wrong(&name, "holds something that is not a finite number"));
        }
        Ok(numbers)
    }

    fn wrong(&self, name: &str, what: &str) -> Error {
        let message = format!("{}: the tensor `{name}` {what}", self.file);
        Error::invalid(message).coded("model_unsupported")
    }
}

/// The upper half of an `f32`.
fn from_bf16(bytes: [u8; 2]) -> f32 {
    let [low, high] = bytes;
    f32::from_le_bytes([0, 0, low, high])
}
