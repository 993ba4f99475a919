//! The configuration in force, and where a newer one comes from.
//!
//! `gatemark.yaml` is the only part of a server's knowledge that does not come from the registry. It is
//! held whole: the project, the connections that belong to it, and the keys that were not there. Nothing
//! ever sees the project of one file with the connections of another.

use std::collections::HashMap;
use std::sync::Arc;

use gatemark_core::error::Result;
use gatemark_core::model::{Project, Provider};
use gatemark_provider::{Secret, Vendor};

use crate::connect::{self, Connections, Connector};
use crate::project::Files;
use crate::senders::Senders;

/// What tells cheaply that a file may have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Its length, in bytes.
    pub length: u64,
    /// When it was last written, in microseconds since 1970.
    pub written: i64,
    /// Which file it is: replacing a file gives another.
    pub inode: u64,
}

/// Where a configuration is read from.
pub trait Source: Send + Sync {
    /// The stamp of the file at `path`, relative to the project; `None` if there is no such file.
    fn stamp(&self, path: &str) -> Option<Stamp>;

    /// `gatemark.yaml` and the files that it names, as far as they can be read.
    fn files(&self) -> Files;

    /// The project as this process uses it, and the keys that its environment had when it started.
    fn equipped(&self, project: Project) -> (Project, HashMap<String, Vec<Secret>>);
}

/// A configuration with what belongs to it.
#[derive(Clone)]
pub(crate) struct InForce {
    pub(crate) project: Arc<Project>,
    pub(crate) vendors: Arc<Connections>,
    /// Providers whose key is not there, with the variable that should hold it.
    pub(crate) keys_missing: Arc<HashMap<String, String>>,
    /// Who is told of alerts.
    pub(crate) senders: Arc<Senders>,
}

impl InForce {
    /// Connects to the providers of `project`; connections of `before` to providers that have not changed
    /// are kept, with what they have loaded.
    pub(crate) fn build(
        project: Project,
        secrets: HashMap<String, Vec<Secret>>,
        connector: &Connector,
        before: Option<&Self>,
    ) -> Result<Self> {
        let keys_missing = connect::keys_missing(&project, &secrets);
        let kept = |provider: &Provider| {
            before.map(|before| before.connections(provider)).unwrap_or_default()
        };
        let senders = connector.senders(&project, &secrets);
        let vendors = connector.all(&project, secrets, kept)?;
        Ok(Self {
            project: Arc::new(project),
            vendors: Arc::new(vendors),
            keys_missing: Arc::new(keys_missing),
            senders: Arc::new(senders),
        })
    }

    /// Those to `provider`, if it has not changed.
    fn connections(&self, provider: &Provider) -> Vec<Arc<dyn Vendor>> {
        match self.project.providers.get(&provider.name) {
            Some(known) if known == provider => self.vendors.of(&provider.name),
            _ => vec![],
        }
    }
}
