//! Laws of this crate that the compiler does not know.
#![allow(clippy::unwrap_used, reason = "a scan that cannot read its files must fail")]

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

fn every_source() -> Vec<(PathBuf, String)> {
    let mut paths = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut paths);
    assert!(paths.len() > 20, "the scan finds the sources");
    paths
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            (path, text)
        })
        .collect()
}

/// Law 1: time, seeds and tables are arguments.
#[test]
fn no_io_no_clock_no_chance() {
    let banned = [
        "std::fs",
        "std::net",
        "std::env",
        "std::process",
        "std::time",
        "core::time",
        "std::thread",
        "Instant",
        "SystemTime",
        "tokio",
        "async fn",
        "rand::",
        "fastrand",
        ".timeout(",
        ".deadline(",
    ];
    for (path, text) in every_source() {
        for word in banned {
            assert!(!text.contains(word), "{}: {word}", path.display());
        }
    }
}

/// One idea per file.
#[test]
fn rooms_are_small() {
    for (path, text) in every_source() {
        let lines = text.lines().count();
        assert!(lines <= 400, "{}: {lines} lines", path.display());
    }
}

/// Only these rooms know the engine's unstable insides, so that another version costs little.
#[test]
fn the_template_engines_insides_stay_inside() {
    let allowed = ["bounds.rs", "operators.rs", "source.rs", "walk.rs"];
    for (path, text) in every_source() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let uses = text.contains("minijinja::machinery");
        assert!(!uses || allowed.contains(&name.as_str()), "{}", path.display());
    }
}
