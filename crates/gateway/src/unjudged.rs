//! What a caller may not add to a call of a prompt because nobody would judge what comes of it.
//!
//! A suite tests a version as it is. A caller's tools have the model answer with calls of them, and another form
//! of the answer is one that neither the suite nor the contract knows: both would be served under a version's
//! name, and on its evidence, without being what was tested. A version that wants them declares them. Wishes
//! for nothing are taken out, since clients send them unasked.

use gatemark_core::error::{Error, Result};
use serde_json::Value;
use serde_json::value::RawValue;

type Fields = Vec<(String, Box<RawValue>)>;

/// What brings tools in, and what is about them.
const TOOLS: [&str; 5] =
    ["tools", "functions", "tool_choice", "function_call", "parallel_tool_calls"];

/// Where the version's own tools are, what a caller may say about them.
const ABOUT_TOOLS: [&str; 3] = ["tool_choice", "function_call", "parallel_tool_calls"];

/// What makes another kind of answer, in the words of several servers.
const FORMS: [&str; 16] = [
    "response_format",
    "modalities",
    "audio",
    "web_search_options",
    "format",
    "grammar",
    "json_schema",
    "output_config",
    "output_format",
    "structured_outputs",
    "guided_json",
    "guided_regex",
    "guided_choice",
    "guided_grammar",
    "guided_decoding_backend",
    "guided_whitespace_pattern",
];

/// Takes out wishes for nothing and refuses the others.
pub(crate) fn refuse(fixed: &Fields, asked: &mut Fields) -> Result<()> {
    let has = |name: &str| fixed.iter().any(|(known, _)| known == name);
    let has_tools = has("tools") || has("functions");
    let mut left = Fields::with_capacity(asked.len());
    for (name, value) in std::mem::take(asked) {
        let is_tool = TOOLS.contains(&name.as_str());
        let about_own = has_tools && ABOUT_TOOLS.contains(&name.as_str());
        if !(is_tool || FORMS.contains(&name.as_str())) || has(&name) || about_own {
            left.push((name, value));
        } else if !is_nothing(&name, &value) {
            return Err(refusal(name, is_tool));
        }
    }
    *asked = left;
    Ok(())
}

fn refusal(name: String, is_tool: bool) -> Error {
    let what = if is_tool {
        "with tools of the caller's it would answer in calls that no test has seen"
    } else {
        "in another form its answers would be none that a test has seen"
    };
    let message = format!(
        "`{name}` may not be sent with a prompt: {what}. Declare it under the version's model in `models`, or call \
         the model itself"
    );
    Error::invalid(message).at(name).coded("field_refused")
}

/// Whether the field asks for what is the case anyway.
fn is_nothing(name: &str, value: &RawValue) -> bool {
    let Ok(value) = serde_json::from_str::<Value>(value.get()) else { return false };
    match (name, &value) {
        (_, Value::Null) | ("parallel_tool_calls", Value::Bool(_)) => true,
        ("tools" | "functions", Value::Array(list)) => list.is_empty(),
        ("tool_choice" | "function_call", Value::String(word)) => word == "auto" || word == "none",
        ("response_format", Value::Object(_)) => value["type"] == "text",
        ("modalities", Value::Array(list)) => list.iter().all(|one| one == "text"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        let raw = |text: &str| RawValue::from_string(text.to_string()).unwrap();
        pairs.iter().map(|(name, value)| (name.to_string(), raw(value))).collect()
    }

    /// The names that are left, or the field that is refused.
    fn left(fixed: &[(&str, &str)], asked: &[(&str, &str)]) -> Result<Vec<String>, String> {
        let mut asked = fields(asked);
        match refuse(&fields(fixed), &mut asked) {
            Ok(()) => Ok(asked.into_iter().map(|(name, _)| name).collect()),
            Err(error) => Err(error.param().unwrap_or_default().to_string()),
        }
    }

    const TOOL: &str = r#"[{"type":"function","function":{"name":"f"}}]"#;

    #[test]
    fn what_no_test_has_seen_is_refused_by_its_name() {
        for (name, value) in [
            ("tools", TOOL),
            ("functions", "[{}]"),
            ("tool_choice", "\"required\""),
            ("response_format", r#"{"type":"json_object"}"#),
            ("modalities", r#"["text","audio"]"#),
            ("web_search_options", "{}"),
            ("guided_json", "{}"),
            ("grammar", "\"root ::= x\""),
        ] {
            assert_eq!(left(&[], &[("user", "\"u\""), (name, value)]), Err(name.to_string()));
        }
    }

    #[test]
    fn wishes_for_nothing_are_taken_out() {
        let nothing = [
            ("tools", "[]"),
            ("tool_choice", "\"auto\""),
            ("parallel_tool_calls", "true"),
            ("response_format", r#"{"type":"text"}"#),
            ("modalities", r#"["text"]"#),
            ("functions", "null"),
        ];
        assert_eq!(left(&[], &nothing).unwrap(), [""; 0]);
        assert_eq!(left(&[], &[("top_p", "1"), ("tools", "[]")]).unwrap(), ["top_p"]);
    }

    #[test]
    fn what_the_version_declares_is_its_own_matter() {
        let own = [("tools", TOOL)];
        assert_eq!(left(&own, &[("tool_choice", "\"required\"")]).unwrap(), ["tool_choice"]);
        assert_eq!(left(&own, &[("tools", TOOL)]).unwrap(), ["tools"]);
        assert_eq!(left(&own, &[("functions", "[{}]")]), Err("functions".to_string()));
        let form = [("response_format", r#"{"type":"json_object"}"#)];
        assert_eq!(left(&form, &form).unwrap(), ["response_format"]);
    }
}
