//! A file system of its own: the system's programs, read only, and one folder in memory.
//!
//! Nothing else is there to be found: no homes, no /proc, no /sys, no /tmp of others, no sockets.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::statvfs::{FsFlags, statvfs};

use super::super::wire::Order;

/// Where the job lives.
pub(super) const WORK: &str = "/work";
/// Folders that programs need to start.
pub(super) const SYSTEM: [&str; 6] =
    ["/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc/alternatives"];
/// Single files that they need.
pub(super) const FILES: [&str; 3] = ["/etc/ld.so.cache", "/etc/localtime", "/etc/ssl/openssl.cnf"];
/// Devices without memory: /dev/zero would give memory that no limit counts.
pub(super) const DEVICES: [&str; 3] = ["/dev/null", "/dev/urandom", "/dev/random"];

const NOTHING: Option<&str> = None;
const OLD: &str = "/old";

/// Builds it and moves in. Returns the job's folder.
pub(super) fn build(order: &Order) -> Result<PathBuf, String> {
    enter_empty_root().map_err(|cause| format!("no root of its own: {cause}"))?;
    for path in SYSTEM.iter().chain(&FILES).map(Path::new) {
        reveal(path, true).map_err(|cause| format!("{} is missing: {cause}", path.display()))?;
    }
    for path in DEVICES.map(Path::new) {
        reveal(path, false).map_err(|cause| format!("{} is missing: {cause}", path.display()))?;
    }
    for path in &order.read {
        if !old(path).exists() {
            return Err(format!("{} does not exist or is not open to all", path.display()));
        }
        reveal(path, true).map_err(|cause| format!("{}: {cause}", path.display()))?;
    }
    workplace(order.limits.disk).map_err(|cause| format!("no folder in memory: {cause}"))?;
    Ok(PathBuf::from(WORK))
}

/// Takes away what building needed: the old root, and the right to write to the new one.
pub(super) fn seal() -> Result<(), String> {
    let sealed = (|| {
        umount2(OLD, MntFlags::MNT_DETACH)?;
        fs::remove_dir(OLD)?;
        let flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY | base();
        mount(NOTHING, "/", NOTHING, flags, NOTHING)?;
        std::env::set_current_dir(WORK)
    })();
    sealed.map_err(|cause: io::Error| format!("the old root stays: {cause}"))
}

fn base() -> MsFlags {
    MsFlags::MS_NOSUID | MsFlags::MS_NODEV
}

fn enter_empty_root() -> io::Result<()> {
    // Nothing mounted here is to be seen outside.
    mount(NOTHING, "/", NOTHING, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NOTHING)?;
    let options = Some("size=1m,nr_inodes=1k,mode=755");
    mount(Some("root"), "/tmp", Some("tmpfs"), base(), options)?;
    fs::create_dir("/tmp/old")?;
    nix::unistd::pivot_root("/tmp", "/tmp/old")?;
    std::env::set_current_dir("/")
}

fn workplace(size: u64) -> io::Result<()> {
    fs::create_dir(WORK)?;
    // Small files cost memory for their names too: no more of them than blocks.
    let files = (size / 4096).clamp(16, 65_536);
    let options = format!("size={size},nr_inodes={files},mode=700");
    mount(Some("work"), WORK, Some("tmpfs"), base(), Some(options.as_str()))?;
    if !Path::new("/tmp").exists() {
        symlink(WORK, "/tmp")?;
    }
    Ok(())
}

fn old(path: &Path) -> PathBuf {
    Path::new(OLD).join(path.strip_prefix("/").unwrap_or(path))
}

/// Shows something of the old root at the same place, if it is there.
fn reveal(path: &Path, read_only: bool) -> io::Result<()> {
    let from = old(path);
    let Ok(found) = fs::symlink_metadata(&from) else { return Ok(()) };
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    if found.is_symlink() {
        return symlink(fs::read_link(&from)?, path);
    }
    if found.is_dir() {
        fs::create_dir_all(path)?;
    } else {
        File::create(path)?;
    }
    mount(Some(&from), path, NOTHING, MsFlags::MS_BIND | MsFlags::MS_REC, NOTHING)?;
    if read_only {
        // What the outer world forbids stays forbidden, or the kernel refuses.
        let flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY | base();
        mount(NOTHING, path, NOTHING, flags | inherited(path)?, NOTHING)?;
    }
    Ok(())
}

/// The restrictions of the mount that `path` is on.
fn inherited(path: &Path) -> io::Result<MsFlags> {
    let found = statvfs(path)?.flags();
    let pairs = [
        (FsFlags::ST_NOEXEC, MsFlags::MS_NOEXEC),
        (FsFlags::ST_NOATIME, MsFlags::MS_NOATIME),
        (FsFlags::ST_NODIRATIME, MsFlags::MS_NODIRATIME),
        (FsFlags::ST_RELATIME, MsFlags::MS_RELATIME),
    ];
    let kept = pairs.into_iter().filter(|(flag, _)| found.contains(*flag));
    Ok(kept.fold(MsFlags::empty(), |all, (_, flag)| all | flag))
}
