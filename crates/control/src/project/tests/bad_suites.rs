//! Mistakes in `suite.yaml` and its data files.

use super::{PROMPT, SUITE, check};

#[track_caller]
fn suite(text: &str, expected: &[&str]) {
    check(&[("suite.yaml", text)], expected);
}

#[test]
fn duplicate_ids_name_both_places() {
    suite(
        &format!(
            "{SUITE}  - {{id: a, variables: {{ticket: x}}}}\n  - {{id: a, variables: {{ticket: y}}}}\n"
        ),
        &[
            "suite.yaml:5:10: error: the case id `a` is taken by line 4, column 10 (reports name cases by id; choose another one)",
        ],
    );
    suite(
        &format!("{SUITE}  - {{id: case-1, variables: {{ticket: x}}}}\n"),
        &[
            "suite.yaml:4:10: error: the case id `case-1` is taken by line 3, column 5 (reports name cases by id; choose another one)",
        ],
    );
}

#[test]
fn values_are_compared_with_the_declarations() {
    suite(
        &format!("{SUITE}  - {{variables: {{tiket: x, ticket: 5}}}}\n  - id: empty\n"),
        &[
            "suite.yaml:4:18: error: variable `tiket` is not a variable of this prompt; did you mean `ticket`? (declared are ticket)",
            "suite.yaml:4:36: error: variable `ticket` must be of type string, not 5 (give a value that fits its declaration in prompt.yaml)",
            "suite.yaml:5:5: error: variable `ticket` is required and missing (give a value that fits its declaration in prompt.yaml)",
        ],
    );
}

#[test]
fn a_case_without_checks_proves_nothing() {
    suite(
        "cases:\n  - {variables: {ticket: x}}\n  - {variables: {ticket: x}, checks: []}\n",
        &[
            "suite.yaml:2:5: error: the case has no checks, so it proves nothing (add `checks` to it or to the suite)",
            "suite.yaml:3:5: error: the case has no checks, so it proves nothing (add `checks` to it or to the suite)",
        ],
    );
}

#[test]
fn bad_checks() {
    suite(
        "checks:\n  - eqals\n  - {contains: a, equals: b}\n  - not: {not: 5}\n  - not: {nothing: 5}\n  - [a]\ncases:\n  - {variables: {ticket: x}}\n",
        &[
            "suite.yaml:2:5: error: `eqals` is not a metric (did you mean `equals`?)",
            "suite.yaml:3:5: error: a check is one metric, and this one has 2 (start each check with its own `- `)",
            "suite.yaml:4:16: error: a check must be a metric's name or a mapping, not a number (write `- equals`, `- contains: text` or `- not: {contains: text}`)",
            "suite.yaml:5:5: error: `nothing` is not a metric (known metrics: equals, contains, …",
            "suite.yaml:6:5: error: a check must be a metric's name or a mapping, not a list (write `- equals`, `- contains: text` or `- not: {contains: text}`)",
        ],
    );
}

#[test]
fn bad_weights() {
    suite(
        "checks:\n  - {contains: a, weight: -1}\n  - {weight: 2}\n  - {contains: a, weight: much}\n  - {not: {contains: a, weight: 1}, weight: 2}\n  - {contains: [], weight: 1}\n  - {contains: a, weight: .nan}\n  - {contains: a, wieght: 1}\ncases:\n  - {variables: {ticket: x}}\n",
        &[
            "suite.yaml:2:27: error: `weight` must be a number from 0 (2 counts twice as much as 1; a check of weight 0 is shown and never decides)",
            "suite.yaml:3:5: error: a check is one metric, and this one has none (write `- equals`, `- contains: text` or `- not: {contains: text}`)",
            "suite.yaml:4:27: error: `weight` must be a number from 0, not text (2 counts twice as much as 1; a check of weight 0 is shown and never decides)",
            "suite.yaml:5:45: error: the check has two weights, one under `not` and one beside it (remove one of them)",
            "suite.yaml:6:5: error: `contains` has an empty list: there is nothing to look for",
            "suite.yaml:7:27: error: JSON cannot hold this number exactly (write it as text, in quotes)",
            "suite.yaml:8:5: error: a check is one metric, and this one has 2 (did you mean `weight`?)",
        ],
    );
}

#[test]
fn bad_fields() {
    suite(
        "thresholds: {accuracy: 95%, recall: 1}\ncheks: []\ncases:\n  - {id: 5, variables: {ticket: x}, expect: y, checks: [equals]}\n",
        &[
            "suite.yaml:1:24: error: `accuracy` must be a share from 0 to 1 (write 95 % as 0.95)",
            "suite.yaml:1:29: error: `thresholds` has no field `recall` (known fields: accuracy, categories, scores, macro_f1)",
            "suite.yaml:2:1: error: a suite has no field `cheks` (did you mean `checks`?)",
            "suite.yaml:4:5: error: the check `equals` compares with `expected`, which the case lacks (add `expected` to the case)",
            "suite.yaml:4:10: error: `id` must be text, not a number (put it in quotes)",
            "suite.yaml:4:37: error: a case has no field `expect` (did you mean `expected`?)",
        ],
    );
    suite(
        "thresholds: {accuracy: 95}\n",
        &[
            "suite.yaml:1:1: error: a suite needs `cases` (add `cases: …`)",
            "suite.yaml:1:24: error: `accuracy` must be a share from 0 to 1 (write 95 % as 0.95)",
        ],
    );
    suite(
        "checks: [{contains: a}]\ncases: []\n",
        &["suite.yaml:2:8: error: the suite has no cases (add a case, or remove the file)"],
    );
}

#[test]
fn bad_data_files() {
    let text = "checks: [{contains: a}]\ncases: {file: cases.json}\n";
    check(
        &[("suite.yaml", text)],
        &[
            "suite.yaml:2:15: error: there is no file `cases.json` (create prompts/support/triage/cases.json)",
        ],
    );
    check(
        &[
            ("suite.yaml", text),
            (
                "cases.json",
                "[\n  {\"id\": \"a\", \"variables\": {\"ticket\": \"x\"}},\n  {\"id\": \"a\", \"variables\": {\"ticket\": 1}}\n]\n",
            ),
        ],
        &[
            "cases.json:3:10: error: the case id `a` is taken by line 2, column 10 (reports name cases by id; choose another one)",
            "cases.json:3:39: error: variable `ticket` must be of type string, not 1 (give a value that fits its declaration in prompt.yaml)",
        ],
    );
    check(
        &[("suite.yaml", text), ("cases.json", "{}")],
        &[
            "cases.json:1:1: error: `cases` must be a list, not a mapping (start each entry with `- `)",
        ],
    );
    let lines = text.replace("json", "jsonl");
    check(
        &[("suite.yaml", &lines), ("cases.jsonl", "\n")],
        &["cases.jsonl:1:1: error: the file is empty (write one JSON object per line)"],
    );
    check(
        &[("suite.yaml", &lines), ("cases.jsonl", &"[".repeat(100))],
        &[
            "cases.jsonl:1:65: error: this is not valid JSON: more than 64 levels of nesting (make it flatter)",
        ],
    );
}

#[test]
fn a_suite_is_read_although_its_prompt_is_bad() {
    check(
        &[("prompt.yaml", "version: [\n"), ("suite.yaml", &SUITE.replace("cases", "case"))],
        &[
            "prompt.yaml:1:11: error: this is not valid YAML: while parsing a node, did not find expected node content (check indentation, quotes and brackets here and in the lines before)",
            "suite.yaml:2:1: error: a suite has no field `case` (did you mean `cases`?)",
        ],
    );
    let prompt = PROMPT.replace("ticket: string", "ticket: strng");
    check(
        &[("prompt.yaml", &prompt), ("suite.yaml", &SUITE.replace("ticket: help", "ticket: 5"))],
        &[
            "prompt.yaml:2:21: error: the type must be one of string, enum, integer, number, boolean, list, object, not `strng` (did you mean `string`?)",
        ],
    );
}

#[test]
fn a_comparing_check_needs_something_to_compare_with() {
    suite(
        "checks: [equals]\ncases:\n  - {id: a, variables: {ticket: x}}\n  - {id: b, variables: {ticket: x}, expected: y}\n",
        &[
            "suite.yaml:3:5: error: the check `equals` compares with `expected`, which the case lacks (add `expected` to the case)",
        ],
    );
}

#[test]
fn bad_thresholds() {
    suite(
        "thresholds: {categories: {happy: 0.9, edgy: 0.8}, scores: {rouge_l: 2}, macro_f1: high}\nchecks: [{contains: a}]\ncases:\n  - {variables: {ticket: x}}\n",
        &[
            "suite.yaml:1:39: error: no case has the category `edgy` (the suite has happy)",
            "suite.yaml:1:69: error: `rouge_l` must be a share from 0 to 1 (write 95 % as 0.95)",
            "suite.yaml:1:83: error: `macro_f1` must be a number from 0 to 1, not text (write a share such as 0.95)",
        ],
    );
}
