//! What monitors saw at their last look.

use std::collections::BTreeMap;

use gatemark_core::Result;
use gatemark_core::signal::Signal;

use crate::sql::{to_document, values};
use crate::store::Store;

impl Store {
    /// What was seen at the last look, by key.
    pub async fn signals(&self) -> Result<Vec<Signal>> {
        let rows =
            self.database().read("SELECT document FROM signals ORDER BY key", vec![]).await?;
        rows.iter().map(|row| row.document("document")).collect()
    }

    /// Puts what is seen now in the place of what was seen before under keys that begin with `keys`. A state that goes on keeps the moment at which
    /// it began, which the signals given get too; what is not looked at any more is forgotten.
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
            if let Some(known) = known.as_ref().filter(|known| known.state == signal.state) {
                signal.since = known.since;
            }
            if known.as_ref() != Some(signal) {
                changed.push(values![signal.key.as_str(), to_document(signal)?]);
            }
        }
        let gone: Vec<_> = before.into_keys().map(|key| values![key]).collect();
        if changed.is_empty() && gone.is_empty() {
            return Ok(());
        }
        let sql = "INSERT INTO signals (key, document) VALUES ($1, $2)
                   ON CONFLICT (key) DO UPDATE SET document = excluded.document";
        transaction.execute_many(sql, changed).await?;
        transaction.execute_many("DELETE FROM signals WHERE key = $1", gone).await?;
        transaction.commit().await
    }
}
