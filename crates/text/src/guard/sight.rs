//! The views of a text, as the classifier reads them.

use std::ops::Range;

/// One way of reading a text.
pub struct Sight {
    /// What it says, folded.
    pub text: String,
    /// Whether it was written so that people do not read it.
    pub hidden: bool,
    original: String,
}

impl Sight {
    /// The code points of the text as it came that a part of the view stands for.
    pub fn span(&self, bytes: Range<usize>) -> (usize, usize) {
        let count = |end: usize| {
            self.text.get(..end).map_or(0, |before| before.chars().count())
        };
        let most = self.original.chars().count();
        (count(bytes.start).min(most), count(bytes.end).min(most))
    }
}

/// All views of a text.
pub fn sights(text: &str) -> Vec<Sight> {
    vec![Sight { text: text.to_lowercase(), hidden: false, original: text.to_string() }]
}
