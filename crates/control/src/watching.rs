//! What is watched of the versions that serve.
//!
//! A look is a function of the moment, the sums that are stored and the configuration in force: a server that was
//! down for a week sees at its first look what it would see had it looked all the time, and two servers see the
//! same.

use std::collections::BTreeMap;

use gatemark_core::deploy::Deployment;
use gatemark_core::error::Result;
use gatemark_core::monitor::{Past, Reference, Series, Watch, changes, judge};
use gatemark_core::period::{Period, Span};
use gatemark_core::report::Summary;
use gatemark_core::rollup::{Baseline, Bucket, Key};
use gatemark_core::signal::Signal;

use crate::Control;

/// How far back changes are looked for, in microseconds: a version's reference is what it learned first in that time.
const REMEMBERED: i64 = 400 * 86_400_000_000;

impl Control {
    /// Puts the sums over calls in order, as often as somebody likes.
    pub async fn consolidate(&self, now: i64) -> Result<usize> {
        self.store.consolidate_rollups(now).await
    }

    /// What monitors saw at their last look.
    pub async fn signals(&self) -> Result<Vec<Signal>> {
        self.store.signals().await
    }

    /// Looks at what serves, and keeps what is seen.
    pub async fn look(&self, now: i64) -> Result<Vec<Signal>> {
        self.ship_if_possible().await;
        let mut signals = vec![];
        for deployment in self.store.pointers().await? {
            let environment = self.project().environments.get(&deployment.environment);
            let watches = environment.map(|place| place.monitors.of(&deployment.prompt));
            match watches {
                Some(watches) if !watches.is_empty() => {
                    signals.extend(self.watched(&deployment, watches, now).await?);
                }
                _ => {}
            }
        }
        signals.sort_by(|one, other| one.key.cmp(&other.key));
        self.store.save_signals(&mut signals).await?;
        Ok(signals)
    }

    async fn watched(
        &self,
        deployment: &Deployment,
        watches: &[Watch],
        now: i64,
    ) -> Result<Vec<Signal>> {
        let windows = self.windows(deployment, watches, now).await?;
        let baseline = self.store.baseline(deployment.id).await?;
        let report = self.report_of(deployment, baseline.as_ref(), watches).await?;
        let series = Series {
            prompt: deployment.prompt.clone(),
            environment: deployment.environment.clone(),
            number: deployment.number,
        };
        let past = match watches.iter().any(Watch::remembers) {
            true => self.past(deployment, now).await?,
            false => Past::default(),
        };
        let nothing = Bucket::default();
        let said = watches.iter().flat_map(|watch| {
            let reference = Reference::of(baseline.as_ref(), report.as_ref(), watch.least);
            let bucket = windows.get(&watch.window).unwrap_or(&nothing);
            let mut said = judge(watch, &series, bucket, &reference, now);
            said.extend(changes(watch, &series, &past, now));
            said
        });
        Ok(said.collect())
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
        for part in self.store.rolled(Some(&deployment.prompt), since, now.saturating_add(1)).await? {
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
