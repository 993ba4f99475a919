//! The contest: everything is started once, then measured in turn, several times over.
//!
//! Rounds are interleaved and each begins with another contestant, so that a neighbour's burst of work does
//! not fall on one of them alone.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::contestant::{Contestant, Measurement};
use crate::expected::Expected;
use crate::load::Plan;
use crate::process::Process;
use crate::project::Project;
use crate::report::{Report, Row};
use crate::{Result, nginx, payload, peers};

/// No round of one contestant lasts longer.
const LONGEST: Duration = Duration::from_secs(60);

/// What to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Rounds; the lowest counts
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Requests to each contestant in each round
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(10..))]
    requests: u64,
    /// Callers at once
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Ask for streams
    #[arg(long)]
    stream: bool,
    /// What of the texts the gateway records: metadata or content
    #[arg(long, default_value = "metadata")]
    record: String,
    /// The gateway's binary
    #[arg(long, value_name = "FILE", default_value = "target/dist/gatemark")]
    gatemark: PathBuf,
    /// Measure this contestant alone, for a profiler; may be given more than once
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Measure the peers that are installed in this folder as well (see scripts/bench)
    #[arg(long, value_name = "FOLDER")]
    peers: Option<PathBuf>,
    /// Requests to each peer in each round, which are slower
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(10..))]
    peer_requests: u64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Measures and prints.
pub(crate) async fn run(options: Options) -> Result<()> {
    let threads = std::thread::available_parallelism()?.get();
    let load_before = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let (_upstream, upstream) = Process::start_own(&["upstream"])?;
    let (floor, floor_address) = Process::start_own(&["floor", "--to", &upstream.to_string()])?;
    let nginx_version = nginx::version();
    let nginx = match &nginx_version {
        Some(_) => Some(nginx::start(upstream, threads, options.stream).await?),
        None => None,
    };
    let peers = match &options.peers {
        Some(folder) => peers::start(folder, upstream).await?,
        None => vec![],
    };
    let project = Project::create(&options.gatemark, upstream, &options.record)?;
    let other = if options.record == "content" { "metadata" } else { "content" };
    let beside = Project::create(&options.gatemark, upstream, other)?;
    let beside_server = beside.serve().await?;
    let server = project.serve().await?;

    let plan = |address: SocketAddr| Plan {
        address,
        headers: vec![project.authorization()],
        body: payload::plain_request(options.stream),
        expected: Expected::Bytes(payload::expected(options.stream)),
        connections: options.connections,
        requests: options.requests,
        longest: LONGEST,
    };
    let bare =
        |name, address, process| Contestant { name, plan: plan(address), process, project: None };
    let mut contestants = vec![bare("direct", upstream, None)];
    if let Some(nginx) = &nginx {
        contestants.push(bare("nginx", nginx.address, Some(nginx.process.id())));
    }
    contestants.push(bare("floor", floor_address, Some(floor.id())));
    let beside_name =
        if other == "content" { "gatemark-model, with texts" } else { "gatemark-model, no texts" };
    for (name, body, project, server) in [
        ("gatemark-model", payload::plain_request(options.stream), &project, &server),
        ("gatemark-prompt", payload::named_request(options.stream), &project, &server),
        (beside_name, payload::plain_request(options.stream), &beside, &beside_server),
    ] {
        let headers = vec![project.authorization()];
        let plan = Plan { body, headers, ..plan(server.address) };
        let process = Some(server.process.id());
        contestants.push(Contestant { name, plan, process, project: Some(project) });
    }

    for peer in &peers {
        let mut plan = plan(peer.address);
        plan.headers.extend(peer.headers.iter().cloned());
        plan.expected = Expected::Text(payload::text(options.stream));
        plan.requests = options.peer_requests;
        let process = Some(peer.process.id());
        contestants.push(Contestant { name: peer.name, plan, process, project: None });
    }

    if !options.only.is_empty() {
        contestants.retain(|contestant| options.only.iter().any(|name| name == contestant.name));
    }

    let mut rows: Vec<Row> =
        contestants.iter().map(|contestant| Row::new(contestant.name)).collect();
    for round in 1..=usize::try_from(options.rounds)? {
        for turn in 0..contestants.len() {
            let index = (turn + round) % contestants.len();
            if let (Some(contestant), Some(row)) = (contestants.get(index), rows.get_mut(index)) {
                let measurement = contestant.measure(round, upstream).await?;
                progress(contestant.name, &measurement);
                row.rounds.push(measurement);
            }
        }
    }
    let report = Report {
        nginx: nginx_version,
        threads,
        connections: options.connections,
        requests: options.requests,
        stream: options.stream,
        record: options.record,
        load_before: load_before.trim().to_string(),
        load_after: std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim().to_string(),
        rows,
    };
    report.print(options.json)
}

#[allow(clippy::print_stderr)]
fn progress(name: &str, measurement: &Measurement) {
    let Measurement { round, cpu_us, wall_us, .. } = measurement;
    let cpu = cpu_us.map(|cpu| format!("{cpu:.1} µs CPU, ")).unwrap_or_default();
    eprintln!("round {round}, {name}: {cpu}{wall_us:.1} µs wall for each answer");
}
