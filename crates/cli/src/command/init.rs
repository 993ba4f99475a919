//! `gatemark init`: a small project that works as it stands.

use std::fs;
use std::path::{Path, PathBuf};

use gatemark_core::error::{Error, Kind, Result};
use serde_json::json;

use crate::exit::Exit;
use crate::print::Terminal;

/// Write a small project to start from
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  gatemark init my-prompts && cd my-prompts && gatemark push")]
pub(crate) struct Args {
    /// Where; made if missing [default: the current folder]
    #[arg(value_name = "DIR", default_value = ".", hide_default_value = true)]
    folder: PathBuf,
    /// Overwrite files that exist
    #[arg(long)]
    force: bool,
}

/// Every file with its path in the project.
const FILES: [(&str, &str); 7] = [
    ("gatemark.yaml", include_str!("init/project/gatemark.yaml")),
    ("prompts/support/triage/prompt.yaml", include_str!("init/project/prompt.yaml")),
    ("prompts/support/triage/system.md", include_str!("init/project/system.md")),
    ("prompts/support/triage/examples.yaml", include_str!("init/project/examples.yaml")),
    ("prompts/support/triage/suite.yaml", include_str!("init/project/suite.yaml")),
    ("README.md", include_str!("init/project/readme.md")),
    // Not named `.gitignore` here, or it would take effect in this repository.
    (".gitignore", include_str!("init/project/gitignore")),
];

const NEXT: &str = "
Next:
  gatemark push
  gatemark test support/triage
  gatemark approve support/triage --as somebody-else
  gatemark deploy support/triage --to production
  gatemark serve";

pub(crate) fn run(args: Args, terminal: &Terminal) -> Result<Exit> {
    let Args { folder, force } = args;
    let existing: Vec<&str> = FILES
        .iter()
        .map(|(path, _)| *path)
        // A dangling link would be written through, so it counts as a file.
        .filter(|path| folder.join(path).symlink_metadata().is_ok())
        .collect();
    if !force && !existing.is_empty() {
        let message = format!(
            "{} in {} would be overwritten: nothing was written",
            existing.join(", "),
            folder.display()
        );
        return Err(Error::new(Kind::Conflict, message).coded("files_exist"));
    }
    for (path, text) in FILES {
        write(&folder.join(path), text)?;
    }
    let paths: Vec<&str> = FILES.iter().map(|(path, _)| *path).collect();
    if terminal.json() {
        terminal.data_json(&json!({"folder": folder, "files": paths}))?;
        return Ok(Exit::Done);
    }
    for path in paths {
        terminal.data(&format!("wrote {}", folder.join(path).display()));
    }
    if folder != Path::new(".") {
        terminal.note(&format!("{NEXT}\n(in {})", folder.display()));
    } else {
        terminal.note(NEXT);
    }
    Ok(Exit::Done)
}

fn write(path: &Path, text: &str) -> Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent).and_then(|()| fs::write(path, text)).map_err(|cause| {
        let message = format!("{} cannot be written: {cause}", path.display());
        Error::invalid(message).because(cause)
    })
}
