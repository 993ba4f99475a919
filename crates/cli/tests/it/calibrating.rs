//! Judges against people's labels.

use serde_json::{Value, json};

use crate::scripted::{Asked, project, vendor, write};
use crate::support::Project;

const SUITE: &str =
    "checks: [contains: x]\ncases: [{id: a, category: happy, variables: {say: x}}]\n";

/// Likes what is long, whatever it says; knows nothing of answers that begin with `broken`.
fn lover_of_length(asked: &Asked) -> Result<String, u16> {
    let answer = asked.part("ANSWER TO JUDGE");
    if answer.starts_with("broken") {
        return Ok("{}".to_string());
    }
    let score = if answer.len() > 20 { 5 } else { 2 };
    Ok(json!({"reason": "by its length", "score": score}).to_string())
}

fn label(id: usize, answer: &str, label: impl Into<Value>) -> String {
    json!({"id": id.to_string(), "answer": answer, "label": label.into()}).to_string()
}

fn pushed(address: &str) -> Project {
    let project = project(address, SUITE);
    project.run(&["push"]).exits(0);
    project
}

#[test]
fn a_judge_that_likes_length_is_found_out() {
    let (address, _) = vendor(lover_of_length);
    let project = pushed(&address);
    let long = "a long answer, a very long answer indeed";
    let mut lines = vec![];
    // 8 right and 2 wrong on short answers, 5 right and 5 wrong on long ones.
    for id in 0..10 {
        lines.push(label(id, "short", if id < 8 { "fail" } else { "pass" }));
        lines.push(label(id + 10, long, if id < 5 { "pass" } else { "fail" }));
    }
    lines.push(label(30, "broken", "pass"));
    write(&project, "labels.jsonl", &lines.join("\n"));
    let arguments = ["judge", "calibrate", "judges/rubric", "--labels", "labels.jsonl"];
    let json = project.run(&[&arguments[..], &["--json"]].concat()).exits(0).json();
    let figures = &json["calibration"]["figures"];
    // scikit-learn 1.9: cohen_kappa_score of 5 pass/pass, 2 pass/fail, 5 fail/pass, 8 fail/fail.
    assert!((figures["kappa"].as_f64().unwrap() - 0.3).abs() < 1e-9, "{figures}");
    assert_eq!(
        figures["confusion"],
        json!({"pass_pass": 5, "pass_fail": 2, "fail_pass": 5, "fail_fail": 8})
    );
    assert_eq!((&figures["errors"], &figures["judged"]), (&json!(1), &json!(20)));
    let bias = &figures["length_bias"];
    assert!((bias["short"].as_f64().unwrap() + 0.2).abs() < 1e-9, "{bias}");
    assert!((bias["long"].as_f64().unwrap() - 0.5).abs() < 1e-9, "{bias}");
    assert_eq!(json["disagreements"].as_array().unwrap().len(), 8);
    assert_eq!(figures["cost"], 63 * 110_000);
    project.run(&arguments).exits(0).says(&["UNDER 0.6", "do not gate", "sensitivity", "0.714"]);
    let list = project.run(&["judge", "list"]).exits(0);
    list.says(&["judges/rubric", "score", "0.300", "judges/pairwise", "winner", "not calibrated"]);
    list.complains(&["0.6"]);
    // Another text is another judge.
    let system = project.path().join("prompts/judges/rubric/system.md");
    let text = std::fs::read_to_string(&system).unwrap().replace("strict", "mild");
    std::fs::write(system, text).unwrap();
    let prompt = project.path().join("prompts/judges/rubric/prompt.yaml");
    let text = std::fs::read_to_string(&prompt).unwrap();
    let text =
        text.replace("version: 1.0.0", "version: 1.0.1").replace("First version.", "Milder.");
    std::fs::write(prompt, text).unwrap();
    project.run(&["push"]).exits(0);
    project.run(&["judge", "list"]).exits(0).says(&["outdated"]);
}

#[test]
fn scores_of_several_people() {
    let (address, _) = vendor(|asked| {
        let answer = asked.part("ANSWER TO JUDGE");
        let score: i64 = answer.parse().unwrap();
        Ok(json!({"reason": "it says so", "score": score}).to_string())
    });
    let project = pushed(&address);
    let mut rows = vec!["id,answer,label,rater".to_string()];
    for (id, (judge, ann, bob)) in
        [(2, 1, 1), (2, 2, 3), (3, 3, 3), (5, 4, 4), (4, 5, 5)].into_iter().enumerate()
    {
        rows.push(format!("{id},{judge},{ann},ann"));
        rows.push(format!("{id},{judge},{bob},bob"));
    }
    write(&project, "labels.csv", &rows.join("\n"));
    let arguments =
        ["judge", "calibrate", "judges/rubric", "--labels", "labels.csv", "--votes", "1", "--json"];
    let json = project.run(&arguments).exits(0).json();
    let figures = &json["calibration"]["figures"];
    assert_eq!((&figures["raters"], &figures["items"]), (&json!(2), &json!(5)));
    let close = |name: &str, wanted: f64| {
        let found = figures[name].as_f64().unwrap();
        assert!((found - wanted).abs() < 1e-9, "{name}: {found}");
    };
    // The krippendorff package, interval level, on the raters' positions.
    close("alpha_people", ALPHA_PEOPLE);
    close("alpha", ALPHA);
    assert_eq!(figures["kappa"], 1.0);
}

const ALPHA_PEOPLE: f64 = 0.952_380_952_380_952_3;
const ALPHA: f64 = 0.854_922_279_792_746;

#[test]
fn pairs_show_position_bias() {
    let (address, _) =
        vendor(|_| Ok(json!({"reason": "the first", "winner": "first"}).to_string()));
    let project = pushed(&address);
    let line = |id: &str, label: &str| {
        json!({"id": id, "first": "x", "second": "y", "label": label}).to_string()
    };
    write(&project, "pairs.jsonl", &[line("1", "first"), line("2", "tie")].join("\n"));
    let arguments = ["judge", "calibrate", "judges/pairwise", "--labels", "pairs.jsonl"];
    project.run(&arguments).exits(0).says(&["position bias        1.000 (6/6"]);
}

#[test]
fn what_cannot_be_used_is_told_and_nothing_is_kept() {
    let (address, _) = vendor(|_| Err(500));
    let project = pushed(&address);
    write(&project, "bad.jsonl", "{\"id\": \"1\", \"anwser\": \"x\", \"label\": \"good\"}\nno");
    project
        .run(&["judge", "calibrate", "judges/rubric", "--labels", "bad.jsonl"])
        .exits(2)
        .complains(&["line 1: `anwser`", "did you mean `answer`", "line 2: not JSON"]);
    write(&project, "good.jsonl", &label(1, "x", "pass"));
    project
        .run(&["judge", "calibrate", "judges/rubric", "--labels", "good.jsonl"])
        .exits(1)
        .complains(&["gave no verdict at all"]);
    project
        .run(&["judge", "calibrate", "shop/echo", "--labels", "good.jsonl"])
        .exits(2)
        .complains(&["is no judge"]);
    project.run(&["judge", "list"]).exits(0).says(&["not calibrated"]);
    project.run(&["judge", "new", "rubric"]).exits(2).complains(&["would be overwritten"]);
}
