//! Rule 22: attacks.

use super::*;
use crate::NanoUsd;
use crate::redteam::{self, Demand};

#[test]
fn attacks_that_reach_their_goal_are_bounded() {
    let tried = |reached: usize| -> Vec<redteam::Tried> {
        let one = |place: usize| redteam::Tried {
            attack: format!("direct-{place:03}"),
            family: redteam::Family::Direct,
            variable: "text".into(),
            bare: Some(true),
            structure: Some(true),
            guarded: place < reached,
            stopped_by: (place >= reached).then_some(redteam::Line::Structure),
            flagged: false,
            call: String::new(),
        };
        (0..60).map(one).collect()
    };
    let about_attacks = |reached: usize| {
        let tried = tried(reached);
        let (total, families) = redteam::figures(&tried);
        redteam::Report {
            id: "r".into(),
            prompt: "a/b".parse().unwrap(),
            number: 1,
            version: Digest::of(b"v"),
            model: "p/m-2026-01-01".parse().unwrap(),
            environment: "production".parse().unwrap(),
            guards: Digest::of(b"g"),
            corpus: 1,
            seed: 1,
            at: 0,
            actor: "ann".into(),
            cost: NanoUsd::ZERO,
            total,
            families,
            tried,
        }
    };
    let rule = |found: Option<&redteam::Report>, min_attacks, purpose| {
        let (version, suite, report) = (version(), suite(), report(60));
        let evidence =
            Evidence { served_before: true, redteam: found, ..about(&version, &suite, &report) };
        let redteam = Some(Demand { max_success: 0.05, min_attacks });
        let policy = Policy { redteam, ..Policy::open() };
        let checklist = decide(&policy, &"production".parse().unwrap(), purpose, &evidence);
        checklist.findings().iter().find(|finding| finding.rule == 22).map(|finding| finding.met)
    };
    let (few, many) = (about_attacks(3), about_attacks(4));
    assert_eq!(rule(None, 60, Purpose::Deploy), Some(false));
    assert_eq!(rule(Some(&few), 60, Purpose::Deploy), Some(true));
    assert_eq!(rule(Some(&many), 60, Purpose::Deploy), Some(false));
    assert_eq!(rule(Some(&few), 61, Purpose::Deploy), Some(false));
    assert_eq!(rule(None, 60, Purpose::Rollback), None);
}
