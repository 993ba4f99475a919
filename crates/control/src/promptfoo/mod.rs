//! promptfoo's configurations as a project of ours.
//!
//! What cannot be imported with the same meaning is left out and listed with its place; nothing is ignored
//! and nothing is approximated in silence, for an imported suite that checks less than it seems to is worse
//! than none. A case of which no check is left is therefore left out itself: there it would pass.
//!
//! A configuration may come from a stranger: files outside of its folder are not read, and no program that
//! it names is run. (Results go the other way in `render::promptfoo`.)
//!
//! Modules, each using only those before it: `node`, `ledger`, `folder`, `fill`, `pattern` ← `written` ←
//! `graded` ← `assertion`; `table` ← `case` ← `expand`; `prompts` ← `names` ← `cases`, `output`; `providers`.

mod assertion;
mod case;
mod cases;
mod expand;
mod fill;
mod folder;
mod graded;
mod ledger;
mod names;
mod node;
mod output;
mod pattern;
mod prompts;
mod providers;
mod table;
#[cfg(test)]
mod tests;
mod written;

use std::collections::{BTreeMap, BTreeSet};

use gatemark_core::diagnostic::Severity;
use gatemark_core::error::{Error, Result};
use gatemark_core::id::{ModelName, PromptName};
use serde::Serialize;

pub use folder::{Folder, MOST_BYTES};
pub use ledger::Remark;
pub use node::Place;

use crate::project;
use case::Test;
use cases::Cases;
use ledger::Ledger;
use node::{Data, Node};

/// What is wanted of an import.
#[derive(Debug, Clone)]
pub struct Asked<'a> {
    /// The configuration's file name in its folder.
    pub config: &'a str,
    /// What the first prompt is to be called; others get a number. By default a name is made from the
    /// description.
    pub name: Option<PromptName>,
    /// Our models by providers' labels or ids; `similar` names the embedding model.
    pub models: BTreeMap<String, ModelName>,
}

/// What an import gives.
#[derive(Debug, Serialize)]
pub struct Import {
    /// Texts by their paths in the project, without `gatemark.yaml`.
    #[serde(skip)]
    pub files: BTreeMap<String, String>,
    /// `gatemark.yaml`, for a project that has none.
    #[serde(skip)]
    pub config: String,
    /// The prompts.
    pub prompts: Vec<Imported>,
    /// Judges that checks name.
    pub judges: BTreeSet<String>,
    /// What is not in the project.
    pub left_out: Vec<Remark>,
    /// What is, and means something else.
    pub notes: Vec<Remark>,
}

/// One imported prompt.
#[derive(Debug, Serialize)]
pub struct Imported {
    /// `service/name`.
    pub name: String,
    /// How many cases it has.
    pub cases: usize,
}

/// Top-level keys that are read, and those that say nothing about what is tested.
const KNOWN: [&str; 18] = [
    "description",
    "prompts",
    "providers",
    "targets",
    "tests",
    "defaultTest",
    "evaluateOptions",
    "assertionTemplates",
    "$schema",
    "outputPath",
    "sharing",
    "writeLatestResults",
    "tags",
    "metadata",
    "commandLineOptions",
    "env",
    "version",
    "author",
];

/// Imports a configuration.
///
/// # Errors
/// It cannot be read, has no prompt that could be imported, or none of its providers has a model here.
pub fn import(asked: &Asked<'_>, folder: &dyn Folder) -> Result<Import> {
    let unreadable = |why| Error::invalid(format!("{}: {why}", asked.config));
    let nodes = folder::nodes(folder, asked.config).map_err(unreadable)?;
    let root = nodes.into_iter().next().filter(|node| matches!(node.data, Data::Map(_)));
    let root = root.ok_or_else(|| unreadable("this is no promptfoo configuration".into()))?;
    let mut ledger = Ledger::default();
    unknown(&root, &mut ledger);
    let found = root.get("prompts").map(|node| prompts::all(node, folder, &mut ledger));
    let found = found.unwrap_or_default();
    let providers = root.get("providers").or_else(|| root.get("targets"));
    let models = providers.map(|node| providers::all(node, &asked.models, &mut ledger));
    let models = models.unwrap_or_default();
    if found.is_empty() || models.entries.is_empty() {
        return Err(nothing(asked, found.is_empty(), ledger));
    }
    let tests = tests(&root, folder, &mut ledger);
    let mut import = Import {
        files: BTreeMap::new(),
        config: config(&root, &models),
        prompts: vec![],
        judges: BTreeSet::new(),
        left_out: vec![],
        notes: vec![],
    };
    let names =
        names::of(asked.name.as_ref(), root.get("description").and_then(Node::text), &found);
    let templates = root.get("assertionTemplates");
    let mut cases = Cases { folder, templates, models: &asked.models, ledger: &mut ledger };
    for (prompt, name) in found.iter().zip(&names) {
        let prompt = cases::with_affixes(prompt, &tests);
        let cases = cases.of(&prompt, &tests);
        let ready = output::Ready {
            name,
            prompt: &prompt,
            cases: &cases,
            repeats: repeats(&root),
            description: root.get("description").and_then(Node::text),
            source: asked.config,
        };
        output::prompt(&ready, &models, &mut import.files);
        let judges =
            cases.iter().flat_map(|case| &case.checks).filter(|spec| spec.metric == "judge");
        import
            .judges
            .extend(judges.filter_map(|s| s.parameters["prompt"].as_str().map(String::from)));
        import.prompts.push(Imported { name: name.clone(), cases: cases.len() });
    }
    read_back(&import, &models, &mut ledger);
    (import.left_out, import.notes) = ledger.finish();
    Ok(import)
}

/// Reads what will be written as `gatemark push` would, so that what it would refuse is told now.
fn read_back(import: &Import, models: &providers::Models, ledger: &mut Ledger) {
    let mut config = import.config.clone();
    // The user's own providers are in the user's own project; any will do to read the prompts.
    for model in models.entries.iter().filter_map(|entry| entry["model"].as_str()) {
        let provider = model.split('/').next().unwrap_or_default();
        let line = format!("  {provider}: {{\"protocol\":\"sim\"}}\n");
        if !models.providers.contains_key(provider) && !config.contains(&line) {
            config.push_str(&line);
        }
    }
    let mut files = project::Files::new();
    files.insert("gatemark.yaml", config);
    for (path, text) in &import.files {
        files.insert(path.clone(), text.clone());
    }
    let (project, mut problems) = project::load_config(&files);
    if let Some(project) = project {
        problems.extend(project::load_prompts(&files, &project).1);
    }
    for problem in problems.iter().filter(|problem| problem.severity == Severity::Error) {
        let line = problem.place.line;
        let place = Place { file: problem.place.file.as_str().into(), line };
        let advice =
            format!("`gatemark push` will refuse this until it is changed: {}", problem.message);
        ledger.leave("what is written", &place, advice);
    }
}

fn nothing(asked: &Asked<'_>, prompts: bool, ledger: Ledger) -> Error {
    let what = if prompts { "no prompt" } else { "no provider" };
    let (left_out, _) = ledger.finish();
    let reasons = left_out.iter().map(|remark| {
        let line = remark.places.first().map_or(0, |place| place.line);
        format!("\n  line {line}: {}: {}", remark.kind, remark.advice)
    });
    let reasons: String = reasons.take(20).collect();
    let message = format!("{}: {what} can be imported, so nothing was{reasons}", asked.config);
    Error::invalid(message).coded("nothing_imported")
}

fn unknown(root: &Node, ledger: &mut Ledger) {
    for (key, node) in root.fields() {
        if !KNOWN.contains(&key.as_str()) {
            ledger.leave(format!("`{key}`"), &node.place, "there is nothing like it here");
        }
    }
    if let Some(node) = root.get("env") {
        ledger.leave("`env`", &node.place, "set the variables where gatemark runs");
    }
    for (key, node) in root.get("evaluateOptions").map(Node::fields).unwrap_or_default() {
        let advice = match key.as_str() {
            "repeat" => continue,
            "maxConcurrency" => "give it on the command line: gatemark test --concurrency N",
            "cache" => "give it on the command line: gatemark test --no-cache",
            "timeoutMs" | "maxEvalTimeMs" => "put `limits: {timeout: …}` into prompt.yaml",
            "showProgressBar" | "generateSuggestions" => continue,
            _ => "there is nothing like it here",
        };
        ledger.note(format!("`evaluateOptions.{key}`"), &node.place, advice);
    }
}

fn repeats(root: &Node) -> Option<u64> {
    let written = root.get("evaluateOptions")?.get("repeat")?.number()?;
    // Written as text first, for a float is never cast here.
    format!("{written:.0}").parse().ok().filter(|count| (2..=100).contains(count))
}

/// The tests, each with what `defaultTest` says.
fn tests(root: &Node, folder: &dyn Folder, ledger: &mut Ledger) -> Vec<Test> {
    let default = root.get("defaultTest").and_then(|node| {
        let Some(path) = node.text() else { return case::test(node, folder, ledger) };
        let path = folder::joined("", path.strip_prefix("file://").unwrap_or(path));
        let read =
            path.ok_or("outside of the folder".into()).and_then(|p| folder::nodes(folder, &p));
        match read {
            Ok(nodes) => nodes.first().and_then(|node| case::test(node, folder, ledger)),
            Err(why) => {
                ledger.leave("`defaultTest`", &node.place, why);
                None
            }
        }
    });
    let tests = root.get("tests").map(|node| case::all(node, folder, ledger)).unwrap_or_default();
    match default {
        Some(default) => tests.into_iter().map(|test| test.with(&default)).collect(),
        None => tests,
    }
}

/// `gatemark.yaml` with the providers that the models need.
fn config(root: &Node, models: &providers::Models) -> String {
    let name =
        root.get("description").and_then(Node::text).map(names::slug).filter(|n| !n.is_empty());
    let mut text = format!(
        "# Imported by `gatemark import promptfoo`. Add prices under `models` to see costs.\nname: {}\nproviders:\n",
        name.unwrap_or("imported".into())
    );
    for (name, provider) in &models.providers {
        text.push_str(&format!("  {name}: {provider}\n"));
    }
    text
}
