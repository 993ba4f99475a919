//! The shape of the answer: `response_format`.

use serde_json::{Map, Value};

use crate::fields::Fields;

/// Takes what can be expressed: JSON of any shape, and a schema, which `responseJsonSchema` takes as it is. Anything
/// else is left, and so refused.
pub(super) fn shape(fields: &mut Fields, config: &mut Map<String, Value>) {
    let is_json =
        |format: &Value| format.get("type").and_then(Value::as_str) == Some("json_object");
    let has_schema = |format: &Value| {
        format.get("type").and_then(Value::as_str) == Some("json_schema")
            && format.pointer("/json_schema/schema").is_some_and(Value::is_object)
    };
    if let Some(format) = fields.take_if("response_format", has_schema) {
        config.insert("responseMimeType".into(), "application/json".into());
        let schema = format.pointer("/json_schema/schema").cloned();
        config.extend(schema.map(|schema| ("responseJsonSchema".to_string(), schema)));
    }
    if fields.take_if("response_format", is_json).is_some() {
        config.insert("responseMimeType".into(), "application/json".into());
    }
}
