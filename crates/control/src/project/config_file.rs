//! `gatemark.yaml`: providers, models with prices, environments, budgets and limits.

use std::collections::BTreeMap;

use gatemark_core::guard_policy::Structure;
use gatemark_core::id::ModelName;
use gatemark_core::model::{Model, Project};

use super::files::Files;
use super::node::Node;
use super::problems::Problems;
use super::reader::{Fields, entries};
use super::source::{HAND_WRITTEN, Spot};
use super::{
    alerts, budgets, caches, document, environments, models, pricing, providers, routes, typed,
};

/// The path of the project's configuration.
pub const CONFIG: &str = "gatemark.yaml";

const STRUCTURE: [(&str, Structure); 2] =
    [("warn", Structure::Warn), ("strict", Structure::Strict)];

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
    let prices = fields.get("prices", problems);
    let path =
        prices.and_then(|node| Some((typed::words(node, "`prices`", problems)?, &node.spot)));
    let imported = path.map(|path| pricing::imported(files, path, &known, problems));
    let models = fields.get("models", problems);
    let models = models.map(|node| priced(node, &known, problems)).unwrap_or_default();
    let models = merged(imported.unwrap_or_default(), models);
    let routes = fields.get("routes", problems);
    let routes = routes.map(|node| routes::read(node, &known, problems)).unwrap_or_default();
    let server = fields.get("server", problems);
    let server = server.map(|node| routes::server(node, problems)).unwrap_or_default();
    let (environments, default_environment) = environments::read(&mut fields, problems)?;
    let node = fields.get("budgets", problems);
    let budgets = node.map(|node| budgets::budgets(node, problems)).unwrap_or_default();
    let node = fields.get("limits", problems);
    let limits = node.map(|node| budgets::limits(node, problems)).unwrap_or_default();
    let places: Vec<_> = environments.keys().collect();
    let named = caches::Known { providers: &known, environments: &places };
    let caching = caches::read(&mut fields, &named, problems);
    let node = fields.get("alerts", problems);
    let alerts = node.map(|node| alerts::read(node, problems)).unwrap_or_default();
    let structure = fields.get("structure", problems);
    let structure =
        structure.and_then(|node| typed::word(node, "`structure`", &STRUCTURE, problems));
    fields.close(problems);
    Some(Project {
        name: name.into(),
        providers,
        models,
        environments,
        routes,
        server,
        default_environment,
        budgets,
        limits,
        caching,
        alerts,
        structure: structure.unwrap_or_default(),
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
        found.insert(name.clone(), pricing::model(node, problems).into_model(name));
    }
    found
}

/// The imported models with what the configuration says in place of what was imported.
fn merged(
    mut imported: BTreeMap<ModelName, Model>,
    written: BTreeMap<ModelName, Model>,
) -> BTreeMap<ModelName, Model> {
    for (name, model) in written {
        let known = imported.remove(&name);
        let of = |pick: fn(&Model) -> Option<u64>| known.as_ref().and_then(pick);
        let merged = Model {
            max_input: model.max_input.or_else(|| of(|known| known.max_input)),
            max_output: model.max_output.or_else(|| of(|known| known.max_output)),
            price: model.price.or_else(|| known.as_ref().and_then(|known| known.price.clone())),
            ..model
        };
        imported.insert(name, merged);
    }
    imported
}
