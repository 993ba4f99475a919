//! What a version and an environment say about guards: which layers look at which texts, what a verdict
//! does, how untrusted text is set apart from instructions, and what is done about answers.
//!
//! Two hands write it. A version's author knows what is ordinary in the prompt's texts ([`GuardPolicy`], content
//! of the version); an operator decides how much is believed where it runs ([`Place`], of an environment). The
//! version's word goes before the environment's for thresholds and actions, because it was tested with them;
//! switches add up; and whether anything is refused at all is the environment's alone ([`Mode`]), so that one
//! may look before one acts.
//!
//! `None` everywhere means "as built in", so that what a version leaves out is not in its canonical form and
//! better thresholds of a later program reach it. All of it is skipped where absent.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::guard::{Layer, Profile, Settings};

/// How an untrusted text is set apart from instructions where it is rendered ("spotlighting": Hines et al. 2024,
/// arXiv 2403.14720).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Spotlight {
    /// As it is.
    None,
    /// Between marks that the text cannot contain.
    Delimit,
    /// Between marks, and with a sign in place of each space.
    Datamark,
    /// Between marks, in base64.
    Encode,
}

impl Spotlight {
    /// The word in files and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Delimit => "delimit",
            Self::Datamark => "datamark",
            Self::Encode => "encode",
        }
    }
}

/// What becomes of a prompt whose system messages hold untrusted variables.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Structure {
    /// It is registered, and its author is warned.
    #[default]
    Warn,
    /// It is not registered.
    Strict,
}

/// Whether verdicts on input have consequences in an environment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Nothing is looked at.
    Off,
    /// Texts are looked at and findings recorded; every call goes on, and nobody is asked to look at it.
    #[default]
    Observe,
    /// Verdicts are carried out: flagged calls come before a person, blocked ones are refused.
    Enforce,
}

impl Mode {
    /// The word in files and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Observe => "observe",
            Self::Enforce => "enforce",
        }
    }
}

/// How texts of one profile are looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Level {
    /// Whether they are not looked at.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub off: bool,
    /// The least score that a person looks at, above 0 to 1; `None` as built in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flag_at: Option<f64>,
    /// The least score that is refused, above 0 to 2; above 1 if none is. `None` as built in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block_at: Option<f64>,
}

impl Level {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// This, and where it says nothing the other; either can switch off.
    fn over(self, other: Self) -> Self {
        Self {
            off: self.off || other.off,
            flag_at: self.flag_at.or(other.flag_at),
            block_at: self.block_at.or(other.block_at),
        }
    }
}

/// What a caller gets in place of a call that is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnBlock {
    /// An error with the code `guard_blocked`.
    Error,
    /// The version's static fallback.
    Fallback,
}

/// How texts on their way in are looked at.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// A person's own words.
    #[serde(default, skip_serializing_if = "Level::is_default")]
    pub user: Level,
    /// Retrieved documents, web pages, results of tools.
    #[serde(default, skip_serializing_if = "Level::is_default")]
    pub document: Level,
    /// Layers that are not asked.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub off: BTreeSet<Layer>,
    /// What is served in place of a refused call; `None` for an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_block: Option<OnBlock>,
}

impl Input {
    fn level(&self, profile: Profile) -> Level {
        match profile {
            Profile::User => self.user,
            Profile::Document => self.document,
        }
    }

    /// This, and where it says nothing the other; what either switches off is off.
    pub fn over(&self, other: &Self) -> Self {
        Self {
            user: self.user.over(other.user),
            document: self.document.over(other.document),
            off: self.off.union(&other.off).copied().collect(),
            on_block: self.on_block.or(other.on_block),
        }
    }

    /// How a text of `profile` is looked at, with what is `built_in` where nothing is said; `None` if it is
    /// not looked at.
    pub fn settings(&self, profile: Profile, built_in: (f64, f64)) -> Option<Settings> {
        let Level { off, flag_at, block_at } = self.level(profile);
        if off {
            return None;
        }
        let (flag, block) = built_in;
        let block_at = block_at.unwrap_or(block);
        // A threshold for refusing that was lowered below the other one lowers that too.
        let flag_at = flag_at.unwrap_or(flag).min(block_at);
        Some(Settings { profile, off: self.off.clone(), flag_at, block_at })
    }
}

/// What is done about a finding in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is not looked for.
    Off,
    /// The answer goes out, and a person looks at it.
    Review,
    /// What was found is taken out, the rest goes out.
    Redact,
    /// The version's static fallback goes out instead.
    Replace,
    /// An error goes out instead.
    Block,
}

impl Action {
    /// The word in files and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Review => "review",
            Self::Redact => "redact",
            Self::Replace => "replace",
            Self::Block => "block",
        }
    }
}

/// Where answers may point to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Links {
    /// Hosts: `example.com`, or `*.example.com` for every name under it. None if the list is empty.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub allow: BTreeSet<String>,
    /// What is done about links and images to others.
    pub action: Action,
}

/// What is looked for in answers. What is absent is not looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// The system text, in any disguise, and canary marks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leak: Option<Action>,
    /// What names a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pii: Option<Action>,
    /// Keys and passwords.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secrets: Option<Action>,
    /// Links and images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub links: Option<Links>,
}

impl Output {
    /// This, and where it says nothing the other.
    pub fn over(&self, other: &Self) -> Self {
        Self {
            leak: self.leak.or(other.leak),
            pii: self.pii.or(other.pii),
            secrets: self.secrets.or(other.secrets),
            links: self.links.clone().or_else(|| other.links.clone()),
        }
    }

    /// Whether nothing is looked for.
    pub fn is_off(&self) -> bool {
        let on = |action: Option<Action>| action.is_some_and(|action| action != Action::Off);
        let links = self.links.as_ref().map(|links| links.action);
        ![self.leak, self.pii, self.secrets, links].into_iter().any(on)
    }
}

/// What a version says about guards: `guard:` of `prompt.yaml`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GuardPolicy {
    /// On the way in.
    #[serde(default, skip_serializing_if = "is_default")]
    pub input: Input,
    /// On the way out.
    #[serde(default, skip_serializing_if = "is_default")]
    pub output: Output,
    /// Whether a mark is planted in the system text that must not come back. The model sees it, so it is content.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub canary: bool,
}

/// What an environment says about guards: `guard:` of an environment in `gatemark.yaml`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Place {
    /// Whether verdicts on input have consequences.
    pub mode: Mode,
    /// Whether plain calls of models are looked at too, which name no prompt.
    pub plain: bool,
    /// Defaults for versions that say nothing.
    pub input: Input,
    /// Defaults for versions that say nothing.
    pub output: Output,
}

impl Place {
    /// How input is looked at for a version in this place.
    pub fn input(&self, version: Option<&GuardPolicy>) -> Input {
        version.map_or_else(|| self.input.clone(), |version| version.input.over(&self.input))
    }

    /// What is looked for in answers of a version in this place.
    pub fn output(&self, version: Option<&GuardPolicy>) -> Output {
        version.map_or_else(|| self.output.clone(), |version| version.output.over(&self.output))
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_not_said_is_not_written() {
        let nothing = serde_json::to_value(GuardPolicy::default()).unwrap();
        assert_eq!(nothing, json!({}));
        let written = json!({
            "input": {"user": {"flag_at": 0.5}, "document": {"off": true}, "off": ["judge"],
                "on_block": "fallback"},
            "output": {"leak": "block", "links": {"allow": ["*.example.com"], "action": "redact"}},
            "canary": true,
        });
        let policy: GuardPolicy = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(serde_json::to_value(policy).unwrap(), written);
    }

    #[test]
    fn the_version_goes_before_the_environment_and_switches_add_up() {
        let place = Place {
            input: Input {
                user: Level { off: false, flag_at: Some(0.2), block_at: Some(0.8) },
                document: Level { off: true, ..Level::default() },
                off: [Layer::Judge].into(),
                on_block: Some(OnBlock::Fallback),
            },
            output: Output {
                pii: Some(Action::Redact),
                leak: Some(Action::Review),
                ..Output::default()
            },
            ..Place::default()
        };
        let version = GuardPolicy {
            input: Input {
                user: Level { flag_at: Some(0.4), ..Level::default() },
                off: [Layer::Fuzzy].into(),
                ..Input::default()
            },
            output: Output { leak: Some(Action::Block), ..Output::default() },
            canary: false,
        };
        let input = place.input(Some(&version));
        let user = input.settings(Profile::User, (0.5, 0.9)).unwrap();
        assert_eq!((user.flag_at, user.block_at), (0.4, 0.8));
        assert!(!user.asks(Layer::Judge) && !user.asks(Layer::Fuzzy) && user.asks(Layer::Rules));
        assert_eq!(input.settings(Profile::Document, (0.5, 0.9)), None);
        assert_eq!(input.on_block, Some(OnBlock::Fallback));
        let output = place.output(Some(&version));
        assert_eq!((output.leak, output.pii), (Some(Action::Block), Some(Action::Redact)));
        assert_eq!(place.input(None), place.input);
    }

    #[test]
    fn nothing_said_is_as_built_in_and_a_low_block_lowers_the_flag() {
        let settings = Input::default().settings(Profile::Document, (0.3, 0.7)).unwrap();
        assert_eq!((settings.flag_at, settings.block_at), (0.3, 0.7));
        let low =
            Input { user: Level { block_at: Some(0.1), ..Level::default() }, ..Input::default() };
        let settings = low.settings(Profile::User, (0.3, 0.7)).unwrap();
        assert_eq!((settings.flag_at, settings.block_at), (0.1, 0.1));
    }

    #[test]
    fn off_for_everything_is_nothing_to_look_for() {
        assert!(Output::default().is_off());
        let links = Links { allow: BTreeSet::new(), action: Action::Off };
        assert!(
            Output { links: Some(links), pii: Some(Action::Off), ..Output::default() }.is_off()
        );
        assert!(!Output { secrets: Some(Action::Redact), ..Output::default() }.is_off());
    }
}
