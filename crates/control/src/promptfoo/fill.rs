//! promptfoo's templates where they stand in assertions and variables: `{{name}}` is filled in, anything
//! else is refused, since Nunjucks is not what runs here.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::{Map, Value};

/// `{{ name }}` or `{{ name.field.field }}`; the alternative finds what looks like any other template.
static PLAIN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\{\{-?\s*([A-Za-z_$][\w$]*(?:\.[\w$]+)*)\s*-?\}\}").ok());

/// `text` with every plain `{{name}}` replaced. Unknown names are empty, as in Nunjucks. The error says
/// which syntax is more than that.
pub(super) fn fill(text: &str, variables: &Map<String, Value>) -> Result<String, String> {
    if !text.contains("{{") && !text.contains("{%") && !text.contains("{#") {
        return Ok(text.to_string());
    }
    let pattern = PLAIN.as_ref().ok_or("templates cannot be read")?;
    // What remains after taking the plain ones out must hold no other template.
    let rest = pattern.replace_all(text, "");
    if let Some(mark) = ["{{", "{%", "{#"].into_iter().find(|mark| rest.contains(mark)) {
        return Err(format!("the template syntax at `{mark}`"));
    }
    let mut environment = false;
    let filled = pattern.replace_all(text, |found: &Captures<'_>| {
        let path = found.get(1).map_or("", |name| name.as_str());
        environment |= path.starts_with("env.");
        lookup(path, variables)
    });
    match environment {
        true => Err("`{{env.…}}`".to_string()),
        false => Ok(filled.into_owned()),
    }
}

/// Every text inside of `value` filled in.
pub(super) fn fill_all(value: &Value, variables: &Map<String, Value>) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => Value::String(fill(text, variables)?),
        Value::Array(items) => Value::Array(
            items.iter().map(|item| fill_all(item, variables)).collect::<Result<_, _>>()?,
        ),
        Value::Object(fields) => {
            let filled = fields.iter().map(|(k, v)| Ok((k.clone(), fill_all(v, variables)?)));
            Value::Object(filled.collect::<Result<_, String>>()?)
        }
        other => other.clone(),
    })
}

fn lookup(path: &str, variables: &Map<String, Value>) -> String {
    let mut steps = path.split('.');
    let first = steps.next().and_then(|name| variables.get(name));
    let found = steps.fold(first, |value, step| match value? {
        Value::Array(items) => step.parse::<usize>().ok().and_then(|at| items.get(at)),
        Value::Object(fields) => fields.get(step),
        _ => None,
    });
    match found {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn plain_names_are_filled_and_the_rest_is_refused() {
        let variables = json!({"a": "x", "o": {"n": 3}});
        let variables = variables.as_object().unwrap();
        assert_eq!(fill("{{a}}-{{ o.n }}-{{none}}", variables).unwrap(), "x-3-");
        assert_eq!(fill("no {braces}", variables).unwrap(), "no {braces}");
        for bad in ["{{ a | upper }}", "{% if a %}", "{{env.KEY}}", "{{ a + 1 }}", "{# c #}"] {
            assert!(fill(bad, variables).is_err(), "{bad}");
        }
    }
}
