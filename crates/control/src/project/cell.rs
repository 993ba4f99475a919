//! One cell of a table as a value: cells are text, and only the declared type says what the text means.

use gatemark_core::variable::VariableType;
use serde_json::Value as Json;

use super::reader::shown;

/// Why a cell cannot be what its column is for.
pub(super) struct Misfit {
    pub(super) message: String,
    pub(super) hint: &'static str,
}

fn misfit(wanted: &str, cell: &str, hint: &'static str) -> Misfit {
    Misfit { message: format!("must be {wanted}, not `{}`", shown(cell)), hint }
}

/// The cell's words without space around them; `None` if it is empty.
pub(super) fn words(cell: &str) -> Option<String> {
    let cell = cell.trim();
    (!cell.is_empty()).then(|| cell.to_string())
}

/// A number from 0 to `most`; `None` if the cell is empty.
pub(super) fn number(cell: &str, most: f64) -> Result<Option<f64>, Misfit> {
    let Some(text) = words(cell) else { return Ok(None) };
    let value = text.parse::<f64>().ok().filter(|value| (0.0..=most).contains(value));
    let wanted = format!("a number from 0 to {most}");
    value.map(Some).ok_or_else(|| misfit(&wanted, cell, "write a number such as 0.5"))
}

/// The wanted answer; `None` if the cell is empty.
pub(super) fn expected(cell: &str, json: bool) -> Result<Option<Json>, Misfit> {
    if cell.trim().is_empty() {
        return Ok(None);
    }
    if !json {
        return Ok(Some(Json::String(cell.to_string())));
    }
    let hint = "write JSON: texts in double quotes; or remove `expected_as: json`";
    serde_json::from_str(cell).map(Some).map_err(|_| misfit("JSON", cell, hint))
}

/// Whether an empty cell of that type says that there is no value. That of a text is the empty text.
pub(super) fn is_absent(cell: &str, kind: &VariableType) -> bool {
    !matches!(kind, VariableType::String) && cell.trim().is_empty()
}

/// The value of a variable; `None` where the cell gives none. `kind` is `None` where the declaration is
/// bad: that is reported elsewhere, and here anything will do.
pub(super) fn value(
    cell: &str,
    kind: Option<&VariableType>,
    has_default: bool,
) -> Result<Option<Json>, Misfit> {
    let Some(kind) = kind else { return Ok(Some(Json::String(cell.to_string()))) };
    if is_absent(cell, kind) || (cell.is_empty() && has_default) {
        return Ok(None);
    }
    let word = cell.trim();
    let value = match kind {
        VariableType::String => Some(Json::String(cell.to_string())),
        VariableType::Enum { values } => {
            let known = values.iter().find(|value| *value == cell || *value == word);
            if known.is_none() {
                let wanted = format!("one of {}", values.join(", "));
                return Err(misfit(&wanted, cell, "write one of the declared values"));
            }
            known.map(|value| Json::String(value.clone()))
        }
        VariableType::Integer => word.parse::<i64>().ok().map(Json::from),
        VariableType::Number => {
            let number = serde_json::from_str::<serde_json::Number>(word).ok();
            number.map(Json::Number)
        }
        VariableType::Boolean => match word {
            "true" | "TRUE" | "True" => Some(Json::Bool(true)),
            "false" | "FALSE" | "False" => Some(Json::Bool(false)),
            _ => None,
        },
        VariableType::List => serde_json::from_str(word).ok().filter(Json::is_array),
        VariableType::Object => serde_json::from_str(word).ok().filter(Json::is_object),
    };
    let (wanted, hint) = match kind {
        VariableType::Integer => ("a whole number", "write digits only, such as 42"),
        VariableType::Number => ("a number", "write it with a point, such as 2.5"),
        VariableType::Boolean => ("true or false", "write `true` or `false`"),
        VariableType::List => ("a JSON list", "write it as [\"a\", \"b\"]"),
        VariableType::Object => ("a JSON object", "write it as {\"name\": \"value\"}"),
        VariableType::String | VariableType::Enum { .. } => ("text", "write text"),
    };
    value.map(Some).ok_or_else(|| misfit(wanted, cell, hint))
}

/// Whether the record that begins at `start` has a quoted cell that nothing closes.
pub(super) fn is_open(text: &str, start: usize, delimiter: u8) -> bool {
    let mut quoted = false;
    let mut fresh = true;
    for c in text.as_bytes().get(start..).unwrap_or_default() {
        if quoted {
            // A doubled quote closes and opens again, which comes to the same.
            quoted = *c != b'"';
            fresh = !quoted;
        } else {
            quoted = *c == b'"' && fresh;
            fresh = *c == delimiter || matches!(c, b'\n' | b'\r');
        }
    }
    quoted
}
