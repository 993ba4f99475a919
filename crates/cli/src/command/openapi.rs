//! `gatemark openapi`: the HTTP interface as a document.

use gatemark_core::error::Result;

use crate::exit::Exit;
use crate::print::Terminal;

/// Print the OpenAPI 3.1 document of the HTTP interface
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  gatemark openapi > openapi.json")]
pub(crate) struct Args {}

pub(crate) fn run(_: Args, terminal: &Terminal) -> Result<Exit> {
    terminal.data(&gatemark_server::openapi());
    Ok(Exit::Done)
}
