//! A template's source: its syntax, its places, and how it becomes a tree.

use minijinja::machinery::{ast, parse};
use minijinja::syntax::SyntaxConfig;

use super::problem::TemplateProblem;

/// Longest source, in bytes.
pub const MAX_SOURCE_BYTES: usize = 1024 * 1024;

/// Jinja's own delimiters; the last line break is kept, as it is in texts without any tag.
pub(super) fn syntax() -> SyntaxConfig {
    let mut builder = SyntaxConfig::builder();
    builder.keep_trailing_newline(true);
    // Building fails for clashing delimiters only, and these are the defaults.
    builder.build().unwrap_or_default()
}

/// Whether the source is nothing but text, so that rendering it is copying it.
pub(super) fn is_plain(source: &str) -> bool {
    !source.as_bytes().windows(2).any(|pair| matches!(pair, b"{{" | b"{%" | b"{#"))
}

/// Parses a source that is within [`super::bounds`].
pub(super) fn tree(source: &str) -> Result<ast::Stmt<'_>, TemplateProblem> {
    parse(source, "template", syntax()).map_err(|error| {
        let message = error.detail().unwrap_or("syntax error").to_owned();
        match error.range() {
            Some(range) => at(source, range.start, range.len(), message),
            None => {
                let line = error.line().unwrap_or(1);
                TemplateProblem { line, column: 0, width: 1, message, hint: None }
            }
        }
    })
}

/// A problem at a byte offset; positions beyond the end are taken as the end.
pub(super) fn at(source: &str, offset: usize, bytes: usize, message: String) -> TemplateProblem {
    let before = source.get(..offset).unwrap_or(source);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let rest = source.get(offset..).unwrap_or_default();
    let within = rest.get(..bytes).unwrap_or(rest).lines().next().unwrap_or_default();
    TemplateProblem {
        line: before.matches('\n').count() + 1,
        column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
        width: within.chars().count().max(1),
        message,
        hint: None,
    }
}
