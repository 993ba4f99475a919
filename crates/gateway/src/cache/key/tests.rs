use super::*;
use gatemark_core::prompt::Role;
use gatemark_provider::request::Turn;
use proptest::prelude::*;

fn owner() -> Owner<'static> {
    Owner {
        cache: "c",
        caller: Some("app"),
        environment: "production",
        prompt: "a/b",
        version: Some(Digest::of(b"v1")),
        model: "p/m",
        provider: "openai https://x",
    }
}

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.into()).unwrap()
}

fn request(messages: &str, fields: &[(&str, &str)]) -> ChatRequest {
    ChatRequest {
        messages: Messages::Raw(raw(messages)),
        fields: fields.iter().map(|(name, value)| (name.to_string(), raw(value))).collect(),
        ..ChatRequest::default()
    }
}

const WHOLE: Form = Form { dialect: Dialect::Chat, stream: false };
const STREAM: Form = Form { dialect: Dialect::Messages, stream: true };

fn key(request: &ChatRequest) -> Digest {
    of(&owner(), request, WHOLE).unwrap()
}

#[test]
fn the_owner_is_part_of_it() {
    let request = request("[]", &[]);
    let of = |owner: Owner<'_>| of(&owner, &request, WHOLE).unwrap();
    let others = [
        Owner { cache: "d", ..owner() },
        Owner { caller: Some("other"), ..owner() },
        Owner { caller: None, ..owner() },
        Owner { caller: Some(""), ..owner() },
        Owner { environment: "staging", ..owner() },
        Owner { prompt: "a/c", ..owner() },
        Owner { version: Some(Digest::of(b"v2")), ..owner() },
        Owner { version: None, ..owner() },
        Owner { model: "p/n", ..owner() },
        Owner { provider: "openai https://y", ..owner() },
    ];
    let mut keys: Vec<Digest> = others.into_iter().map(of).collect();
    keys.push(of(owner()));
    let count = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), count);
}

#[test]
fn the_request_is_part_of_it() {
    let base = request(r#"[{"role":"user","content":"a b"}]"#, &[("temperature", "0"), ("x", "1")]);
    let spaced = request(
        "[ {\"role\" : \"user\",\n \"content\":\t\"a b\"} ]",
        &[("x", "1"), ("temperature", " 0 ")],
    );
    assert_eq!(key(&base), key(&spaced), "white space and order of fields");
    let others = [
        request(r#"[{"role":"user","content":"ab"}]"#, &[("temperature", "0"), ("x", "1")]),
        request(r#"[{"content":"a b","role":"user"}]"#, &[("temperature", "0"), ("x", "1")]),
        request(r#"[{"role":"user","content":"a b"}]"#, &[("temperature", "0.1"), ("x", "1")]),
        request(r#"[{"role":"user","content":"a b"}]"#, &[("temperature", "0")]),
        ChatRequest { dialect: Dialect::Messages, ..base.clone() },
        ChatRequest { headers: vec![("anthropic-beta", "x".into())], ..base.clone() },
    ];
    assert!(others.iter().all(|other| key(other) != key(&base)));
    let usage = [("temperature", "0"), ("x", "1"), ("stream_options", "{}")];
    assert_eq!(key(&base), key(&request(r#"[{"role":"user","content":"a b"}]"#, &usage)));
}

#[test]
fn the_form_counts_only_where_it_must() {
    let forms = |request: &ChatRequest| {
        of(&owner(), request, WHOLE).unwrap() == of(&owner(), request, STREAM).unwrap()
    };
    assert!(forms(&request("[]", &[("temperature", "0")])));
    assert!(!forms(&request("[]", &[("brand_new", "1")])));
}

#[test]
fn quotes_and_backslashes_do_not_end_texts() {
    let a = request(r#"["\\", " x"]"#, &[]);
    let b = request(r#"["\\"," x"]"#, &[]);
    let c = request(r#"["\\","x"]"#, &[]);
    let d = request(r#"["\" , x"]"#, &[]);
    let e = request(r#"["\",x"]"#, &[]);
    assert_eq!(key(&a), key(&b));
    assert!(key(&a) != key(&c) && key(&d) != key(&e));
}

proptest! {
    /// Two conversations have one key only if they are the same.
    #[test]
    fn different_turns_have_different_keys(
        a in prop::collection::vec((any::<bool>(), ".{0,12}"), 0..4),
        b in prop::collection::vec((any::<bool>(), ".{0,12}"), 0..4),
    ) {
        let request = |turns: &[(bool, String)]| ChatRequest {
            messages: Messages::Turns(turns.iter().map(|(user, text)| Turn {
                role: if *user { Role::User } else { Role::Assistant },
                text: text.clone(),
            }).collect()),
            ..ChatRequest::default()
        };
        prop_assert_eq!(key(&request(&a)) == key(&request(&b)), a == b);
    }

    /// However JSON is laid out, it is the same request.
    #[test]
    fn layout_makes_no_difference(texts in prop::collection::vec("\\PC{0,12}", 0..6)) {
        let value = serde_json::json!({"a": texts, "b": {"c": 1.5}});
        let dense = request(&value.to_string(), &[]);
        let pretty = request(&serde_json::to_string_pretty(&value).unwrap(), &[]);
        prop_assert_eq!(key(&dense), key(&pretty));
    }
}
