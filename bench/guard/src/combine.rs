//! How signals become a score: fitted to scores of texts that the models had not seen, and scaled so that
//! the thresholds are where they are promised.

use gatemark_text::guard::classifier::{Combination, SIGNALS};
use gatemark_text::guard::{BLOCK_AT, FLAG_AT, Signals};

/// A text whose signals are known.
pub(crate) struct Point {
    pub(crate) signals: Signals,
    pub(crate) attack: bool,
    /// How much it counts.
    pub(crate) weight: f64,
}

/// Shares of harmless texts that may reach the thresholds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rates {
    pub(crate) flag: f64,
    pub(crate) block: f64,
}

/// Logistic regression with weights of at least 0, by projected gradient steps in a fixed order.
pub(crate) fn fit(points: &[Point]) -> ([f64; SIGNALS], f64) {
    let mut weights = [0.3f64; SIGNALS];
    let mut bias = -3.0f64;
    let total: f64 = points.iter().map(|point| point.weight).sum();
    // The steps of a quasi-Newton method with a diagonal: each signal at its own pace.
    let mut squares = [1e-3f64; SIGNALS + 1];
    for round in 0..1_500 {
        let mut slopes = [0.0f64; SIGNALS + 1];
        for point in points {
            let sum = bias + dot(&point.signals.0, &weights);
            let error = 1.0 / (1.0 + (-sum).exp()) - f64::from(u8::from(point.attack));
            let error = error * point.weight / total;
            for (slope, signal) in slopes.iter_mut().zip(&point.signals.0) {
                *slope += error * signal;
            }
            slopes[SIGNALS] += error;
        }
        let pace = 0.5 / (1.0 + f64::from(round) / 300.0);
        for at in 0..=SIGNALS {
            let value = if at < SIGNALS { &mut weights[at] } else { &mut bias };
            let slope = slopes[at] + 1e-4 * *value;
            squares[at] = 0.95 * squares[at] + 0.05 * slope * slope;
            *value -= pace * 0.1 * slope / squares[at].sqrt();
            if at < SIGNALS {
                *value = value.max(0.0);
            }
        }
    }
    (weights, bias)
}

fn dot(a: &[f64; SIGNALS], b: &[f64; SIGNALS]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The combination whose scores reach the thresholds for the wanted shares of harmless texts.
pub(crate) fn combination(points: &[Point], harmless: &[Signals], rates: Rates) -> Combination {
    let (weights, bias) = fit(points);
    let mut sums: Vec<f64> =
        harmless.iter().map(|signals| bias + dot(&signals.0, &weights)).collect();
    sums.sort_by(|a, b| b.total_cmp(a));
    let flag = above(&sums, rates.flag);
    let block = above(&sums, rates.block).max(flag + 0.2);
    // Log-odds of the thresholds: what lies between them is stretched to lie between these.
    let odds = |score: f64| (score / (1.0 - score)).ln();
    let stretch = (odds(BLOCK_AT) - odds(FLAG_AT)) / (block - flag);
    // What f32 loses is far below what the data can tell.
    #[allow(clippy::cast_possible_truncation)]
    let combination = Combination {
        bias: (odds(FLAG_AT) + stretch * (bias - flag)) as f32,
        weights: weights.map(|weight| (stretch * weight) as f32),
    };
    combination
}

/// A value that at most a share of falling values reach.
pub(crate) fn above(falling: &[f64], share: f64) -> f64 {
    // A count below the number of values.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let allowed = (falling.len() as f64 * share) as usize;
    let first = falling.get(allowed).copied().unwrap_or(0.0);
    match allowed.checked_sub(1).and_then(|last| falling.get(last)) {
        Some(last) => (first + last) / 2.0,
        None => first + 0.1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_where_they_are_promised() {
        let signals =
            |value: f64| Signals(std::array::from_fn(|at| if at == 0 { value } else { 0.0 }));
        let points: Vec<Point> = (0..2_000)
            .map(|at| Point {
                signals: signals(f64::from(at % 100) / 50.0 + if at % 2 == 0 { 1.0 } else { 0.0 }),
                attack: at % 2 == 0,
                weight: 1.0,
            })
            .collect();
        let harmless: Vec<Signals> =
            points.iter().filter(|point| !point.attack).map(|point| point.signals).collect();
        let made = combination(&points, &harmless, Rates { flag: 0.10, block: 0.02 });
        let share = |least: f64| {
            let reached = harmless.iter().filter(|signals| signals.score(&made) >= least).count();
            reached as f64 / harmless.len() as f64
        };
        assert!((share(FLAG_AT) - 0.10).abs() < 0.021, "{}", share(FLAG_AT));
        assert!((share(BLOCK_AT) - 0.02).abs() < 0.021, "{}", share(BLOCK_AT));
    }
}
