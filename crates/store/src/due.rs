//! What a controller reads and writes each second, for many rollouts at once.
//!
//! Most rollouts have a handful of new calls or none when they are looked at. A query, and a transaction that the
//! disk has to confirm, for each of ten thousand would be most of the work; so they are read by pages, with what
//! is new to all of a page, and those that only learned something are stored in one transaction. What changes
//! its state goes its own way through [`Store::save_rollout`].

use std::collections::HashMap;

use gatemark_core::rollout::{Counted, Observation, Rollout};
use gatemark_core::{EnvironmentName, PromptName, Result};

use crate::brink;
use crate::observation::{count, counted_rows, observation};
use crate::sql::{Transaction, Value, to_document, values};
use crate::store::Store;

/// Rollouts of a page.
pub const PAGE: usize = 500;
/// New observations above which a rollout is read by itself.
pub const FEW: u32 = 64;

/// A rollout with something to decide.
#[derive(Debug, Clone)]
pub struct Due {
    /// The rollout.
    pub rollout: Rollout,
    /// The deployment by which its prompt is served there now, and the version's number.
    pub serving: Option<(i64, u32)>,
    /// How many observations it has not read, counted up to [`FEW`].
    pub pending: u32,
}

impl Store {
    /// The first [`PAGE`] rollouts behind `after`, by prompt and environment, that have something to decide at
    /// `now`: new observations, a time that has come, or a pointer that something else has moved.
    pub async fn due_rollouts(
        &self,
        now: i64,
        after: Option<(&PromptName, &EnvironmentName)>,
    ) -> Result<Vec<Due>> {
        let few = FEW;
        let sql = format!(
            "SELECT r.document, q.deployment AS serving, d.number,
                 (SELECT count(*) FROM (SELECT 1 FROM observations o
                     WHERE o.split = r.id AND o.seq > r.cursor LIMIT {few}) few) AS pending
             FROM rollouts r
             LEFT JOIN pointers q ON q.prompt = r.prompt AND q.environment = r.environment
             LEFT JOIN deployments d ON d.id = q.deployment
             WHERE r.active = 1 AND (r.prompt, r.environment) > ($2, $3)
                 AND (r.due <= $1 OR q.deployment IS NULL OR q.deployment <> r.deployment
                     OR EXISTS (SELECT 1 FROM observations o WHERE o.split = r.id AND o.seq > r.cursor))
             ORDER BY r.prompt, r.environment LIMIT {PAGE}"
        );
        // No name is empty.
        let (prompt, environment) =
            after.map_or(("", ""), |(prompt, place)| (prompt.as_str(), place.as_str()));
        let rows = self.database().read(&sql, values![now, prompt, environment]).await?;
        let due = rows.iter().map(|row| {
            let serving = row.optional_integer("serving")?.zip(row.optional_number("number")?);
            let (rollout, pending) = (row.document("document")?, row.number("pending")?);
            Ok(Due { rollout, serving, pending })
        });
        due.collect()
    }

    /// What each of several rollouts has not read yet, in order, by the rollout's id. For those that have little.
    pub async fn new_observations(
        &self,
        rollouts: &[&Rollout],
    ) -> Result<HashMap<String, Vec<Observation>>> {
        let mut found: HashMap<String, Vec<Observation>> = HashMap::new();
        for part in rollouts.chunks(PAGE) {
            let sql = format!(
                "SELECT o.split, o.seq, o.epoch, o.candidate, o.arm, o.unit, o.share, o.at, o.document,
                     u.share AS earlier_share, u.candidate AS earlier_candidate
                 FROM rollouts r JOIN observations o ON o.split = r.id AND o.seq > r.cursor
                 LEFT JOIN counted_units u
                     ON u.split = o.split AND u.epoch = o.epoch AND u.unit = o.unit AND u.name = o.name
                 WHERE r.id IN ({}) ORDER BY o.seq",
                placeholders()
            );
            for row in self.database().read(&sql, ids(part.iter().copied())).await? {
                found.entry(row.text("split")?.to_string()).or_default().push(observation(&row)?);
            }
        }
        Ok(found)
    }

    /// Stores what rollouts learned that change no state, with the units that count from now on, in one
    /// transaction for a page of them. Of those that somebody else changed meanwhile nothing is stored. Returns how
    /// many were.
    pub async fn save_learned(&self, mut learned: Vec<(Rollout, Vec<Counted>)>) -> Result<usize> {
        let mut stored = 0;
        for part in learned.chunks_mut(PAGE) {
            let transaction = self.database().begin().await?;
            let current = revisions(&transaction, part).await?;
            let (mut rows, mut units) = (vec![], vec![]);
            for (rollout, counted) in part {
                if current.get(&rollout.id) != Some(&rollout.revision) {
                    continue;
                }
                rows.push(row(rollout)?);
                units.extend(counted_rows((&rollout.id, rollout.epoch), counted));
            }
            let kept = rows.len();
            let sql = "UPDATE rollouts SET revision = $3, cursor = $4, due = $5, document = $6
                       WHERE id = $1 AND revision = $2 AND active = 1";
            if transaction.execute_many(sql, rows).await? != kept {
                // Only where writers run beside each other: the next look finds it all again.
                continue;
            }
            count(&transaction, units).await?;
            brink::at("before what was learned is stored");
            transaction.commit().await?;
            brink::at("after what was learned is stored");
            stored += kept;
        }
        Ok(stored)
    }
}

async fn revisions(
    transaction: &Transaction,
    part: &[(Rollout, Vec<Counted>)],
) -> Result<HashMap<String, i64>> {
    let sql = format!("SELECT id, revision FROM rollouts WHERE id IN ({})", placeholders());
    let rows = transaction.query(&sql, ids(part.iter().map(|(rollout, _)| rollout))).await?;
    rows.iter().map(|row| Ok((row.text("id")?.to_string(), row.integer("revision")?))).collect()
}

/// The values of a rollout under its next revision.
fn row(rollout: &mut Rollout) -> Result<Vec<Value>> {
    let read = rollout.revision;
    rollout.revision += 1;
    let (id, document) = (rollout.id.as_str(), to_document(rollout)?);
    Ok(values![id, read, rollout.revision, rollout.cursor, rollout.due(), document])
}

/// As many as a page has, so that there is one text of each statement to prepare.
fn placeholders() -> String {
    (1..=PAGE).map(|place| format!("${place}")).collect::<Vec<_>>().join(", ")
}

/// Ids for all placeholders: those that are left over get no id's.
fn ids<'a>(rollouts: impl Iterator<Item = &'a Rollout>) -> Vec<Value> {
    let mut values: Vec<Value> = rollouts.map(|rollout| rollout.id.as_str().into()).collect();
    values.resize(PAGE, Value::Null);
    values
}
