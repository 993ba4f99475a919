//! The default ladder from its first step to the retirement of what it replaced, and what of it can be seen from
//! outside.

use gatemark_core::stage::Stage;

use super::killed::spawn;
use super::scene::Deed;
use super::*;

/// Every step of the default ladder, the promotion through the gate, the watch, the end and the retirement, by
/// three controllers on one database: two that take turns and meet, of which one is opened anew each day, and one
/// that is killed each day when the next step is due, at another place each time.
#[tokio::test]
async fn the_default_ladder_with_controllers_that_are_killed() {
    let folder = Folder::new();
    let one = open(&folder.0).await;
    let mut two = open(&folder.0).await;
    let mut plan = Plan::canary().with_samples(200);
    plan.steps.iter_mut().for_each(|step| step.least = 30);
    let begun = begun(&one, plan).await;
    let mut traffic = Traffic::new(20_000);
    let mut ends: Vec<(i64, u16, State)> = vec![];
    let mut killed = 0;
    for hour in 0..(13 + 14) * 24 + 2 {
        let from = begun.started_at + hour * HOUR;
        traffic.hour(&one, from, 40, 0.01).await;
        if hour % 24 == 5 {
            two = open(&folder.0).await;
        }
        let now = from + HOUR;
        let dying = (hour % 24 == 23).then(|| {
            let place = usize::try_from(hour / 24 % 5).unwrap();
            spawn(&folder.0, YAML, (Deed::Tick, now), Some(place))
        });
        if let Some(mut dying) = dying {
            // On even days it is first, on odd ones the others do not wait for it.
            if hour / 24 % 2 == 0 {
                killed += u32::from(!dying.wait().unwrap().success());
            }
            both(&one, &two, now).await;
            killed += u32::from(hour / 24 % 2 == 1 && !dying.wait().unwrap().success());
            both(&one, &two, now).await;
        } else {
            // Both read the same state; what one has stored, the other must not store again.
            assert!(both(&one, &two, now).await <= 1, "one change at a time, once");
        }
        let rollout = stored(&two).await;
        let seen = (hour + 1, rollout.share(), rollout.state);
        if ends.last().is_none_or(|(_, share, state)| (*share, *state) != (seen.1, seen.2)) {
            ends.push(seen);
        }
    }
    assert!(killed >= 10, "{killed} were killed");
    assert_eq!(
        ends,
        [
            (1, 500, State::Running),
            (24, 1_000, State::Running),
            (72, 2_000, State::Running),
            (144, 5_000, State::Running),
            (312, WHOLE, State::Watching),
            (648, WHOLE, State::Completed),
        ]
    );
    assert_eq!(
        actions(&one).await,
        [
            "rollout.start",
            "rollout.advance",
            "rollout.advance",
            "rollout.advance",
            "rollout.promote",
            "deploy",
            "rollout.watch",
            "rollout.complete",
            "retire"
        ]
    );
    assert_eq!(one.store().pointers().await.unwrap()[0].number, 2);
    let shown: Vec<_> = one.stages(&name()).await.unwrap().iter().map(|s| s.stage).collect();
    assert_eq!(shown, ["production", "retired"]);
    assert!(one.verify_audit(None).await.unwrap().ok);
}

async fn both(one: &Control, two: &Control, now: i64) -> usize {
    let (first, second) = tokio::join!(one.tick_rollouts(now), two.tick_rollouts(now));
    first.unwrap() + second.unwrap()
}

async fn stage(control: &Control, number: u32) -> Stage {
    let version = control.version_numbered(&name(), number).await.unwrap();
    control.stage(&version).await.unwrap()
}

#[tokio::test]
async fn a_candidate_is_in_staging_and_what_is_retired_is_none() {
    let folder = Folder::new();
    let control = open(&folder.0).await;
    begun(&control, Plan::canary()).await;
    assert_eq!(stage(&control, 2).await, Stage::Staging);
    assert_eq!(control.prompt_views().await.unwrap()[0].stage, "staging");
    let retire = control.retire(&name(), &Selector::Number(2), "dan", None).await;
    assert_eq!(retire.unwrap_err().code(), "illegal_move");
    // Nor by whoever decided before the rollout began.
    let id = gatemark_store::lifecycle::VersionId { prompt: name(), number: 2 };
    let late = gatemark_store::lifecycle::Retirement { actor: "d".into(), reason: None, at: 1 };
    let error = control.store().retire(&id, &late).await.unwrap_err();
    assert!(
        error.to_string().contains("is the candidate of a rollout or experiment in production"),
        "{error}"
    );

    let abort = Command::Abort { reason: None };
    control.steer_rollout(&name(), &place(), &abort, "dan").await.unwrap();
    assert_eq!(stage(&control, 2).await, Stage::Draft);
    control.retire(&name(), &Selector::Number(2), "dan", None).await.unwrap();
    let two = Selector::Number(2);
    let again = control.start_rollout(&name(), &two, &place(), Plan::canary(), "dan").await;
    assert_eq!(again.unwrap_err().code(), "illegal_move");
}

/// What the watch's end retires: not where the plan says no, nor what serves elsewhere.
#[tokio::test]
async fn what_was_replaced_is_retired_only_if_nobody_needs_it() {
    for (retires, elsewhere, retired) in
        [(true, false, true), (false, false, false), (true, true, false)]
    {
        let folder = Folder::new();
        let yaml = format!("{YAML}  staging: {{policy: open}}\n");
        let control = open_with(&folder.0, &yaml).await;
        let plan = Plan { retire: retires, watch_s: 60, ..Plan::canary() };
        begun(&control, plan).await;
        let staging: EnvironmentName = "staging".parse().unwrap();
        if elsewhere {
            control.deploy(&name(), &Selector::Number(1), &staging, "dan").await.unwrap();
        }
        let watching =
            control.steer_rollout(&name(), &place(), &Command::Promote, "dan").await.unwrap();
        assert_eq!(watching.state, State::Watching);
        let end = watching.changed_at + 60_000_000;
        assert_eq!(control.tick_rollouts(end).await.unwrap(), 1);
        assert_eq!(stored(&control).await.state, State::Completed);
        let found = control.store().lifecycle(None).await.unwrap().retired;
        assert_eq!(found.len(), usize::from(retired), "{retires} {elsewhere}: {found:?}");
        if retired {
            let entry = control.audit(1).await.unwrap().remove(0);
            assert_eq!((entry.actor.as_str(), entry.action.as_str()), ("rollout", "retire"));
            assert_eq!(entry.detail, "version 1: version 2 took its place in production");
        }
    }
}

/// A rollout that waits for evidence is read when evidence comes or a time is over, and not each second.
#[tokio::test]
async fn one_that_waits_is_left_alone() {
    let folder = Folder::new();
    let control = open(&folder.0).await;
    let begun = begun(&control, Plan::canary()).await;
    let mut traffic = Traffic::new(1_000);
    traffic.hour(&control, begun.started_at, 400, 0.01).await;
    control.tick_rollouts(begun.started_at + HOUR).await.unwrap();
    let hold = begun.started_at + 24 * HOUR;
    let due = async |now: i64| control.store().due_rollouts(now, None).await.unwrap().len();
    assert_eq!((due(hold - 1).await, due(hold).await), (0, 1));
    // It lacks units: it is looked at once, and then when data have been missing for too long.
    assert_eq!(control.tick_rollouts(hold).await.unwrap(), 0);
    assert_eq!(due(hold + HOUR / 2).await, 0);
    let heard = stored(&control).await.rails.iter().filter_map(|rail| rail.heard).min().unwrap();
    assert_eq!(due(heard + 24 * HOUR).await, 1);
    assert_eq!(control.tick_rollouts(heard + 24 * HOUR).await.unwrap(), 1);
    assert_eq!(stored(&control).await.state, State::Aborted);
}
