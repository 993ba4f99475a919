//! The law that the log exists for: a process that is killed loses no record that it had appended.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

use gatemark_store::{CallFilter, CallLog, CallLogOptions, ship};

use crate::fixture::{call, store};
use crate::scratch::Scratch;

/// Makes this test binary the process that is going to be killed.
const DIRECTORY: &str = "GATEMARK_TEST_CALL_LOG";
/// Marks the lines that say that a record is safe.
const MARK: &str = "appended ";

/// Does nothing in an ordinary run; in the child it appends until it is killed.
#[test]
fn child() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let options = CallLogOptions { segment_bytes: 16 << 10, ..CallLogOptions::new(directory) };
    let log = CallLog::open(options).unwrap();
    let mut stdout = std::io::stdout().lock();
    // Bounded, so that it ends by itself if nobody kills it.
    for id in 0..1_000_000_i64 {
        log.append(&call(&format!("call-{id}"), id)).unwrap();
        if writeln!(stdout, "{MARK}call-{id}").is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn sigkill_loses_nothing_that_was_appended() {
    let scratch = Scratch::new();
    let directory = scratch.path().join("calls");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::child", "--nocapture", "--test-threads=1"])
        .env(DIRECTORY, &directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    while text.lines().count() < 500 {
        assert!(output.read_line(&mut text).unwrap() > 0, "the child ended early: {text}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    output.read_to_string(&mut text).unwrap();
    // The last line may be cut; the harness writes its own words before the first mark.
    let whole = &text[..=text.rfind('\n').unwrap()];
    let said: BTreeSet<String> = whole
        .lines()
        .filter_map(|line| line.split_once(MARK).map(|(_, id)| id.to_string()))
        .collect();
    assert!(said.len() > 400);

    let store = store(&scratch).await;
    let log = CallLog::open(CallLogOptions::new(directory)).unwrap();
    ship(&log, &store).await.unwrap();
    let filter = CallFilter { limit: 2_000_000, ..CallFilter::default() };
    let found: BTreeSet<String> =
        store.calls(&filter).await.unwrap().into_iter().map(|record| record.id).collect();
    let lost: Vec<&String> = said.difference(&found).collect();
    assert!(lost.is_empty(), "{} of {} lost: {lost:?}", lost.len(), said.len());
}
