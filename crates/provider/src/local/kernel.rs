//! The element-wise parts of an encoder, over rows of a matrix.

use ndarray::{Array1, Array2};

/// A layer normalisation: each row is brought to mean 0 and variance 1, scaled and shifted.
pub(super) struct Norm {
    pub(super) weight: Array1<f32>,
    pub(super) bias: Array1<f32>,
    /// Added to the variance.
    pub(super) epsilon: f64,
}

impl Norm {
    pub(super) fn run(&self, x: &mut Array2<f32>) {
        for mut row in x.rows_mut() {
            let count = f64::from(u32::try_from(row.len()).unwrap_or(u32::MAX));
            let mean = row.iter().map(|x| f64::from(*x)).sum::<f64>() / count;
            let square = |x: &f32| (f64::from(*x) - mean) * (f64::from(*x) - mean);
            let variance = row.iter().map(square).sum::<f64>() / count;
            let (mean, scale) = (narrow(mean), narrow(1.0 / (variance + self.epsilon).sqrt()));
            let parameters = self.weight.iter().zip(&self.bias);
            for (x, (weight, bias)) in row.iter_mut().zip(parameters) {
                *x = (*x - mean) * scale * weight + bias;
            }
        }
    }
}

/// The nearest `f32`.
#[allow(clippy::cast_possible_truncation, reason = "rounding is what is wanted")]
fn narrow(number: f64) -> f32 {
    number as f32
}

/// A function between two layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activation {
    /// x·Φ(x), with the error function (not its approximation by tanh).
    Gelu,
    /// max(x, 0).
    Relu,
}

impl Activation {
    pub(super) fn run(self, numbers: &mut [f32]) {
        match self {
            Self::Gelu => numbers.iter_mut().for_each(|x| *x = gelu(*x)),
            Self::Relu => numbers.iter_mut().for_each(|x| *x = x.max(0.0)),
        }
    }
}

fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

/// The error function, within 4e-7: the odd rational minimax approximation of degree 13 over 8 on
/// [-4, 4] that Eigen and XLA use. It has no branch and no call, so that a loop over it becomes vector
/// instructions.
fn erf(x: f32) -> f32 {
    const OVER: [f32; 7] = [
        -1.609_603_3e-2,
        -2.954_6e-3,
        -7.349_906_3e-4,
        -5.692_506_6e-5,
        -2.101_024e-6,
        2.770_681_4e-8,
        -2.726_142_3e-10,
    ];
    const UNDER: [f32; 5] =
        [-1.426_473_9e-2, -7.373_329e-3, -1.682_827e-3, -2.133_740_5e-4, -1.456_607_2e-5];
    let x = x.clamp(-4.0, 4.0);
    let square = x * x;
    let horner = |numbers: &[f32]| numbers.iter().rev().fold(0.0, |sum, next| sum * square + next);
    (x * horner(&OVER) / horner(&UNDER)).clamp(-1.0, 1.0)
}

/// Each row becomes a distribution: exp(x) over the row's sum of them.
pub(super) fn softmax(x: &mut Array2<f32>) {
    for mut row in x.rows_mut() {
        let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        row.mapv_inplace(|x| (x - most).exp());
        let sum: f32 = row.sum();
        row.mapv_inplace(|x| x / sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    /// The series of erf around 0, in double precision; it converges everywhere.
    fn series(x: f64) -> f64 {
        let mut term = x;
        let mut sum = x;
        for n in 1..200 {
            term *= -x * x / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        sum * 2.0 / std::f64::consts::PI.sqrt()
    }

    #[test]
    fn the_error_function_is_close_everywhere() {
        let mut worst: f64 = 0.0;
        for step in -4000..=4000_i16 {
            let x = f32::from(step) / 1000.0;
            worst = worst.max((f64::from(erf(x)) - series(f64::from(x))).abs());
        }
        assert!(worst < 4e-7, "{worst}");
        assert_eq!((erf(10.0), erf(-10.0), erf(0.0)), (erf(4.0), erf(-4.0), 0.0));
        assert!((erf(10.0) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn rows_are_normalised() {
        let norm = Norm { weight: array![2.0, 2.0], bias: array![1.0, 0.0], epsilon: 1e-12 };
        let mut x = array![[1.0, 3.0], [5.0, 5.0]];
        norm.run(&mut x);
        assert_eq!(x, array![[-1.0, 2.0], [1.0, 0.0]]);
        let mut x = array![[0.0, 0.0], [1000.0, 0.0]];
        softmax(&mut x);
        assert_eq!(x, array![[0.5, 0.5], [1.0, 0.0]]);
    }

    #[test]
    fn gelu_has_known_values() {
        let mut x = [0.0, 1.0, -1.0, 8.0];
        Activation::Gelu.run(&mut x);
        for (x, wanted) in x.iter().zip([0.0, 0.841_344_8, -0.158_655_2, 8.0]) {
            assert!((x - wanted).abs() < 1e-6, "{x}");
        }
    }
}
