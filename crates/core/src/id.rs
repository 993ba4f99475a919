//! Names and identities that cannot hold an invalid value.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest accepted name, in bytes. Long enough for any convention seen, short enough for an index key.
pub const MAX_NAME: usize = 128;

/// Why a text is not a name; the message says what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a valid {noun}: {rule}")]
pub struct InvalidName {
    noun: &'static str,
    text: String,
    rule: &'static str,
}

/// Lower-case letters, digits and single inner hyphens: `summarise-ticket`.
fn is_kebab(text: &str) -> bool {
    let ok = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    !text.is_empty()
        && text.bytes().all(ok)
        && !text.starts_with('-')
        && !text.ends_with('-')
        && !text.contains("--")
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $noun:literal, $rule:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(Box<str>);

        impl $type {
            /// The name as it is written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = InvalidName;
            fn from_str(text: &str) -> Result<Self, InvalidName> {
                let valid: fn(&str) -> bool = $valid;
                if text.len() <= MAX_NAME && valid(text) {
                    Ok(Self(text.into()))
                } else {
                    let text = text.chars().take(MAX_NAME).collect();
                    Err(InvalidName { noun: $noun, text, rule: $rule })
                }
            }
        }

        impl TryFrom<String> for $type {
            type Error = InvalidName;
            fn try_from(text: String) -> Result<Self, InvalidName> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.0.into()
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// What applications call: `service/name`, both lower-case kebab.
    PromptName,
    "prompt name",
    "write `service/name`, each of lower-case letters, digits and single hyphens",
    |text| text.split_once('/').is_some_and(|(service, name)| is_kebab(service) && is_kebab(name))
);

name!(
    /// A place that versions are deployed to: `production`, `staging`, own ones.
    EnvironmentName,
    "environment name",
    "use lower-case letters, digits and single hyphens",
    is_kebab
);

name!(
    /// A vendor's model as users write it: `provider/model`, e.g. `openai/gpt-4o-2024-08-06`.
    /// The part after the first slash is the vendor's own id and may hold further slashes.
    ModelName,
    "model name",
    "write `provider/model`, e.g. `openai/gpt-4o-2024-08-06`",
    |text| {
        text.split_once('/').is_some_and(|(provider, model)| {
            is_kebab(provider)
                && !model.is_empty()
                && model.bytes().all(|c| c.is_ascii_graphic() && c != b'"' && c != b'\\')
        })
    }
);

impl PromptName {
    /// The part before the slash.
    pub fn service(&self) -> &str {
        self.0.split_once('/').map_or("", |(service, _)| service)
    }
}

impl ModelName {
    /// The configured provider's name, before the first slash.
    pub fn provider(&self) -> &str {
        self.0.split_once('/').map_or("", |(provider, _)| provider)
    }

    /// The vendor's own id for the model, after the first slash.
    pub fn vendor_id(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, model)| model)
    }

    /// Whether the id names one immutable model rather than an alias that the vendor may move:
    /// it carries a full date (`-2024-08-06`, `-20251001`) or a digest (`@sha256:…`).
    pub fn is_pinned(&self) -> bool {
        let id = self.vendor_id();
        id.contains("@sha256:") || has_date(id)
    }
}

/// Looks for `YYYYMMDD` or `YYYY-MM-DD` that is not part of a longer number.
fn has_date(id: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|c| c.is_ascii_digit());
    let plausible = |year: &str, month: &str, day: &str| {
        (2015..2100).contains(&year.parse().unwrap_or(0))
            && (1..=12).contains(&month.parse().unwrap_or(0))
            && (1..=31).contains(&day.parse().unwrap_or(0))
    };
    let parts: Vec<&str> = id.split(|c: char| !c.is_ascii_digit() && c != '-').collect();
    parts.iter().any(|part| {
        let fields: Vec<&str> = part.split('-').collect();
        let compact = fields
            .iter()
            .any(|f| f.len() == 8 && digits(f) && plausible(&f[..4], &f[4..6], &f[6..]));
        compact
            || fields.windows(3).any(|w| {
                w[0].len() == 4 && w[1].len() == 2 && w[2].len() == 2 && plausible(w[0], w[1], w[2])
            })
    })
}

/// A SHA-256, shown as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// The first twelve digits: enough for people to tell versions apart.
    pub fn short(&self) -> String {
        self.to_string().chars().take(12).collect()
    }

    /// The 64 digits; written by hand because every call's record holds two digests.
    fn hex(&self) -> [u8; 64] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut digits = [0; 64];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(self.0) {
            pair.copy_from_slice(&[
                DIGITS[usize::from(byte >> 4)],
                DIGITS[usize::from(byte & 0x0f)],
            ]);
        }
        digits
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.hex()).unwrap_or_default())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let invalid = || InvalidName {
            noun: "digest",
            text: text.chars().take(MAX_NAME).collect(),
            rule: "a SHA-256 is 64 hexadecimal digits",
        };
        if text.len() != 64 || !text.is_ascii() {
            return Err(invalid());
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| invalid())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| invalid())?;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Digest {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        String::from_utf8_lossy(&digest.hex()).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompt_names_are_two_kebab_parts() {
        for good in ["support/summarise-ticket", "a/b", "a1/b-2"] {
            assert!(good.parse::<PromptName>().is_ok(), "{good}");
        }
        for bad in ["support", "Support/x", "a/b/c", "a/", "/b", "a/-b", "a/b--c", "a/b_c", "a/b "]
        {
            assert!(bad.parse::<PromptName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn pinned_models_carry_a_date_or_a_digest() {
        let pinned = |name: &str| name.parse::<ModelName>().unwrap().is_pinned();
        for good in [
            "openai/gpt-4o-2024-08-06",
            "anthropic/claude-haiku-4-5-20251001",
            "local/llama@sha256:abc",
            "sim/learner-2026-11-01",
        ] {
            assert!(pinned(good), "{good}");
        }
        for alias in
            ["openai/gpt-4o", "anthropic/claude-sonnet-latest", "x/m-2024-13-06", "x/m-99999999"]
        {
            assert!(!pinned(alias), "{alias}");
        }
    }

    #[test]
    fn digests_round_trip() {
        let digest = Digest::of(b"x");
        assert_eq!(digest.to_string().parse::<Digest>().unwrap(), digest);
        assert!("zz".parse::<Digest>().is_err());
    }
}
