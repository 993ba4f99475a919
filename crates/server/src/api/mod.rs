//! The control API: everything that the CLI does, for tools and for the dashboard.

pub(crate) mod alerts;
pub(crate) mod asked;
pub(crate) mod audit;
pub(crate) mod budgets;
pub(crate) mod caches;
pub(crate) mod calls;
pub(crate) mod conversations;
pub(crate) mod evidence;
pub(crate) mod experiments;
pub(crate) mod guard;
pub(crate) mod guard_check;
pub(crate) mod guard_pii;
pub(crate) mod keys;
pub(crate) mod lifecycle;
pub(crate) mod monitoring;
pub(crate) mod providers;
pub(crate) mod registry;
pub(crate) mod release;
pub(crate) mod reviews;
pub(crate) mod rollouts;
pub(crate) mod scores;
pub(crate) mod stops;
pub(crate) mod system;

use gatemark_core::error::{Error, Result};
use gatemark_core::id::PromptName;
use gatemark_gateway::Selector;

/// The prompt that `/{service}/{name}` means.
pub(crate) fn prompt_name(service: &str, name: &str) -> Result<PromptName> {
    Ok(format!("{service}/{name}").parse()?)
}

/// A version as requests name it; the newest if they do not.
pub(crate) fn selector(text: Option<&str>) -> Result<Selector> {
    match text {
        None | Some("" | "latest") => Ok(Selector::Default),
        Some(text) => Selector::parse(text, "version"),
    }
}

/// Reads a name that `param` holds.
pub(crate) fn named<T>(text: &str, param: &str) -> Result<T>
where
    T: std::str::FromStr,
    Error: From<T::Err>,
{
    text.parse().map_err(|error| Error::from(error).at(param))
}
