//! From the fields of a request to what is called: the same rules at every door.

use gatemark_core::error::{Error, Result};
use gatemark_gateway::{PromptRef, Selector, Target};
use gatemark_provider::door::{self, DoorRequest, PromptReference};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// What `request` calls.
pub(super) fn target(request: &DoorRequest) -> Result<Target> {
    let named = request.model.as_deref().and_then(PromptRef::from_model).transpose()?;
    match (&request.prompt, named) {
        (Some(raw), named) => {
            let reference = door::read_prompt(raw)?;
            if request.variables.is_some() {
                let message =
                    "give variables either in `prompt.variables` or in `variables`, not in both";
                return Err(Error::invalid(message).at("variables"));
            }
            let mut prompt = PromptRef::parse(&reference.id, "prompt.id")?;
            same_prompt(&prompt, named.as_ref(), request.model.as_deref())?;
            prompt.selector =
                selected(&prompt, &reference, named.as_ref(), request.model.as_deref())?;
            Ok(Target::Named { prompt, variables: reference.variables })
        }
        (None, Some(prompt)) => {
            let variables = request.variables.as_deref().map(object).transpose()?;
            Ok(Target::Named { prompt, variables: variables.unwrap_or_default() })
        }
        (None, None) => plain(request),
    }
}

/// Clients make `model` obligatory; beside `prompt` it may only say the same.
fn same_prompt(prompt: &PromptRef, named: Option<&PromptRef>, model: Option<&str>) -> Result<()> {
    let contradicts = match (named, model) {
        (Some(named), _) => named.name != prompt.name,
        (None, Some(model)) => !model.is_empty() && model != "gatemark",
        (None, None) => false,
    };
    if !contradicts {
        return Ok(());
    }
    let message = format!(
        "`prompt` names {} but `model` is {:?}: the version decides the model, so leave `model` out or \
         set it to \"gatemark\"",
        prompt.name,
        model.unwrap_or_default()
    );
    Err(Error::invalid(message).at("model"))
}

/// The version may be selected in three places. One is enough; all that do must agree, or a caller would
/// be served something else than what one of them says.
fn selected(
    prompt: &PromptRef,
    reference: &PromptReference,
    named: Option<&PromptRef>,
    model: Option<&str>,
) -> Result<Selector> {
    let version = reference.version.as_deref();
    let by_version = version.map(|text| Selector::parse(text, "prompt.version")).transpose()?;
    let places = [
        ("prompt.version", version.unwrap_or_default(), by_version),
        ("prompt.id", reference.id.as_str(), Some(prompt.selector.clone())),
        ("model", model.unwrap_or_default(), named.map(|named| named.selector.clone())),
    ];
    let mut given = places.into_iter().filter_map(|(place, text, selector)| {
        let selector = selector.filter(|selector| *selector != Selector::Default)?;
        Some((place, text, selector))
    });
    let Some((place, text, selector)) = given.next() else { return Ok(Selector::Default) };
    if let Some((other_place, other, _)) = given.find(|(_, _, other)| *other != selector) {
        let message = format!(
            "`{place}` is {text:?} but `{other_place}` is {other:?}: they select different versions, so \
             leave one selection out"
        );
        return Err(Error::invalid(message).at(place));
    }
    Ok(selector)
}

/// The prefix of `model` by which a route is called.
const ROUTE: &str = "route/";

fn plain(request: &DoorRequest) -> Result<Target> {
    let model = request.model.as_deref().ok_or_else(|| {
        let message = "`model` is missing: name a prompt (`gatemark/service/name`) or a model (`provider/model`)";
        Error::invalid(message).at("model")
    })?;
    if request.variables.is_some() {
        let message = "`variables` belong to a prompt, but `model` names a plain model";
        return Err(Error::invalid(message).at("variables"));
    }
    if let Some(route) = model.strip_prefix(ROUTE) {
        return Ok(Target::Route(route.to_string()));
    }
    let model = model.parse().map_err(|_| {
        let message = format!(
            "the model {model:?} does not exist: name a prompt (`gatemark/service/name`) or a model \
             (`provider/model`)"
        );
        Error::not_found(message).at("model").coded("model_not_found")
    })?;
    Ok(Target::Plain(model))
}

fn object(raw: &RawValue) -> Result<Map<String, Value>> {
    serde_json::from_str(raw.get()).map_err(|_| {
        Error::invalid("`variables` must be an object of names and values").at("variables")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatemark_provider::Dialect;

    fn read(body: &str) -> Result<Selector> {
        let request = door::read_request(Dialect::Chat, body.as_bytes()).unwrap();
        match target(&request)? {
            Target::Named { prompt, .. } => {
                assert_eq!(prompt.name.to_string(), "a/b");
                Ok(prompt.selector)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_selection_is_enough_wherever_it_is() {
        let staging = Selector::Environment("staging".parse().unwrap());
        for body in [
            r#"{"model": "gatemark/a/b@staging"}"#,
            r#"{"model": "gatemark/a/b@staging", "prompt": {"id": "a/b"}}"#,
            r#"{"model": "gatemark/a/b", "prompt": {"id": "a/b@staging"}}"#,
            r#"{"model": "gatemark", "prompt": {"id": "a/b", "version": "staging"}}"#,
            r#"{"model": "gatemark/a/b@staging", "prompt": {"id": "a/b@staging", "version": "staging"}}"#,
        ] {
            assert_eq!(read(body).unwrap(), staging, "{body}");
        }
        assert_eq!(read(r#"{"prompt": {"id": "a/b"}}"#).unwrap(), Selector::Default);
    }

    #[test]
    fn selections_that_differ_are_refused_by_name() {
        for (body, named) in [
            (
                r#"{"model": "gatemark/a/b@staging", "prompt": {"id": "a/b", "version": "1.0.0"}}"#,
                ["prompt.version", "model", "staging", "1.0.0"],
            ),
            (
                r#"{"model": "gatemark/a/b@staging", "prompt": {"id": "a/b@7"}}"#,
                ["prompt.id", "model", "staging", "a/b@7"],
            ),
            (
                r#"{"prompt": {"id": "a/b@7", "version": 8}}"#,
                ["prompt.version", "prompt.id", "a/b@7", "8"],
            ),
        ] {
            let error = read(body).unwrap_err();
            assert_eq!(error.kind(), gatemark_core::error::Kind::Invalid);
            for word in named {
                assert!(error.message().contains(word), "{word} in {error}");
            }
        }
    }

    #[test]
    fn the_prompt_and_the_model_name_the_same() {
        assert!(read(r#"{"model": "gatemark/a/c", "prompt": {"id": "a/b"}}"#).is_err());
        assert!(read(r#"{"model": "openai/x", "prompt": {"id": "a/b"}}"#).is_err());
    }
}
