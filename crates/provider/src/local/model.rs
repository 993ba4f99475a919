//! A loaded model: texts in, vectors out, on at most as many threads as there are cores.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use gatemark_core::{Digest, Result};
use ndarray::{Array2, ArrayView2, Axis, Slice};

use super::bert::Bert;
use super::folder::Folder;
use super::recipe::{self, Pooling, Recipe};
use super::tokenizer::Tokenizer;
use super::weights::Weights;
use crate::embedding::TokenVectors;

/// Tokens that are computed together: enough for the multiplication of matrices to be efficient, few
/// enough for what lies between layers to stay in the cache.
const TOGETHER: usize = 256;

/// A sentence-transformer of the BERT family.
pub struct Model {
    recipe: Recipe,
    tokenizer: Tokenizer,
    bert: Bert,
    identity: Digest,
}

impl Model {
    /// Loads the model in a folder, laid out as sentence-transformers saves it: `config.json`,
    /// `tokenizer.json`, `model.safetensors`, and if there are any `modules.json`, the pooling's
    /// `config.json`, `sentence_bert_config.json` and `tokenizer_config.json`.
    ///
    /// # Errors
    /// `NotFound` if the folder or a file is missing; `Invalid`, naming the file and the field or tensor,
    /// if it is damaged or asks for something that this runtime cannot do.
    pub fn load(folder: &Path) -> Result<Self> {
        let mut folder = Folder::open(folder)?;
        let recipe = recipe::read(&mut folder)?;
        let tokenizer = Tokenizer::read(&mut folder, recipe.shape.words, recipe.lowercase)?;
        let name = "model.safetensors";
        let bytes = folder.weights(name)?;
        let weights = Weights::read(folder.shown(name), &bytes)?;
        let bert = Bert::read(&weights, &recipe.shape)?;
        Ok(Self { recipe, tokenizer, bert, identity: folder.identity() })
    }

    /// A digest of the model's files: with equal digests, equal texts have equal vectors.
    pub fn identity(&self) -> Digest {
        self.identity
    }

    /// The ids of a text's tokens, cut off where the model's `max_seq_length` ends.
    pub fn ids(&self, text: &str) -> Vec<u32> {
        self.tokenizer.ids(text, self.recipe.longest)
    }

    /// A vector for each text.
    pub fn embed(&self, texts: &[String]) -> Vec<Vec<f32>> {
        let ids: Vec<_> = texts.iter().map(|text| self.ids(text)).collect();
        self.each(&ids, |_, tokens| self.pooled(&tokens))
    }

    /// A vector for each token of each text, cut off only where the encoder itself ends.
    pub fn tokens(&self, texts: &[String]) -> Vec<TokenVectors> {
        let longest = self.recipe.longest_tokens;
        let ids: Vec<_> = texts.iter().map(|text| self.tokenizer.ids(text, longest)).collect();
        self.each(&ids, |ids, tokens| TokenVectors {
            vectors: tokens.rows().into_iter().map(|row| row.to_vec()).collect(),
            counts: ids.iter().map(|id| self.tokenizer.counts(*id)).collect(),
        })
    }

    /// Runs the encoder over all texts and makes something of each text's tokens.
    fn each<T: Send>(
        &self,
        ids: &[Vec<u32>],
        make: impl Fn(&[u32], ArrayView2<'_, f32>) -> T + Sync,
    ) -> Vec<T> {
        let groups = groups(ids);
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done = vec![];
            while let Some(group) = groups.get(next.fetch_add(1, Ordering::Relaxed)) {
                let texts: Vec<&[u32]> =
                    group.iter().filter_map(|rank| Some(ids.get(*rank)?.as_slice())).collect();
                let all: Array2<f32> = self.bert.forward(&texts);
                let mut start = 0;
                for (rank, text) in group.iter().zip(texts) {
                    let end = start + text.len();
                    let tokens = all.slice_axis(Axis(0), Slice::from(start..end));
                    done.push((*rank, make(text, tokens)));
                    start = end;
                }
            }
            done
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let helpers = cores.min(groups.len()).saturating_sub(1);
        let mut done = std::thread::scope(|scope| {
            let helpers: Vec<_> = (0..helpers).map(|_| scope.spawn(work)).collect();
            let mut done = work();
            for helper in helpers {
                match helper.join() {
                    Ok(more) => done.extend(more),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            done
        });
        done.sort_unstable_by_key(|(rank, _)| *rank);
        done.into_iter().map(|(_, made)| made).collect()
    }

    fn pooled(&self, tokens: &ArrayView2<'_, f32>) -> Vec<f32> {
        let mut vector = match self.recipe.pooling {
            Pooling::Mean => tokens.mean_axis(Axis(0)).unwrap_or_default(),
            Pooling::Cls => tokens.row(0).to_owned(),
            Pooling::Max => tokens.map_axis(Axis(0), |column| {
                column.iter().copied().fold(f32::NEG_INFINITY, f32::max)
            }),
        };
        if self.recipe.normalize {
            // The reference divides by no less than this.
            let length = vector.dot(&vector).sqrt().max(1e-12);
            vector /= length;
        }
        vector.to_vec()
    }
}

/// The ranks of texts that are computed together: of like length, at most [`TOGETHER`] tokens unless a
/// single text has more.
fn groups(ids: &[Vec<u32>]) -> Vec<Vec<usize>> {
    let mut ranks: Vec<usize> = (0..ids.len()).collect();
    let length = |rank: usize| ids.get(rank).map_or(0, Vec::len);
    // The longest first, so that the threads end together.
    ranks.sort_by_key(|rank| std::cmp::Reverse(length(*rank)));
    let mut groups: Vec<Vec<usize>> = vec![];
    let mut tokens = usize::MAX;
    for rank in ranks {
        let more = length(rank);
        match groups.last_mut().filter(|_| tokens.saturating_add(more) <= TOGETHER) {
            Some(group) => {
                group.push(rank);
                tokens += more;
            }
            None => {
                groups.push(vec![rank]);
                tokens = more;
            }
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_hold_every_text_once() {
        let ids: Vec<Vec<u32>> =
            [300, 2, 100, 100, 56, 1].iter().map(|length| vec![0; *length]).collect();
        assert_eq!(groups(&ids), [vec![0], vec![2, 3, 4], vec![1, 5]]);
        assert!(groups(&[]).is_empty());
    }
}
