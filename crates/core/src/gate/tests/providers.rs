//! Evidence and who answered in it.

use super::*;

#[test]
fn evidence_is_of_the_providers_of_its_time() {
    let elsewhere = |report: &mut Report| {
        let model = report.model.clone();
        report.upstreams.insert(model, at("http://there"));
    };
    assert_eq!(unmet(|_, _, report| elsewhere(report), "bob"), [19]);
    // A report from before upstreams were kept says nothing about those of now.
    assert_eq!(unmet(|_, _, report| report.upstreams.clear(), "bob"), [19]);
    // What other models of the project are at is nothing to this one.
    let other = |report: &mut Report| {
        report.upstreams.insert("q/latest".parse().unwrap(), at("http://there"));
    };
    assert_eq!(unmet(|_, _, report| other(report), "bob"), [0; 0]);
    let (version, suite, mut report) = (version(), suite(), report(60));
    elsewhere(&mut report);
    let policy = Policy { accuracy: Some(0.9), ..Policy::open() };
    let evidence = about(&version, &suite, &report);
    let checklist = decide(&policy, &"staging".parse().unwrap(), Purpose::Deploy, &evidence);
    let told = checklist.unmet().next().unwrap();
    assert_eq!(
        told.found,
        "report r: p/m-2026-01-01: base_url was `http://there`, is `http://here`"
    );
    let fix = told.fix.as_deref().unwrap();
    assert_eq!(fix, "run `gatemark test a/b@2` with this gatemark.yaml");
    let open = decide(&Policy::open(), &"staging".parse().unwrap(), Purpose::Deploy, &evidence);
    assert!(open.passes(), "where no evidence is asked for, nobody asks who answered");
}

#[test]
fn a_cascades_report_is_of_the_providers_of_all_its_steps() {
    let rules = |edit: fn(&mut Report)| {
        unmet(
            |version, _, report| {
                let steps = ["p/m-2026-01-01", "q/a-2026-01-01"].map(|name| name.parse().unwrap());
                version.content.cascade = Some(crate::cascade::Cascade {
                    steps: steps.to_vec(),
                    up_when: crate::cascade::UpWhen::default(),
                });
                edit(report);
            },
            "bob",
        )
    };
    // Rule 18 is about the further step's own report, which there is none of here.
    assert_eq!(rules(|_| {}), [18]);
    let moved = |report: &mut Report| {
        report.upstreams.insert("q/a-2026-01-01".parse().unwrap(), at("http://there"));
    };
    assert_eq!(rules(moved), [18, 19]);
}

#[test]
fn a_report_from_before_upstreams_were_kept_still_loads() {
    let old = include_str!("../fixtures/report-1.json");
    let report: Report = serde_json::from_str(old).unwrap();
    assert!(report.upstreams.is_empty() && report.model.as_str() == "p/m-2026-01-01");
    let again = serde_json::to_value(&report).unwrap();
    assert_eq!(again, serde_json::from_str::<serde_json::Value>(old).unwrap());
}
