//! A version's way through the registry, its test and the gate, by the same calls as every command's.

use gatemark_control::Control;
use gatemark_control::evaluate::{Silent, TestRequest, TestTarget};
use gatemark_control::gate::Decision;
use gatemark_control::registry::{Mode, PushedPrompt};
use gatemark_core::diagnostic::Severity;
use gatemark_core::error::{Error, Result};
use gatemark_core::gate::Finding;
use gatemark_core::id::PromptName;
use gatemark_core::report::Summary;
use gatemark_gateway::Selector;

use super::folder::Folder;

/// Who writes the versions.
pub(super) const AUTHOR: &str = "demo-author";
/// Who approves them.
pub(super) const REVIEWER: &str = "demo-reviewer";
/// Test cases under way at once.
const CONCURRENCY: usize = 8;

/// Registers what is in the folder, and returns what became of `prompt`.
pub(super) async fn push(
    control: &Control,
    folder: &Folder,
    prompt: &PromptName,
) -> Result<PushedPrompt> {
    let push = control.push(&folder.files()?, AUTHOR, Mode::Register).await?;
    if let Some(problem) =
        push.diagnostics.iter().find(|problem| problem.severity == Severity::Error)
    {
        let more = push.diagnostics.len() - 1;
        let message =
            format!("the demo's own files were not accepted: {problem} (and {more} more)");
        return Err(Error::internal(message));
    }
    let found = push.prompts.into_iter().find(|pushed| pushed.name == *prompt);
    found.ok_or_else(|| Error::internal(format!("the push does not mention `{prompt}`")))
}

/// Runs the prompt's suite on its newest version.
pub(super) async fn test(control: &Control, prompt: &PromptName) -> Result<Summary> {
    let target = TestTarget::newest(prompt.clone());
    let request = TestRequest { concurrency: CONCURRENCY, ..TestRequest::of(target, AUTHOR) };
    let run = control.test(&request, &Silent).await?.into_iter().next();
    let run =
        run.ok_or_else(|| Error::internal(format!("the test of `{prompt}` has no report")))?;
    let rows = control.first_rows(&run.report).await?;
    if let Some(row) = rows.iter().find(|row| row.error.is_some()) {
        let said = row.error.as_deref().unwrap_or_default();
        return Err(Error::internal(format!("case `{}` got no answer: {said}", row.case)));
    }
    Ok(run.report.summary)
}

/// Approves the newest version, as somebody who did not write it.
pub(super) async fn approve(control: &Control, prompt: &PromptName) -> Result<()> {
    control.approve(prompt, &Selector::Default, REVIEWER, None).await.map(drop)
}

/// Asks the gate to let the newest version into the default environment. Returns the rules that it does
/// not meet; none means that it serves.
pub(super) async fn deploy(control: &Control, prompt: &PromptName) -> Result<Vec<Finding>> {
    let environment = control.project().default_environment.clone();
    match control.deploy(prompt, &Selector::Default, &environment, AUTHOR).await? {
        Decision::Moved(..) => Ok(vec![]),
        Decision::Refused(checklist) => Ok(checklist.unmet().cloned().collect()),
    }
}
