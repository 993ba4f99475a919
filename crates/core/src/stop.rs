//! Hard stops: orders that end calls to models at once, whatever else is decided.
//!
//! A stop has to work on the worst day: with the database away, from any machine, given twice, learnt late and
//! in any order. So what is kept is not a state but *orders* (stop this, resume that), of which the newest for
//! each scope counts. Putting the same orders together gives the same result however they arrive; nobody has to
//! agree with anybody before a stop takes effect.
//!
//! Newest is by the order's own time, and an order is never older than those that its giver knew
//! ([`Stops::next_at`]): a machine whose clock is behind cannot give a stop that loses against what it has seen.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::id::{EnvironmentName, PromptName};

/// What is stopped. The order of the variants is the order in which they are looked at: the widest stop that is
/// about a call is the one that it meets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum StopScope {
    /// Every call, plain ones and those of test runs included.
    All,
    /// Every call of a prompt that is resolved in this environment.
    Environment(EnvironmentName),
    /// Every call of a prompt of this service.
    Service(String),
    /// Every call of this prompt.
    Prompt(PromptName),
}

impl StopScope {
    /// The scope of a service, which is the first part of prompts' names.
    ///
    /// # Errors
    /// `Invalid` if no prompt's name can begin with it.
    pub fn service(name: &str) -> Result<Self, Error> {
        let prompt: Result<PromptName, _> = format!("{name}/x").parse();
        match prompt {
            Ok(prompt) if prompt.service() == name => Ok(Self::Service(name.to_string())),
            _ => {
                let message = format!(
                    "{name:?} is not a service: write the part of a prompt's name before the slash"
                );
                Err(Error::invalid(message).at("service"))
            }
        }
    }

    /// `all`, `environment`, `service` or `prompt`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Environment(_) => "environment",
            Self::Service(_) => "service",
            Self::Prompt(_) => "prompt",
        }
    }

    /// Every word of [`StopScope::kind`], the widest first.
    pub const KINDS: [&'static str; 4] = ["all", "environment", "service", "prompt"];
}

/// `all`, `environment=production`, `service=support` or `prompt=support/triage`.
impl fmt::Display for StopScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Environment(name) => write!(f, "environment={name}"),
            Self::Service(name) => write!(f, "service={name}"),
            Self::Prompt(name) => write!(f, "prompt={name}"),
        }
    }
}

impl FromStr for StopScope {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let named = |error: crate::id::InvalidName| Error::from(error).at("scope");
        match text.split_once('=') {
            None if text == "all" => Ok(Self::All),
            Some(("environment", name)) => Ok(Self::Environment(name.parse().map_err(named)?)),
            Some(("service", name)) => Self::service(name),
            Some(("prompt", name)) => Ok(Self::Prompt(name.parse().map_err(named)?)),
            _ => {
                let message = format!(
                    "{text:?} says nothing that can be stopped: write all, environment=NAME, service=NAME or \
                     prompt=SERVICE/NAME"
                );
                Err(Error::invalid(message).at("scope"))
            }
        }
    }
}

impl TryFrom<String> for StopScope {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<StopScope> for String {
    fn from(scope: StopScope) -> Self {
        scope.to_string()
    }
}

/// What calls get while they are stopped. Never an answer that a vendor is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StopServe {
    /// The version's static fallback; without one, an answer that a cache still has; else the error.
    #[default]
    Fallback,
    /// An answer that a cache still has; without one, the version's static fallback; else the error.
    Cached,
    /// The error.
    Error,
}

impl StopServe {
    /// Every way.
    pub const ALL: [StopServe; 3] = [Self::Fallback, Self::Cached, Self::Error];

    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Fallback => "fallback",
            Self::Cached => "cached",
            Self::Error => "error",
        }
    }

    /// The way that `word` names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|serve| serve.word() == word)
    }
}

/// What an order does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StopKind {
    /// Takes the scope's stop away.
    Resume,
    /// Stops the scope.
    Stop,
}

impl StopKind {
    /// `stop` or `resume`, also the audit log's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Resume => "resume",
            Self::Stop => "stop",
        }
    }
}

/// An order. Never changed once given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopOrder {
    /// UUID; by it the order is told from others and written down once.
    pub id: String,
    /// What it is about.
    pub scope: StopScope,
    /// What it does.
    pub kind: StopKind,
    /// What calls get; without meaning in an order to resume.
    #[serde(default)]
    pub serve: StopServe,
    /// Why, for people; callers read it in the error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who gave it.
    pub actor: String,
    /// When, in microseconds since 1970, and later than any order for the scope that its giver knew.
    pub at: i64,
}

impl StopOrder {
    /// Which of two orders for a scope counts: the newer; of equally old ones the stop, because an outage is
    /// mended by one more order and an answer that should not have been given by none.
    fn order(&self, other: &Self) -> Ordering {
        let key = |order: &Self| (order.at, order.kind);
        key(self).cmp(&key(other)).then_with(|| self.id.cmp(&other.id))
    }
}

/// The newest order for each scope.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stops {
    newest: BTreeMap<StopScope, StopOrder>,
}

impl Stops {
    /// Takes in an order. True if it counts now and did not before.
    pub fn add(&mut self, order: StopOrder) -> bool {
        match self.newest.get(&order.scope) {
            Some(known) if known.order(&order) != Ordering::Less => false,
            _ => {
                self.newest.insert(order.scope.clone(), order);
                true
            }
        }
    }

    /// The newest order for each scope, orders to resume included.
    pub fn newest(&self) -> impl Iterator<Item = &StopOrder> {
        self.newest.values()
    }

    /// The stops in force, the widest first.
    pub fn in_force(&self) -> impl Iterator<Item = &StopOrder> {
        self.newest.values().filter(|order| order.kind == StopKind::Stop)
    }

    /// The stop of exactly this scope, if there is one.
    pub fn of(&self, scope: &StopScope) -> Option<&StopOrder> {
        self.newest.get(scope).filter(|order| order.kind == StopKind::Stop)
    }

    /// The stop that a call meets: of all that are about it, the widest (everything, then environment, then
    /// service, then prompt). `prompt` and `environment` are those of the call, `None` for a plain model's.
    pub fn about(
        &self,
        prompt: Option<&PromptName>,
        environment: Option<&EnvironmentName>,
    ) -> Option<&StopOrder> {
        self.in_force().find(|order| match &order.scope {
            StopScope::All => true,
            StopScope::Environment(name) => environment == Some(name),
            StopScope::Service(name) => prompt.is_some_and(|prompt| prompt.service() == name),
            StopScope::Prompt(name) => prompt == Some(name),
        })
    }

    /// The time of an order for `scope` given at `now`.
    pub fn next_at(&self, scope: &StopScope, now: i64) -> i64 {
        self.newest.get(scope).map_or(now, |known| now.max(known.at.saturating_add(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn order(scope: &str, kind: StopKind, at: i64) -> StopOrder {
        let (serve, reason) = (StopServe::Fallback, None);
        let id = format!("{scope} {} {at}", kind.word());
        StopOrder { id, scope: scope.parse().unwrap(), kind, serve, reason, actor: "x".into(), at }
    }

    fn stops(orders: &[StopOrder]) -> Stops {
        let mut stops = Stops::default();
        for order in orders {
            stops.add(order.clone());
        }
        stops
    }

    fn met(stops: &Stops, prompt: Option<&str>, environment: Option<&str>) -> Option<String> {
        let prompt: Option<PromptName> = prompt.map(|name| name.parse().unwrap());
        let environment: Option<EnvironmentName> = environment.map(|name| name.parse().unwrap());
        let found = stops.about(prompt.as_ref(), environment.as_ref());
        found.map(|order| order.scope.to_string())
    }

    #[test]
    fn the_widest_stop_is_the_one_that_is_met() {
        let scopes = ["prompt=support/triage", "service=support", "environment=production", "all"];
        let call = (Some("support/triage"), Some("production"));
        let mut given = vec![];
        for scope in scopes {
            given.push(order(scope, StopKind::Stop, 1));
            assert_eq!(met(&stops(&given), call.0, call.1).as_deref(), Some(scope));
        }
        given.pop();
        let stops = stops(&given);
        assert_eq!(met(&stops, None, None), None, "a plain call is stopped by nothing but `all`");
        assert_eq!(met(&stops, Some("support/reply"), Some("staging")).unwrap(), "service=support");
        assert_eq!(met(&stops, Some("shop/search"), Some("staging")), None);
    }

    #[test]
    fn the_newest_order_counts_and_of_two_equally_old_the_stop() {
        let scope = "service=support";
        let (stop, resume) = (order(scope, StopKind::Stop, 5), order(scope, StopKind::Resume, 6));
        assert!(stops(&[resume.clone(), stop.clone()]).in_force().next().is_none());
        let same = order(scope, StopKind::Resume, 5);
        for given in [[stop.clone(), same.clone()], [same, stop.clone()]] {
            assert_eq!(stops(&given).in_force().count(), 1);
        }
        let known = stops(&[resume]);
        assert_eq!(known.next_at(&stop.scope, 3), 7, "a clock that is behind gives no lost order");
        assert_eq!((known.next_at(&stop.scope, 90), known.next_at(&StopScope::All, 3)), (90, 3));
    }

    #[test]
    fn scopes_as_they_are_written() {
        for text in ["all", "environment=production", "service=support", "prompt=support/triage"] {
            let scope: StopScope = text.parse().unwrap();
            assert_eq!(scope.to_string(), text);
            assert!(text.starts_with(scope.kind()) && StopScope::KINDS.contains(&scope.kind()));
        }
        for bad in
            ["", "everything", "service=", "service=a/b", "prompt=a", "environment=A B", "x=y"]
        {
            assert!(bad.parse::<StopScope>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_order_as_it_is_stored() {
        let text = r#"{"id":"i","scope":"all","kind":"stop","serve":"cached","actor":"a","at":1}"#;
        let order: StopOrder = serde_json::from_str(text).unwrap();
        assert_eq!((&order.scope, order.serve), (&StopScope::All, StopServe::Cached));
        assert_eq!(serde_json::to_string(&order).unwrap(), text);
    }

    fn some_order() -> impl Strategy<Value = StopOrder> {
        let scopes = ["all", "environment=staging", "service=a", "prompt=a/b"];
        let kinds = [StopKind::Stop, StopKind::Resume];
        let parts =
            (prop::sample::select(scopes.to_vec()), prop::sample::select(kinds.to_vec()), 0_i64..4);
        (parts, 0_u8..3).prop_map(|((scope, kind, at), id)| StopOrder {
            id: id.to_string(),
            ..order(scope, kind, at)
        })
    }

    proptest! {
        /// Replicas that learn the same orders, in any order and any number of times, agree.
        #[test]
        fn orders_come_to_the_same_in_any_order(
            given in prop::collection::vec(some_order(), 0..12),
            seed in any::<u64>(),
        ) {
            let mut shuffled = given.clone();
            shuffled.extend(given.iter().take(3).cloned());
            let length = u64::try_from(shuffled.len()).unwrap();
            for place in 0..shuffled.len() {
                let step = u64::try_from(place).unwrap().wrapping_mul(2_654_435_761);
                let other = seed.wrapping_add(step) % length;
                shuffled.swap(place, usize::try_from(other).unwrap());
            }
            let one = stops(&given);
            let in_force = |stops: &Stops| -> Vec<_> {
                stops.newest().map(|order| (order.scope.clone(), order.kind, order.at)).collect()
            };
            prop_assert_eq!(in_force(&one), in_force(&stops(&shuffled)));
        }
    }
}
