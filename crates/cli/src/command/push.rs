//! `gatemark push`: the project's files become versions, all or none.

use gatemark_control::project::Files;
use gatemark_control::registry::{Mode, Push};
use gatemark_control::view::{PushView, PushedView};
use gatemark_core::diagnostic::{Diagnostic, Severity};
use gatemark_core::error::Result;
use gatemark_core::model::Project;

use crate::config::{self, Config, Folders};
use crate::context::{Context, closing, text_of};
use crate::diagnostics;
use crate::exit::Exit;
use crate::files;
use crate::print::{Ink, printable};

/// Check gatemark.yaml and prompts/, and register what is new
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  gatemark push --dry-run

Reports every problem at once. Nothing is registered unless all files are valid; pushing
unchanged files does nothing.")]
pub(crate) struct Args {
    /// Only say what would be registered
    #[arg(long)]
    dry_run: bool,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let folders = context.folders()?;
    let Config { project, mut problems, mut files } = config::read(&folders)?;
    let unread = files::read(&folders.project, &mut files)?;
    let broken = is_refused(&problems) || is_refused(&unread);
    // With a broken file nothing may be registered, but what is wrong with the others is still told.
    let mode = if args.dry_run || broken { Mode::DryRun } else { Mode::Register };
    let mut push = match project {
        Some(project) => registered(&folders, project, &files, mode, context).await?,
        None => Push { diagnostics: vec![], prompts: vec![] },
    };
    push.diagnostics
        .retain(|found| unread.iter().all(|other| other.place.file != found.place.file));
    problems.append(&mut push.diagnostics);
    problems.extend(unread);
    problems.sort_by(|a, b| a.place.cmp(&b.place));
    problems.dedup();
    push.diagnostics = problems;
    if push.is_refused() {
        push.prompts.clear();
    }
    print(push, &files, args.dry_run, context)
}

fn is_refused(problems: &[Diagnostic]) -> bool {
    problems.iter().any(|problem| problem.severity == Severity::Error)
}

async fn registered(
    folders: &Folders,
    project: Project,
    files: &Files,
    mode: Mode,
    context: &Context<'_>,
) -> Result<Push> {
    let actor = context.actor()?;
    let control = context.open_quietly(folders, project).await?;
    closing(control, async |control| control.push(files, &actor, mode).await).await
}

fn print(push: Push, files: &Files, dry_run: bool, context: &Context<'_>) -> Result<Exit> {
    let terminal = context.terminal;
    // Once for each version: whoever has decided otherwise writes `spotlight: none`.
    let new = push.prompts.iter().filter(|prompt| prompt.is_new && !prompt.undecided.is_empty());
    let undecided: Vec<String> =
        new.map(|prompt| format!("{} ({})", prompt.name, prompt.undecided.join(", "))).collect();
    let view = PushView::from(push);
    diagnostics::print(terminal, &view.diagnostics, |path| text_of(files.get(path)));
    if terminal.json() {
        terminal.data_json(&view)?;
    } else if view.accepted {
        for prompt in &view.prompts {
            terminal.data(&line(prompt, dry_run, terminal.ink()));
        }
        if view.prompts.is_empty() {
            terminal
                .note("There are no prompts: put one into prompts/<service>/<name>/prompt.yaml");
        }
    }
    if view.accepted && !undecided.is_empty() {
        terminal.note(&format!(
            "Texts from outside are not set apart from instructions: {}. `spotlight: delimit` does that (docs/guard-policy.md); \
             `spotlight: none` says that it is not wanted.",
            undecided.join("; ")
        ));
    }
    if !view.accepted {
        terminal.note("Nothing was registered.");
        return Ok(Exit::Invalid);
    }
    Ok(Exit::Done)
}

fn line(prompt: &PushedView, dry_run: bool, ink: Ink) -> String {
    let what = match (prompt.new, dry_run) {
        (true, false) => ink.good("registered"),
        (true, true) => ink.good("would be registered"),
        (false, _) if prompt.suite_changed => ink.good("suite changed"),
        (false, _) => "unchanged".to_string(),
    };
    let hash: String = prompt.hash.chars().take(12).collect();
    let mut text =
        format!("{} {} (version {}, {hash}): {what}", prompt.name, prompt.semver, prompt.number);
    for change in &prompt.changes {
        text.push_str(&format!("\n  {}", printable(change)));
    }
    text
}
