//! Whatever the bytes are: no panic, and every place that is reported lies inside its file.

use gatemark_core::diagnostic::Severity;
use proptest::prelude::*;

use super::{CONFIG, FOLDER, Files, PROMPT, SUITE, files, load_config, load_prompts};

/// Pieces that lead parsers astray more often than random bytes do.
const PIECES: &[&str] = &[
    "\t",
    "\r",
    "\n",
    "\u{FEFF}",
    "\u{2028}",
    "é",
    "😀",
    "\0",
    "---\n",
    "...\n",
    "- ",
    ": ",
    "? ",
    "&a ",
    "*a",
    "!!str ",
    "<<: ",
    "{",
    "}",
    "[",
    "]",
    "|\n",
    ">-\n",
    "|9\n",
    "\"",
    "'",
    "\\",
    "#",
    "%YAML 1.2\n",
    "@",
    "`",
    "{{ x }}",
    "{% if %}",
    "{{",
    "0x",
    ".nan",
    "1e999",
    "-1",
    "null",
    "''",
    "[]",
    "{}",
    "file: prompt.yaml",
    "text: ",
    "role: system",
    "\n  ",
    "\n    - ",
    ",",
];

/// Lines of the file as an editor shows them.
fn lines(bytes: &[u8]) -> Vec<usize> {
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n").replace('\r', "\n");
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
    text.split('\n').map(|line| line.chars().count()).collect()
}

fn assert_inside(files: &Files) {
    let (project, mut found) = load_config(files);
    let fallback = load_config(&self::files(&[("/gatemark.yaml", CONFIG.as_bytes())])).0.unwrap();
    let (prompts, more) = load_prompts(files, &project.unwrap_or(fallback));
    found.extend(more);
    for problem in &found {
        let place = &problem.place;
        if place.line == 0 {
            assert_eq!((place.column, place.width), (0, 1), "{problem}");
            continue;
        }
        let lines = lines(files.get(&place.file).unwrap_or_default());
        let length =
            *lines.get(place.line - 1).unwrap_or_else(|| panic!("no such line: {problem}"));
        assert!((1..=length + 1).contains(&place.column), "{problem}");
        assert!(
            place.width >= 1 && place.column + place.width <= length.max(place.column) + 1,
            "{problem}"
        );
        assert!(!problem.message.is_empty() && problem.hint.as_deref() != Some(""), "{problem}");
    }
    for prompt in prompts {
        let folder = prompt.file.trim_end_matches("prompt.yaml");
        let own = found.iter().filter(|problem| problem.place.file.starts_with(folder));
        assert!(own.into_iter().all(|problem| problem.severity == Severity::Warning));
        assert!(!prompt.content.messages.is_empty() && !prompt.content.models.is_empty());
    }
}

/// `text` with pieces put in place of what stands at some positions.
fn damaged(text: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let edit = (any::<prop::sample::Index>(), prop::sample::select(PIECES), 0..8_usize);
    prop::collection::vec(edit, 0..4).prop_map(move |edits| {
        let mut bytes = text.as_bytes().to_vec();
        for (index, piece, removed) in edits {
            let start = index.index(bytes.len() + 1);
            let end = (start + removed).min(bytes.len());
            bytes.splice(start..end, piece.bytes());
        }
        bytes
    })
}

fn soup() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(PIECES), 0..40)
        .prop_map(|pieces| pieces.concat().into_bytes())
}

const WITH_FILES: &str = "\
version: 1.0.0
variables: {ticket: string, n: {type: enum, values: [a, b], default: a}}
messages:
  - role: system
    text: |

      Hello {{ n }}
  - {role: user, file: user.md}
examples: {file: data.json}
output: {schema: {type: object, properties: {a: {type: number}}}, fallback: {a: 1}}
models: [{model: sim/a, temperature: 1, stop: [x], messages: [{role: user, file: user.md}]}]
limits: {timeout: 1s}
";

proptest! {
    #[test]
    fn arbitrary_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200), soup in soup()) {
        for bytes in [&bytes[..], &soup[..]] {
            assert_inside(&files(&[("/gatemark.yaml", bytes), ("prompt.yaml", bytes), ("suite.yaml", bytes)]));
            assert_inside(&files(&[
                ("prompt.yaml", WITH_FILES.as_bytes()),
                ("user.md", bytes),
                ("data.json", bytes),
            ]));
        }
    }

    #[test]
    fn damaged_files(
        config in damaged(CONFIG),
        prompt in damaged(WITH_FILES),
        plain in damaged(PROMPT),
        suite in damaged(SUITE),
        data in damaged("[{\"variables\": {\"ticket\": \"x\"},\n \"output\": {\"a\": 1}}]\n"),
        text in damaged("Hello {{ ticket }}\r\n{% if n %}x{% endif %}\n"),
    ) {
        assert_inside(&files(&[
            ("/gatemark.yaml", &config),
            ("prompt.yaml", &prompt),
            ("suite.yaml", &suite),
            ("data.json", &data),
            ("user.md", &text),
        ]));
        assert_inside(&files(&[("prompt.yaml", &plain), ("suite.yaml", &suite)]));
    }

    #[test]
    fn json_lines(data in damaged("{\"variables\": {\"ticket\": \"x\"}}\n{\"id\": \"b\"}\r\n")) {
        let suite = b"checks: [{contains: x}]\ncases: {file: cases.jsonl}\n";
        assert_inside(&files(&[("suite.yaml", suite), ("cases.jsonl", &data)]));
    }
}

const WITH_LISTS: &str = "\
repeats: 2
checks: [{contains: x}]
cases:
  - {id: a, difficulty: hard, tags: [t], weight: 1, variables: {ticket: hello world}}
  - {file: data.csv, columns: {ticket: text}, delimiter: \";\", threshold: 0.5}
  - cases/*.jsonl
generate:
  - {kind: typos, from: happy, count: 2, seed: 1}
  - {kind: huge, length: 50, checks: [json]}
";

proptest! {
    #[test]
    fn damaged_lists_and_tables(
        suite in damaged(WITH_LISTS),
        table in damaged("text;id;weight\r\n\"a;\n\"\"b\";x;1\r\nc;;2\n"),
        lines in damaged("{\"variables\": {\"ticket\": \"x\"}, \"tags\": [\"t\"]}\n{\"review\": \"pending\"}\n"),
    ) {
        assert_inside(&files(&[("suite.yaml", &suite), ("data.csv", &table), ("cases/a.jsonl", &lines)]));
    }
}

#[test]
fn large_hostile_files_are_dealt_with_in_time() {
    let path = format!("{FOLDER}suite.yaml");
    for piece in [
        "[", "{", "- ", "? ", "{a: ", "a: [", "x, ", "\n", "é", "- a\n", "*a ", "&a ", "!a ",
        "|\n", "\"", "a", "? [\n", "-\n",
    ] {
        let mut given = files(&[]);
        given.insert(path.as_str(), piece.repeat((1 << 18) / piece.len()));
        assert_inside(&given);
    }
    let many = (0..20_000).map(|i| format!("k{i}: x\n")).collect::<String>();
    let mut given = files(&[]);
    given.insert(
        path.as_str(),
        format!("{many}cases:\n- variables:\n    {}", many.replace('\n', "\n    ")),
    );
    assert_inside(&given);
}
