//! Channels as this process can use them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use gatemark_core::model::Project;
use gatemark_provider::Secret;
use gatemark_provider::http::Client;
use gatemark_provider::notify::Sender;

/// What the names of variables begin with among the keys of providers, whose names hold no such sign.
pub const SECRETS: &str = "env:";

/// A sender for each channel of a project.
#[derive(Clone, Default)]
pub struct Senders {
    by_name: BTreeMap<String, Arc<Sender>>,
}

impl Senders {
    /// With what `secrets` has under the names of variables.
    pub(crate) fn of(
        project: &Project,
        secrets: &HashMap<String, Vec<Secret>>,
        client: &Client,
    ) -> Self {
        let channels = project.alerts.channels.values();
        let by_name = channels.map(|channel| {
            let variables = channel.way.variables().into_iter();
            let held = variables.filter_map(|name| {
                let secret = secrets.get(&format!("{SECRETS}{name}"))?.first()?;
                Some((name.to_string(), secret.clone()))
            });
            let sender = Sender::new(channel, client, held.collect());
            (channel.name.clone(), Arc::new(sender))
        });
        Self { by_name: by_name.collect() }
    }

    /// The sender of a channel.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<Sender>> {
        self.by_name.get(name).cloned()
    }
}
