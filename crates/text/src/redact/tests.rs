use super::*;
use proptest::prelude::*;
use serde_json::json;

fn secret() -> String {
    format!("sk-{}-{}", "proj", "a8Zq3Lm0Xv7Rt2Pw9Yb4Nc6Kd1")
}

#[test]
fn what_is_kept_has_placeholders() {
    let mut redactor = Redactor::for_good(Wanted::all());
    for (text, kept) in [
        (
            "a@b.example and A@B.example, c@d.example".to_string(),
            "<EMAIL_1> and <EMAIL_1>, <EMAIL_2>",
        ),
        ("4111 1111 1111 1111 or 4111-1111-1111-1111".into(), "<CARD_1> or <CARD_1>"),
        (format!("{} of c@d.example", secret()), "<SECRET_1> of <EMAIL_2>"),
        ("nothing".into(), "nothing"),
        ("<EMAIL_7> stays, x@y.example".into(), "<EMAIL_7> stays, <EMAIL_3>"),
    ] {
        assert_eq!(redactor.redact(&text), kept);
        assert_eq!(redactor.redact(kept), kept, "twice is once");
    }
    assert_eq!(redactor.taken(), 5);
    let mut value =
        json!({"card": 4_111_111_111_111_111_u64, "n": [4711, 2.5, true], "m": "a@b.example"});
    redactor.redact_value(&mut value);
    assert_eq!(value, json!({"card": "<CARD_1>", "n": [4711, 2.5, true], "m": "<EMAIL_1>"}));
}

#[test]
fn only_what_is_wanted_goes() {
    let text = format!("{} jo@firm.example 8.8.8.8", secret());
    let mut secrets = Redactor::for_good(Wanted { secrets: true, pii: Kinds::NONE });
    assert_eq!(secrets.redact(&text), "<SECRET_1> jo@firm.example 8.8.8.8");
    let mut emails =
        Redactor::for_good(Wanted { secrets: false, pii: [Kind::Email].into_iter().collect() });
    assert_eq!(emails.redact(&text), format!("{} <EMAIL_1> 8.8.8.8", secret()));
    let mut nothing = Redactor::for_good(Wanted { secrets: false, pii: Kinds::NONE });
    assert!(matches!(nothing.redact(&text), Cow::Borrowed(same) if same == text));
}

#[test]
fn numbers_that_texts_have_used_are_passed_over() {
    let mut redactor = Redactor::for_good(Wanted::all());
    assert_eq!(redactor.redact("<EMAIL_1> and a@b.example"), "<EMAIL_1> and <EMAIL_2>");
}

#[test]
fn what_comes_back_means_one_thing_only() {
    let mut redactor = Redactor::reversible(Wanted::all());
    let sent = redactor.redact("from A@b.example, a@b.example; write <EMAIL_1>").into_owned();
    assert_eq!(sent, "from <EMAIL_1>, <EMAIL_2>; write <MARK_1>");
    assert_eq!(redactor.restore(&sent), "from A@b.example, a@b.example; write <EMAIL_1>");
    assert_eq!(redactor.restore("<EMAIL_9> < <EMAIL_2"), "<EMAIL_9> < <EMAIL_2");
}

#[test]
fn values_fit_into_json() {
    let mut redactor = Redactor::reversible(Wanted::all());
    let address = format!("postgres{}app:a\\b7x@db.example/x", "://");
    let sent = redactor.redact(&address).into_owned();
    assert_eq!(sent, "<SECRET_1>");
    let restored = |writing, text: &str| {
        let mut restorer = redactor.restorer(writing);
        restorer.push(text) + &restorer.finish()
    };
    let answer = "{\"at\": \"<SECRET_1>\"}";
    for writing in [Writing::Json, Writing::AsTheText] {
        let value: Value = serde_json::from_str(&restored(writing, answer)).unwrap();
        assert_eq!(value, json!({"at": address}));
    }
    assert_eq!(restored(Writing::AsTheText, "at <SECRET_1>"), format!("at {address}"));
}

#[test]
fn little_is_held_back() {
    let mut redactor = Redactor::reversible(Wanted::all());
    assert_eq!(redactor.redact("a@b.example"), "<EMAIL_1>");
    let mut restorer = redactor.restorer(Writing::Plain);
    assert_eq!(restorer.push("1 < 2 and <E"), "1 < 2 and ");
    assert_eq!(restorer.push("MAI"), "");
    assert_eq!(restorer.push("L_1> <b"), "a@b.example <b");
    assert_eq!(restorer.push("<EMAIL_"), "");
    assert_eq!(restorer.finish(), "<EMAIL_");
}

proptest! {
    #[test]
    fn any_texts_come_back_as_they_were(
        texts in prop::collection::vec("(\\PC|a@b\\.cd|A@b\\.cd|8\\.8\\.4\\.4|<EMAIL_1>|<MARK_[12]>|<|>|[0-9 +-]{1,12}){0,12}", 1..4),
        cut in 1_usize..7,
    ) {
        let mut redactor = Redactor::reversible(Wanted::all());
        let sent: Vec<String> = texts.iter().map(|text| redactor.redact(text).into_owned()).collect();
        for (text, sent) in texts.iter().zip(&sent) {
            prop_assert_eq!(&redactor.restore(sent), text);
            let mut restorer = redactor.restorer(Writing::Plain);
            let signs: Vec<char> = sent.chars().collect();
            let mut pieces: String =
                signs.chunks(cut).map(|piece| restorer.push(&piece.iter().collect::<String>())).collect();
            pieces.push_str(&restorer.finish());
            prop_assert_eq!(&pieces, text);
        }
    }

    #[test]
    fn any_text_for_good_twice_is_once(text in "(\\PC|[0-9@. +-]){0,80}") {
        let mut redactor = Redactor::for_good(Wanted::all());
        let once = redactor.redact(&text).into_owned();
        prop_assert_eq!(redactor.redact(&once), once.clone());
    }
}
