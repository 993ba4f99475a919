//! Bounds on a source that hold before it is parsed.
//!
//! The engine's parser, code generator and destructors recurse once per operator of a chain, per `elif`,
//! and per level of nested values. Its own guard covers brackets and blocks only; a chain of a hundred
//! thousand `+` overflows the stack and takes the process along. Counting tokens needs no recursion.

use minijinja::machinery::{Span, Token, tokenize};

use super::problem::TemplateProblem;
use super::source::{MAX_SOURCE_BYTES, at, syntax};

/// Most operators, dots, brackets and pipes in one tag.
const MAX_OPERATORS: usize = 200;
/// Deepest brackets in one tag.
const MAX_BRACKETS: usize = 20;
/// Most `elif` in one template.
const MAX_ELIF: usize = 50;
/// Most levels that all `set` tags together may put around values.
const MAX_SET_LEVELS: usize = 500;

/// What is counted in one tag.
#[derive(Default)]
struct Tag<'a> {
    keyword: Option<&'a str>,
    operators: usize,
    open: usize,
    deepest: usize,
    pipes: usize,
}

/// Refuses sources that are too long or nest too deep.
pub(super) fn check(source: &str) -> Result<(), TemplateProblem> {
    if source.len() > MAX_SOURCE_BYTES {
        let message = format!("the template is longer than {} KiB", MAX_SOURCE_BYTES / 1024);
        return Err(at(source, 0, 1, message));
    }
    let mut tag = Tag::default();
    let (mut elifs, mut set_levels) = (0, 0);
    // What cannot be read as tokens is left to the parser, which stops there too.
    for (token, span) in tokenize(source, false, syntax()).map_while(Result::ok) {
        match &token {
            Token::VariableStart | Token::BlockStart => tag = Tag::default(),
            Token::BlockEnd if tag.keyword == Some("elif") => elifs += 1,
            Token::BlockEnd if tag.keyword == Some("set") => set_levels += tag.deepest + tag.pipes,
            token => tag.count(token),
        }
        let over = [
            (tag.operators, MAX_OPERATORS, "operators in one tag", "split it with `set`"),
            (tag.deepest, MAX_BRACKETS, "nested brackets", "split it with `set`"),
            (elifs, MAX_ELIF, "`elif`", "look the text up in an object instead"),
            (set_levels, MAX_SET_LEVELS, "nested values in `set` tags", "pass them as variables"),
        ];
        if let Some((_, bound, what, hint)) = over.into_iter().find(|(n, bound, ..)| n > bound) {
            return Err(refusal(source, span, format!("more than {bound} {what}"), hint));
        }
    }
    Ok(())
}

fn refusal(source: &str, span: Span, message: String, hint: &str) -> TemplateProblem {
    let (start, end) = offsets(span);
    let mut problem = at(source, start, end.saturating_sub(start), message);
    problem.hint = Some(hint.to_owned());
    problem
}

/// A span's byte offsets.
pub(super) fn offsets(span: Span) -> (usize, usize) {
    // `usize` has at least 32 bits wherever this runs.
    let wide = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
    (wide(span.start_offset), wide(span.end_offset))
}

impl<'a> Tag<'a> {
    fn count(&mut self, token: &Token<'a>) {
        let is_first = self.keyword.is_none();
        match token {
            Token::Ident(word) => {
                let operator = matches!(*word, "not" | "if" | "else" | "is" | "and" | "or" | "in");
                self.operators += usize::from(operator);
                self.keyword = self.keyword.or(Some(word));
            }
            Token::BracketOpen | Token::ParenOpen | Token::BraceOpen => {
                self.operators += 1;
                self.open += 1;
                self.deepest = self.deepest.max(self.open);
            }
            Token::BracketClose | Token::ParenClose | Token::BraceClose => {
                self.open = self.open.saturating_sub(1);
            }
            Token::Pipe => {
                self.operators += 1;
                self.pipes += 1;
            }
            Token::Str(_)
            | Token::String(_)
            | Token::Int(_)
            | Token::Int128(_)
            | Token::Float(_)
            | Token::Comma
            | Token::Colon
            | Token::TemplateData(_)
            | Token::VariableEnd
            | Token::BlockEnd => {}
            _ => self.operators += 1,
        }
        if is_first && self.keyword.is_none() {
            self.keyword = Some("");
        }
    }
}
