//! Which suite is meant: one of the registry, or the one in the project's files.

use std::str::FromStr;

use gatemark_control::Control;
use gatemark_control::project::{self, PromptFile};
use gatemark_control::suites::SuiteRef;
use gatemark_core::diagnostic::{Diagnostic, Severity};
use gatemark_core::error::{Error, Result};
use gatemark_core::id::PromptName;
use gatemark_core::suite::Suite;
use gatemark_core::{Digest, canonical};

use crate::config;
use crate::context::{Context, text_of};
use crate::diagnostics;
use crate::files;

/// A suite as people name it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Which {
    /// The one in the project's files.
    Files,
    /// One in the registry.
    Registered(SuiteRef),
}

impl FromStr for Which {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "files" => Ok(Self::Files),
            other => other.parse().map(Self::Registered),
        }
    }
}

/// The suite and its hash.
pub(crate) async fn find(
    prompt: &PromptName,
    which: &Which,
    control: &Control,
    context: &Context<'_>,
) -> Result<(Suite, Digest)> {
    let reference = match which {
        Which::Registered(reference) => reference,
        Which::Files => {
            let suite = from_files(prompt, context)?.suite;
            let suite = suite.ok_or_else(|| {
                Error::not_found(format!("there is no suite.yaml in prompts/{prompt}"))
            })?;
            let digest = canonical::seal(&suite)?.digest;
            return Ok((suite, digest));
        }
    };
    control.suite(prompt, reference).await
}

/// The prompt as its files say it is; their problems are printed if there are any.
pub(crate) fn from_files(prompt: &PromptName, context: &Context<'_>) -> Result<PromptFile> {
    let folders = context.folders()?;
    let project = context.project(&folders)?;
    let mut read = config::read(&folders)?;
    let mut problems = files::read(&folders.project, &mut read.files)?;
    let (prompts, found) = project::load_prompts(&read.files, &project);
    if let Some(found) = prompts.into_iter().find(|found| found.name == *prompt) {
        return Ok(found);
    }
    let folder = format!("prompts/{prompt}/");
    problems.extend(found);
    let own: Vec<Diagnostic> = problems
        .into_iter()
        .filter(|problem| {
            problem.severity == Severity::Error && problem.place.file.starts_with(&folder)
        })
        .collect();
    if own.is_empty() {
        let message = format!("there is no prompt `{prompt}` in the project's files");
        return Err(Error::not_found(message).coded("prompt_not_found"));
    }
    diagnostics::print(context.terminal, &own, |path| text_of(read.files.get(path)));
    Err(Error::invalid(format!("the files of {prompt} cannot be used")).coded("bad_config"))
}
