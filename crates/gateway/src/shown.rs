//! What a gateway shows of itself beside the calls.

use gatemark_store::calllog::CallLog;

use crate::Gateway;
use crate::cache::CacheStats;
use crate::entrance::Load;
use crate::health::Health;
use crate::volatile::Volatile;

impl Gateway {
    /// How busy this process is.
    pub fn load(&self) -> Load {
        self.shared.entrance.load()
    }

    /// What every cache did that was used since the start.
    pub fn caches(&self) -> Vec<CacheStats> {
        self.shared.caches.stats()
    }

    /// Forgets the answers of the cache `name`, or of all; the names of those that were emptied.
    pub fn clear_caches(&self, name: Option<&str>) -> Vec<String> {
        self.shared.caches.clear(name)
    }

    /// The call log.
    pub fn log(&self) -> &CallLog {
        &self.shared.surroundings.log
    }

    pub(crate) fn health(&self) -> &Health {
        &self.shared.health
    }

    pub(crate) fn volatile(&self) -> &Volatile {
        &self.shared.surroundings.volatile
    }
}
