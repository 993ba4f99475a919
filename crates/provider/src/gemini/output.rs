//! The shape of the answer: `response_format`.

use serde_json::{Map, Value};

use crate::fields::Fields;

/// Takes what can be expressed. `json_object` asks for JSON of any shape; a schema is left, and so refused.
pub(super) fn shape(fields: &mut Fields, config: &mut Map<String, Value>) {
    let is_json =
        |format: &Value| format.get("type").and_then(Value::as_str) == Some("json_object");
    if fields.take_if("response_format", is_json).is_some() {
        config.insert("responseMimeType".into(), "application/json".into());
    }
}
