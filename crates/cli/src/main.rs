//! The `gatemark` command: arguments in, exit code out.
//!
//! Modules form one line, each using only those before it: `exit`, `print`, `moment` ← `table`, `global`
//! ← `config`, `diagnostics`, `fetching`, `files` ← `context`, `argument`, `evidence`, `progress`, `logging`,
//! `jsonl`, `rendering` ← `command`, `demo` ← `args`.

mod args;
mod argument;
mod command;
mod config;
mod context;
mod demo;
mod diagnostics;
mod evidence;
mod exit;
mod fetching;
mod files;
mod global;
mod hint;
mod jsonl;
mod keys;
mod lines;
mod logging;
mod moment;
mod print;
mod progress;
mod remote;
mod rendering;
mod table;

use std::process::ExitCode;

use clap::Parser;
use gatemark_core::error::{Error, Result};

use args::Cli;
use exit::Exit;
use print::{ColourChoice, Terminal};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Before anything else: it must have one thread, and nothing of ours in its memory.
    if std::env::args_os().nth(1).is_some_and(|word| word == "jail") {
        return jail().into();
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error).into(),
    };
    let terminal = cli.global.terminal();
    let exit = match start(cli, &terminal) {
        Ok(exit) => exit,
        Err(error) => failed(&error, &terminal),
    };
    match terminal.failure() {
        Some(error) => failed(&error, &terminal).into(),
        None => exit.into(),
    }
}

/// What a sandbox starts; not for people.
fn jail() -> Exit {
    if gatemark_control::sandbox::jail::enter() {
        return Exit::Done;
    }
    let terminal = Terminal::new(false, false, ColourChoice::Auto);
    terminal.note("error: only gatemark itself starts this; see: gatemark sandbox --help");
    Exit::Invalid
}

/// Help, the version, or what is wrong with the arguments.
fn usage(error: &clap::Error) -> Exit {
    let terminal = Terminal::new(false, false, ColourChoice::Auto);
    let text = error.render().to_string();
    if error.use_stderr() {
        terminal.note(text.trim_end());
        Exit::Invalid
    } else {
        terminal.data(text.trim_end());
        Exit::Done
    }
}

fn start(cli: Cli, terminal: &Terminal) -> Result<Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|cause| Error::internal("threads cannot be started").because(cause))?;
    runtime.block_on(args::run(cli, terminal))
}

fn failed(error: &Error, terminal: &Terminal) -> Exit {
    terminal.error(error, hint::of(error));
    Exit::from(error)
}
