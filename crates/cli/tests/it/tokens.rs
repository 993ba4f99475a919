//! `gatemark tokens` against tiktoken itself.
//!
//! tiktoken takes our vocabulary, rewritten as the published file, in place of its download, and refuses it
//! unless the SHA-256 is the one it knows. So equal counts prove the vocabulary, the cutting and the merging.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use gatemark_text::tokens::Encoding;
use serde_json::Value;

use crate::support::{Ran, TempDir, command, run_in};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs tests/references/tokens.py on a file and gives what it prints.
fn reference(arguments: &[&str], input: Option<&Path>) -> String {
    let python = std::env::var("GATEMARK_REFERENCE_PYTHON").expect("run scripts/setup");
    let stdin = input.map_or(Stdio::null(), |file| File::open(file).unwrap().into());
    let output = Command::new(python)
        .arg(root().join("tests/references/tokens.py"))
        .args(arguments)
        .stdin(stdin)
        .output()
        .expect("scripts/setup installs the references");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Our vocabulary as the script reads it.
fn write_vocabulary(folder: &Path, encoding: Encoding) {
    let mut file = vec![];
    for token in encoding.tokens() {
        file.push(u8::try_from(token.len()).unwrap());
        file.extend(token);
    }
    fs::write(folder.join(format!("{}.tokens", encoding.name())), file).unwrap();
}

fn rows(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Compares counts and tokens of the texts in `input` in both encodings.
#[allow(clippy::print_stdout)]
fn compare(folder: &Path, input: &Path, least: usize) {
    let texts = rows(&fs::read_to_string(input).unwrap());
    assert!(texts.len() >= least, "{} texts", texts.len());
    for encoding in Encoding::ALL {
        write_vocabulary(folder, encoding);
        let theirs = reference(&["encode", folder.to_str().unwrap(), encoding.name()], Some(input));
        let arguments =
            ["tokens", "--encoding", encoding.name(), "--jsonl", input.to_str().unwrap()];
        let ours = rows(&run_in(folder, &arguments).exits(0).out);
        let theirs = rows(&theirs);
        assert_eq!((ours.len(), theirs.len()), (texts.len(), texts.len()));
        for ((text, ours), theirs) in texts.iter().zip(&ours).zip(&theirs) {
            let name = encoding.name();
            assert_eq!((&ours["id"], &theirs["id"]), (&text["id"], &text["id"]));
            let text = text["text"].as_str().unwrap();
            assert_eq!(Value::from(encoding.encode(text)), theirs["ids"], "{name}: {text:?}");
            assert_eq!(ours["tokens"], theirs["tokens"], "{name}: {text:?}");
        }
        println!("{} texts have tiktoken's tokens in {}", texts.len(), encoding.name());
    }
}

#[test]
fn texts_of_every_kind_have_tiktokens_tokens() {
    let folder = TempDir::new();
    let messages = root().join("examples/support/data/messages.csv");
    let input = folder.path().join("texts.jsonl");
    fs::write(&input, reference(&["texts", "20261121", "4000", messages.to_str().unwrap()], None))
        .unwrap();
    compare(folder.path(), &input, 5000);
}

/// Every way in which the alternatives of the patterns can follow each other, four characters long.
#[test]
fn every_short_text_has_tiktokens_tokens() {
    let folder = TempDir::new();
    let input = folder.path().join("short.jsonl");
    fs::write(&input, reference(&["short", "4"], None)).unwrap();
    compare(folder.path(), &input, 30_000);
}

#[test]
fn every_code_point_has_the_class_that_tiktoken_sees() {
    let classes = root().join("crates/text/data/classes.bin");
    let found = rows(&reference(&["classes", classes.to_str().unwrap()], None));
    assert_eq!(found[0]["compared"], 0x11_0000 - 0x800);
    assert_eq!(found[0]["differing"], 0, "run scripts/vocabulary: {}", found[0]);
    println!("{} code points have the class that tiktoken sees", found[0]["compared"]);
}

/// What once took time by the square: one piece of a megabyte each. tiktoken itself fails on the white space.
#[test]
fn a_megabyte_in_one_piece_is_counted() {
    let folder = TempDir::new();
    let mut file = String::new();
    for unit in ["a", " ", "\n", "=", "中", "Aa\u{301}", "\u{301}A", " \u{3000}\t"] {
        let text = unit.repeat(1_000_000 / unit.len());
        file += &serde_json::json!({"id": unit, "text": text}).to_string();
        file.push('\n');
    }
    fs::write(folder.path().join("long.jsonl"), file).unwrap();
    let ran = run_in(folder.path(), &["tokens", "--jsonl", "long.jsonl"]).exits(0);
    let found = rows(&ran.out);
    assert_eq!(found.len(), 8);
    // Eight letters, and 128 spaces, are a token.
    assert_eq!((&found[0]["id"], &found[0]["tokens"]), (&"a".into(), &125_000.into()));
    assert_eq!((&found[1]["id"], &found[1]["tokens"]), (&" ".into(), &7_813.into()));
}

fn piped(arguments: &[&str], input: &[u8]) -> Ran {
    let folder = TempDir::new();
    let mut child = command(folder.path(), arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn one_text_is_counted() {
    let folder = TempDir::new();
    let run = |arguments: &[&str]| run_in(folder.path(), arguments);
    assert_eq!(run(&["tokens", "--text", "hello world"]).exits(0).out, "2\n");
    assert_eq!(run(&["tokens", "--text", ""]).exits(0).out, "0\n");
    assert_eq!(piped(&["tokens", "--text", "-"], b"hello world\n").exits(0).out, "3\n");
    let json = run(&["tokens", "--text", "-x", "--encoding", "cl100k_base", "--json"]).exits(0);
    assert_eq!(json.json(), serde_json::json!({"encoding": "cl100k_base", "tokens": 1}));
    piped(&["tokens", "--text", "-"], b"ab\xff").exits(2).complains(&["not UTF-8", "byte 3"]);
}

#[test]
fn bad_lines_are_all_told_and_good_ones_counted() {
    let input = "{\"id\": \"a\", \"text\": \"hello world\"}\n\
                 {\"id\": \"b\"}\n\
                 \n\
                 not json\n\
                 {\"id\": [1], \"txt\": \"x\"}\n\
                 [\"id\"]\n\
                 {\"text\": 7, \"id\": 1}\n\
                 {\"id\": 18, \"text\": \"\", \"label\": \"more is allowed\"}";
    let ran = piped(&["tokens", "--jsonl", "-"], input.as_bytes()).exits(2);
    assert_eq!(ran.out, "{\"id\":\"a\",\"tokens\":2}\n{\"id\":18,\"tokens\":0}\n");
    ran.complains(&[
        "stdin:2:1: `text` is missing\n  help: add `text`, a string",
        "stdin:4:",
        "is not JSON",
        "stdin:5:1: `id` is a list\n  help: make it a string or a number",
        "stdin:5:1: `text` is missing\n  help: rename `txt` to `text`",
        "stdin:6:1: is not a JSON object",
        "stdin:7:1: `text` is a number\n  help: make it a string",
        "6 errors; 2 texts were counted.",
    ]);
}

#[test]
fn wrong_usage_is_told() {
    let folder = TempDir::new();
    let run = |arguments: &[&str]| run_in(folder.path(), arguments).exits(2);
    run(&["tokens"]).complains(&["--jsonl", "--text"]);
    run(&["tokens", "--text", "x", "--jsonl", "-"]).complains(&["cannot be used with"]);
    run(&["tokens", "--jsonl", "none.jsonl"]).complains(&["none.jsonl cannot be opened"]);
    run(&["tokens", "--text", "x", "--encoding", "o200k"])
        .complains(&["write one of o200k_base, cl100k_base"]);
}
