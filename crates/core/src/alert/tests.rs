//! What alerts do, by example and over random sequences of looks.

use proptest::prelude::*;

use super::*;
use crate::signal::{Severity, Signal, SignalState};

const SECOND: i64 = 1_000_000;

fn signal(state: SignalState) -> Signal {
    Signal {
        key: "slow/support/triage".into(),
        rule: "slow".into(),
        prompt: Some("support/triage".parse().unwrap()),
        environment: Some("production".parse().unwrap()),
        state,
        severity: Severity::Warning,
        value: None,
        threshold: None,
        unit: "ms".into(),
        window: "1h".into(),
        since: 0,
        summary: "p95 is high".into(),
        context: Default::default(),
    }
}

fn policy() -> Policy {
    Policy {
        hold: 20 * SECOND,
        clear: 40 * SECOND,
        no_data: Some(60 * SECOND),
        renotify: Some(300 * SECOND),
        ..Policy::default()
    }
}

/// A series, looked at as a test says.
struct Series {
    alert: Option<Alert>,
    policy: Policy,
    now: i64,
}

impl Series {
    fn new(policy: Policy) -> Self {
        Self { alert: None, policy, now: 1_000 * SECOND }
    }

    fn look(&mut self, look: Look<'_>, quiet: Option<&str>) -> Option<NoticeKind> {
        let stepped = Alert::step(self.alert.as_ref(), look, self.now, &self.policy, quiet);
        self.alert = stepped.alert;
        stepped.notice.map(|notice| notice.kind)
    }

    /// Looks once after `wait` seconds.
    fn after(&mut self, wait: i64, state: SignalState) -> Option<NoticeKind> {
        self.now += wait * SECOND;
        self.look(Look::Seen(&signal(state)), None)
    }

    fn status(&self) -> Option<Status> {
        self.alert.as_ref().map(|alert| alert.status)
    }
}

use NoticeKind as Kind;
use SignalState::{Breach, NoData, Ok as Well};

#[test]
fn a_breach_fires_after_its_time_and_ends_after_its_time() {
    let mut series = Series::new(policy());
    assert_eq!(series.after(0, Breach), None);
    assert_eq!(series.status(), Some(Status::Pending));
    assert_eq!(series.after(19, Breach), None);
    assert_eq!(series.after(1, Breach), Some(Kind::Firing));
    assert_eq!(series.after(10, Breach), None, "told once");
    assert_eq!(series.after(30, Well), None);
    assert_eq!(series.status(), Some(Status::Firing), "30 s are too short to be over");
    assert_eq!(series.after(10, Well), Some(Kind::Resolved));
    assert_eq!((series.after(1, Well), series.status()), (None, Some(Status::Resolved)));
    assert_eq!((series.after(1, Breach), series.status()), (None, Some(Status::Pending)));
    assert_eq!(series.after(20, Breach), Some(Kind::Firing));
    assert_eq!(series.alert.unwrap().episode, 2);
}

#[test]
fn a_look_without_a_breach_begins_the_time_anew() {
    let mut series = Series::new(policy());
    for _ in 0..5 {
        assert_eq!(series.after(1, Breach), None);
        assert_eq!(series.after(19, Breach), None);
        assert_eq!((series.after(1, Well), series.status()), (None, None));
    }
}

#[test]
fn what_nobody_mentions_becomes_nothing_new() {
    let mut series = Series::new(policy());
    series.after(0, Breach);
    series.now += 25 * SECOND;
    assert_eq!(series.look(Look::Unmentioned, None), None);
    assert_eq!(series.status(), Some(Status::Pending), "another process may still see it");
    assert_eq!(series.after(1, Breach), Some(Kind::Firing));
    series.now += 39 * SECOND;
    assert_eq!(series.look(Look::Unmentioned, None), None);
    series.now += SECOND;
    assert_eq!(series.look(Look::Unmentioned, None), Some(Kind::Resolved));
}

#[test]
fn no_data_is_not_good_data() {
    let mut series = Series::new(policy());
    series.after(0, Breach);
    assert_eq!(series.after(20, Breach), Some(Kind::Firing));
    for _ in 0..20 {
        assert_eq!((series.after(10, NoData), series.status()), (None, Some(Status::Firing)));
    }
    assert_eq!(series.after(40, Well), Some(Kind::Resolved));
    assert_eq!(series.after(1, NoData), None);
    assert_eq!(series.after(60, NoData), Some(Kind::NoData));
    assert_eq!(series.after(1, Breach), None);
    assert_eq!(series.after(20, Breach), Some(Kind::Firing), "what was without data is now bad");
    assert_eq!(series.after(40, Well), Some(Kind::Resolved));
    assert_eq!(series.alert.unwrap().episode, 2);
    let mut deaf = Series::new(Policy { no_data: None, ..policy() });
    assert_eq!((deaf.after(1, NoData), deaf.after(9_999, NoData)), (None, None));
    assert_eq!(deaf.status(), None);
}

#[test]
fn it_has_to_come_back_by_the_margin() {
    let mut series = Series::new(Policy { hysteresis: 0.1, hold: 0, clear: 0, ..policy() });
    let mut at = |value: f64, state| {
        series.now += SECOND;
        let seen = Signal { value: Some(value), threshold: Some(100.0), ..signal(state) };
        series.look(Look::Seen(&seen), None)
    };
    assert_eq!(at(120.0, Breach), Some(Kind::Firing));
    assert_eq!(at(95.0, Well), None, "less than a tenth under 100");
    assert_eq!(at(101.0, Breach), None, "no new alert");
    assert_eq!(at(89.0, Well), Some(Kind::Resolved));
}

#[test]
fn reminders_until_somebody_takes_it_on() {
    let mut series = Series::new(Policy { hold: 0, ..policy() });
    assert_eq!(series.after(0, Breach), Some(Kind::Firing));
    assert_eq!(series.after(299, Breach), None);
    assert_eq!(series.after(1, Breach), Some(Kind::Reminder));
    let ack = Ack { actor: "ann".into(), at: series.now, note: None };
    let told = series.alert.as_mut().unwrap().acknowledge(ack.clone()).unwrap();
    assert_eq!((told.kind, told.actor.as_deref()), (Kind::Acknowledged, Some("ann")));
    assert_eq!(series.after(900, Breach), None);
    assert_eq!(series.after(40, Well), Some(Kind::Resolved));
    let over = series.alert.as_mut().unwrap().acknowledge(ack);
    assert_eq!(over.unwrap_err().code(), "alert_not_active");
}

#[test]
fn a_silence_keeps_states_and_what_is_owed() {
    let mut series = Series::new(Policy { hold: 0, clear: 0, ..policy() });
    let (bad, well) = (signal(Breach), signal(Well));
    assert_eq!(series.look(Look::Seen(&bad), Some("known")), None);
    assert_eq!(series.status(), Some(Status::Firing));
    assert_eq!(series.alert.as_ref().unwrap().quiet.as_deref(), Some("known"));
    assert_eq!(series.after(1, Breach), Some(Kind::Firing), "told when the silence is over");
    series.now += SECOND;
    assert_eq!(series.look(Look::Seen(&well), Some("known")), None);
    assert_eq!(series.status(), Some(Status::Resolved));
    assert_eq!(series.after(1, Well), Some(Kind::Resolved), "they believe that it fires");
    assert_eq!(series.after(1, Well), None);
    // From beginning to end under a silence: nobody hears of it.
    assert_eq!(series.look(Look::Seen(&bad), Some("known")), None);
    assert_eq!(series.look(Look::Seen(&well), Some("known")), None);
    assert_eq!(series.after(1, Well), None);
}

#[test]
fn firing_does_what_the_policy_says_once() {
    let policy = Policy { hold: 0, act: Some(Act::Pause), ..policy() };
    let first = Alert::step(None, Look::Seen(&signal(Breach)), SECOND, &policy, None);
    assert_eq!(first.notice.as_ref().unwrap().act, Some(Act::Pause));
    let later = 400 * SECOND;
    let again =
        Alert::step(first.alert.as_ref(), Look::Seen(&signal(Breach)), later, &policy, None);
    let again = again.notice.unwrap();
    assert_eq!((again.kind, again.act), (Kind::Reminder, None));
}

#[test]
fn matchers_and_routes() {
    let seen = signal(Breach);
    let fits = |text: &str| serde_json::from_str::<Matcher>(text).unwrap().fits(&seen);
    for text in [
        "{}",
        r#"{"prompt":"support/*","severity":"info"}"#,
        r#"{"rule":"slow","environment":"production"}"#,
        r#"{"key":"slow/support/*"}"#,
    ] {
        assert!(fits(text), "{text}");
    }
    for text in [r#"{"prompt":"shop/*"}"#, r#"{"severity":"critical"}"#, r#"{"rule":"slo"}"#] {
        assert!(!fits(text), "{text}");
    }
    assert!(
        !Matcher { prompt: Some("*".into()), ..Matcher::default() }
            .fits(&Signal { prompt: None, ..seen.clone() })
    );
    let route = |rule: &str, goes_on| Route {
        matcher: Matcher { rule: Some(rule.into()), ..Matcher::default() },
        to: vec![rule.into()],
        group_by: vec![GroupBy::Prompt, GroupBy::Rule],
        group_wait: 0,
        goes_on,
    };
    let alerting = Alerting {
        routes: vec![
            route("other", false),
            route("slow", true),
            route("s*", false),
            route("*", false),
        ],
        ..Alerting::default()
    };
    let taken: Vec<_> = alerting.routes(&seen).iter().map(|route| route.to[0].clone()).collect();
    assert_eq!(taken, ["slow", "s*"]);
    assert_eq!(alerting.routes[0].group(&seen), "prompt=support/triage rule=slow");
}

#[test]
fn an_alert_as_it_is_stored() {
    let mut series = Series::new(Policy { hold: 0, ..policy() });
    series.after(0, Breach);
    let text = serde_json::to_string(series.alert.as_ref().unwrap()).unwrap();
    assert_eq!(serde_json::from_str::<Alert>(&text).unwrap(), series.alert.unwrap());
}

/// A look in a random sequence: seconds since the one before, what was seen (or nothing), and whether it is silenced.
type Step = (i64, Option<SignalState>, bool);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let states =
        vec![None, Some(Breach), Some(Breach), Some(Breach), Some(Well), Some(Well), Some(NoData)];
    let step = (0_i64..70, prop::sample::select(states), prop::bool::weighted(0.2));
    prop::collection::vec(step, 0..120)
}

fn policies() -> impl Strategy<Value = Policy> {
    let seconds = |most: i64| (0..most).prop_map(|count| count * SECOND);
    (seconds(90), seconds(90), prop::option::of(seconds(120)), prop::option::of(seconds(400)))
        .prop_map(|(hold, clear, no_data, renotify)| Policy {
            hold,
            clear,
            no_data,
            renotify,
            ..Policy::default()
        })
}

proptest! {
    /// What is promised to people, over any sequence of looks.
    #[test]
    fn promises_hold(policy in policies(), steps in steps()) {
        let mut series = Series::new(policy.clone());
        // Since when each look that said anything found a breach.
        let mut breach_since: Option<i64> = None;
        // What receivers believe.
        let mut believed: Option<(u32, Kind)> = None;
        let mut told_at = i64::MIN;
        let mut was = None;
        for (wait, state, silenced) in steps {
            series.now += wait * SECOND;
            let now = series.now;
            let seen = state.map(signal);
            let look = seen.as_ref().map_or(Look::Unmentioned, Look::Seen);
            match state {
                Some(Breach) => { breach_since.get_or_insert(now); }
                Some(_) => breach_since = None,
                None => {}
            }
            let quiet = silenced.then_some("known");
            let stepped = Alert::step(series.alert.as_ref(), look, now, &policy, quiet);
            let again = Alert::step(series.alert.as_ref(), look, now, &policy, quiet);
            prop_assert_eq!(&stepped, &again, "the same look gives the same");
            series.alert = stepped.alert;
            let status = series.status();
            if status == Some(Status::Firing) && was != Some(Status::Firing) {
                let since = breach_since.expect("fires only at a breach");
                prop_assert!(now - since >= policy.hold, "fired too early");
            }
            if status == Some(Status::NoData) && was != Some(Status::NoData) {
                prop_assert_eq!(state, Some(NoData));
            }
            was = status;
            let Some(notice) = stepped.notice else { continue };
            prop_assert!(!silenced, "told under a silence: {:?}", notice.kind);
            match notice.kind {
                Kind::Firing | Kind::NoData => {
                    let same = believed.filter(|(episode, _)| *episode == notice.episode);
                    let worse = notice.kind == Kind::Firing && same.is_some_and(|(_, kind)| kind == Kind::NoData);
                    prop_assert!(same.is_none() || worse, "told twice");
                    believed = Some((notice.episode, notice.kind));
                }
                Kind::Reminder => {
                    prop_assert!(believed.is_some(), "reminded of what nobody knows");
                    let every = policy.renotify.expect("reminded though nobody wants it");
                    prop_assert!(now - told_at >= every, "reminded too early");
                    let kind = if status == Some(Status::NoData) { Kind::NoData } else { Kind::Firing };
                    believed = Some((notice.episode, kind));
                }
                Kind::Resolved => {
                    prop_assert_eq!(believed.take().map(|(episode, _)| episode), Some(notice.episode));
                }
                other => prop_assert!(false, "{other:?} by itself"),
            }
            told_at = now;
        }
        // Left alone it ends, and whoever believes in it is told so once.
        series.now += policy.clear.max(GRACE) + SECOND;
        let first = series.look(Look::Unmentioned, None);
        prop_assert_eq!(first == Some(Kind::Resolved), believed.is_some());
        series.now += SECOND;
        prop_assert_eq!(series.look(Look::Unmentioned, None), None);
        prop_assert!(series.status().is_none_or(|status| status == Status::Resolved));
    }

    /// A silence changes what is told and nothing else.
    #[test]
    fn a_silence_changes_no_state(policy in policies(), steps in steps()) {
        let (mut loud, mut still) = (Series::new(policy.clone()), Series::new(policy));
        for (wait, state, _) in steps {
            loud.now += wait * SECOND;
            still.now = loud.now;
            let seen = state.map(signal);
            let look = seen.as_ref().map_or(Look::Unmentioned, Look::Seen);
            loud.look(look, None);
            prop_assert_eq!(still.look(look, Some("known")), None);
            let of = |series: &Series| series.status().filter(|status| *status != Status::Resolved);
            prop_assert_eq!(of(&loud), of(&still));
        }
    }
}
