use super::*;
use proptest::prelude::*;

fn rules(text: &str) -> Vec<&'static str> {
    Secrets::new(&[]).unwrap().findings(text).into_iter().map(|finding| finding.rule).collect()
}

/// Put together at run time, so that no scanner of this repository takes them for real ones.
fn made(prefix: &str, rest: &str) -> String {
    format!("use {prefix}{rest} please")
}

#[test]
fn secrets_are_found_by_their_form() {
    let body = "a8Zq3Lm0Xv7Rt2Pw9Yb4Nc6Kd1Hs5Gj8Fe3Uo";
    for (text, rule) in [
        (made("-----BEGIN RSA ", "PRIVATE KEY-----"), "private_key"),
        (made("-----BEGIN ", "PRIVATE KEY-----"), "private_key"),
        (made("sk-proj-", body), "token"),
        (made("sk-ant-", body), "token"),
        (made("ghp_", &body[..36]), "token"),
        (made("AKIA", "Q3EGRIQ7MTZ5XK2V"), "token"),
        (made("xoxb-", "2839104756-ab3Dk9fLq2"), "token"),
        (made("eyJhbGciOiJI", "UzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVPmB92K"), "jwt"),
        (made("postgres://", "app:hV7!kq2@db.internal/x"), "connection_string"),
        (made("redis://", ":s3cr3tpw@cache:6379"), "connection_string"),
        (made("postgres://", "app:$hV7!kq2@db"), "connection_string"),
        (made("postgres://", "app:*hV7!kq2@db"), "connection_string"),
        (made("postgres://", "app:%hV7kq2@db"), "connection_string"),
        (made("postgres://", "app:.hV7kq2@db"), "connection_string"),
        (made("postgres://", "app:[hV7kq2@db"), "connection_string"),
        (made("postgres://", "app:{hV7kq2@db"), "connection_string"),
        (made("postgres://", "app:<hV7kq2@db"), "connection_string"),
        (made("API_KEY=", body), "value"),
        (made("\"client_secret\": \"", body), "value"),
    ] {
        assert_eq!(rules(&text), [rule], "{text}");
    }
}

#[test]
fn placeholders_are_not() {
    for text in [
        "",
        "sk-xxxxxxxxxxxxxxxxxxxxxxxx",
        "sk-your-key-goes-right-here-please",
        "AKIAAAAAAAAAAAAAAAAA",
        "postgres://user:password@host/db",
        "https://user:<password>@host",
        "mysql://u:${PASS}@h",
        "mysql://u:$DB_PASS@h",
        "mysql://u:%PASS%@h",
        "mysql://u:{{db.password}}@h",
        "mysql://u:{password}@h",
        "mysql://u:[your-password]@h",
        "mysql://u:*****@h",
        "mysql://u:...@h",
        "http://host:8080/a@b",
        "api_key = YOUR_API_KEY_HERE_PLEASE",
        "token: the-quick-brown-fox-jumps",
        "the secret of success is hard work",
        "-----BEGIN PUBLIC KEY-----",
        "eyJ.eyJ.x",
        "risk-assessment-of-the-2026-programme-and-more",
    ] {
        assert_eq!(rules(text), Vec::<&str>::new(), "{text}");
    }
}

#[test]
fn allowed_texts_are_passed_over() {
    let text = made("sk-proj-", "a8Zq3Lm0Xv7Rt2Pw9Yb4Nc6Kd1");
    let allowing = Secrets::new(&["a8Zq3Lm0Xv7Rt2Pw9Yb4Nc6Kd1".into()]).unwrap();
    assert!(allowing.findings(&text).is_empty());
}

#[test]
fn entropy_is_bits_per_character() {
    assert!((entropy("aaaa") - 0.0).abs() < 1e-12);
    assert!((entropy("abab") - 1.0).abs() < 1e-12);
    assert!((entropy("abcdefgh") - 3.0).abs() < 1e-12);
}

proptest! {
    #[test]
    fn findings_are_inside(text in "(sk-|ghp_|eyJ|token=|://a:|@)?[\\PC._-]{0,60}") {
        let length = text.chars().count();
        let findings = Secrets::new(&[]).unwrap().findings(&text);
        prop_assert!(findings.iter().all(|f| f.start < f.end && f.end <= length));
    }
}
