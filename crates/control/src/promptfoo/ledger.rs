//! What could not be imported, and what means something else here: counted by kind, never dropped.

use std::collections::BTreeMap;

use serde::Serialize;

use super::node::Place;

/// Most places that are kept of one kind.
const PLACES: usize = 20;

/// One kind of thing that needs the reader's attention.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// What it is, e.g. `assertion python`.
    pub kind: String,
    /// What it means and what to do.
    pub advice: String,
    /// How often it occurs.
    pub count: u64,
    /// Where, at most the first twenty.
    pub places: Vec<Place>,
}

/// Collects remarks.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    left_out: BTreeMap<(String, String), (u64, Vec<Place>)>,
    notes: BTreeMap<(String, String), (u64, Vec<Place>)>,
}

impl Ledger {
    /// Something that is not in the imported project.
    pub(super) fn leave(
        &mut self,
        kind: impl Into<String>,
        place: &Place,
        advice: impl Into<String>,
    ) {
        count(&mut self.left_out, kind.into(), place, advice.into());
    }

    /// Something that is imported and not quite the same.
    pub(super) fn note(
        &mut self,
        kind: impl Into<String>,
        place: &Place,
        advice: impl Into<String>,
    ) {
        count(&mut self.notes, kind.into(), place, advice.into());
    }

    /// What was left out, and the notes.
    pub(super) fn finish(self) -> (Vec<Remark>, Vec<Remark>) {
        let remarks = |found: BTreeMap<(String, String), (u64, Vec<Place>)>| {
            let remark = |((kind, advice), (count, places))| Remark { kind, advice, count, places };
            found.into_iter().map(remark).collect()
        };
        (remarks(self.left_out), remarks(self.notes))
    }
}

type Found = BTreeMap<(String, String), (u64, Vec<Place>)>;

fn count(found: &mut Found, kind: String, place: &Place, advice: String) {
    let (count, places) = found.entry((kind, advice)).or_default();
    *count += 1;
    if places.len() < PLACES && !places.contains(place) {
        places.push(place.clone());
    }
}
