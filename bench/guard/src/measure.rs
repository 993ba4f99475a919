//! Scores of rows by models that have not seen them, in three ways of not having seen.

use std::collections::BTreeSet;

use gatemark_core::guard::Profile;
use gatemark_text::guard::{Guard, Signals};

use crate::Result;
use crate::combine::Point;
use crate::examples::Example;
use crate::grammar::hash;
use crate::learn::Effort;
use crate::rows::Row;
use crate::train::train;

/// What is held back together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Apart {
    /// A fifth of the rows, by their ids: other rows of the same sources.
    Rows,
    /// A source: other sources.
    Source,
    /// A family of attacks, with all that is known of it; harmless rows are those of `Rows`.
    Family,
}

/// The signals of each row, for both profiles.
pub(crate) type Seen = [Vec<Signals>; 2];

pub(crate) const PROFILES: [Profile; 2] = [Profile::User, Profile::Document];

/// The group that a row is held back with.
pub(crate) fn group(row: &Row, apart: Apart) -> String {
    match apart {
        // By work where rows are known to repeat each other in another language.
        Apart::Rows => (hash(&row.id) % 5).to_string(),
        Apart::Source => row.work().to_string(),
        Apart::Family if row.attack() => row.family(),
        Apart::Family => format!("fold {}", hash(&row.id) % 2),
    }
}

/// Trains one model for each group and asks it about the group's rows.
pub(crate) fn unseen(
    rows: &[Row],
    examples: &[Example],
    apart: Apart,
    effort: Effort,
    seed: u64,
) -> Result<Seen> {
    let groups: Vec<String> = rows.iter().map(|row| group(row, apart)).collect();
    let names: BTreeSet<&String> = groups.iter().collect();
    let mut seen = [vec![Signals::NONE; rows.len()], vec![Signals::NONE; rows.len()]];
    // Rows that no model learns from are the same to all of them: the first model asked will do.
    for (number, name) in names.iter().enumerate() {
        let known: Vec<&Example> = examples
            .iter()
            .filter(|example| example.parents.iter().all(|parent| groups[*parent] != **name))
            .collect();
        eprintln!(
            "{}/{} {name}: {} of {} examples",
            number + 1,
            names.len(),
            known.len(),
            examples.len()
        );
        let guard = Guard::of(train(&known, effort, seed))?;
        for (at, row) in rows.iter().enumerate().filter(|(at, _)| groups[*at] == **name) {
            for (signals, profile) in seen.iter_mut().zip(PROFILES) {
                signals[at] = guard.look(&row.text, &Guard::settings(profile)).0;
            }
        }
    }
    Ok(seen)
}

/// Points for a profile's combination. What is asked of documents says nothing of what people write, so
/// that the document profile is fitted to documents alone.
pub(crate) fn points(rows: &[Row], signals: &[Signals], profile: Profile) -> Vec<Point> {
    let mut sizes = std::collections::BTreeMap::<(&str, bool), f64>::new();
    for row in rows {
        *sizes.entry((row.source.as_str(), row.attack())).or_default() += 1.0;
    }
    let counted = rows.iter().zip(signals).filter_map(|(row, signals)| {
        let size = sizes.get(&(row.source.as_str(), row.attack())).copied().unwrap_or(1.0);
        let share = match profile {
            Profile::User if row.source == "bipia_indirect" => 0.3,
            Profile::User => 1.0,
            Profile::Document if row.document() => 1.0,
            Profile::Document if row.attack() => 0.3,
            Profile::Document => return None,
        };
        Some(Point {
            signals: *signals,
            attack: row.attack(),
            weight: share * (100.0 / size).sqrt(),
        })
    });
    counted.collect()
}
