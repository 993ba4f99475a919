//! Tests again whenever a file of the project changes.
//!
//! Files are looked at a few times a second instead of asking the system for news: that works the same on
//! every file system, network mounts and containers included.

use std::time::Duration;

use gatemark_control::Control;
use gatemark_control::project::Files;
use gatemark_core::error::Result;

use super::{Args, once};
use crate::config;
use crate::context::Context;
use crate::exit::Exit;
use crate::files;

const PAUSE: Duration = Duration::from_millis(300);

pub(super) async fn run(args: &Args, control: &Control, context: &Context<'_>) -> Result<Exit> {
    let mut seen = None;
    loop {
        let now = read(context)?;
        if seen.as_ref() != Some(&now) {
            seen = Some(now);
            // A mistake in a file is for its author to mend, and then to be tested again.
            let done = tokio::select! {
                done = once(args, control, context) => done,
                _ = tokio::signal::ctrl_c() => return Ok(Exit::Done),
            };
            if let Err(error) = done {
                context.terminal.note(&format!("error: {error}"));
            }
            context.terminal.note("waiting for a file to change (Ctrl-C ends)");
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            _ = tokio::signal::ctrl_c() => return Ok(Exit::Done),
        }
    }
}

fn read(context: &Context<'_>) -> Result<Files> {
    let folders = context.folders()?;
    let mut read = config::read(&folders)?.files;
    files::read(&folders.project, &mut read)?;
    Ok(read)
}
