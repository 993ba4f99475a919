//! The demo's project folder: made afresh, and never in place of something that is not a demo's.

use std::fs;
use std::path::{Path, PathBuf};

use gatemark_control::project::Files;
use gatemark_core::error::{Error, Result};

use super::prompts::File;
use crate::files;

/// Marks a folder as a demo's, so that the next demo may replace it.
const MARK: &str = ".gatemark-demo";
/// What a demo leaves in its folder; nothing else is ever removed.
const OURS: [&str; 3] = ["gatemark.yaml", "prompts", ".gatemark"];
/// How many names in the folder of temporary files are tried.
const TRIES: u32 = 100;

/// A project folder.
#[derive(Debug, Clone)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Makes `asked`, or a fresh folder among the system's temporary files.
    pub(super) fn make(asked: Option<&Path>) -> Result<Self> {
        let path = match asked {
            Some(path) => {
                clear(path)?;
                fs::create_dir_all(path).map_err(|cause| unusable(path, &cause))?;
                path.to_path_buf()
            }
            None => temporary()?,
        };
        // Absolute, because the commands that are printed at the end are for other terminals.
        let path = path.canonicalize().map_err(|cause| unusable(&path, &cause))?;
        let folder = Self(path);
        let mark = "Written by `gatemark demo`, which may remove what is here.\n";
        folder.write(&[(MARK.to_string(), mark.to_string())])?;
        Ok(folder)
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes files, in place of those at the same paths.
    pub(super) fn write(&self, files: &[File]) -> Result<()> {
        for (name, text) in files {
            let path = self.0.join(name);
            let parent = path.parent().unwrap_or(&self.0);
            fs::create_dir_all(parent).map_err(|cause| unusable(parent, &cause))?;
            fs::write(&path, text).map_err(|cause| unusable(&path, &cause))?;
        }
        Ok(())
    }

    /// Removes a folder in it.
    pub(super) fn remove(&self, name: &str) -> Result<()> {
        let path = self.0.join(name);
        fs::remove_dir_all(&path).map_err(|cause| unusable(&path, &cause))
    }

    /// The files that a push reads.
    pub(super) fn files(&self) -> Result<Files> {
        let mut files = Files::new();
        match files::read(&self.0, &mut files)?.first() {
            None => Ok(files),
            Some(problem) => Err(Error::invalid(problem.to_string()).at("--dir")),
        }
    }
}

/// Removes a former demo from `path`. Refuses a folder that holds anything else.
fn clear(path: &Path) -> Result<()> {
    let Ok(mut entries) = fs::read_dir(path) else {
        if path.exists() {
            let message = format!("{} is not a folder", path.display());
            return Err(Error::invalid(message).at("--dir"));
        }
        return Ok(());
    };
    if !path.join(MARK).is_file() {
        if entries.next().is_none() {
            return Ok(());
        }
        let message = format!(
            "{} is not empty and is not a former demo's folder: name another one, or leave --dir out",
            path.display()
        );
        return Err(Error::invalid(message).at("--dir"));
    }
    for name in OURS {
        let inner = path.join(name);
        let result =
            if inner.is_dir() { fs::remove_dir_all(&inner) } else { fs::remove_file(&inner) };
        match result {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
                return Err(unusable(&inner, &cause));
            }
            _ => {}
        }
    }
    Ok(())
}

/// A new folder: an existing one, whoever made it, is never taken.
fn temporary() -> Result<PathBuf> {
    let parent = std::env::temp_dir();
    let process = std::process::id();
    for number in 0..TRIES {
        let tail = if number == 0 { String::new() } else { format!("-{number}") };
        let path = parent.join(format!("gatemark-demo-{process}{tail}"));
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(cause) if cause.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(cause) => return Err(unusable(&path, &cause)),
        }
    }
    let message = format!("{} is full of former demos: name a folder with --dir", parent.display());
    Err(Error::invalid(message))
}

fn unusable(path: &Path, cause: &std::io::Error) -> Error {
    Error::invalid(format!("{} cannot be used: {cause}", path.display())).at("--dir")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let path =
            std::env::temp_dir().join(format!("gatemark-folder-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        path
    }

    #[test]
    fn a_former_demo_is_replaced() {
        let path = scratch("former");
        let folder = Folder::make(Some(&path)).unwrap();
        folder
            .write(&[("gatemark.yaml".into(), "a".into()), ("prompts/a/b/x.md".into(), "b".into())])
            .unwrap();
        assert_eq!(folder.files().unwrap().get("prompts/a/b/x.md"), Some(&b"b"[..]));
        let again = Folder::make(Some(&path)).unwrap();
        assert!(!again.path().join("prompts").exists());
        fs::remove_dir_all(&path).unwrap();
    }

    #[test]
    fn a_folder_with_other_things_is_left_alone() {
        let path = scratch("foreign");
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("thesis.txt"), "years of work").unwrap();
        let error = Folder::make(Some(&path)).unwrap_err();
        assert!(error.message().contains("not empty"), "{error}");
        assert!(Folder::make(Some(&path.join("thesis.txt"))).is_err());
        assert!(path.join("thesis.txt").exists());
        fs::remove_dir_all(&path).unwrap();
    }
}
