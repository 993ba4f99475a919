//! Cases in files, tables, patterns, and made ones: what is read, and every mistake in them.

use std::fmt::Write as _;

use gatemark_core::suite::Suite;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{CONFIG, FOLDER, Files, check, files, load};

const TYPED: &str = "\
version: 1.0.0
variables:
  ticket: string
  tone: {type: enum, values: [calm, sharp], default: calm}
  age: integer
  share: {type: number, default: 0.5}
  vip: {type: boolean, default: false}
  tags: {type: list, default: []}
  more: {type: object, default: {}}
messages: [{role: user, text: \"{{ ticket }} {{ tone }} {{ age }} {{ share }} {{ vip }} {{ tags }} {{ more }}\"}]
models: [sim/learner-2026-11-01]
";

#[track_caller]
fn suite(given: &[(&str, &str)]) -> Suite {
    let given: Vec<(&str, &[u8])> =
        given.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
    let (mut prompts, found) = load(&files(&given));
    assert_eq!(found, [""; 0]);
    prompts.remove(0).suite.unwrap()
}

fn ids(suite: &Suite) -> Vec<&str> {
    suite.cases.iter().map(|case| case.id.as_str()).collect()
}

#[test]
fn every_field_of_a_case_is_read() {
    let suite = suite(&[(
        "suite.yaml",
        "repeats: 3\nchecks: [json]\ncases:\n  - {id: a, category: edge, difficulty: hard, tags: [x, y], source: doc-7, weight: 2, threshold: 0.5, variables: {ticket: t}, expected: {q: 1}}\n",
    )]);
    assert_eq!(suite.repeats, Some(3));
    let case = serde_json::to_value(&suite.cases[0]).unwrap();
    assert_eq!(
        case,
        json!({"id": "a", "category": "edge", "difficulty": "hard", "tags": ["x", "y"], "source": "doc-7",
            "weight": 2.0, "threshold": 0.5, "variables": {"ticket": "t"}, "expected": {"q": 1}})
    );
}

#[test]
fn a_table_is_typed_by_the_declarations() {
    let table = "\u{FEFF}id,age,text_column,label,tone,share,vip,tags,more,weight,kind,ignored,case.tags\r\n\
        a,7,\"He said \"\"no\"\",\nthen left\",returns,sharp,0.25,TRUE,\"[1, \"\"b\"\"]\",\"{\"\"k\"\": null}\",2,edge,zzz,p; q ;\r\n\
        \r\n\
        ,-1,,billing,,,,,,,,,\r\n";
    let suite = suite(&[
        ("prompt.yaml", TYPED),
        (
            "suite.yaml",
            "checks: [equals]\ncases:\n  - {file: data/cases.csv, columns: {ticket: text_column, expected: label, category: kind}, category: other, source: set-1}\n",
        ),
        ("data/cases.csv", table),
    ]);
    let cases = serde_json::to_value(&suite.cases).unwrap();
    assert_eq!(
        cases,
        json!([
            {"id": "a", "category": "edge", "tags": ["p", "q"], "source": "set-1", "weight": 2.0,
             "variables": {"age": 7, "ticket": "He said \"no\",\nthen left", "tone": "sharp", "share": 0.25,
                "vip": true, "tags": [1, "b"], "more": {"k": null}}, "expected": "returns"},
            {"id": "cases-2", "category": "other", "source": "set-1",
             "variables": {"age": -1, "ticket": ""}, "expected": "billing"},
        ])
    );
}

#[test]
fn every_bad_cell_is_told_with_its_line_and_column() {
    let table = "ticket,age,tone,vip,tags,weight\nx,seven,loud,yes,{},-1\n\"two\nlines\",1.5,calm,true,[],1\ny,,calm,true,[]\n";
    check(
        &[
            ("prompt.yaml", TYPED),
            ("suite.yaml", "checks: [json]\ncases: cases.csv\n"),
            ("cases.csv", table),
        ],
        &[
            "cases.csv:2:1: error: column `age` must be a whole number, not `seven` (write digits only, such as 42)",
            "cases.csv:2:1: error: column `tags` must be a JSON list, not `{}` (write it as [\"a\", \"b\"])",
            "cases.csv:2:1: error: column `tone` must be one of calm, sharp, not `loud` (write one of the declared values)",
            "cases.csv:2:1: error: column `vip` must be true or false, not `yes` (write `true` or `false`)",
            "cases.csv:2:1: error: column `weight` must be a number from 0 to 1000000, not `-1` (write a number such as 0.5)",
            "cases.csv:3:1: error: column `age` must be a whole number, not `1.5` (write digits only, such as 42)",
            "cases.csv:5:1: error: this record has 5 cells, and there are 6 columns (put cells that hold separators, quotes or line breaks in double quotes)",
        ],
    );
    check(
        &[
            ("prompt.yaml", TYPED),
            ("suite.yaml", "checks: [json]\ncases: cases.csv\n"),
            ("cases.csv", "ticket,age\nx,\n"),
        ],
        &[
            "cases.csv:2:1: error: variable `age` is required, and its cell is empty (fill the cell, or give the variable a default)",
        ],
    );
}

#[test]
fn bad_tables() {
    let with = |suite: &str, table: &str, expected: &[&str]| {
        check(&[("suite.yaml", suite), ("cases.csv", table)], expected);
    };
    let plain = "checks: [json]\ncases: cases.csv\n";
    with(
        plain,
        "",
        &[
            "cases.csv:1:1: error: the table is empty (write a line of column names, then one case a line)",
        ],
    );
    with(
        plain,
        "ticket\n",
        &[
            "cases.csv:1:1: error: the table has no cases (add a case below the column names, or remove the file)",
        ],
    );
    with(
        plain,
        "tikcet,label\nx,y\n",
        &[
            "cases.csv:1:1: error: no column holds the variable `ticket` (did you mean `tikcet`?; name it with `columns: {ticket: …}`)",
        ],
    );
    with(
        plain,
        "ticket;label\nx;y\n",
        &[
            "cases.csv:1:1: error: no column holds the variable `ticket` (the columns seem to be separated by something else: set `delimiter`; name it with `columns: {ticket: …}`)",
        ],
    );
    with(
        plain,
        "ticket,ticket\nx,y\n",
        &["cases.csv:1:1: error: there are two columns `ticket` (rename one of the two)"],
    );
    with(
        plain,
        "ticket\nx\n\"y\nz\n",
        &[
            "cases.csv:3:1: error: a quoted cell of this record is not closed, so it holds the rest of the file (close the quotation mark)",
        ],
    );
    with(
        "cases: cases.csv\n",
        "ticket\nx\n",
        &[
            "suite.yaml:1:8: error: the cases of this table have no checks, so they prove nothing (add `checks` to this list of cases or to the suite)",
        ],
    );
    with(
        "checks: [equals]\ncases: cases.csv\n",
        "ticket,expected\nx,\n",
        &[
            "cases.csv:2:1: error: the check `equals` compares with `expected`, which the case lacks (add `expected` to the case)",
        ],
    );
    with(
        "checks: [equals]\ncases: {file: cases.csv, columns: {expected: lable, colour: x}, expected_as: yaml, delimiter: xx}\n",
        "ticket,label\nx,y\n",
        &[
            "suite.yaml:2:36: error: prompts/support/triage/cases.csv has no column `lable` (did you mean `label`?)",
            "suite.yaml:2:53: error: `colour` is no variable and no field of cases (known: ticket, id, expected, category, difficulty, tags, source, weight, threshold)",
            "suite.yaml:2:78: error: `expected_as` must be one of text, json, not `yaml` (write one of these words)",
            "suite.yaml:2:95: error: `delimiter` must be a comma, semicolon, bar or tab, not text (write delimiter: \";\", \",\", \"|\" or \"\\t\")",
        ],
    );
    with(
        "checks: [json]\ncases: {file: cases.csv, expected_as: json}\n",
        "ticket,expected\nx,{\n",
        &[
            "cases.csv:2:1: error: column `expected` must be JSON, not `{` (write JSON: texts in double quotes; or remove `expected_as: json`)",
        ],
    );
    check(
        &[
            ("suite.yaml", "checks: [json]\ncases: {file: a.jsonl, columns: {ticket: x}}\n"),
            ("a.jsonl", "{}"),
        ],
        &[
            "suite.yaml:2:33: error: `columns` is for CSV files, and prompts/support/triage/a.jsonl is none (remove it)",
        ],
    );
    check(
        &[("suite.yaml", plain)],
        &[
            "suite.yaml:2:8: error: there is no file `cases.csv` (create prompts/support/triage/cases.csv)",
        ],
    );
}

#[test]
fn lists_mix_files_patterns_and_written_cases() {
    let suite = suite(&[
        (
            "suite.yaml",
            "checks: [json]\ncases:\n  - {variables: {ticket: inline}}\n  - cases/*.yaml\n  - {file: more.jsonl, category: edge, difficulty: hard, tags: [bulk], checks: [{contains: a}]}\n  - {cases: [{id: in, variables: {ticket: x}}, {variables: {ticket: y}, category: happy}], category: own}\n",
        ),
        ("cases/a.yaml", "- {variables: {ticket: a1}}\n- {id: named, variables: {ticket: a2}}\n"),
        ("cases/b.yaml", "- {variables: {ticket: b1}}\n"),
        ("cases/b.txt", "no"),
        (
            "more.jsonl",
            "{\"variables\": {\"ticket\": \"m\"}, \"tags\": [\"own\"]}\n\n{\"variables\": {\"ticket\": \"n\"}, \"category\": \"happy\"}\n",
        ),
    ]);
    assert_eq!(ids(&suite), ["case-1", "a-1", "named", "b-1", "more-1", "more-2", "in", "case-8"]);
    let more = &suite.cases[4];
    assert_eq!((more.category.as_str(), more.difficulty.as_deref()), ("edge", Some("hard")));
    assert_eq!((more.tags.len(), more.checks.len()), (2, 1));
    assert_eq!(suite.cases[5].category, "happy");
    assert_eq!(
        (suite.cases[6].category.as_str(), suite.cases[7].category.as_str()),
        ("own", "happy")
    );
}

#[test]
fn bad_lists() {
    check(
        &[
            (
                "suite.yaml",
                "repeats: 101\nchecks: [json]\ncases:\n  - none/*.yaml\n  - ../../../../x/*.yaml\n  - {file: a.jsonl, cases: []}\n  - {file: a.jsonl, id: x}\n  - {variables: {ticket: x}, weight: -1, threshold: 2, tags: x, difficulty: ''}\n  - 5\n",
            ),
            ("a.jsonl", "{\"variables\": {\"ticket\": \"m\"}}\n"),
        ],
        &[
            "suite.yaml:1:10: error: `repeats` must be from 1 to 100 (change the number)",
            "suite.yaml:4:5: error: no file matches `none/*.yaml` (`*` stands for part of a name, `**` for folders)",
            "suite.yaml:5:5: error: `../../../../x/*.yaml` lies outside the project (name files in the prompt's folder)",
            "suite.yaml:6:12: error: a list of cases has `file` or `cases`, not both (write two entries, one for each)",
            "suite.yaml:7:21: error: a list of cases has no field `id` (known fields: cases, file, columns, expected_as, delimiter, category, difficulty, source, tags, weight, threshold, checks)",
            "suite.yaml:8:38: error: `weight` must be from 0 to 1000000 (change the number)",
            "suite.yaml:8:53: error: `threshold` must be a share from 0 to 1 (write 95 % as 0.95)",
            "suite.yaml:8:62: error: `tags` must be a list, not text (start each entry with `- `)",
            "suite.yaml:8:77: error: `difficulty` is empty (fill it in, or remove the line)",
            "suite.yaml:9:5: error: a case must be a mapping, not a number (write fields as `name: value`)",
        ],
    );
    check(
        &[
            ("suite.yaml", "checks: [json]\ncases: [a.jsonl, b.jsonl]\n"),
            ("a.jsonl", "{\"id\": \"x\", \"variables\": {\"ticket\": \"m\"}}\n"),
            ("b.jsonl", "{]\n{\"id\": \"x\", \"variables\": {\"ticket\": 1}}\n"),
        ],
        &[
            "b.jsonl:1:2: error: this is not valid JSON: a key in double quotes should be here (write {\"name\": value})",
            "b.jsonl:2:8: error: the case id `x` is taken by prompts/support/triage/a.jsonl, line 1, column 8 (reports name cases by id; choose another one)",
            "b.jsonl:2:37: error: variable `ticket` must be of type string, not 1 (give a value that fits its declaration in prompt.yaml)",
        ],
    );
}

#[test]
fn a_case_that_nobody_reviewed_is_refused() {
    let pending = "{\"id\": \"call-1\", \"review\": \"pending\", \"proposed\": \"a\", \"variables\": {\"ticket\": \"m\"}}\n";
    check(
        &[("suite.yaml", "checks: [equals]\ncases: a.jsonl\n"), ("a.jsonl", pending)],
        &[
            "a.jsonl:1:28: error: this case was proposed from a recorded call, and nobody has reviewed it (list it with `gatemark suite review FILE`, then --accept or --reject it)",
        ],
    );
}

#[test]
fn the_problems_of_one_file_are_bounded_and_counted() {
    let rows: String = (0..1000).map(|_| "x,no\n").collect();
    let given: Vec<(&str, &[u8])> = vec![
        ("prompt.yaml", TYPED.as_bytes()),
        ("suite.yaml", b"checks: [json]\ncases: cases.csv\n"),
    ];
    let table = format!("ticket,age\n{rows}");
    let mut all = files(&given);
    all.insert(format!("{FOLDER}cases.csv"), table);
    let (_, found) = load(&all);
    assert_eq!(found.len(), 201, "{:?}", found.last());
    assert_eq!(
        found[0],
        "cases.csv:0:0: error: 800 more problems of this file are not shown (mend the shown ones first)"
    );
}

#[test]
fn generators_make_concrete_cases() {
    let text = "checks: [json]\ncases:\n  - {id: a, variables: {ticket: I cannot sign in}, expected: x}\n  - {id: b, category: edge, source: doc, variables: {ticket: My parcel is late}, expected: y}\ngenerate:\n  - {kind: typos, from: happy, count: 3, seed: 7, category: slips, tags: [soft], difficulty: hard}\n  - {kind: huge, count: 2, length: 300, checks: [{contains: a}]}\n  - {kind: injection, count: 2, expected: keep}\n";
    let suite = suite(&[("suite.yaml", text)]);
    let mut made: Vec<&str> = ids(&suite).split_off(2);
    made.sort_unstable();
    let known = [
        "huge-a-1",
        "huge-b-1",
        "injection-a-1",
        "injection-b-1",
        "typos-a-1",
        "typos-a-2",
        "typos-a-3",
    ];
    assert_eq!(made, known);
    let typos = &suite.cases[2];
    assert_eq!((typos.category.as_str(), typos.source.as_deref()), ("slips", Some("a")));
    assert_eq!(typos.expected, Some(json!("x")));
    assert_eq!(typos.tags, ["typos", "soft"]);
    let of_b = suite.cases.iter().find(|case| case.id == "huge-b-1").unwrap();
    assert_eq!((of_b.source.as_deref(), of_b.expected.as_ref()), (Some("doc"), None));
    assert!(
        suite
            .cases
            .iter()
            .filter(|case| case.id.starts_with("inj"))
            .all(|case| case.expected.is_some())
    );
    assert_eq!(
        super::load(&files(&[("suite.yaml", text.as_bytes())])).0[0].suite.as_ref(),
        Some(&suite)
    );
}

#[test]
fn bad_generators() {
    check(
        &[(
            "suite.yaml",
            "checks: [equals]\ncases:\n  - {id: a, variables: {ticket: I cannot sign in}, expected: x}\ngenerate:\n  - {kind: typo}\n  - {kind: empty}\n  - {kind: typos, from: none, length: 5, variable: x}\n  - {kind: empty, expected: keep, checks: [json]}\n  - {kind: wrong_type, checks: [json]}\n  - {count: 0}\n",
        )],
        &[
            "suite.yaml:5:12: error: `kind` must be one of empty, whitespace, huge, contradictory, language, unicode, injection, typos, case, malformed, wrong_type, not `typo` (did you mean `typos`?)",
            "suite.yaml:6:5: error: `empty` cases have no `expected`: the generator needs `checks` (say what any answer must fulfil, such as `checks: [json]`)",
            "suite.yaml:6:5: error: the suite's check `equals` compares with `expected`, which `empty` cases lack…",
            "suite.yaml:7:5: error: `length` is for `huge` only (remove it)",
            "suite.yaml:7:25: error: no case has the category `none` (there are happy)",
            "suite.yaml:7:52: error: `x` is no variable of this prompt that is a string (such variables: ticket)",
            "suite.yaml:8:29: error: `empty` changes what is asked, so `expected` cannot stay (remove it, and give `checks`)",
            "suite.yaml:9:5: error: `wrong_type` needs a variable that is a list or an object (the prompt declares none; use another kind)",
            "suite.yaml:9:5: error: the suite's check `equals` compares with `expected`, which `wrong_type` cases lack…",
            "suite.yaml:10:5: error: a generator needs `kind` (add `kind: …`)",
            "suite.yaml:10:13: error: `count` must be from 1 to 10000 (change the number)",
        ],
    );
    let few = "checks: [json]\ncases:\n  - {id: a, variables: {ticket: I cannot sign in}, expected: x}\ngenerate:\n";
    check(
        &[(
            "suite.yaml",
            &format!(
                "{few}  - {{kind: empty, count: 3, checks: [json]}}\n  - {{kind: malformed, checks: [json]}}\n"
            ),
        )],
        &[
            "suite.yaml:5:5: warning: `empty` makes 1 different cases, fewer than the 3 that `count` asks for (lower `count`, or write more cases to start from)",
            "suite.yaml:6:5: error: `malformed` makes no case of the 1 cases it starts from (it breaks JSON or markup in a text, and none of them holds any)",
        ],
    );
}

fn written(rows: &[Vec<String>]) -> String {
    let mut writer = csv::Writer::from_writer(vec![]);
    rows.iter().for_each(|row| writer.write_record(row).unwrap());
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

/// Texts without NUL, which no text file holds.
fn cells() -> impl Strategy<Value = String> {
    "[^\0]{0,12}"
}

proptest! {
    #[test]
    fn tables_and_json_lines_hold_what_was_written(rows in prop::collection::vec((cells(), cells()), 1..12)) {
        let mut table = vec![vec!["ticket".to_string(), "note".into(), "expected".into()]];
        let mut lines = String::new();
        for (text, expected) in &rows {
            let expected = format!("e{expected}");
            table.push(vec![text.clone(), "-".into(), expected.clone()]);
            writeln!(lines, "{}", json!({"variables": {"ticket": text}, "expected": expected})).unwrap();
        }
        let of = |name: &str, text: &str| {
            let yaml = format!("checks: [equals]\ncases: {name}\n");
            suite(&[("suite.yaml", yaml.as_str()), (name, text)])
        };
        let (csv, jsonl) = (of("c.csv", &written(&table)), of("c.jsonl", &lines));
        prop_assert_eq!(&csv, &jsonl);
        for (case, (text, expected)) in csv.cases.iter().zip(&rows) {
            prop_assert_eq!(&case.variables["ticket"], &Value::from(text.as_str()));
            prop_assert_eq!(case.expected.as_ref().unwrap(), &Value::from(format!("e{expected}")));
        }
    }

    #[test]
    fn hostile_tables_are_read_without_panic_and_lines_lie_inside(
        pieces in prop::collection::vec(prop::sample::select(vec![
            ",", "\"", "\n", "\r", "\r\n", "\"\"", "ticket", "id", "expected", "x", "é", ";", "\t", "{", "1", " ", "\n\n",
        ]), 0..40),
    ) {
        let text = format!("ticket,id\n{}", pieces.concat());
        let mut given = Files::new();
        given.insert("gatemark.yaml", CONFIG);
        given.insert(format!("{FOLDER}prompt.yaml"), super::PROMPT);
        given.insert(format!("{FOLDER}suite.yaml"), "checks: [json]\ncases: c.csv\n");
        given.insert(format!("{FOLDER}c.csv"), text.as_str());
        let project = super::load_config(&given).0.unwrap();
        let lines = text.replace("\r\n", "\n").replace('\r', "\n").split('\n').count();
        for problem in super::load_prompts(&given, &project).1 {
            prop_assert!(problem.place.line <= lines, "{problem} of {lines}");
        }
    }
}

/// The bound on time is generous for debug builds; figures are in docs/suites.md.
#[test]
fn a_hundred_thousand_rows_are_read() {
    let mut table = "id,message,label\n".to_string();
    for number in 0..100_000 {
        writeln!(table, "r{number},Where is my parcel number {number}?,delivery").unwrap();
    }
    let suite = suite(&[
        (
            "suite.yaml",
            "checks: [equals]\ncases: {file: c.csv, columns: {ticket: message, expected: label}}\n",
        ),
        ("c.csv", &table),
    ]);
    assert_eq!(suite.cases.len(), 100_000);
    assert_eq!(suite.cases[99_999].id, "r99999");
}

#[test]
fn more_cases_than_a_suite_may_have_are_not_even_read() {
    let table = format!("ticket\n{}", "x\n".repeat(300_000));
    let lines = "{\"variables\": {\"ticket\": \"x\"}}\n";
    check(
        &[
            ("suite.yaml", "checks: [json]\ncases: [c.csv, d.jsonl]\n"),
            ("c.csv", &table),
            ("d.jsonl", lines),
        ],
        &[
            "suite.yaml:2:9: error: a suite has at most 200000 cases (draw a sample, or make two prompts)",
        ],
    );
}

#[test]
fn a_table_with_a_column_of_reviews_is_refused() {
    let table = "ticket,review\nx,pending\n";
    check(
        &[("suite.yaml", "checks: [json]\ncases: cases.csv\n"), ("cases.csv", table)],
        &[
            "cases.csv:1:1: error: these cases wait for a review: there is a column `review` (`gatemark suite review` takes JSONL; look at each case, then remove the column)",
        ],
    );
    let mapped = "checks: [json]\ncases: [{file: cases.csv, columns: {ticket: review}}]\n";
    check(&[("suite.yaml", mapped), ("cases.csv", "review\nx\n")], &[]);
}
