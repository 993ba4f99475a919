//! Where the project is, what its configuration says, and which vendors' keys the environment holds.
//!
//! Every variable of the environment that this program reads is named here, in [`crate::global`] or in
//! the configuration's `key_variable`s.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use gatemark_control::configuration::{Source, Stamp};
use gatemark_control::project::{self, Files};
use gatemark_core::diagnostic::Diagnostic;
use gatemark_core::error::{Error, Result};
use gatemark_core::model::{LocalModel, Project};
use gatemark_provider::Secret;

use crate::global::Global;
use crate::keys;

/// The file that makes a folder a project.
pub(crate) const FILE: &str = "gatemark.yaml";

/// Where things are.
#[derive(Debug, Clone)]
pub(crate) struct Folders {
    /// Holds `gatemark.yaml` and `prompts/`.
    pub(crate) project: PathBuf,
    /// Holds the database and the call log.
    pub(crate) data: PathBuf,
}

/// `gatemark.yaml`, read.
pub(crate) struct Config {
    /// What it says; `None` if it cannot be used.
    pub(crate) project: Option<Project>,
    /// What is wrong with it.
    pub(crate) problems: Vec<Diagnostic>,
    /// The file itself.
    pub(crate) files: Files,
}

/// Finds the project's folder and its data.
pub(crate) fn locate(global: &Global) -> Result<Folders> {
    let project = match &global.project {
        Some(folder) => {
            if !folder.join(FILE).is_file() {
                let message = format!("there is no {FILE} in {}", folder.display());
                return Err(Error::not_found(message).coded("no_project"));
            }
            folder.clone()
        }
        None => nearest()?,
    };
    let data = global.data.clone().unwrap_or_else(|| project.join(".gatemark"));
    Ok(Folders { project, data })
}

fn nearest() -> Result<PathBuf> {
    let here = std::env::current_dir()
        .map_err(|cause| Error::internal("the current folder cannot be found").because(cause))?;
    let found = here.ancestors().find(|folder| folder.join(FILE).is_file());
    found.map(Path::to_path_buf).ok_or_else(|| {
        let message = format!("there is no {FILE} in {} or a folder above it", here.display());
        Error::not_found(message).coded("no_project")
    })
}

/// Reads `gatemark.yaml` and the prices that it names.
pub(crate) fn read(folders: &Folders) -> Result<Config> {
    let path = folders.project.join(FILE);
    let bytes = fs::read(&path)
        .map_err(|cause| Error::invalid(format!("{} cannot be read: {cause}", path.display())))?;
    let mut files = Files::new();
    files.insert(FILE, bytes);
    add_prices(&folders.project, &mut files);
    let (project, problems) = project::load_config(&files);
    Ok(Config { project, problems, files })
}

/// Adds the file of prices; one that is named and not there is told by whoever reads the configuration.
fn add_prices(folder: &Path, files: &mut Files) {
    if let Some(named) = project::prices_path(files)
        && let Ok(bytes) = fs::read(folder.join(&named))
    {
        files.insert(named, bytes);
    }
}

/// The configuration of a running server, on disk.
pub(crate) struct OnDisk {
    /// Where it is.
    pub(crate) folders: Folders,
}

impl Source for OnDisk {
    fn stamp(&self, path: &str) -> Option<Stamp> {
        let found = fs::metadata(self.folders.project.join(path)).ok()?;
        let written = found.mtime().saturating_mul(1_000_000) + found.mtime_nsec() / 1000;
        Some(Stamp { length: found.len(), written, inode: found.ino() })
    }

    fn files(&self) -> Files {
        let mut files = Files::new();
        if let Ok(bytes) = fs::read(self.folders.project.join(FILE)) {
            files.insert(FILE, bytes);
            add_prices(&self.folders.project, &mut files);
        }
        files
    }

    fn equipped(&self, project: Project) -> (Project, HashMap<String, Vec<Secret>>) {
        let keys = keys::all(&project);
        (placed(project, &self.folders), keys)
    }
}

/// The project with the folders of its local models where this process finds them: relative paths in
/// `gatemark.yaml` start at the project's folder, wherever the command was given.
pub(crate) fn placed(mut project: Project, folders: &Folders) -> Project {
    for provider in project.providers.values_mut() {
        if let Some(LocalModel::Folder(path)) = &mut provider.local {
            *path = folders.project.join(&path);
        }
    }
    project
}

/// Longest name of a person, in characters.
const LONGEST_NAME: usize = 128;

/// Who acts.
pub(crate) fn actor(global: &Global) -> Result<String> {
    let name = match &global.actor {
        Some(name) => name.trim().to_string(),
        None => git_name().or_else(login_name).unwrap_or_else(|| "local".to_string()),
    };
    let valid = !name.is_empty()
        && name.chars().count() <= LONGEST_NAME
        && !name.chars().any(char::is_control);
    if !valid {
        let message = format!(
            "{name:?} is no name for who acts: write 1 to {LONGEST_NAME} printable characters"
        );
        return Err(Error::invalid(message).at("--as"));
    }
    Ok(name)
}

fn git_name() -> Option<String> {
    let output = Command::new("git")
        .args(["config", "user.name"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let name = String::from_utf8(output.stdout).ok()?.trim().to_string();
    (!name.is_empty()).then_some(name)
}

fn login_name() -> Option<String> {
    std::env::var("USER").ok().map(|name| name.trim().to_string()).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::print::ColourChoice;

    fn global(actor: &str) -> Global {
        Global {
            json: false,
            project: None,
            data: None,
            actor: Some(actor.into()),
            color: ColourChoice::Never,
            verbose: false,
        }
    }

    #[test]
    fn names_of_people_are_checked() {
        assert_eq!(actor(&global(" Zoë Smith ")).unwrap(), "Zoë Smith");
        for bad in ["", "  ", "a\u{1b}[2J", "x\ny"] {
            assert!(actor(&global(bad)).is_err(), "{bad:?}");
        }
        assert!(actor(&global(&"x".repeat(129))).is_err());
    }

    #[test]
    fn a_folder_without_configuration_is_no_project() {
        let mut global = global("x");
        global.project = Some("/nowhere/at/all".into());
        assert_eq!(locate(&global).unwrap_err().code(), "no_project");
    }
}
