//! From what an author wrote to a function's body, as promptfoo does it.
//!
//! More than one line is a body already. One line is an expression; one that begins with a declaration is
//! a body whose last expression is the result.

/// The body of a function over `output` and `context`. `written` has no white space around it.
pub(super) fn of(written: &str) -> String {
    let begins = |word: &str| {
        written.strip_prefix(word).is_some_and(|rest| rest.starts_with([' ', '\t', '(', '{', ';']))
    };
    if written.contains('\n')
        || ["return", "if", "try", "for", "switch", "throw"].into_iter().any(begins)
    {
        return written.to_owned();
    }
    if ["const", "let", "var"].into_iter().any(begins) {
        let line = written.trim_end_matches([';', ' ', '\t']);
        return match last_statement(line) {
            Some((before, last)) if !last.trim_start().starts_with("return") => {
                format!("{before}; return {}", last.trim_start())
            }
            _ => written.to_owned(),
        };
    }
    // In brackets, so that a comment or a `;` at the end cannot reach what follows.
    format!("return (\n{}\n)", written.trim_end_matches([';', ' ', '\t']))
}

/// Splits at the last `;` that is in no bracket and no text.
fn last_statement(line: &str) -> Option<(&str, &str)> {
    let (mut depth, mut quote, mut escaped, mut last) = (0_u32, None, false, None);
    for (at, c) in line.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, ';') if depth == 0 => last = Some(at),
            (None, _) => {}
        }
    }
    let at = last?;
    Some((line.get(..at)?, line.get(at + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn one_line_is_an_expression_and_more_are_a_body() {
        for (written, body) in [
            ("output === 'x'", "return (\noutput === 'x'\n)"),
            ("output.length > 2;", "return (\noutput.length > 2\n)"),
            ("return output", "return output"),
            ("if (output) return 1; return 0", "if (output) return 1; return 0"),
            ("returned + 1", "return (\nreturned + 1\n)"),
            ("const n = 1; n > 0", "const n = 1; return n > 0"),
            (
                "let a = ';'; const f = () => { 1; }; f(a);",
                "let a = ';'; const f = () => { 1; }; return f(a)",
            ),
            ("const n = 1; return n", "const n = 1; return n"),
            ("const n = 1;", "const n = 1;"),
            ("const n = 1\nreturn n", "const n = 1\nreturn n"),
        ] {
            assert_eq!(of(written), body, "{written}");
        }
    }
}
