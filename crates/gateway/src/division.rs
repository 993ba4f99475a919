//! The second half of step 2: which arm of a rollout or experiment a call gets.
//!
//! It is a pure function of the division in the snapshot and the call's unit, so every server of an installation
//! gives a person the same arm without asking anyone. A call that names nobody is a unit of its own.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use gatemark_core::assign::{self, Arm, Mark, Mode, STABLE, Split, Unit};
use gatemark_core::id::ModelName;
use gatemark_provider::{Dialect, door};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::incoming::Talking;
use crate::release::Release;

/// The name of an arm's release.
const CANDIDATE: &str = "candidate";

/// What one arm is served by.
#[derive(Debug, Clone)]
pub struct Side {
    /// The version.
    pub release: Arc<Release>,
    /// The model, if another of the version's than its first.
    pub model: Option<ModelName>,
    /// Its other models that may answer, in the order of trial.
    pub fallbacks: Option<Arc<[ModelName]>>,
}

/// How the calls of a prompt in an environment are divided.
#[derive(Debug, Clone)]
pub struct Division {
    /// Who gets which arm.
    pub split: Split,
    /// What the split's arms are served by, by the version's number and model.
    pub sides: Vec<Arc<Side>>,
}

impl Division {
    fn side(&self, arm: &Arm) -> Option<&Arc<Side>> {
        let fits = |side: &&Arc<Side>| {
            side.release.version.number == arm.number && side.model == arm.model
        };
        self.sides.iter().find(fits)
    }
}

/// What is known of a call when it is assigned.
pub(crate) struct Asker<'a> {
    call: &'a str,
    tags: &'a BTreeMap<String, String>,
    /// The unit that the caller named in a header.
    unit: Option<&'a str>,
    talking: Option<&'a Talking>,
    dialect: Dialect,
    fields: &'a [(String, Box<RawValue>)],
}

impl<'a> Asker<'a> {
    pub(crate) fn new(
        call: &'a str,
        tags: &'a BTreeMap<String, String>,
        (unit, talking): (Option<&'a str>, Option<&'a Talking>),
        (dialect, fields): (Dialect, &'a [(String, Box<RawValue>)]),
    ) -> Self {
        Self { call, tags, unit, talking, dialect, fields }
    }

    /// The unit, and whether it is more than the call.
    fn unit(&self, wanted: Unit) -> (Cow<'_, str>, bool) {
        let conversation = match (wanted, self.talking) {
            (Unit::Conversation, Some(Talking::Turn(id))) => Some(Cow::Borrowed(id.as_str())),
            _ => None,
        };
        let person = || {
            let named = self.unit.map(Cow::Borrowed);
            named.or_else(|| door::user(self.dialect, self.fields).map(Cow::Owned))
        };
        let named = conversation.or_else(|| if wanted == Unit::Call { None } else { person() });
        match named {
            Some(unit) => (unit, true),
            None => (Cow::Borrowed(self.call), false),
        }
    }

    fn takes_part(&self, split: &Split) -> bool {
        if split.audience.is_everybody() {
            return true;
        }
        let raw = self.fields.iter().find(|(name, _)| name == "metadata");
        let metadata: Map<String, Value> =
            raw.and_then(|(_, raw)| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
        split.audience.takes(|tag| {
            let given = self.tags.get(tag).map(String::as_str);
            given.or_else(|| metadata.get(tag).and_then(Value::as_str))
        })
    }
}

/// Where a call belongs.
#[derive(Debug, Clone)]
pub(crate) struct Assigned {
    /// The arm's name.
    pub(crate) arm: String,
    /// What its record says of the split; `None` if it says nothing to it.
    pub(crate) mark: Option<Mark>,
    /// The pseudonym of its unit, if that is more than the call.
    pub(crate) unit: Option<String>,
    /// The call that it is a copy of.
    pub(crate) copy_of: Option<String>,
    /// What a copy of it is to be answered by.
    pub(crate) shadow: Option<Arc<Side>>,
}

/// The call's place, and the side that serves it if that is not what the pointer says. `None` for a call that
/// takes no part.
pub(crate) fn assign(
    division: &Division,
    asker: &Asker<'_>,
) -> Option<(Assigned, Option<Arc<Side>>)> {
    let split = &division.split;
    // A turn of a conversation is never copied, so it is nothing to compare copies with either.
    let cannot_be_copied = split.mode == Mode::Shadow && asker.talking.is_some();
    if cannot_be_copied || !asker.takes_part(split) {
        return None;
    }
    let (unit, named) = asker.unit(split.unit);
    let arm = split.arm(&unit);
    let mark = Some(mark(split));
    let unit = named.then(|| assign::pseudonym(&split.salt, &unit));
    let stable = || Assigned {
        arm: STABLE.to_string(),
        mark: mark.clone(),
        unit: unit.clone(),
        copy_of: None,
        shadow: None,
    };
    let Some(arm) = arm else { return Some((stable(), None)) };
    let side = division.side(arm).cloned();
    match split.mode {
        Mode::Watch => Some((stable(), None)),
        // Its copy is what is observed: the two together would count one call twice.
        Mode::Shadow => {
            let unmarked = Assigned { mark: None, unit: None, shadow: side, ..stable() };
            Some((unmarked, None))
        }
        Mode::Serve => {
            let side = side?;
            Some((Assigned { arm: arm.name.clone(), ..stable() }, Some(side)))
        }
    }
}

/// Where the copy of a call belongs.
pub(crate) fn copied(split: &Split, call: &str) -> Assigned {
    Assigned {
        arm: CANDIDATE.to_string(),
        mark: Some(mark(split)),
        unit: None,
        copy_of: Some(call.to_string()),
        shadow: None,
    }
}

fn mark(split: &Split) -> Mark {
    Mark { id: split.id.clone(), epoch: split.epoch, share: split.share() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatemark_core::assign::{Audience, WHOLE};

    fn split(unit: Unit, mode: Mode, share: u16) -> Split {
        let arm = Arm { name: CANDIDATE.into(), number: 2, model: None, from: 0, to: share };
        Split {
            id: "r".into(),
            epoch: 1,
            salt: "r/1".into(),
            unit,
            audience: Audience::default(),
            mode,
            arms: vec![arm],
        }
    }

    /// `work` with an asker of these headers and fields.
    fn asking<T>(
        (unit, tags): (Option<&str>, &[(&str, &str)]),
        (dialect, fields): (Dialect, &[(&str, &str)]),
        talking: Option<&Talking>,
        work: impl FnOnce(&Asker<'_>) -> T,
    ) -> T {
        let tags = tags.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let raw = |json: &str| RawValue::from_string(json.to_string()).unwrap();
        let fields: Vec<_> =
            fields.iter().map(|(name, json)| (name.to_string(), raw(json))).collect();
        work(&Asker::new("call", &tags, (unit, talking), (dialect, &fields)))
    }

    #[test]
    fn the_unit_is_whoever_is_named_first() {
        let user: &[(&str, &str)] = &[("user", r#""ann""#)];
        let claude: &[(&str, &str)] = &[("metadata", r#"{"user_id": "bob"}"#)];
        let turn = Talking::Turn("c-1".to_string().try_into().unwrap());
        let cases = [
            (Unit::User, Some("head"), (Dialect::Chat, user), None, ("head", true)),
            (Unit::User, None, (Dialect::Chat, user), Some(&turn), ("ann", true)),
            (Unit::User, None, (Dialect::Messages, claude), None, ("bob", true)),
            (Unit::User, None, (Dialect::Chat, claude), None, ("call", false)),
            (Unit::User, None, (Dialect::Chat, &[("user", "7")]), None, ("call", false)),
            (Unit::Conversation, Some("head"), (Dialect::Chat, user), Some(&turn), ("c-1", true)),
            (Unit::Conversation, None, (Dialect::Chat, user), None, ("ann", true)),
            (Unit::Call, Some("head"), (Dialect::Chat, user), Some(&turn), ("call", false)),
        ];
        for (wanted, head, spoken, talking, expected) in cases {
            asking((head, &[]), spoken, talking, |asker| {
                let (unit, named) = asker.unit(wanted);
                assert_eq!((&*unit, named), expected, "{wanted:?} {head:?} {spoken:?}");
            });
        }
    }

    #[test]
    fn an_audience_is_found_by_tags_and_metadata() {
        let audience = "tier = free".parse().unwrap();
        let split = Split { audience, ..split(Unit::User, Mode::Serve, 500) };
        let metadata: &[(&str, &str)] = &[("metadata", r#"{"tier": "free"}"#)];
        for (tags, fields, takes_part) in [
            (&[("tier", "free")][..], &[][..], true),
            (&[], metadata, true),
            (&[("tier", "paid")], metadata, false),
            (&[], &[], false),
        ] {
            asking((None, tags), (Dialect::Chat, fields), None, |asker| {
                assert_eq!(asker.takes_part(&split), takes_part, "{tags:?} {fields:?}");
            });
        }
    }

    /// In a shadow a call in the candidate's share is not observed, for its copy is; nor is it served otherwise.
    #[test]
    fn places_in_a_split() {
        let place = |mode, share| {
            let division = Division { split: split(Unit::User, mode, share), sides: vec![] };
            asking((Some("ann"), &[]), (Dialect::Chat, &[]), None, |asker| assign(&division, asker))
        };
        let (stable, side) = place(Mode::Serve, 0).unwrap();
        assert!(stable.arm == STABLE && side.is_none());
        let mark = stable.mark.unwrap();
        assert_eq!((mark.id.as_str(), mark.epoch, mark.share), ("r", 1, 0));
        assert_eq!(stable.unit.map(|unit| unit.len()), Some(32));
        let (copied, side) = place(Mode::Shadow, WHOLE - 1).unwrap();
        assert!(copied.arm == STABLE && copied.mark.is_none() && side.is_none());
        // Turns of conversations have no copies: counted as control's alone they would look like copies that got lost.
        let turn = Talking::Turn("c-1".to_string().try_into().unwrap());
        for share in [1, WHOLE - 1] {
            let division =
                Division { split: split(Unit::Call, Mode::Shadow, share), sides: vec![] };
            let user: &[(&str, &str)] = &[];
            asking((None, &[]), (Dialect::Chat, user), Some(&turn), |asker| {
                assert!(assign(&division, asker).is_none());
            });
        }
        let (watched, _) = place(Mode::Watch, WHOLE).unwrap();
        assert_eq!((watched.arm.as_str(), watched.mark.unwrap().share), (STABLE, WHOLE));
        assert!(place(Mode::Serve, WHOLE).is_none(), "an arm without a release serves nobody");
    }
}
