//! How much memory the processes of a job have together.
//!
//! The kernel's limits count each process for itself; groups of processes have memory limits only in
//! control groups, which an ordinary user may rarely make. So the parent adds up and kills.

use std::path::PathBuf;

/// The most processes looked at: more than any limit on processes allows.
const MOST: usize = 4096;

/// Resident bytes of process `root` and everything below it. Memory that two of them share counts twice.
pub(super) fn resident(root: i32) -> u64 {
    let mut total = 0;
    let mut seen = 0;
    let mut waiting = vec![root];
    while let Some(pid) = waiting.pop() {
        seen += 1;
        if seen > MOST {
            break;
        }
        let folder = PathBuf::from(format!("/proc/{pid}"));
        let status = std::fs::read_to_string(folder.join("status")).unwrap_or_default();
        let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = kib.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
        total += kib.unwrap_or(0) * 1024;
        // Any thread of it may have started others.
        for task in std::fs::read_dir(folder.join("task")).into_iter().flatten().flatten() {
            let children = std::fs::read_to_string(task.path().join("children"));
            let children = children.unwrap_or_default();
            waiting.extend(children.split_whitespace().filter_map(|pid| pid.parse::<i32>().ok()));
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processs_own_memory_is_seen() {
        let own = i32::try_from(std::process::id()).unwrap();
        assert!(resident(own) > 1 << 20);
        assert_eq!(resident(4_194_399), 0, "no such process");
    }
}
