//! Limits that the kernel keeps for each process, and the one on processes.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use nix::sys::resource::{Resource, setrlimit};

use super::super::{Layers, Limits};

/// Address space on top of memory: engines such as V8 reserve much and use little. Bounded all the same,
/// because page tables cost memory too.
const RESERVED: u64 = 64 << 30;
/// The jail's own two threads count as processes.
const OURS: u64 = 2;

/// How many processes of this user run already and count against the limit. None where the kernel counts
/// each user namespace apart, which it does since 5.14.
pub(super) fn crowd(layers: Layers) -> u64 {
    if layers != Layers::Landlock && counts_apart() {
        return 0;
    }
    let user = nix::unistd::Uid::effective().as_raw();
    let mut running = 0;
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let process = entry.file_name().to_string_lossy().starts_with(|c: char| c.is_ascii_digit());
        if process && entry.metadata().is_ok_and(|found| found.uid() == user) {
            running += fs::read_dir(entry.path().join("task")).map_or(1, Iterator::count);
        }
    }
    u64::try_from(running).unwrap_or(u64::MAX)
}

fn counts_apart() -> bool {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut parts = release.split(['.', '-']).map_while(|part| part.parse::<u32>().ok());
    (parts.next(), parts.next()) >= (Some(5), Some(14))
}

/// Sets them for this process and everything that it starts; none of them can be raised again.
pub(super) fn bound(limits: &Limits, crowd: u64) -> Result<(), String> {
    let exact = [
        (Resource::RLIMIT_DATA, limits.memory),
        (Resource::RLIMIT_AS, limits.memory.saturating_add(RESERVED)),
        (Resource::RLIMIT_STACK, 8 << 20),
        (Resource::RLIMIT_FSIZE, limits.disk),
        (Resource::RLIMIT_NOFILE, limits.files),
        (Resource::RLIMIT_NPROC, limits.processes.saturating_add(crowd).saturating_add(OURS)),
        // 0 would still start a handler that the system pipes dumps to; 1 is the kernel's word for never.
        (Resource::RLIMIT_CORE, 1),
        (Resource::RLIMIT_MEMLOCK, 0),
        (Resource::RLIMIT_MSGQUEUE, 0),
        (Resource::RLIMIT_NICE, 0),
        (Resource::RLIMIT_RTPRIO, 0),
    ];
    let set = |resource, soft, hard| {
        setrlimit(resource, soft, hard).map_err(|cause| format!("no limit {resource:?}: {cause}"))
    };
    // First a signal that can be told from others, then the end.
    set(Resource::RLIMIT_CPU, limits.cpu_s, limits.cpu_s.saturating_add(1))?;
    exact.into_iter().try_for_each(|(resource, limit)| set(resource, limit, limit))
}
