//! What calls showed to rollouts and experiments is forgotten once nobody needs it: a row of each call would fill any
//! disk.
//!
//! A rollout has in its document what it learned; an experiment has its report. Of a rollout that goes on calls are
//! forgotten that it has read and judgements are not, since a second judgement on a call is told from the first by the
//! row that is there. Rows go in small transactions, so that calls are stored meanwhile.

use gatemark_core::Result;

use crate::sql::{Value, values};
use crate::store::Store;

/// How old what was seen gets at least, in microseconds.
const KEPT: i64 = 24 * 3_600 * 1_000_000;
/// Rows that go in one transaction.
const AT_ONCE: usize = 2_000;

/// A split with rows that may go.
struct Split {
    id: String,
    /// Whether it is over.
    over: bool,
    /// The last observation that was read.
    cursor: i64,
}

impl Store {
    /// Forgets what nobody needs any more at `now`, in microseconds since 1970. Returns how many rows.
    pub async fn forget_observations(&self, now: i64) -> Result<usize> {
        let before = now.saturating_sub(KEPT);
        let mut gone = 0;
        for split in self.splits_with_rows().await? {
            let Split { id, over, cursor } = split;
            let which = if over { "" } else { "AND seq <= $3 AND name = 'call'" };
            let sql = format!(
                "DELETE FROM observations WHERE seq IN (SELECT seq FROM observations
                     WHERE split = $1 AND at < $2 {which} ORDER BY seq LIMIT {AT_ONCE})"
            );
            let mut values = values![id.as_str(), before];
            if !over {
                values.push(cursor.into());
            }
            gone += self.in_parts(&sql, &values).await?;
            if over {
                let sql = format!(
                    "DELETE FROM counted_units WHERE (split, epoch, unit, name) IN
                         (SELECT split, epoch, unit, name FROM counted_units WHERE split = $1 LIMIT {AT_ONCE})"
                );
                gone += self.in_parts(&sql, &[id.as_str().into()]).await?;
            }
        }
        Ok(gone)
    }

    async fn splits_with_rows(&self) -> Result<Vec<Split>> {
        let sql = "SELECT r.id, 1 - r.active AS done, r.cursor FROM rollouts r
                   WHERE EXISTS (SELECT 1 FROM observations o WHERE o.split = r.id)
                       OR (r.active = 0 AND EXISTS (SELECT 1 FROM counted_units u WHERE u.split = r.id))
                   UNION ALL
                   SELECT e.id, 1 AS done, e.cursor FROM experiments e
                   WHERE e.report IS NOT NULL
                       AND (EXISTS (SELECT 1 FROM observations o WHERE o.split = e.id)
                           OR EXISTS (SELECT 1 FROM counted_units u WHERE u.split = e.id))";
        let rows = self.database().read(sql, values![]).await?;
        let split = |row: &crate::sql::Row| {
            let (over, cursor) = (row.integer("done")? != 0, row.integer("cursor")?);
            Ok(Split { id: row.text("id")?.to_string(), over, cursor })
        };
        rows.iter().map(split).collect()
    }

    /// Runs a statement that changes up to [`AT_ONCE`] rows until it changes fewer.
    async fn in_parts(&self, sql: &str, values: &[Value]) -> Result<usize> {
        let mut all = 0;
        loop {
            let transaction = self.database().begin().await?;
            let changed = transaction.execute(sql, values.to_vec()).await?;
            transaction.commit().await?;
            all += changed;
            if changed < AT_ONCE {
                return Ok(all);
            }
        }
    }
}
