//! Labelled messages from a CSV file, with every complaint in words that name the file and the column.
//!
//! Rows that would make the figures lie are left out and counted: a message that occurs twice could be an
//! example and a held-out message at once, and then the model would be asked what it has just been told.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use gatemark_core::diagnostic::did_you_mean;
use gatemark_core::error::{Error, Result};

/// The data set that the program carries.
const BUILT_IN: &[u8] = include_bytes!("../../../../examples/support/data/messages.csv");
/// Largest file read, in bytes.
const MOST_BYTES: u64 = 64 << 20;
/// Longest message used, in characters.
const LONGEST: usize = 4_000;
/// Most labels that one classification prompt is tried with.
const MOST_LABELS: usize = 300;
/// How many names an error lists before it says "and more".
const MOST_NAMED: usize = 12;

/// What sort of difficulty a message has, where the data say so in a column `kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Plain,
    Hard,
    Mixed,
    Misspelt,
    Multilingual,
    Hostile,
}

impl Kind {
    fn parse(word: &str) -> Option<Self> {
        Some(match word.trim() {
            "plain" => Self::Plain,
            "hard" => Self::Hard,
            "mixed" => Self::Mixed,
            "misspelt" => Self::Misspelt,
            "multilingual" => Self::Multilingual,
            "hostile" => Self::Hostile,
            _ => return None,
        })
    }
}

/// One labelled message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) text: String,
    pub(super) label: String,
    pub(super) kind: Option<Kind>,
}

/// Rows that were left out, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub(super) struct Skipped {
    /// Without a message or a label.
    pub(super) empty: usize,
    /// With a message that another row had before.
    pub(super) repeated: usize,
    /// With a message longer than 4,000 characters.
    pub(super) long: usize,
    /// With a label that the first file does not have.
    pub(super) foreign: usize,
}

/// The usable rows of a file.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// The file, for people.
    pub(super) source: String,
    pub(super) records: Vec<Record>,
    /// Every label, sorted.
    pub(super) labels: Vec<String>,
    pub(super) skipped: Skipped,
}

/// Names of the columns to read.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    pub(super) text: String,
    pub(super) label: String,
}

/// The data set that the program carries.
pub(super) fn built_in() -> Result<Table> {
    let columns = Columns { text: "text".to_string(), label: "intent".to_string() };
    parse("the built-in support messages", BUILT_IN, &columns)
}

/// Reads a file.
pub(super) fn read(path: &Path, columns: &Columns) -> Result<Table> {
    let name = path.display().to_string();
    let unreadable = |cause: std::io::Error| Error::invalid(format!("cannot read {name}: {cause}"));
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > MOST_BYTES {
        let most = MOST_BYTES >> 20;
        return Err(Error::invalid(format!(
            "{name} is {size} bytes long; at most {most} MiB are read"
        )));
    }
    parse(&name, &std::fs::read(path).map_err(unreadable)?, columns)
}

/// Reads the bytes of a file that errors call `name`.
pub(super) fn parse(name: &str, bytes: &[u8], columns: &Columns) -> Result<Table> {
    let mut reader = csv::Reader::from_reader(utf8(name, bytes)?.as_bytes());
    let header = reader.headers().map_err(|error| broken(name, &error))?.clone();
    let text = column(name, &header, &columns.text)?;
    let label = column(name, &header, &columns.label)?;
    if text == label {
        let message = format!("the message and the label cannot both be column `{}`", columns.text);
        return Err(Error::invalid(message));
    }
    let kind = header.iter().position(|name| name.trim() == "kind");
    let mut records = Vec::new();
    let mut skipped = Skipped::default();
    let mut seen = HashMap::new();
    for row in reader.records() {
        let row = row.map_err(|error| broken(name, &error))?;
        let field = |place: usize| row.get(place).unwrap_or_default().trim();
        let (text, label) = (field(text), field(label));
        if text.is_empty() || label.is_empty() {
            skipped.empty += 1;
        } else if text.chars().count() > LONGEST {
            skipped.long += 1;
        } else if seen.insert(identity(text), ()).is_some() {
            skipped.repeated += 1;
        } else {
            let kind = kind.and_then(|place| Kind::parse(field(place)));
            records.push(Record { text: text.to_string(), label: label.to_string(), kind });
        }
    }
    if records.is_empty() {
        return Err(Error::invalid(format!("{name} has no usable row under its header")));
    }
    let labels = records.iter().map(|record| record.label.as_str());
    let mut labels: Vec<String> = labels.map(str::to_string).collect();
    labels.sort_unstable();
    labels.dedup();
    Ok(Table { source: name.to_string(), records, labels, skipped })
}

impl Table {
    /// Complains unless there are labels to tell apart and at least `per_label` messages of each.
    pub(super) fn require(&self, column: &str, per_label: usize, in_all: usize) -> Result<()> {
        let name = &self.source;
        if self.labels.len() < 2 {
            let only = self.labels.first().map_or("", String::as_str);
            let message = format!(
                "{name} has only one label, `{only}`, in column `{column}`: at least two are needed to tell apart"
            );
            return Err(Error::invalid(message));
        }
        if self.labels.len() > MOST_LABELS {
            let message = format!(
                "{name} has {} different values in column `{column}`, more than {MOST_LABELS}: is that the label?",
                self.labels.len()
            );
            return Err(Error::invalid(message));
        }
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for record in &self.records {
            *counts.entry(&record.label).or_default() += 1;
        }
        let rare: Vec<String> = counts
            .iter()
            .filter(|(_, count)| **count < per_label)
            .map(|(label, count)| format!("`{label}` ({count})"))
            .collect();
        if !rare.is_empty() {
            let message = format!(
                "{name} has too few messages of {}: each label needs {per_label}, to be split into examples, \
                 test cases and traffic. Add messages, or leave those labels out",
                few(&rare)
            );
            return Err(Error::invalid(message));
        }
        if self.records.len() < in_all {
            let message = format!(
                "{name} has {} usable messages; the demo needs {in_all}, because the gate asks for 50 test cases \
                 beside the examples and the traffic",
                self.records.len()
            );
            return Err(Error::invalid(message));
        }
        Ok(())
    }

    /// Leaves out messages that `other` has too, and labels that it does not have.
    pub(super) fn without(mut self, other: &Table) -> Self {
        let seen: HashMap<String, ()> =
            other.records.iter().map(|record| (identity(&record.text), ())).collect();
        let before = self.records.len();
        self.records.retain(|record| !seen.contains_key(&identity(&record.text)));
        let fresh = self.records.len();
        self.records.retain(|record| other.labels.binary_search(&record.label).is_ok());
        self.skipped.repeated += before - fresh;
        self.skipped.foreign += fresh - self.records.len();
        self
    }
}

/// What makes two messages the same: their words, whatever the case and the spaces.
fn identity(text: &str) -> String {
    text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

fn utf8<'a>(name: &str, bytes: &'a [u8]) -> Result<&'a str> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
        let message = format!(
            "{name} is not UTF-8 (line {line}): convert it first, for example with \
             `iconv -f latin1 -t utf-8`"
        );
        Error::invalid(message).because(error)
    })
}

fn column(name: &str, header: &csv::StringRecord, wanted: &str) -> Result<usize> {
    let names: Vec<&str> = header.iter().map(str::trim).collect();
    if let Some(place) = names.iter().position(|name| *name == wanted) {
        return Ok(place);
    }
    let hint = did_you_mean(wanted, names.iter().copied())
        .map(|close| format!("; did you mean `{close}`?"))
        .unwrap_or_default();
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let mut message =
        format!("{name} has no column `{wanted}`{hint} Its columns: {}", few(&quoted));
    if hint.is_empty() {
        message = message.replacen("` Its", "`. Its", 1);
    }
    if let ([one], Some(sign)) = (names.as_slice(), names.first().and_then(|one| foreign_sign(one)))
    {
        message = format!("{message}. Is {one:?} separated by {sign:?}? Only commas are read");
    }
    Err(Error::invalid(message))
}

fn foreign_sign(header: &str) -> Option<char> {
    [';', '\t', '|'].into_iter().find(|sign| header.contains(*sign))
}

fn broken(name: &str, error: &csv::Error) -> Error {
    let line = error.position().map_or(0, csv::Position::line);
    let what = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!(
                "the row has {len} fields, the header has {expected_len}; is a quotation mark missing?"
            )
        }
        _ => error.to_string(),
    };
    Error::invalid(format!("{name}, line {line}: {what}"))
}

fn few(names: &[String]) -> String {
    let shown = names.iter().take(MOST_NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST_NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Columns {
        Columns { text: "text".into(), label: "label".into() }
    }

    fn table(csv: &str) -> Table {
        parse("f.csv", csv.as_bytes(), &columns()).unwrap()
    }

    fn refused(bytes: &[u8]) -> String {
        parse("f.csv", bytes, &columns()).unwrap_err().to_string()
    }

    #[test]
    fn the_built_in_data_are_whole() {
        let table = built_in().unwrap();
        assert!(table.records.len() >= 600 && table.labels.len() == 12);
        assert_eq!(table.skipped, Skipped::default());
        assert!(table.records.iter().all(|record| record.kind.is_some()));
    }

    #[test]
    fn useless_rows_are_counted() {
        let found = table("text,label\nhi,a\n,a\nyo,\n HI ,b\nho,b\n");
        assert_eq!((found.skipped.empty, found.skipped.repeated), (2, 1));
        assert_eq!(found.labels, ["a", "b"]);
    }

    #[test]
    fn a_missing_column_is_named_with_the_others() {
        let error = refused(b"texts,label\nhi,a\n");
        assert!(error.contains("no column `text`; did you mean `texts`?"), "{error}");
        let error = refused(b"a,b\nhi,a\n");
        assert!(error.contains("no column `text`. Its columns: `a`, `b`"), "{error}");
        let error = refused(b"text;label\nhi;a\n");
        assert!(error.contains("separated by ';'"), "{error}");
    }

    #[test]
    fn what_is_no_csv_is_refused_with_its_line() {
        assert!(refused(b"text,label\nhi,a\n\xE9t\xE9,b\n").contains("not UTF-8 (line 3)"));
        assert!(refused(b"text,label\nhi,a\nho\n").contains("f.csv, line 3: the row has 1 fields"));
        assert!(refused(b"text,label\n").contains("no usable row"));
        assert!(refused(b"").contains("no column `text`"));
    }

    #[test]
    fn too_little_is_said_so() {
        let one = table("text,label\nhi,a\nho,a\n");
        assert!(one.require("label", 1, 1).unwrap_err().message().contains("only one label, `a`"));
        let two = table("text,label\nhi,a\nho,a\nyo,b\n");
        let error = two.require("label", 2, 1).unwrap_err();
        assert!(error.message().contains("too few messages of `b` (1)"), "{error}");
        assert!(two.require("label", 1, 9).unwrap_err().message().contains("needs 9"));
        assert!(two.require("label", 1, 3).is_ok());
    }

    #[test]
    fn traffic_never_repeats_what_was_taught() {
        let taught = table("text,label\nhi,a\nho,b\n");
        let traffic = table("text,label\nHi,a\nnew,a\nother,c\n").without(&taught);
        assert_eq!(traffic.records.len(), 1);
        assert_eq!((traffic.skipped.repeated, traffic.skipped.foreign), (1, 1));
    }
}
