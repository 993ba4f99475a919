//! How the fetching of an embedding model goes on: a bar for somebody who watches, lines for a log.

use std::sync::{Mutex, PoisonError};

use gatemark_provider::local::Watcher;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::print::{ColourChoice, Terminal};

/// Shows on stderr what is fetched. Files of less than a megabyte are there before anybody could read
/// about them, so only larger ones are shown.
pub(crate) struct Fetching {
    interactive: bool,
    /// One of our own for notes: a command's lives shorter than the control plane.
    terminal: Terminal,
    bar: Mutex<Option<ProgressBar>>,
}

const WORTH_SHOWING: u64 = 1_000_000;

impl Fetching {
    pub(crate) fn new(terminal: &Terminal) -> Self {
        let interactive = terminal.interactive();
        let terminal = Terminal::new(false, false, ColourChoice::Never);
        Self { interactive, terminal, bar: Mutex::default() }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Option<ProgressBar>) -> T) -> T {
        work(&mut self.bar.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Watcher for Fetching {
    fn begin(&self, file: &str, bytes: Option<u64>) {
        if bytes.is_some_and(|bytes| bytes < WORTH_SHOWING) {
            return;
        }
        if self.interactive {
            self.with(|bar| *bar = Some(drawn(file, bytes)));
        } else {
            let length = bytes.map_or(String::new(), |bytes| format!(", {} MB", bytes / 1_000_000));
            self.terminal.note(&format!("fetching {file}{length}"));
        }
    }

    fn more(&self, bytes: u64) {
        self.with(|bar| bar.as_ref().map(|bar| bar.inc(bytes)));
    }

    fn end(&self) {
        if let Some(bar) = self.with(Option::take) {
            bar.finish_and_clear();
        }
    }
}

fn drawn(file: &str, bytes: Option<u64>) -> ProgressBar {
    let template = "fetching {prefix} [{bar:30}] {bytes}/{total_bytes}, {eta} left";
    let style = ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ");
    ProgressBar::with_draw_target(bytes, ProgressDrawTarget::stderr())
        .with_style(style)
        .with_prefix(file.to_string())
}
