//! Mann and Whitney's test: is one sample stochastically larger, whatever the distributions' shapes.

use super::Alternative;

/// How the p-value is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Method {
    /// Exact if a sample has at most eight values and no two values are equal, otherwise asymptotic.
    #[default]
    Auto,
    /// Counts arrangements; wrong with ties.
    Exact,
    /// Normal, corrected for ties and continuity.
    Asymptotic,
}

/// The test's figures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MannWhitney {
    /// Pairs in which the first sample's value is the larger, ties counting half.
    pub u: f64,
    /// U/(n·m): how often a value of the first is above one of the second.
    pub superiority: f64,
    /// For the alternative asked.
    pub p: f64,
    /// Whether it is exact.
    pub exact: bool,
}

/// Tests "neither tends to be larger". `None` for an empty sample, and for an exact p-value that is asked
/// where the arrangements are too many to count (both samples large).
///
/// Exact: P(U ≥ u) with all C(n + m, n) arrangements alike. Asymptotic: z = (U − nm/2 − ½)/s with
/// s² = nm/12·((N + 1) − Σ(t³ − t)/(N(N − 1))). Mann & Whitney, Ann. Math. Statist. 18 (1947); as scipy's
/// `mannwhitneyu`.
#[allow(clippy::cast_precision_loss)]
pub fn mann_whitney(
    a: &[f64],
    b: &[f64],
    alternative: Alternative,
    method: Method,
) -> Option<MannWhitney> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let ranked = ranked(a, b);
    let (n, m) = (a.len() as f64, b.len() as f64);
    let u = ranked.sum - n * (n + 1.0) / 2.0;
    let exact = match method {
        Method::Auto => a.len().min(b.len()) <= 8 && ranked.ties == 0.0,
        Method::Exact => true,
        Method::Asymptotic => false,
    };
    let tail = if exact {
        let counts = arrangements(a.len(), b.len())?;
        Tail::Exact(counts)
    } else {
        let all = n + m;
        let variance = n * m / 12.0 * ((all + 1.0) - ranked.ties / (all * (all - 1.0)));
        Tail::Normal { mean: n * m / 2.0, deviation: variance.sqrt() }
    };
    let p = match alternative {
        Alternative::Greater => tail.at_least(u),
        Alternative::Less => tail.at_least(n * m - u),
        Alternative::TwoSided => (2.0 * tail.at_least(u.max(n * m - u))).min(1.0),
    };
    Some(MannWhitney { u, superiority: u / (n * m), p, exact })
}

struct Ranked {
    /// Sum of the first sample's ranks.
    sum: f64,
    /// Σ(t³ − t) over groups of t equal values.
    ties: f64,
}

#[allow(clippy::cast_precision_loss)]
fn ranked(a: &[f64], b: &[f64]) -> Ranked {
    let mut all: Vec<(f64, bool)> = a.iter().map(|value| (value + 0.0, true)).collect();
    all.extend(b.iter().map(|value| (value + 0.0, false)));
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut sum, mut ties, mut before) = (0.0, 0.0, 0.0);
    for group in all.chunk_by(|a, b| a.0 == b.0) {
        let size = group.len() as f64;
        let rank = before + (size + 1.0) / 2.0;
        sum += rank * group.iter().filter(|(_, first)| *first).count() as f64;
        ties += size.powi(3) - size;
        before += size;
    }
    Ranked { sum, ties }
}

enum Tail {
    /// Arrangements by U.
    Exact(Vec<i128>),
    Normal {
        mean: f64,
        deviation: f64,
    },
}

impl Tail {
    /// P(U ≥ u).
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn at_least(&self, u: f64) -> f64 {
        match self {
            Self::Exact(counts) => {
                let all: i128 = counts.iter().sum();
                let tail: i128 = counts.iter().skip(u.ceil().max(0.0) as usize).sum();
                tail as f64 / all as f64
            }
            Self::Normal { mean, deviation } => {
                let distance = u - mean - 0.5;
                let z = if *deviation > 0.0 { distance / deviation } else { 0.0_f64.min(distance) };
                Alternative::Greater.normal(z).min(1.0)
            }
        }
    }
}

/// How many arrangements give each U from 0 to n·m: the coefficients of the Gaussian binomial
/// Π_{i=1..k}(1 − q^(l+i))/(1 − q^i). `None` beyond 10³⁷ arrangements or 10⁷ values of U.
fn arrangements(n: usize, m: usize) -> Option<Vec<i128>> {
    let (small, large) = (n.min(m), n.max(m));
    let size = small.checked_mul(large).filter(|size| *size <= 10_000_000)? + 1;
    let mut counts = vec![0_i128; size];
    *counts.first_mut()? = 1;
    let mut all = 1_i128;
    for i in 1..=small {
        let factor = i128::try_from(large + i).ok()?;
        all = all.checked_mul(factor)? / i128::try_from(i).ok()?;
        if all > 10_i128.pow(37) {
            return None;
        }
        for u in (large + i..size).rev() {
            let less = counts.get(u - large - i).copied()?;
            *counts.get_mut(u)? -= less;
        }
        for u in i..size {
            let more = counts.get(u - i).copied()?;
            *counts.get_mut(u)? += more;
        }
    }
    Some(counts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn by_hand() {
        // All of a above all of b: one of C(5, 2) = 10 arrangements.
        let test = |alternative| {
            mann_whitney(&[4.0, 5.0], &[1.0, 2.0, 3.0], alternative, Method::Auto).unwrap()
        };
        let greater = test(Alternative::Greater);
        assert_eq!((greater.u, greater.superiority, greater.exact), (6.0, 1.0, true));
        assert!((greater.p - 0.1).abs() < 1e-12);
        assert!((test(Alternative::TwoSided).p - 0.2).abs() < 1e-12);
        assert!((test(Alternative::Less).p - 1.0).abs() < 1e-12);
        assert_eq!(arrangements(2, 2).unwrap(), [1, 1, 2, 1, 1]);
        assert_eq!(arrangements(60, 80), None);
        assert_eq!(mann_whitney(&[], &[1.0], Alternative::Less, Method::Auto), None);
    }

    #[test]
    fn all_equal_is_no_difference() {
        let same = mann_whitney(&[1.0; 9], &[1.0; 9], Alternative::TwoSided, Method::Auto).unwrap();
        assert_eq!((same.p, same.superiority), (1.0, 0.5));
    }

    proptest! {
        #[test]
        fn only_order_matters(a in prop::collection::vec(0_i32..40, 1..20), b in prop::collection::vec(0_i32..40, 1..20)) {
            let test = |shape: fn(f64) -> f64| {
                let side = |values: &[i32]| values.iter().map(|v| shape(f64::from(*v))).collect::<Vec<_>>();
                mann_whitney(&side(&a), &side(&b), Alternative::Greater, Method::Auto).unwrap()
            };
            prop_assert_eq!(test(|x| x), test(|x| x * x * x + 7.0));
        }
    }
}
