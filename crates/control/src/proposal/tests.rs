use super::*;
use serde_json::json;

fn record(id: &str, input: Value, output: &str) -> CallRecord {
    let digest = Digest::of(b"x").to_string();
    serde_json::from_value(json!({
        "id": id, "at": 1, "purpose": "serve", "caller": "c", "prompt": "a/b", "number": 1,
        "version": digest, "environment": "production", "arm": "stable", "model": "sim/m",
        "stream": false, "outcome": "ok", "error": null, "variables_hash": null,
        "recording": "content", "input": input.to_string(), "output": output,
        "usage": gatemark_core::model::Usage::default(), "cost": 0, "priced": true, "latency_us": 1,
        "vendor_us": 1, "first_token_us": null, "attempts": []
    }))
    .unwrap()
}

fn content() -> Content {
    serde_json::from_value(json!({
        "variables": {
            "text": {"type": "string", "trust": "untrusted"},
            "tone": {"type": "enum", "values": ["calm", "a@b.example"], "trust": "trusted", "default": "calm"},
        },
        "messages": [{"role": "user", "text": "{{ text }}"}],
        "output": {"schema": {"type": "object"}},
        "models": [{"model": "sim/m"}],
        "limits": {},
    }))
    .unwrap()
}

fn suite() -> Suite {
    serde_json::from_value(json!({
        "thresholds": {},
        "checks": [{"metric": "equals", "parameters": {"at": "/queue"}}],
        "cases": [{"id": "a", "category": "happy", "variables": {"text": "known"}, "expected": "x"}],
    }))
    .unwrap()
}

fn proposals(records: &[CallRecord], sample: Option<(usize, u64)>) -> Proposals {
    reviewed(records, sample, &HashMap::new())
}

fn reviewed(
    records: &[CallRecord],
    sample: Option<(usize, u64)>,
    reviewed: &HashMap<String, Resolution>,
) -> Proposals {
    let (content, suite) = (content(), suite());
    let known = HashSet::new();
    let purpose = Purpose {
        content: &content,
        suite: Some(&suite),
        category: "production",
        known: &known,
        sample,
        reviewed,
    };
    of_calls(records, &purpose).unwrap()
}

#[test]
fn calls_become_redacted_cases_once() {
    let call = |id: &str, text: &str| {
        let variables = json!({"variables": {"text": text, "tone": "a@b.example"}});
        record(id, variables, "{\"queue\": \"mail of z@y.example\"}")
    };
    let found = proposals(
        &[
            call("1", "I am z@y.example"),
            call("2", "I am z@y.example"),
            call("3", "I am q@y.example"),
            record("4", json!({"variables": {"text": "known", "tone": "calm"}}), ""),
            record("5", json!({"variables": {"text": "x"}, "messages": [{"role": "user"}]}), ""),
            record("6", json!({"variables": {"text": 5}}), ""),
            record("7", json!({"variables": {"text": "talk"}, "messages": []}), "no JSON"),
        ],
        None,
    );
    assert_eq!((found.repeated, found.with_messages, found.misfits), (3, 1, 1));
    assert_eq!(found.lines.len(), 2);
    let line = &found.lines[0];
    assert_eq!(line["variables"], json!({"text": "I am <email-1>", "tone": "a@b.example"}));
    assert_eq!(line["proposed"], json!("mail of <email-1>"));
    assert_eq!((&line["review"], &line["source"]), (&json!("pending"), &json!("call 1")));
    assert!(!found.lines[1].contains_key("proposed"), "{:?}", found.lines[1]);
}

#[test]
fn what_people_decided_says_what_is_wanted() {
    let said = |decision: Decision, answer: Option<&str>| Resolution {
        decision,
        finding: decision.finding(),
        answer: answer.map(String::from),
        note: Some("ask z@y.example".into()),
        actor: "ann".into(),
        at: 1,
    };
    let edited = "{\"queue\": \"returns\"}";
    let decisions = HashMap::from([
        ("1".to_string(), said(Decision::Approve, None)),
        ("2".to_string(), said(Decision::Edit, Some(edited))),
        ("3".to_string(), said(Decision::Reject, None)),
    ]);
    let records = ["1", "2", "3"]
        .map(|id| record(id, json!({"variables": {"text": id}}), "{\"queue\": \"billing\"}"));
    let lines = reviewed(&records, None, &decisions).lines;
    assert_eq!(
        (&lines[0]["expected"], &lines[1]["expected"]),
        (&json!("billing"), &json!("returns"))
    );
    assert!(!lines[2].contains_key("expected") && !lines[2].contains_key("proposed"));
    assert_eq!(lines[2]["tags"], json!(["from-calls", "ok", "rejected"]));
    assert_eq!(lines[2]["source"], json!("call 3, rejected by ann: ask <email-1>"));
    let id = id_of(&lines[2]).to_string();
    let with = |expected| Decisions { accept: vec![id.clone()], reject: vec![], expected };
    let refused = decide(lines.clone(), &with(None)).unwrap_err();
    assert!(refused.message().contains("was rejected"), "{refused}");
    let decided = decide(lines, &with(Some(json!("delivery")))).unwrap();
    assert_eq!(decided.accepted[0]["expected"], json!("delivery"));
}

#[test]
fn a_draw_depends_on_its_seed_alone() {
    let records: Vec<CallRecord> = (0..40)
        .map(|n| record(&n.to_string(), json!({"variables": {"text": n.to_string()}}), "{}"))
        .collect();
    let drawn = |seed| {
        let found = proposals(&records, Some((7, seed)));
        found.lines.iter().map(|line| id_of(line).to_string()).collect::<Vec<_>>()
    };
    assert_eq!(drawn(1).len(), 7);
    assert_eq!(drawn(1), drawn(1));
    assert_ne!(drawn(1), drawn(2));
}

#[test]
fn decisions_are_all_applied_or_none() {
    let text = "{\"id\": \"a\", \"review\": \"pending\", \"proposed\": 1}\n\n{\"id\": \"b\", \"review\": \"pending\", \"proposed\": 1, \"expected\": 2}\n{\"id\": \"c\"}\n";
    let lines = parse(text).unwrap();
    let of = |accept: &[&str], reject: &[&str], expected: Option<Value>| {
        let own = |ids: &[&str]| ids.iter().map(ToString::to_string).collect();
        decide(lines.clone(), &Decisions { accept: own(accept), reject: own(reject), expected })
    };
    let decided = of(&["a", "b"], &["c"], None).unwrap();
    assert_eq!(
        written(&decided.accepted).unwrap(),
        "{\"id\":\"a\",\"expected\":1}\n{\"id\":\"b\",\"expected\":2}\n"
    );
    assert_eq!((decided.rejected, decided.pending.len()), (1, 0));
    assert_eq!(of(&["a"], &[], Some(json!("x"))).unwrap().accepted[0]["expected"], json!("x"));
    assert!(of(&["z"], &[], None).unwrap_err().message().contains("no case z"));
    assert!(of(&["a"], &["a"], None).is_err() && of(&["a", "b"], &[], Some(json!(1))).is_err());
    assert!(parse("{}\n").unwrap_err().message().contains("line 1"));
}
