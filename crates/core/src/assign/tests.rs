use proptest::prelude::*;

use super::*;

fn split(share: u16) -> Split {
    Split {
        id: "r".into(),
        epoch: 1,
        salt: "r/1".into(),
        unit: Unit::User,
        audience: Audience::default(),
        mode: Mode::Serve,
        arms: vec![Arm { name: "candidate".into(), number: 2, model: None, from: 0, to: share }],
    }
}

/// Computed with Python's hashlib: int.from_bytes(sha256(b"r/1|u1").digest()[:8], "big") % 10000.
#[test]
fn buckets_are_those_of_another_implementation() {
    for (salt, unit, wanted) in
        [("r/1", "u1", BUCKETS[0]), ("r/1", "u2", BUCKETS[1]), ("", "", BUCKETS[2])]
    {
        assert_eq!(bucket(salt, unit), wanted, "{salt}|{unit}");
    }
}

const BUCKETS: [u16; 3] = [5305, 8019, 1657];

#[test]
fn everybody_and_nobody() {
    for unit in 0..2000 {
        let unit = unit.to_string();
        assert!(split(WHOLE).arm(&unit).is_some());
        assert!(split(0).arm(&unit).is_none());
    }
}

/// 100,000 units: each bucket is as probable as the others, and the share is met.
#[test]
fn shares_are_met() {
    let units = 100_000_u32;
    for (share, sigma) in [(500_u16, 0.000_69), (5_000, 0.001_58)] {
        let split = split(share);
        let hits = (0..units).filter(|unit| split.arm(&unit.to_string()).is_some()).count();
        #[allow(clippy::cast_precision_loss)]
        let found = hits as f64 / f64::from(units);
        assert!((found - f64::from(share) / 10_000.0).abs() < 4.0 * sigma, "{share}: {found}");
    }
}

#[test]
fn pseudonyms_differ_by_rollout_and_hold_no_name() {
    let one = pseudonym("r/1", "ann@example.org");
    assert_eq!(one.len(), 32);
    assert_ne!(one, pseudonym("s/1", "ann@example.org"));
    assert!(!one.contains("ann"));
}

#[test]
fn audiences_are_read_written_and_obeyed() {
    let audience: Audience = "tier = free, country=de|at".parse().unwrap();
    assert_eq!(audience.to_string(), "country = de|at, tier = free");
    assert_eq!(audience.to_string().parse::<Audience>().unwrap(), audience);
    let takes = |tier: Option<&'static str>, country: Option<&'static str>| {
        audience.takes(|tag| if tag == "tier" { tier } else { country })
    };
    assert!(takes(Some("free"), Some("at")));
    assert!(!takes(Some("free"), Some("fr")));
    assert!(!takes(None, Some("de")), "an absent tag is no member");
    assert!(Audience::default().takes(|_| None));
    for wrong in ["tier", "= x", "tier =", "a = b, a = c", "a b = c", "a = b|"] {
        assert!(wrong.parse::<Audience>().is_err(), "{wrong}");
    }
}

proptest! {
    /// Law 10: raising the share moves nobody who has the arm; lowering it moves nobody into it.
    #[test]
    fn a_ramp_is_monotone(units in prop::collection::vec("[a-z0-9@.]{1,12}", 1..60), mut shares in prop::collection::vec(0..=WHOLE, 2..8)) {
        shares.sort_unstable();
        let mut before: Vec<bool> = vec![false; units.len()];
        for share in shares {
            let split = split(share);
            let now: Vec<bool> = units.iter().map(|unit| split.arm(unit).is_some()).collect();
            prop_assert!(before.iter().zip(&now).all(|(before, now)| !before || *now));
            before = now;
        }
    }

    /// Another epoch deals anew: an arm's members are not the same people again.
    #[test]
    fn salts_are_independent(unit in "[a-z]{1,20}") {
        let same = (0..400).filter(|n| bucket(&format!("a{n}"), &unit) < 5_000).count();
        prop_assert!((120..280).contains(&same), "{same} of 400");
    }
}
