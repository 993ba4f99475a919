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

/// Draws, the same ones each time, so that a failure can be looked at again.
struct Draws(u64);

impl Draws {
    fn next(&mut self, below: usize) -> usize {
        // Knuth's multiplier; the high bits are good enough for examples.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % below
    }

    fn text(&mut self, signs: &str, length: usize) -> String {
        let signs: Vec<char> = signs.chars().collect();
        (0..length).map(|_| signs[self.next(signs.len())]).collect()
    }

    /// `@` a letter or digit, `#` a hexadecimal digit, `^` a capital or digit, `$` one of base64url, `+` one of base64,
    /// `9` a digit, each times what follows in braces; everything else as it is.
    fn fill(&mut self, pattern: &str) -> String {
        const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
        let upper = LOWER.to_uppercase();
        let alnum = format!("0123456789{LOWER}{upper}");
        let mut made = String::new();
        let mut rest = pattern;
        while let Some(c) = rest.chars().next() {
            rest = &rest[c.len_utf8()..];
            let signs = match c {
                '@' => alnum.clone(),
                '#' => "0123456789abcdef".into(),
                '^' => format!("{upper}234567"),
                '$' => format!("{alnum}_-"),
                '+' => format!("{alnum}+/"),
                '9' => "0123456789".into(),
                'z' => LOWER.into(),
                _ => {
                    made.push(c);
                    continue;
                }
            };
            let Some((count, after)) = rest
                .strip_prefix('{')
                .and_then(|rest| rest.split_once('}'))
                .filter(|(count, _)| count.parse::<usize>().is_ok())
            else {
                made.push(c);
                continue;
            };
            rest = after;
            made.push_str(&self.text(&signs, count.parse().unwrap()));
        }
        made
    }
}

/// Ways in which a secret stands in a text; `%` is its place.
const PLACES: [&str; 8] = [
    "%",
    "My key is % and it does not work",
    "export SOME_VAR=%",
    "{\"auth\": \"%\"}",
    "curl -H 'X-Thing: %' https://host.test/a",
    "see the logs: `%`.",
    "config:\n  - %\n  - other",
    "<value>%</value>",
];

/// Prefixes stand apart from what follows them, so that no scanner takes a pattern for a token.
const MADE: &[(&str, &str)] = &[
    ("AKIA", "^{16}"),
    ("ASIA", "^{16}"),
    ("AIza", "${35}"),
    ("ya29.", "${60}"),
    ("GOCSPX-", "${28}"),
    ("ghp_", "@{36}"),
    ("gho_", "@{36}"),
    ("ghs_", "@{36}"),
    ("github_pat_", "@{22}_@{59}"),
    ("glpat-", "${20}"),
    ("gldt-", "${20}"),
    ("xoxb-", "9{11}-9{12}-@{24}"),
    ("xoxp-", "9{11}-9{11}-9{12}-#{32}"),
    ("xapp-", "1-^{11}-9{13}-#{64}"),
    ("https://hooks.slack.com/services/", "T^{8}/B^{8}/@{24}"),
    ("sk_live_", "@{24}"),
    ("rk_test_", "@{24}"),
    ("whsec_", "@{32}"),
    ("sk-", "@{48}"),
    ("sk-proj-", "${74}"),
    ("sk-ant-api03-", "${93}AA"),
    ("sk-or-v1-", "#{64}"),
    ("hf_", "@{34}"),
    ("r8_", "@{37}"),
    ("gsk_", "@{52}"),
    ("xai-", "@{80}"),
    ("pplx-", "@{48}"),
    ("npm_", "@{36}"),
    ("pypi-AgEIcHlwaS5vcmc", "${80}"),
    ("rubygems_", "#{48}"),
    ("dckr_pat_", "${27}"),
    ("SG.", "${22}.${43}"),
    ("key-", "#{32}"),
    ("SK", "#{32}"),
    ("dop_v1_", "#{64}"),
    ("hvs.", "${90}"),
    ("shpat_", "#{32}"),
    ("sq0atp-", "${22}"),
    ("NRAK-", "^{27}"),
    ("glsa_", "@{32}_#{8}"),
    ("PMAK-", "#{24}-#{34}"),
    ("lin_api_", "@{40}"),
    ("ntn_", "@{46}"),
    ("dapi", "#{32}"),
    ("LTAI", "@{20}"),
    ("figd_", "${40}"),
    ("sbp_", "#{40}"),
    ("tskey-auth-", "@{16}-@{32}"),
    ("dt0c01.", "^{24}.^{64}"),
    ("AGE-SECRET-KEY-1", "^{58}"),
    ("ATATT3", "${180}"),
    ("nvapi-", "${64}"),
    ("pat-na1-", "#{8}-#{4}-#{4}-#{4}-#{12}"),
    ("9{9}:AA", "${33}"),
    ("#{32}-us", "9{2}"),
    ("M@{23}.", "${6}.${27}"),
    ("postgres://app:", "@{14}@db.test:5432/x"),
    ("mongodb+srv://admin:", "@{12}@cluster.test/?w=1"),
    ("eyJ", "@{30}.eyJ@{40}.${43}"),
    ("-----BEGIN RSA PRIVATE ", "KEY-----\n+{64}\n+{40}\n-----END RSA PRIVATE KEY-----"),
    ("aws_secret_access_key = ", "+{40}"),
    ("password: \"", "@{12}!\""),
    ("client_secret=", "@{32}"),
    ("DATADOG_API_KEY=", "#{32}"),
    ("AccountKey=", "+{86}=="),
    ("Authorization: Bearer ", "${40}"),
];

#[test]
fn drawn_secrets_of_every_format_are_found() {
    let mut draws = Draws(6);
    let mut missed = vec![];
    let mut all = 0;
    for (head, tail) in MADE {
        for (i, place) in PLACES.iter().cycle().take(16).enumerate() {
            let multiline = tail.contains('\n') || head.contains([' ', '"']);
            let place = if multiline { "%" } else { place };
            let secret = format!("{}{}", draws.fill(head), draws.fill(tail));
            let text = place.replace('%', &secret);
            all += 1;
            if rules(&text).is_empty() {
                missed.push(format!("{head}{tail} #{i}: {text}"));
            }
        }
    }
    let share = f64::from(u32::try_from(missed.len()).unwrap()) / f64::from(all);
    assert!(share <= 0.02, "{} of {all} missed:\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn drawn_likenesses_are_left_alone() {
    const ALIKE: &[&str] = &[
        "commit #{40}",
        "sha256:#{64}",
        "see #{7} and #{8}",
        "ticket #{8}-#{4}-4#{3}-a#{3}-#{12}",
        "\"integrity\": \"sha512-+{86}==\"",
        "h1:+{43}=",
        "data:image/png;base64,iVBORw0KGgo+{300}",
        "etag: \"#{32}\"",
        "token_count: 9{5}",
        "max_tokens=9{4}",
        "https://host.test/a/@{22}",
        "key=z{12}-z{6}",
        "id: @{20}",
        "order 9{16}",
        "public_key: +{64}",
        "primary_key = user_9{8}",
        "cache-key: #{32}",
        "sk-z{8}-z{9}-z{7}",
        "API_KEY=your_api_key_9{4}",
        "password: z{10}",
        "password=${DB_PASSWORD_9{3}}",
        "token = os.environ['TOKEN_9{4}']",
        "secret: !Ref Secret9{12}z{12}",
        "nextPageToken: @{40}",
        "#z{6} and ##{6}",
        "v9{1}.9{2}.9{3}-rc9{1}",
        "tracking 1Z^{16}",
        "pk_live_@{24}",
        "ssh-rsa +{372} me@host",
        "@{64}",
        "checksum = \"#{64}\"",
        "mysql://user:<password>@host/db9{4}",
        "arn:aws:iam::9{12}:role/z{9}",
        "nonce #{24}",
        "tokenizer: z{4}-9{2}b-z{8}-v9{1}",
        "passport 9{9}",
        "keyboard: z{5}_9{4}_z{8}",
        "G-^{10}",
        "AW-9{10}",
    ];
    let mut draws = Draws(7);
    let mut wrong = vec![];
    let mut all = 0;
    for pattern in ALIKE {
        for _ in 0..60 {
            let text = draws.fill(pattern);
            all += 1;
            if !rules(&text).is_empty() {
                wrong.push(text);
            }
        }
    }
    let share = f64::from(u32::try_from(wrong.len()).unwrap()) / f64::from(all);
    assert!(share <= 0.003, "{} of {all}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn keys_and_addresses_are_found_as_a_whole() {
    let line = |what: &str| format!("-----{what} RSA PRIVATE KEY-----");
    let key = format!("{}\nMIIabc\nx9\n{}", line("BEGIN"), line("END"));
    for (text, length) in [
        (key.clone(), key.len()),
        (format!("{key} and more"), key.len()),
        (format!("{}\nMIIabc\nx9\n\nand so on", line("BEGIN")), line("BEGIN").len() + 10),
        (format!("postgres{}app:hV7!kq2@db.test/x, and", "://"), 32),
    ] {
        let found = Secrets::new(&[]).unwrap().findings(&text);
        assert_eq!((found.len(), found[0].start, found[0].end), (1, 0, length), "{text}");
    }
    let text = format!("db_password = 'hV7{}', next", "!kq2xw");
    let found = Secrets::new(&[]).unwrap().findings(&text);
    assert_eq!((found[0].start, found[0].end), (15, 24), "the value, without its name and quotes");
}

proptest! {
    #[test]
    fn findings_are_inside(text in "(sk-|ghp_|eyJ|token=|://a:|@)?[\\PC._-]{0,60}") {
        let length = text.chars().count();
        let findings = Secrets::new(&[]).unwrap().findings(&text);
        prop_assert!(findings.iter().all(|f| f.start < f.end && f.end <= length));
    }
}
