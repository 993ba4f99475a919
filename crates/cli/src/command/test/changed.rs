//! What differs from another Git revision, by the `git` program: the project is a working copy of the
//! user's, with the user's configuration.

use std::path::{Path, PathBuf};
use std::process::Command;

use gatemark_control::checks::Sources;
use gatemark_core::error::{Error, Result};
use gatemark_core::id::PromptName;

use crate::context::Context;

/// Files that differ.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Touched {
    project: PathBuf,
    /// Inside the project.
    paths: Vec<String>,
}

impl Touched {
    /// Whether a change can alter how `prompt` answers or is judged: its own folder, or the project's
    /// configuration, which every prompt depends on.
    pub(super) fn concerns(&self, prompt: &PromptName) -> bool {
        let folder = format!("prompts/{prompt}/");
        self.paths.iter().any(|path| path == "gatemark.yaml" || path.starts_with(&folder))
    }

    /// The same of a prompt whose suite's judgements come from `sources`: another judge, or another
    /// judging program, judges otherwise.
    pub(super) fn concerns_judged(&self, prompt: &PromptName, sources: &Sources) -> bool {
        self.concerns(prompt)
            || sources.prompts.iter().any(|judge| self.concerns(judge))
            || sources.words.iter().any(|word| self.has(word))
    }

    /// Whether `word` names a file that differs, from where the command was given or from the project.
    fn has(&self, word: &str) -> bool {
        let found = std::fs::canonicalize(word).ok();
        self.paths.iter().any(|path| {
            let there = std::fs::canonicalize(self.project.join(path)).ok();
            path == word || (found.is_some() && found == there)
        })
    }
}

/// Files of the project that differ from where `base` and the present commit parted, committed or not.
pub(super) fn since(base: &str, context: &Context<'_>) -> Result<Touched> {
    let project = context.folders()?.project;
    let fork = git(&project, &["merge-base", "--end-of-options", base, "HEAD"]).map_err(|why| {
        let message = format!("cannot compare with `{base}` in Git: {why}");
        Error::invalid(message).at("base").coded("git_failed")
    })?;
    let failed =
        |why| Error::invalid(format!("cannot ask Git what changed: {why}")).coded("git_failed");
    let tracked = git(
        &project,
        &["diff", "--name-only", "--no-renames", "-z", "--relative", fork.trim(), "--", "."],
    );
    let untracked = git(&project, &["ls-files", "-z", "--others", "--exclude-standard", "--", "."]);
    let listed = tracked.map_err(failed)? + &untracked.map_err(failed)?;
    let paths = listed.split('\0').filter(|path| !path.is_empty()).map(String::from).collect();
    Ok(Touched { project, paths })
}

fn git(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let ran = Command::new("git").arg("-C").arg(folder).args(arguments).output();
    let output = ran.map_err(|cause| format!("the program git cannot be run ({cause})"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(said.lines().next().unwrap_or("it failed without a word").trim().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_is_concerned_by_its_folder_and_the_configuration() {
        let name: PromptName = "support/triage".parse().unwrap();
        let touched =
            |path: &str| Touched { project: "/nowhere".into(), paths: vec![path.to_string()] };
        assert!(touched("prompts/support/triage/cases.csv").concerns(&name));
        assert!(touched("gatemark.yaml").concerns(&name));
        assert!(!touched("prompts/support/triage-two/prompt.yaml").concerns(&name));
        assert!(!touched("README.md").concerns(&name));
        let sources = Sources {
            prompts: ["judges/rubric".parse().unwrap()].into(),
            words: ["checks/tone.py".to_string(), "python3".to_string()].into(),
        };
        let judged = |path| touched(path).concerns_judged(&name, &sources);
        assert!(judged("prompts/judges/rubric/system.md") && judged("checks/tone.py"));
        assert!(judged("prompts/support/triage/suite.yaml"));
        assert!(!judged("prompts/judges/other/system.md") && !judged("checks/other.py"));
    }
}
