//! Which files are prompts and suites, and complaints about those that look like one and are none.

use std::collections::BTreeMap;

use gatemark_core::id::PromptName;

use super::files::Files;
use super::problems::Problems;
use super::reader::shown;
use super::source::Spot;

const PROMPT: &str = "prompt.yaml";
const SUITE: &str = "suite.yaml";

/// A folder `prompts/<service>/<name>`.
#[derive(Debug, Default)]
pub(super) struct Folder {
    pub(super) prompt: Option<String>,
    pub(super) suite: Option<String>,
}

/// The folders of prompts by path; strays are reported.
pub(super) fn folders(files: &Files, problems: &mut Problems) -> BTreeMap<String, Folder> {
    let mut found: BTreeMap<String, Folder> = BTreeMap::new();
    for (path, _) in files.iter() {
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        let (is_prompt, is_suite) = (file == PROMPT, file == SUITE);
        if !is_prompt && !is_suite {
            if let Some(right) = misspelt(file).filter(|_| is_prompt_folder(folder)) {
                let message = format!("`{}` is not read", shown(file));
                problems.error(
                    &Spot::whole(path),
                    message,
                    format!("rename it to {right}, or remove it"),
                );
            }
            continue;
        }
        if !is_prompt_folder(folder) {
            let message = format!("a {file} is read only in prompts/<service>/<name>/");
            problems.error(&Spot::whole(path), message, "move it there");
            continue;
        }
        let entry = found.entry(folder.to_string()).or_default();
        let slot = if is_prompt { &mut entry.prompt } else { &mut entry.suite };
        *slot = Some(path.to_string());
    }
    for folder in found.values().filter(|folder| folder.prompt.is_none()) {
        if let Some(suite) = &folder.suite {
            let message = "there is no prompt.yaml beside this suite";
            problems.error(&Spot::whole(suite), message, "add the prompt, or remove the suite");
        }
    }
    found
}

/// The name that the folder gives to its prompt.
pub(super) fn name(folder: &str, path: &str, problems: &mut Problems) -> Option<PromptName> {
    let name = folder.strip_prefix("prompts/").unwrap_or(folder);
    match name.parse() {
        Ok(name) => Some(name),
        Err(error) => {
            let message = format!("its folders make no name: {error}");
            problems.error(&Spot::whole(path), message, "rename the folders");
            None
        }
    }
}

fn is_prompt_folder(folder: &str) -> bool {
    let parts: Vec<&str> = folder.split('/').collect();
    matches!(parts.as_slice(), ["prompts", service, name] if !service.is_empty() && !name.is_empty())
}

/// The name that was meant, for files that one might take for ours.
fn misspelt(file: &str) -> Option<&'static str> {
    let lower = file.to_ascii_lowercase();
    let (stem, ending) = lower.rsplit_once('.')?;
    let known = matches!(ending, "yaml" | "yml");
    match stem {
        "prompt" if known => Some(PROMPT),
        "suite" if known => Some(SUITE),
        _ => None,
    }
}
