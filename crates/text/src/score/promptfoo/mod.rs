//! promptfoo's own BLEU and ROUGE-1, so that a threshold that was found with them keeps its meaning.
//!
//! Recomputed from what promptfoo 0.123.1 does, and held to values that it gave
//! (`tests/references/promptfoo.jsonl`). Against sacrebleu and rouge-score, words are split otherwise, BLEU is
//! smoothed otherwise, and there is no stemming.

mod bleu;
mod rouge;
mod treebank;

pub use bleu::{Bleu, bleu};
pub use rouge::rouge_1;
