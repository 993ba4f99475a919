//! Problems in the user's files, shown as compilers do: the line, a mark under the words, the hint.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use gatemark_core::diagnostic::{Diagnostic, Place, Severity};

use crate::print::{Ink, Terminal, printable};

/// Prints all problems and how many there are. `source` gives a file's text, if it can be shown.
pub(crate) fn print<'s>(
    terminal: &Terminal,
    problems: &[Diagnostic],
    source: impl Fn(&str) -> Option<&'s str>,
) {
    if problems.is_empty() {
        return;
    }
    for problem in problems {
        terminal.note(&render(problem, source(&problem.place.file), terminal.note_ink()));
        terminal.note("");
    }
    terminal.note(&summary(problems));
}

/// `3 errors, 1 warning`.
pub(crate) fn summary(problems: &[Diagnostic]) -> String {
    let counted = |severity: Severity, noun: &str| {
        let count = problems.iter().filter(|problem| problem.severity == severity).count();
        let plural = if count == 1 { "" } else { "s" };
        (count > 0).then(|| format!("{count} {noun}{plural}"))
    };
    let parts = [counted(Severity::Error, "error"), counted(Severity::Warning, "warning")];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// One problem as text: with its source line where there is one, else on a line of its own.
pub(crate) fn render(problem: &Diagnostic, source: Option<&str>, ink: Ink) -> String {
    match source.and_then(|text| line_of(text, problem.place.line)) {
        Some(line) => with_source(problem, line, ink),
        None => without_source(problem, ink),
    }
}

fn with_source(problem: &Diagnostic, line: &str, ink: Ink) -> String {
    let line = clip(line);
    let mark = AnnotationKind::Primary.span(span(&line, &problem.place));
    let snippet = Snippet::source(line.as_str())
        .line_start(problem.place.line)
        .path(problem.place.file.as_str())
        .annotation(mark);
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = level.primary_title(printable(&problem.message)).element(snippet);
    if let Some(hint) = &problem.hint {
        group = group.element(Level::HELP.message(printable(hint)));
    }
    let report: &[Group<'_>] = &[group];
    let renderer = if ink.colours() { Renderer::styled() } else { Renderer::plain() };
    renderer.render(report)
}

fn without_source(problem: &Diagnostic, ink: Ink) -> String {
    let Place { file, line, column, .. } = &problem.place;
    let at = if *line == 0 { file.clone() } else { format!("{file}:{line}:{column}") };
    let word = match problem.severity {
        Severity::Error => ink.bad("error"),
        Severity::Warning => ink.warn("warning"),
    };
    let hint = problem.hint.as_ref().map(|hint| format!("\n  help: {}", printable(hint)));
    let message = printable(&problem.message);
    format!("{word}: {}: {message}{}", printable(&at), hint.unwrap_or_default())
}

/// The line of that number, from 1; `None` for 0 and beyond the end. Positions right behind the last
/// line end, where parsers report what is missing, show the last line.
fn line_of(text: &str, number: usize) -> Option<&str> {
    let index = number.checked_sub(1)?;
    let mut lines = text.lines();
    lines.nth(index).or_else(|| (text.lines().count() == index).then_some("").filter(|_| index > 0))
}

/// Longest line that is shown, in characters; minified files have lines of megabytes.
const LONGEST: usize = 400;

fn clip(line: &str) -> String {
    line.chars().take(LONGEST).collect()
}

/// The bytes that the place covers in its line; the whole line if it names no column.
fn span(line: &str, place: &Place) -> std::ops::Range<usize> {
    let byte =
        |column: usize| line.char_indices().nth(column).map_or(line.len(), |(index, _)| index);
    if place.column == 0 {
        let start = line.len() - line.trim_start().len();
        return start..line.trim_end().len().max(start);
    }
    let start = place.column - 1;
    byte(start)..byte(start.saturating_add(place.width.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(problem: &Diagnostic, source: Option<&str>) -> String {
        render(
            problem,
            source,
            Terminal::new(false, false, crate::print::ColourChoice::Never).ink(),
        )
    }

    fn at(line: usize, column: usize, width: usize) -> Place {
        Place { file: "a/prompt.yaml".into(), line, column, width }
    }

    #[test]
    fn the_words_at_fault_are_marked() {
        let problem = Diagnostic::error(at(2, 1, 7), "unknown field `mesages`")
            .hint("did you mean `messages`?");
        let text = plain(&problem, Some("version: 1.0.0\nmesages: []\n"));
        assert!(text.contains("error: unknown field"), "{text}");
        assert!(text.contains("--> a/prompt.yaml:2:1"), "{text}");
        assert!(text.contains("^^^^^^^"), "{text}");
        assert!(text.contains("help: did you mean"), "{text}");
    }

    #[test]
    fn any_place_in_any_text_is_shown_without_panic() {
        let texts = ["", "\n", "é漢字\n\tx", "a\r\nb", "\u{1b}[2J"];
        for text in texts {
            for line in 0..4 {
                for column in [0, 1, 2, 9, usize::MAX] {
                    let problem = Diagnostic::warning(at(line, column, 3), "m");
                    assert!(plain(&problem, Some(text)).contains("warning"));
                }
            }
        }
    }

    #[test]
    fn without_source_one_line_says_it() {
        let problem = Diagnostic::error(Place::whole("x.md"), "is too large").hint("shorten it");
        assert_eq!(plain(&problem, None), "error: x.md: is too large\n  help: shorten it");
    }

    #[test]
    fn the_summary_counts_each_kind() {
        let error = Diagnostic::error(Place::whole("x"), "m");
        let warning = Diagnostic::warning(Place::whole("x"), "m");
        assert_eq!(summary(&[error.clone(), error, warning]), "2 errors, 1 warning");
        assert_eq!(summary(&[]), "");
    }
}
