//! The prompt that puts older turns of a conversation together: there before the prompt that names it serves.

use gatemark_core::Result;
use gatemark_core::diagnostic::Diagnostic;
use gatemark_core::gate::{Checklist, Finding};
use gatemark_core::id::EnvironmentName;
use gatemark_core::prompt::{Content, Version};
use gatemark_gateway::{BEFORE, SAID};

use crate::Control;
use crate::project::PromptFile;

/// The gate's rule about it.
const RULE: u8 = 20;

impl Control {
    /// What is wrong with the summarisers that `prompts` name: each is pushed with them or registered, and
    /// takes what it is given.
    pub(crate) async fn check_summarisers(
        &self,
        prompts: &[PromptFile],
    ) -> Result<Vec<Diagnostic>> {
        let mut found = vec![];
        for prompt in prompts {
            let conversation = prompt.content.conversation.as_ref();
            let Some(summarise) = conversation.and_then(|it| it.summarise.as_ref()) else {
                continue;
            };
            let place = prompt.places.summariser.clone().unwrap_or(prompt.semver_place.clone());
            let name = &summarise.prompt;
            let pushed = prompts.iter().find(|other| other.name == *name);
            let problem = match pushed {
                Some(other) => unfit(&other.content),
                None => match self.store().latest(name).await? {
                    Some(version) => unfit(&version.content),
                    None => Some("does not exist".to_string()),
                },
            };
            if let Some(problem) = problem {
                let hint = format!(
                    "add prompts/{name}/prompt.yaml with a variable `{SAID}` and, if it wants the summary before, \
                     an optional one `{BEFORE}`"
                );
                let message = format!("the summariser `{name}` {problem}");
                found.push(Diagnostic::error(place, message).hint(hint));
            }
        }
        Ok(found)
    }

    /// The gate's rules with the one about the summariser, if the version names one.
    pub(crate) async fn with_summariser(
        &self,
        checklist: Checklist,
        version: &Version,
        environment: &EnvironmentName,
    ) -> Result<Checklist> {
        let conversation = version.content.conversation.as_ref();
        let Some(summarise) = conversation.and_then(|it| it.summarise.as_ref()) else {
            return Ok(checklist);
        };
        let name = &summarise.prompt;
        let moves = self.store().deployments(name, Some(environment), 1).await?;
        let found = match moves.first() {
            Some(serving) => match self.store().version(name, serving.number).await? {
                Some(version) => unfit(&version.content),
                None => Some("cannot be read".to_string()),
            },
            None => Some(format!("does not serve in {environment}")),
        };
        let met = found.is_none();
        Ok(checklist.with(Finding {
            rule: RULE,
            wanted: format!("the summariser of its conversations, `{name}`, serves here"),
            found: found.unwrap_or_else(|| "it does".to_string()),
            met,
            fix: (!met).then(|| format!("run `gatemark deploy {name} --to {environment}`")),
        }))
    }
}

/// Why a prompt cannot put turns together.
fn unfit(content: &Content) -> Option<String> {
    if content.conversation.is_some() {
        return Some("keeps conversations itself".to_string());
    }
    if !content.variables.contains_key(SAID) {
        return Some(format!("has no variable `{SAID}`"));
    }
    let given = |name: &str| name == SAID || name == BEFORE;
    let other = content.variables.iter().find(|(name, it)| it.is_required() && !given(name));
    other.map(|(name, _)| format!("needs the variable `{name}`, which it is not given"))
}
