//! Which versions are tested.

use gatemark_control::Control;
use gatemark_control::evaluate::{TestRequest, TestTarget};
use gatemark_control::registry::Mode;
use gatemark_core::error::{Error, Result};
use gatemark_core::id::PromptName;
use gatemark_gateway::Selector;

use super::{Args, changed};
use crate::config;
use crate::context::Context;
use crate::files;

/// The versions that the arguments choose; none if nothing has changed.
pub(super) async fn chosen(
    args: &Args,
    control: &Control,
    context: &Context<'_>,
) -> Result<Option<Vec<TestTarget>>> {
    let newest = |prompt| TestTarget { prompt, selector: Selector::Default };
    if !args.all && !args.changed {
        let named = args.prompts.iter().map(|prompt| TestTarget {
            prompt: prompt.name.clone(),
            selector: prompt.selector.clone(),
        });
        return Ok(Some(named.collect()));
    }
    let mut names = with_suites(control).await?;
    if args.changed {
        let touched = changed::since(&args.base, context)?;
        names.retain(|name| touched.concerns(name));
        if names.is_empty() {
            let note = format!("no prompt with a suite differs from {}", args.base);
            context.terminal.note(&note);
            return Ok(None);
        }
    }
    if names.is_empty() {
        let message =
            "no registered prompt has a suite: add suite.yaml beside a prompt.yaml and push";
        return Err(Error::not_found(message).coded("no_suite"));
    }
    Ok(Some(names.into_iter().map(newest).collect()))
}

async fn with_suites(control: &Control) -> Result<Vec<PromptName>> {
    let mut names = vec![];
    for prompt in control.prompts().await? {
        if control.store().current_suite(&prompt.name).await?.is_some() {
            names.push(prompt.name);
        }
    }
    Ok(names)
}

/// What is tested is what is registered: says so if the newest version's files have changed since.
pub(super) async fn tell_of_edits(
    request: &TestRequest,
    control: &Control,
    context: &Context<'_>,
) -> Result<()> {
    let newest = request.targets.iter().filter(|target| target.selector == Selector::Default);
    let newest: Vec<&PromptName> = newest.map(|target| &target.prompt).collect();
    if newest.is_empty() {
        return Ok(());
    }
    let folders = context.folders()?;
    let mut read = config::read(&folders)?;
    files::read(&folders.project, &mut read.files)?;
    // Files with mistakes are reported by `push`, and have changed for certain.
    let plan = control.push(&read.files, &request.actor, Mode::DryRun).await?;
    let is_new =
        |name: &PromptName| plan.prompts.iter().any(|pushed| pushed.name == *name && pushed.is_new);
    for name in newest {
        if plan.is_refused() || is_new(name) {
            context.terminal.note(&format!(
                "note: the files of {name} differ from its registered version, which is what is tested: \
                 push them first to test them"
            ));
        }
    }
    Ok(())
}
