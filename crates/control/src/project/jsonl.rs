//! Cases as JSON lines: one object a line, read one by one so that a file of any admitted length needs
//! the memory of its cases only.

use super::case::{self, Around};
use super::case_list::Gathered;
use super::files::Files;
use super::problems::{OfFile, Problems};
use super::source::ROWS;
use super::{document, json};

/// Adds the cases of the file at `path`. A line with a mistake does not hide the others.
pub(super) fn read(
    files: &Files,
    path: &str,
    around: Around<'_>,
    id: &dyn Fn(usize) -> String,
    into: &mut Gathered,
    problems: &mut Problems,
) {
    let Some(source) = document::text(files, path, ROWS, problems) else { return };
    let mut bound = OfFile::new(&source.file, problems);
    let mut number = 0;
    for (line, text) in (1..).zip(source.text.lines()) {
        if text.trim().is_empty() {
            continue;
        }
        if into.is_over() {
            break;
        }
        number += 1;
        let problems = bound.sink(problems);
        let Some(node) = json::parse_line(&source, line, text, problems) else { continue };
        if let Some((case, place)) = case::read(&node, || id(number), around, problems) {
            into.push(case, place);
        }
    }
    bound.close(problems);
    if number == 0 {
        let hint = "write one JSON object per line";
        problems.error(&source.spot(1, 1, 1), "the file is empty", hint);
    }
}
