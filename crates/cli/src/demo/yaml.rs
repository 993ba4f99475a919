//! Texts from a data set as YAML: always in double quotes, so that no message can be taken for syntax.

/// `text` as a double-quoted scalar on one line.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            // What YAML does not let stand for itself: controls, separators, a byte-order mark.
            c if c.is_control()
                || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}') =>
            {
                out.push_str(&format!("\\u{:04X}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A list of texts in one line: `["a", "b"]`.
pub(super) fn list<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let all: Vec<String> = texts.into_iter().map(quoted).collect();
    format!("[{}]", all.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_to_be_taken_for_syntax() {
        assert_eq!(quoted("a: \"b\" # \\c"), r##""a: \"b\" # \\c""##);
        assert_eq!(quoted("x\ny\tz\u{7}\u{85}\u{feff}"), r#""x\ny\tz\u0007\u0085\uFEFF""#);
        assert_eq!(list(["a", "yes"]), r#"["a", "yes"]"#);
    }
}
