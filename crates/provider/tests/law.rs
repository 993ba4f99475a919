//! What this crate must not know: the store, prompts, policies.

// Helpers of tests are tests too; clippy's own exception covers only the functions marked so.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn vendors_know_no_store_no_prompts_and_no_policies() {
    let mut found = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(found.len() > 15, "the sources are not where this test looks");
    for path in found {
        let text = fs::read_to_string(&path).unwrap();
        for banned in ["rusqlite", "PromptName", "Policy", "SystemTime::now", "println!"] {
            assert!(!text.contains(banned), "{} mentions {banned}", path.display());
        }
        let lines = text.lines().count();
        assert!(lines <= 400, "{} has {lines} lines: split it", path.display());
    }
}
