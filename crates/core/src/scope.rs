//! Which calls a budget or a limit is about, and which account each of them is counted in.
//!
//! A scope names values of a call's circumstances; all that it names must fit. Where it says *each*
//! instead of a value, every value has an account of its own. The account is named by the values alone,
//! never by the budget: renaming a budget or changing its amount goes on with what was spent.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{EnvironmentName, ModelName, PromptName};

/// One value, or every value by itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pick {
    /// Calls with this value.
    Is(String),
    /// Every value, each in an account of its own.
    Each,
}

/// Which calls. An empty scope is about all of them together.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Scope {
    /// By the name of the key that calls.
    pub key: Option<Pick>,
    /// By the service part of the prompt's name.
    pub service: Option<Pick>,
    /// By the prompt.
    pub prompt: Option<Pick>,
    /// By the environment that the prompt is resolved in.
    pub environment: Option<Pick>,
    /// By the model.
    pub model: Option<Pick>,
    /// By tags of the request.
    pub tags: BTreeMap<String, Pick>,
}

/// The circumstances of a call that scopes look at.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Name of the key.
    pub key: &'a str,
    /// The prompt, unless a plain model is called.
    pub prompt: Option<&'a PromptName>,
    /// Where it is resolved.
    pub environment: Option<&'a EnvironmentName>,
    /// The model.
    pub model: &'a ModelName,
    /// Tags by name.
    pub tags: &'a BTreeMap<String, String>,
}

impl Scope {
    /// The account in which a call is counted; `None` if the scope is not about it. Such as
    /// `key=app;environment=production`; `all` for an empty scope.
    pub fn account(&self, call: &Subject<'_>) -> Option<String> {
        let mut name = String::new();
        let fields = [
            ("key", &self.key, Some(call.key)),
            ("service", &self.service, call.prompt.map(PromptName::service)),
            ("prompt", &self.prompt, call.prompt.map(PromptName::as_str)),
            ("environment", &self.environment, call.environment.map(EnvironmentName::as_str)),
            ("model", &self.model, Some(call.model.as_str())),
        ];
        // Before anything is written: most scopes are not about most calls.
        let fits = |pick: &Pick, value: Option<&str>| match pick {
            Pick::Each => value.is_some(),
            Pick::Is(wanted) => value == Some(wanted),
        };
        let tag = |name: &String| call.tags.get(name).map(String::as_str);
        let all =
            fields.iter().all(|(_, pick, value)| pick.as_ref().is_none_or(|p| fits(p, *value)));
        if !all || !self.tags.iter().all(|(name, pick)| fits(pick, tag(name))) {
            return None;
        }
        for (field, _, value) in fields.iter().filter(|(_, pick, _)| pick.is_some()) {
            write(&mut name, "", field, value.unwrap_or_default());
        }
        for tagged in self.tags.keys() {
            write(&mut name, "tag:", tagged, tag(tagged).unwrap_or_default());
        }
        Some(if name.is_empty() { ALL.to_string() } else { name })
    }

    /// Whether `account` is one of the scope's.
    pub fn owns(&self, account: &str) -> bool {
        let shown = self.shown();
        let (mut mine, mut theirs) = (shown.split(';'), account.split(';'));
        loop {
            match (mine.next(), theirs.next()) {
                (None, None) => return true,
                (Some(mine), Some(theirs)) => {
                    let each = mine
                        .strip_suffix('*')
                        .is_some_and(|field| field.ends_with('=') && theirs.starts_with(field));
                    if mine != theirs && !each {
                        return false;
                    }
                }
                _ => return false,
            }
        }
    }

    /// Whether one scope has many accounts.
    pub fn is_many(&self) -> bool {
        let picks = [&self.key, &self.service, &self.prompt, &self.environment, &self.model];
        picks.into_iter().flatten().chain(self.tags.values()).any(|pick| *pick == Pick::Each)
    }

    /// The scope in the form of an account's name, with `*` for each.
    pub fn shown(&self) -> String {
        let mut name = String::new();
        let fields = [
            ("key", &self.key),
            ("service", &self.service),
            ("prompt", &self.prompt),
            ("environment", &self.environment),
            ("model", &self.model),
        ];
        let word = |pick: &Pick| match pick {
            Pick::Is(value) => value.clone(),
            Pick::Each => "*".to_string(),
        };
        for (field, pick) in fields {
            if let Some(pick) = pick {
                write(&mut name, "", field, &word(pick));
            }
        }
        for (tag, pick) in &self.tags {
            write(&mut name, "tag:", tag, &word(pick));
        }
        if name.is_empty() { ALL.to_string() } else { name }
    }
}

/// The account of everything.
const ALL: &str = "all";

/// Appends `prefix` `field` `=` `value`, so that no value can be taken for another account's.
fn write(name: &mut String, prefix: &str, field: &str, value: &str) {
    if !name.is_empty() {
        name.push(';');
    }
    name.push_str(prefix);
    name.push_str(field);
    name.push('=');
    for c in value.chars() {
        match c {
            ';' => name.push_str("%3B"),
            '%' => name.push_str("%25"),
            c => name.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(
        scope: &Scope,
        key: &str,
        prompt: Option<&str>,
        tags: &[(&str, &str)],
    ) -> Option<String> {
        let prompt = prompt.map(|name| name.parse().unwrap());
        let tags = tags.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        let environment = "production".parse().unwrap();
        scope.account(&Subject {
            key,
            prompt: prompt.as_ref(),
            environment: prompt.as_ref().map(|_| &environment),
            model: &"p/m".parse().unwrap(),
            tags: &tags,
        })
    }

    #[test]
    fn all_that_is_named_must_fit() {
        let is = |text: &str| Some(Pick::Is(text.into()));
        assert_eq!(account(&Scope::default(), "k", None, &[]).unwrap(), "all");
        let scope = Scope { key: is("k"), service: is("support"), ..Scope::default() };
        assert_eq!(account(&scope, "k", Some("support/a"), &[]).unwrap(), "key=k;service=support");
        assert_eq!(account(&scope, "k", Some("other/a"), &[]), None);
        assert_eq!(account(&scope, "k", None, &[]), None);
        assert_eq!(account(&scope, "j", Some("support/a"), &[]), None);
    }

    #[test]
    fn each_value_has_its_account_and_shares_it_with_its_own_scope() {
        let each = Scope { key: Some(Pick::Each), ..Scope::default() };
        let one = Scope { key: Some(Pick::Is("k".into())), ..Scope::default() };
        assert_eq!(account(&each, "k", None, &[]), account(&one, "k", None, &[]));
        assert_ne!(account(&each, "j", None, &[]), account(&each, "k", None, &[]));
        assert!(each.is_many() && !one.is_many());
        let tagged = Scope { tags: [("team".to_string(), Pick::Each)].into(), ..Scope::default() };
        assert_eq!(account(&tagged, "k", None, &[("team", "x")]).unwrap(), "tag:team=x");
        assert_eq!(account(&tagged, "k", None, &[]), None);
        assert!(each.owns("key=j") && one.owns("key=k") && tagged.owns("tag:team=x"));
        assert!(!one.owns("key=j") && !each.owns("key=j;model=p/m") && !each.owns("all"));
        assert!(Scope::default().owns("all"));
        assert_eq!((tagged.shown().as_str(), each.shown().as_str()), ("tag:team=*", "key=*"));
    }

    #[test]
    fn a_value_cannot_pass_for_another_account() {
        let key = Scope { key: Some(Pick::Each), ..Scope::default() };
        let both = Scope { environment: Some(Pick::Each), ..key.clone() };
        let forged = account(&key, "k;environment=production", None, &[]).unwrap();
        assert_ne!(Some(forged), account(&both, "k", Some("a/b"), &[]));
    }
}
