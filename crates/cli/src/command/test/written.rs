//! Reports that a test run leaves as files, for CI and for people.

use std::path::PathBuf;

use gatemark_control::Control;
use gatemark_control::evaluate::TestRun;
use gatemark_control::render::{Against, Format};
use gatemark_core::error::Result;

use crate::print::Terminal;
use crate::rendering::{self, Source};

/// Which files.
#[derive(Debug, clap::Args)]
pub(super) struct Files {
    /// Write the report as a page to look at; further runs get their number in the name
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write the report as XML for CI servers
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write the report as a comment for a pull request
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Write the report as promptfoo's results, version 3
    #[arg(long, value_name = "FILE")]
    promptfoo: Option<PathBuf>,
}

pub(super) async fn all(
    files: &Files,
    runs: &[TestRun],
    versus: &[Option<Against>],
    control: &Control,
    terminal: &Terminal,
) -> Result<()> {
    let wanted = [
        (&files.html, Format::Html),
        (&files.junit, Format::Junit),
        (&files.markdown, Format::Markdown),
        (&files.promptfoo, Format::Promptfoo),
    ];
    for (path, format) in wanted {
        let Some(path) = path else { continue };
        let sources = runs.iter().zip(versus).map(|(run, against)| Source {
            report: &run.report,
            suite: Some(&run.suite),
            comparison: against.clone(),
        });
        rendering::write_all(sources.collect(), format, path, control, terminal).await?;
    }
    Ok(())
}
