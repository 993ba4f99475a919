//! `+`, `*` and `~`, sent through filters that pay for what they make.
//!
//! The engine evaluates these operators itself, without a bound: thirty lines of `{% set a = a ~ a %}`
//! ask for a gigabyte. It does let a program replace filters. So `left ~ right` is written as
//! `(left)|_joined(right)` before it is compiled. Lines stay where they were, so that errors still name
//! the right one.

use minijinja::machinery::{Token, tokenize};

use super::source::syntax;
use super::walk::Growth;

/// The source with every operator in `growths` replaced; `None` if one of them cannot be found where the
/// tree says it is.
pub(super) fn replaced(source: &str, growths: &[Growth]) -> Option<String> {
    if growths.is_empty() {
        return Some(source.to_owned());
    }
    let tokens: Vec<(usize, usize, bool)> = tokenize(source, false, syntax())
        .map_while(Result::ok)
        .map(|(token, span)| {
            let (start, end) = super::bounds::offsets(span);
            (start, end, matches!(token, Token::ParenClose))
        })
        .collect();
    // (where, how many bytes to take out, what to put in)
    let mut edits: Vec<(usize, usize, String)> = Vec::with_capacity(growths.len() * 3);
    for growth in growths {
        let first = tokens.partition_point(|(start, ..)| *start < growth.left_end);
        // The left operand's span ends before the brackets around it.
        let (start, end, _) = *tokens.get(first..)?.iter().find(|(.., closes)| !closes)?;
        if end > growth.end || !matches!(source.get(start..end)?, "+" | "*" | "~") {
            return None;
        }
        edits.push((growth.start, 0, "(".into()));
        edits.push((start, end - start, format!(")|{}(", growth.filter)));
        edits.push((growth.end, 0, ")".into()));
    }
    // Without spaces, one operand's closing bracket and the next operator share an offset: `a+b+c`.
    edits.sort_by_key(|(offset, taken, _)| (*offset, *taken));
    let mut written = String::with_capacity(source.len() + edits.len() * 4);
    let mut done = 0;
    for (offset, taken, text) in edits {
        written.push_str(source.get(done..offset)?);
        written.push_str(&text);
        done = offset + taken;
    }
    written.push_str(source.get(done..)?);
    Some(written)
}
