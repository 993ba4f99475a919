//! `alerts:` of `gatemark.yaml`: who is told what.

use std::collections::BTreeMap;

use super::channel::Channel;
use super::matcher::Matcher;
use super::policy::Policy;
use crate::signal::Signal;

/// By what alerts are put together into one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroupBy {
    /// The prompt.
    Prompt,
    /// The environment.
    Environment,
    /// The rule.
    Rule,
}

impl GroupBy {
    /// Every word with its meaning.
    pub const WORDS: [(&'static str, GroupBy); 3] =
        [("prompt", Self::Prompt), ("environment", Self::Environment), ("rule", Self::Rule)];
}

/// Which alerts go where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Which alerts.
    pub matcher: Matcher,
    /// Names of channels; none if such alerts are told to nobody.
    pub to: Vec<String>,
    /// By what they are put together.
    pub group_by: Vec<GroupBy>,
    /// How long a message waits for others of its group, in microseconds.
    pub group_wait: i64,
    /// Whether later routes are asked too.
    pub goes_on: bool,
}

impl Route {
    /// What `signal` has in common with those that share its message.
    pub fn group(&self, signal: &Signal) -> String {
        let parts = self.group_by.iter().filter_map(|by| match by {
            GroupBy::Prompt => signal.prompt.as_ref().map(|name| format!("prompt={name}")),
            GroupBy::Environment => {
                signal.environment.as_ref().map(|name| format!("environment={name}"))
            }
            GroupBy::Rule => Some(format!("rule={}", signal.rule)),
        });
        parts.collect::<Vec<_>>().join(" ")
    }
}

/// Who is told what. Without channels nobody is told, and states are kept all the same.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Alerting {
    /// Channels by name.
    pub channels: BTreeMap<String, Channel>,
    /// Routes in the order in which they are asked.
    pub routes: Vec<Route>,
    /// How alerts of every rule behave that is not named, if the configuration says so.
    pub default: Option<Policy>,
    /// How alerts of a rule behave.
    pub rules: BTreeMap<String, Policy>,
}

impl Alerting {
    /// How alerts of `rule` behave.
    pub fn policy(&self, rule: &str) -> Policy {
        let named = self.rules.get(rule).or(self.default.as_ref());
        named.cloned().unwrap_or_else(|| Policy::usual(rule))
    }

    /// The routes that `signal` takes: the first that fits, and those after it as long as they let it go on.
    pub fn routes<'a>(&'a self, signal: &Signal) -> Vec<&'a Route> {
        let mut taken = vec![];
        for route in self.routes.iter().filter(|route| route.matcher.fits(signal)) {
            taken.push(route);
            if !route.goes_on {
                break;
            }
        }
        taken
    }
}
