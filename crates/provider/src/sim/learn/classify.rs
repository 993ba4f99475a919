//! Learns from the prompt's examples which features speak for which label, and judges a message by that.
//!
//! The method is multinomial logistic regression without a bias over tf-idf features, trained for a few
//! rounds on the examples of one prompt. On held-out data it beat nearest neighbours, centroids and
//! complement naive Bayes at every number of examples above one per label. Without a bias it says nothing
//! about a message that shares nothing with the examples, which is the honest answer. The learnt weights
//! lie by feature, so that a message touches only the rows of its own features.

use super::features::{features, mix, word_feature};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Most weights one prompt may hold (features times labels, 16 MiB); rarer features are dropped beyond it.
const MOST_WEIGHTS: usize = 4 << 20;
/// Most multiplications spent on learning one prompt, which bounds the rounds over a large one.
const MOST_WORK: usize = 2_000_000_000;
/// Rounds over the examples, steps within them, and how strongly rare features count.
const ROUNDS: usize = 30;
const STEP: f32 = 3.0;
const RARITY: f32 = 0.8;

/// A text whose label is known.
pub(super) struct Lesson {
    /// Words of the text.
    pub(super) words: Vec<String>,
    /// Place of its label.
    pub(super) label: usize,
    /// How much it counts; an example counts 1.
    pub(super) weight: f32,
}

/// What one body of knowledge says about a message.
pub(super) struct Heard {
    /// A score for each label.
    pub(super) scores: Vec<f32>,
    /// Share of the message that it knows anything about, in 0..=1.
    pub(super) known: f32,
}

impl Heard {
    /// Adds what another says, `weight` times as loud.
    pub(super) fn add(&mut self, other: &Self, weight: f32) {
        for (score, other) in self.scores.iter_mut().zip(&other.scores) {
            *score += weight * other;
        }
        self.known = self.known.max(other.known);
    }

    /// The best label that `allowed` accepts and how likely it is right.
    pub(super) fn best(mut self, allowed: impl Fn(usize) -> bool) -> Option<(usize, f32)> {
        for (label, score) in self.scores.iter_mut().enumerate() {
            if !allowed(label) {
                *score = f32::NEG_INFINITY;
            }
        }
        shares(&mut self.scores);
        let open = self.scores.into_iter().enumerate().filter(|(label, _)| allowed(*label));
        open.reduce(|best, next| if next.1 > best.1 { next } else { best })
    }
}

/// The features are hashes already.
#[derive(Default)]
struct Taken(u64);

impl Hasher for Taken {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = mix(self.0 ^ u64::from(*byte));
        }
    }
    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

/// What was learnt from one set of lessons.
pub(super) struct Knowledge {
    labels: usize,
    rows: HashMap<u64, usize, BuildHasherDefault<Taken>>,
    rarity: Vec<f32>,
    unknown: f32,
    weights: Vec<f32>,
}

impl Knowledge {
    /// Learns `labels` labels from the lessons; the texts beside them only tell which features are common.
    pub(super) fn learn(labels: usize, lessons: &[Lesson], beside: &[Lesson]) -> Self {
        let texts: Vec<_> = lessons.iter().map(|lesson| features(&lesson.words)).collect();
        let mut frequency: HashMap<u64, u32, BuildHasherDefault<Taken>> = HashMap::default();
        for (id, _) in texts.iter().flatten() {
            *frequency.entry(*id).or_default() += 1;
        }
        for (id, _) in beside.iter().flat_map(|lesson| features(&lesson.words)) {
            if let Some(count) = frequency.get_mut(&id) {
                *count += 1;
            }
        }
        let all = lessons.len() + beside.len();
        let mut least = 1;
        while frequency.values().filter(|n| **n >= least).count() * labels > MOST_WEIGHTS {
            least += 1;
        }
        let mut me = Self {
            labels,
            rows: HashMap::default(),
            rarity: Vec::new(),
            unknown: rarity(all, 1),
            weights: Vec::new(),
        };
        for (id, _) in texts.iter().flatten() {
            let count = frequency.get(id).copied().unwrap_or(1);
            if count >= least && !me.rows.contains_key(id) {
                me.rows.insert(*id, me.rarity.len());
                me.rarity.push(rarity(all, count));
            }
        }
        me.weights = vec![0.0; me.rarity.len() * labels];
        let inputs: Vec<_> = texts.iter().map(|text| me.place(text).0).collect();
        me.train(lessons, &inputs);
        me
    }

    /// Bytes held, roughly.
    pub(super) fn size(&self) -> usize {
        self.weights.len() * 4 + self.rarity.len() * 28
    }

    /// How much a message's words speak for each label, and the share of the message that is known.
    pub(super) fn hear(&self, words: &[String]) -> Heard {
        let (input, known) = self.place(&features(words));
        Heard { scores: self.scores(&input, known.sqrt()), known }
    }

    /// The known features by row, scaled to length 1, and the share of the text's weight that they are.
    fn place(&self, text: &[(u64, f32)]) -> (Vec<(usize, f32)>, f32) {
        let mut out = Vec::with_capacity(text.len());
        let (mut known, mut unknown) = (0.0_f32, 0.0_f32);
        for (id, count) in text {
            if let Some(row) = self.rows.get(id) {
                let value = count * self.rarity.get(*row).copied().unwrap_or_default();
                known += value * value;
                out.push((*row, value));
            } else {
                unknown += (count * self.unknown).powi(2);
            }
        }
        let length = known.sqrt().max(f32::MIN_POSITIVE);
        for (_, value) in &mut out {
            *value /= length;
        }
        let share = if known > 0.0 { known / (known + unknown) } else { 0.0 };
        (out, share)
    }

    fn row(&self, row: usize) -> &[f32] {
        self.weights.get(row * self.labels..(row + 1) * self.labels).unwrap_or_default()
    }

    fn scores(&self, input: &[(usize, f32)], scale: f32) -> Vec<f32> {
        let mut scores = vec![0.0_f32; self.labels];
        for (row, value) in input {
            let value = value * scale;
            for (score, weight) in scores.iter_mut().zip(self.row(*row)) {
                *score += value * weight;
            }
        }
        scores
    }

    fn train(&mut self, lessons: &[Lesson], inputs: &[Vec<(usize, f32)>]) {
        let labels = self.labels;
        let work = inputs.iter().map(Vec::len).sum::<usize>() * labels * 2;
        let rounds = (MOST_WORK / work.max(1)).clamp(1, ROUNDS);
        let mut order: Vec<usize> = (0..inputs.len()).collect();
        #[allow(clippy::cast_precision_loss)]
        let steps = (rounds * inputs.len()) as f32;
        let mut done = 0.0_f32;
        for round in 0..rounds {
            order.sort_by_key(|place| mix((*place as u64) << 16 | round as u64));
            for place in &order {
                let (Some(lesson), Some(input)) = (lessons.get(*place), inputs.get(*place)) else {
                    continue;
                };
                let mut error = self.scores(input, 1.0);
                shares(&mut error);
                if let Some(right) = error.get_mut(lesson.label) {
                    *right -= 1.0;
                }
                let step = STEP * lesson.weight / (1.0 + 3.0 * done / steps);
                done += 1.0;
                for (row, value) in input {
                    let Some(row) = self.weights.get_mut(row * labels..(row + 1) * labels) else {
                        continue;
                    };
                    for (weight, error) in row.iter_mut().zip(&error) {
                        *weight -= step * value * error;
                    }
                }
            }
        }
    }

    /// The words of a message that speak loudest for a label.
    pub(super) fn loudest(&self, words: &[String], label: usize) -> Vec<String> {
        let mut all: Vec<(f32, &String)> = Vec::new();
        for word in words {
            let row = self.rows.get(&word_feature(word)).copied();
            let weight =
                row.and_then(|row| Some(self.row(row).get(label)? * self.rarity.get(row)?));
            if let Some(weight) = weight.filter(|weight| *weight > 0.0)
                && !all.iter().any(|(_, other)| *other == word)
            {
                all.push((weight, word));
                all.sort_by(|a, b| b.0.total_cmp(&a.0));
                all.truncate(3);
            }
        }
        all.into_iter().map(|(_, word)| word.clone()).collect()
    }
}

/// How much a feature counts that is in `count` of `all` texts.
#[allow(clippy::cast_precision_loss)]
fn rarity(all: usize, count: u32) -> f32 {
    ((all as f32 + 1.0) / (count as f32 + 0.5)).ln().max(0.05).powf(RARITY)
}

/// Turns scores into shares that sum to 1.
fn shares(scores: &mut [f32]) {
    let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - most).exp();
        sum += *score;
    }
    for score in scores.iter_mut() {
        *score /= sum;
    }
}

#[cfg(test)]
mod tests {
    use super::super::features::words;
    use super::*;

    const LESSONS: [(&str, usize); 6] = [
        ("the lamp in the kitchen is dark", 0),
        ("please turn on the light", 0),
        ("a bulb burnt out", 0),
        ("the tap drips all night", 1),
        ("no water in the bathroom", 1),
        ("the pipe under the sink leaks", 1),
    ];

    fn taught() -> Knowledge {
        let lesson = |(text, label): &(&str, usize)| Lesson {
            words: words(text),
            label: *label,
            weight: 1.0,
        };
        Knowledge::learn(2, &LESSONS.iter().map(lesson).collect::<Vec<_>>(), &[])
    }

    fn judge(text: &str) -> (usize, f32) {
        taught().hear(&words(text)).best(|_| true).unwrap()
    }

    #[test]
    fn judges_by_what_it_was_taught() {
        let (label, confidence) = judge("the light bulbs are dark");
        assert!(label == 0 && confidence > 0.6);
        let (label, confidence) = judge("water leaks from a pipe");
        assert!(label == 1 && confidence > 0.6);
        let loud = taught().loudest(&words("the light is out"), 0);
        assert!(loud.contains(&"light".to_owned()), "{loud:?}");
    }

    #[test]
    fn is_unsure_about_the_unknown() {
        assert!(judge("zzz qqq").1 <= 0.5);
        let heard = taught().hear(&words("zzz qqq"));
        assert!(heard.known == 0.0);
        assert!(heard.best(|_| false).is_none());
    }

    #[test]
    fn others_and_a_restriction_decide() {
        let light = || taught().hear(&words("the light"));
        let mut heard = light();
        heard.add(&Heard { scores: vec![0.0, 1.0], known: 0.0 }, 50.0);
        assert_eq!(heard.best(|_| true).unwrap().0, 1);
        assert_eq!(light().best(|label| label == 1).unwrap().0, 1);
    }
}
