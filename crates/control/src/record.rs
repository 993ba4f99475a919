//! Looking at recorded calls.

use gatemark_core::call::CallRecord;
use gatemark_core::error::Result;
use gatemark_store::call::{CallFilter, CallTotals};
use gatemark_store::calllog::{self, Shipped};

use crate::Control;

impl Control {
    /// Recorded calls, newest first, those still in the call log included.
    pub async fn calls(&self, filter: &CallFilter) -> Result<Vec<CallRecord>> {
        self.ship_if_possible().await;
        self.store.calls(filter).await
    }

    /// Sums over recorded calls.
    pub async fn call_totals(&self, filter: &CallFilter) -> Result<CallTotals> {
        self.ship_if_possible().await;
        self.store.call_totals(filter).await
    }

    /// A log that cannot be shipped must not hide what is stored already.
    pub(crate) async fn ship_if_possible(&self) {
        if let Err(error) = self.ship().await {
            tracing::warn!(%error, "the newest calls are not in the store yet");
        }
    }

    /// Moves what the call log holds into the store.
    pub async fn ship(&self) -> Result<Shipped> {
        calllog::ship(self.gateway.log(), &self.store).await
    }
}
