//! Memory over a long time at full load: does it grow?
//!
//! The slope is that of a least-squares line through the second half of the samples, since the first half fills
//! pools, caches and the allocator's free lists.

use std::path::PathBuf;
use std::time::Duration;

use crate::load::Plan;
use crate::process::Process;
use crate::project::Project;
use crate::{Result, memory};

/// Between two looks at the memory.
const SAMPLE: Duration = Duration::from_secs(2);

/// How long, and how hard.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Minutes under load
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// Callers at once
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Ask for streams
    #[arg(long)]
    stream: bool,
    /// The gateway's binary
    #[arg(long, value_name = "FILE", default_value = "target/dist/gatemark")]
    gatemark: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Measures and prints.
pub(crate) async fn run(options: Options) -> Result<()> {
    let (_upstream, upstream) = Process::start_own(&["upstream"])?;
    let project = Project::create(&options.gatemark, upstream, "metadata")?;
    let server = project.serve().await?;
    let plan = Plan {
        connections: options.connections,
        requests: u64::MAX,
        longest: Duration::from_secs(60 * options.minutes),
        ..Plan::named(&project, &server, options.stream)
    };
    let (tally, samples) = memory::under(&plan, server.process.id(), SAMPLE).await?;
    project.shipped(server.address).await?;
    let half = samples.get(samples.len() / 2..).unwrap_or_default();
    let slope = slope(half);
    let most = memory::most(&samples);
    let (answered, errors) = (tally.answered, tally.errors);
    if options.json {
        let report = serde_json::json!({
            "minutes": options.minutes, "answered": answered, "errors": errors,
            "slope_mib_per_minute": slope, "most_mib": most, "samples": samples,
        });
        println!("{report}");
    } else {
        println!("{answered} answers in {} minutes, {errors} errors", options.minutes);
        println!("memory: at most {most:.1} MiB, {slope:+.3} MiB a minute over the second half");
    }
    tally.into_result()
}

/// Of a least-squares line; 0 for fewer than two samples.
#[allow(clippy::cast_precision_loss)]
fn slope(samples: &[(f64, f64)]) -> f64 {
    let count = samples.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| samples.iter().map(of).sum::<f64>() / count;
    let (x_mean, y_mean) = (mean(|(x, _)| *x), mean(|(_, y)| *y));
    let (mut together, mut alone) = (0.0, 0.0);
    for (x, y) in samples {
        together += (x - x_mean) * (y - y_mean);
        alone += (x - x_mean).powi(2);
    }
    if alone > 0.0 { together / alone } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slope_of_a_line() {
        let line: Vec<(f64, f64)> =
            (0..9).map(|x| (f64::from(x), 3.0 - 2.0 * f64::from(x))).collect();
        assert!((slope(&line) + 2.0).abs() < 1e-12);
        assert!(slope(&line[..1]).abs() < 1e-12 && slope(&[]).abs() < 1e-12);
    }
}
