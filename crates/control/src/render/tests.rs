//! Every format on rows of every kind, with texts that try to get out.

use gatemark_core::money::NanoUsd;
use gatemark_core::report::{CheckResult, Labelled, Report, Row, Summary, Verdict};
use gatemark_core::suite::{Case, Suite};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Against, Format, Goal, ReportDocument, write};

const HOSTILE: &str =
    "</script><img src=x onerror=alert(1)>\u{1b}[2J]]>|```\n@everyone #1 & \u{202e}";

fn row(case: &str, repeat: u32, verdict: Verdict) -> Row {
    let detail = (verdict != Verdict::Pass).then(|| format!("expected {HOSTILE}"));
    let mut check = CheckResult::plain("equals", verdict, detail);
    check.metric = "equals".into();
    check.label = Some(Labelled { expected: "billing".into(), actual: HOSTILE.into() });
    Row {
        weight: None,
        case: case.into(),
        category: if case == "b" { HOSTILE.into() } else { "happy".into() },
        repeat,
        score: Some(0.5),
        cached: repeat > 1,
        verdict,
        format_valid: true,
        actual: HOSTILE.into(),
        checks: if verdict == Verdict::Untested { vec![] } else { vec![check] },
        error: (verdict == Verdict::Error).then(|| HOSTILE.into()),
        latency_us: 12_345,
        cost: Some(NanoUsd(1_000)),
        paid: None,
        call: "call".into(),
    }
}

fn rows() -> Vec<Row> {
    use Verdict::{Error, Fail, Inconclusive, Pass, Untested};
    let first = [("a", Pass), ("b", Fail), ("c", Error), ("d", Untested), ("e", Inconclusive)];
    let second = [("a", Fail), ("b", Fail), ("c", Pass), ("d", Untested), ("e", Pass)];
    let tries = |list: [(&str, Verdict); 5], repeat| list.map(|(case, v)| row(case, repeat, v));
    tries(first, 1).into_iter().chain(tries(second, 2)).collect()
}

fn report(rows: &[Row]) -> Report {
    Report {
        id: "0193".into(),
        prompt: "support/triage".parse().unwrap(),
        number: 3,
        version: gatemark_core::id::Digest::of(b"version"),
        suite: gatemark_core::id::Digest::of(b"suite"),
        model: "sim/learner-2026-11-01".parse().unwrap(),
        actor: "ana".into(),
        finished_at: 1_800_000_000_000_000,
        stopped: None,
        judges: vec![],
        upstreams: Default::default(),
        summary: Summary::of(rows),
    }
}

fn suite() -> Suite {
    let case = |id: &str| Case {
        id: id.into(),
        category: "happy".into(),
        difficulty: None,
        tags: vec!["tag".into()],
        source: None,
        weight: None,
        threshold: None,
        variables: serde_json::from_value(json!({"message": HOSTILE})).unwrap(),
        expected: Some(json!("wanted #1 & more")),
        checks: vec![],
    };
    Suite { cases: ["a", "b", "c", "d", "e"].map(case).to_vec(), ..Suite::default() }
}

fn rendered(format: Format, rows: &[Row]) -> String {
    let (report, suite) = (report(rows), suite());
    let document = ReportDocument {
        report: &report,
        suite: Some(&suite),
        semver: Some("1.2.0".into()),
        goal: Some(Goal { accuracy: Some(0.9), unmet: vec![format!("accuracy {HOSTILE}")] }),
        comparison: Some(Against {
            baseline: "version 2".into(),
            sentence: "Worse.".into(),
            lost: vec![HOSTILE.into()],
            gained: vec![],
            figures: json!({}),
        }),
    };
    let mut out = vec![];
    write(format, &document, rows, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn json_holds_the_rows_as_they_are() {
    let text: Value = serde_json::from_str(&rendered(Format::Json, &rows())).unwrap();
    assert_eq!(text["format"], 1);
    assert_eq!(text["report"]["summary"]["rows"], 10);
    let read: Vec<Row> = serde_json::from_value(text["rows"].clone()).unwrap();
    assert_eq!(read, rows());
    let lines = rendered(Format::Jsonl, &rows());
    let read: Vec<Row> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(read, rows());
    let none: Value = serde_json::from_str(&rendered(Format::Json, &[])).unwrap();
    assert_eq!(none["rows"], json!([]));
}

#[test]
fn promptfoo_counts_what_is_no_pass_against_the_version() {
    let text: Value = serde_json::from_str(&rendered(Format::Promptfoo, &rows())).unwrap();
    assert_eq!(text["results"]["version"], 3);
    assert_eq!(text["results"]["timestamp"], "2027-01-15T08:00:00.000Z");
    let stats = &text["results"]["stats"];
    assert_eq!([&stats["successes"], &stats["failures"], &stats["errors"]], [3, 4, 3]);
    let untested = &text["results"]["results"][3];
    assert_eq!((&untested["success"], &untested["failureReason"]), (&json!(false), &json!(2)));
    assert_eq!(untested["error"], "nothing was checked");
    assert_eq!(text["results"]["results"][1]["vars"]["message"], HOSTILE);
}

#[test]
fn junit_has_a_test_a_case_with_its_tries() {
    let xml = rendered(Format::Junit, &rows());
    assert!(xml.contains(r#"tests="6" failures="4" errors="1""#), "{xml}");
    assert!(
        xml.contains(r#"<failure message="passed 1 of 2 times (flaky); equals: expected "#),
        "{xml}"
    );
    assert!(
        xml.contains("<skipped message=\"passed 0 of 2 times; nothing was checked\"/>"),
        "{xml}"
    );
    assert!(!xml.contains("<img") && !xml.contains('\u{1b}'));
    assert_eq!(xml.matches("<testcase ").count(), 6);
}

#[test]
fn markdown_keeps_texts_inside_spans_and_fences() {
    let text = rendered(Format::Markdown, &rows());
    let mut fence: Option<String> = None;
    for line in text.lines() {
        let mark: String = line.chars().take_while(|c| *c == '`').collect();
        match &fence {
            Some(open) if line == open => fence = None,
            Some(_) => {}
            None if mark.len() >= 3 && line.ends_with("text") => fence = Some(mark),
            None => {
                // Outside of fences it may stand in a code span only.
                let bare: String = line.split('`').step_by(2).collect();
                assert!(!bare.contains('@') || line.contains("```"), "{line}");
                assert!(!line.contains("<img") || line.contains("```` "), "{line}");
            }
        }
    }
    assert!(fence.is_none());
    assert!(text.contains("**flaky** (3 cases passed some times and not others)"), "{text}");
}

#[test]
fn markdown_is_bounded() {
    let mut many = vec![];
    for n in 0..3_000 {
        let mut row = row(&format!("{n}{}", "x".repeat(500)), 1, Verdict::Fail);
        row.category = format!("{n}{}", "`|".repeat(500));
        row.actual = "€`".repeat(50_000);
        many.push(row);
    }
    let text = rendered(Format::Markdown, &many);
    assert!(text.chars().count() < 60_000, "{}", text.chars().count());
    assert!(text.contains("2980 more") || text.contains(" more: `gatemark report"), "{text}");
}

#[test]
fn html_holds_hostile_text_as_data_only() {
    let page = rendered(Format::Html, &rows());
    assert_eq!(page.matches("</script>").count(), 4);
    assert!(!page.contains("<img") && !page.contains("http://x") && !page.contains("https://"));
    let start = page.find("id=\"rows\">").unwrap() + "id=\"rows\">".len();
    let data = &page[start..start + page[start..].find("</script>").unwrap()];
    let read: Vec<Value> = serde_json::from_str(data).unwrap();
    assert_eq!(read.len(), 10);
    assert_eq!(read[0]["actual"], HOSTILE);
    assert_eq!(read[1]["about"]["variables"]["message"], HOSTILE);
    assert!(read[1]["diff"].is_array() && read[0]["diff"].is_null());
}

proptest! {
    #[test]
    fn every_format_stays_well_formed(text in "\\PC{0,40}|[\\x00-\\x7f]{0,40}") {
        let mut rows = rows();
        for row in &mut rows {
            row.actual = text.clone();
            row.category = text.clone();
            row.error = Some(text.clone());
        }
        prop_assert!(serde_json::from_str::<Value>(&rendered(Format::Json, &rows)).is_ok());
        prop_assert!(serde_json::from_str::<Value>(&rendered(Format::Promptfoo, &rows)).is_ok());
        let xml = rendered(Format::Junit, &rows);
        prop_assert!(xml.chars().all(|c| !c.is_control() || c == '\n'));
        prop_assert_eq!(rendered(Format::Html, &rows).matches("</script>").count(), 4);
        prop_assert!(rendered(Format::Markdown, &rows).chars().count() < 60_000);
    }
}
