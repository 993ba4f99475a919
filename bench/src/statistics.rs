//! Error rates and speeds of rollouts' statistics, on simulated traffic through the real code.
//!
//! Every figure stands with its own standard error; seeds are fixed, so a run can be repeated to the digit.
//! The default takes about two CPU minutes and its figures are rough; `--full` repeats 2,000 times and more.

// Counts of a simulation are small.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

mod drift;
mod guardrails;
mod sketches;
mod traffic;

use serde::Serialize;

use crate::Result;

/// What to simulate.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Repeats of each simulation of 100,000 calls; others repeat more often
    #[arg(long, default_value_t = 150)]
    repeats: u64,
    /// 2,000 repeats: about twenty CPU minutes
    #[arg(long)]
    full: bool,
    /// Only simulations whose name begins so, e.g. aa, detect, non-inferior, five, ratio, sketch, tick
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// One figure.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figure {
    name: String,
    value: f64,
    standard_error: f64,
    unit: &'static str,
    /// What was asked for.
    target: Option<Target>,
    repeats: u64,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) enum Target {
    AtMost(f64),
    AtLeast(f64),
}

impl Figure {
    /// A share in percent with its binomial standard error.
    pub(crate) fn percent(name: impl Into<String>, hits: usize, of: usize) -> Self {
        let share = hits as f64 / of.max(1) as f64;
        // Of none seen or all seen, as if one had been otherwise.
        let spread = share.clamp(1.0 / (of as f64 + 1.0), of as f64 / (of as f64 + 1.0));
        let standard_error = 100.0 * (spread * (1.0 - spread) / of.max(1) as f64).sqrt();
        let name = name.into();
        let repeats = of as u64;
        Self { name, value: 100.0 * share, standard_error, unit: "%", target: None, repeats }
    }

    /// A mean with its standard error.
    pub(crate) fn mean(name: impl Into<String>, values: &[f64], unit: &'static str) -> Self {
        let sample = gatemark_core::stats::sample::Sample::of(values);
        let standard_error = sample.standard_error().unwrap_or(0.0);
        let (name, repeats) = (name.into(), values.len() as u64);
        Self { name, value: sample.mean, standard_error, unit, target: None, repeats }
    }

    pub(crate) fn at_most(self, target: f64) -> Self {
        Self { target: Some(Target::AtMost(target)), ..self }
    }

    pub(crate) fn at_least(self, target: f64) -> Self {
        Self { target: Some(Target::AtLeast(target)), ..self }
    }

    /// Whether the target is met; a miss by less than two standard errors is told apart, for few repeats
    /// miss by chance.
    fn met(&self) -> &'static str {
        let beyond = match self.target {
            None => return "",
            Some(Target::AtMost(target)) => self.value - target,
            Some(Target::AtLeast(target)) => target - self.value,
        };
        if beyond <= 0.0 {
            "yes"
        } else if beyond <= 2.0 * self.standard_error {
            "missed by less than 2 standard errors"
        } else {
            "**no**"
        }
    }
}

/// A simulation: its name and what it finds in a number of repeats.
type Simulation = (&'static str, fn(u64) -> Vec<Figure>);

/// Simulates and prints.
pub(crate) fn run(options: &Options) -> Result<()> {
    let repeats = if options.full { 2000 } else { options.repeats.max(2) };
    let wanted =
        |name: &str| options.only.as_ref().is_none_or(|only| name.starts_with(only.as_str()));
    let all = guardrails::SIMULATIONS.iter().chain(sketches::SIMULATIONS).chain(drift::SIMULATIONS);
    let mut figures = vec![];
    if !options.json {
        println!("| simulation | figure | standard error | repeats | target | |");
        println!("|---|---:|---:|---:|---:|---|");
    }
    for (_, simulate) in all.filter(|(name, _)| wanted(name)) {
        for figure in simulate(repeats) {
            if !options.json {
                println!("{}", row(&figure));
            }
            figures.push(figure);
        }
    }
    if options.json {
        println!("{}", serde_json::to_string_pretty(&figures)?);
    }
    Ok(())
}

fn row(figure: &Figure) -> String {
    let number = |value: f64| match value.abs() {
        0.0 => "0".to_string(),
        size if size >= 1000.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 0.01 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    };
    let target = match figure.target {
        Some(Target::AtMost(target)) => format!("≤ {target}"),
        Some(Target::AtLeast(target)) => format!("≥ {target}"),
        None => String::new(),
    };
    let met = figure.met();
    let Figure { name, value, standard_error, unit, repeats, .. } = figure;
    let (value, error) = (number(*value), number(*standard_error));
    format!("| {name} | {value} {unit} | {error} | {repeats} | {target} | {met} |")
}

/// Results of `simulate` for the seeds 0 to `repeats`, in order, on all cores.
pub(crate) fn repeat<T: Send>(repeats: u64, simulate: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let part = repeats.div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let simulate = &simulate;
        let parts: Vec<_> = (0..threads)
            .map(|thread| {
                let seeds = thread * part..((thread + 1) * part).min(repeats);
                scope.spawn(move || seeds.map(simulate).collect::<Vec<T>>())
            })
            .collect();
        parts.into_iter().flat_map(|part| part.join().unwrap_or_default()).collect()
    })
}
