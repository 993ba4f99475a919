//! Orders to stop, as all processes that share the database learn of them.
//!
//! The database is not where a stop comes into force: that is the file (`stopfile`) and the memory of whoever
//! was told. It is how others learn of it, and where it is audited.

use gatemark_core::Result;
use gatemark_core::stop::{StopKind, StopOrder};

use crate::audit::{self, Event};
use crate::counter::begin_change;
use crate::sql::{to_document, values};
use crate::store::Store;

impl Store {
    /// Writes down orders that are not here yet, each with its audit entry. Giving one twice changes nothing.
    /// How many were new.
    pub async fn keep_stop_orders(&self, orders: &[StopOrder]) -> Result<usize> {
        let transaction = begin_change(self).await?;
        let mut new = 0;
        for order in orders {
            let sql = "INSERT INTO stop_orders (id, scope, at, document) VALUES ($1, $2, $3, $4)
                       ON CONFLICT (id) DO NOTHING";
            let scope = order.scope.to_string();
            let row = values![order.id.as_str(), scope.as_str(), order.at, to_document(order)?];
            if transaction.execute(sql, row).await? == 0 {
                continue;
            }
            new += 1;
            let StopOrder { at, actor, .. } = order;
            let (action, subject) = (order.kind.word(), scope.as_str());
            let detail = described(order);
            audit::record(&transaction, Event { at: *at, actor, action, subject, detail }).await?;
        }
        if new > 0 {
            transaction.commit().await?;
        }
        Ok(new)
    }

    /// The newest orders for every scope; more than one where they are equally old.
    pub async fn stop_orders(&self) -> Result<Vec<StopOrder>> {
        let sql = "SELECT document FROM stop_orders o WHERE NOT EXISTS
                   (SELECT 1 FROM stop_orders n WHERE n.scope = o.scope AND n.at > o.at)
                   ORDER BY scope, id";
        let rows = self.database().read(sql, values![]).await?;
        rows.iter().map(|row| row.document("document")).collect()
    }
}

fn described(order: &StopOrder) -> String {
    let reason = order.reason.as_deref();
    match (order.kind, reason) {
        (StopKind::Stop, None) => format!("serves {}", order.serve.word()),
        (StopKind::Stop, Some(reason)) => format!("serves {}: {reason}", order.serve.word()),
        (StopKind::Resume, reason) => reason.unwrap_or_default().to_string(),
    }
}
