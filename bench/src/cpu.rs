//! CPU time of a process and its descendants, from `/proc`.
//!
//! `stat` counts in ticks of 10 ms, user and system each cut down; `schedstat` counts in nanoseconds, but
//! forgets threads that have ended. So nanoseconds are used as long as no thread has ended between two
//! readings, and ticks otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::Result;

/// `USER_HZ`, which Linux has kept at 100 on every architecture that this runs on.
const TICK: Duration = Duration::from_millis(10);

/// A reading.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    /// By thread.
    threads: BTreeMap<u32, Duration>,
    ticks: u64,
}

/// Reads the times of `root` and of every process below it.
pub(crate) fn read(root: u32) -> Result<Reading> {
    let mut reading = Reading { threads: BTreeMap::new(), ticks: 0 };
    for process in tree(root)? {
        let folder = format!("/proc/{process}");
        let stat = fs::read_to_string(format!("{folder}/stat"))?;
        reading.ticks += ticks(&stat).ok_or("/proc/…/stat has an unknown form")?;
        for thread in numbers(Path::new(&format!("{folder}/task")))? {
            // It may have ended since the folder was listed.
            let Ok(text) = fs::read_to_string(format!("{folder}/task/{thread}/schedstat")) else {
                continue;
            };
            let nanoseconds = text.split(' ').next().unwrap_or_default().parse()?;
            reading.threads.insert(thread, Duration::from_nanos(nanoseconds));
        }
    }
    Ok(reading)
}

impl Reading {
    /// The time used since `earlier`, a reading of the same tree.
    pub(crate) fn since(&self, earlier: &Reading) -> Duration {
        let none_ended = earlier.threads.keys().all(|thread| self.threads.contains_key(thread));
        if none_ended && !self.threads.is_empty() {
            let before = |thread: &u32| earlier.threads.get(thread).copied().unwrap_or_default();
            let spent = self.threads.iter();
            return spent.map(|(thread, time)| time.saturating_sub(before(thread))).sum();
        }
        let ticks = u32::try_from(self.ticks.saturating_sub(earlier.ticks)).unwrap_or(u32::MAX);
        TICK * ticks
    }
}

/// Memory that the process holds, in bytes.
pub(crate) fn resident(process: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next());
    Ok(kilobytes.ok_or("/proc/…/status has an unknown form")?.parse::<u64>()? * 1024)
}

/// The most memory that `root` and each process below it have held, summed, in bytes.
pub(crate) fn peak(root: u32) -> Result<u64> {
    let of = |process: u32| {
        let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    Ok(tree(root)?.into_iter().filter_map(of).sum::<u64>() * 1024)
}

/// `root` and its descendants.
fn tree(root: u32) -> Result<BTreeSet<u32>> {
    let parents: Vec<(u32, u32)> = numbers(Path::new("/proc"))?
        .into_iter()
        .filter_map(|process| {
            let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
            Some((process, fields(&stat)?.nth(1)?.parse().ok()?))
        })
        .collect();
    let mut found = BTreeSet::from([root]);
    loop {
        let before = found.len();
        let below = parents.iter().filter(|(_, parent)| found.contains(parent));
        let below: Vec<u32> = below.map(|(process, _)| *process).collect();
        found.extend(below);
        if found.len() == before {
            return Ok(found);
        }
    }
}

fn numbers(folder: &Path) -> Result<Vec<u32>> {
    let names =
        fs::read_dir(folder)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(names.filter_map(|name| name.parse().ok()).collect())
}

/// The fields of `stat` after the name, which may itself hold spaces and parentheses.
fn fields(stat: &str) -> Option<impl Iterator<Item = &str>> {
    Some(stat.rsplit_once(')')?.1.split_whitespace())
}

/// User and system time.
fn ticks(stat: &str) -> Option<u64> {
    let times: Option<Vec<u64>> =
        fields(stat)?.skip(11).take(2).map(|field| field.parse().ok()).collect();
    times.filter(|times| times.len() == 2).map(|times| times.iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_parentheses_do_not_shift_the_fields() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 1 2 3 4 50 60 70 80 20 0 1 0 5 6 7";
        assert_eq!(ticks(stat), Some(110));
        assert_eq!(ticks("nonsense"), None);
    }

    #[test]
    fn ticks_stand_in_when_a_thread_has_ended() {
        let reading = |threads: &[(u32, u64)], ticks| Reading {
            threads: threads.iter().map(|(id, ns)| (*id, Duration::from_nanos(*ns))).collect(),
            ticks,
        };
        let before = reading(&[(1, 100), (2, 50)], 3);
        assert_eq!(reading(&[(1, 150), (2, 60), (3, 5)], 9).since(&before).as_nanos(), 65);
        assert_eq!(reading(&[(1, 150)], 9).since(&before), Duration::from_millis(60));
    }

    #[test]
    fn this_process_can_be_read() {
        let own = std::process::id();
        let before = read(own).unwrap();
        assert!(resident(own).unwrap() > 100_000);
        assert!(read(own).unwrap().since(&before) < Duration::from_secs(60));
    }
}
