//! What counting calls costs: adding a batch to its bucket and writing that, and reading buckets for a window.

use gatemark_core::call::Outcome;
use gatemark_core::price::Usage;
use gatemark_core::rollup::{Bucket, Facts};
use gatemark_core::{Error, NanoUsd};
use serde::Serialize;

use crate::{Result, cpu};

/// What to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Calls in a batch that fall into one bucket
    #[arg(long, default_value_t = 500)]
    batch: u32,
    /// Batches
    #[arg(long, default_value_t = 2_000)]
    batches: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Figures {
    batch: u32,
    /// CPU time to count a call, its share of writing the bucket included.
    nanoseconds_per_call: f64,
    /// CPU time to read a bucket and add it.
    nanoseconds_per_bucket: f64,
    bytes_per_bucket: usize,
}

/// Measures and prints.
///
/// # Errors
/// If a bucket cannot be written or read, or does not hold every call.
pub(crate) fn run(options: &Options) -> Result<()> {
    let (batch, batches) = (options.batch.max(1), options.batches.max(1));
    let calls: Vec<Facts> = (0..batch).map(facts).collect();
    let began = cpu::read(std::process::id())?;
    let mut text = String::new();
    for _ in 0..batches {
        let mut bucket = Bucket::default();
        calls.iter().for_each(|facts| bucket.add(facts));
        text = serde_json::to_string(&bucket)?;
    }
    let between = cpu::read(std::process::id())?;
    let counted = between.since(&began);
    let mut whole = Bucket::default();
    for _ in 0..batches {
        whole.merge(&serde_json::from_str(&text)?);
    }
    let read = cpu::read(std::process::id())?.since(&between);
    if whole.calls != u64::from(batch) * u64::from(batches) {
        return Err(Error::internal("calls were lost").into());
    }
    let found = Figures {
        batch,
        nanoseconds_per_call: counted.as_secs_f64() * 1e9 / f64::from(batches) / f64::from(batch),
        nanoseconds_per_bucket: read.as_secs_f64() * 1e9 / f64::from(batches),
        bytes_per_bucket: text.len(),
    };
    if options.json {
        println!("{}", serde_json::to_string_pretty(&found)?);
        return Ok(());
    }
    println!("{:.0} ns to count a call in batches of {batch}", found.nanoseconds_per_call);
    println!(
        "{:.0} ns to read a bucket of {} bytes",
        found.nanoseconds_per_bucket, found.bytes_per_bucket
    );
    Ok(())
}

/// A call like others: latencies over a decade, a few errors.
fn facts(number: u32) -> Facts {
    let spread = u64::from(number).wrapping_mul(7_919) % 1_000;
    Facts {
        outcome: if spread < 20 { Outcome::Error } else { Outcome::Ok },
        retried: spread < 30,
        repaired: false,
        cached: false,
        priced: true,
        usage: Usage { input: 800 + spread, output: 40 + spread / 10, ..Usage::default() },
        cost: NanoUsd(120_000),
        saved: NanoUsd::ZERO,
        latency_us: 300_000 + spread * spread * 3,
        vendor_us: 299_800 + spread * spread * 3,
        first_token_us: Some(90_000 + spread * 100),
        guard: None,
    }
}
