//! The second choice where this program may not make namespaces and `bwrap` may: it is setuid, or the
//! security policy of the machine names it, as Ubuntu's for AppArmor does.
//!
//! The jail is started twice. Outside it stops being root and turns into `bwrap`, which makes the world and
//! starts the jail again as the first process in it; that one reads the order, adds Landlock, seccomp and
//! limits, and goes on as in every other set. What ends with it, the kernel kills.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::os::fd::IntoRawFd as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::fcntl::{FcntlArg, FdFlag, fcntl};

use super::super::Layers;
use super::super::limits::ALLOCATOR;
use super::world::{DEVICES, FILES, SYSTEM, WORK};
use super::{files, identity, resources};

/// Where it is looked for; the caller's `PATH` does not count.
const PLACES: [&str; 2] = ["/usr/bin/bwrap", "/usr/local/bin/bwrap"];
/// Where the jail finds itself.
const SELF: &str = "/jail";

/// Turns into `bwrap`, in whose world `folder` can be written to and `read` can be read. Returns only if
/// that fails. `words` are those with which this program is told to be a jail.
pub(super) fn turn_into(words: &[OsString], folder: &Path, read: &[PathBuf]) -> String {
    match prepare(words, folder, read) {
        Ok(mut command) => format!("bubblewrap cannot be started: {}", command.exec()),
        Err(reason) => reason,
    }
}

fn prepare(words: &[OsString], folder: &Path, read: &[PathBuf]) -> Result<Command, String> {
    let bwrap = PLACES.iter().find(|place| Path::new(place).is_file());
    let bwrap = bwrap.ok_or("bubblewrap is not installed")?;
    // What is open now, `bwrap` would hand on.
    files::close_inherited(0);
    // While its folder can still be read, which may be root's.
    let own = File::open("/proc/self/exe").map_err(|cause| format!("no jail to show: {cause}"))?;
    identity::become_nobody()?;
    let crowd = resources::crowd(Layers::Bubblewrap);
    fcntl(&own, FcntlArg::F_SETFD(FdFlag::empty()))
        .map_err(|cause| format!("no jail to show: {cause}"))?;
    let mut command = Command::new(bwrap);
    command
        .env_clear()
        // Not `--unshare-user-try`: without users of its own, processes are counted with all others.
        .args(["--unshare-user", "--unshare-all", "--hostname", "sandbox", "--cap-drop", "ALL"])
        .args(["--as-pid-1", "--die-with-parent", "--setenv", ALLOCATOR.0, ALLOCATOR.1]);
    show(&mut command, folder, read)?;
    command.args(["--perms", "0555", "--ro-bind-data"]);
    // It stays open: `bwrap` copies from it.
    command.args([own.into_raw_fd().to_string().as_str(), SELF]);
    command.args(["--remount-ro", "/", "--chdir", WORK, "--", SELF]).args(words);
    command.args(["inside", &crowd.to_string()]);
    Ok(command)
}

/// The same files that `world` shows, but the job's folder lies outside: a file system in memory has no
/// bound of its own if `bwrap` is setuid.
fn show(command: &mut Command, folder: &Path, read: &[PathBuf]) -> Result<(), String> {
    if !read.iter().any(|path| path.starts_with("/tmp")) {
        command.args(["--symlink", WORK, "/tmp"]);
    }
    for path in SYSTEM.iter().chain(&FILES).map(Path::new) {
        let Ok(found) = fs::symlink_metadata(path) else { continue };
        if !found.is_symlink() {
            bind(command, "--ro-bind", path, path);
            continue;
        }
        let to = fs::read_link(path).map_err(|cause| format!("{}: {cause}", path.display()))?;
        bind(command, "--symlink", &to, path);
    }
    for path in DEVICES.map(Path::new) {
        bind(command, "--dev-bind-try", path, path);
    }
    for path in read {
        if !path.exists() {
            return Err(format!("{} does not exist or is not open to all", path.display()));
        }
        bind(command, "--ro-bind", path, path);
    }
    bind(command, "--bind", folder, Path::new(WORK));
    Ok(())
}

fn bind(command: &mut Command, how: &str, from: &Path, to: &Path) {
    command.args([OsStr::new(how), from.as_os_str(), to.as_os_str()]);
}
