//! Log lines of a server, on stderr.

use gatemark_core::error::{Error, Result};
use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Holds the filter, e.g. `debug` or `gatemark_gateway=trace`.
const VARIABLE: &str = "GATEMARK_LOG";

/// Starts writing the log.
pub(crate) fn start(format: LogFormat) -> Result<()> {
    let words = std::env::var(VARIABLE).ok().filter(|words| !words.trim().is_empty());
    let filter = EnvFilter::try_new(words.as_deref().unwrap_or("info")).map_err(|cause| {
        Error::invalid(format!("{VARIABLE} is no log filter: {cause}")).at(VARIABLE)
    })?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Text => builder.with_ansi(false).try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    started.map_err(|cause| Error::internal("the log cannot be started").because(cause))
}
