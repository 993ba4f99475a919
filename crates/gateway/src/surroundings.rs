//! What a record needs to know of the call that it is about, and what all calls share.

use std::collections::BTreeMap;
use std::sync::Arc;

use gatemark_core::call::CallPurpose;
use gatemark_store::calllog::CallLog;

use crate::began::Began;
use crate::converse::Conversations;
use crate::entrance::Place;
use crate::meter::Meter;
use crate::volatile::Volatile;

/// What all calls share.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) log: CallLog,
    pub(crate) meter: Arc<dyn Meter>,
    pub(crate) volatile: Arc<Volatile>,
    pub(crate) conversations: Arc<Conversations>,
    /// What nobody outside knows, for marks that set untrusted texts apart.
    pub(crate) secret: Arc<[u8; 32]>,
}

/// Who calls, why and how.
pub(crate) struct Circumstances<'a> {
    pub(crate) began: Began,
    pub(crate) caller: &'a str,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) purpose: CallPurpose,
    pub(crate) stream: bool,
    /// Its place among the calls under way, held until its answer is complete.
    pub(crate) place: Option<Place>,
}
