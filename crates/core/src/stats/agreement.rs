//! Do raters agree beyond chance: judges with people, people with each other.

use std::collections::BTreeMap;

/// How far apart two classes are, by their ranks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weights {
    /// The same or not.
    Plain,
    /// |i − j|.
    Linear,
    /// (i − j)².
    Quadratic,
}

/// Cohen's κ of two raters over `classes` classes, known by their ranks from 0:
/// 1 − Σ w·observed / Σ w·expected. 1 is perfect, 0 is chance, and it can be negative.
///
/// `None` where chance alone leaves no disagreement, e.g. if both raters gave one and the same class
/// throughout (scikit-learn says nan), for no pairs, and for a class out of range.
///
/// Cohen, Educ. Psychol. Meas. 20 (1960) and Psychol. Bull. 70 (1968).
#[allow(clippy::cast_precision_loss)]
pub fn kappa(pairs: &[(usize, usize)], classes: usize, weights: Weights) -> Option<f64> {
    let mut first = vec![0.0; classes];
    let mut second = vec![0.0; classes];
    let mut observed = 0.0;
    let distance = |a: usize, b: usize| match weights {
        Weights::Plain => f64::from(u8::from(a != b)),
        Weights::Linear => a.abs_diff(b) as f64,
        Weights::Quadratic => (a.abs_diff(b) as f64).powi(2),
    };
    for (a, b) in pairs {
        *first.get_mut(*a)? += 1.0;
        *second.get_mut(*b)? += 1.0;
        observed += distance(*a, *b);
    }
    let sides =
        || first.iter().enumerate().flat_map(|a| second.iter().enumerate().map(move |b| (a, b)));
    let expected: f64 = sides().map(|((a, m), (b, n))| distance(a, b) * m * n).sum();
    let expected = expected / pairs.len().max(1) as f64;
    (expected > 0.0).then(|| 1.0 - observed / expected)
}

/// Fleiss' κ of several raters: `counts` holds for each thing how many raters chose each class, the same
/// number of raters throughout. (P̄ − P̄_e)/(1 − P̄_e) with P̄ the mean share of agreeing pairs and P̄_e the sum of
/// squared class shares.
///
/// Fleiss, Psychol. Bull. 76 (1971). `None` for fewer than two raters, unequal numbers of them, unequal
/// numbers of classes, and where chance leaves no disagreement.
#[allow(clippy::cast_precision_loss)]
pub fn fleiss(counts: &[Vec<u64>]) -> Option<f64> {
    let classes = counts.first()?.len();
    let raters: u64 = counts.first()?.iter().sum();
    let same = |thing: &Vec<u64>| thing.len() == classes && thing.iter().sum::<u64>() == raters;
    if raters < 2 || !counts.iter().all(same) {
        return None;
    }
    let (n, things) = (raters as f64, counts.len() as f64);
    let mut shares = vec![0.0; classes];
    let mut agreed = 0.0;
    for thing in counts {
        for (share, count) in shares.iter_mut().zip(thing) {
            *share += *count as f64 / (n * things);
        }
        let pairs: f64 = thing.iter().map(|count| *count as f64 * (*count as f64 - 1.0)).sum();
        agreed += pairs / (n * (n - 1.0)) / things;
    }
    let chance: f64 = shares.iter().map(|share| share * share).sum();
    (1.0 - chance > 1e-12).then(|| (agreed - chance) / (1.0 - chance))
}

/// What the differences between values mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Names: the same or not.
    Nominal,
    /// Ranks: the distance is how many values lie between.
    Ordinal,
    /// Numbers: the distance is their difference.
    Interval,
}

/// Krippendorff's α of any number of raters; `units` holds each thing's ratings, missing ones left out or
/// `None`. 1 is perfect, 0 is chance, and it can be negative. Units with one rating say nothing.
///
/// α = 1 − (n − 1)·Σ_u Σ_{c<k} n_uc·n_uk·δ²(c,k)/(m_u − 1) / Σ_{c<k} n_c·n_k·δ²(c,k); Krippendorff,
/// "Content Analysis", ch. 12. `None` where the ratings do not vary: then agreement cannot be told from
/// a habit. (The krippendorff package says nan or raises.)
pub fn alpha(units: &[Vec<Option<f64>>], level: Level) -> Option<f64> {
    let coded = Coded::of(units);
    let total = coded.sum_of_pairs(&coded.totals, level);
    let within: f64 = coded
        .units
        .iter()
        .map(|unit| coded.sum_of_pairs(unit, level) / (unit.iter().sum::<f64>() - 1.0))
        .sum();
    let n: f64 = coded.totals.iter().sum();
    (total > 0.0).then(|| 1.0 - (n - 1.0) * within / total)
}

/// Counts by value, in ascending order of values, of units that have at least two ratings.
struct Coded {
    values: Vec<f64>,
    units: Vec<Vec<f64>>,
    totals: Vec<f64>,
}

impl Coded {
    fn of(units: &[Vec<Option<f64>>]) -> Self {
        let rated = |unit: &Vec<Option<f64>>| -> Vec<f64> {
            unit.iter().flatten().copied().filter(|value| !value.is_nan()).collect()
        };
        let pairable: Vec<Vec<f64>> =
            units.iter().map(rated).filter(|ratings| ratings.len() > 1).collect();
        let mut values: Vec<f64> = pairable.iter().flatten().map(|value| value + 0.0).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        let places: BTreeMap<u64, usize> =
            values.iter().enumerate().map(|(place, value)| (value.to_bits(), place)).collect();
        let mut totals = vec![0.0; values.len()];
        let mut counted = vec![];
        for ratings in pairable {
            let mut counts = vec![0.0; values.len()];
            for rating in ratings {
                // -0.0 + 0.0 is 0.0: the two zeros are one value.
                let Some(place) = places.get(&(rating + 0.0).to_bits()) else { continue };
                for counts in [&mut counts, &mut totals] {
                    if let Some(count) = counts.get_mut(*place) {
                        *count += 1.0;
                    }
                }
            }
            counted.push(counts);
        }
        Self { values, units: counted, totals }
    }

    /// Σ_{c<k} n_c·n_k·δ²(c, k).
    fn sum_of_pairs(&self, counts: &[f64], level: Level) -> f64 {
        let present: Vec<(usize, f64)> =
            counts.iter().copied().enumerate().filter(|(_, count)| *count > 0.0).collect();
        let mut sum = 0.0;
        for (index, (c, n_c)) in present.iter().enumerate() {
            for (k, n_k) in present.iter().skip(index + 1) {
                sum += n_c * n_k * self.distance(*c, *k, level);
            }
        }
        sum
    }

    /// δ² of two values by their places, c < k.
    fn distance(&self, c: usize, k: usize, level: Level) -> f64 {
        let value = |place: usize| self.values.get(place).copied().unwrap_or_default();
        match level {
            Level::Nominal => 1.0,
            Level::Interval => (value(k) - value(c)).powi(2),
            Level::Ordinal => {
                let between: f64 = self.totals.iter().skip(c).take(k - c + 1).sum();
                let total = |place: usize| self.totals.get(place).copied().unwrap_or_default();
                (between - 0.5 * (total(c) + total(k))).powi(2)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kappa_by_hand() {
        // 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: observed 0.7, by chance 0.5.
        let cells = [((0, 0), 20), ((0, 1), 5), ((1, 0), 10), ((1, 1), 15)];
        let pairs: Vec<(usize, usize)> =
            cells.iter().flat_map(|(pair, count)| vec![*pair; *count]).collect();
        assert!((kappa(&pairs, 2, Weights::Plain).unwrap() - 0.4).abs() < 1e-12);
        assert_eq!(kappa(&[(1, 1), (1, 1)], 3, Weights::Linear), None);
        assert_eq!(kappa(&[], 2, Weights::Plain), None);
        assert_eq!(kappa(&[(5, 0)], 2, Weights::Plain), None);
    }

    #[test]
    fn fleiss_by_hand() {
        // Full agreement; then two of six pairs agree where chance gives half.
        assert!((fleiss(&[vec![3, 0], vec![0, 3]]).unwrap() - 1.0).abs() < 1e-12);
        assert!((fleiss(&[vec![2, 1], vec![1, 2]]).unwrap() + 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(fleiss(&[vec![3, 0], vec![3, 0]]), None);
        assert_eq!(fleiss(&[vec![2, 0], vec![3, 0]]), None);
        assert_eq!(fleiss(&[]), None);
    }

    #[test]
    fn alpha_where_it_is_and_is_not_defined() {
        let unit = |values: &[f64]| values.iter().map(|value| Some(*value)).collect::<Vec<_>>();
        let perfect = [unit(&[1.0, 1.0]), unit(&[2.0, 2.0, 2.0]), vec![Some(9.0), None]];
        for level in [Level::Nominal, Level::Ordinal, Level::Interval] {
            assert_eq!(alpha(&perfect, level), Some(1.0));
            assert_eq!(alpha(&[unit(&[1.0, 1.0]), unit(&[1.0, 1.0])], level), None);
            assert_eq!(alpha(&[], level), None);
        }
    }
}
