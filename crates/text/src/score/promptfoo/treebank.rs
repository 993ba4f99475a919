//! Words as the Penn Treebank splits them, in the variant of js-rouge 3.2, on which promptfoo relies.
//!
//! A text goes through a line of rewritings, each of which only puts spaces in (and turns double quotes into
//! opening and closing ones). One rule is left out: a modifier letter that follows a closing quote as a
//! footnote mark does not count as the end of the quotation.

use std::sync::LazyLock;

use regex::Regex;

use crate::score::space;

/// Calls `token` for each word of a text in lower case.
pub(super) fn tokens(text: &str, token: impl FnMut(&str)) {
    let spaced = |c: char| space::javascript(c) || c == '\u{85}';
    let words: Vec<&str> = text.split(spaced).filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return;
    }
    let text: Vec<char> = words.join(" ").chars().collect();
    let text = punctuation(&final_stop(&colons(&ellipses(&quotes(&text)))));
    let mut text = clitics(&apostrophes(&format!(" {} ", text.iter().collect::<String>())));
    for (first, second, before_space) in CONTRACTIONS {
        text = contraction(&text, first, second, *before_space);
    }
    text.split(' ').filter(|word| !word.is_empty()).for_each(token);
}

fn class(pattern: &str) -> Option<Regex> {
    Regex::new(pattern).ok()
}

static OPENING: LazyLock<Option<Regex>> = LazyLock::new(|| class(r"^[ \p{Ps}<]$"));
static BEFORE_QUOTE: LazyLock<Option<Regex>> = LazyLock::new(|| class(r"^[ \p{P}<]$"));
static QUOTABLE: LazyLock<Option<Regex>> = LazyLock::new(|| class(r"^[\p{L}\p{N}\p{Sc}\p{Ps}]$"));
static DIGIT: LazyLock<Option<Regex>> = LazyLock::new(|| class(r"^\p{Nd}$"));
static WORD: LazyLock<Option<Regex>> =
    LazyLock::new(|| class(r"^[\p{ID_Continue}\u{200c}\u{200d}]$"));

fn is(class: &LazyLock<Option<Regex>>, c: char) -> bool {
    let mut bytes = [0; 4];
    class.as_ref().is_some_and(|class| class.is_match(c.encode_utf8(&mut bytes)))
}

/// Length of the quotation mark at the head: two grave accents, two apostrophes or a double quote.
fn quote(text: &[char]) -> Option<usize> {
    match text {
        ['`', '`', ..] | ['\'', '\'', ..] => Some(2),
        ['"', ..] => Some(1),
        _ => None,
    }
}

fn quotes(text: &[char]) -> Vec<char> {
    let mut out = Vec::with_capacity(text.len());
    let (mut at, mut inside) = (0, false);
    while let Some(c) = text.get(at) {
        let Some(length) = quote(&text[at..]) else {
            out.push(*c);
            at += 1;
            continue;
        };
        inside = *c == '`' || (!inside && opens(text, at, length));
        out.extend(if inside { " `` " } else { " '' " }.chars());
        at += length;
    }
    out
}

/// Whether the mark at `at`, outside of a quotation, begins one.
fn opens(text: &[char], at: usize, length: usize) -> bool {
    let rest = &text[at + length..];
    // JavaScript sees half of a character beyond the basic plane, which is in no class.
    let before = at.checked_sub(1).map(|at| text[at]).filter(|c| u32::from(*c) < 0x1_0000);
    let something_to_quote = !rest.is_empty() || at == 0 || before.is_some_and(|c| is(&OPENING, c));
    let after_opening_marks = text[..at].ends_with(&['`', '`']);
    let may_begin = at == 0 || after_opening_marks || before.is_some_and(|c| is(&BEFORE_QUOTE, c));
    let after_sentence = matches!(before, Some('.' | '!' | '?'));
    let doubled = || {
        let closes = (0..rest.len()).find(|next| quote(&rest[*next..]).is_some());
        at > 0
            && rest.first().is_some_and(|c| is(&QUOTABLE, *c))
            && closes.is_some_and(|next| rest[next] == '\'')
    };
    something_to_quote && may_begin && !after_sentence && (length == 1 || doubled())
}

fn spaced(out: &mut Vec<char>, token: &[char]) {
    out.push(' ');
    out.extend_from_slice(token);
    out.push(' ');
}

fn ellipses(text: &[char]) -> Vec<char> {
    runs(text, &['.', '.', '.'])
}

/// Puts spaces around each occurrence of `wanted`, from left to right.
fn runs(text: &[char], wanted: &[char]) -> Vec<char> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(c) = text.get(at) {
        if text[at..].starts_with(wanted) {
            spaced(&mut out, wanted);
            at += wanted.len();
        } else {
            out.push(*c);
            at += 1;
        }
    }
    out
}

/// Colons and commas that no digit follows, and marks that always stand alone.
fn colons(text: &[char]) -> Vec<char> {
    let mut out = Vec::with_capacity(text.len());
    for (at, c) in text.iter().enumerate() {
        let digit_follows = || text.get(at + 1).is_some_and(|next| is(&DIGIT, *next));
        match c {
            ';' | '@' | '#' | '$' | '%' | '&' => spaced(&mut out, &[*c]),
            ':' | ',' if !digit_follows() => spaced(&mut out, &[*c]),
            _ => out.push(*c),
        }
    }
    out
}

/// The full stop at the end of the text, unless it belongs to an acronym such as `u.s.`.
fn final_stop(text: &[char]) -> Vec<char> {
    let mut out = text.to_vec();
    let closing = |c: &char| matches!(c, ']' | ')' | '}' | '>' | '\'') || space::javascript(*c);
    let end = text.iter().rposition(|c| !closing(c));
    let Some((at, before)) = end
        .filter(|at| text[*at] == '.')
        .and_then(|at| Some((at, text.get(..at).filter(|head| !head.is_empty())?)))
    else {
        return out;
    };
    let is_word = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    let acronym = match before {
        [head @ .., a, '.', b] => {
            a.is_ascii_alphabetic() && b.is_ascii_alphabetic() && !head.last().is_some_and(is_word)
        }
        _ => false,
    };
    if before.last() != Some(&'.') && !acronym {
        out.insert(at, ' ');
        out.push(' ');
    }
    out
}

fn punctuation(text: &[char]) -> Vec<char> {
    let mut out = Vec::with_capacity(text.len());
    for c in text {
        match c {
            '?' | '!' | ']' | '[' | '(' | ')' | '{' | '}' | '<' | '>' => spaced(&mut out, &[*c]),
            _ => out.push(*c),
        }
    }
    runs(&out, &['-', '-'])
}

/// An apostrophe at a word's end stands alone.
fn apostrophes(text: &str) -> String {
    let text: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(c) = text.get(at) {
        out.push(*c);
        at += 1;
        if *c != '\'' && text[at..].starts_with(&['\'', ' ']) {
            out.push_str(" ' ");
            at += 2;
        }
    }
    out
}

/// `'s`, `'m`, `'d`, then `'ll`, `'re`, `'ve` and `n't`, at a word's end.
fn clitics(text: &str) -> String {
    let mut text = text.to_string();
    for end in ["'s", "'m", "'d"] {
        text = text.replace(&format!("{end} "), &format!(" {end} "));
    }
    for end in ["'ll", "'re", "'ve", "n't"] {
        text = text.replace(&format!("{end} "), &format!(" {end} "));
    }
    text
}

/// Both parts, and whether a space must follow.
const CONTRACTIONS: &[(&str, &str, bool)] = &[
    ("can", "not", false),
    ("d", "'ye", false),
    ("gim", "me", false),
    ("gon", "na", false),
    ("got", "ta", false),
    ("lem", "me", false),
    ("more", "'n", false),
    ("wan", "na", true),
    ("'t", "is", false),
    ("'t", "was", false),
];

/// Splits a word that is both parts and no part of a longer one.
fn contraction(text: &str, first: &str, second: &str, before_space: bool) -> String {
    let whole = format!("{first}{second}");
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(&whole) {
        let (head, tail) = rest.split_at(at);
        let tail = tail.get(whole.len()..).unwrap_or_default();
        out.push_str(head);
        let inside = out.chars().next_back().is_some_and(|c| is(&WORD, c))
            || tail.chars().next().is_some_and(|c| is(&WORD, c));
        if inside || (before_space && !tail.starts_with(' ')) {
            out.push_str(&whole);
        } else {
            out.push_str(&format!(" {first} {second} "));
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    fn tokens(text: &str) -> String {
        let mut all = vec![];
        super::tokens(text, |token| all.push(token.to_string()));
        all.join("|")
    }

    #[test]
    fn words_of_the_treebank() {
        for (text, wanted) in [
            ("they'll cannot, won't.", "they|'ll|can|not|,|wo|n't|."),
            ("\"hi\" she said at 10:30, 'tis 1,000", "``|hi|''|she|said|at|10:30|,|'t|is|1,000"),
            ("the u.s. and the u.s.", "the|u.s.|and|the|u.s."),
            ("wait... (a--b) [c]", "wait|...|(|a|--|b|)|[|c|]"),
            ("the dogs' tail, john's", "the|dogs|'|tail|,|john|'s"),
            ("scannot gonnad", "scannot|gonnad"),
            (" \u{85} ", ""),
        ] {
            assert_eq!(tokens(text), wanted, "{text}");
        }
    }
}
