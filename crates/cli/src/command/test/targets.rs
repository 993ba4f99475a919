//! Which versions are tested.

use gatemark_control::Control;
use gatemark_control::checks::Sources;
use gatemark_control::draft::{self, Drafts};
use gatemark_control::evaluate::{TestRequest, TestTarget};
use gatemark_control::registry::Mode;
use gatemark_core::error::{Error, Result};
use gatemark_core::id::PromptName;
use gatemark_gateway::Selector;

use super::{Args, changed};
use crate::config;
use crate::context::{Context, text_of};
use crate::diagnostics;
use crate::files;

/// What the arguments choose; none if nothing has changed.
pub(super) async fn chosen(
    args: &Args,
    control: &Control,
    context: &Context<'_>,
) -> Result<Option<Vec<TestTarget>>> {
    if args.draft || args.watch {
        let drafts = drafts(control, context)?;
        let all = drafts.iter().map(|(name, draft)| (name.clone(), Sources::of(&draft.suite)));
        let Some(names) = names(args, all.collect(), context)? else {
            return Ok(None);
        };
        return names.iter().map(|name| drafted(&drafts, name)).collect::<Result<_>>().map(Some);
    }
    if !args.all && !args.changed {
        let named = args.prompts.iter().map(|prompt| TestTarget::Registered {
            prompt: prompt.name.clone(),
            selector: prompt.selector.clone(),
        });
        return Ok(Some(named.collect()));
    }
    let names = names(args, judged(control).await?, context)?;
    if args.changed {
        as_registered(args, control, context).await?;
    }
    Ok(names.map(|names| names.into_iter().map(TestTarget::newest).collect()))
}

/// CI must not pass what it has not tested: a touched prompt whose files are not what is registered is an
/// error.
async fn as_registered(args: &Args, control: &Control, context: &Context<'_>) -> Result<()> {
    let touched = changed::since(&args.base, context)?;
    let folders = context.folders()?;
    let mut read = config::read(&folders)?;
    let unread = files::read(&folders.project, &mut read.files)?;
    let plan = control.push(&read.files, &context.actor()?, Mode::DryRun).await?;
    let pending = plan.prompts.iter().filter(|pushed| pushed.is_new || pushed.suite_changed);
    let pending = pending.filter(|pushed| touched.concerns(&pushed.name));
    let pending: Vec<String> = pending.map(|pushed| pushed.name.to_string()).collect();
    if pending.is_empty() && unread.is_empty() && !plan.is_refused() {
        return Ok(());
    }
    let message = match pending.as_slice() {
        [] => {
            "files of the project have mistakes (`gatemark push --dry-run` tells them)".to_string()
        }
        names => format!("{} differ from what is registered", names.join(", ")),
    };
    let hint = "push first, or test the files as they are with --draft";
    Err(Error::invalid(format!("{message}: {hint}")).coded("not_registered"))
}

/// Every prompt with a suite, with what judges by it.
async fn judged(control: &Control) -> Result<Vec<(PromptName, Sources)>> {
    let mut judged = vec![];
    for name in control.with_suites().await? {
        let suite = control.store().current_suite(&name).await?;
        let sources = suite.map(|(suite, _)| Sources::of(&suite)).unwrap_or_default();
        judged.push((name, sources));
    }
    Ok(judged)
}

/// The prompts meant, out of all that have a suite.
fn names(
    args: &Args,
    mut all: Vec<(PromptName, Sources)>,
    context: &Context<'_>,
) -> Result<Option<Vec<PromptName>>> {
    if !args.all && !args.changed {
        return Ok(Some(args.prompts.iter().map(|prompt| prompt.name.clone()).collect()));
    }
    if all.is_empty() {
        let message =
            "no registered prompt has a suite: add suite.yaml beside a prompt.yaml and push";
        return Err(Error::not_found(message).coded("no_suite"));
    }
    if args.changed {
        let touched = changed::since(&args.base, context)?;
        all.retain(|(name, sources)| touched.concerns_judged(name, sources));
        if all.is_empty() {
            let note = format!("no prompt with a suite differs from {}", args.base);
            context.terminal.note(&note);
            return Ok(None);
        }
    }
    Ok(Some(all.into_iter().map(|(name, _)| name).collect()))
}

/// The files as they are; what is wrong with them is printed.
fn drafts(control: &Control, context: &Context<'_>) -> Result<Drafts> {
    let folders = context.folders()?;
    let mut files = config::read(&folders)?.files;
    let mut problems = files::read(&folders.project, &mut files)?;
    let (drafts, found) = draft::all(&files, control.project(), &context.actor()?)?;
    problems.extend(found);
    diagnostics::print(context.terminal, &problems, |path| text_of(files.get(path)));
    if drafts.is_empty() {
        let message = "there is no prompt with a suite whose files are without mistakes";
        return Err(Error::invalid(message).coded("no_draft"));
    }
    Ok(drafts)
}

fn drafted(drafts: &Drafts, name: &PromptName) -> Result<TestTarget> {
    let found = drafts.get(name).cloned().map(TestTarget::Draft);
    found.ok_or_else(|| {
        let message = format!("the project has no files of `{name}` with a suite");
        Error::not_found(message).coded("no_draft")
    })
}

/// What is tested is what is registered: says so if the newest version's files have changed since.
pub(super) async fn tell_of_edits(
    request: &TestRequest,
    control: &Control,
    context: &Context<'_>,
) -> Result<()> {
    let newest = request.targets.iter().filter_map(|target| match target {
        TestTarget::Registered { prompt, selector: Selector::Default } => Some(prompt),
        _ => None,
    });
    let newest: Vec<&PromptName> = newest.collect();
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
                 push them first to test them, or try them with --draft"
            ));
        }
    }
    Ok(())
}
