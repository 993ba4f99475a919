//! A file system of its own: the system's programs, read only, and one folder in memory.
//!
//! Nothing else is there to be found: no homes, no /proc, no /sys, no /tmp of others, no sockets.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStringExt as _;
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
        reveal(path).map_err(|cause| format!("{} is missing: {cause}", path.display()))?;
    }
    for path in DEVICES.map(Path::new) {
        reveal(path).map_err(|cause| format!("{} is missing: {cause}", path.display()))?;
    }
    for path in &order.read {
        if !old(path).exists() {
            return Err(format!("{} does not exist or is not open to all", path.display()));
        }
        reveal(path).map_err(|cause| format!("{}: {cause}", path.display()))?;
    }
    forbid_writing()?;
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

/// Shows something of the old root at the same place, with whatever is mounted below it, if it is there.
fn reveal(path: &Path) -> io::Result<()> {
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
    // With all below: the kernel lets nobody look under mounts that were made by somebody mightier.
    mount(Some(&from), path, NOTHING, MsFlags::MS_BIND | MsFlags::MS_REC, NOTHING)?;
    Ok(())
}

/// Makes every mount revealed so far read only. One by one, because a remount is never for those below.
fn forbid_writing() -> Result<(), String> {
    let table = Path::new(OLD).join("proc/self/mountinfo");
    let table = fs::read(&table).map_err(|cause| format!("mounts cannot be listed: {cause}"))?;
    for point in points(&table)?.iter().filter(|point| !point.starts_with(OLD)) {
        if point == Path::new("/") {
            // Written to until it is sealed.
            continue;
        }
        match make_read_only(point) {
            // Another mount lies over it, so that nobody gets there: nothing of it is at this path.
            Err(cause) if matches!(cause.raw_os_error(), Some(libc::ENOENT | libc::EINVAL)) => {}
            made => made.map_err(|cause| format!("{} stays writable: {cause}", point.display()))?,
        }
    }
    Ok(())
}

fn make_read_only(point: &Path) -> io::Result<()> {
    // What the outer world forbids stays forbidden, or the kernel refuses.
    let flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY | inherited(point)?;
    let device = DEVICES.iter().any(|device| point == Path::new(device));
    let more = if device { MsFlags::MS_NOSUID } else { base() };
    mount(NOTHING, point, NOTHING, flags | more, NOTHING)?;
    Ok(())
}

/// Where something is mounted: the fifth column of `mountinfo`, in which the kernel writes blanks, line
/// ends and backslashes as three octal digits (proc_pid_mountinfo(5)).
fn points(table: &[u8]) -> Result<Vec<PathBuf>, String> {
    let lines = table.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let column = line.split(|byte| *byte == b' ').nth(4).and_then(unescaped);
            let path = column.ok_or("mounts are listed in an unknown form")?;
            Ok(PathBuf::from(OsString::from_vec(path)))
        })
        .collect()
}

fn unescaped(text: &[u8]) -> Option<Vec<u8>> {
    let mut plain = vec![];
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'\\' {
            plain.push(*first);
            continue;
        }
        let (digits, after) = after.split_at_checked(3)?;
        plain.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok()?);
        rest = after;
    }
    Some(plain)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_are_found_whatever_their_names() {
        let table = b"36 35 98:0 / /old/usr rw,noatime master:1 - ext3 /dev/root rw\n\
            37 36 0:5 / /usr/a\\040b\\134c ro - tmpfs none rw\n";
        let expected = [PathBuf::from("/old/usr"), PathBuf::from("/usr/a b\\c")];
        assert_eq!(points(table).unwrap(), expected);
        assert!(points(b"36 35 98:0 /").is_err() && points(b"1 2 3 / /a\\04").is_err());
    }
}
