//! How alike two texts are, in the numbers that people already know.
//!
//! A threshold means something only if everybody's BLEU is the same BLEU. So each score here equals a named
//! package on the same input, to 1e-6, and the black-box tests run that package: sacrebleu for [`bleu`] and
//! [`chrf`], Google's rouge-score (with NLTK's stemmer, [`porter`]) for [`rouge`]. [`promptfoo`] holds that
//! tool's own BLEU and ROUGE-1, which give other numbers under the same names.
//!
//! All functions are pure. Scores lie between 0 and 1, and larger is more alike. Work is bounded before it
//! begins: [`LARGEST`] bytes for one comparison, and [`MOST_CELLS`] cells where time grows with the product
//! of two lengths; what is larger is refused, never cut, because a score of a part would pass for a score of
//! the whole.
//!
//! Modules form one line: `scratch` (whose buffers are `alphabet`, `intern`, `grams`, `masks`, `places`, `runs`, `words`) ← `lcs`, `mteval`,
//! `porter` ← the scores.

mod alphabet;
pub mod bleu;
pub mod chrf;
mod grams;
mod intern;
mod lcs;
pub mod levenshtein;
mod masks;
mod mteval;
mod places;
pub mod porter;
pub mod promptfoo;
pub mod rouge;
mod runs;
mod scratch;
mod space;
mod words;

/// Most bytes of one answer and its references together: 8 MiB. Scores that count n-grams take time and
/// memory in proportion (a few seconds and some 300 MB at the bound, much less for ordinary text).
pub const LARGEST: usize = 8 << 20;

/// Most cells of a table of two sequences, 10^11. It is walked 64 cells at a time, so the bound is some
/// seconds of work; 316,000 by 316,000 characters reach it. Memory grows with the sum of the lengths only.
pub const MOST_CELLS: u64 = 100_000_000_000;

/// The texts are larger than what is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TooLarge {
    /// The answer and its references have more than [`LARGEST`] bytes together.
    Bytes(usize),
    /// The product of the two lengths is more than [`MOST_CELLS`].
    Cells(u64),
}

impl std::fmt::Display for TooLarge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bytes(found) => write!(
                f,
                "the answer and its references have {found} bytes together, and at most {LARGEST} are \
                 compared: compare parts of them"
            ),
            Self::Cells(found) => write!(
                f,
                "the lengths of the answer and a reference multiply to {found}, and at most {MOST_CELLS} \
                 is compared: use `bleu` or `chrf`, whose time grows with the length only, or compare parts"
            ),
        }
    }
}

impl std::error::Error for TooLarge {}

/// Refuses texts over [`LARGEST`].
fn bounded<S: AsRef<str>>(actual: &str, references: &[S]) -> Result<(), TooLarge> {
    let lengths = references.iter().map(|reference| reference.as_ref().len());
    let bytes = lengths.fold(actual.len(), usize::saturating_add);
    if bytes > LARGEST { Err(TooLarge::Bytes(bytes)) } else { Ok(()) }
}

/// Refuses tables over [`MOST_CELLS`].
fn bounded_table(rows: usize, columns: usize) -> Result<(), TooLarge> {
    let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    let cells = count(rows).saturating_mul(count(columns));
    if cells > MOST_CELLS { Err(TooLarge::Cells(cells)) } else { Ok(()) }
}

/// `part / whole`, 0 if the whole is 0.
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
