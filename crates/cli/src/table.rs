//! Tables for people.

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment};
use gatemark_core::error::Result;
use serde::Serialize;

use crate::print::{Terminal, printable};

/// Rows under headings, columns wide enough for their widest cell.
#[derive(Debug)]
pub(crate) struct Table {
    inner: comfy_table::Table,
    right: Vec<usize>,
}

impl Table {
    /// A table with these headings.
    pub(crate) fn new<'a>(headings: impl IntoIterator<Item = &'a str>) -> Self {
        let mut inner = comfy_table::Table::new();
        inner.load_style(NOTHING);
        inner.set_header(headings.into_iter().map(Cell::new));
        Self { inner, right: vec![] }
    }

    /// Sets these columns, counted from 0, flush right: numbers.
    pub(crate) fn right(mut self, columns: &[usize]) -> Self {
        self.right = columns.to_vec();
        self
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = impl AsRef<str>>) {
        self.inner.add_row(cells.into_iter().map(|cell| Cell::new(printable(cell.as_ref()))));
    }

    /// The table as text, one line a row, without spaces at line ends.
    pub(crate) fn text(mut self) -> String {
        for (index, column) in self.inner.column_iter_mut().enumerate() {
            let left = if index == 0 { 0 } else { 1 };
            column.set_padding((left, 1));
            if self.right.contains(&index) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        self.inner.force_no_tty();
        let lines: Vec<String> =
            self.inner.lines().map(|line| line.trim_end().to_string()).collect();
        lines.join("\n")
    }

    /// Prints it as data.
    pub(crate) fn print(self, terminal: &Terminal) {
        terminal.data(&self.text());
    }
}

/// Prints what was found: as JSON if that is asked for, else in a table; where there is nothing, `none` as a note.
pub(crate) fn show_list<T: Serialize>(
    terminal: &Terminal,
    found: &[T],
    none: &str,
    table: impl FnOnce(&[T]) -> Table,
) -> Result<()> {
    if terminal.json() {
        terminal.data_json(found)?;
    } else if found.is_empty() {
        terminal.note(none);
    } else {
        table(found).print(terminal);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(["NAME", "N"]).right(&[1]);
        table.row(["support/triage", "3"]);
        table.row(["a/b", "12"]);
        let text = table.text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines, ["NAME             N", "support/triage   3", "a/b             12"]);
    }
}
