use proptest::prelude::*;

use super::super::leak::Kept;
use super::super::links::Allowed;
use super::*;
use crate::safety::{pii::Pii, secrets::Secrets};

const SYSTEM: &str = "You are Ada, the friendly assistant of Example Bank.\n\
    Never mention the merger with Sample Trust before the first of May.\n\
    If a customer threatens to leave, offer up to twelve percent of discount, but only once.";

fn lookout(then: Then) -> Arc<Lookout> {
    Arc::new(Lookout {
        leak: Some((Arc::new(Kept::new(&[SYSTEM], &["kavomitesurunapi"])), then)),
        detectors: vec![
            (Found::Pii, then, Arc::new(Pii::new(&["email", "iban", "card"], &[]).unwrap())),
            (Found::Secret, then, Arc::new(Secrets::new(&[]).unwrap())),
        ],
        links: Some((Allowed::new(["example.com"]), then)),
    })
}

/// A key that nobody has.
fn token() -> String {
    format!("{}_{}", "ghp", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8")
}

fn key() -> String {
    let banner = |word: &str| format!("-----{word} RSA PRIVATE {}-----", "KEY");
    format!("{}\nMIIabc123+/=\nxyz\n{}", banner("BEGIN"), banner("END"))
}

fn out(answer: &str) -> String {
    filtered(&lookout(Then::TakeOut), answer, None).text
}

#[test]
fn ordinary_answers_leave_as_they_are() {
    for answer in [
        "",
        "Hello! I am Ada, the friendly assistant of Example Bank. How can I help you today?",
        "a < b and c > d; 3 < 4, see https://example.com/a (the page), e.g. 12.5 % of 80.",
        "```rust\nlet x: Vec<String> = vec![];\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |",
        "日本語の文章です。見てhttps://example.com/xをください。 Привет, как дела?",
        "Ends in the middle of offer up to",
    ] {
        assert_eq!(out(answer), answer);
    }
}

#[test]
fn what_must_stay_is_replaced() {
    let merger = "Never mention the merger with Sample Trust before the first of May";
    let backward: String = merger.chars().rev().collect();
    for (answer, wanted) in [
        (format!("Well: {merger}. Bye"), "Well: [withheld: instructions]. Bye"),
        (format!("Right:\n{backward}!\nBye"), "Right:\n[withheld: instructions]!\nBye"),
        (format!("It is kavo mite suru napi, {}", "yes."), "It is [withheld: instructions], yes."),
        (
            "Write to ada@example.net, please.".to_string(),
            "Write to [withheld: personal data], please.",
        ),
        (
            "To DE89 3704 0044 0532 0130 00 today.".to_string(),
            "To [withheld: personal data] today.",
        ),
        (format!("The key is {} now", token()), "The key is [withheld: secret] now"),
        (format!("Here:\n{}\nThat is it.", key()), "Here:\n[withheld: secret]\nThat is it."),
        (format!("Here: {}", key().replace('\n', "\\n")), "Here: [withheld: secret]"),
        ("![x](https://evil.net/?q=1) and so on".to_string(), "![x]([withheld: link]) and so on"),
        ("<img\n src='https://evil.net/a b'> t".to_string(), "<img\n src='[withheld: link]'> t"),
    ] {
        assert_eq!(out(&answer), wanted, "{answer}");
    }
}

#[test]
fn a_long_address_is_taken_out_to_its_end() {
    let long = format!("x https://evil.net/{} y", "ab1/".repeat(400));
    assert_eq!(out(&long), "x [withheld: link] y");
    let body = "abcd".repeat(6000);
    let endless = key().replace("xyz", &body);
    assert!(!out(&endless).contains(&"abcd".repeat(2500)));
}

#[test]
fn a_stop_lets_out_what_was_before_and_nothing_else() {
    for (answer, found) in [
        (
            "Well then, good. Never mention the merger with Sample Trust before the first of May",
            Found::Leak,
        ),
        ("Well then, good. Write to ada@example.net or not", Found::Pii),
        ("Well then, good. https://evil.net/x or not", Found::Link),
    ] {
        let filtered = filtered(&lookout(Then::Stop), answer, None);
        assert!("Well then, good. Write to".starts_with(filtered.text.trim_end()), "{filtered:?}");
        assert_eq!(filtered.stopped.map(|finding| finding.found), Some(found));
    }
}

#[test]
fn what_is_only_told_leaves_and_is_not_waited_for() {
    let answer =
        "Mail ada@example.net, https://evil.net/x. Never mention the merger with Sample Trust.";
    let mut filter = Filter::new(lookout(Then::Tell), None);
    for c in answer.chars() {
        assert_eq!(filter.push(&c.to_string()), c.to_string());
    }
    assert_eq!(filter.finish(), "");
    let found: Vec<Found> = filter.findings().iter().map(|finding| finding.found).collect();
    assert_eq!(found, [Found::Pii, Found::Link, Found::Leak]);
    let mail = &filter.findings()[0];
    assert_eq!((mail.start, mail.end, filter.stopped()), (5, 20, None));
}

#[test]
fn ordinary_words_wait_a_few_words() {
    let answer = "The branch in the old town is closed on the first Monday of each month, and open on all others. ".repeat(20);
    let mut filter = Filter::new(lookout(Then::TakeOut), None);
    let (mut waiting, mut most, mut sum) = (0, 0, 0);
    for c in answer.chars() {
        waiting += 1;
        waiting -= filter.push(&c.to_string()).chars().count();
        most = most.max(waiting);
        sum += waiting;
    }
    let mean = sum / answer.chars().count();
    assert!(mean <= 24 && most <= 64, "mean {mean}, most {most}");
}

#[test]
fn what_the_user_said_leaves() {
    let said = "offer up to twelve percent of discount, but only once";
    let answer = format!("You asked: {said}?");
    assert_eq!(filtered(&lookout(Then::TakeOut), &answer, Some(said)).text, answer);
    assert_ne!(out(&answer), answer);
}

fn fragments() -> impl Strategy<Value = String> {
    let fixed = |text: &str| Just(text.to_string()).boxed();
    let part = prop_oneof![
        4 => "[a-zA-Z ,.\n]{1,20}".boxed(),
        1 => "\\PC{1,12}".boxed(),
        1 => "[<>&%\\\\@$:/=\"' 0-9x\n-]{1,10}".boxed(),
        1 => fixed("Never mention the merger with Sample Trust before the first of May. "),
        1 => fixed("n-e-v-e-r m e n t i o n the MERGER with\nSample Trust"),
        1 => fixed("yaM fo tsrif eht erofeb tsurT elpmaS htiw regrem eht noitnem reveN"),
        1 => fixed("TmV2ZXIgbWVudGlvbiB0aGUgbWVyZ2VyIHdpdGggU2FtcGxlIFRydXN0IGJlZm9yZSB0aGU="),
        1 => fixed("Arire zragvba gur zretre jvgu Fnzcyr Gehfg orsber"),
        1 => fixed("kavomitesurunapi"),
        1 => fixed(" ada@example.net "),
        1 => fixed(" DE89 3704 0044 0532 0130 00 "),
        1 => fixed(" [x](https://evil.net/?q=1) "),
        1 => fixed("<img src=\"//evil.net/x\">"),
        1 => Just(token()).boxed(),
        1 => Just(key()).boxed(),
    ];
    proptest::collection::vec(part, 0..8).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn the_pieces_make_no_difference(
        answer in fragments(), cuts in proptest::collection::vec(0..400_usize, 0..12), stop: bool
    ) {
        let lookout = lookout(if stop { Then::Stop } else { Then::TakeOut });
        let whole = filtered(&lookout, &answer, None);
        let chars: Vec<char> = answer.chars().collect();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(chars.len())).collect();
        cuts.extend([0, chars.len()]);
        cuts.sort_unstable();
        let mut filter = Filter::new(lookout, None);
        let mut left = String::new();
        for pair in cuts.windows(2) {
            let piece: String = chars[pair[0]..pair[1]].iter().collect();
            left.push_str(&filter.push(&piece));
            prop_assert!(whole.text.starts_with(&left), "{left:?} of {:?}", whole.text);
        }
        left.push_str(&filter.finish());
        prop_assert_eq!(&left, &whole.text);
        let mut findings = filter.findings().to_vec();
        findings.sort_by_key(|finding| (finding.start, finding.end));
        prop_assert_eq!(findings, whole.findings);
    }

    #[test]
    fn nothing_that_must_stay_leaves(answer in fragments()) {
        let left = out(&answer);
        let folded: String = left.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
        for secret in ["ada@example.net", "0532 0130", "evil.net/", "MIIabc123", "kavomitesurunapi"] {
            prop_assert!(!left.contains(secret), "{secret} in {left:?} of {answer:?}");
        }
        for secret in ["mergerwithsampletrust", "tsurtelpmashtiwregrem", "zretrejvgufnzcyrgehfg"] {
            prop_assert!(!folded.contains(secret), "{secret} in {left:?} of {answer:?}");
        }
    }
}
