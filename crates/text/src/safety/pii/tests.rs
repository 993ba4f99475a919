use super::*;
use proptest::prelude::*;

fn found(text: &str) -> Vec<(&'static str, String)> {
    let detector = Pii::new(&TYPES, &[]).unwrap();
    let cut = |f: SafetyFinding| {
        (f.rule, text.chars().skip(f.start).take(f.end - f.start).collect::<String>())
    };
    detector.findings(text).into_iter().map(cut).collect()
}

#[test]
fn personal_data_is_found_by_its_form() {
    for (text, rule, part) in [
        ("Mail jo.doe+x@mail.firm.co.uk!", "email", "jo.doe+x@mail.firm.co.uk"),
        ("schön: grüße@müller.de.", "email", "grüße@müller.de"),
        ("call +49 (0)30 901820-12 now", "phone", "+49 (0)30 901820-12"),
        ("0044 20 7946 0958", "phone", "0044 20 7946 0958"),
        ("+49 170 1234567 10115 Berlin", "phone", "+49 170 1234567"),
        ("+4917012345678901 or +49 170 1234567", "phone", "+49 170 1234567"),
        ("0049 170 1234567 2026-11-21 10:30", "phone", "0049 170 1234567"),
        ("+41 44 668 18 00 / 8001", "phone", "+41 44 668 18 00 / 8001"),
        ("(415) 555-2671", "phone", "(415) 555-2671"),
        ("IBAN DE89 3704 0044 0532 0130 00, thanks", "iban", "DE89 3704 0044 0532 0130 00"),
        ("GB82WEST12345698765432", "iban", "GB82WEST12345698765432"),
        ("NO93 8601 1117 947", "iban", "NO93 8601 1117 947"),
        ("4111 1111 1111 1111", "card", "4111 1111 1111 1111"),
        ("card 4111-1111-1111-1111 2027", "card", "4111-1111-1111-1111"),
        ("378282246310005", "card", "378282246310005"),
        ("5555555555554444.", "card", "5555555555554444"),
        ("ssn 219-09-9999", "ssn", "219-09-9999"),
        ("from 8.8.4.4:53", "ip", "8.8.4.4"),
        ("at 2a00:1450:4001:82a::200e, ok", "ip", "2a00:1450:4001:82a::200e"),
    ] {
        assert_eq!(found(text), [(rule, part.to_owned())], "{text}");
    }
}

#[test]
fn likenesses_are_not() {
    for text in [
        "",
        "a@b",
        "@home",
        "version 1.2.3.4.5",
        "192.168.0.1 and 127.0.0.1 and 10.1.2.3",
        "999.1.1.1",
        "DE89 3704 0044 0532 0130 01",
        "DE89",
        "XX89 3704 0044 0532 0130 00",
        "4111 1111 1111 1112",
        "1234567890123456",
        "0000 0000 0000 0000",
        "000-12-3456",
        "666-12-3456",
        "123-00-4567",
        "12:30:45",
        "std::vec::Vec",
        "fe80::1 ::1 2001:db8::1",
        "2026-11-21",
        "order 00123",
        "+1 23",
        "10 000 000 000",
        "a 100-200-3000x",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn types_and_exceptions() {
    let only = Pii::new(&["card"], &[]).unwrap();
    assert!(only.findings("jo@firm.com").is_empty());
    let allow = ["Help@Firm.com".to_owned(), "@ours.org".into(), "DE89370400440532013000".into()];
    let allowing = Pii::new(&TYPES, &allow).unwrap();
    assert!(allowing.findings("help@firm.com, a@ours.org, DE89 3704 0044 0532 0130 00").is_empty());
    assert_eq!(allowing.findings("é jo@firm.com").first().map(|f| (f.start, f.end)), Some((2, 13)));
}

proptest! {
    #[test]
    fn any_right_iban_is_found_and_any_wrong_one_is_not(account in "[A-Z0-9]{18}", off in 1_u32..97) {
        let value = |text: &str| text.chars().fold(0_u32, |sum, c| {
            let v = c.to_digit(36).unwrap();
            (sum * if v > 9 { 100 } else { 10 } + v) % 97
        });
        let check = 98 - value(&format!("{account}DE00"));
        let other = (check + off - 2) % 97 + 2;
        let right = format!("DE{check:02}{account}");
        let wrong = format!("DE{other:02}{account}");
        prop_assert!(found(&right).iter().any(|(rule, _)| *rule == "iban"));
        prop_assert!(other == check || !found(&wrong).iter().any(|(rule, part)| *rule == "iban" && *part == wrong));
    }

    #[test]
    fn findings_are_inside_and_in_order(text in "[\\PC@.+:0-9A-F -]{0,80}") {
        let findings = Pii::new(&TYPES, &[]).unwrap().findings(&text);
        let length = text.chars().count();
        prop_assert!(findings.iter().all(|f| f.start < f.end && f.end <= length));
        prop_assert!(findings.is_sorted_by_key(|f| f.start));
    }
}
