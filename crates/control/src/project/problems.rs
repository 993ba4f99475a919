//! The list that every parser of this module adds to.

use std::sync::Arc;

use gatemark_core::diagnostic::{Diagnostic, Severity};

use super::source::Spot;

/// More than anybody reads; a hostile file must not make us build millions.
const MOST: usize = 500;

/// Diagnostics gathered so far.
#[derive(Debug, Default)]
pub(super) struct Problems {
    found: Vec<Diagnostic>,
    errors: usize,
    hidden: usize,
}

impl Problems {
    /// Adds a ready diagnostic.
    pub(super) fn add(&mut self, diagnostic: Diagnostic) {
        self.errors += usize::from(diagnostic.severity == Severity::Error);
        if self.found.len() < MOST {
            self.found.push(diagnostic);
        } else {
            self.hidden += 1;
        }
    }

    /// Adds an error.
    pub(super) fn error(&mut self, at: &Spot, message: impl Into<String>, hint: impl Into<String>) {
        self.add(Diagnostic::error(at.place(), message).hint(hint));
    }

    /// Adds an error whose hint, if any, comes from elsewhere.
    pub(super) fn relay(&mut self, at: &Spot, message: impl Into<String>, hint: Option<String>) {
        self.add(Diagnostic { hint, ..Diagnostic::error(at.place(), message) });
    }

    /// Notes that something is missing because of an error that was added before.
    pub(super) fn missing(&mut self) {
        self.errors += 1;
    }

    /// Adds a warning.
    pub(super) fn warn(&mut self, at: &Spot, message: impl Into<String>, hint: impl Into<String>) {
        self.add(Diagnostic::warning(at.place(), message).hint(hint));
    }

    /// Errors so far, and gaps because of them; two equal answers mean that nothing failed in between.
    pub(super) fn errors(&self) -> usize {
        self.errors
    }

    /// Whether there are so many errors that looking for further ones is wasted time.
    pub(super) fn is_full(&self) -> bool {
        self.errors >= MOST
    }

    /// All of it in the order of places, without repetitions (one text may serve several models).
    pub(super) fn into_sorted(mut self) -> Vec<Diagnostic> {
        let order = |d: &Diagnostic| (d.place.clone(), d.severity, d.message.clone());
        self.found.sort_by_cached_key(order);
        self.found.dedup();
        if let (Some(last), 1..) = (self.found.last(), self.hidden) {
            let message = format!("{} more problems are not shown", self.hidden);
            let severity = if self.errors > 0 { Severity::Error } else { Severity::Warning };
            let place = last.place.clone();
            self.found.push(Diagnostic { severity, place, message, hint: None });
        }
        self.found
    }
}

/// More of one file of data is one mistake made again and again, and would hide those of other files.
const MOST_OF_FILE: usize = 200;

/// The problems of one file of data: the first are told, the rest are counted.
pub(super) struct OfFile {
    file: Arc<str>,
    before: usize,
    rest: Problems,
}

impl OfFile {
    /// Begins to count the problems of `file`.
    pub(super) fn new(file: &Arc<str>, problems: &Problems) -> Self {
        Self { file: Arc::clone(file), before: problems.errors(), rest: Problems::default() }
    }

    /// Where the next problem of the file goes.
    pub(super) fn sink<'a>(&'a mut self, problems: &'a mut Problems) -> &'a mut Problems {
        let told = problems.errors().saturating_sub(self.before);
        if told < MOST_OF_FILE { problems } else { &mut self.rest }
    }

    /// Tells how many were only counted.
    pub(super) fn close(self, problems: &mut Problems) {
        let more = self.rest.found.len() + self.rest.hidden;
        if more > 0 {
            let message = format!("{more} more problems of this file are not shown");
            problems.error(&Spot::whole(&self.file), message, "mend the shown ones first");
        }
    }
}
