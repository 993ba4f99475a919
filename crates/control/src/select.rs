//! How people name a version of a prompt: nothing for the newest, a number, a semantic version, or the
//! environment that it serves in.

use gatemark_core::error::{Error, Result};
use gatemark_core::id::PromptName;
use gatemark_core::prompt::Version;
use gatemark_gateway::Selector;
use gatemark_store::Store;

/// The version of `prompt` that `selector` means; [`Selector::Default`] is the newest.
pub async fn version(store: &Store, prompt: &PromptName, selector: &Selector) -> Result<Version> {
    let found = match selector {
        Selector::Default => store.latest(prompt).await?,
        Selector::Number(number) => store.version(prompt, *number).await?,
        Selector::Semver(semver) => store.version_by_semver(prompt, semver).await?,
        Selector::Environment(environment) => {
            let serving = store.deployments(prompt, Some(environment), 1).await?;
            match serving.first() {
                Some(deployment) => store.version(prompt, deployment.number).await?,
                None => None,
            }
        }
    };
    match found {
        Some(version) => Ok(version),
        None => Err(missing(store, prompt, selector).await?),
    }
}

async fn missing(store: &Store, prompt: &PromptName, selector: &Selector) -> Result<Error> {
    let prompts = store.prompts().await?;
    if !prompts.iter().any(|known| known.name == *prompt) {
        let names = prompts.iter().map(|known| known.name.as_str());
        let hint = gatemark_core::diagnostic::did_you_mean(prompt.as_str(), names)
            .map(|close| format!(": did you mean `{close}`?"))
            .unwrap_or_else(|| ": push it first".to_string());
        let message = format!("there is no prompt `{prompt}`{hint}");
        return Ok(Error::not_found(message).coded("prompt_not_found"));
    }
    let message = match selector {
        Selector::Environment(environment) => {
            format!("no version of `{prompt}` serves in {environment}")
        }
        Selector::Number(number) => format!("`{prompt}` has no version {number}"),
        Selector::Semver(semver) => format!("`{prompt}` has no version {semver}"),
        Selector::Default => format!("`{prompt}` has no version"),
    };
    Ok(Error::not_found(message).coded("version_not_found"))
}
