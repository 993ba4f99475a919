//! A project's files as values: `gatemark.yaml`, `prompt.yaml`, `suite.yaml` and what they refer to.
//!
//! Law 11: user files parse into (value, diagnostics). Every problem of every file is found in one go,
//! each with its place and a hint, since people who fix files one message at a time give up. So a reader
//! never stops at a mistake: it reports, does without the part, and takes care that one mistake is not
//! reported twice under other names (a broken variable is still a declared one).
//!
//! There is no IO here: [`Files`] is a map, whether it came from a disk, an archive or a request. Files
//! come from strangers in the last case, so all sizes, depths and counts are bounded, and nothing panics.
//!
//! Modules, each using only those before it: `files`, `source`, `problems`, `node`, `scalar`, `yaml`,
//! `json`, `document` (text to trees); `reader`, `typed`, `pattern`, `reference` (trees to values);
//! `variables`, `messages`, `output`, `examples`, `models`, `cascade`, `conversation`, `checks`, `resilience`, `presets`, `place`,
//! `providers`, `routes`, `policy`, `monitors`, `environments`, `scope`, `budgets`, `pricing`, `channels`, `alerts` (the parts of the
//! grammar); `case`, `cell`, `csv_cases`, `jsonl`, `case_list`,
//! `generators` (cases, from where they are written or made); `prompt_file`, `suite_file`, `experiment`, `config_file`, `layout` (whole files).

mod alerts;
mod budgets;
mod caches;
mod cascade;
mod case;
mod case_list;
mod cell;
mod channels;
mod checks;
mod config_file;
mod conversation;
mod csv_cases;
mod document;
mod environments;
mod examples;
mod experiment;
mod files;
mod generators;
mod guards;
mod json;
mod jsonl;
mod layout;
mod local;
mod messages;
mod models;
mod monitors;
mod node;
mod output;
mod pattern;
mod place;
mod policy;
mod presets;
mod pricing;
mod problems;
mod prompt_file;
mod providers;
mod reader;
mod reference;
mod resilience;
mod reviewing;
mod rollout;
mod routes;
mod scalar;
mod scope;
mod shorten;
mod source;
mod suite_file;
mod thresholds;
mod trial;
mod typed;
mod variables;
mod yaml;

use gatemark_core::diagnostic::Diagnostic;
use gatemark_core::model::Project;

pub use config_file::CONFIG;
pub use experiment::Definition;
pub use files::Files;
pub use prompt_file::PromptFile;

use problems::Problems;

/// Reads `gatemark.yaml`.
///
/// There is a project whenever the file could be read as a mapping at all, so that prompts can be checked
/// in the same go; use it for anything else only if no diagnostic is an error.
pub fn load_config(files: &Files) -> (Option<Project>, Vec<Diagnostic>) {
    let mut problems = Problems::default();
    let project = config_file::read(files, &mut problems);
    (project, problems.into_sorted())
}

/// Reads the definition of an experiment at `path`. There is one only if no diagnostic is an error.
pub fn load_experiment(files: &Files, path: &str) -> (Option<Definition>, Vec<Diagnostic>) {
    let mut problems = Problems::default();
    let definition = experiment::read(files, path, &mut problems);
    let whole = problems.errors() == 0;
    (definition.filter(|_| whole), problems.into_sorted())
}

/// The path of the file of prices that `gatemark.yaml` names, so that it can be read too; mistakes are for
/// [`load_config`] to tell. `None` also for paths that lead out of the project.
pub fn prices_path(files: &Files) -> Option<String> {
    let mut unheard = Problems::default();
    let node = document::open(files, config_file::CONFIG, source::HAND_WRITTEN, &mut unheard)?;
    let (_, named) = node.field("prices")?;
    let node::Value::Text(path) = &named.value else { return None };
    let inside = path.split('/').all(|part| !matches!(part, "" | "." | ".."));
    inside.then(|| path.clone())
}

/// What an unquoted scalar means in YAML 1.2, as JSON; a number that JSON cannot hold stays a text.
pub(crate) fn plain_scalar(text: &str) -> serde_json::Value {
    let node = node::Node::new(scalar::resolve(text), source::Spot::whole(""));
    let value = node.to_json(&mut Problems::default());
    value.unwrap_or_else(|| serde_json::Value::String(text.to_string()))
}

/// Reads every `prompts/<service>/<name>/prompt.yaml` with its `suite.yaml` and the files that they name.
///
/// The prompts returned, in the order of their names, are those without errors.
pub fn load_prompts(files: &Files, project: &Project) -> (Vec<PromptFile>, Vec<Diagnostic>) {
    let mut problems = Problems::default();
    let mut prompts = Vec::new();
    for (path, folder) in layout::folders(files, &mut problems) {
        let before = problems.errors();
        let (mut prompt, mut declared) = (None, None);
        if let Some(file) = &folder.prompt
            && let Some(name) = layout::name(&path, file, &mut problems)
        {
            (prompt, declared) =
                prompt_file::read(files, (&path, file), name, project, &mut problems);
        }
        let suite = folder.suite.and_then(|file| {
            suite_file::read(files, (&path, &file), declared.as_ref(), &mut problems)
        });
        if let Some(prompt) = prompt.filter(|_| problems.errors() == before) {
            prompts.push(PromptFile { suite, ..prompt });
        }
    }
    (prompts, problems.into_sorted())
}

#[cfg(test)]
mod tests;
