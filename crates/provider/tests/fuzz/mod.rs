//! Any bytes as what vendors and applications send: see `tests/fuzz/drive.rs` at the root.
//!
//! These are unit tests of the crate, since its readers are not public, kept beside the fixtures that they start
//! from.

// Helpers of tests are tests too; clippy's own exception covers only the functions marked so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod answers;
mod doors;
#[path = "../../../../tests/fuzz/drive.rs"]
mod drive;
mod framing;
mod said;
mod streams;

use std::path::{Path, PathBuf};

use drive::Target;

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// The fixtures of `vendor` whose names end so.
fn fixtures(vendor: &str, ending: &str) -> Vec<Vec<u8>> {
    let folder = tests().join("fixtures").join(vendor);
    let entries = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> =
        entries.filter(|path| path.to_string_lossy().ends_with(ending)).collect();
    paths.sort();
    assert!(!paths.is_empty(), "no fixture *{ending} of {vendor}");
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

fn target<'a>(name: &'a str, seeds: Vec<Vec<u8>>, words: &'a [&'a str]) -> Target<'a> {
    Target { name, corpora: tests().join("corpus"), seeds, words }
}

/// A message without what differs from input to input.
fn class(message: &str) -> String {
    let plain = message.split(['`', '\'', '"']).step_by(2).collect::<String>();
    plain.chars().filter(|c| !c.is_ascii_digit()).take(60).collect()
}
