//! One thing to measure, and one measurement of it.

use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::load::{self, Plan, Tally};
use crate::parity::Parity;
use crate::project::Project;
use crate::{Result, cpu, get};

/// Requests before the measured ones, as a share of them.
const WARM_UP: u64 = 10;

/// A way from callers to the mock vendor.
pub(crate) struct Contestant<'p> {
    /// Its name in the table.
    pub(crate) name: &'static str,
    /// What to send.
    pub(crate) plan: Plan,
    /// Whose CPU time counts; `None` where nothing stands between.
    pub(crate) process: Option<u32>,
    /// Where its calls are recorded, if they are.
    pub(crate) project: Option<&'p Project>,
}

/// One round of one contestant. Times are microseconds; those of CPU and wall are for one answer.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Measurement {
    /// Which round, from 1.
    pub(crate) round: usize,
    /// CPU time until everything was answered, recorded and, where there is a store, stored.
    pub(crate) cpu_us: Option<f64>,
    /// CPU time until everything was answered.
    pub(crate) answering_cpu_us: Option<f64>,
    /// Time on the wall.
    pub(crate) wall_us: f64,
    /// Median latency.
    pub(crate) p50_us: f64,
    /// 99th percentile of latency.
    pub(crate) p99_us: f64,
    /// Median time to the first piece of the body.
    pub(crate) first_p50_us: f64,
    /// 99th percentile of that.
    pub(crate) first_p99_us: f64,
    /// Good answers.
    pub(crate) answered: u64,
    /// Everything else.
    pub(crate) errors: u64,
    /// The first error.
    pub(crate) complaint: Option<String>,
    /// Whether each answer has its row.
    pub(crate) parity: Option<Parity>,
}

impl Contestant<'_> {
    /// Warms up, measures, and checks the records.
    pub(crate) async fn measure(&self, round: usize, upstream: SocketAddr) -> Result<Measurement> {
        let since = Timestamp::now();
        let served = served(upstream).await?;
        let warm_up = Plan { requests: self.plan.requests / WARM_UP, ..self.plan.clone() };
        let warm_up = load::run(&warm_up).await?;
        self.settle().await?;
        let before = self.process.map(cpu::read).transpose()?;
        let tally = load::run(&self.plan).await?;
        let answering = self.process.map(cpu::read).transpose()?;
        self.settle().await?;
        let after = self.process.map(cpu::read).transpose()?;
        let spent = |until: &Option<cpu::Reading>| {
            Some(each(until.as_ref()?.since(before.as_ref()?), tally.answered))
        };
        let parity = match self.project {
            Some(project) => {
                let answered = tally.answered + warm_up.answered;
                let rows = project.calls(since, answered + 1_000)?;
                let vendor = self::served(upstream).await? - served;
                Some(Parity::of(answered, vendor, &rows))
            }
            None => None,
        };
        let (cpu_us, answering_cpu_us) = (spent(&after), spent(&answering));
        Ok(finished(Measurement { cpu_us, answering_cpu_us, parity, ..blank(round) }, &tally))
    }

    /// Waits for work that outlasts the answers, so that it is counted where it belongs.
    async fn settle(&self) -> Result<()> {
        if let Some(project) = self.project {
            project.shipped(self.plan.address).await?;
        }
        Ok(())
    }
}

fn blank(round: usize) -> Measurement {
    Measurement {
        round,
        cpu_us: None,
        answering_cpu_us: None,
        wall_us: 0.0,
        p50_us: 0.0,
        p99_us: 0.0,
        first_p50_us: 0.0,
        first_p99_us: 0.0,
        answered: 0,
        errors: 0,
        complaint: None,
        parity: None,
    }
}

fn finished(measurement: Measurement, tally: &Tally) -> Measurement {
    Measurement {
        wall_us: each(tally.wall, tally.answered),
        p50_us: micros(tally.quantile(50)),
        p99_us: micros(tally.quantile(99)),
        first_p50_us: micros(tally.first_quantile(50)),
        first_p99_us: micros(tally.first_quantile(99)),
        answered: tally.answered,
        errors: tally.errors,
        complaint: tally.complaint.clone(),
        ..measurement
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// Microseconds for each of `count`.
#[allow(clippy::cast_precision_loss)]
fn each(time: Duration, count: u64) -> f64 {
    micros(time) / count.max(1) as f64
}

async fn served(upstream: SocketAddr) -> Result<u64> {
    let (_, body) = get::get(upstream, "/served", None).await?;
    Ok(std::str::from_utf8(&body)?.parse()?)
}
