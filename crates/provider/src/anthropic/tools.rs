//! Tools: declarations and choices on the way out.

use gatemark_core::{Error, Result};
use serde_json::{Map, Value, json};

fn refused(param: String, why: &str) -> Error {
    Error::invalid(format!("`{param}` {why}")).at(param)
}

/// Declarations of functions. `strict` cannot be promised and is refused; `cache_control` is Anthropic's
/// own and is kept.
pub(crate) fn declarations(tools: &Value) -> Result<Value> {
    let tools = tools.as_array().ok_or_else(|| refused("tools".into(), "must be an array"))?;
    tools.iter().enumerate().map(|(rank, tool)| declaration(rank, tool)).collect()
}

fn declaration(rank: usize, tool: &Value) -> Result<Value> {
    let param = |rest: &str| format!("tools[{rank}]{rest}");
    let kind = tool.get("type").and_then(Value::as_str);
    let function = tool.get("function").and_then(Value::as_object);
    // A tool that the API itself runs, in its own words.
    if kind.is_some_and(|kind| kind != "function")
        && function.is_none()
        && tool.get("name").is_some_and(Value::is_string)
    {
        return Ok(tool.clone());
    }
    let (Some("function"), Some(function)) = (kind, function) else {
        return Err(refused(param(""), "is not a function; this provider knows no other tools"));
    };
    let mut out = Map::new();
    for (key, value) in function.iter().filter(|(_, value)| !value.is_null()) {
        match key.as_str() {
            "name" | "description" => drop(out.insert(key.clone(), value.clone())),
            "parameters" => drop(out.insert("input_schema".into(), value.clone())),
            "strict" if value == false => {}
            other => {
                let param = param(&format!(".function.{other}"));
                return Err(refused(param, "has no equivalent at this provider"));
            }
        }
    }
    out.entry("input_schema").or_insert_with(|| json!({"type": "object", "properties": {}}));
    if let Some(control) = tool.get("cache_control") {
        out.insert("cache_control".into(), control.clone());
    }
    Ok(out.into())
}

/// The choice among tools; `parallel` is `parallel_tool_calls`, and `false` for it needs `declared`
/// tools to mean anything.
pub(crate) fn choice(
    choice: Option<&Value>,
    parallel: Option<bool>,
    declared: bool,
) -> Result<Option<Value>> {
    let mut out = match choice {
        None => None,
        Some(Value::String(word)) if word == "auto" => Some(json!({"type": "auto"})),
        Some(Value::String(word)) if word == "none" => Some(json!({"type": "none"})),
        Some(Value::String(word)) if word == "required" => Some(json!({"type": "any"})),
        Some(other) => {
            let name = other.pointer("/function/name").and_then(Value::as_str);
            let why = "must be auto, none, required or {type: function, function: {name}}";
            let name = name.ok_or_else(|| refused("tool_choice".into(), why))?;
            Some(json!({"type": "tool", "name": name}))
        }
    };
    if parallel == Some(false) {
        if !declared {
            return Err(refused("parallel_tool_calls".into(), "needs `tools`"));
        }
        let choice = out.get_or_insert_with(|| json!({"type": "auto"}));
        let none = choice.get("type").and_then(Value::as_str) == Some("none");
        if let Some(choice) = choice.as_object_mut().filter(|_| !none) {
            choice.insert("disable_parallel_tool_use".into(), Value::Bool(true));
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_become_tools() {
        let tools = json!([{"type": "function", "function": {"name": "f", "description": "d",
            "parameters": {"type": "object"}, "strict": false}},
            {"type": "function", "function": {"name": "g"}}]);
        let wanted = json!([{"name": "f", "description": "d", "input_schema": {"type": "object"}},
            {"name": "g", "input_schema": {"type": "object", "properties": {}}}]);
        assert_eq!(declarations(&tools).unwrap(), wanted);
        let strict = json!([{"type": "function", "function": {"name": "f", "strict": true}}]);
        let error = declarations(&strict).unwrap_err();
        assert_eq!(error.param(), Some("tools[0].function.strict"));
        assert!(declarations(&json!([{"type": "web_search"}])).is_err());
    }

    #[test]
    fn choices() {
        let of = |value: Value| choice(Some(&value), None, true).unwrap().unwrap();
        assert_eq!(of(json!("required")), json!({"type": "any"}));
        let named = json!({"type": "function", "function": {"name": "f"}});
        assert_eq!(of(named), json!({"type": "tool", "name": "f"}));
        let single = choice(None, Some(false), true).unwrap().unwrap();
        assert_eq!(single, json!({"type": "auto", "disable_parallel_tool_use": true}));
        assert_eq!(choice(None, Some(true), false).unwrap(), None);
        assert!(choice(None, Some(false), false).is_err());
        assert!(choice(Some(&json!("maybe")), None, true).is_err());
    }
}
