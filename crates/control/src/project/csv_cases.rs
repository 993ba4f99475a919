//! Cases as a table: a line of column names, then one case a record (RFC 4180, read by the `csv` crate).
//!
//! A column named like a variable is that variable, one named like a field of cases that field, and any
//! other is left alone: tables come from elsewhere and hold more than a prompt needs.

use gatemark_core::diagnostic::did_you_mean;
use gatemark_core::suite::Case;
use gatemark_core::variable::VariableType;
use serde_json::{Map, Value as Json};

use super::case::{self, Around, LARGEST_WEIGHT, MOST_TAGS, Traits};
use super::case_list::Gathered;
use super::cell;
use super::document;
use super::files::Files;
use super::node::Node;
use super::problems::{OfFile, Problems};
use super::reader::{entries, shown};
use super::source::{ROWS, Source, Spot};
use super::typed;

/// How a table is to be read.
#[derive(Default)]
pub(super) struct Table {
    /// Which column each variable or field is taken from, where that is not the one of its name.
    pub(super) mapping: Vec<Mapped>,
    /// Whether `expected` is JSON, not text.
    pub(super) expected_json: bool,
    /// What separates columns; a comma if absent.
    pub(super) delimiter: Option<u8>,
}

/// `message: text_column`.
pub(super) struct Mapped {
    target: String,
    column: String,
    spot: Spot,
}

/// Reads `columns:`.
pub(super) fn mapping(node: &Node, problems: &mut Problems) -> Vec<Mapped> {
    let mut mapped = Vec::new();
    for (key, node) in entries(node, "`columns`", problems).unwrap_or_default() {
        if let Some(column) = typed::words(node, "a column's name", problems) {
            let spot = key.spot.clone();
            mapped.push(Mapped { target: key.name.clone(), column: column.into(), spot });
        }
    }
    mapped
}

/// The fields of cases that a column may hold.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Field {
    Id,
    Expected,
    Category,
    Difficulty,
    Tags,
    Source,
    Weight,
    Threshold,
}

const FIELDS: [(&str, Field); 8] = [
    ("id", Field::Id),
    ("expected", Field::Expected),
    ("category", Field::Category),
    ("difficulty", Field::Difficulty),
    ("tags", Field::Tags),
    ("source", Field::Source),
    ("weight", Field::Weight),
    ("threshold", Field::Threshold),
];

/// What a column is for.
enum Column<'d> {
    Variable { name: &'d str, kind: Option<&'d VariableType>, has_default: bool },
    Field(Field),
}

/// Adds the cases of the table at `path`; `spot` is where the suite names it.
pub(super) fn read(
    files: &Files,
    path: &str,
    (table, spot): (&Table, &Spot),
    around: Around<'_>,
    id: &dyn Fn(usize) -> String,
    into: &mut Gathered,
    problems: &mut Problems,
) {
    let Some(source) = document::text(files, path, ROWS, problems) else { return };
    if !around.common.any && !around.checks.any {
        let message = "the cases of this table have no checks, so they prove nothing";
        problems.error(spot, message, "add `checks` to this list of cases or to the suite");
        return;
    }
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .delimiter(table.delimiter.unwrap_or(b','))
        .from_reader(source.text.as_bytes());
    let headings = match reader.headers() {
        Ok(headings) if !headings.iter().all(|heading| heading.trim().is_empty()) => {
            headings.clone()
        }
        _ => {
            let hint = "write a line of column names, then one case a line";
            return problems.error(&source.spot(1, 1, 1), "the table is empty", hint);
        }
    };
    let plan = Plan { source: &source, table, around, headings: &headings };
    let Some(columns) = plan.columns(problems) else { return };
    let mut bound = OfFile::new(&source.file, problems);
    let mut place = Lines { text: source.text, byte: 0, line: 1 };
    let mut record = csv::StringRecord::new();
    let mut number = 0;
    while !into.is_over() && reader.read_record(&mut record).unwrap_or(false) {
        number += 1;
        let start = record.position().map_or(0, csv::Position::byte);
        let spot =
            source.spot(place.at(usize::try_from(start).unwrap_or(usize::MAX)), 1, usize::MAX);
        let row = Row { columns: &columns, headings: &headings, record: &record, spot: &spot };
        let case = row.case(|| id(number), &plan, bound.sink(problems));
        into.push(case, spot);
    }
    bound.close(problems);
    if number == 0 {
        let hint = "add a case below the column names, or remove the file";
        problems.error(&source.spot(1, 1, usize::MAX), "the table has no cases", hint);
    } else if cell::is_open(source.text, place.byte, table.delimiter.unwrap_or(b',')) {
        let message =
            "a quoted cell of this record is not closed, so it holds the rest of the file";
        problems.error(
            &source.spot(place.line, 1, usize::MAX),
            message,
            "close the quotation mark",
        );
    }
}

/// Turns byte positions, which only grow, into numbers of lines.
struct Lines<'t> {
    text: &'t str,
    byte: usize,
    line: usize,
}

impl Lines<'_> {
    fn at(&mut self, byte: usize) -> usize {
        let bytes = self.text.as_bytes();
        // A record's position may be that of blank lines before it.
        let blank = bytes.get(byte..).unwrap_or_default();
        let byte = byte + blank.iter().take_while(|c| matches!(c, b'\n' | b'\r')).count();
        let passed = bytes.get(self.byte..byte).unwrap_or_default();
        for (index, c) in passed.iter().enumerate() {
            let next = passed.get(index + 1).or_else(|| bytes.get(self.byte + index + 1));
            self.line += usize::from(*c == b'\n' || (*c == b'\r' && next != Some(&b'\n')));
        }
        self.byte = byte.max(self.byte);
        self.line
    }
}

struct Plan<'a> {
    source: &'a Source<'a>,
    table: &'a Table,
    around: Around<'a>,
    headings: &'a csv::StringRecord,
}

impl<'a> Plan<'a> {
    /// What each column is for; `None` for those that are left alone.
    fn columns(&self, problems: &mut Problems) -> Option<Vec<Option<Column<'a>>>> {
        let before = problems.errors();
        let here = self.source.spot(1, 1, usize::MAX);
        let mut seen = std::collections::HashSet::new();
        let declared = self.around.declared;
        let is_taken = declared.is_some_and(|known| known.variables.contains_key("review"))
            || self.table.mapping.iter().any(|mapped| mapped.column.trim() == "review");
        if !is_taken && self.headings.iter().any(|heading| heading.trim() == "review") {
            let message = "these cases wait for a review: there is a column `review`";
            let hint =
                "`gatemark suite review` takes JSONL; look at each case, then remove the column";
            problems.error(&here, message, hint);
        }
        for heading in self.headings.iter().filter(|heading| !heading.trim().is_empty()) {
            if !seen.insert(heading.trim()) {
                let message = format!("there are two columns `{}`", shown(heading.trim()));
                problems.error(&here, message, "rename one of the two");
            }
        }
        let mut columns: Vec<Option<Column<'a>>> = self
            .headings
            .iter()
            .map(|heading| {
                let name = heading.trim();
                let elsewhere = self.table.mapping.iter().any(|mapped| mapped.target == name);
                if elsewhere { None } else { self.column(name) }
            })
            .collect();
        for mapped in &self.table.mapping {
            self.place(mapped, &mut columns, problems);
        }
        self.missing(&columns, &here, problems);
        (problems.errors() == before).then_some(columns)
    }

    /// The variable of that name, else the field; `case.category` is always the field.
    fn column(&self, name: &str) -> Option<Column<'a>> {
        let declared = self.around.declared;
        if let Some((name, _)) = declared.and_then(|known| known.places.get_key_value(name)) {
            let variable = declared.and_then(|known| known.variables.get(name));
            return Some(Column::Variable {
                name,
                kind: variable.map(|variable| &variable.kind),
                has_default: variable.is_some_and(|variable| variable.default.is_some()),
            });
        }
        let plain = name.strip_prefix("case.").unwrap_or(name);
        FIELDS.iter().find(|(word, _)| *word == plain).map(|(_, field)| Column::Field(*field))
    }

    fn place(&self, mapped: &Mapped, columns: &mut [Option<Column<'a>>], problems: &mut Problems) {
        let Some(column) = self.column(&mapped.target) else {
            if self.around.declared.is_some() {
                let declared = self.around.declared.iter().flat_map(|known| known.places.keys());
                let known: Vec<&str> =
                    declared.map(String::as_str).chain(FIELDS.map(|(word, _)| word)).collect();
                let message =
                    format!("`{}` is no variable and no field of cases", shown(&mapped.target));
                problems.error(&mapped.spot, message, format!("known: {}", known.join(", ")));
            }
            return;
        };
        let found = self.headings.iter().position(|heading| heading.trim() == mapped.column.trim());
        match found.and_then(|index| columns.get_mut(index)) {
            Some(slot) => *slot = Some(column),
            None => {
                let message = format!(
                    "{} has no column `{}`",
                    shown(&self.source.file),
                    shown(&mapped.column)
                );
                problems.error(&mapped.spot, message, self.advice(&mapped.column));
            }
        }
    }

    fn missing(&self, columns: &[Option<Column<'a>>], here: &Spot, problems: &mut Problems) {
        let Some(declared) = self.around.declared.filter(|declared| declared.complete) else {
            return;
        };
        for (name, variable) in &declared.variables {
            let is_there = columns.iter().flatten().any(
                |column| matches!(column, Column::Variable { name: held, .. } if held == name),
            );
            let told = self.table.mapping.iter().any(|mapped| mapped.target == *name);
            if variable.is_required() && !is_there && !told {
                let message = format!("no column holds the variable `{}`", shown(name));
                let hint = format!("{}; name it with `columns: {{{name}: …}}`", self.advice(name));
                problems.error(here, message, hint);
            }
        }
    }

    fn advice(&self, word: &str) -> String {
        let names = || self.headings.iter().map(str::trim).take(100);
        if let (1, Some(only)) = (self.headings.len(), self.headings.get(0))
            && only.contains([';', '\t', '|'])
        {
            return "the columns seem to be separated by something else: set `delimiter`".into();
        }
        match did_you_mean(word, names()) {
            Some(close) => format!("did you mean `{}`?", shown(close)),
            None => {
                let list: Vec<String> = names().map(shown).collect();
                format!("its columns are {}", list.join(", "))
            }
        }
    }
}

struct Row<'a> {
    columns: &'a [Option<Column<'a>>],
    headings: &'a csv::StringRecord,
    record: &'a csv::StringRecord,
    spot: &'a Spot,
}

impl Row<'_> {
    fn case(
        &self,
        default_id: impl FnOnce() -> String,
        plan: &Plan<'_>,
        problems: &mut Problems,
    ) -> Case {
        if self.record.len() != self.headings.len() {
            let message = format!(
                "this record has {} cells, and there are {} columns",
                self.record.len(),
                self.headings.len()
            );
            let hint = "put cells that hold separators, quotes or line breaks in double quotes";
            problems.error(self.spot, message, hint);
        }
        let mut variables = Map::with_capacity(self.columns.len().min(8));
        let (mut traits, mut id, mut expected) = (Traits::default(), None, None);
        for (index, (column, cell)) in self.columns.iter().zip(self.record).enumerate() {
            let outcome = match column {
                None => Ok(()),
                Some(Column::Variable { name, kind, has_default }) => {
                    cell::value(cell, *kind, *has_default).map(|value| {
                        value.map(|value| variables.insert((*name).to_string(), value));
                    })
                }
                Some(Column::Field(Field::Id)) => {
                    id = cell::words(cell);
                    Ok(())
                }
                Some(Column::Field(Field::Expected)) => {
                    cell::expected(cell, plan.table.expected_json).map(|value| expected = value)
                }
                Some(Column::Field(field)) => trait_of(*field, cell, &mut traits),
            };
            if let Err(problem) = outcome {
                let heading = self.headings.get(index).unwrap_or_default().trim();
                let message = format!("column `{}` {}", shown(heading), problem.message);
                problems.error(self.spot, message, problem.hint);
            }
        }
        self.required(&variables, plan, problems);
        plan.around.judge(self.spot, None, expected.is_some(), problems);
        let id = id.unwrap_or_else(default_id);
        let checks = plan.around.checks.specs.clone();
        case::build(id, traits.or(plan.around.traits), variables, expected, checks)
    }

    /// A column of a required variable may be there, and its cell empty.
    fn required(&self, given: &Map<String, Json>, plan: &Plan<'_>, problems: &mut Problems) {
        if self.record.len() != self.headings.len() {
            return;
        }
        for column in self.columns.iter().flatten() {
            if let Column::Variable { name, kind: Some(kind), has_default: false } = column
                && cell::is_absent(self.cell_of(name), kind)
                && !given.contains_key(*name)
                && plan.around.declared.is_some_and(|declared| declared.complete)
            {
                let message =
                    format!("variable `{}` is required, and its cell is empty", shown(name));
                problems.error(self.spot, message, "fill the cell, or give the variable a default");
            }
        }
    }

    fn cell_of(&self, wanted: &str) -> &str {
        let index = self.columns.iter().position(
            |column| matches!(column, Some(Column::Variable { name, .. }) if *name == wanted),
        );
        index.and_then(|index| self.record.get(index)).unwrap_or_default()
    }
}

fn trait_of(field: Field, cell: &str, traits: &mut Traits) -> Result<(), cell::Misfit> {
    match field {
        Field::Category => traits.category = cell::words(cell),
        Field::Difficulty => traits.difficulty = cell::words(cell),
        Field::Source => traits.source = cell::words(cell),
        Field::Tags => {
            let tags = cell.split(';').filter_map(cell::words);
            traits.tags = tags.take(MOST_TAGS).collect();
        }
        Field::Weight => traits.weight = cell::number(cell, LARGEST_WEIGHT)?,
        Field::Threshold => traits.threshold = cell::number(cell, 1.0)?,
        Field::Id | Field::Expected => {}
    }
    Ok(())
}
