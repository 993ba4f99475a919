//! JavaScript's regular expressions as ours, where both mean exactly the same.
//!
//! Our engine runs in linear time and knows no look-around and no back-references; and `\d`, `\w`, `\b` and
//! the dot mean more characters to it. So a pattern is translated piece by piece, and if there is anything
//! that has no counterpart, it becomes a `javascript` check that asks the other engine itself.

/// The same pattern for our engine; `None` if there is none, or if it is wrong.
pub(super) fn ours(pattern: &str) -> Option<String> {
    let translated = Translation::default().whole(pattern)?;
    regex::Regex::new(&translated).ok().map(|_| translated)
}

/// A `javascript` expression that tests the answer.
pub(super) fn theirs(pattern: &str) -> String {
    format!("new RegExp({}).test(output)", serde_json::Value::from(pattern))
}

#[derive(Default)]
struct Translation {
    out: String,
    class: bool,
}

impl Translation {
    fn whole(mut self, pattern: &str) -> Option<String> {
        let mut letters = pattern.chars().peekable();
        while let Some(c) = letters.next() {
            match c {
                '\\' => self.escape(letters.next()?)?,
                ']' if self.class => {
                    self.class = false;
                    self.out.push(']');
                }
                // In a class these begin nested classes and set operations here.
                '[' if self.class => self.out.push_str("\\["),
                '&' | '~' if self.class => {
                    self.out.push('\\');
                    self.out.push(c);
                }
                '-' if self.class && letters.peek() == Some(&'-') => return None,
                '[' => {
                    self.class = true;
                    self.out.push('[');
                    if letters.next_if_eq(&'^').is_some() {
                        self.out.push('^');
                    }
                    // An empty class, or one of everything, is written otherwise.
                    if letters.peek() == Some(&']') {
                        return None;
                    }
                }
                '(' if !self.class && letters.next_if_eq(&'?').is_some() => {
                    letters.next_if_eq(&':')?;
                    self.out.push_str("(?:");
                }
                '.' if !self.class => self.out.push_str("[^\\n\\r\\u{2028}\\u{2029}]"),
                _ => self.out.push(c),
            }
        }
        Some(self.out)
    }

    fn escape(&mut self, c: char) -> Option<()> {
        let meaning = match (c, self.class) {
            ('d', true) => "0-9",
            ('d', false) => "[0-9]",
            ('D', false) => "[^0-9]",
            ('w', true) => "0-9A-Za-z_",
            ('w', false) => "[0-9A-Za-z_]",
            ('W', false) => "[^0-9A-Za-z_]",
            ('s', true) => {
                "\\t\\n\\x0B\\x0C\\r \\u{a0}\\u{1680}\\u{2000}-\\u{200a}\\u{2028}\\u{2029}\\u{202f}\\u{205f}\\u{3000}\\u{feff}"
            }
            ('s', false) => {
                "[\\t\\n\\x0B\\x0C\\r \\u{a0}\\u{1680}\\u{2000}-\\u{200a}\\u{2028}\\u{2029}\\u{202f}\\u{205f}\\u{3000}\\u{feff}]"
            }
            ('S', false) => {
                "[^\\t\\n\\x0B\\x0C\\r \\u{a0}\\u{1680}\\u{2000}-\\u{200a}\\u{2028}\\u{2029}\\u{202f}\\u{205f}\\u{3000}\\u{feff}]"
            }
            ('b', false) => "(?-u:\\b)",
            ('n', _) => "\\n",
            ('r', _) => "\\r",
            ('t', _) => "\\t",
            (c, _) if c.is_ascii_punctuation() => {
                self.out.push_str(&regex::escape(&c.to_string()));
                return Some(());
            }
            _ => return None,
        };
        self.out.push_str(meaning);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_the_same_is_translated() {
        for (pattern, yes, no) in [
            (r"^\d+$", "12", "١٢"),
            (r"\bcat\b", "a cat.", "cats"),
            (r"[\w.-]+@x", "a.b-c@x", "@x"),
            (r"a.c", "abc", "a\u{2028}c"),
            (r"[[]", "[", "]"),
            (r"(?:ab)+\/", "abab/", "ab"),
            (r"[a&&b]", "&", "c"),
        ] {
            let regex = regex::Regex::new(&ours(pattern).unwrap()).unwrap();
            assert!(regex.is_match(yes) && !regex.is_match(no), "{pattern}");
        }
        for other in
            [r"(?=a)b", r"(a)\1", r"(?<n>a)", r"[]", r"\u0041", r"\p{L}", r"(?!x)", "a{", "\\"]
        {
            assert_eq!(ours(other), None, "{other}");
        }
        assert_eq!(theirs("a\"b"), "new RegExp(\"a\\\"b\").test(output)");
    }
}
