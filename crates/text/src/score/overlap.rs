//! Scores of vectors: cosine, and the matching of BERTScore (Zhang et al., 2020).
//!
//! Where the vectors come from is somebody else's business; here are only sums. The reference package's
//! weighting by rarity and its rescaling against a baseline are not done.

use super::rouge::Overlap;

/// Why two vectors, or two lists of them, cannot be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unequal {
    /// Numbers in one vector.
    pub one: usize,
    /// Numbers in the other.
    pub other: usize,
}

impl std::fmt::Display for Unequal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "vectors of {} and {} numbers cannot be compared", self.one, self.other)
    }
}

impl std::error::Error for Unequal {}

/// Cosine of the angle between two vectors, -1 to 1; 0 if one of them is all zeros.
///
/// # Errors
/// If they differ in length.
pub fn cosine(a: &[f32], b: &[f32]) -> Result<f64, Unequal> {
    if a.len() != b.len() {
        return Err(Unequal { one: a.len(), other: b.len() });
    }
    let norms = norm(a) * norm(b);
    Ok(if norms > 0.0 { (dot(a, b) / norms).clamp(-1.0, 1.0) } else { 0.0 })
}

/// BERTScore: each token of the answer is matched with the most similar token of the reference, and the
/// other way round. Precision is the mean over the answer's tokens, recall over the reference's; both lie
/// between -1 and 1, in practice above 0. All 0 if one side has no tokens.
///
/// Takes time with the product of both counts.
///
/// # Errors
/// If vectors differ in length.
pub fn bert_score<V: AsRef<[f32]>>(actual: &[V], reference: &[V]) -> Result<Overlap, Unequal> {
    if actual.is_empty() || reference.is_empty() {
        return Ok(Overlap::default());
    }
    let norms = |side: &[V]| side.iter().map(|v| norm(v.as_ref())).collect::<Vec<f64>>();
    let (own_norms, their_norms) = (norms(actual), norms(reference));
    let mut best_own = vec![f64::NEG_INFINITY; actual.len()];
    let mut best_their = vec![f64::NEG_INFINITY; reference.len()];
    for ((own, own_norm), best_own) in actual.iter().zip(&own_norms).zip(&mut best_own) {
        for ((their, their_norm), best_their) in
            reference.iter().zip(&their_norms).zip(&mut best_their)
        {
            let (a, b) = (own.as_ref(), their.as_ref());
            if a.len() != b.len() {
                return Err(Unequal { one: a.len(), other: b.len() });
            }
            let norms = own_norm * their_norm;
            let similar = if norms > 0.0 { dot(a, b) / norms } else { 0.0 };
            *best_own = best_own.max(similar);
            *best_their = best_their.max(similar);
        }
    }
    let mean = |best: &[f64]| best.iter().sum::<f64>() / best.len() as f64;
    Ok(Overlap::new(mean(&best_own), mean(&best_their)))
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

fn norm(v: &[f32]) -> f64 {
    dot(v, v).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosine_of_plain_angles() {
        assert!((cosine(&[1.0, 0.0], &[2.0, 0.0]).unwrap() - 1.0).abs() < 1e-12);
        assert!((cosine(&[1.0, 1.0], &[1.0, 0.0]).unwrap() - 0.5_f64.sqrt()).abs() < 1e-12);
        assert!((cosine(&[1.0], &[-3.0]).unwrap() + 1.0).abs() < 1e-12);
        assert_eq!(cosine(&[0.0, 0.0], &[1.0, 0.0]).unwrap().to_bits(), 0);
        assert_eq!(cosine(&[1.0], &[1.0, 0.0]), Err(Unequal { one: 1, other: 2 }));
    }

    #[test]
    fn tokens_match_the_most_similar() {
        let (x, y) = ([1.0, 0.0], [0.0, 1.0]);
        let found = bert_score(&[x, x, y], &[x]).unwrap();
        assert!((found.precision - 2.0 / 3.0).abs() < 1e-12);
        assert!((found.recall - 1.0).abs() < 1e-12);
        assert!((found.f1 - 0.8).abs() < 1e-12);
        assert_eq!(bert_score::<[f32; 2]>(&[], &[x]).unwrap(), Overlap::default());
        assert!(bert_score(&[vec![1.0]], &[vec![1.0, 2.0]]).is_err());
    }
}
