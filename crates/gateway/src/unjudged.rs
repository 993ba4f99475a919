//! What a caller may not add to a call of a prompt because nobody would judge what comes of it.
//!
//! A suite tests a version as it is. A caller's tools have the model answer with calls of them, and another form
//! of the answer is one that neither the suite nor the contract knows: both would be served under a version's
//! name, and on its evidence, without being what was tested. A version that wants them declares them. Wishes
//! for nothing are taken out, since clients send them unasked.

use gatemark_core::error::{Error, Result};
use gatemark_provider::Dialect;
use gatemark_provider::wishes::{self, Wish};
use serde_json::value::RawValue;

type Fields = Vec<(String, Box<RawValue>)>;

/// Takes out wishes for nothing and refuses the others, under the names that `door` has for them.
pub(crate) fn refuse(fixed: &Fields, door: Dialect, asked: &mut Fields) -> Result<()> {
    let has = |name: &str| fixed.iter().any(|(known, _)| known == name);
    let has_tools = Wish::has_tools(fixed);
    let mut left = Fields::with_capacity(asked.len());
    for (name, value) in std::mem::take(asked) {
        let own = |wish: &Wish| has(&name) || (has_tools && *wish == Wish::AboutTools);
        match Wish::of(&name).filter(|wish| !own(wish)) {
            None => left.push((name, value)),
            Some(_) if wishes::is_for_nothing(&name, &value) => {}
            Some(wish) => return Err(refusal(door.spelled(&name), wish)),
        }
    }
    *asked = left;
    Ok(())
}

fn refusal(name: &str, wish: Wish) -> Error {
    let what = match wish {
        Wish::Form => "in another form its answers would be none that a test has seen",
        _ => "with tools of the caller's it would answer in calls that no test has seen",
    };
    let message = format!(
        "`{name}` may not be sent with a prompt: {what}. Declare it under the version's model in `models`, or call \
         the model itself"
    );
    Error::invalid(message).at(name).coded("field_refused")
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
        match refuse(&fields(fixed), Dialect::Chat, &mut asked) {
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
        let mut asked = fields(&[("response_format", r#"{"type":"json_object"}"#)]);
        let refused = refuse(&fields(&[]), Dialect::Responses, &mut asked).unwrap_err();
        assert_eq!(refused.param(), Some("text.format"), "as its caller wrote it");
        let form = [("response_format", r#"{"type":"json_object"}"#)];
        assert_eq!(left(&form, &form).unwrap(), ["response_format"]);
    }
}
