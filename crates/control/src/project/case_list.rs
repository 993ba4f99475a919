//! `cases:` of a suite: written in place, in files beside it, or both.
//!
//! Tables and JSON lines become cases line by line, since programs write them by the hundred thousand:
//! no tree of a whole file is ever built for them.

use gatemark_core::suite::Case;

use super::case::{self, Around, Traits};
use super::checks::{self, Checks};
use super::csv_cases::{self, Table};
use super::files::Files;
use super::node::{Node, Value};
use super::problems::{OfFile, Problems};
use super::reader::{Fields, items, shown, wrong};
use super::source::{DATA, Spot};
use super::variables::Declared;
use super::{document, jsonl, reference, typed};

/// Most cases of one suite.
pub(super) const MOST_CASES: usize = 200_000;

/// Cases with the places of their names.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) cases: Vec<Case>,
    pub(super) places: Vec<Spot>,
}

impl Gathered {
    pub(super) fn push(&mut self, case: Case, place: Spot) {
        self.cases.push(case);
        self.places.push(place);
    }

    /// Whether there are more than a suite may have: reading on would only cost memory.
    pub(super) fn is_over(&self) -> bool {
        self.cases.len() > MOST_CASES
    }
}

/// What reading cases needs to know of its surroundings.
pub(super) struct Surroundings<'a> {
    pub(super) files: &'a Files,
    pub(super) folder: &'a str,
    /// The path of the suite itself, which no pattern means.
    pub(super) suite: &'a str,
    pub(super) common: &'a Checks,
    pub(super) declared: Option<&'a Declared>,
}

/// A list of cases with what it says for all of them.
struct Listed<'n> {
    node: &'n Node,
    file: Option<&'n Node>,
    inline: Option<&'n Node>,
    columns: Option<&'n Node>,
    table: Table,
    traits: Traits,
    checks: Checks,
    /// Whether it is all of `cases:`; then its cases are named by their number alone.
    alone: bool,
}

/// Reads `cases:`.
pub(super) fn read(
    around: &Surroundings<'_>,
    node: &Node,
    problems: &mut Problems,
) -> Option<Gathered> {
    let mut gathered = Gathered::default();
    if let Value::Text(_) | Value::Map(_) = node.value {
        listed(node, true, problems)?.read(around, &mut gathered, problems);
        return Some(gathered);
    }
    let (traits, checks) = (Traits::default(), Checks::default());
    let mut number = 0;
    for item in items(node, "`cases`", problems)? {
        let is_list = matches!(item.value, Value::Text(_))
            || ["file", "cases"].iter().any(|name| item.field(name).is_some());
        if is_list {
            if let Some(listed) = listed(item, false, problems) {
                listed.read(around, &mut gathered, problems);
            }
            continue;
        }
        number += 1;
        let of = Around {
            declared: around.declared,
            common: around.common,
            traits: &traits,
            checks: &checks,
        };
        if let Some((case, place)) = case::read(item, || format!("case-{number}"), of, problems) {
            gathered.push(case, place);
        }
    }
    Some(gathered)
}

fn listed<'n>(node: &'n Node, alone: bool, problems: &mut Problems) -> Option<Listed<'n>> {
    let empty = Listed {
        node,
        file: None,
        inline: None,
        columns: None,
        table: Table::default(),
        traits: Traits::default(),
        checks: Checks::default(),
        alone,
    };
    if let Value::Text(_) = node.value {
        return Some(Listed { file: Some(node), ..empty });
    }
    let mut fields = Fields::open(node, "a list of cases", problems)?;
    let inline = fields.get("cases", problems);
    let file = match inline {
        Some(_) => fields.get("file", problems),
        None => fields.required("file", problems),
    };
    let columns = fields.get("columns", problems);
    let table = Table::read(columns, &mut fields, problems);
    let traits = Traits::read(&mut fields, problems);
    let checks = checks::read(fields.get("checks", problems), problems);
    fields.close(problems);
    if let (Some(file), Some(_)) = (file, inline) {
        let hint = "write two entries, one for each";
        problems.error(&file.spot, "a list of cases has `file` or `cases`, not both", hint);
        return None;
    }
    Some(Listed { file, inline, columns, table, traits, checks, ..empty })
}

impl Listed<'_> {
    fn read(&self, around: &Surroundings<'_>, into: &mut Gathered, problems: &mut Problems) {
        if let Some(node) = self.inline {
            let first = into.cases.len();
            self.nodes(node, around, &|number| format!("case-{}", first + number), into, problems);
        }
        let Some(file) = self.file else { return };
        for path in reference::resolve_all(around.files, around.folder, file, problems) {
            // Once there are too many, that is told, and no file is read for nothing.
            if path == around.suite || into.is_over() {
                continue;
            }
            self.file(&path, around, into, problems);
        }
    }

    fn around<'a>(&'a self, around: &Surroundings<'a>) -> Around<'a> {
        Around {
            declared: around.declared,
            common: around.common,
            traits: &self.traits,
            checks: &self.checks,
        }
    }

    fn file(
        &self,
        path: &str,
        around: &Surroundings<'_>,
        into: &mut Gathered,
        problems: &mut Problems,
    ) {
        let name = path.rsplit('/').next().unwrap_or(path);
        let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
        let stem = if self.alone { "case" } else { stem };
        let id = |number: usize| format!("{stem}-{number}");
        match ending {
            "csv" => {
                let spot = &self.node.spot;
                let of = self.around(around);
                csv_cases::read(around.files, path, (&self.table, spot), of, &id, into, problems);
            }
            _ if self.columns.is_some() => {
                if let Some(columns) = self.columns {
                    let message =
                        format!("`columns` is for CSV files, and {} is none", shown(path));
                    problems.error(&columns.spot, message, "remove it");
                }
            }
            "jsonl" => {
                let of = self.around(around);
                jsonl::read(around.files, path, of, &id, into, problems);
            }
            _ => {
                if let Some(node) = document::open(around.files, path, DATA, problems) {
                    self.nodes(&node, around, &id, into, problems);
                }
            }
        }
        if into.is_over() {
            let message = format!("a suite has at most {MOST_CASES} cases");
            problems.error(&self.node.spot, message, "draw a sample, or make two prompts");
        }
    }

    fn nodes(
        &self,
        list: &Node,
        around: &Surroundings<'_>,
        id: &dyn Fn(usize) -> String,
        into: &mut Gathered,
        problems: &mut Problems,
    ) {
        let Some(nodes) = items(list, "`cases`", problems) else { return };
        let of = self.around(around);
        let mut bound = OfFile::new(&list.spot.file, problems);
        for (number, node) in (1..).zip(nodes) {
            let problems = bound.sink(problems);
            if let Some((case, place)) = case::read(node, || id(number), of, problems) {
                into.push(case, place);
            }
        }
        bound.close(problems);
    }
}

/// The fields of a mapping `{file: …}` that only tables use.
impl Table {
    fn read(columns: Option<&Node>, fields: &mut Fields<'_>, problems: &mut Problems) -> Self {
        let mut table = Self::default();
        if let Some(node) = columns {
            table.mapping = csv_cases::mapping(node, problems);
        }
        if let Some(node) = fields.get("expected_as", problems) {
            let words = [("text", false), ("json", true)];
            table.expected_json =
                typed::word(node, "`expected_as`", &words, problems).unwrap_or_default();
        }
        if let Some(node) = fields.get("delimiter", problems) {
            match &node.value {
                Value::Text(text) if [",", ";", "\t", "|"].contains(&text.as_str()) => {
                    table.delimiter = text.bytes().next();
                }
                _ => {
                    let hint = "write delimiter: \";\", \",\", \"|\" or \"\\t\"";
                    wrong::<()>(
                        node,
                        "`delimiter`",
                        "a comma, semicolon, bar or tab",
                        hint,
                        problems,
                    );
                }
            }
        }
        table
    }
}
