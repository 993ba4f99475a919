//! Fields by which a request wants another kind of answer than plain text: tools, and other forms.
//!
//! Names are those of chat completions and of servers compatible with it. Some values wish for what is the case
//! anyway, and clients send them unasked.

use serde_json::Value;
use serde_json::value::RawValue;

/// What a field is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// It brings tools in.
    Tools,
    /// It says how tools that are there are to be used.
    AboutTools,
    /// It makes another form of the answer.
    Form,
}

const TOOLS: [&str; 2] = ["tools", "functions"];
const ABOUT_TOOLS: [&str; 3] = ["tool_choice", "function_call", "parallel_tool_calls"];
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

impl Wish {
    /// What the field `name` wishes for, if it is one of these.
    pub fn of(name: &str) -> Option<Self> {
        let kinds =
            [(&TOOLS[..], Self::Tools), (&ABOUT_TOOLS, Self::AboutTools), (&FORMS, Self::Form)];
        kinds.iter().find(|(names, _)| names.contains(&name)).map(|(_, wish)| *wish)
    }

    /// Whether `fields` bring tools in.
    pub fn has_tools(fields: &[(String, Box<RawValue>)]) -> bool {
        fields.iter().any(|(name, _)| TOOLS.contains(&name.as_str()))
    }
}

/// Whether a field of these asks for what is the case anyway where there are no tools and no form.
pub fn is_for_nothing(name: &str, value: &RawValue) -> bool {
    let Ok(value) = serde_json::from_str::<Value>(value.get()) else { return false };
    match (name, &value) {
        (_, Value::Null) | ("parallel_tool_calls", Value::Bool(_)) => true,
        ("tools" | "functions", Value::Array(list)) => list.is_empty(),
        ("tool_choice" | "function_call", Value::String(word)) => word == "auto" || word == "none",
        ("response_format", Value::Object(form)) => form.get("type").is_some_and(|t| t == "text"),
        ("modalities", Value::Array(list)) => list.iter().all(|one| one == "text"),
        _ => false,
    }
}
