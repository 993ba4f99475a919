//! The one room that writes to the terminal.
//!
//! What a command was asked for goes to stdout; everything said about it (notes, progress, problems) goes
//! to stderr, so that `gatemark … > file` and `| jq` get the data and nothing else. Everything stays
//! readable without colour: colour only repeats what a word says already.

use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;

use gatemark_core::error::{Error, Result};
use serde::Serialize;

/// Whether to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum ColourChoice {
    /// When writing to a terminal and `NO_COLOR` is not set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Where a command's words go.
#[derive(Debug)]
pub(crate) struct Terminal {
    json: bool,
    verbose: bool,
    interactive: bool,
    out: Ink,
    err: Ink,
    broken: OnceLock<io::Error>,
}

impl Terminal {
    /// A terminal on this process's stdout and stderr.
    pub(crate) fn new(json: bool, verbose: bool, colour: ColourChoice) -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let ink = |terminal: bool| match colour {
            ColourChoice::Always => Ink(true),
            ColourChoice::Never => Ink(false),
            ColourChoice::Auto => Ink(terminal && !refused),
        };
        let interactive = io::stderr().is_terminal();
        let (out, err) = (ink(io::stdout().is_terminal()), ink(interactive));
        Self { json, verbose, interactive, out, err, broken: OnceLock::new() }
    }

    /// Whether data is wanted as JSON.
    pub(crate) fn json(&self) -> bool {
        self.json
    }

    /// Whether somebody watches stderr: only then may lines be drawn over.
    pub(crate) fn interactive(&self) -> bool {
        self.interactive
    }

    /// The pen for stdout.
    pub(crate) fn ink(&self) -> Ink {
        self.out
    }

    /// The pen for stderr.
    pub(crate) fn note_ink(&self) -> Ink {
        self.err
    }

    /// One line or more of data, on stdout.
    pub(crate) fn data(&self, text: &str) {
        self.keep(write_line(&mut io::stdout().lock(), text));
    }

    /// A value as indented JSON, on stdout.
    pub(crate) fn data_json<T: Serialize + ?Sized>(&self, value: &T) -> Result<()> {
        self.data(&serde_json::to_string_pretty(value).map_err(unwritable)?);
        Ok(())
    }

    /// A value as one line of JSON, on stdout.
    pub(crate) fn data_json_line<T: Serialize + ?Sized>(&self, value: &T) -> Result<()> {
        self.data(&serde_json::to_string(value).map_err(unwritable)?);
        Ok(())
    }

    /// Something for a person to read, on stderr.
    pub(crate) fn note(&self, text: &str) {
        // There is nobody left to tell when stderr itself fails.
        write_line(&mut io::stderr().lock(), text).unwrap_or_default();
    }

    /// An error, its hint and, if wanted, its causes, on stderr.
    pub(crate) fn error(&self, error: &Error, hint: Option<&str>) {
        let ink = self.err;
        self.note(&format!("{} {}", ink.bad("error:"), printable(error.message())));
        let mut cause = std::error::Error::source(error);
        while let (true, Some(next)) = (self.verbose, cause) {
            self.note(&format!("  cause: {}", printable(&next.to_string())));
            cause = next.source();
        }
        if let Some(hint) = hint {
            self.note(&format!("{} {}", ink.strong("hint:"), printable(hint)));
        }
    }

    /// The first failure to write data. A reader that closed its end early (`| head`) is none.
    pub(crate) fn failure(&self) -> Option<Error> {
        let cause = self.broken.get()?;
        (cause.kind() != io::ErrorKind::BrokenPipe)
            .then(|| Error::internal(format!("cannot write to stdout: {cause}")))
    }

    /// Whether writing data has failed, so that going on would be work for nobody.
    pub(crate) fn broken(&self) -> bool {
        self.broken.get().is_some()
    }

    fn keep(&self, result: io::Result<()>) {
        if let Err(error) = result {
            // Only the first failure explains the others.
            self.broken.set(error).unwrap_or_default();
        }
    }
}

fn write_line(to: &mut impl Write, text: &str) -> io::Result<()> {
    to.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        to.write_all(b"\n")?;
    }
    to.flush()
}

fn unwritable(cause: serde_json::Error) -> Error {
    Error::internal("a value cannot be written as JSON").because(cause)
}

/// Colours texts, or leaves them as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ink(bool);

impl Ink {
    /// Whether it colours.
    pub(crate) fn colours(self) -> bool {
        self.0
    }

    /// For what went well or was added.
    pub(crate) fn good(self, text: &str) -> String {
        self.paint("32", text)
    }

    /// For what went wrong or was removed.
    pub(crate) fn bad(self, text: &str) -> String {
        self.paint("31", text)
    }

    /// For what needs a look.
    pub(crate) fn warn(self, text: &str) -> String {
        self.paint("33", text)
    }

    /// For headings.
    pub(crate) fn strong(self, text: &str) -> String {
        self.paint("1", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_string() }
    }
}

/// Text from outside (prompts, answers, vendors' messages) made safe to show: control characters, by
/// which it could rewrite the screen, become visible escapes; line ends and tabs stay.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        let harmful = c.is_control() && c != '\n' && c != '\t';
        // Bidirectional overrides make text read as something else than it is.
        let misleading = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if harmful || misleading {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// [`printable`] text on one line of at most `width` characters.
pub(crate) fn one_line(text: &str, width: usize) -> String {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let flat = printable(&flat);
    if flat.chars().count() <= width {
        return flat;
    }
    let head: String = flat.chars().take(width.saturating_sub(1)).collect();
    format!("{head}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_not_obeyed() {
        assert_eq!(printable("a\u{1b}[2Jb\r\n\tc"), "a\\u{1b}[2Jb\\u{d}\n\tc");
        assert_eq!(printable("\u{202e}evil"), "\\u{202e}evil");
        assert_eq!(printable("naïve 漢字"), "naïve 漢字");
    }

    #[test]
    fn long_texts_are_cut_to_one_line() {
        assert_eq!(one_line("a  b\nc", 10), "a b c");
        assert_eq!(one_line("abcdefgh", 4), "abc…");
    }

    #[test]
    fn without_colour_text_is_unchanged() {
        assert_eq!(Ink(false).bad("x"), "x");
        assert_eq!(Ink(true).bad("x"), "\u{1b}[31mx\u{1b}[0m");
    }
}
