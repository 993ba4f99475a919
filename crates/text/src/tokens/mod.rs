//! Counting tokens, exactly as OpenAI's tiktoken does.
//!
//! Prompts are counted in one encoding for every model, `o200k_base`: other vendors' tokenisers are not
//! public, or are megabytes each; their counts differ by some percent, which the callers' safety margins
//! cover. Bounds that a version sets (`max_tokens` of a variable) thereby mean the same on every model.
//! `cl100k_base` is there for those who compare with older figures.
//!
//! A text is cut into pieces, about words, by its characters' classes (`split_o200k`, `split_cl100k`); each
//! piece is a token as it stands (`table`, `vocabulary`) or is merged from its bytes (`merge`). Both are
//! written here rather than taken from a crate because callers choose the texts: the published patterns need
//! an engine that goes back, whose time nobody can bound, and the crates with a bound carry tables of 30 MB.
//! `crates/cli/tests/it/tokens.rs` compares with tiktoken itself.

mod characters;
mod classes;
mod encoding;
mod merge;
mod merge_short;
mod queue;
mod space;
mod split_cl100k;
mod split_o200k;
mod table;
mod vocabulary;

#[cfg(test)]
mod tests;

pub use encoding::Encoding;

/// Tokens of `text` in `o200k_base`. Special tokens such as `<|endoftext|>` count as the text they are.
///
/// Takes time in proportion to the text. The first call unpacks the vocabulary, which takes
/// about 20 ms.
pub fn count(text: &str) -> usize {
    Encoding::O200k.count(text)
}

/// Tokens of `text` in `o200k_base`, or `None` when there are more than `limit`; stops soon after passing it.
pub fn count_up_to(text: &str, limit: usize) -> Option<usize> {
    Encoding::O200k.count_up_to(text, limit)
}
