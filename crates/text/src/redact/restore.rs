//! Values put back into an answer that may arrive in pieces.

use std::collections::HashMap;

use super::placeholder::LONGEST;

/// How values are written into the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writing {
    /// As they are.
    Plain,
    /// As they stand inside of a string of JSON, e.g. in arguments of a tool's call.
    Json,
    /// As in JSON if the text's first sign opens an object or a list, else as they are.
    AsTheText,
}

/// Restores one text, piece by piece. Nothing is held back but the beginning of what can still become a known
/// placeholder: at most 40 bytes.
#[derive(Debug, Clone)]
pub struct Restorer {
    values: HashMap<String, String>,
    writing: Writing,
    held: String,
}

impl Restorer {
    pub(super) fn new(values: HashMap<String, String>, writing: Writing) -> Self {
        Self { values, writing, held: String::new() }
    }

    /// Whether there is nothing to put back.
    pub fn is_idle(&self) -> bool {
        self.values.is_empty()
    }

    /// The next piece; gives what is certain by now.
    pub fn push(&mut self, piece: &str) -> String {
        if self.values.is_empty() {
            return piece.to_string();
        }
        if self.writing == Writing::AsTheText
            && let Some(first) = piece.trim_start().chars().next()
        {
            self.writing = if matches!(first, '{' | '[') { Writing::Json } else { Writing::Plain };
        }
        let text = std::mem::take(&mut self.held) + piece;
        let mut out = String::with_capacity(text.len());
        let mut reached = 0;
        while let Some(open) = text.get(reached..).and_then(|rest| rest.find('<')) {
            let start = reached + open;
            out.push_str(text.get(reached..start).unwrap_or_default());
            let rest = text.get(start..).unwrap_or_default();
            let close = rest.bytes().take(LONGEST).position(|byte| byte == b'>');
            let known = close.and_then(|close| self.values.get_key_value(rest.get(..=close)?));
            if let Some((placeholder, value)) = known {
                out.push_str(&self.written(value));
                reached = start + placeholder.len();
            } else if close.is_none() && self.may_become(rest) {
                self.held = rest.to_string();
                return out;
            } else {
                out.push('<');
                reached = start + 1;
            }
        }
        out.push_str(text.get(reached..).unwrap_or_default());
        out
    }

    /// What was held back at the end.
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }

    fn may_become(&self, rest: &str) -> bool {
        rest.len() < LONGEST && self.values.keys().any(|placeholder| placeholder.starts_with(rest))
    }

    fn written(&self, value: &str) -> String {
        if self.writing != Writing::Json {
            return value.to_string();
        }
        let quoted = serde_json::to_string(value).unwrap_or_default();
        let inner = quoted.strip_prefix('"').and_then(|quoted| quoted.strip_suffix('"'));
        inner.unwrap_or_default().to_string()
    }
}
