//! Who the program is: nobody, without rights anywhere.

use std::fs;

use nix::sched::{CloneFlags, unshare};
use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};

/// The user and group that own nothing, by convention on every Linux.
pub(in super::super) const NOBODY: u32 = 65_534;

/// Root is exempt from limits on processes and from most permissions, so it stops being root first.
pub(super) fn become_nobody() -> Result<(), String> {
    if !Uid::effective().is_root() {
        return Ok(());
    }
    let (user, group) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
    setgroups(&[])
        .and_then(|()| setresgid(group, group, group))
        .and_then(|()| setresuid(user, user, user))
        // Or its own entries in /proc would belong to root, and with them the maps written below.
        .and_then(|()| nix::sys::prctl::set_dumpable(true))
        .map_err(|cause| format!("root cannot become nobody: {cause}"))
}

/// Gives this process namespaces of its own, in which it is nobody too. The one for processes comes
/// later: it is only for children.
pub(super) fn own_namespaces() -> Result<(), String> {
    let (user, group) = (Uid::effective(), Gid::effective());
    let all = CloneFlags::CLONE_NEWUSER
        | CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWNET
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS;
    unshare(all).map_err(|cause| format!("no namespaces: {cause}"))?;
    let write = |file: &str, text: String| {
        fs::write(format!("/proc/self/{file}"), text)
            .map_err(|cause| format!("no user namespace: {file}: {cause}"))
    };
    write("setgroups", "deny".to_string())?;
    write("uid_map", format!("{NOBODY} {user} 1"))?;
    write("gid_map", format!("{NOBODY} {group} 1"))?;
    nix::unistd::sethostname("sandbox").map_err(|cause| format!("no host name: {cause}"))
}

/// Makes the next child of this thread the first process of a new world of processes: it sees no other,
/// and when it ends the kernel kills whatever it started.
pub(super) fn own_processes() -> Result<(), String> {
    unshare(CloneFlags::CLONE_NEWPID).map_err(|cause| format!("no process namespace: {cause}"))
}
