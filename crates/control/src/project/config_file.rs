//! `gatemark.yaml`: providers, models with prices, environments.

use std::collections::BTreeMap;

use gatemark_core::id::ModelName;
use gatemark_core::model::{Model, Price, Project};

use super::files::Files;
use super::node::Node;
use super::problems::Problems;
use super::reader::{Fields, entries};
use super::source::{HAND_WRITTEN, Spot};
use super::{document, environments, models, providers, routes, typed};

/// The path of the project's configuration.
pub(super) const CONFIG: &str = "gatemark.yaml";

/// Reads the configuration. Parts with mistakes are reported and stand in the project with defaults, so
/// that prompts can be checked against it in the same go.
pub(super) fn read(files: &Files, problems: &mut Problems) -> Option<Project> {
    if !files.contains(CONFIG) {
        let close = files.iter().map(|(path, _)| path);
        let close = close.filter(|path| is_misspelt(path)).last();
        let hint = match close {
            Some(path) => format!("rename {path} to {CONFIG}"),
            None => "create it with `gatemark init`".into(),
        };
        problems.error(&Spot::whole(CONFIG), "the project has no configuration", hint);
        return None;
    }
    let node = document::open(files, CONFIG, HAND_WRITTEN, problems)?;
    let mut fields = Fields::open(&node, "gatemark.yaml", problems)?;
    let name = fields.required("name", problems);
    let name = name.and_then(|node| typed::words(node, "`name`", problems)).unwrap_or_default();
    let node = fields.required("providers", problems);
    let providers = node.map(|node| providers::read(node, problems)).unwrap_or_default();
    let known: Vec<&str> = providers.keys().map(String::as_str).collect();
    let models = fields.get("models", problems);
    let models = models.map(|node| priced(node, &known, problems)).unwrap_or_default();
    let routes = fields.get("routes", problems);
    let routes = routes.map(|node| routes::read(node, &known, problems)).unwrap_or_default();
    let server = fields.get("server", problems);
    let server = server.map(|node| routes::server(node, problems)).unwrap_or_default();
    let (environments, default_environment) = environments::read(&mut fields, problems)?;
    fields.close(problems);
    Some(Project {
        name: name.into(),
        providers,
        models,
        environments,
        routes,
        server,
        default_environment,
    })
}

fn is_misspelt(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    matches!(path.as_str(), "gatemark.yaml" | "gatemark.yml" | "gatemark.json" | "gatemark.toml")
}

fn priced(node: &Node, providers: &[&str], problems: &mut Problems) -> BTreeMap<ModelName, Model> {
    let mut found = BTreeMap::new();
    for (key, node) in entries(node, "`models`", problems).unwrap_or_default() {
        let name = match key.name.parse::<ModelName>() {
            Ok(name) => name,
            Err(error) => {
                let hint = "name the provider, a slash, and the vendor's own id";
                problems.error(&key.spot, error.to_string(), hint);
                continue;
            }
        };
        models::known_provider(providers.iter().copied(), &name, &key.spot, problems);
        let (price, pinned) = model(node, problems);
        found.insert(name.clone(), Model { name, price, pinned });
    }
    found
}

fn model(node: &Node, problems: &mut Problems) -> (Option<Price>, bool) {
    let Some(mut fields) = Fields::open(node, "a model", problems) else { return (None, false) };
    let mut dollars = |name, what| {
        let node = fields.get(name, problems)?;
        // A bad amount is reported; zero keeps the model priced, so that this causes no further report.
        Some(typed::money(node, what, problems).unwrap_or_default())
    };
    let input = dollars("input_usd_per_million", "`input_usd_per_million`");
    let output = dollars("output_usd_per_million", "`output_usd_per_million`");
    let cached_input = dollars("cached_input_usd_per_million", "`cached_input_usd_per_million`");
    let cache_write = dollars("cache_write_usd_per_million", "`cache_write_usd_per_million`");
    let pinned = fields.get("pinned", problems);
    let pinned = pinned.and_then(|node| typed::boolean(node, "`pinned`", problems));
    fields.close(problems);
    let any = input.or(output).or(cached_input).or(cache_write);
    let price =
        input.zip(output).map(|(input, output)| Price { input, cached_input, cache_write, output });
    if price.is_none() && any.is_some() {
        let message = "a price needs both `input_usd_per_million` and `output_usd_per_million`";
        problems.error(&node.spot, message, "add the missing one");
    }
    (price, pinned.unwrap_or_default())
}
