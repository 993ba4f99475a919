//! The call log: nothing lost, nothing twice, bounds kept.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use gatemark_store::{CallFilter, CallLog, CallLogOptions, LogFull, Store, ship};

use crate::fixture::{call, store};
use crate::scratch::Scratch;

fn options(scratch: &Scratch) -> CallLogOptions {
    CallLogOptions { segment_bytes: 4 << 10, ..CallLogOptions::new(scratch.path().join("calls")) }
}

fn append(log: &CallLog, ids: std::ops::Range<i64>) {
    for id in ids {
        log.append(&call(&format!("call-{id}"), id)).unwrap();
    }
}

async fn stored(store: &Store) -> BTreeSet<String> {
    let filter = CallFilter { limit: 100_000, ..CallFilter::default() };
    store.calls(&filter).await.unwrap().into_iter().map(|record| record.id).collect()
}

fn segments(scratch: &Scratch) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(scratch.path().join("calls")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|suffix| suffix == "seg")).collect()
}

/// What a crash leaves: the segments as they are, and nobody who holds their locks.
fn crash(scratch: &Scratch, log: CallLog) {
    let copies: Vec<(PathBuf, Vec<u8>)> = segments(scratch)
        .into_iter()
        .map(|path| (path.clone(), std::fs::read(&path).unwrap()))
        .collect();
    drop(log);
    for (path, bytes) in copies {
        std::fs::write(path, bytes).unwrap();
    }
}

#[tokio::test]
async fn records_reach_the_store_once_and_segments_go() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    let log = CallLog::open(options(&scratch)).unwrap();
    append(&log, 0..100);
    assert!(segments(&scratch).len() > 5);
    let shipped = ship(&log, &store).await.unwrap();
    assert_eq!(shipped.records, 100);
    assert_eq!(segments(&scratch).len(), 1);
    assert_eq!(ship(&log, &store).await.unwrap(), gatemark_store::Shipped::default());
    append(&log, 100..103);
    assert_eq!(ship(&log, &store).await.unwrap().records, 3);
    assert_eq!(stored(&store).await.len(), 103);
    drop(log);
    assert!(segments(&scratch).is_empty(), "all is stored, so nothing stays behind");
}

#[tokio::test]
async fn what_a_crash_leaves_is_recovered() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    let log = CallLog::open(options(&scratch)).unwrap();
    append(&log, 0..50);
    ship(&log, &store).await.unwrap();
    append(&log, 50..60);
    let last = segments(&scratch).into_iter().max().unwrap();
    crash(&scratch, log);
    OpenOptions::new().append(true).open(last).unwrap().write_all(&[200, 0, 0, 0, 1, 2]).unwrap();

    let log = CallLog::open(options(&scratch)).unwrap();
    assert_eq!(log.torn(), 1);
    append(&log, 60..61);
    ship(&log, &store).await.unwrap();
    assert_eq!(stored(&store).await.len(), 61);
    assert_eq!(segments(&scratch).len(), 1);
}

#[tokio::test]
async fn a_damaged_segment_gives_what_it_can_and_is_kept() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    let log =
        CallLog::open(CallLogOptions { segment_bytes: 1 << 20, ..options(&scratch) }).unwrap();
    append(&log, 0..10);
    let path = segments(&scratch).pop().unwrap();
    crash(&scratch, log);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    std::fs::write(&path, bytes).unwrap();

    let log = CallLog::open(options(&scratch)).unwrap();
    ship(&log, &store).await.unwrap();
    let found = stored(&store).await;
    assert!((4..=5).contains(&found.len()), "{found:?}");
    assert!(path.with_extension("kept").exists());
    assert_eq!(log.pending_bytes(), 0);
}

/// A frame of a later release, in the middle of a segment and shipped in two rounds.
#[tokio::test]
async fn a_record_of_unknown_form_is_kept() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    let log = CallLog::open(options(&scratch)).unwrap();
    append(&log, 0..1);
    let path = segments(&scratch).pop().unwrap();
    crash(&scratch, log);
    let mut frames = std::fs::read(&path).unwrap();
    let payload = br#"{"id":"from the future"}"#;
    let length = u32::try_from(payload.len()).unwrap().to_le_bytes();
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length);
    hasher.update(payload);
    let known = frames.clone();
    frames.extend(length);
    frames.extend(hasher.finalize().to_le_bytes());
    frames.extend(payload);
    frames.extend(known);
    std::fs::write(&path, frames).unwrap();

    // A living writer elsewhere: the first round may not set the segment aside.
    let writer = OpenOptions::new().append(true).open(&path).unwrap();
    writer.lock().unwrap();
    let log = CallLog::open(options(&scratch)).unwrap();
    assert_eq!(ship(&log, &store).await.unwrap().records, 1);
    assert!(path.exists());
    drop(writer);
    assert_eq!(ship(&log, &store).await.unwrap().segments_removed, 1);
    assert!(path.with_extension("kept").exists());
}

#[tokio::test]
async fn two_shippers_and_a_writer_at_once() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    let mine = CallLog::open(options(&scratch)).unwrap();
    // A second log on the same directory stands for a second process: locks are per open file.
    let theirs = CallLog::open(options(&scratch)).unwrap();
    let mut records = 0;
    for round in 0..10 {
        append(&mine, round * 20..round * 20 + 10);
        append(&theirs, round * 20 + 10..round * 20 + 20);
        let (a, b, c) =
            tokio::join!(ship(&mine, &store), ship(&theirs, &store), ship(&mine, &store));
        records += a.unwrap().records + b.unwrap().records + c.unwrap().records;
    }
    assert_eq!(records, 200);
    assert_eq!(stored(&store).await.len(), 200);
}

#[tokio::test]
async fn the_segment_of_a_living_process_is_shipped_but_not_deleted() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    let theirs = CallLog::open(options(&scratch)).unwrap();
    append(&theirs, 0..3);
    let mine = CallLog::open(options(&scratch)).unwrap();
    let shipped = ship(&mine, &store).await.unwrap();
    assert_eq!((shipped.records, shipped.segments_removed), (3, 0));
    append(&theirs, 3..4);
    assert_eq!(ship(&mine, &store).await.unwrap().records, 1);
}

#[tokio::test]
async fn a_full_log_drops_counts_and_recovers() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    let small = CallLogOptions { total_bytes: 2_000, segment_bytes: 1_000, ..options(&scratch) };
    let log = CallLog::open(small).unwrap();
    let mut taken = 0;
    while log.append(&call(&format!("call-{taken}"), taken)).is_ok() {
        taken += 1;
    }
    assert!(taken > 0);
    assert_eq!(log.append(&call("more", 0)), Err(LogFull));
    assert_eq!(log.dropped(), 2);
    assert!(log.pending_bytes() <= 2_000);
    ship(&log, &store).await.unwrap();
    assert_eq!(log.pending_bytes(), 0);
    log.append(&call("again", 0)).unwrap();
    assert_eq!(log.dropped(), 2);
    assert_eq!(stored(&store).await.len(), usize::try_from(taken).unwrap());
}

#[tokio::test]
async fn what_the_store_refuses_stays_in_the_log() {
    let scratch = Scratch::new();
    let closed = store(&scratch).await;
    closed.close().await;
    let log = CallLog::open(options(&scratch)).unwrap();
    append(&log, 0..30);
    assert!(ship(&log, &closed).await.is_err());
    let open = store(&scratch).await;
    assert_eq!(ship(&log, &open).await.unwrap().records, 30);
}
