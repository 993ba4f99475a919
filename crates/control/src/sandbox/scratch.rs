//! The folder of a job whose jail has no file system of its own.
//!
//! A jail of namespaces writes to memory that the kernel frees with it. One made of Landlock needs a real
//! folder, which goes away with its owner here; those of a parent that was killed are swept by the next.

use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

const PREFIX: &str = "gatemark-jail-";

/// A folder of one job.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    /// Makes one for processes of user `owner`, or of this process's own user.
    pub(super) fn new(owner: Option<u32>) -> io::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let base = std::env::temp_dir().canonicalize()?;
        sweep(&base);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = base.join(format!("{PREFIX}{}-{number}", std::process::id()));
        // Fails if it exists: somebody else's folder, or a link to one, is never used.
        std::fs::DirBuilder::new().mode(0o700).create(&path)?;
        let scratch = Self(path);
        if let Some(owner) = owner {
            std::os::unix::fs::chown(&scratch.0, Some(owner), Some(owner))?;
        }
        Ok(scratch)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Bytes that its files take on the disk; stops counting at `enough`.
    pub(super) fn used(&self, enough: u64) -> u64 {
        let mut used = 0;
        let mut folders = vec![self.0.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                // Of the entry itself: a link is not followed.
                let Ok(found) = entry.metadata() else { continue };
                // Every entry costs at least a block, also an empty file.
                used += (found.blocks() * 512).max(4096);
                if found.is_dir() {
                    folders.push(entry.path());
                }
                if used > enough {
                    return used;
                }
            }
        }
        used
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, folder = %self.0.display(), "a job's folder stays behind");
        }
    }
}

/// Removes the folders of parents that are gone.
fn sweep(base: &Path) {
    for entry in std::fs::read_dir(base).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        let Some(owner) = owner.and_then(|rest| rest.split('-').next()) else { continue };
        let known = owner.parse::<u32>().is_ok();
        let folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if known && folder && !Path::new("/proc").join(owner).exists() {
            // Not ours to remove if this fails: another user's.
            std::fs::remove_dir_all(entry.path()).unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_dead_parents_are_swept_and_those_of_living_ones_stay() {
        let base = std::env::temp_dir().join(format!("gatemark-sweep-{}", std::process::id()));
        // No process has this number: it is over the kernel's maximum.
        let dead = base.join(format!("{PREFIX}4194399-0"));
        let alive = base.join(format!("{PREFIX}{}-0", std::process::id()));
        let other = base.join(format!("{PREFIX}x"));
        for folder in [&dead, &alive, &other] {
            std::fs::create_dir_all(folder).unwrap();
        }
        sweep(&base);
        assert!(!dead.exists() && alive.exists() && other.exists());
        std::fs::remove_dir_all(base).unwrap();
    }

    #[test]
    fn what_lies_in_it_is_counted_and_links_are_not_followed() {
        let scratch = Scratch::new(None).unwrap();
        assert_eq!(scratch.used(u64::MAX), 0);
        std::fs::write(scratch.path().join("a"), vec![1; 100_000]).unwrap();
        std::os::unix::fs::symlink("/usr", scratch.path().join("usr")).unwrap();
        let used = scratch.used(u64::MAX);
        assert!((100_000..200_000).contains(&used), "{used}");
    }
}
