//! The code in an answer.

use std::borrow::Cow;

use serde_json::Value;

use super::settings::Extract;

/// The code, or what is wrong with the answer.
pub(super) fn code<'a>(answer: &'a str, how: &Extract) -> Result<Cow<'a, str>, String> {
    let found = match how {
        Extract::Whole => Cow::Borrowed(answer),
        Extract::Fenced => Cow::Borrowed(last_fenced(answer).unwrap_or(answer)),
        Extract::At(pointer) => {
            let whole: Value = serde_json::from_str(answer.trim())
                .map_err(|_| format!("no JSON with code at `{pointer}`"))?;
            let text = whole.pointer(pointer).and_then(Value::as_str);
            Cow::Owned(text.ok_or_else(|| format!("no text at `{pointer}`"))?.to_string())
        }
    };
    if found.trim().is_empty() { Err("no code".to_string()) } else { Ok(found) }
}

/// The content of the last block between fences of three or more backticks or tildes. The last, because
/// models tend to correct themselves; one that is not closed reaches to the end.
fn last_fenced(answer: &str) -> Option<&str> {
    let mut last = None;
    let mut open: Option<(&str, usize)> = None;
    let mut at = 0;
    for line in answer.split_inclusive('\n') {
        let end = at + line.len();
        let text = line.trim();
        match open {
            None => {
                if let Some(fence) = fence(text) {
                    open = Some((fence, end));
                }
            }
            Some((fence, start)) => {
                let only = text.chars().all(|c| fence.starts_with(c));
                if only && text.len() >= fence.len() {
                    last = answer.get(start..at);
                    open = None;
                }
            }
        }
        at = end;
    }
    match open {
        Some((_, start)) => answer.get(start..),
        None => last,
    }
}

fn fence(text: &str) -> Option<&str> {
    let mark = text.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = text.chars().take_while(|c| *c == mark).count();
    text.get(..length).filter(|fence| fence.len() >= 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_block_counts() {
        let answer = "First:\n```python\na = 1\n```\nBetter:\n~~~~py\nb = 2\n~~~\n~~~~\nDone.";
        assert_eq!(code(answer, &Extract::Fenced).unwrap(), "b = 2\n~~~\n");
        assert_eq!(code("```\nopen", &Extract::Fenced).unwrap(), "open");
        assert_eq!(code("plain", &Extract::Fenced).unwrap(), "plain");
        assert_eq!(code(answer, &Extract::Whole).unwrap(), answer);
    }

    #[test]
    fn code_in_json_is_found_or_missed() {
        let at = Extract::At("/code".into());
        assert_eq!(code(r#"{"code": "x = 1"}"#, &at).unwrap(), "x = 1");
        for answer in ["{}", "no", r#"{"code": 1}"#, r#"{"code": " "}"#] {
            assert!(code(answer, &at).is_err(), "{answer}");
        }
        assert!(code("```\n\n```", &Extract::Fenced).is_err());
    }
}
