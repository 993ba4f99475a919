//! What may be reworded, and what may not: a template's tags, code, and quoted words.

use std::sync::LazyLock;

use regex::Regex;

/// A stretch of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// Words for the model.
    Free(&'t str),
    /// Not to be touched.
    Fixed(&'t str),
}

/// Jinja's tags, fenced and inline code, quoted words, and elements of XML.
static FIXED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?s)\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|```.*?(?:```|\z)|`[^`\n]*`|"[^"\n]*"|“[^”\n]*”|„[^“”\n]*[“”]|«[^»\n]*»|</?[A-Za-z][^<>\n]*>"#,
    )
    .ok()
});

static TAGS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?s)\{\{.*?\}\}|\{%.*?%\}").ok());

/// The template in stretches, one after the other.
pub(super) fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut pieces = vec![];
    let free = |from: usize, to: usize| {
        let text = template.get(from..to).unwrap_or_default();
        (!text.is_empty()).then_some(Piece::Free(text))
    };
    let Some(fixed) = FIXED.as_ref() else { return vec![Piece::Fixed(template)] };
    let mut end = 0;
    for found in fixed.find_iter(template) {
        pieces.extend(free(end, found.start()));
        pieces.push(Piece::Fixed(found.as_str()));
        end = found.end();
    }
    pieces.extend(free(end, template.len()));
    pieces
}

/// A template's tags in their order, spaces apart: two wordings of one prompt have the same.
pub fn tags(template: &str) -> Vec<String> {
    let Some(tags) = TAGS.as_ref() else { return vec![] };
    let found = tags.find_iter(template);
    found.map(|tag| tag.as_str().split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}
