//! The language of patterns: regular expressions over folded text, with three abbreviations.
//!
//! - a space is any gap between words: spaces, line ends, quotes, dashes and the like, but no end of a sentence;
//! - `~3` between spaces is up to three words (at most nine);
//! - `%{name}` is one of the alternatives of a set.
//!
//! A match begins and ends at the borders of words, unless the pattern begins with `*`. What is not ASCII is folded as
//! views are, so that accents may be written and are found with and without. Everything is bounded: the size of what a
//! pattern compiles to, and counted repetitions, since the `regex` crate is linear but not small.

use std::collections::BTreeMap;

use regex::{Regex, RegexBuilder};

use crate::normal::fold;

/// What stands between two words.
const GAP: &str = r#"[\s"'*_,~|<>/\\+()\[\]{}=#-]+"#;
/// A word that is skipped.
const WORD: &str = r#"[^ \t\r\n.!?;:]+"#;
/// Most bytes of a compiled pattern: a large alternation needs a few hundred KiB.
const MOST_BYTES: usize = 4 << 20;
/// Longest pattern, after its sets are filled in.
const LONGEST: usize = 20_000;
/// Largest counted repetition.
const MOST_REPEATS: u32 = 1000;

/// The sets of alternatives by name.
pub(super) type Sets = BTreeMap<String, Vec<String>>;

/// Fills in sets; which may use sets that are known before.
pub(super) fn filled(text: &str, sets: &Sets) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("%{") {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let Some((name, behind)) = after.get(2..).and_then(|after| after.split_once('}')) else {
            return Err("`%{` is not closed".to_owned());
        };
        let Some(set) = sets.get(name) else {
            let known: Vec<&str> = sets.keys().map(String::as_str).collect();
            let hint = gatemark_core::diagnostic::did_you_mean(name, known.iter().copied());
            let hint = hint.map(|hint| format!("; did you mean `{hint}`?")).unwrap_or_default();
            return Err(format!("there is no set `{name}`{hint}"));
        };
        out.push_str("(?:");
        out.push_str(&set.join("|"));
        out.push(')');
        if out.len() > LONGEST {
            return Err(format!("it is longer than {LONGEST} bytes when its sets are filled in"));
        }
        rest = behind;
    }
    out.push_str(rest);
    Ok(out)
}

/// Compiles a pattern.
pub(super) fn compiled(text: &str, sets: &Sets) -> Result<Regex, String> {
    let (inside, text) = match text.strip_prefix('*') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let spelled = spelled(&fold::pattern(&filled(text, sets)?));
    if let Some(count) = repeats(&spelled).filter(|count| *count > MOST_REPEATS) {
        return Err(format!(
            "it repeats something {count} times; at most {MOST_REPEATS} are allowed"
        ));
    }
    let source = if inside {
        spelled
    } else {
        format!(r"(?-u:\b{{start-half}})(?:{spelled})(?-u:\b{{end-half}})")
    };
    let capital = source
        .as_bytes()
        .windows(2)
        .any(|pair| matches!(pair, [before, c] if *before != b'\\' && c.is_ascii_uppercase()));
    RegexBuilder::new(&source)
        .case_insensitive(capital)
        .size_limit(MOST_BYTES)
        .dfa_size_limit(MOST_BYTES)
        .build()
        .map_err(|error| last_line(&error.to_string()))
        .and_then(|regex| {
            if regex.is_match("") { Err("it matches the empty text".to_owned()) } else { Ok(regex) }
        })
}

fn last_line(message: &str) -> String {
    message.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

/// The pattern with gaps and skipped words written out. What stands in a class of characters is left alone.
fn spelled(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    let mut in_class = 0_usize;
    while let Some(c) = chars.next() {
        match c {
            '\\' => match (chars.next(), in_class > 0) {
                // Smaller classes than all of Unicode's tables: what is not ASCII is part of a word.
                (Some('w'), false) => out.push_str(r"[a-z0-9_\x{80}-\x{10ffff}]"),
                (Some('w'), true) => out.push_str(r"a-z0-9_\x{80}-\x{10ffff}"),
                (Some('d'), false) => out.push_str("[0-9]"),
                (Some('d'), true) => out.push_str("0-9"),
                (Some('s'), false) => out.push_str(r"[ \t\r\n]"),
                (Some('s'), true) => out.push_str(r" \t\r\n"),
                (Some('S'), false) => out.push_str(r"[^ \t\r\n]"),
                (Some('b'), false) => out.push_str(r"(?-u:\b)"),
                (next, _) => {
                    out.push(c);
                    out.extend(next);
                }
            },
            '[' => {
                in_class += 1;
                out.push(c);
            }
            ']' => {
                in_class = in_class.saturating_sub(1);
                out.push(c);
            }
            ' ' if in_class == 0 && chars.peek().is_some_and(|next| "?*+{".contains(*next)) => {
                out.push_str(&format!("(?:{GAP})"));
            }
            ' ' if in_class == 0 => {
                out.push_str(GAP);
                let mut ahead = chars.clone();
                if ahead.next() == Some('~')
                    && let Some(count) = ahead.next().filter(char::is_ascii_digit)
                {
                    out.push_str(&format!("(?:{WORD}{GAP}){{0,{count}}}"));
                    chars = ahead;
                    // The gap behind is the last one of the words.
                    if chars.peek() == Some(&' ') {
                        chars.next();
                    }
                }
            }
            _ => out.push(c),
        }
    }
    out
}

/// The largest number in a counted repetition.
fn repeats(pattern: &str) -> Option<u32> {
    let counts = pattern.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    let numbers = counts.flat_map(|inside| inside.split(','));
    numbers.filter_map(|number| number.trim().parse::<u32>().ok()).max()
}

/// The letters that every text must have that an alternative matches: its literal beginning, folded, up to the first
/// gap or sign.
pub(super) fn literal(alternative: &str) -> String {
    let end =
        alternative.find(|c: char| !c.is_alphanumeric() && c != '\'').unwrap_or(alternative.len());
    let (head, rest) = alternative.split_at(end);
    let mut letters: Vec<char> = head.chars().collect();
    // What may be missing is not there.
    if rest.starts_with(['?', '*', '{']) {
        letters.pop();
    }
    fold::folded(&letters.into_iter().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sets() -> Sets {
        [("verb".to_owned(), vec!["ignore".to_owned(), "forget(?: about)?".to_owned()])].into()
    }

    fn matches(pattern: &str, text: &str) -> bool {
        compiled(pattern, &sets()).unwrap().is_match(text)
    }

    #[test]
    fn spaces_are_gaps_and_waves_are_words() {
        assert!(matches("%{verb} ~3 rules?", "ignore the, \"rules\""));
        assert!(matches("%{verb} ~3 rules?", "forget about\n- all of your rules"));
        assert!(matches("%{verb} ~3 rules?", "ignore rules"));
        assert!(!matches("%{verb} ~3 rules?", "ignore it. the rules"));
        assert!(!matches("%{verb} ~3 rules?", "ignore one two three four rules"));
        assert!(!matches("%{verb} rules", "signore rules"));
        assert!(matches("*nore", "signore"));
    }

    #[test]
    fn accents_and_other_scripts_are_found() {
        assert!(matches("règles", "regles"));
        assert!(matches("забудь все правила", "забудь все правила"));
        assert!(matches("忽略.{0,4}指令", "请忽略之前的指令"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let error = |pattern: &str| compiled(pattern, &sets()).unwrap_err();
        assert_eq!(error("%{vreb} x"), "there is no set `vreb`; did you mean `verb`?");
        assert_eq!(error("a{1,5000}"), "it repeats something 5000 times; at most 1000 are allowed");
        assert_eq!(error("*(a"), "unclosed group");
        assert_eq!(error("*a?"), "it matches the empty text");
        assert!(error("(?:(?:\\pL{100}){100}){100}").contains("size limit"));
    }

    #[test]
    fn literals_are_what_must_be_there() {
        let cases = [
            ("instructions?", "instruction"),
            ("do not", "do"),
            ("Règle", "regle"),
            ("(?:a|b)", ""),
        ];
        for (alternative, letters) in cases {
            assert_eq!(literal(alternative), letters);
        }
    }
}
