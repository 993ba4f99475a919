//! `gatemark monitor`: what calls were like, and what is wrong with them.

use gatemark_control::metrics::{Asked, BaselineView, By, MetricsRow, MetricsView};
use gatemark_core::error::Result;
use gatemark_core::id::{EnvironmentName, PromptName};
use gatemark_core::money::NanoUsd;
use gatemark_core::rollup::{Figures, Period, Quantiles};
use gatemark_core::signal::{Signal, SignalState};
use gatemark_gateway::clock;

use crate::argument;
use crate::context::Context;
use crate::exit::Exit;
use crate::moment;
use crate::print::Terminal;
use crate::table::{Table, show_list};

/// Show what applications' calls were like, and what monitors see
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "Examples:
  gatemark monitor
  gatemark monitor support/triage --window 7d --by version
  gatemark monitor signals --json
  gatemark monitor probe support/triage

A running server looks once a minute; `gatemark monitor signals` looks at once.")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// The prompt: service/name [default: all]
    #[arg(value_name = "NAME")]
    prompt: Option<PromptName>,
    /// Only in this environment
    #[arg(long, value_name = "ENV")]
    env: Option<EnvironmentName>,
    /// How far back: 5m, 1h, 24h, 7d, 28d
    #[arg(long, value_name = "WINDOW", default_value = "1h", value_parser = window)]
    window: Period,
    /// What rows are set apart by: environment, version, model, arm
    #[arg(long, value_name = "WHAT", default_value = "environment", value_parser = by)]
    by: By,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// What monitors see: ok, breach or no_data
    #[command(after_help = "Example:\n  gatemark monitor signals --state breach")]
    Signals {
        /// Only these: ok, breach, no_data
        #[arg(long, value_name = "STATE", value_parser = state)]
        state: Option<SignalState>,
    },
    /// Ask the suite of what serves again and compare: has the vendor changed the model?
    #[command(after_help = "Example:\n  gatemark monitor probe support/triage --max-cost 0.50")]
    Probe {
        /// The prompt: service/name
        #[arg(value_name = "NAME")]
        prompt: PromptName,
        /// The environment [default: the project's default environment]
        #[arg(long, value_name = "ENV")]
        env: Option<EnvironmentName>,
        /// Most that it may cost in US dollars [default: as the environment's `probe` says, else 1]
        #[arg(long, value_name = "USD", value_parser = argument::usd)]
        max_cost: Option<NanoUsd>,
    },
}

fn window(word: &str) -> Result<Period, String> {
    let words: Vec<&str> = Period::WORDS.iter().map(|(word, _)| *word).collect();
    Period::named(word).ok_or_else(|| format!("write one of {}", words.join(", ")))
}

fn by(word: &str) -> Result<By, String> {
    let words: Vec<&str> = By::WORDS.iter().map(|(word, _)| *word).collect();
    By::named(word).ok_or_else(|| format!("write one of {}", words.join(", ")))
}

fn state(word: &str) -> Result<SignalState, String> {
    [SignalState::Ok, SignalState::Breach, SignalState::NoData]
        .into_iter()
        .find(|state| state.word() == word)
        .ok_or_else(|| "write ok, breach or no_data".to_string())
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    match args.what {
        Some(What::Signals { state }) => return signals(state, context).await,
        Some(What::Probe { prompt, env, max_cost }) => {
            return probe(prompt, env, max_cost, context).await;
        }
        None => {}
    }
    let asked =
        Asked { prompt: args.prompt, environment: args.env, window: args.window, by: args.by };
    let view = context
        .with_control(async |control| control.metrics(&asked, clock::now_us()).await)
        .await?;
    let terminal = context.terminal;
    if terminal.json() {
        terminal.data_json(&view)?;
    } else if view.rows.is_empty() {
        terminal.note(&format!("there were no calls in the last {}", view.window));
    } else {
        print(&view, args.by, terminal);
    }
    Ok(Exit::Done)
}

fn print(view: &MetricsView, by: By, terminal: &Terminal) {
    counts(view, by).print(terminal);
    terminal.data("");
    times(view, by).print(terminal);
    let scored = view.rows.iter().any(|row| !row.figures.scores.is_empty());
    if scored {
        terminal.data("");
        scores(view, by).print(terminal);
    }
    for row in &view.rows {
        if let Some(baseline) = &row.baseline {
            terminal.data("");
            terminal.data(&compared(row, baseline));
        }
    }
}

/// The columns that say which calls.
fn place(row: &MetricsRow, by: By) -> Vec<String> {
    let mut cells = vec![
        row.prompt.as_ref().map_or("(plain calls)".to_string(), ToString::to_string),
        row.environment.as_ref().map(ToString::to_string).unwrap_or_default(),
    ];
    match by {
        By::Environment => {}
        By::Version => cells.push(row.version.map(|number| number.to_string()).unwrap_or_default()),
        By::Model => cells.push(row.model.as_ref().map(ToString::to_string).unwrap_or_default()),
        By::Arm => cells.push(row.arm.clone().unwrap_or_default()),
    }
    cells
}

fn headings(by: By, rest: &[&'static str]) -> (Vec<&'static str>, Vec<usize>) {
    let mut headings = vec!["PROMPT", "ENV"];
    match by {
        By::Environment => {}
        By::Version => headings.push("VERSION"),
        By::Model => headings.push("MODEL"),
        By::Arm => headings.push("ARM"),
    }
    let numbers = (headings.len()..headings.len() + rest.len()).collect();
    headings.extend(rest);
    (headings, numbers)
}

fn counts(view: &MetricsView, by: By) -> Table {
    let rest = [
        "CALLS",
        "SUCCESS",
        "ERRORS",
        "OFF FORMAT",
        "FALLBACK",
        "RETRIED",
        "CACHED",
        "TOKENS",
        "COST",
        "PER CALL",
    ];
    let (headings, numbers) = headings(by, &rest);
    let mut table = Table::new(headings).right(&numbers);
    for row in &view.rows {
        let figures = &row.figures;
        let mut cells = place(row, by);
        cells.push(figures.calls.to_string());
        let shares = [
            figures.success,
            figures.errors,
            figures.off_format,
            figures.fallbacks,
            figures.retries,
            figures.cached,
        ];
        cells.extend(shares.map(percent));
        cells.push(format!("{}+{}", figures.input_tokens, figures.output_tokens));
        cells.push(figures.cost.to_string());
        cells.push(usd(figures.usd_per_call));
        table.row(cells);
    }
    table
}

fn times(view: &MetricsView, by: By) -> Table {
    let (headings, numbers) =
        headings(by, &["P50", "P95", "P99", "VENDOR P95", "OURS P95", "FIRST TOKEN P95"]);
    let mut table = Table::new(headings).right(&numbers);
    for row in &view.rows {
        let Figures { latency_ms, vendor_ms, gateway_ms, first_token_ms, .. } = &row.figures;
        let mut cells = place(row, by);
        let p95 = |of: &Option<Quantiles>| length(of.as_ref().map(|of| of.p95));
        cells.push(length(latency_ms.as_ref().map(|of| of.p50)));
        cells.push(p95(latency_ms));
        cells.push(length(latency_ms.as_ref().map(|of| of.p99)));
        cells.extend([p95(vendor_ms), p95(gateway_ms), p95(first_token_ms)]);
        table.row(cells);
    }
    table
}

fn scores(view: &MetricsView, by: By) -> Table {
    let (headings, numbers) = headings(by, &["SCORE", "MEAN", "N"]);
    // The score's name is a word.
    let mut table = Table::new(headings).right(numbers.get(1..).unwrap_or_default());
    for row in &view.rows {
        for (name, mean) in &row.figures.scores {
            let mut cells = place(row, by);
            cells.extend([name.clone(), format!("{:.3}", mean.mean), mean.n.to_string()]);
            table.row(cells);
        }
    }
    table
}

/// What was frozen when the version that serves was deployed.
fn compared(row: &MetricsRow, baseline: &BaselineView) -> String {
    let figures = &baseline.figures;
    let (prompt, environment) = (row.prompt.as_ref(), row.environment.as_ref());
    let mut text = format!(
        "{} in {} before {}: version {}, {} calls, success {}, retried {}, p95 {}, {} a call",
        prompt.map(ToString::to_string).unwrap_or_default(),
        environment.map(ToString::to_string).unwrap_or_default(),
        moment::shown(baseline.until),
        baseline.version,
        figures.calls,
        percent(figures.success),
        percent(figures.retries),
        length(figures.latency_ms.as_ref().map(|of| of.p95)),
        usd(figures.usd_per_call),
    );
    for (name, mean) in &figures.scores {
        text.push_str(&format!(", {name} {:.3}", mean.mean));
    }
    text
}

async fn probe(
    prompt: PromptName,
    env: Option<EnvironmentName>,
    max_cost: Option<NanoUsd>,
    context: &Context<'_>,
) -> Result<Exit> {
    let signal = context
        .with_control(async |control| {
            let project = control.project();
            let environment = env.unwrap_or_else(|| project.default_environment.clone());
            let place = project.environments.get(&environment);
            let mut probe = place.and_then(|place| place.probe).unwrap_or_default();
            probe.max_cost = max_cost.unwrap_or(probe.max_cost);
            control.probe(&prompt, &environment, &probe).await
        })
        .await?;
    let terminal = context.terminal;
    if terminal.json() {
        terminal.data_json(&signal)?;
    } else {
        terminal.data(&format!("{}: {}", signal.state.word(), signal.summary));
    }
    Ok(if signal.state == SignalState::Breach { Exit::Below } else { Exit::Done })
}

async fn signals(state: Option<SignalState>, context: &Context<'_>) -> Result<Exit> {
    let mut found =
        context.with_control(async |control| control.look(clock::now_us()).await).await?;
    found.retain(|signal| state.is_none_or(|state| signal.state == state));
    show_list(context.terminal, &found, "nothing is watched, or nothing is like that", table)?;
    Ok(Exit::Done)
}

fn table(signals: &[Signal]) -> Table {
    let mut table = Table::new(["STATE", "SEVERITY", "SINCE (UTC)", "RULE", "WHAT"]);
    for signal in signals {
        table.row([
            signal.state.word().to_string(),
            signal.severity.word().to_string(),
            moment::shown(signal.since),
            signal.rule.clone(),
            signal.summary.clone(),
        ]);
    }
    table
}

fn percent(share: Option<f64>) -> String {
    share.map_or("-".to_string(), |share| format!("{:.1}%", share * 100.0))
}

fn usd(amount: Option<f64>) -> String {
    amount.map_or("-".to_string(), |amount| format!("${amount:.6}"))
}

/// A length of time in milliseconds.
fn length(ms: Option<f64>) -> String {
    match ms {
        None => "-".to_string(),
        Some(ms) if ms < 1.0 => format!("{:.0} µs", ms * 1e3),
        Some(ms) if ms < 1_000.0 => format!("{ms:.1} ms"),
        Some(ms) => format!("{:.2} s", ms / 1e3),
    }
}
