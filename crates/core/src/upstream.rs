//! Who answers under a model's name, as far as that decides answers.
//!
//! A model's name says where a call goes only together with `gatemark.yaml`: under another address, interface
//! or mode the same name is another model. Evidence is therefore of an upstream, and a report keeps those that
//! it was made with in words, so that a person can be told what is another one since.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::id::ModelName;

/// What decides a model's answers in its provider's entry: settings by their names there. Keys, timeouts,
/// bounds and prices do not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Upstream(BTreeMap<String, String>);

/// Upstreams by the models that they answer for.
pub type Upstreams = BTreeMap<ModelName, Upstream>;

impl Upstream {
    /// An upstream of these settings; absent and empty ones are left out.
    pub fn new<'a>(settings: impl IntoIterator<Item = (&'a str, Option<String>)>) -> Self {
        let present = settings.into_iter().filter_map(|(name, value)| Some((name, value?)));
        Self(
            present
                .filter(|(_, value)| !value.is_empty())
                .map(|(name, value)| (name.to_string(), value))
                .collect(),
        )
    }

    /// What is another setting in `now`, in words; empty if nothing is.
    pub fn difference(&self, now: &Self) -> String {
        let names: BTreeSet<&String> = self.0.keys().chain(now.0.keys()).collect();
        let different = names.into_iter().filter(|name| self.0.get(*name) != now.0.get(*name));
        let shown = |of: &Self, name: &String| match of.0.get(name) {
            Some(value) => format!("`{value}`"),
            None => "not set".to_string(),
        };
        let each = different
            .map(|name| format!("{name} was {}, is {}", shown(self, name), shown(now, name)));
        each.collect::<Vec<_>>().join(", ")
    }
}

/// What is different of `models` between the upstreams of a report and those of now, one sentence for each
/// model; empty if the report holds for now.
pub fn differences(then: &Upstreams, now: &Upstreams, models: &[&ModelName]) -> Vec<String> {
    let different = models.iter().filter_map(|model| match (then.get(*model), now.get(*model)) {
        (Some(then), Some(now)) if then == now => None,
        (Some(then), Some(now)) => Some(format!("{model}: {}", then.difference(now))),
        (_, None) => {
            Some(format!("{model}: there is no provider `{}` in gatemark.yaml", model.provider()))
        }
        (None, Some(_)) => Some(format!("{model}: it is not known who answered")),
    });
    different.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str, mode: Option<&str>) -> Upstream {
        let mode = mode.map(String::from);
        Upstream::new([("base_url", Some(address.into())), ("structured", mode)])
    }

    #[test]
    fn what_changed_is_named() {
        assert_eq!(at("http://a", None).difference(&at("http://a", None)), "");
        assert_eq!(
            at("http://a", None).difference(&at("http://b", Some("tool"))),
            "base_url was `http://a`, is `http://b`, structured was not set, is `tool`"
        );
    }

    #[test]
    fn each_model_that_answers_counts_and_no_other() {
        let (one, two): (ModelName, ModelName) = ("p/m".parse().unwrap(), "q/m".parse().unwrap());
        let then = Upstreams::from([(one.clone(), at("http://a", None))]);
        let now = Upstreams::from([
            (one.clone(), at("http://a", None)),
            (two.clone(), at("http://b", None)),
        ]);
        assert!(differences(&then, &now, &[&one]).is_empty());
        assert_eq!(differences(&then, &now, &[&one, &two]), ["q/m: it is not known who answered"]);
        let gone = differences(&now, &then, &[&two]);
        assert_eq!(gone, ["q/m: there is no provider `q` in gatemark.yaml"]);
    }

    #[test]
    fn it_is_stored_as_its_settings() {
        let text = serde_json::to_string(&at("http://a", None)).unwrap();
        assert_eq!(text, r#"{"base_url":"http://a"}"#);
        assert_eq!(serde_json::from_str::<Upstream>(&text).unwrap(), at("http://a", None));
    }
}
