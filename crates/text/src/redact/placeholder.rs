//! How placeholders are written: `<EMAIL_1>`.

/// The label of a text that looked like a placeholder before there was one.
pub(super) const MARK: &str = "MARK";

/// Bytes of the longest placeholder.
pub(super) const LONGEST: usize = 40;

pub(super) fn written(label: &str, number: u32) -> String {
    format!("<{label}_{number}>")
}

/// Every part of the text that reads like a placeholder, ours or not.
pub(super) fn all(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    text.match_indices('<').filter_map(|(start, _)| {
        let rest = text.as_bytes().get(start + 1..)?;
        let length = rest.iter().take(LONGEST).position(|byte| *byte == b'>')?;
        let (label, number) = text.get(start + 1..start + 1 + length)?.rsplit_once('_')?;
        let labelled = label.starts_with(|c: char| c.is_ascii_uppercase())
            && label.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        let numbered = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        (labelled && numbered).then_some((start, start + length + 2))
    })
}
