//! What the gateway costs, as ratios within one run.
//!
//! Machines are shared and noisy, so no figure here stands alone: each is compared with a plain proxy that
//! passed the same bytes to the same upstream seconds before or after. CPU time comes first, because it
//! suffers least from neighbours; time on the wall stands beside it.

// The table is this program's product, and it has no terminal to be polite to.
#![allow(clippy::print_stdout)]

mod contestant;
mod cpu;
mod crowd;
mod eval;
mod expected;
mod floor;
mod footprint;
mod gateway;
mod get;
mod load;
mod material;
mod measured;
mod memory;
mod nginx;
mod parity;
mod payload;
mod peers;
mod process;
mod project;
mod report;
mod rollups;
mod sandbox;
mod schemas;
mod scores;
mod scratch;
mod serve;
mod soak;
mod statistics;
mod tick;
mod tokens;
mod upstream;

use std::path::PathBuf;

use clap::Parser;

/// Anything that went wrong, told to the person at the terminal.
type Fault = Box<dyn std::error::Error + Send + Sync>;
type Result<T, E = Fault> = std::result::Result<T, E>;

/// Measure what the gateway costs
#[derive(Debug, clap::Parser)]
#[command(name = "gatemark-bench")]
enum Arguments {
    /// Compare CPU time per request with nginx and a byte-passing proxy
    Gateway(gateway::Options),
    /// Compare a test run's CPU time and memory with promptfoo's
    Eval(eval::Options),
    /// Binary size, time to readiness, memory at rest
    Footprint {
        /// The binary
        #[arg(long, value_name = "FILE", default_value = "target/dist/gatemark")]
        gatemark: PathBuf,
        /// Prompts that are deployed
        #[arg(long, default_value_t = 1)]
        prompts: usize,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// What counting calls for the monitor costs
    Rollups(rollups::Options),
    /// Compare the speed of JSON Schema validation with python-jsonschema's
    Schemas(schemas::Options),
    /// Compare a program's CPU time in the sandbox and outside
    Sandbox(sandbox::Options),
    /// Compare the speed of text scores with the reference packages
    Scores(scores::Options),
    /// Simulate rollouts: error rates, delays and speed of the statistics
    Statistics(statistics::Options),
    /// CPU time of one run of the controller over very many rollouts
    Tick(tick::Options),
    /// Compare the speed of counting tokens with tiktoken's
    Tokens(tokens::Options),
    /// Memory while very many streams are open at once
    Crowd(crowd::Options),
    /// Memory over a long time at full load
    Soak(soak::Options),
    /// Run the mock vendor that the proxies pass to
    Upstream {
        #[command(flatten)]
        options: serve::Options,
        /// Milliseconds between two events of a stream [default: 1]
        #[arg(long, value_name = "MS")]
        pace: Option<u64>,
    },
    /// Run the byte-passing proxy
    Floor {
        #[command(flatten)]
        options: serve::Options,
        /// Where to pass requests to
        #[arg(long, value_name = "ADDRESS")]
        to: std::net::SocketAddr,
    },
}

#[tokio::main]
async fn main() -> Result<()> {
    match Arguments::parse() {
        Arguments::Gateway(options) => gateway::run(options).await,
        Arguments::Eval(options) => eval::run(&options),
        Arguments::Footprint { gatemark, prompts, json } => {
            footprint::run(&gatemark, prompts, json).await
        }
        Arguments::Rollups(options) => rollups::run(&options),
        Arguments::Schemas(options) => schemas::run(&options),
        Arguments::Sandbox(options) => sandbox::run(&options).await,
        Arguments::Scores(options) => scores::run(&options),
        Arguments::Statistics(options) => statistics::run(&options),
        Arguments::Tick(options) => tick::run(options).await,
        Arguments::Tokens(options) => tokens::run(&options),
        Arguments::Crowd(options) => crowd::run(options).await,
        Arguments::Soak(options) => soak::run(options).await,
        Arguments::Upstream { options, pace } => {
            let upstream = upstream::Upstream::paced(pace);
            serve::run(options, move |request| upstream.clone().answer(request)).await
        }
        Arguments::Floor { options, to } => {
            let floor = floor::Floor::new(to);
            serve::run(options, move |request| floor.clone().pass(request)).await
        }
    }
}
