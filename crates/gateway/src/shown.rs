//! What a gateway shows of itself beside the calls.

use crate::Gateway;
use crate::cache::CacheStats;
use crate::entrance::Load;

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
}
