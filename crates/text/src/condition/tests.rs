use super::*;
use proptest::prelude::*;
use serde_json::json;

fn holds(text: &str, answer: Value) -> bool {
    Condition::parse(text).unwrap().holds(&answer)
}

fn why(text: &str) -> String {
    Condition::parse(text).unwrap_err().to_string()
}

#[test]
fn comparisons() {
    let answer = json!({"confidence": 0.5, "action": "skip", "a": {"b": true}, "none": null});
    for (text, truth) in [
        ("confidence < 0.7", true),
        ("confidence>=0.7", false),
        ("confidence <= 0.5 and confidence >= 5e-1 and confidence == 0.5", true),
        ("action == 'skip'", true),
        ("action != \"skip\" or a.b == false", false),
        ("not (action == 'send' or a.b == false)", true),
        ("none == null", true),
        ("action == 'send' or confidence > 0.4 and a.b == true", true),
    ] {
        assert_eq!(holds(text, answer.clone()), truth, "{text}");
    }
}

#[test]
fn what_cannot_be_told_holds_unless_the_rest_decides() {
    assert!(holds("confidence < 0.7", json!({})));
    assert!(holds("not confidence < 0.7", json!({})));
    assert!(holds("confidence < 0.7", json!({"confidence": "high"})));
    assert!(holds("confidence < 0.7", json!([1])));
    assert!(!holds("confidence < 0.7 and sure == false", json!({"sure": true})));
}

#[test]
fn what_is_no_condition_is_told_why() {
    assert!(why("").contains("ends where a field"));
    assert!(why("confidence").contains("compared with nothing"));
    assert!(why("confidence <").contains("ends where a value"));
    assert!(why("a == b").contains("quotes"));
    assert!(why("a < 'x'").contains("number"));
    assert!(why("a < 1 b").contains("`b` stands"));
    assert!(why("(a < 1").contains("not closed"));
    assert!(why("a = 1").contains("'='"));
    assert!(why("a == 'x").contains("does not end"));
    assert!(why("a == 1x").contains("not a number"));
    assert!(why(&"(".repeat(400)).contains("16 levels"));
    assert!(why(&"a ".repeat(400)).contains("500 bytes"));
}

#[test]
fn the_schema_is_consulted() {
    let schema = json!({"properties": {"confidence": {"type": "number"}, "action": {"type": "string"},
        "more": {"$ref": "#/$defs/x"}}});
    let objections = |text: &str| Condition::parse(text).unwrap().objections(&schema).join("; ");
    assert_eq!(objections("confidence < 0.7 and more.x == 1"), "");
    assert!(objections("confidense < 0.7").contains("no field `confidense`"));
    assert!(objections("not action < 1").contains("no order"));
    assert!(objections("action == 1").contains("never equals 1"));
}

proptest! {
    #[test]
    fn reading_never_panics(text in "[a-c .()<>=!'\"0-9-]{0,40}|\\PC{0,20}") {
        if let Ok(condition) = Condition::parse(&text) {
            condition.holds(&json!({"a": 1}));
        }
    }
}
