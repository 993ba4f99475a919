//! What is watched of the versions that serve.
//!
//! A look is a function of the moment, the sums that are stored and the configuration in force: a server that was
//! down for a week sees at its first look what it would see had it looked all the time, and two servers see the
//! same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use gatemark_core::deploy::Deployment;
use gatemark_core::error::Result;
use gatemark_core::id::ModelName;
use gatemark_core::monitor::{Past, Reference, Series, Watch, changes, deprecation, judge, price};
use gatemark_core::period::{Period, Span};
use gatemark_core::report::Summary;
use gatemark_core::rollup::{Baseline, Bucket, Key};
use gatemark_core::signal::Signal;

use crate::Control;

/// How far back changes are looked for, in microseconds: a version's reference is what it learned first in that time.
const REMEMBERED: i64 = 400 * 86_400_000_000;

/// How often whatever looks back further than an hour is looked at anew, in microseconds: it reads thousands of
/// buckets and hardly moves.
const FAR: i64 = 10 * 60_000_000;
/// What the keys of monitors' signals begin with.
const KEYS: &str = "monitor/";

impl Control {
    /// Puts the sums over calls in order, as often as somebody likes.
    pub async fn consolidate(&self, now: i64) -> Result<usize> {
        self.store.consolidate_rollups(now).await
    }

    /// What monitors saw at their last look.
    pub async fn signals(&self) -> Result<Vec<Signal>> {
        self.store.signals().await
    }

    /// Looks at what serves, keeps what is seen, and gives it with what probes said last.
    pub async fn look(&self, now: i64) -> Result<Vec<Signal>> {
        self.ship_if_possible().await;
        let before = self.store.signals().await?;
        let last = self.looked_far.load(Ordering::Relaxed);
        let far = now < last || now.saturating_sub(last) >= FAR;
        let (mut signals, mut serving) = (vec![], BTreeSet::new());
        for deployment in self.store.pointers().await? {
            let environment = self.project().environments.get(&deployment.environment);
            let watches = environment.map(|place| place.monitors.of(&deployment.prompt));
            match watches {
                Some(watches) if !watches.is_empty() => {
                    let kept = if far { vec![] } else { kept(&before, &deployment) };
                    signals.extend(self.watched(&deployment, watches, kept, now).await?);
                    let models = self.models_of(&deployment);
                    signals.extend(self.ending(&deployment, &models, now));
                    serving.extend(models);
                }
                _ => {}
            }
        }
        signals.extend(self.prices(&serving, &before, now));
        signals.sort_by(|one, other| one.key.cmp(&other.key));
        self.store.save_signals(KEYS, &mut signals).await?;
        if far {
            self.looked_far.store(now, Ordering::Relaxed);
        }
        self.store.signals().await
    }

    /// The models that may answer for what a deployment put there.
    fn models_of(&self, deployment: &Deployment) -> BTreeSet<ModelName> {
        let snapshot = self.gateway.snapshot();
        let places = snapshot.pointers(&deployment.prompt);
        let pointer = places.and_then(|places| places.get(&deployment.environment));
        let first = pointer.and_then(|pointer| pointer.current.version.content.models.first());
        let first = first.map(|variant| variant.model.clone());
        let mut models: BTreeSet<ModelName> =
            deployment.model.clone().or(first).into_iter().collect();
        models.extend(deployment.fallbacks.iter().map(|admitted| admitted.model.clone()));
        models
    }

    fn ending(
        &self,
        deployment: &Deployment,
        models: &BTreeSet<ModelName>,
        now: i64,
    ) -> Vec<Signal> {
        let series = series(deployment);
        let ends = models.iter().filter_map(|model| {
            let end = self.project().models.get(model)?.ends_at?;
            Some(deprecation(&series, model, end, now))
        });
        ends.collect()
    }

    fn prices(&self, serving: &BTreeSet<ModelName>, before: &[Signal], now: i64) -> Vec<Signal> {
        let said = serving.iter().filter_map(|model| {
            let known = self.project().price(model)?;
            let mut signal = price(model, known.version(), None, now);
            if let Some(before) = before.iter().find(|before| before.key == signal.key) {
                signal = price(model, known.version(), Some(before), now);
            }
            Some(signal)
        });
        said.collect()
    }

    /// What is seen now, with what is `kept` of the look before in place of whatever looks far back.
    async fn watched(
        &self,
        deployment: &Deployment,
        watches: &[Watch],
        kept: Vec<Signal>,
        now: i64,
    ) -> Result<Vec<Signal>> {
        let far = kept.is_empty();
        let near = |watch: &&Watch| far || watch.window <= Period::Hour;
        let judged: Vec<Watch> = watches.iter().filter(near).cloned().collect();
        let windows = self.windows(deployment, &judged, now).await?;
        let baseline = self.store.baseline(deployment.id).await?;
        let idle = windows.values().all(|bucket| bucket.calls == 0);
        let report = match idle {
            true => None,
            false => self.report_of(deployment, baseline.as_ref(), &judged).await?,
        };
        let (series, nothing) = (series(deployment), Bucket::default());
        let mut said = kept;
        for watch in &judged {
            let reference = Reference::of(baseline.as_ref(), report.as_ref(), watch.least);
            let bucket = windows.get(&watch.window).unwrap_or(&nothing);
            said.extend(judge(watch, &series, bucket, &reference, now));
        }
        if far && watches.iter().any(Watch::remembers) {
            let past = self.past(deployment, now).await?;
            said.extend(watches.iter().flat_map(|watch| changes(watch, &series, &past, now)));
        }
        Ok(said)
    }

    /// The sums over each window that somebody looks at: of the calls to the version that serves, whatever its arm,
    /// read once for all windows.
    async fn windows(
        &self,
        deployment: &Deployment,
        watches: &[Watch],
        now: i64,
    ) -> Result<BTreeMap<Period, Bucket>> {
        let mut windows: BTreeMap<Period, Bucket> =
            watches.iter().map(|watch| (watch.window, Bucket::default())).collect();
        let Some(longest) = windows.keys().next_back() else { return Ok(windows) };
        let since = longest.since(now);
        let prompt = Some(&deployment.prompt);
        for part in self.store.rolled(prompt, since, now.saturating_add(1)).await? {
            if !is_of(&part.key, deployment) {
                continue;
            }
            for (window, bucket) in &mut windows {
                if part.at >= window.since(now) {
                    bucket.merge(&part.bucket);
                }
            }
        }
        Ok(windows)
    }

    /// What was summed up since the deployment, for those who look for changes.
    async fn past(&self, deployment: &Deployment, now: i64) -> Result<Past> {
        let mut past = Past::default();
        let since = Span::Hour.begin(deployment.at).saturating_add(Span::Hour.micros());
        let since = since.max(now.saturating_sub(REMEMBERED));
        for part in
            self.store.rolled(Some(&deployment.prompt), since, now.saturating_add(1)).await?
        {
            if is_of(&part.key, deployment) {
                past.add(part.at, &part.bucket);
            }
        }
        Ok(past)
    }

    /// The report on which a deployment was admitted, where a change may have to be held against it.
    async fn report_of(
        &self,
        deployment: &Deployment,
        baseline: Option<&Baseline>,
        watches: &[Watch],
    ) -> Result<Option<Summary>> {
        let known = baseline.map_or(0, |baseline| baseline.bucket.ended());
        let needed = watches.iter().any(|watch| watch.change.is_some() && known < watch.least);
        match &deployment.evidence {
            Some(report) if needed => {
                Ok(self.store.report(report).await?.map(|report| report.summary))
            }
            _ => Ok(None),
        }
    }
}

/// Whether calls are to the version that a deployment put there, on whatever arm.
fn is_of(key: &Key, deployment: &Deployment) -> bool {
    key.environment.as_ref() == Some(&deployment.environment)
        && key.number == Some(deployment.number)
}

fn series(deployment: &Deployment) -> Series {
    Series {
        prompt: deployment.prompt.clone(),
        environment: deployment.environment.clone(),
        number: deployment.number,
    }
}

/// What the look before said of the same version that looked back further than an hour.
fn kept(before: &[Signal], deployment: &Deployment) -> Vec<Signal> {
    let whose = series(deployment).key("");
    let version = deployment.number.to_string();
    let far = before.iter().filter(|signal| {
        signal.key.starts_with(&whose)
            && signal.context.get("version") == Some(&version)
            && signal.rule != "deprecation"
            && Period::named(&signal.window).is_none_or(|window| window > Period::Hour)
    });
    far.cloned().collect()
}
