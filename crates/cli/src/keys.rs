//! The keys of the project's providers and the secrets of its alert channels, from the environment of this process.

use std::collections::HashMap;
use std::env;
use std::fs;

use gatemark_control::senders::SECRETS;
use gatemark_core::model::{Project, Protocol, Provider};
use gatemark_provider::Secret;

/// The variable that Google's own tools read: the path of a file.
const GOOGLE: &str = "GOOGLE_APPLICATION_CREDENTIALS";
/// The variables that Amazon's own tools read.
const AMAZON: &str = "AWS_ACCESS_KEY_ID";
const AMAZON_SECRET: &str = "AWS_SECRET_ACCESS_KEY";
const AMAZON_SESSION: &str = "AWS_SESSION_TOKEN";
const AMAZON_BEARER: &str = "AWS_BEARER_TOKEN_BEDROCK";

/// The keys, as far as the environment has them, in the order in which the project names them.
pub(crate) fn all(project: &Project) -> HashMap<String, Vec<Secret>> {
    let providers = project.providers.iter();
    let keys = providers.map(|(name, provider)| (name.clone(), of(provider)));
    let channels = project.alerts.channels.values();
    let names = channels.flat_map(|channel| channel.way.variables());
    let secrets = names.map(|name| {
        let secret = variable(name).map(Secret::new);
        (format!("{SECRETS}{name}"), secret.into_iter().collect())
    });
    keys.chain(secrets).filter(|(_, keys)| !keys.is_empty()).collect()
}

fn of(provider: &Provider) -> Vec<Secret> {
    let first = provider.key_variable.iter();
    let names = first.chain(&provider.resilience.more_keys);
    names.filter_map(|name| one(provider, name)).collect()
}

fn one(provider: &Provider, name: &str) -> Option<Secret> {
    match (provider.protocol, name) {
        (Protocol::Bedrock, AMAZON) => amazons(),
        (Protocol::Vertex, GOOGLE) => file(&variable(GOOGLE)?),
        _ => variable(name).map(Secret::new),
    }
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// A bearer token goes before a pair of keys, as in Amazon's own tools.
fn amazons() -> Option<Secret> {
    if let Some(token) = variable(AMAZON_BEARER) {
        return Some(Secret::new(token));
    }
    let (id, key) = (variable(AMAZON)?, variable(AMAZON_SECRET)?);
    Some(Secret::signing(&id, &key, variable(AMAZON_SESSION).as_deref()))
}

/// What a file holds. One that cannot be read is a key that is missing, which is no error before it is needed.
fn file(path: &str) -> Option<Secret> {
    match fs::read_to_string(path.trim()) {
        Ok(text) => Some(Secret::new(text)),
        Err(error) => {
            tracing::warn!(%error, "the file that {GOOGLE} names cannot be read");
            None
        }
    }
}
