//! The request fields of a call to a prompt: the version's parameters, then what the caller adds.
//!
//! What the version fixes was tested that way, so a caller may repeat it but not change it, under whatever
//! name; and nothing may be added that has another model answer or that makes answers nobody judges.

use gatemark_core::error::{Error, Result};
use gatemark_provider::{Dialect, Form};
use serde_json::Value;
use serde_json::value::RawValue;

type Fields = Vec<(String, Box<RawValue>)>;

/// Names of one thing in three dialects and on three servers: the most tokens that the model may write.
const OUTPUT_BOUNDS: [&str; 6] = [
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "max_new_tokens",
    "n_predict",
    "num_predict",
];

/// Those of them that chat completions know.
const KNOWN_BOUNDS: usize = 2;

/// Other things that have several names: what one of them fixes is fixed under all.
const SAME: [&[&str]; 8] = [
    &["seed", "random_seed"],
    &["stop", "stop_sequences"],
    &["repetition_penalty", "repeat_penalty"],
    &["n", "best_of", "candidate_count", "num_generations"],
    &["top_p", "p", "nucleus"],
    &["top_k", "k"],
    &["logprobs", "return_logprobs"],
    &["reasoning_effort", "reasoning", "thinking", "enable_thinking", "thinking_budget", "think"],
];

/// Fields that hold other fields, under which what is fixed could be set once more.
const HOLDERS: [&str; 8] = [
    "options",
    "parameters",
    "extra_body",
    "sampling_params",
    "sampling_parameters",
    "generation_config",
    "inference_config",
    "chat_template_kwargs",
];

/// By these, routers and servers answer with another model, or with other instructions, than was tested.
const OTHER_MODELS: [&str; 9] = [
    "models",
    "route",
    "provider",
    "fallbacks",
    "preset",
    "plugins",
    "transforms",
    "chat_template",
    "cached_content",
];

/// The version's `fixed` fields followed by those that the caller asked for, both in the words of chat completions.
/// What may not be asked is called what `door` calls it.
pub(crate) fn merged(fixed: &Fields, door: Dialect, asked: Fields) -> Result<Fields> {
    let mut fields = fixed.clone();
    for (name, value) in asked {
        if OTHER_MODELS.contains(&name.as_str()) {
            let message =
                format!("`{name}` may not be sent with a prompt: its version decides the model");
            return Err(Error::invalid(message).at(name).coded("field_refused"));
        }
        if HOLDERS.contains(&name.as_str()) {
            let message = format!(
                "`{name}` may not be sent with a prompt: send what it holds by itself, so that it can be held \
                 against what the version fixes"
            );
            return Err(Error::invalid(message).at(name).coded("field_refused"));
        }
        // Some servers do not tell `Temperature` from `temperature`, and obey the one that comes last.
        if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            let message = format!("`{name}` may not be sent with a prompt: write it in lower case");
            return Err(Error::invalid(message).at(name).coded("field_refused"));
        }
        if same_field("n", &name) && read(&value).and_then(|n| n.as_u64()) != Some(1) {
            let message = format!("`{name}` must be 1 with a prompt: only one answer is checked");
            return Err(Error::invalid(message).at(name).coded("field_refused"));
        }
        match fixed.iter().find(|(known, _)| same_field(known, &name)) {
            None => {
                one_bound(&fields, &name, &value)?;
                fields.push((name, value));
            }
            Some((_, known)) if same_json(known, &value) => {}
            Some((known, fixed)) => {
                let (known, name) = (door.spelled(known), door.spelled(&name));
                let message = format!(
                    "`{known}` is fixed at {} by the prompt's version: leave `{name}` out of the request",
                    fixed.get()
                );
                return Err(Error::invalid(message).at(name).coded("parameter_fixed"));
            }
        }
    }
    Ok(fields)
}

/// Refuses a bound on the output that a vendor may read differently than we do.
fn one_bound(fields: &Fields, name: &str, value: &RawValue) -> Result<()> {
    if !OUTPUT_BOUNDS.contains(&name) {
        return Ok(());
    }
    let refuse = |why: &str| {
        let message = format!("`{name}` {why}");
        Err(Error::invalid(message).at(name).coded("field_refused"))
    };
    if OUTPUT_BOUNDS.iter().skip(KNOWN_BOUNDS).any(|unknown| *unknown == name) {
        return refuse("is not a field of chat completions: use `max_completion_tokens`");
    }
    if read(value).and_then(|value| value.as_u64()).is_none() {
        return refuse("must be a whole number");
    }
    let other = fields.iter().find(|(known, _)| known != name && same_field(known, name));
    match other {
        Some((known, said)) if !same_json(said, value) => {
            refuse(&format!("and `{known}` bound the output differently: send one of them"))
        }
        _ => Ok(()),
    }
}

/// Leaves out the bound on the output that clients of some doors must send, where the version's own is at
/// least as tight: what they ask for is kept either way.
pub(crate) fn yield_bound(fixed: &Fields, asked: &mut Fields) {
    let Some(own) = max_output(fixed) else { return };
    asked.retain(|(name, value)| {
        let bound = OUTPUT_BOUNDS.contains(&name.as_str()).then(|| read(value)).flatten();
        bound.and_then(|value| value.as_u64()).is_none_or(|bound| bound < own)
    });
}

/// Leaves out a caller's wish for the form of the answer that the version's own form keeps: JSON, or the same
/// schema. Any other is refused, because the version's form was tested.
pub(crate) fn yield_form(form: &Form, door: Dialect, asked: &mut Fields) -> Result<()> {
    let kept = |value: &RawValue| {
        let Some(wish) = read(value) else { return false };
        match wish.get("type").and_then(Value::as_str) {
            Some("json_object") => true,
            Some("json_schema") => {
                wish.pointer("/json_schema/schema").is_some_and(|schema| form.is_of(schema))
            }
            _ => wish.is_null(),
        }
    };
    let place = asked.iter().position(|(name, _)| name == "response_format");
    let Some((_, value)) = place.and_then(|place| asked.get(place)) else { return Ok(()) };
    if !kept(value) {
        let name = door.spelled("response_format");
        let message =
            format!("`{name}` is fixed by the output schema of the prompt's version: leave it out");
        return Err(Error::invalid(message).at(name).coded("parameter_fixed"));
    }
    asked.retain(|(name, _)| name != "response_format");
    Ok(())
}

/// The most tokens that the model may write, if the fields bound it. Of several bounds the widest counts, since
/// a vendor obeys one of them and we do not know which.
pub(crate) fn max_output(fields: &[(String, Box<RawValue>)]) -> Option<u64> {
    let bounds = fields.iter().filter(|(name, _)| OUTPUT_BOUNDS.contains(&name.as_str()));
    bounds.filter_map(|(_, value)| read(value)?.as_u64()).max()
}

/// How many answers are asked for.
pub(crate) fn answers(fields: &Fields) -> u64 {
    let asked = fields.iter().find(|(name, _)| name == "n");
    asked.and_then(|(_, value)| read(value)?.as_u64()).unwrap_or(1).max(1)
}

/// Bounds the output at `tokens`.
pub(crate) fn bound_output(fields: &mut Fields, tokens: u64) -> Result<()> {
    let value = RawValue::from_string(tokens.to_string())
        .map_err(|cause| Error::internal("a number is not JSON").because(cause))?;
    let [name, ..] = OUTPUT_BOUNDS;
    fields.push((name.to_string(), value));
    Ok(())
}

fn same_field(a: &str, b: &str) -> bool {
    let both = |names: &[&str]| names.contains(&a) && names.contains(&b);
    a == b || both(&OUTPUT_BOUNDS) || SAME.iter().any(|names| both(names))
}

fn same_json(a: &RawValue, b: &RawValue) -> bool {
    match (read(a), read(b)) {
        (Some(Value::Number(a)), Some(Value::Number(b))) => a.as_f64() == b.as_f64(),
        (a, b) => a == b,
    }
}

fn read(raw: &RawValue) -> Option<Value> {
    serde_json::from_str(raw.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        let raw = |text: &str| RawValue::from_string(text.to_string()).unwrap();
        pairs.iter().map(|(name, value)| (name.to_string(), raw(value))).collect()
    }

    fn merge(asked: &[(&str, &str)]) -> Result<Vec<String>, &'static str> {
        let fixed = fields(&[("temperature", "0"), ("max_tokens", "100")]);
        let merged = merged(&fixed, Dialect::Chat, fields(asked)).map_err(|error| error.code())?;
        Ok(merged.iter().skip(2).map(|(name, value)| format!("{name}={}", value.get())).collect())
    }

    #[test]
    fn callers_add_and_repeat_but_do_not_change() {
        assert_eq!(merge(&[("user", "\"u\""), ("temperature", "0.0")]).unwrap(), ["user=\"u\""]);
        assert_eq!(merge(&[("temperature", "0.1")]), Err("parameter_fixed"));
        assert_eq!(merge(&[("max_completion_tokens", "900")]), Err("parameter_fixed"));
        let (fixed, asked) = (fields(&[("max_tokens", "100")]), fields(&[("max_tokens", "7")]));
        let refused = merged(&fixed, Dialect::Responses, asked).unwrap_err();
        assert_eq!(refused.param(), Some("max_output_tokens"));
        assert_eq!(merge(&[("max_completion_tokens", "100")]).unwrap(), [""; 0]);
        assert_eq!(merge(&[("n", "1")]).unwrap(), ["n=1"]);
        for refused in [
            ("n", "2"),
            ("best_of", "2"),
            ("options", "{\"temperature\":1}"),
            ("chat_template_kwargs", "{}"),
            ("Temperature", "2"),
            ("preset", "\"x\""),
            ("models", "[]"),
            ("provider", "{}"),
            ("route", "\"x\""),
        ] {
            assert_eq!(merge(&[refused]), Err("field_refused"), "{refused:?}");
        }
    }

    #[test]
    fn what_is_fixed_is_fixed_under_all_its_names() {
        for (fixed, value, other, another) in [
            ("seed", "1", "random_seed", "2"),
            ("random_seed", "1", "seed", "2"),
            ("stop", "[\"x\"]", "stop_sequences", "[\"y\"]"),
            ("max_completion_tokens", "9", "max_tokens", "10"),
            ("max_tokens", "9", "n_predict", "10"),
            ("repetition_penalty", "1", "repeat_penalty", "2"),
            ("reasoning_effort", "\"low\"", "thinking", "{}"),
            ("top_k", "1", "k", "2"),
        ] {
            let merge = |name: &str, value: &str| {
                let merged =
                    merged(&fields(&[(fixed, value)]), Dialect::Chat, fields(&[(name, value)]));
                merged.map(|merged| merged.len()).map_err(|error| error.code())
            };
            let change =
                merged(&fields(&[(fixed, value)]), Dialect::Chat, fields(&[(other, another)]));
            assert_eq!(change.unwrap_err().code(), "parameter_fixed", "{fixed} {other}");
            assert_eq!(merge(other, value), Ok(1), "{other} says the same and is left out");
        }
        // What nothing fixes may be added under either name.
        let free = merged(&fields(&[]), Dialect::Chat, fields(&[("random_seed", "2")])).unwrap();
        assert_eq!(free.len(), 1);
    }

    #[test]
    fn a_form_is_the_versions() {
        let schema = serde_json::json!({"type": "object", "required": ["a"]});
        let form = Form::new(&schema, None).unwrap().unwrap();
        let left = |wish: &str| {
            let mut asked = fields(&[("response_format", wish), ("top_p", "1")]);
            yield_form(&form, Dialect::Chat, &mut asked)
                .map_err(|error| error.code())
                .map(|()| asked.len())
        };
        let schema = |schema: &str| {
            format!(r#"{{"type":"json_schema","json_schema":{{"name":"x","schema":{schema}}}}}"#)
        };
        assert_eq!(left(r#"{"type":"json_object"}"#), Ok(1));
        assert_eq!(left(&schema(r#"{"required":["a"],"type":"object"}"#)), Ok(1));
        assert_eq!(left(&schema(r#"{"type":"object"}"#)), Err("parameter_fixed"));
        assert_eq!(left(r#"{"type":"text"}"#), Err("parameter_fixed"));
        assert_eq!(left("null"), Ok(1));
    }

    #[test]
    fn a_wider_bound_yields_to_the_versions() {
        let left = |bound: &str| {
            let mut asked = fields(&[("max_tokens", bound), ("top_p", "1")]);
            yield_bound(&fields(&[("max_completion_tokens", "100")]), &mut asked);
            asked.len()
        };
        assert_eq!((left("100"), left("4096"), left("99")), (1, 1, 2));
    }

    #[test]
    fn bounds_that_a_vendor_may_read_differently_are_refused() {
        let merge = |asked: &[(&str, &str)]| {
            merged(&fields(&[]), Dialect::Chat, fields(asked))
                .map(|merged| merged.len())
                .map_err(|error| error.code())
        };
        assert_eq!(merge(&[("max_tokens", "5"), ("max_completion_tokens", "5")]), Ok(2));
        assert_eq!(
            merge(&[("max_tokens", "1"), ("max_completion_tokens", "900")]),
            Err("field_refused")
        );
        assert_eq!(merge(&[("max_output_tokens", "1")]), Err("field_refused"));
        assert_eq!(merge(&[("max_tokens", "1e5")]), Err("field_refused"));
    }

    #[test]
    fn the_output_bound_goes_by_both_names() {
        assert_eq!(max_output(&fields(&[("max_completion_tokens", "7")])), Some(7));
        assert_eq!(
            max_output(&fields(&[("max_tokens", "7"), ("max_completion_tokens", "5")])),
            Some(7)
        );
        assert_eq!(max_output(&fields(&[])), None);
    }
}
