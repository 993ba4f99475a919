//! Looks over a real store, on a simulated clock.

use std::path::Path;

use gatemark_core::alert::{Act, Notice, NoticeKind};
use gatemark_core::call::{CallPurpose, CallRecord};
use gatemark_core::error::Error;
use gatemark_core::review;
use gatemark_core::signal::{Severity, Signal, SignalState};
use gatemark_gateway::Selector;

use super::act::TAKES_BACK;
use crate::Control;
use crate::rollout::tests::{Folder, HOUR, name, open_with, place, version};

const SECOND: i64 = 1_000_000;
const YAML: &str = "name: t\nproviders:\n  sim: {}\nenvironments:\n  production: {policy: open, review: {sla: 1h}}\nalerts:\n  channels: \
                    {ops: {type: webhook, url: 'http://127.0.0.1:9/x'}}\n";

async fn open(data: &Path) -> Control {
    open_with(data, YAML).await
}

fn fails(control: &Control) {
    control.in_process().ran("ship", &Err(Error::internal("no disk")));
}

/// What was told so far, oldest first.
async fn told(control: &Control) -> Vec<String> {
    let mut all = control.store().deliveries(None, 99).await.unwrap();
    all.sort_by_key(|delivery| delivery.message.at);
    let notices = all.iter().flat_map(|delivery| &delivery.message.notices);
    notices.map(|notice| notice.kind.word().to_string()).collect()
}

#[tokio::test]
async fn a_failing_task_is_told_reminded_of_and_over() {
    let folder = Folder::new();
    let control = open(&folder.0).await;
    let begin = 1_000 * HOUR;
    fails(&control);
    for second in 0..60 {
        control.look_for_alerts(begin + second * SECOND).await.unwrap();
    }
    assert!(told(&control).await.is_empty(), "one minute is not over");
    control.look_for_alerts(begin + 60 * SECOND).await.unwrap();
    assert_eq!(told(&control).await, ["firing"]);
    let counts = control.alert_counts();
    assert_eq!((counts.alerts.get("firing"), counts.waiting), (Some(&1), 1));
    for minute in 2..=(4 * 60 + 1) {
        control.look_for_alerts(begin + minute * 60 * SECOND).await.unwrap();
    }
    assert_eq!(told(&control).await, ["firing", "reminder"]);
    control.in_process().ran("ship", &Ok(()));
    let last = begin + (4 * 60 + 1) * 60 * SECOND;
    for second in 1..60 {
        control.look_for_alerts(last + second * SECOND).await.unwrap();
    }
    assert_eq!(told(&control).await, ["firing", "reminder"]);
    control.look_for_alerts(last + 61 * SECOND).await.unwrap();
    assert_eq!(told(&control).await, ["firing", "reminder", "resolved"]);
    assert!(control.alerts(false).await.unwrap().is_empty());
    assert_eq!(control.alerts(true).await.unwrap()[0].episode, 1);
    // What has been over for a while and begins again is the same alert's next episode.
    fails(&control);
    for second in 0..=60 {
        control.look_for_alerts(last + HOUR + second * SECOND).await.unwrap();
    }
    assert_eq!(control.alerts(true).await.unwrap()[0].episode, 2);
}

#[tokio::test]
async fn two_that_look_at_once_tell_once_and_one_ends_nothing_for_the_other() {
    let folder = Folder::new();
    let (one, other) = (open(&folder.0).await, open(&folder.0).await);
    let begin = 1_000 * HOUR;
    fails(&one);
    for second in 0..600 {
        let now = begin + second * SECOND;
        let (first, second) = tokio::join!(one.look_for_alerts(now), other.look_for_alerts(now));
        first.and(second).unwrap();
    }
    assert_eq!(told(&one).await, ["firing"], "the other one's task is well");
    fails(&other);
    one.in_process().ran("ship", &Ok(()));
    for second in 600..1_200 {
        let now = begin + second * SECOND;
        let (first, second) = tokio::join!(one.look_for_alerts(now), other.look_for_alerts(now));
        first.and(second).unwrap();
    }
    assert_eq!(told(&one).await, ["firing"], "it never was over");
}

#[tokio::test]
async fn calls_that_nobody_looks_at_in_time_are_told() {
    let folder = Folder::new();
    let control = open(&folder.0).await;
    let begin = 1_000 * HOUR;
    let model = "sim/learner-2026-11-01".parse().unwrap();
    let call = CallRecord {
        prompt: "a/b".parse().ok(),
        number: Some(1),
        environment: "production".parse().ok(),
        review: vec!["guard: x".into()],
        ..CallRecord::begun("c".into(), begin, CallPurpose::Serve, "app".into(), model)
    };
    control.store().insert_calls(&[call]).await.unwrap();
    control.look_for_alerts(begin + HOUR).await.unwrap();
    assert!(told(&control).await.is_empty(), "the hour is not over");
    let late = begin + HOUR + SECOND;
    control.look_for_alerts(late).await.unwrap();
    assert_eq!(told(&control).await, ["firing"]);
    let standing = control.review_standing(late).await.unwrap();
    assert_eq!((standing[0].open, standing[0].overdue, standing[0].sla_s), (1, 1, Some(3_600)));
    // Whoever is at it has not decided yet.
    let claim = review::Act::Claim { until: late + HOUR };
    control.store().act_on_review("c", &claim, ("ann", late), None).await.unwrap();
    assert_eq!(control.review_standing(late).await.unwrap()[0].overdue, 1);
    let (decision, answer, note, again) = (review::Decision::Reject, None, None, false);
    let reject = review::Act::Decide { decision, answer, note, again };
    control.store().act_on_review("c", &reject, ("ann", late), None).await.unwrap();
    for second in 1..=61 {
        control.look_for_alerts(late + second * SECOND).await.unwrap();
    }
    assert_eq!(told(&control).await, ["firing", "resolved"]);
}

#[tokio::test]
async fn a_rollback_by_an_alert_takes_back_what_served_and_no_more() {
    let folder = Folder::new();
    let control = open(&folder.0).await;
    let (prompt, place) = (name(), place());
    for (text, number) in [("one", 1), ("two", 2), ("three", 3)] {
        let after = (number > 1).then_some(number - 1);
        control.store().push(&[version(text, after)], "ann", i64::from(number)).await.unwrap();
        let selector = Selector::Number(number);
        control.deploy(&prompt, &selector, &place, "dan").await.unwrap();
    }
    let mut signal = Signal {
        key: "slow/a/b".into(),
        rule: "slow".into(),
        prompt: Some(prompt.clone()),
        environment: Some(place.clone()),
        state: SignalState::Breach,
        severity: Severity::Critical,
        value: None,
        threshold: None,
        unit: String::new(),
        window: String::new(),
        since: 0,
        summary: "slow".into(),
        context: Default::default(),
    };
    let what = control.taken_back_by(&signal).await.unwrap().unwrap();
    signal.context.insert(TAKES_BACK.into(), what);
    let (kind, act) = (NoticeKind::Firing, Some(Act::Rollback));
    let notice = Notice { kind, signal, episode: 1, since: 1, at: 1, actor: None, act };
    let serving =
        async || control.store().deployments(&prompt, Some(&place), 1).await.unwrap()[0].clone();
    control.act(&notice).await.unwrap();
    let back = serving().await;
    assert_eq!((back.number, back.actor.as_str()), (2, "alert:slow"));
    control.act(&notice).await.unwrap();
    assert_eq!(serving().await.number, 2, "done twice is done once");
    let change = control.change_before(&notice.signal, back.at + 90 * SECOND).await.unwrap();
    let change = change.unwrap();
    assert_eq!(change, "began 90 s after version 2 came to production (rollback by alert:slow)");
    let stop = Notice { act: Some(Act::Stop), ..notice };
    control.act(&stop).await.unwrap();
    control.act(&stop).await.unwrap();
    let stops = control.stops_in_force();
    assert_eq!((stops.len(), stops[0].scope.as_str()), (1, "prompt=a/b"));
}

#[tokio::test]
async fn what_monitors_see_is_told() {
    let folder = Folder::new();
    let control = open(&folder.0).await;
    let begin = 1_000 * HOUR;
    let key = "monitor/errors/support/triage@production";
    let seen = |state| Signal {
        key: key.into(),
        rule: "errors".into(),
        prompt: Some("support/triage".parse().unwrap()),
        environment: Some("production".parse().unwrap()),
        state,
        severity: Severity::Warning,
        value: Some(0.2),
        threshold: Some(0.05),
        unit: "ratio".into(),
        window: "1h".into(),
        since: begin,
        summary: "20 % of the calls of support/triage failed in 1h".into(),
        context: Default::default(),
    };
    for (state, at, expected) in [
        (SignalState::NoData, begin, vec![]),
        (SignalState::Breach, begin + HOUR, vec!["firing"]),
        (SignalState::Ok, begin + HOUR + 61 * SECOND, vec!["firing", "resolved"]),
    ] {
        control.store().save_signals("monitor/", &mut [seen(state)]).await.unwrap();
        for wait in [0, 61 * SECOND] {
            control.look_for_alerts(at + wait).await.unwrap();
        }
        assert_eq!(told(&control).await, expected, "{state:?}");
    }
}
