//! From examples to weights, in two rounds.
//!
//! Nobody has said which part of a long text is the attack. So the first round learns from whole pages, and
//! the second takes, of each text and each width, the window that the first holds to be worst: of an attack
//! because it probably is one, of a harmless text because that is where the model errs.

use gatemark_core::guard::Profile;
use gatemark_text::guard::classifier::{BUCKETS, Combination, Model, WIDTHS};

use crate::examples::Example;
use crate::learn::{Effort, Learnt, Sample, learn};

const PROFILES: [Profile; 2] = [Profile::User, Profile::Document];

/// A model of both heads, without a combination.
pub(crate) fn train(examples: &[&Example], effort: Effort, seed: u64) -> Model {
    let learnt = [0, 1].map(|head| {
        let first =
            learn(&pages(examples, head), Effort { epochs: effort.epochs / 2, ..effort }, seed);
        let judge = only(head, &first, seed);
        learn(&worst(examples, head, &judge), effort, seed ^ 1)
    });
    let [user, document] = &learnt;
    let pairs = [(&*user.weights, user.bias), (&*document.weights, document.bias)];
    Model::new(seed, pairs, [Combination::NOTHING; 2])
}

/// A model that has learnt one head.
fn only(head: usize, learnt: &Learnt, seed: u64) -> Model {
    let none = vec![0.0; BUCKETS];
    let pair = |at: usize| {
        if at == head { (&*learnt.weights, learnt.bias) } else { (&*none, 0.0) }
    };
    Model::new(seed, [pair(0), pair(1)], [Combination::NOTHING; 2])
}

/// Pages of an example: its first views in whole, so many that long texts are not all that is learnt.
fn pages<'a>(examples: &[&'a Example], head: usize) -> Vec<Sample<'a>> {
    let mut samples = vec![];
    for example in examples {
        let Some((attack, weight)) = example.sides[head] else { continue };
        // Of an attack in disguise the first view may be debris; the second round finds the right one.
        let pages: Vec<&[u32]> =
            example.views.iter().flat_map(|view| view.pages(WIDTHS[2])).take(6).collect();
        let share = weight / (pages.len().max(1) as f32).sqrt();
        samples.extend(pages.into_iter().map(|pieces| Sample { pieces, attack, weight: share }));
    }
    samples
}

fn worst<'a>(examples: &[&'a Example], head: usize, judge: &Model) -> Vec<Sample<'a>> {
    let mut samples = vec![];
    for example in examples {
        let Some((attack, weight)) = example.sides[head] else { continue };
        let looks: Vec<_> = example.views.iter().map(|view| judge.look(&view.text)).collect();
        let mut seen: Vec<(usize, usize, usize)> = vec![];
        for width in (0..WIDTHS.len()).rev() {
            let best = looks.iter().map(|look| look.of(PROFILES[head])[width]).enumerate();
            let Some((view, best)) = best.max_by(|a, b| a.1.logit.total_cmp(&b.1.logit)) else {
                continue;
            };
            let place = (view, best.start, best.end);
            if best.end > best.start && !seen.contains(&place) {
                seen.push(place);
                let pieces = example.views[view].between(best.start, best.end);
                let share = if width == 2 { 1.0 } else { 0.5 };
                samples.push(Sample { pieces, attack, weight: weight * share });
            }
        }
        if !attack {
            let pages: Vec<&[u32]> =
                example.views.iter().flat_map(|view| view.pages(WIDTHS[2])).take(8).collect();
            let share = 0.7 * weight / pages.len().max(1) as f32;
            samples.extend(pages.into_iter().map(|pieces| Sample {
                pieces,
                attack,
                weight: share,
            }));
        }
    }
    samples
}
