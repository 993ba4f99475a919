//! `gatemark report`: a stored test run.

use std::path::PathBuf;

use clap::ValueEnum;
use gatemark_control::Control;
use gatemark_control::render;
use gatemark_control::view::ReportView;
use gatemark_core::error::{Error, Result};
use gatemark_core::report::{Report, Row};
use gatemark_core::suite::Suite;
use gatemark_gateway::PromptRef;
use gatemark_store::run::RowFilter;

use crate::argument;
use crate::context::Context;
use crate::evidence;
use crate::exit::Exit;
use crate::moment;
use crate::rendering::{self, Source};

/// Show a stored report by its id, or a prompt's newest one
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark report support/triage
  gatemark report 01939f7e-5c8a-7cc0-8f5e-0d5ad6c3b1aa --failures 50
  gatemark report support/triage --format html --out report.html
  gatemark report support/triage --format markdown")]
pub(crate) struct Args {
    /// A report's id, service/name, or service/name@version
    #[arg(value_name = "REPORT")]
    report: String,
    /// Most failing cases to show
    #[arg(long, value_name = "N", default_value_t = 10)]
    failures: u32,
    /// How to write the report
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Write to this file instead of stdout; not with the format `table`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal: figures and the first failures
    Table,
    /// One JSON document with figures and rows
    Json,
    /// A row a line
    Jsonl,
    /// XML for CI servers
    Junit,
    /// A comment for a pull request
    Markdown,
    /// A page to look at, in one file
    Html,
    /// promptfoo's results, version 3
    Promptfoo,
}

impl Format {
    /// The renderer's format; none for a terminal.
    fn rendered(self) -> Option<render::Format> {
        Some(match self {
            Self::Table => return None,
            Self::Json => render::Format::Json,
            Self::Jsonl => render::Format::Jsonl,
            Self::Junit => render::Format::Junit,
            Self::Markdown => render::Format::Markdown,
            Self::Html => render::Format::Html,
            Self::Promptfoo => render::Format::Promptfoo,
        })
    }
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    if let Some(format) = args.format.rendered() {
        return rendered(&args, format, context).await;
    }
    if args.out.is_some() {
        let message = "--out needs a --format other than `table`";
        return Err(Error::invalid(message).coded("bad_usage"));
    }
    let terminal = context.terminal;
    let most = (!terminal.json()).then_some(args.failures);
    let (report, rows, suite) =
        context.with_control(async |control| find(&args.report, most, control).await).await?;
    if terminal.json() {
        terminal.data_json(&ReportView::new(&report, rows))?;
        return Ok(Exit::Done);
    }
    let ink = terminal.ink();
    terminal.data(&format!(
        "{} version {} on {}, tested by {} at {} UTC",
        report.prompt,
        report.number,
        report.model,
        report.actor,
        moment::shown(report.finished_at)
    ));
    terminal.data("");
    terminal.data(&evidence::figures(&report, None, ink));
    let all = report.summary.failed_rows;
    let failures = evidence::failures(&rows, all, suite.as_ref(), ink);
    if !failures.is_empty() {
        terminal.data(&format!("\n{failures}"));
    }
    Ok(Exit::Done)
}

async fn rendered(args: &Args, format: render::Format, context: &Context<'_>) -> Result<Exit> {
    let write = async |control: &Control| {
        let (report, _, suite) = find(&args.report, Some(0), control).await?;
        let source = Source { report: &report, suite: suite.as_ref(), comparison: None };
        rendering::write(source, format, args.out.as_deref(), control, context.terminal).await
    };
    context.with_control(write).await?;
    Ok(Exit::Done)
}

type Found = (Report, Vec<Row>, Option<Suite>);

/// The report with `failures` rows that did not pass, or with all rows. Names of prompts have a slash, ids
/// of reports have none.
async fn find(text: &str, failures: Option<u32>, control: &Control) -> Result<Found> {
    let id = if text.contains('/') { newest(text, control).await? } else { text.to_string() };
    let report = control.store().report(&id).await?.ok_or_else(|| {
        let message =
            format!("there is no report `{id}`: see a prompt's reports in `gatemark log`");
        Error::not_found(message).coded("report_not_found")
    })?;
    let filter = RowFilter { failed_only: true, after: None };
    let rows = match failures {
        None => control.first_rows(&report).await?,
        Some(most) => {
            let rows = control.store().report_rows(&report.id, filter, most).await?;
            rows.into_iter().map(|(_, row)| row).collect()
        }
    };
    let suite = control.store().suite(&report.suite).await?;
    Ok((report, rows, suite))
}

async fn newest(text: &str, control: &Control) -> Result<String> {
    let PromptRef { name, selector } = argument::prompt_ref(text).map_err(Error::invalid)?;
    let given = text.contains('@');
    let version = control.version(&name, &selector).await?;
    let reports = control.store().reports(&name, u32::MAX).await?;
    let found = reports.into_iter().find(|report| !given || report.version == version.hash);
    found.map(|report| report.id).ok_or_else(|| {
        let which = if given {
            format!("version {} of `{name}`", version.number)
        } else {
            format!("`{name}`")
        };
        Error::not_found(format!("there is no report on {which}")).coded("report_not_found")
    })
}
