//! Counting tokens.
//!
//! One encoding for every model: OpenAI's `o200k_base`. Other vendors' tokenisers are not public, or are
//! megabytes each; their counts differ by some percent, which the callers' safety margins cover. Bounds
//! that a version sets (`max_tokens` of a variable) thereby mean the same on every model.

/// Tokens of `text` in `o200k_base`. Special tokens such as `<|endoftext|>` count as the text they are.
///
/// Takes time in proportion to the text. The first call loads the dictionary, which takes
/// about 60 ms.
pub fn count(text: &str) -> usize {
    bpe_openai::o200k_base().count(text)
}

/// Tokens of `text`, or `None` when there are more than `limit`; stops soon after passing it.
pub fn count_up_to(text: &str, limit: usize) -> Option<usize> {
    let encoding = bpe_openai::o200k_base();
    encoding.count_till_limit(&encoding.normalize(text), limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Small texts whose counts are plain to see; `bpe-openai` tests the encoding itself.
    #[test]
    fn known_counts() {
        assert_eq!(count(""), 0);
        assert_eq!(count("hello world"), 2);
        assert_eq!(count("tiktoken is great!"), 6);
    }

    #[test]
    fn the_limit_itself_is_allowed() {
        assert_eq!(count_up_to("hello world", 2), Some(2));
        assert_eq!(count_up_to("hello world", 1), None);
        assert_eq!(count_up_to("", 0), Some(0));
    }

    proptest! {
        #[test]
        fn counting_up_to_a_limit_agrees_with_counting(text in "\\PC{0,200}", limit in 0usize..80) {
            let all = count(&text);
            prop_assert_eq!(count_up_to(&text, limit), (all <= limit).then_some(all));
        }
    }
}
