//! A proposal as files beside `prompt.yaml`. That file itself is not touched: its author points it at the
//! messages that are to be used and raises `version`.

use std::fs;

use gatemark_control::compress::Proposal;
use gatemark_control::project::PromptFile;
use gatemark_core::error::{Error, Result};

use crate::config::Folders;

/// Writes each shorter message; returns the paths from the project's folder.
pub(super) fn all(
    file: &PromptFile,
    proposal: &Proposal,
    folders: &Folders,
) -> Result<Vec<String>> {
    let folder = file.file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut written = vec![];
    for one in proposal.messages.iter().filter(|one| one.after != one.before) {
        let place = one.place.replace(['[', ']', '.'], "-").replace("--", "-");
        let name = format!("{}.{}.compressed.md", place.trim_end_matches('-'), one.role.word());
        let path = format!("{folder}/{name}");
        fs::write(folders.project.join(&path), &one.after).map_err(|cause| {
            Error::invalid(format!("{path} cannot be written: {cause}")).because(cause)
        })?;
        written.push(path);
    }
    Ok(written)
}
