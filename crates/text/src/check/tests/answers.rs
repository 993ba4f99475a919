//! Checks over texts, classes and numbers.

use super::*;

#[test]
fn contains_any() {
    for (parameters, answer, expected, wanted) in [
        (json!(["x", "fund"]), "a refund", None, Pass),
        (json!(["x", "y"]), "a refund", None, Fail),
        (json!({"values": ["X", "FUND"], "ignore_case": true}), "a refund", None, Pass),
        (json!({"values": ["a", "z"], "at": "/t"}), r#"{"t": ["a"]}"#, None, Pass),
        (json!({"values": ["a", "z"], "at": "/u"}), r#"{"t": ["a"]}"#, None, Fail),
        (json!(null), "b", Some(json!(["a", "b"])), Pass),
        (json!(null), "b", None, Error),
    ] {
        let case = format!("{parameters} on {answer}");
        assert_eq!(verdict("contains_any", parameters, answer, expected), wanted, "{case}");
    }
    assert!(problem("contains_any", json!([])).contains("`contains_any` has an empty list"));
}

#[test]
fn starts_and_ends_with() {
    for (metric, parameters, answer, wanted) in [
        ("starts_with", json!("Dear"), "\nDear you", Pass),
        ("starts_with", json!({"value": "Dear", "trim": false}), "\nDear you", Fail),
        ("starts_with", json!("dear"), "Dear you", Fail),
        ("starts_with", json!({"value": "dear", "ignore_case": true}), "Dear you", Pass),
        ("starts_with", json!(["Hi", "Dear"]), "Dear you", Pass),
        ("starts_with", json!({"value": "a", "at": "/x"}), r#"{"x": "abc"}"#, Pass),
        ("starts_with", json!({"value": "a", "at": "/y"}), r#"{"x": "abc"}"#, Fail),
        ("starts_with", json!("x"), "", Fail),
        ("ends_with", json!("."), "Done.\n", Pass),
        ("ends_with", json!({"value": ".", "trim": false}), "Done.\n", Fail),
        ("ends_with", json!("!"), "Done.", Fail),
        ("ends_with", json!(["!", "e."]), "Done.", Pass),
        ("ends_with", json!(7), "it is 7", Pass),
        ("ends_with", json!(null), "x", Error),
    ] {
        let case = format!("{metric} {parameters} on {answer}");
        assert_eq!(verdict(metric, parameters, answer, None), wanted, "{case}");
    }
    assert!(problem("starts_with", json!(" x")).contains("add `trim: false`"));
    assert!(problem("ends_with", json!("x ")).contains("white space"));
    assert!(problem("ends_with", json!({"value": "", "trim": 1})).contains("`trim`"));
    let long = format!("{}z", "a".repeat(500));
    let check = build(&spec("ends_with", json!("!"))).unwrap();
    let detail = check.evaluate(&seen(&long, None)).detail.unwrap();
    assert!(detail.ends_with("aaz\"") && detail.len() < 200, "{detail}");
}

#[test]
fn one_of() {
    for (parameters, answer, expected, wanted) in [
        (json!(["a", "b"]), " b\n", None, Pass),
        (json!(["a", "b"]), "B", None, Fail),
        (json!({"values": ["a", "b"], "ignore_case": true}), "B", None, Pass),
        (json!([1, 2]), "2.0", None, Pass),
        (json!(["1", 2]), "1", None, Pass),
        (json!({"values": [1, "x"], "at": "/n"}), r#"{"n": 1}"#, None, Pass),
        (json!({"values": ["1"], "at": "/n"}), r#"{"n": 1}"#, None, Fail),
        (json!({"values": ["1"], "at": "/n"}), "prose", None, Fail),
        (json!(null), "a", Some(json!(["a", "b"])), Pass),
        (json!(null), "a", None, Error),
    ] {
        let case = format!("{parameters} on {answer}");
        assert_eq!(verdict("one_of", parameters, answer, expected), wanted, "{case}");
    }
    assert!(problem("one_of", json!([])).contains("empty list"));
}

#[test]
fn keywords_score_a_share() {
    let check = |parameters: Value| build(&spec("keywords", parameters)).unwrap();
    let half = check(json!({"values": ["Refund", "zzz"], "at_least": 0.5}));
    let result = half.evaluate(&seen("a refund", None));
    assert_eq!((result.verdict, result.score), (Pass, Some(0.5)));
    let result = check(json!(["a", "zzz"])).evaluate(&seen("a refund", None));
    assert_eq!((result.verdict, result.score), (Fail, Some(0.5)));
    assert!(result.detail.unwrap().contains("missing: \"zzz\""));
    assert_eq!(verdict("keywords", json!(null), "abc", Some(json!(["a", "B"]))), Pass);
    assert_eq!(verdict("keywords", json!(null), "abc", None), Error);
    assert!(problem("keywords", json!({"values": ["a"], "at_least": 0})).contains("above 0"));
}

#[test]
fn labels_are_compared_as_classes() {
    let label = |parameters: Value, answer: &str, expected: Value| {
        let check = build(&spec("label", parameters)).unwrap();
        let result = check.evaluate(&seen(answer, Some(&expected)));
        (result.verdict, result.label.map(|found| (found.expected, found.actual)))
    };
    let pair = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
    let list = || json!({"labels": ["Spam", "ham"], "ignore_case": true});
    assert_eq!(label(list(), " SPAM ", json!("spam")), (Pass, pair("Spam", "Spam")));
    assert_eq!(label(list(), "ham", json!("spam")), (Fail, pair("Spam", "ham")));
    assert_eq!(label(list(), "It is spam.", json!("spam")), (Fail, pair("Spam", "(other)")));
    assert_eq!(label(list(), "spam", json!("bacon")).0, Error);
    assert_eq!(label(list(), "spam", json!(7)).0, Error);
    assert_eq!(label(json!(null), "x ", json!("x")), (Pass, pair("x", "x")));
    let at = || json!({"labels": ["a", "b"], "at": "/intent"});
    assert_eq!(label(at(), r#"{"intent": "b"}"#, json!("b")), (Pass, pair("b", "b")));
    assert_eq!(label(at(), r#"{"intent": "b"}"#, json!({"intent": "a"})), (Fail, pair("a", "b")));
    assert_eq!(label(at(), "prose", json!("a")), (Fail, pair("a", "(other)")));
    assert_eq!(verdict("label", json!(["a", "b"]), "a", None), Error);
    let wrong = problem("label", json!({"labels": ["a", "A", "(other)"], "ignore_case": true}));
    assert!(wrong.contains("\"A\" twice") && wrong.contains("`(other)`"), "{wrong}");
    assert!(problem("label", json!(["a"])).contains("one class only"));
}

#[test]
fn number() {
    for (parameters, answer, expected, wanted) in [
        (json!(5), " 5.0\n", None, Pass),
        (json!(5), "5.1", None, Fail),
        (json!({"value": 5, "tolerance": 0.2}), "5.1", None, Pass),
        (json!({"value": 200, "tolerance": 0.05, "relative": true}), "210", None, Pass),
        (json!({"value": -200, "tolerance": 0.05, "relative": true}), "-211", None, Fail),
        (json!(9_007_199_254_740_993_u64), "9007199254740992", None, Fail),
        (json!(9_007_199_254_740_993_u64), "9007199254740993", None, Pass),
        (json!(null), "9007199254740992", Some(json!("9007199254740993")), Fail),
        (
            json!({"at": "/n"}),
            r#"{"n": 9007199254740992}"#,
            Some(json!(9_007_199_254_740_993_u64)),
            Fail,
        ),
        (json!({"value": 5, "tolerance": 1}), "6", Some(json!(9)), Pass),
        (json!({"min": 1, "max": 2, "at": "/n"}), r#"{"n": 2}"#, None, Pass),
        (json!({"min": 1, "max": 2, "at": "/n"}), r#"{"n": "1.5"}"#, None, Pass),
        (json!({"min": 1, "at": "/n"}), r#"{"n": 0}"#, None, Fail),
        (json!({"min": 1, "at": "/n"}), r#"{"n": null}"#, None, Fail),
        (json!({"max": 1}), "NaN", None, Fail),
        (json!({"min": 1}), "inf", None, Fail),
        (json!({"min": 1}), "about 5", None, Fail),
        (json!(null), "3", Some(json!(3)), Pass),
        (json!(null), "3", Some(json!("3")), Pass),
        (json!(null), "3", Some(json!("three")), Error),
        (json!({"tolerance": 1}), "3", None, Error),
    ] {
        let case = format!("{parameters} on {answer}");
        assert_eq!(verdict("number", parameters, answer, expected), wanted, "{case}");
    }
    assert!(problem("number", json!({"min": 2, "max": 1})).contains("above its `max`"));
    assert!(problem("number", json!({"min": 2, "value": 1})).contains("two checks"));
    assert!(problem("number", json!({"relative": true})).contains("needs `tolerance`"));
    let both = problem("number", json!({"value": "x", "tolerance": -1}));
    assert!(both.contains("must be a number") && both.contains("negative"), "{both}");
}

#[test]
fn length_and_tokens() {
    let usage = gatemark_core::model::Usage { output: 9, ..Default::default() };
    let guessed = gatemark_core::model::Usage { estimated: true, ..usage };
    for (metric, parameters, answer, wanted) in [
        ("length", json!(3), "äöü", Pass),
        ("length", json!(2), "äöü", Fail),
        ("length", json!({"min": 4}), "äöü", Fail),
        ("length", json!({"unit": "words", "min": 2, "max": 2}), " two  words\n", Pass),
        ("length", json!({"unit": "lines", "max": 2}), "a\nb\n", Pass),
        ("length", json!({"unit": "lines", "max": 2}), "a\n\nb", Fail),
        ("length", json!({"max": 0}), "", Pass),
        ("length", json!({"max": 3, "at": "/s"}), r#"{"s": "four"}"#, Fail),
        ("length", json!({"max": 3, "at": "/t"}), r#"{"s": "four"}"#, Fail),
        ("tokens", json!(2), "hello world", Pass),
        ("tokens", json!(1), "hello world", Fail),
        ("tokens", json!({"min": 9, "max": 9, "source": "vendor"}), "hello world", Pass),
    ] {
        let case = format!("{metric} {parameters} on {answer}");
        let check = build(&spec(metric, parameters)).unwrap();
        let result = check.evaluate(&Observation { usage, ..seen(answer, None) });
        assert_eq!(result.verdict, wanted, "{case}");
    }
    let vendor = build(&spec("tokens", json!({"max": 9, "source": "vendor"}))).unwrap();
    let result = vendor.evaluate(&Observation { usage: guessed, ..seen("a", None) });
    assert_eq!(result.verdict, Error);
    assert_eq!(vendor.evaluate(&seen("a", None)).verdict, Error);
    assert!(problem("length", json!(null)).contains("needs `min` or `max`"));
    assert!(problem("length", json!({"min": 0})).contains("always holds"));
    assert!(problem("tokens", json!({"min": 3, "max": 2})).contains("above its `max`"));
    let all = problem("length", json!({"min": -1, "unit": "word"}));
    assert!(all.contains("whole number") && all.contains("did you mean `words`?"), "{all}");
    let names = problem("length", json!({"mn": 1, "mox": 2}));
    assert!(names.contains("`mn`") && names.contains("`mox`"), "{names}");
}
