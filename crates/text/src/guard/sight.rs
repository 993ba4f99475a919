//! The views of a text, as the classifier reads them.

use std::ops::Range;

use crate::normal::{Kind, Limits, View, views};

/// One way of reading a text.
pub struct Sight(View);

impl Sight {
    /// What it says, folded.
    pub fn text(&self) -> &str {
        self.0.text()
    }

    /// Whether it undoes more than spelling.
    pub fn hidden(&self) -> bool {
        self.0.kind() != Kind::Folded
    }

    /// The code points of the text as it came that a part of the view stands for.
    pub fn span(&self, bytes: Range<usize>) -> (usize, usize) {
        self.0.span(bytes)
    }
}

/// All views of a text.
pub fn sights(text: &str) -> Vec<Sight> {
    views(text, &Limits::default()).into_iter().map(Sight).collect()
}
