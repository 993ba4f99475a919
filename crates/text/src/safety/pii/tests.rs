use super::*;
use proptest::prelude::*;

fn found(text: &str) -> Vec<(&'static str, String)> {
    let detector = Pii::new(TYPES, &[]).unwrap();
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
        ("+41 44 668 18 00 / 8001", "phone", "+41 44 668 18 00"),
        ("(415) 555-2671", "phone", "(415) 555-2671"),
        ("IBAN DE89 3704 0044 0532 0130 00, thanks", "iban", "DE89 3704 0044 0532 0130 00"),
        ("GB82WEST12345698765432", "iban", "GB82WEST12345698765432"),
        ("NO93 8601 1117 947", "iban", "NO93 8601 1117 947"),
        ("4111 1111 1111 1111", "card", "4111 1111 1111 1111"),
        ("card 4111-1111-1111-1111 2027", "card", "4111-1111-1111-1111"),
        ("378282246310005", "card", "378282246310005"),
        ("5555555555554444.", "card", "5555555555554444"),
        ("ssn 219-09-9999", "ssn", "219-09-9999"),
        ("Phone: 0490 75 40 81", "phone", "0490 75 40 81"),
        (">> 089/3860668 <<", "phone", "089/3860668"),
        ("01.84.17.61.18", "phone", "01.84.17.61.18"),
        ("1-800-578-6263, merci", "phone", "1-800-578-6263"),
        ("+41 (0)96 471 07 95", "phone", "+41 (0)96 471 07 95"),
        ("(08) 8747 6301", "phone", "(08) 8747 6301"),
        ("Fax: 345-899-3560x4587", "phone", "345-899-3560x4587"),
        ("call me on 9472 7916? thanks", "phone", "9472 7916"),
        ("phone:\n434 14 557\n", "phone", "434 14 557"),
        ("3660170548-Fax", "phone", "3660170548"),
        ("请拨打电话13311336148号", "phone", "13311336148"),
        ("O'Neill <o'neill@firm.com>", "email", "o'neill@firm.com"),
        ("名前jo@firm.comです", "email", "jo@firm.com"),
        ("a@xn--d1acufc.xn--p1ai", "email", "a@xn--d1acufc.xn--p1ai"),
        ("gb82west12345698765432", "iban", "gb82west12345698765432"),
        ("DE89-3704-0044-0532-0130-00", "iban", "DE89-3704-0044-0532-0130-00"),
        ("3566 0020 2036 0505", "card", "3566 0020 2036 0505"),
        ("6759649826438453", "card", "6759649826438453"),
        ("3782 822463 10005", "card", "3782 822463 10005"),
        ("123456,4111111111111111,x", "card", "4111111111111111"),
        ("078 05 1123", "ssn", "078 05 1123"),
        ("my SSN is 078051123", "ssn", "078051123"),
        ("911-70-1234", "us_itin", "911-70-1234"),
        ("routing number 121042882", "us_routing", "121042882"),
        ("passport A12803456", "us_passport", "A12803456"),
        ("driver's license: D1234567", "us_driver_license", "D1234567"),
        ("NI number QQ 12 34 56 A no, AB 12 34 56 C", "uk_nino", "AB 12 34 56 C"),
        ("nino: PR 123612C", "uk_nino", "PR 123612C"),
        ("NHS 401-023-2137", "uk_nhs", "401-023-2137"),
        ("Steuer-ID: 86095742719.", "de_tax_id", "86095742719"),
        ("65170839J003", "de_pension", "65170839J003"),
        ("Reisepass C01X00T47", "de_passport", "C01X00T47"),
        ("2 55 08 14 168 025 38", "fr_nir", "2 55 08 14 168 025 38"),
        ("12345678Z", "es_nif", "12345678Z"),
        ("12345678-Z", "es_nif", "12345678-Z"),
        ("X1234567L", "es_nie", "X1234567L"),
        ("RSSMRA85T10A562S", "it_fiscal_code", "RSSMRA85T10A562S"),
        ("BSN 111222333", "nl_bsn", "111222333"),
        ("85.07.30-033.28", "be_national", "85.07.30-033.28"),
        ("756.9217.0769.85", "ch_ahv", "756.9217.0769.85"),
        ("PESEL 44051401458", "pl_pesel", "44051401458"),
        ("811218-9876", "se_personal", "811218-9876"),
        ("131052-308T", "fi_personal", "131052-308T"),
        ("CPR 211062-5629", "dk_cpr", "211062-5629"),
        ("Aadhaar 2341 2341 2346", "in_aadhaar", "2341 2341 2346"),
        ("PAN ABCPE1234F", "in_pan", "ABCPE1234F"),
        ("529.982.247-25", "br_cpf", "529.982.247-25"),
        ("11.222.333/0001-81", "br_cnpj", "11.222.333/0001-81"),
        ("11010519491231002X", "cn_id", "11010519491231002X"),
        ("abn 51 824 753 556", "au_abn", "51 824 753 556"),
        ("TFN 876 543 210", "au_tfn", "876 543 210"),
        ("ACN 004 085 616", "au_acn", "004 085 616"),
        ("Medicare 2123 45670 1", "au_medicare", "2123 45670 1"),
        ("SIN 130 692 544", "ca_sin", "130 692 544"),
        ("SA ID 8001015009087", "za_id", "8001015009087"),
        ("TC kimlik 10000000146", "tr_id", "10000000146"),
        ("S1234567D", "sg_nric", "S1234567D"),
        ("aa:bb:cc:dd:ee:ff", "mac", "aa:bb:cc:dd:ee:ff"),
        ("AA-BB-CC-DD-EE-FF.", "mac", "AA-BB-CC-DD-EE-FF"),
        ("0012.3456.789A", "mac", "0012.3456.789A"),
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "crypto", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
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
        "logo@2x.png",
        "git@github.com:a/b.git",
        "pip install foo@git+https://example.com/x",
        "part no 010-695-393-PH",
        "part no 646-995-8240",
        "order 0301 234567",
        "08-06-2002 08:03:29",
        "1978-04-13 12:20:39",
        "ISBN 978-2-1021-2263-9",
        "delivered 03.04.2026 10 days ago",
        "version 8.8.4.4 and v1.2.3.4",
        "Chapter 10.2.3.1 describes this",
        "x[1::2] and a::b and [::3]",
        "00:00:00:00:00:00",
        "0.4111111111111111",
        "Order 4111111111111111 has not shipped",
        "078-05-1120",
        "id=86095742719",
        "401-023-2138",
        "FQ 00 00 00 C",
        "0x0000000000000000000000000000000000000001",
        "1234 5678 9012",
        "35.6895, 139.6917 and -74.005974",
        "966466,78 / 2840 EUR",
        "02138-1234",
        "Joseph Schumpeter (1883-1950), economist",
        "10 000 000 000",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn types_and_exceptions() {
    let only = Pii::new(&["card"], &[]).unwrap();
    assert!(only.findings("jo@firm.com").is_empty());
    let allow = ["Help@Firm.com".to_owned(), "@ours.org".into(), "DE89370400440532013000".into()];
    let allowing = Pii::new(TYPES, &allow).unwrap();
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
        let findings = Pii::new(TYPES, &[]).unwrap().findings(&text);
        let length = text.chars().count();
        prop_assert!(findings.iter().all(|f| f.start < f.end && f.end <= length));
        prop_assert!(findings.is_sorted_by_key(|f| f.start));
    }
}
