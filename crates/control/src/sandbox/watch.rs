//! How much memory the processes of a job have together.
//!
//! The kernel's limits count each process for itself; groups of processes have memory limits only in
//! control groups, which an ordinary user may rarely make. So the parent adds up and kills.

use std::path::PathBuf;

/// The most processes looked at: more than any limit on processes allows.
const MOST: usize = 4096;

/// Resident bytes of everything below process `root`, and not its own. Memory that two share counts twice.
pub(super) fn resident_below(root: i32) -> u64 {
    let mut total = 0;
    let mut seen = 0;
    let mut waiting = children(root);
    while let Some(pid) = waiting.pop() {
        seen += 1;
        if seen > MOST {
            break;
        }
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        // Pages of files, such as the interpreter's own, are there once however many processes map them.
        let kib = |field: &str| {
            let rest = status.lines().find_map(|line| line.strip_prefix(field));
            rest.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0)
        };
        total += (kib("RssAnon:") + kib("RssShmem:")) * 1024;
        waiting.extend(children(pid));
    }
    total
}

/// What `pid` started, or took over as orphans.
fn children(pid: i32) -> Vec<i32> {
    let mut all = vec![];
    // Any thread of it may have started others.
    let tasks = std::fs::read_dir(PathBuf::from(format!("/proc/{pid}/task")));
    for task in tasks.into_iter().flatten().flatten() {
        let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
        all.extend(children.split_whitespace().filter_map(|pid| pid.parse::<i32>().ok()));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_of_children_is_seen() {
        let own = i32::try_from(std::process::id()).unwrap();
        let mut child = std::process::Command::new("/usr/bin/sleep").arg("60").spawn().unwrap();
        // Just after its start it may not have touched anything yet.
        let until = std::time::Instant::now() + std::time::Duration::from_secs(3);
        while resident_below(own) < 1 << 16 {
            assert!(std::time::Instant::now() < until, "it has no memory");
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(resident_below(4_194_399), 0, "no such process");
    }
}
