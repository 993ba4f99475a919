//! When a call began, and its id: known before anything else about it, because the id may be what it is assigned
//! to an arm by.

use crate::clock::now_us;

pub(crate) struct Began {
    pub(crate) id: String,
    /// In microseconds since 1970.
    pub(crate) at: i64,
}

impl Began {
    pub(crate) fn now() -> Self {
        let at = now_us();
        Self { id: call_id(at), at }
    }
}

/// A call's id: UUID version 7, so that ids sort by time. Nobody is kept out by not knowing one, so its random
/// bits need no system call.
fn call_id(at: i64) -> String {
    let mut random = [0; 10];
    fastrand::fill(&mut random);
    let millis = u64::try_from(at / 1_000).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().to_string()
}
