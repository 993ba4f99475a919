//! What monitors saw at their last look.

use std::collections::BTreeMap;

use gatemark_core::Result;
use gatemark_core::signal::Signal;

use crate::sql::{Transaction, Value, to_document, values};
use crate::store::Store;

impl Store {
    /// What was seen at the last look, by key.
    pub async fn signals(&self) -> Result<Vec<Signal>> {
        let rows =
            self.database().read("SELECT document FROM signals ORDER BY key", vec![]).await?;
        rows.iter().map(|row| row.document("document")).collect()
    }

    /// A number that grows with every change of what [`Store::signals`] gives. Reads one row, so it may be asked
    /// each second.
    pub async fn signals_revision(&self) -> Result<i64> {
        let sql = "SELECT value FROM counters WHERE name = 'signals'";
        let row = self.database().read_one(sql, vec![]).await?;
        row.map_or(Ok(0), |row| row.integer("value"))
    }

    /// Puts what is seen now in the place of what was seen before under keys that begin with `keys`. A state that goes
    /// on keeps the moment at which it began, which the signals given get too; what is not looked at any more is
    /// forgotten.
    pub async fn save_signals(&self, keys: &str, signals: &mut [Signal]) -> Result<()> {
        let transaction = self.database().begin().await?;
        let rows = transaction.query("SELECT document FROM signals", vec![]).await?;
        let mut before: BTreeMap<String, Signal> = BTreeMap::new();
        for row in &rows {
            let signal: Signal = row.document("document")?;
            if signal.key.starts_with(keys) {
                before.insert(signal.key.clone(), signal);
            }
        }
        let mut changed = vec![];
        for signal in signals {
            let known = before.remove(&signal.key);
            changed.extend(told_on(known.as_ref(), signal)?);
        }
        let gone: Vec<_> = before.into_keys().map(|key| values![key]).collect();
        if changed.is_empty() && gone.is_empty() {
            return Ok(());
        }
        write(&transaction, changed).await?;
        transaction.execute_many("DELETE FROM signals WHERE key = $1", gone).await?;
        transaction.commit().await
    }

    /// The same for one signal: those under other keys are left alone.
    pub async fn save_signal(&self, signal: &mut Signal) -> Result<()> {
        let transaction = self.database().begin().await?;
        let sql = "SELECT document FROM signals WHERE key = $1";
        let row = transaction.query_one(sql, values![signal.key.as_str()]).await?;
        let known: Option<Signal> = row.map(|row| row.document("document")).transpose()?;
        let Some(row) = told_on(known.as_ref(), signal)? else { return Ok(()) };
        write(&transaction, vec![row]).await?;
        transaction.commit().await
    }
}

/// The row of a signal that says something new; it goes on since when the one before did, if its state does.
fn told_on(known: Option<&Signal>, signal: &mut Signal) -> Result<Option<Vec<Value>>> {
    if let Some(known) = known.filter(|known| known.state == signal.state) {
        signal.since = known.since;
    }
    if known == Some(signal) {
        return Ok(None);
    }
    Ok(Some(values![signal.key.as_str(), to_document(signal)?]))
}

async fn write(transaction: &Transaction, rows: Vec<Vec<Value>>) -> Result<()> {
    let sql = "INSERT INTO signals (key, document) VALUES ($1, $2)
               ON CONFLICT (key) DO UPDATE SET document = excluded.document";
    transaction.execute_many(sql, rows).await?;
    let sql = "INSERT INTO counters (name, value) VALUES ('signals', 1)
               ON CONFLICT (name) DO UPDATE SET value = counters.value + 1";
    transaction.execute(sql, vec![]).await?;
    Ok(())
}
