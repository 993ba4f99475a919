//! The table.

use serde::Serialize;

use crate::Result;
use crate::contestant::Measurement;

/// A contestant's measurements.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    name: &'static str,
    /// In order.
    pub(crate) rounds: Vec<Measurement>,
}

/// Everything measured in one run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Its version; `None` if it is not installed.
    pub(crate) nginx: Option<String>,
    /// Threads or workers of each contestant.
    pub(crate) threads: usize,
    /// Callers at once.
    pub(crate) connections: usize,
    /// Requests to each contestant in each round.
    pub(crate) requests: u64,
    /// Whether streams were asked for.
    pub(crate) stream: bool,
    /// What the gateway recorded.
    pub(crate) record: String,
    /// `/proc/loadavg` before the first round.
    pub(crate) load_before: String,
    /// `/proc/loadavg` after the last.
    pub(crate) load_after: String,
    /// By contestant.
    pub(crate) rows: Vec<Row>,
}

impl Row {
    /// No measurement yet.
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, rounds: vec![] }
    }

    /// The round with the least CPU time, or the least time where no process is measured.
    fn best(&self) -> Option<&Measurement> {
        let key = |round: &Measurement| round.cpu_us.unwrap_or(round.wall_us);
        self.rounds.iter().min_by(|a, b| key(a).total_cmp(&key(b)))
    }

    /// The lowest of both, divided; and the lowest and highest of the rounds' own ratios.
    fn against(&self, other: &Row) -> Option<Ratio> {
        let lowest = self.best()?.cpu_us? / other.best()?.cpu_us?;
        let each = |round: &Measurement| {
            let other = other.rounds.iter().find(|other| other.round == round.round)?;
            Some(round.cpu_us? / other.cpu_us?)
        };
        let ratios: Vec<f64> = self.rounds.iter().filter_map(each).collect();
        let from = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        let to = ratios.iter().copied().fold(0.0, f64::max);
        Some(Ratio { lowest, from, to })
    }
}

struct Ratio {
    lowest: f64,
    from: f64,
    to: f64,
}

impl std::fmt::Display for Ratio {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.2} ({:.2}–{:.2})", self.lowest, self.from, self.to)
    }
}

impl Report {
    /// Prints a table, or everything as JSON.
    ///
    /// # Errors
    /// If a contestant did not answer everything, or a record is missing, doubled or wrongly priced.
    pub(crate) fn print(&self, json: bool) -> Result<()> {
        if json {
            println!("{}", serde_json::to_string_pretty(self)?);
        } else {
            self.print_table();
        }
        self.verdict()
    }

    fn row(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == name)
    }

    fn print_table(&self) {
        let kind = if self.stream { "streams of 24 events" } else { "whole answers" };
        println!(
            "{kind}; {} callers at once, {} requests a round, {} threads or workers each, gateway records {}",
            self.connections, self.requests, self.threads, self.record
        );
        println!("load average before: {}; after: {}", self.load_before, self.load_after);
        match &self.nginx {
            Some(version) => println!("nginx: {version}"),
            None => println!("nginx not installed: apt-get install nginx-light"),
        }
        println!();
        println!(
            "| | CPU µs | at the last answer | against nginx | against floor | wall µs | p50 ms | p99 ms | first byte p50 ms | p99 ms | added p50 ms | added first byte p99 ms |"
        );
        println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
        for row in &self.rows {
            self.print_row(row);
        }
        println!();
        for row in &self.rows {
            for round in &row.rounds {
                let Some(parity) = &round.parity else { continue };
                let verdict = if parity.exact { "exact" } else { "NOT EQUAL" };
                println!(
                    "{}, round {}: {} answers, {} by the vendor, {} rows ({} ok, {} ids), {} of {} nano-USD: {verdict}",
                    row.name,
                    round.round,
                    parity.answered,
                    parity.vendor,
                    parity.rows,
                    parity.ok,
                    parity.distinct,
                    parity.cost,
                    parity.expected_cost,
                );
            }
        }
    }

    fn print_row(&self, row: &Row) {
        let Some(best) = row.best() else { return };
        let time = |time: Option<f64>| time.map(|time| format!("{time:.1}")).unwrap_or_default();
        let ratio = |name| {
            let other = self.row(name).filter(|other| other.name != row.name);
            other.and_then(|other| row.against(other)).map(|r| r.to_string()).unwrap_or_default()
        };
        let direct = self.row("direct").filter(|other| other.name != row.name);
        let added = |of: fn(&Measurement) -> f64| {
            let least = |row: &Row| row.rounds.iter().map(of).fold(f64::INFINITY, f64::min);
            direct
                .map(|direct| format!("{:.3}", (least(row) - least(direct)) / 1e3))
                .unwrap_or_default()
        };
        println!(
            "| {} | {} | {} | {} | {} | {:.1} | {:.3} | {:.3} | {:.3} | {:.3} | {} | {} |",
            row.name,
            time(best.cpu_us),
            time(best.answering_cpu_us),
            ratio("nginx"),
            ratio("floor"),
            best.wall_us,
            best.p50_us / 1e3,
            best.p99_us / 1e3,
            best.first_p50_us / 1e3,
            best.first_p99_us / 1e3,
            added(|round| round.p50_us),
            added(|round| round.first_p99_us),
        );
    }

    fn verdict(&self) -> Result<()> {
        for row in &self.rows {
            for round in &row.rounds {
                let (name, number) = (row.name, round.round);
                if round.errors > 0 {
                    let complaint = round.complaint.as_deref().unwrap_or("?");
                    let message =
                        format!("{name}, round {number}: {} errors: {complaint}", round.errors);
                    return Err(message.into());
                }
                if round.parity.as_ref().is_some_and(|parity| !parity.exact) {
                    let message = format!("{name}, round {number}: records do not match answers");
                    return Err(message.into());
                }
            }
        }
        Ok(())
    }
}
