//! Reports written in a chosen format, to stdout or to files.
//!
//! Rows are read from the store page by page and written as they come. A file appears under its name when
//! it is whole: CI must not read half of a report.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use gatemark_control::Control;
use gatemark_control::render::{Against, Format, Goal, ReportDocument};
use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::report::Report;
use gatemark_core::suite::Suite;
use gatemark_gateway::Selector;
use gatemark_store::run::RowFilter;

use crate::print::Terminal;

/// Rows read from the store at once.
const PAGE: u32 = 1_000;

/// A report and what is said about it.
#[derive(Debug, Clone)]
pub(crate) struct Source<'a> {
    /// The report, whose rows are in the store.
    pub(crate) report: &'a Report,
    /// The suite that was run, if it is known.
    pub(crate) suite: Option<&'a Suite>,
    /// How it stands against an earlier one, if that was asked.
    pub(crate) comparison: Option<Against>,
}

/// Writes a report to `path`, or to stdout.
pub(crate) async fn write(
    source: Source<'_>,
    format: Format,
    path: Option<&Path>,
    control: &Control,
    terminal: &Terminal,
) -> Result<()> {
    let document = document(source, control).await?;
    let Some(path) = path else {
        let out = BufWriter::new(io::stdout().lock());
        // A reader that closed its end early (`| head`) is no failure.
        return match stream(&document, format, out, control).await {
            Err(Broken::Pipe) => Ok(()),
            other => other.map_err(|broken| broken.error(Path::new("stdout"))),
        };
    };
    let part = beside(path);
    let done = to_file(&document, format, &part, control).await;
    let done = done.and_then(|()| fs::rename(&part, path).map_err(Broken::Write));
    done.map_err(|broken| {
        // What is half written is of no use; that it may not be there at all is no second error.
        fs::remove_file(&part).unwrap_or_default();
        broken.error(path)
    })?;
    terminal.note(&format!("wrote {}", path.display()));
    Ok(())
}

/// Writes several reports in one format: the first to `path`, each further one to a file beside it with
/// its place in its name (`report.html`, `report.2.html`, …).
pub(crate) async fn write_all(
    sources: Vec<Source<'_>>,
    format: Format,
    path: &Path,
    control: &Control,
    terminal: &Terminal,
) -> Result<()> {
    for (at, source) in sources.into_iter().enumerate() {
        write(source, format, Some(&numbered(path, at + 1)), control, terminal).await?;
    }
    Ok(())
}

/// The path itself for 1; with the number before its extension for others.
fn numbered(path: &Path, number: usize) -> PathBuf {
    if number == 1 {
        return path.to_path_buf();
    }
    match path.extension() {
        Some(extension) => path.with_extension(format!("{number}.{}", extension.to_string_lossy())),
        None => path.with_extension(number.to_string()),
    }
}

/// A name for the file while it is written.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.part", std::process::id()))
}

async fn document<'a>(source: Source<'a>, control: &Control) -> Result<ReportDocument<'a>> {
    let Source { report, suite, comparison } = source;
    let goal = suite.map(|suite| {
        let accuracy = control.threshold(&suite.thresholds);
        let mut unmet = suite.thresholds.unmet(accuracy, &report.summary);
        unmet.extend(report.stopped.clone());
        Goal { accuracy, unmet }
    });
    // A draft is not registered, and a number can be registered later for other content.
    let version = control.version(&report.prompt, &Selector::Number(report.number)).await;
    let version = version.ok().filter(|version| version.hash == report.version);
    let semver = version.map(|version| version.semver.to_string());
    Ok(ReportDocument { report, suite, semver, goal, comparison })
}

/// Why a report could not be written.
enum Broken {
    Pipe,
    Write(io::Error),
    Store(Error),
}

impl From<io::Error> for Broken {
    fn from(cause: io::Error) -> Self {
        if cause.kind() == io::ErrorKind::BrokenPipe { Self::Pipe } else { Self::Write(cause) }
    }
}

impl Broken {
    fn error(self, path: &Path) -> Error {
        let unwritable = |cause: io::Error| {
            let message = format!("{} cannot be written: {cause}", path.display());
            Error::new(Kind::Unavailable, message).because(cause)
        };
        match self {
            Self::Pipe => unwritable(io::ErrorKind::BrokenPipe.into()),
            Self::Write(cause) => unwritable(cause),
            Self::Store(error) => error,
        }
    }
}

async fn to_file(
    document: &ReportDocument<'_>,
    format: Format,
    path: &Path,
    control: &Control,
) -> Result<(), Broken> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = File::create(path)?;
    stream(document, format, BufWriter::new(&mut file), control).await?;
    Ok(file.sync_all()?)
}

async fn stream(
    document: &ReportDocument<'_>,
    format: Format,
    out: impl Write,
    control: &Control,
) -> Result<(), Broken> {
    let mut renderer = format.begin(document, out)?;
    let mut filter = RowFilter::default();
    loop {
        let rows = control.store().report_rows(&document.report.id, filter, PAGE).await;
        let rows = rows.map_err(Broken::Store)?;
        for (_, row) in &rows {
            renderer.row(row)?;
        }
        // Reports that are older than journals come in one piece, whatever the limit.
        match rows.last() {
            Some((ordinal, _)) if rows.len() == PAGE as usize => filter.after = Some(*ordinal),
            _ => break,
        }
    }
    Ok(renderer.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_files_have_their_place_in_their_names() {
        let path = Path::new("out/report.html");
        assert_eq!(numbered(path, 1), path);
        assert_eq!(numbered(path, 2), Path::new("out/report.2.html"));
        assert_eq!(numbered(Path::new("report"), 3), Path::new("report.3"));
    }
}
