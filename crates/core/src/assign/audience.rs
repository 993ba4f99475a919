//! Who takes part in a split, by the tags of calls: `tier = free, country = de|at`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Most tags that an audience names.
const MOST: usize = 16;

/// For every named tag, the values of which a call must have one. Without any, everybody.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Audience(BTreeMap<String, Vec<String>>);

impl Audience {
    /// Whether it is everybody.
    pub fn is_everybody(&self) -> bool {
        self.0.is_empty()
    }

    /// The tags that it looks at.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether a call with these tags takes part. A call without a named tag does not.
    pub fn takes<'a>(&self, tag: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.0.iter().all(|(name, values)| {
            tag(name).is_some_and(|found| values.iter().any(|value| value == found))
        })
    }
}

impl FromStr for Audience {
    type Err = Error;

    /// Reads `tag = value`, with `|` between values of which any will do and `,` between tags that must all fit.
    fn from_str(text: &str) -> Result<Self> {
        let mut tags = BTreeMap::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let about = |why: &str| {
                let message =
                    format!("the audience {part:?} {why}: write `tag = value`, e.g. `tier = free`");
                Error::invalid(message).at("audience")
            };
            let (name, values) = part.split_once('=').ok_or_else(|| about("has no `=`"))?;
            let name = name.trim();
            let values: Vec<String> =
                values.trim_start_matches('=').split('|').map(|v| v.trim().to_string()).collect();
            let plain = |c: u8| c.is_ascii_alphanumeric() || b"_.-".contains(&c);
            if name.is_empty() || !name.bytes().all(plain) {
                return Err(about("names no tag"));
            }
            if values.iter().any(String::is_empty) {
                return Err(about("lacks a value"));
            }
            if tags.insert(name.to_string(), values).is_some() {
                return Err(about("names a tag twice"));
            }
        }
        if tags.len() > MOST {
            let message = format!("the audience names more than {MOST} tags");
            return Err(Error::invalid(message).at("audience"));
        }
        Ok(Self(tags))
    }
}

impl TryFrom<String> for Audience {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Audience> for String {
    fn from(audience: Audience) -> Self {
        audience.to_string()
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (name, values)) in self.0.iter().enumerate() {
            let comma = if place > 0 { ", " } else { "" };
            write!(f, "{comma}{name} = {}", values.join("|"))?;
        }
        Ok(())
    }
}
