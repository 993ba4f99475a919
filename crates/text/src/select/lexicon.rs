//! Nearness of texts by the words and letters that they share.
//!
//! A text is a vector of features: its words, and each word's runs of three characters, which bring forms
//! of a word and slips of the keyboard together, and which stand in for words where a script writes no
//! spaces. A feature counts 1 + ln(how often), times its inverse document frequency among the candidates,
//! ln((1 + n) / (1 + df)) + 1, as scikit-learn's `TfidfVectorizer` smooths it; vectors have length 1, and
//! nearness is their cosine. Features of no candidate say nothing about which is nearer and are left out.

use std::collections::BTreeMap;

/// Features by their number, ascending, with their weights.
type Vector = Vec<(usize, f64)>;

/// The candidates.
#[derive(Debug, Clone, Default)]
pub struct Lexicon {
    numbers: BTreeMap<String, usize>,
    weights: Vec<f64>,
    vectors: Vec<Vector>,
}

impl Lexicon {
    /// Reads the candidates.
    pub fn of(texts: &[String]) -> Self {
        let counted: Vec<BTreeMap<String, u32>> = texts.iter().map(|text| features(text)).collect();
        let mut found: BTreeMap<String, u32> = BTreeMap::new();
        for feature in counted.iter().flat_map(BTreeMap::keys) {
            *found.entry(feature.clone()).or_default() += 1;
        }
        let all = f64::from(u32::try_from(texts.len()).unwrap_or(u32::MAX));
        let weights =
            found.values().map(|df| ((1.0 + all) / (1.0 + f64::from(*df))).ln() + 1.0).collect();
        let numbers =
            found.into_keys().enumerate().map(|(number, feature)| (feature, number)).collect();
        let mut lexicon = Self { numbers, weights, vectors: vec![] };
        lexicon.vectors = counted.iter().map(|counts| lexicon.vector(counts)).collect();
        lexicon
    }

    /// How near each candidate is to `query`, from 0 to 1.
    pub fn near(&self, query: &str) -> Vec<f64> {
        let query = self.vector(&features(query));
        self.vectors.iter().map(|vector| dot(&query, vector)).collect()
    }

    /// How near two candidates are to each other, from 0 to 1.
    pub fn between(&self, a: usize, b: usize) -> f64 {
        match (self.vectors.get(a), self.vectors.get(b)) {
            (Some(a), Some(b)) => dot(a, b),
            _ => 0.0,
        }
    }

    fn vector(&self, counts: &BTreeMap<String, u32>) -> Vector {
        let mut vector: Vector = counts
            .iter()
            .filter_map(|(feature, count)| {
                let number = *self.numbers.get(feature)?;
                Some((number, (1.0 + f64::from(*count).ln()) * self.weights.get(number)?))
            })
            .collect();
        let length = vector.iter().map(|(_, weight)| weight * weight).sum::<f64>().sqrt();
        if length > 0.0 {
            vector.iter_mut().for_each(|(_, weight)| *weight /= length);
        }
        vector
    }
}

/// Both ascend, so that sums are made in one order, and equal on every machine.
fn dot(a: &[(usize, f64)], b: &[(usize, f64)]) -> f64 {
    let (mut sum, mut rest) = (0.0, b.iter().peekable());
    for (number, weight) in a {
        while rest.next_if(|(other, _)| other < number).is_some() {}
        if let Some((_, other)) = rest.next_if(|(other, _)| other == number) {
            sum += weight * other;
        }
    }
    sum
}

fn features(text: &str) -> BTreeMap<String, u32> {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    let text = text.to_lowercase();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        *counts.entry(word.to_string()).or_default() += 1;
        // Marked, so that a run of letters is not taken for a word.
        let letters: Vec<char> = format!("\u{2}{word}\u{3}").chars().collect();
        for run in letters.windows(3) {
            *counts.entry(run.iter().collect()).or_default() += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn nearest(texts: &[&str], query: &str) -> usize {
        let near = Lexicon::of(&texts.iter().map(ToString::to_string).collect::<Vec<_>>());
        let near = near.near(query);
        (0..near.len()).max_by(|a, b| near[*a].total_cmp(&near[*b])).unwrap()
    }

    #[test]
    fn shared_rare_words_bring_texts_together() {
        let texts = ["The parcel has not arrived", "The lid is cracked", "The invoice is wrong"];
        assert_eq!(nearest(&texts, "my parcel is not here"), 0);
        assert_eq!(nearest(&texts, "there are cracks in the lids"), 1);
        assert_eq!(nearest(&texts, "two invoices for one order"), 2);
    }

    #[test]
    fn scripts_without_spaces_are_compared_too() {
        assert_eq!(
            nearest(&["請求書の金額が違います", "荷物がまだ届きません"], "荷物が届かない"),
            1
        );
    }

    #[test]
    fn nothing_is_near_to_nothing() {
        assert_eq!(Lexicon::of(&[]).near("x"), Vec::<f64>::new());
        assert_eq!(Lexicon::of(&["a b".into()]).near("?!"), [0.0]);
    }

    proptest! {
        #[test]
        fn nearness_is_a_cosine(texts in prop::collection::vec("[a-d ]{0,12}", 1..6), query in "[a-d ]{0,12}") {
            let lexicon = Lexicon::of(&texts);
            for near in lexicon.near(&query) {
                prop_assert!((-1e-12..=1.0 + 1e-12).contains(&near));
            }
            for a in 0..texts.len() {
                for b in 0..texts.len() {
                    prop_assert_eq!(lexicon.between(a, b), lexicon.between(b, a));
                }
                let own = lexicon.between(a, a);
                prop_assert!(own == 0.0 || (own - 1.0).abs() < 1e-12);
            }
        }
    }
}
