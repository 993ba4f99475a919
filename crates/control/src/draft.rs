//! Prompts as their files are now, before anybody registers them: for trying an edit out. A draft is tested
//! like a version and leaves no evidence, as there is nothing registered that it could speak for.

use std::collections::BTreeMap;
use std::sync::Arc;

use gatemark_core::canonical;
use gatemark_core::diagnostic::{Diagnostic, Severity};
use gatemark_core::error::Result;
use gatemark_core::id::{Digest, PromptName};
use gatemark_core::model::Project;
use gatemark_core::prompt::Version;
use gatemark_core::suite::Suite;

use crate::project::{self, Files, PromptFile};

/// One prompt with its suite, as the files are.
#[derive(Debug)]
pub struct Draft {
    /// What registering would make; number 0.
    pub version: Version,
    /// Its suite.
    pub suite: Arc<Suite>,
    /// The suite's hash.
    pub digest: Digest,
}

/// Drafts by the names of their prompts.
pub type Drafts = BTreeMap<PromptName, Arc<Draft>>;

/// Every prompt in `files` that has a suite; none if anything is wrong with any file.
pub fn all(files: &Files, project: &Project, author: &str) -> Result<(Drafts, Vec<Diagnostic>)> {
    let (prompts, diagnostics) = project::load_prompts(files, project);
    let mut drafts = BTreeMap::new();
    if diagnostics.iter().all(|found| found.severity != Severity::Error) {
        for file in prompts {
            if let Some(draft) = of(file, author)? {
                drafts.insert(draft.version.prompt.clone(), Arc::new(draft));
            }
        }
    }
    Ok((drafts, diagnostics))
}

pub(crate) fn of(file: PromptFile, author: &str) -> Result<Option<Draft>> {
    let Some(suite) = file.suite else { return Ok(None) };
    let digest = canonical::seal(&suite)?.digest;
    let version = Version {
        prompt: file.name,
        number: 0,
        semver: file.semver,
        hash: canonical::seal(&file.content)?.digest,
        content: file.content,
        changelog: file.changelog,
        author: author.to_string(),
        created_at: 0,
    };
    Ok(Some(Draft { version, suite: Arc::new(suite), digest }))
}
