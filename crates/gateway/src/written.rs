//! Values as a model reads and writes them.

use serde_json::Value;

/// Text as it is, anything else as compact JSON.
pub(crate) fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}
