//! The project's files from disk.
//!
//! This is where a hostile or careless checkout is kept at bay: no links out of the project, nothing
//! hidden, no more bytes than a prompt project can reasonably have. What is wrong with a file's contents
//! is for the loader to say; what is wrong with the file itself is said here.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use gatemark_control::project::Files;
use gatemark_core::diagnostic::{Diagnostic, Place};
use gatemark_core::error::{Error, Result};

/// Files over this many bytes are not read. Above every bound of the loader.
const LARGEST: u64 = 8 << 20;
/// The same for tables and JSON lines, which hold test cases by the hundred thousand.
const LARGEST_ROWS: u64 = 65 << 20;
/// Most bytes of all files together.
const LARGEST_PROJECT: u64 = 512 << 20;
/// Most files.
const MOST_FILES: usize = 50_000;
/// Deepest folder below `prompts`.
const DEEPEST: usize = 16;

/// Adds everything under `prompts/` of the project in `root` to `files`; the problems are of files that
/// could not be read.
pub(crate) fn read(root: &Path, files: &mut Files) -> Result<Vec<Diagnostic>> {
    let real = root
        .canonicalize()
        .map_err(|cause| Error::invalid(format!("{} cannot be opened: {cause}", root.display())))?;
    let mut walk = Walk { root: real, files, problems: vec![], count: 0, bytes: 0 };
    let folder = walk.root.join("prompts");
    if folder.is_dir() {
        walk.folder(&folder, "prompts", 0);
    }
    Ok(walk.problems)
}

struct Walk<'f> {
    root: PathBuf,
    files: &'f mut Files,
    problems: Vec<Diagnostic>,
    count: usize,
    bytes: u64,
}

impl Walk<'_> {
    fn problem(&mut self, path: &str, message: &str, hint: &str) {
        self.problems.push(Diagnostic::error(Place::whole(path), message).hint(hint));
    }

    fn full(&self) -> bool {
        self.count >= MOST_FILES || self.bytes > LARGEST_PROJECT
    }

    fn folder(&mut self, folder: &Path, path: &str, depth: usize) {
        let entries = match sorted(folder) {
            Ok(entries) => entries,
            Err(error) => {
                let message = format!("the folder cannot be read: {error}");
                return self.problem(path, &message, "check its permissions");
            }
        };
        if depth > DEEPEST {
            let message = format!("folders are nested more than {DEEPEST} deep");
            return self.problem(path, &message, "prompts lie in prompts/<service>/<name>");
        }
        for entry in entries {
            if self.full() {
                let message = format!(
                    "the project has more than {MOST_FILES} files or {} MiB",
                    LARGEST_PROJECT >> 20
                );
                return self.problem(path, &message, "move what is no prompt out of prompts/");
            }
            self.entry(&entry, path, depth);
        }
    }

    fn entry(&mut self, entry: &Path, parent: &str, depth: usize) {
        let Some(name) = entry.file_name().and_then(|name| name.to_str()) else {
            return self.problem(parent, "a file's name here is not UTF-8", "rename the file");
        };
        if name.starts_with('.') {
            return;
        }
        let path = format!("{parent}/{name}");
        match fs::symlink_metadata(entry) {
            Ok(data) if data.is_dir() => self.folder(entry, &path, depth + 1),
            Ok(data) if data.is_file() => self.file(entry, &path),
            Ok(data) if data.is_symlink() => self.link(entry, &path),
            Ok(_) => self.problem(&path, "is neither a file nor a folder", "remove it"),
            Err(error) => self.unreadable(&path, &error),
        }
    }

    /// Links to files inside the project are followed; others would read what the project does not own,
    /// and links to folders can form rings.
    fn link(&mut self, entry: &Path, path: &str) {
        match entry.canonicalize() {
            Ok(target) if !target.starts_with(&self.root) => {
                self.problem(path, "is a link that leads out of the project", "copy the file here");
            }
            Ok(target) if target.is_file() => self.file(&target, path),
            Ok(_) => self.problem(path, "is a link to a folder", "move the folder here"),
            Err(error) => self.unreadable(path, &error),
        }
    }

    fn file(&mut self, entry: &Path, path: &str) {
        let is_rows = path.ends_with(".csv") || path.ends_with(".jsonl");
        let largest = if is_rows { LARGEST_ROWS } else { LARGEST };
        match contents(entry, largest) {
            Ok(Contents::Whole(bytes)) => {
                self.count += 1;
                self.bytes += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                self.files.insert(path, bytes);
            }
            Ok(Contents::TooLarge(size)) => {
                // The loader must know that the file exists, or it would call it missing as well.
                self.files.insert(path, vec![]);
                let message =
                    format!("is {size} bytes long; files over {} MiB are not read", largest >> 20);
                self.problem(path, &message, "split it, or shorten it");
            }
            Err(error) => self.unreadable(path, &error),
        }
    }

    fn unreadable(&mut self, path: &str, error: &io::Error) {
        self.files.insert(path, vec![]);
        self.problem(path, &format!("cannot be read: {error}"), "check its permissions");
    }
}

fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

enum Contents {
    Whole(Vec<u8>),
    TooLarge(u64),
}

fn contents(path: &Path, largest: u64) -> io::Result<Contents> {
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    if size > largest {
        return Ok(Contents::TooLarge(size));
    }
    // The file may grow while it is read.
    let mut bytes = vec![];
    file.take(largest + 1).read_to_end(&mut bytes)?;
    let read = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    Ok(if read > largest { Contents::TooLarge(read) } else { Contents::Whole(bytes) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn project(name: &str) -> PathBuf {
        let root =
            std::env::temp_dir().join(format!("gatemark-files-{name}-{}", std::process::id()));
        fs::remove_dir_all(&root).ok();
        fs::create_dir_all(root.join("prompts/a/b")).unwrap();
        fs::write(root.join("prompts/a/b/prompt.yaml"), "x").unwrap();
        root
    }

    fn read_project(root: &Path) -> (Vec<String>, Vec<String>) {
        let mut files = Files::new();
        let problems = read(root, &mut files).unwrap();
        fs::remove_dir_all(root).unwrap();
        let paths = files.iter().map(|(path, _)| path.to_string()).collect();
        (paths, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn hidden_files_are_skipped() {
        let root = project("hidden");
        fs::create_dir_all(root.join("prompts/.git")).unwrap();
        fs::write(root.join("prompts/.git/x"), "x").unwrap();
        fs::write(root.join("prompts/a/.swp"), "x").unwrap();
        let (paths, problems) = read_project(&root);
        assert_eq!(paths, ["prompts/a/b/prompt.yaml"]);
        assert_eq!(problems, [""; 0]);
    }

    #[test]
    fn links_do_not_lead_out() {
        let root = project("links");
        symlink("/etc/hostname", root.join("prompts/a/b/out.md")).unwrap();
        symlink("prompt.yaml", root.join("prompts/a/b/in.md")).unwrap();
        symlink("..", root.join("prompts/a/b/ring")).unwrap();
        symlink("nowhere", root.join("prompts/a/b/void.md")).unwrap();
        let (paths, problems) = read_project(&root);
        assert!(paths.contains(&"prompts/a/b/in.md".to_string()));
        assert!(!paths.contains(&"prompts/a/b/out.md".to_string()));
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(problems[0].contains("out.md") && problems[0].contains("out of the project"));
    }

    #[test]
    fn a_huge_file_is_named_not_read() {
        let root = project("huge");
        let file = File::create(root.join("prompts/a/b/huge.md")).unwrap();
        file.set_len(50 << 20).unwrap();
        let (_, problems) = read_project(&root);
        assert!(problems[0].contains("is 52428800 bytes long"), "{problems:?}");
    }
}
