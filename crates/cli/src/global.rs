//! Options that every command takes.

use std::path::PathBuf;

use crate::print::{ColourChoice, Terminal};

/// The options.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Print data as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Folder that holds gatemark.yaml [default: the nearest parent folder that does]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) project: Option<PathBuf>,
    /// Folder of the database and the call log [default: .gatemark in the project]
    #[arg(long, global = true, value_name = "DIR", env = "GATEMARK_DATA")]
    pub(crate) data: Option<PathBuf>,
    /// Who acts, for authorship, approvals and the audit log [default: git's user.name]
    #[arg(long = "as", global = true, value_name = "NAME", env = "GATEMARK_USER")]
    pub(crate) actor: Option<String>,
    /// When to colour; NO_COLOR is honoured
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t)]
    pub(crate) color: ColourChoice,
    /// Print causes of errors too
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
}

impl Global {
    /// The terminal as these options want it.
    pub(crate) fn terminal(&self) -> Terminal {
        Terminal::new(self.json, self.verbose, self.color)
    }
}
