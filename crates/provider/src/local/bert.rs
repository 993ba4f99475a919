//! The encoder: BERT as Devlin et al. (2018) describe it, without its training heads.
//!
//! Several texts are one matrix, a row for each token, without padding: everything but attention treats
//! rows alone, and attention is computed text by text. So a text's vectors do not depend on its company,
//! apart from the order in which sums are taken.

use gatemark_core::Result;
use ndarray::{Array1, Array2, ArrayView2, Axis, Slice, concatenate};

use super::kernel::{Activation, Norm, softmax};
use super::recipe::Shape;
use super::weights::Weights;

/// The encoder.
pub(super) struct Bert {
    words: Array2<f32>,
    positions: Array2<f32>,
    /// The embedding of the first kind of token, which all tokens of a single text are.
    kind: Array1<f32>,
    norm: Norm,
    layers: Vec<Layer>,
}

struct Layer {
    heads: usize,
    /// Queries, keys and values side by side.
    attention: Linear,
    merge: Linear,
    after_attention: Norm,
    widen: Linear,
    activation: Activation,
    narrow: Linear,
    after: Norm,
}

/// x·Wᵀ + b.
struct Linear {
    weight: Array2<f32>,
    bias: Array1<f32>,
}

impl Linear {
    fn read(weights: &Weights<'_>, name: &str, out: usize, of: usize) -> Result<Self> {
        let weight = weights.matrix(&format!("{name}.weight"), out, of)?;
        let bias = weights.vector(&format!("{name}.bias"), out)?;
        Ok(Self { weight, bias })
    }

    fn run(&self, x: &Array2<f32>) -> Array2<f32> {
        let mut y = x.dot(&self.weight.t());
        y += &self.bias;
        y
    }
}

fn norm(weights: &Weights<'_>, name: &str, shape: &Shape) -> Result<Norm> {
    let weight = weights.vector(&format!("{name}.weight"), shape.hidden)?;
    let bias = weights.vector(&format!("{name}.bias"), shape.hidden)?;
    Ok(Norm { weight, bias, epsilon: shape.epsilon })
}

impl Layer {
    fn read(weights: &Weights<'_>, number: usize, shape: &Shape) -> Result<Self> {
        let (hidden, inner) = (shape.hidden, shape.intermediate);
        let name = |part: &str| format!("encoder.layer.{number}.{part}");
        let part = |part: &str| {
            Linear::read(weights, &name(&format!("attention.self.{part}")), hidden, hidden)
        };
        let (query, key, value) = (part("query")?, part("key")?, part("value")?);
        let weight: Vec<_> = [&query, &key, &value].map(|part| part.weight.view()).to_vec();
        let bias: Vec<_> = [&query, &key, &value].map(|part| part.bias.view()).to_vec();
        let odd = |cause: ndarray::ShapeError| {
            gatemark_core::Error::internal("a layer cannot be put together").because(cause)
        };
        let attention = Linear {
            weight: concatenate(Axis(0), &weight).map_err(odd)?,
            bias: concatenate(Axis(0), &bias).map_err(odd)?,
        };
        Ok(Self {
            heads: shape.heads,
            attention,
            merge: Linear::read(weights, &name("attention.output.dense"), hidden, hidden)?,
            after_attention: norm(weights, &name("attention.output.LayerNorm"), shape)?,
            widen: Linear::read(weights, &name("intermediate.dense"), inner, hidden)?,
            activation: shape.activation,
            narrow: Linear::read(weights, &name("output.dense"), hidden, inner)?,
            after: norm(weights, &name("output.LayerNorm"), shape)?,
        })
    }

    fn run(&self, x: Array2<f32>, lengths: &[usize]) -> Array2<f32> {
        let mut attended = self.merge.run(&self.attend(&x, lengths));
        attended += &x;
        self.after_attention.run(&mut attended);
        let mut wide = self.widen.run(&attended);
        if let Some(numbers) = wide.as_slice_mut() {
            self.activation.run(numbers);
        }
        let mut y = self.narrow.run(&wide);
        y += &attended;
        self.after.run(&mut y);
        y
    }

    /// Each token's mixture of the values of its text's tokens, head by head.
    fn attend(&self, x: &Array2<f32>, lengths: &[usize]) -> Array2<f32> {
        let hidden = x.ncols();
        let all = self.attention.run(x);
        let mut mixed = Array2::zeros(x.raw_dim());
        let mut start = 0;
        for length in lengths {
            let rows = Slice::from(start..start + length);
            let text = all.slice_axis(Axis(0), rows);
            let mut mixed = mixed.slice_axis_mut(Axis(0), rows);
            for head in 0..self.heads {
                let width = hidden / self.heads;
                let part = |which: usize| {
                    let from = which * hidden + head * width;
                    text.slice_axis(Axis(1), Slice::from(from..from + width))
                };
                let columns = Slice::from(head * width..(head + 1) * width);
                let mixture = mixture(part(0), part(1), part(2));
                mixed.slice_axis_mut(Axis(1), columns).assign(&mixture);
            }
            start += length;
        }
        mixed
    }
}

/// softmax(Q·Kᵀ / √width) · V.
fn mixture(
    query: ArrayView2<'_, f32>,
    key: ArrayView2<'_, f32>,
    value: ArrayView2<'_, f32>,
) -> Array2<f32> {
    let width = f32::from(u16::try_from(query.ncols()).unwrap_or(u16::MAX));
    let mut scores = query.dot(&key.t());
    scores *= 1.0 / width.sqrt();
    softmax(&mut scores);
    scores.dot(&value)
}

impl Bert {
    pub(super) fn read(weights: &Weights<'_>, shape: &Shape) -> Result<Self> {
        let matrix = |name: &str, rows| {
            weights.matrix(&format!("embeddings.{name}_embeddings.weight"), rows, shape.hidden)
        };
        let kinds = matrix("token_type", shape.kinds)?;
        let layers = (0..shape.layers).map(|number| Layer::read(weights, number, shape));
        Ok(Self {
            words: matrix("word", shape.words)?,
            positions: matrix("position", shape.positions)?,
            kind: kinds.row(0).to_owned(),
            norm: norm(weights, "embeddings.LayerNorm", shape)?,
            layers: layers.collect::<Result<_>>()?,
        })
    }

    /// The last layer's vectors of the tokens of `texts`, one text after the other. Every id is below
    /// the number of words and every text at most as long as there are positions; what is not is left
    /// out, which the recipe's checks make impossible.
    pub(super) fn forward(&self, texts: &[&[u32]]) -> Array2<f32> {
        let lengths: Vec<usize> = texts.iter().map(|text| text.len()).collect();
        let mut x = Array2::zeros((lengths.iter().sum(), self.words.ncols()));
        let mut rows = x.rows_mut().into_iter();
        for text in texts {
            for (id, position) in text.iter().zip(self.positions.rows()) {
                let Some(mut row) = rows.next() else { continue };
                let word = usize::try_from(*id).ok().filter(|id| *id < self.words.nrows());
                if let Some(word) = word {
                    row += &self.words.row(word);
                }
                row += &position;
                row += &self.kind;
            }
        }
        self.norm.run(&mut x);
        self.layers.iter().fold(x, |x, layer| layer.run(x, &lengths))
    }
}
