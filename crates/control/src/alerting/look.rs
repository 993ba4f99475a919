//! The task that looks.

use std::collections::{BTreeMap, BTreeSet};

use gatemark_core::alert::{Act, Alert, Look, Notice, NoticeKind, Policy, Silence, Stepped};
use gatemark_core::error::Result;
use gatemark_core::signal::{Signal, SignalState};
use gatemark_core::stop::Stops;
use gatemark_store::Outgoing;

use super::act;
use super::sources::{self, SOURCES};
use super::watched::AlertCounts;
use crate::Control;

/// How far what is stored may lag behind what was last seen, in microseconds: a series that stays as it is need not be
/// written each second.
const LAG: i64 = 10_000_000;
/// Where a signal's context says what changed before.
const CHANGE: &str = "change";

/// What is known at one look.
struct Seen {
    signals: BTreeMap<String, Signal>,
    /// Rules of which everything that is wrong was mentioned.
    whole: BTreeSet<&'static str>,
    silences: Vec<Silence>,
    stops: Stops,
}

impl Control {
    /// Looks at everything that can be wrong, at `now` in microseconds since 1970, and stores what has changed with
    /// what is to be told of it. Returns how many alerts changed.
    ///
    /// # Errors
    /// Those of the store, and of sources after the others were heard.
    pub async fn look_for_alerts(&self, now: i64) -> Result<usize> {
        let (seen, failed) = self.see(now).await?;
        let kept = self.store().open_alerts().await?;
        let known: BTreeMap<&str, &Alert> = kept.iter().map(|alert| (alert.key(), alert)).collect();
        let keys: BTreeSet<&str> =
            known.keys().copied().chain(seen.signals.keys().map(String::as_str)).collect();
        let mut changed = 0;
        for key in keys {
            let earlier = match known.get(key) {
                Some(_) => None,
                // What is wrong again has been over for a while.
                None if self.is_wrong(key, &seen) => self.store().alert(key).await?,
                None => continue,
            };
            let before = known.get(key).copied().or(earlier.as_ref());
            changed += usize::from(self.look_at(key, before, &seen, now).await?);
        }
        self.count().await?;
        failed.map_or(Ok(changed), Err)
    }

    /// Whether something is seen of `key` that can be told. Prompts that nobody calls have no data for most rules, for
    /// ever: nothing is looked up for those that are not wanted.
    fn is_wrong(&self, key: &str, seen: &Seen) -> bool {
        let Some(signal) = seen.signals.get(key) else { return false };
        match signal.state {
            SignalState::Ok => false,
            SignalState::Breach => true,
            SignalState::NoData => self.project().alerts.policy(&signal.rule).no_data.is_some(),
        }
    }

    async fn count(&self) -> Result<()> {
        let (waiting, dead) = self.store().undelivered().await?;
        let alerts = self.store().count_alerts().await?.into_iter().collect();
        let mut signals: BTreeMap<(String, &'static str), u64> = BTreeMap::new();
        for signal in sources::monitors(self).await? {
            *signals.entry((signal.rule, signal.state.word())).or_default() += 1;
        }
        self.in_process().counted(AlertCounts { alerts, waiting, dead, signals });
        Ok(())
    }

    /// What every source says; one that fails silences no other.
    async fn see(&self, now: i64) -> Result<(Seen, Option<gatemark_core::Error>)> {
        let silences = self.store().silences(now).await?;
        let (mut signals, mut whole, mut failed) = (BTreeMap::new(), BTreeSet::new(), None);
        for source in &SOURCES {
            match (source.look)(self, now).await {
                Ok(found) => {
                    whole.extend(source.rule.filter(|_| source.whole));
                    signals.extend(found.into_iter().map(|signal| (signal.key.clone(), signal)));
                }
                Err(error) => failed = Some(error),
            }
        }
        let stops = Stops::clone(&self.gateway().stops());
        Ok((Seen { signals, whole, silences, stops }, failed))
    }

    /// Whether anything that others see has changed.
    async fn look_at(
        &self,
        key: &str,
        before: Option<&Alert>,
        seen: &Seen,
        now: i64,
    ) -> Result<bool> {
        let signal = latest(key, before, seen);
        let known = signal.as_ref().or(before.map(|alert| &alert.signal));
        let Some(known) = known else { return Ok(false) };
        let policy = self.project().alerts.policy(&known.rule);
        let quiet = quiet(known, seen, now);
        let look = signal.as_ref().map_or(Look::Unmentioned, Look::Seen);
        let Stepped { alert, notice } = Alert::step(before, look, now, &policy, quiet.as_deref());
        let Some(mut alert) = alert else {
            if let Some(before) = before {
                self.store().drop_alert(before).await?;
            }
            return Ok(before.is_some());
        };
        if notice.is_none() && before.is_some_and(|before| is_much_the_same(before, &alert)) {
            return Ok(false);
        }
        let mut outgoing = vec![];
        if let Some(notice) = notice {
            let notice = self.in_context(notice, &policy, now).await?;
            alert.signal.context.clone_from(&notice.signal.context);
            outgoing = self.outgoing(&notice);
        }
        self.store().save_alert(&alert, &outgoing).await
    }

    /// The notice with what changed before, and with what it needs to act.
    async fn in_context(&self, mut notice: Notice, policy: &Policy, now: i64) -> Result<Notice> {
        if !matches!(notice.kind, NoticeKind::Firing | NoticeKind::NoData) {
            return Ok(notice);
        }
        if let Some(change) = self.change_before(&notice.signal, now).await? {
            notice.signal.context.insert(CHANGE.to_string(), change);
        }
        if policy.act == Some(Act::Rollback)
            && let Some(what) = self.taken_back_by(&notice.signal).await?
        {
            notice.signal.context.insert(act::TAKES_BACK.to_string(), what);
        }
        Ok(notice)
    }

    /// A notice on its way to every channel that its routes name, and to be acted on.
    pub(super) fn outgoing(&self, notice: &Notice) -> Vec<Outgoing> {
        let alerting = &self.project().alerts;
        let mut told = BTreeSet::new();
        let mut found = vec![];
        for route in alerting.routes(&notice.signal) {
            for channel in
                route.to.iter().filter(|channel| alerting.channels.contains_key(*channel))
            {
                if !told.insert(channel) {
                    continue;
                }
                found.push(Outgoing {
                    id: uuid::Uuid::now_v7().to_string(),
                    channel: channel.clone(),
                    group: route.group(&notice.signal),
                    due: notice.at.saturating_add(route.group_wait),
                    notice: notice.clone(),
                });
            }
        }
        found.extend(notice.act.map(|act| Outgoing {
            id: uuid::Uuid::now_v7().to_string(),
            channel: act::channel(act),
            group: notice.incident(),
            due: notice.at,
            notice: notice.clone(),
        }));
        found
    }
}

/// What is seen of `key` now, if anybody can say.
fn latest(key: &str, before: Option<&Alert>, seen: &Seen) -> Option<Signal> {
    let before = before.map(|alert| (alert, &alert.signal));
    let Some(mut signal) = seen.signals.get(key).cloned() else {
        let gone = before.filter(|(_, signal)| seen.whole.contains(signal.rule.as_str()));
        return gone.map(|(_, signal)| Signal { state: SignalState::Ok, ..signal.clone() });
    };
    // What was found out when it began stays with it.
    if let Some((_, earlier)) = before.filter(|(alert, _)| alert.status.is_active()) {
        for name in [CHANGE, act::TAKES_BACK] {
            if let Some(value) = earlier.context.get(name) {
                signal.context.insert(name.to_string(), value.clone());
            }
        }
    }
    Some(signal)
}

/// Why nothing may be told of `signal`: a silence, or a stop by which its prompt does not answer anyway.
fn quiet(signal: &Signal, seen: &Seen, now: i64) -> Option<String> {
    let silenced = seen.silences.iter().find_map(|silence| silence.quiets(signal, now));
    silenced.or_else(|| {
        let is_stop = signal.rule == "stopped";
        let prompt = signal.prompt.as_ref().filter(|_| !is_stop)?;
        let stop = seen.stops.about(Some(prompt), signal.environment.as_ref())?;
        Some(format!("{} is stopped", stop.scope))
    })
}

/// Whether `next` says nothing that `before` does not, but that it was seen again a little later.
fn is_much_the_same(before: &Alert, next: &Alert) -> bool {
    let same = Alert { bad_at: before.bad_at, signal: before.signal.clone(), ..next.clone() };
    same == *before && next.bad_at.saturating_sub(before.bad_at) < LAG
}
