//! Kolmogorov and Smirnov's test: do two samples come from one distribution.

/// Products of sizes up to which lattice paths are counted: a fifth of a second.
const EXACT: usize = 100_000_000;

/// The test's figures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KolmogorovSmirnov {
    /// Greatest distance of the two empirical distribution functions.
    pub d: f64,
    /// Two-sided.
    pub p: f64,
    /// Whether paths were counted.
    pub exact: bool,
}

/// The two-sided test; `None` for an empty sample. With ties the p-value is an upper bound.
///
/// Exact for n·m ≤ 10⁸: the chance that a random path from (0, 0) to (n, m) reaches |i/n − j/m| ≥ D (Hodges,
/// Ark. Mat. 3 (1958)), as scipy's `ks_2samp(method="exact")`. Beyond: 2Σ(−1)^(k−1)·exp(−2k²·nm/(n + m)·D²).
pub fn kolmogorov_smirnov(a: &[f64], b: &[f64]) -> Option<KolmogorovSmirnov> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let (n, m) = (a.len(), b.len());
    let steps = distance(a, b);
    let d = ratio(steps, 1) / ratio(n, 1) / ratio(m, 1);
    let exact = n.saturating_mul(m) <= EXACT;
    let p = if exact { outside(n, m, steps) } else { limit(n, m, d) };
    Some(KolmogorovSmirnov { d, p: p.clamp(0.0, 1.0), exact })
}

/// max |i·m − j·n| over all values, with i and j the counts of each sample at or below it: D in units
/// of 1/(n·m), free of rounding.
fn distance(a: &[f64], b: &[f64]) -> usize {
    let sorted = |values: &[f64]| {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        values
    };
    let (a, b) = (sorted(a), sorted(b));
    let (mut i, mut j, mut most) = (0, 0, 0);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        let next = x.min(*y);
        i += a.iter().skip(i).take_while(|value| **value <= next).count();
        j += b.iter().skip(j).take_while(|value| **value <= next).count();
        most = most.max((i * b.len()).abs_diff(j * a.len()));
    }
    most
}

/// The chance that a path ever has |i·m − j·n| ≥ `steps`, by dynamic programming over chances, which
/// subtracts nothing and so keeps its relative precision in the tail.
fn outside(n: usize, m: usize, steps: usize) -> f64 {
    let is_outside = |i: usize, j: usize| (i * m).abs_diff(j * n) >= steps;
    let mut row: Vec<f64> = vec![0.0; m + 1];
    for i in 0..=n {
        let mut left = 0.0;
        for (j, above) in row.iter_mut().enumerate() {
            // `above` still is row i − 1.
            let chance = if is_outside(i, j) {
                1.0
            } else if i + j == 0 {
                0.0
            } else {
                ratio(i, i + j) * *above + ratio(j, i + j) * left
            };
            *above = chance;
            left = chance;
        }
    }
    row.last().copied().unwrap_or(1.0)
}

fn limit(n: usize, m: usize, d: f64) -> f64 {
    let size = ratio(n, 1) * ratio(m, n + m);
    let term = |k: i32| (-2.0 * f64::from(k * k) * size * d * d).exp();
    2.0 * (1..=100).map(|k| if k % 2 == 1 { term(k) } else { -term(k) }).sum::<f64>()
}

#[allow(clippy::cast_precision_loss)]
fn ratio(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // Apart: 2 of the C(4, 2) = 6 paths reach the corner.
        let apart = kolmogorov_smirnov(&[1.0, 2.0], &[3.0, 4.0]).unwrap();
        assert!((apart.p - 2.0 / 6.0).abs() < 1e-12 && apart.d == 1.0);
        let same = kolmogorov_smirnov(&[1.0, 2.0], &[1.0, 2.0]).unwrap();
        assert_eq!((same.d, same.p), (0.0, 1.0));
        assert_eq!(kolmogorov_smirnov(&[], &[1.0]), None);
    }

    #[test]
    fn the_limit_is_near_the_exact_one() {
        let (n, m) = (900, 1100);
        let (exact, limit) = (outside(n, m, 59_400), limit(n, m, 0.06));
        assert!((exact - limit).abs() < 0.01, "{exact} {limit}");
    }
}
