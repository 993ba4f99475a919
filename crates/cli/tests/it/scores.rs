//! `gatemark score`: equal to the packages that everybody uses, and clear about lines that it cannot read.

mod pairs;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use gatemark_text::score::bleu::Corpus;
use gatemark_text::score::porter;
use serde_json::{Value, json};

use crate::support::{TempDir, command, run_in};
use pairs::{pairs, words};

const CLOSE: f64 = 1e-6;

/// What a script in `tests/references` prints for the lines of a file.
fn reference(mode: &str, input: &Path) -> Vec<Value> {
    let python = std::env::var("GATEMARK_REFERENCE_PYTHON").expect("`make setup` first");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/references/scores.py");
    let output = Command::new(python)
        .arg(script)
        .arg(mode)
        .stdin(File::open(input).unwrap())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "the reference failed; `make setup` installs it");
    lines(&String::from_utf8(output.stdout).unwrap())
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn write_lines(folder: &Path, name: &str, values: impl IntoIterator<Item = Value>) -> PathBuf {
    let path = folder.join(name);
    let text: String = values.into_iter().map(|value| format!("{value}\n")).collect();
    fs::write(&path, text).unwrap();
    path
}

/// Our scores of the lines, in their order.
fn ours(folder: &Path, input: &Path, check: &str, parameters: &[&str]) -> Vec<Value> {
    let mut arguments = vec!["score", "--check", check, "--jsonl", input.to_str().unwrap()];
    for parameter in parameters {
        arguments.extend(["--param", parameter]);
    }
    lines(&run_in(folder, &arguments).exits(0).out)
}

/// Collects what differs, to show some of it at once.
struct Differences {
    told: Vec<String>,
    compared: usize,
}

impl Differences {
    fn compare(&mut self, what: &str, pair: &Value, ours: &Value, theirs: &Value) {
        self.compared += 1;
        let close = match (ours.as_f64(), theirs.as_f64()) {
            (Some(ours), Some(theirs)) => (ours - theirs).abs() <= CLOSE,
            _ => false,
        };
        if !close {
            self.told.push(format!("{what}: {ours} is not {theirs} for {pair}"));
        }
    }

    #[track_caller]
    #[allow(clippy::print_stdout)]
    fn none(self, least: usize) {
        let shown: Vec<&str> = self.told.iter().take(8).map(String::as_str).collect();
        let count = self.told.len();
        assert!(count == 0, "{count} of {} differ:\n{}", self.compared, shown.join("\n"));
        assert!(self.compared >= least, "only {} comparisons", self.compared);
        println!("{} figures equal the reference's to {CLOSE}", self.compared);
    }
}

#[test]
fn scores_equal_the_reference_packages() {
    const PAIRS: usize = 1500;
    let folder = TempDir::new();
    let input = write_lines(
        folder.path(),
        "pairs.jsonl",
        pairs(PAIRS).into_iter().enumerate().map(
            |(id, pair)| json!({ "id": id, "actual": pair.actual, "expected": pair.expected }),
        ),
    );
    let asked = lines(&fs::read_to_string(&input).unwrap());
    let theirs = reference("pairs", &input);
    assert_eq!(theirs.len(), PAIRS);
    let mut differences = Differences { told: vec![], compared: 0 };
    let mut compare = |check: &str, parameters: &[&str], fields: &[(&str, &str)]| {
        let ours = ours(folder.path(), &input, check, parameters);
        assert_eq!(ours.len(), PAIRS);
        for ((ours, theirs), pair) in ours.iter().zip(&theirs).zip(&asked) {
            assert_eq!(ours["id"], theirs["id"]);
            for (own, their) in fields {
                let what = format!("{check} {parameters:?} {own}");
                let (own, their) = (ours.pointer(own).unwrap(), theirs.pointer(their).unwrap());
                differences.compare(&what, pair, own, their);
            }
        }
    };
    compare(
        "bleu",
        &[],
        &[
            ("/score", "/bleu"),
            ("/details/brevity_penalty", "/brevity_penalty"),
            ("/details/precisions/0", "/precisions/0"),
            ("/details/precisions/3", "/precisions/3"),
        ],
    );
    compare("chrf", &[], &[("/score", "/chrf")]);
    compare("chrf", &["word_order=2"], &[("/score", "/chrf++")]);
    for stem in ["false", "true"] {
        let group = if stem == "true" { "rouge_stemmed" } else { "rouge" };
        for kind in ["1", "2", "3", "L"] {
            let their = |index: usize| format!("/{group}/rouge{kind}/{index}");
            let (precision, recall, f1) = (their(0), their(1), their(2));
            compare(
                "rouge",
                &[&format!("stem={stem}"), &format!("type={kind}")],
                &[
                    ("/score", &f1),
                    ("/details/precision", &precision),
                    ("/details/recall", &recall),
                ],
            );
        }
    }
    compare("levenshtein", &[], &[("/score", "/similarity")]);
    compare("levenshtein", &["max=3"], &[("/details/distance", "/distance")]);
    // 4 of BLEU, 2 of chrF, 3 of each of 8 ROUGEs, 2 of Levenshtein.
    differences.none(PAIRS * 32);
}

#[test]
fn corpus_bleu_equals_sacrebleu() {
    const CORPORA: usize = 40;
    let pairs = pairs(1200);
    let folder = TempDir::new();
    let values = pairs.iter().enumerate().map(|(id, pair)| {
        json!({ "id": id, "corpus": id % CORPORA, "actual": pair.actual, "expected": pair.expected })
    });
    let theirs = reference("corpus", &write_lines(folder.path(), "pairs.jsonl", values));
    assert_eq!(theirs.len(), CORPORA + 1);
    let mut differences = Differences { told: vec![], compared: 0 };
    for their in &theirs {
        let mut corpus = Corpus::default();
        for (id, pair) in pairs.iter().enumerate() {
            if their["corpus"] == "all" || their["corpus"] == id % CORPORA {
                corpus.add(&pair.actual, &pair.expected).unwrap();
            }
        }
        let ours = corpus.bleu();
        differences.compare("corpus", &their["corpus"], &json!(ours.score), &their["bleu"]);
        let penalty = json!(ours.brevity_penalty);
        differences.compare("penalty", &their["corpus"], &penalty, &their["brevity_penalty"]);
    }
    differences.none(2 * (CORPORA + 1));
}

#[test]
fn stems_equal_nltk() {
    const WORDS: usize = 30_000;
    let (folder, words) = (TempDir::new(), words(WORDS));
    let path = folder.path().join("words.txt");
    fs::write(&path, words.join("\n")).unwrap();
    let theirs = reference("stems", &path);
    assert_eq!(theirs.len(), words.len());
    let wrong: Vec<String> = words
        .iter()
        .zip(&theirs)
        .filter_map(|(word, their)| {
            let mut stem = word.clone().into_bytes();
            porter::stem(&mut stem);
            let stem = String::from_utf8(stem).unwrap();
            (*their != stem).then(|| format!("{word}: {stem} is not {their}"))
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {WORDS}: {:?}",
        wrong.len(),
        wrong.iter().take(20).collect::<Vec<_>>()
    );
    println!("{WORDS} stems equal nltk's");
}

#[test]
fn the_promptfoo_flavour_equals_what_promptfoo_gave() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/references/promptfoo.jsonl");
    let recorded = lines(&fs::read_to_string(path).unwrap());
    let (head, pairs) = recorded.split_first().unwrap();
    assert_eq!(head["promptfoo"], "0.123.1");
    let folder = TempDir::new();
    let input = write_lines(folder.path(), "pairs.jsonl", pairs.iter().cloned());
    let mut differences = Differences { told: vec![], compared: 0 };
    for (check, field) in [("bleu", "bleu"), ("rouge", "rouge_n")] {
        let ours = ours(folder.path(), &input, check, &["flavour=promptfoo"]);
        assert_eq!(ours.len(), pairs.len());
        for (ours, pair) in ours.iter().zip(pairs) {
            differences.compare(check, pair, &ours["score"], &pair[field]);
        }
    }
    differences.none(2000);
}

#[test]
fn every_problem_is_told_and_good_lines_are_scored() {
    let folder = TempDir::new();
    let text = [
        r#"{"id": 1, "actual": "a b", "expected": "a b", "note": "ignored"}"#,
        "",
        r#"{"id": 2, "actual": "é" "expected": "a"}"#,
        r#"{"actual": 3}"#,
        "[1]",
        r#"{"id": "six", "actual": "x", "expected": {"a": 1}}"#,
        r#"{"id": "seven", "actual": "a b c", "expected": ["x", "a b c"]}"#,
    ]
    .join("\n");
    fs::write(folder.path().join("l.jsonl"), text).unwrap();
    let ran = run_in(folder.path(), &["score", "--check", "bleu", "--jsonl", "l.jsonl"]).exits(2);
    let scored = lines(&ran.out);
    assert_eq!(scored.len(), 2, "{}", ran.out);
    assert_eq!((&scored[0]["id"], &scored[1]["id"]), (&json!(1), &json!("seven")));
    assert!((scored[1]["score"].as_f64().unwrap() - 1.0).abs() < 1e-12);
    ran.complains(&[
        "l.jsonl:3:25: the line is not JSON",
        "l.jsonl:4:1: `id` is missing",
        "l.jsonl:4:1: `actual` is not a text",
        "l.jsonl:4:1: `expected` is missing",
        "l.jsonl:5:1: the line is not a JSON object",
        "l.jsonl:6:1: cannot be scored: `expected` must be a text or a list",
        "write {\"id\"",
        "2 lines scored, mean 1.0000; 4 lines were left out",
    ]);
}

#[test]
fn lines_come_from_stdin_and_checks_without_a_score_give_one() {
    let folder = TempDir::new();
    let arguments = ["score", "--check", "contains", "--param", "value=b", "--jsonl", "-"];
    let mut child = command(folder.path(), &arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // More than one batch, in order; written beside the reading, for pipes are short.
    let writer = std::thread::spawn(move || {
        for id in 0..20_000 {
            let actual = if id % 2 == 0 { "abc" } else { "xyz" };
            writeln!(stdin, "{}", json!({ "id": id, "actual": actual })).unwrap();
        }
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    let scored = lines(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(scored.len(), 20_000);
    for (id, line) in scored.iter().enumerate() {
        assert_eq!(line["id"], id);
        assert_eq!(line["score"], if id % 2 == 0 { 1.0 } else { 0.0 });
    }
    assert!(scored[1]["details"]["reason"].as_str().unwrap().contains("expected"));
}

#[test]
fn mistakes_on_the_command_line_are_named() {
    let folder = TempDir::new();
    fs::write(folder.path().join("l.jsonl"), "").unwrap();
    for (arguments, parts) in [
        (vec!["--check", "blue"], vec!["`blue` is not a metric", "did you mean `bleu`?"]),
        (vec!["--check", "latency"], vec!["judges a call and not a text"]),
        (vec!["--check", "bleu", "--param", "x=1"], vec!["`x` is not a parameter of `bleu`"]),
        (vec!["--check", "bleu", "--param", "x"], vec!["write KEY=VALUE"]),
        (
            vec!["--check", "bleu", "--param", "value=a", "--param", "value=b"],
            vec!["--param value is given twice"],
        ),
    ] {
        let mut all = vec!["score", "--jsonl", "l.jsonl"];
        all.extend(arguments);
        run_in(folder.path(), &all).exits(2).complains(&parts);
    }
    run_in(folder.path(), &["score", "--check", "bleu", "--jsonl", "none.jsonl"])
        .exits(2)
        .complains(&["none.jsonl cannot be opened"]);
}
