//! `gatemark prices`: the price table, where it comes from and what changed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use gatemark_control::prices::{self, Imported};
use gatemark_control::project;
use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::id::ModelName;
use gatemark_core::model::{Model, Project};
use gatemark_core::money::NanoUsd;
use gatemark_core::price::Price;
use gatemark_gateway::clock;
use serde_json::{Value, json};

use crate::config::{self, Folders};
use crate::context::Context;
use crate::exit::Exit;
use crate::moment;
use crate::table::Table;

/// Import, show and compare the prices of models
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark prices import model_prices_and_context_window.json
  gatemark prices diff model_prices_and_context_window.json
  gatemark prices show openai/gpt-4o-2024-08-06

The file is LiteLLM's community table of prices, which you fetch yourself. What is imported is written to
the file that `prices:` in gatemark.yaml names. Prices under `models:` go first.")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Write the project's file of prices from LiteLLM's table
    Import(Source),
    /// Show what an import would change, and change nothing
    Diff(Source),
    /// Show the prices in force
    Show {
        /// Only of this model
        model: Option<ModelName>,
    },
}

#[derive(Debug, clap::Args)]
struct Source {
    /// LiteLLM's model_prices_and_context_window.json
    file: PathBuf,
    /// A provider of the project and LiteLLM's name for its vendor, where they differ
    #[arg(long = "provider", value_name = "OURS=THEIRS", value_parser = pair)]
    providers: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (ours, theirs) = text.split_once('=').ok_or("write OURS=THEIRS, e.g. eu-azure=azure")?;
    Ok((ours.to_string(), theirs.to_string()))
}

pub(crate) fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let folders = context.folders()?;
    match args.what {
        What::Import(source) => import(&source, &folders, context),
        What::Diff(source) => diff(&source, &folders, context),
        What::Show { model } => show(model, &folders, context),
    }
}

/// Where the project keeps imported prices. Read from the text of `gatemark.yaml`, because before the
/// first import the file that it names is not there.
fn place(folders: &Folders) -> Result<String> {
    let files = config::read(folders)?.files;
    project::prices_path(&files).ok_or_else(|| {
        let message =
            "gatemark.yaml does not say where prices are kept: add the line `prices: prices.json`";
        Error::invalid(message).coded("no_prices_file")
    })
}

/// The table converted, and the project with its present prices.
fn converted(
    source: &Source,
    folders: &Folders,
    context: &Context<'_>,
) -> Result<(Imported, Project)> {
    let bytes = std::fs::read(&source.file).map_err(|cause| {
        Error::invalid(format!("{} cannot be read: {cause}", source.file.display()))
    })?;
    let path = folders.project.join(place(folders)?);
    let project = if path.exists() {
        context.project(folders)?
    } else {
        // As it is without the file that is to be made.
        let config = config::read(folders)?;
        let missing = "there is no file";
        let other = config.problems.iter().any(|problem| !problem.message.starts_with(missing));
        match config.project {
            Some(project) if !other => project,
            _ => context.project(folders)?,
        }
    };
    let names: BTreeMap<String, String> = source.providers.iter().cloned().collect();
    if let Some(unknown) = names.keys().find(|name| !project.providers.contains_key(*name)) {
        let message = format!("the project has no provider `{unknown}`");
        return Err(Error::invalid(message).at("--provider"));
    }
    let name = source.file.file_name().map(|name| name.to_string_lossy().into_owned());
    let today = moment::shown(clock::now_us());
    let today = today.split(' ').next().unwrap_or_default();
    let imported = prices::import(&bytes, &project, &names, (&name.unwrap_or_default(), today))?;
    Ok((imported, project))
}

fn import(source: &Source, folders: &Folders, context: &Context<'_>) -> Result<Exit> {
    let (imported, _) = converted(source, folders, context)?;
    if imported.models == 0 {
        report(&imported, context);
        let message = "no model of the project's providers is in this table; nothing was written";
        return Err(Error::invalid(message).coded("nothing_imported"));
    }
    let named = place(folders)?;
    let text = serde_json::to_string_pretty(&imported.file)
        .map_err(|cause| Error::internal("prices cannot be written").because(cause))?;
    let (path, fresh) =
        (folders.project.join(&named), folders.project.join(format!("{named}.new")));
    // Whole or not at all: a server may read it at any time.
    let written = std::fs::write(&fresh, text + "\n").and_then(|()| std::fs::rename(&fresh, &path));
    written.map_err(|cause| {
        Error::new(Kind::Unavailable, format!("{} cannot be written: {cause}", path.display()))
    })?;
    let terminal = context.terminal;
    if terminal.json() {
        terminal.data_json(&imported)?;
        return Ok(Exit::Done);
    }
    report(&imported, context);
    terminal.note(&format!("{} models written to {named}", imported.models));
    Ok(Exit::Done)
}

fn report(imported: &Imported, context: &Context<'_>) {
    let note = |line: String| context.terminal.note(&line);
    for (why, count) in &imported.left_out {
        note(format!("not imported: {count} models: {why}"));
    }
    for (field, count) in &imported.ignored_fields {
        note(format!("not imported: field {field} of {count} models: calls are not priced by it"));
    }
    for problem in &imported.problems {
        note(format!("not imported: {problem}"));
    }
}

fn diff(source: &Source, folders: &Folders, context: &Context<'_>) -> Result<Exit> {
    let (imported, project) = converted(source, folders, context)?;
    let mut files = config::read(folders)?.files;
    let fresh = serde_json::to_vec(&imported.file)
        .map_err(|cause| Error::internal("prices cannot be written").because(cause))?;
    files.insert(place(folders)?, fresh);
    let after = project::load_config(&files).0.unwrap_or_else(|| project.clone());
    let names: BTreeSet<&ModelName> = project.models.keys().chain(after.models.keys()).collect();
    let mut changes: Vec<Value> = vec![];
    let mut table = Table::new(["MODEL", "INPUT", "OUTPUT", "PRICE", "CHANGE"]);
    for name in names {
        let (old, new) = (project.price(name), after.price(name));
        if old == new {
            continue;
        }
        let change = match (&old, &new) {
            (None, _) => "new",
            (_, None) => "gone",
            _ => "changed",
        };
        let both = |of: fn(&Price) -> NanoUsd| {
            let shown = |price: &Option<std::sync::Arc<Price>>| {
                price.as_ref().map_or_else(|| "-".to_string(), |price| of(price).to_string())
            };
            let (old, new) = (shown(&old), shown(&new));
            if old == new { old } else { format!("{old} → {new}") }
        };
        let version = |price: &Option<std::sync::Arc<Price>>| {
            price.as_ref().map(|price| price.version().to_string())
        };
        let versions = format!(
            "{} → {}",
            version(&old).unwrap_or("-".into()),
            version(&new).unwrap_or("-".into())
        );
        table.row([
            name.as_str(),
            &both(|price| price.terms().rates.input),
            &both(|price| price.terms().rates.output),
            &versions,
            change,
        ]);
        changes.push(json!({
            "model": name, "change": change,
            "before": old.as_ref().map(|price| price.terms()), "after": new.as_ref().map(|price| price.terms()),
        }));
    }
    let terminal = context.terminal;
    if terminal.json() {
        terminal.data_json(&changes)?;
    } else if changes.is_empty() {
        terminal.note("no price changes");
    } else {
        table.print(terminal);
    }
    Ok(Exit::Done)
}

fn show(wanted: Option<ModelName>, folders: &Folders, context: &Context<'_>) -> Result<Exit> {
    let project = context.project(folders)?;
    let models: Vec<&Model> = match &wanted {
        None => project.models.values().filter(|model| model.price.is_some()).collect(),
        Some(name) => project.models.get(name).into_iter().filter(|m| m.price.is_some()).collect(),
    };
    if let (Some(name), true) = (&wanted, models.is_empty()) {
        let message = format!(
            "`{name}` has no price: add one under `models` in gatemark.yaml, or import prices"
        );
        return Err(Error::not_found(message).coded("price_unknown"));
    }
    let terminal = context.terminal;
    if terminal.json() {
        let lines: Vec<Value> = models.iter().filter_map(|model| {
            let price = model.price.as_ref()?;
            Some(json!({
                "model": model.name, "version": price.version(), "nano_usd_per_million": price.terms(),
                "max_input_tokens": model.max_input, "max_output_tokens": model.max_output,
            }))
        }).collect();
        terminal.data_json(&lines)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new([
        "MODEL",
        "ABOVE",
        "INPUT",
        "CACHED",
        "CACHE WRITE",
        "OUTPUT",
        "REASONING",
        "VERSION",
    ]);
    for model in models {
        let Some(price) = &model.price else { continue };
        let terms = price.terms();
        let tiers = terms.tiers.iter().map(|tier| (tier.above.to_string(), &tier.rates));
        for (above, rates) in std::iter::once((String::new(), &terms.rates)).chain(tiers) {
            let or = |rate: Option<NanoUsd>, other: NanoUsd| rate.unwrap_or(other).to_string();
            table.row([
                model.name.as_str(),
                &above,
                &rates.input.to_string(),
                &or(rates.cached_input, rates.input),
                &or(rates.cache_write, rates.input),
                &rates.output.to_string(),
                &or(rates.reasoning, rates.output),
                price.version(),
            ]);
        }
    }
    table.print(terminal);
    terminal.note("US dollars for a million tokens");
    Ok(Exit::Done)
}
