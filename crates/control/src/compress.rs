//! A shorter wording of a prompt, proposed: by rules, by a model where one is named, and tried on the
//! prompt's own suite beside the wording that it has. Nothing here registers or deploys anything.
//!
//! A model's wording is taken only if it has every tag of the template in the same order and is shorter
//! than what the rules made; whether it still says the same is for the suite to tell.

use std::sync::Arc;

use gatemark_core::access::{Caller, Role as Right};
use gatemark_core::call::{CallPurpose, Outcome};
use gatemark_core::canonical;
use gatemark_core::comparison::Compared;
use gatemark_core::error::{Error, Result};
use gatemark_core::id::ModelName;
use gatemark_core::money::NanoUsd;
use gatemark_core::prompt::{Content, Message, Role, Version};
use gatemark_gateway::{Body, Incoming, Release, Target};
use gatemark_text::compress::{self, Edit};
use gatemark_text::tokens;
use serde_json::{Map, Value, json};

use crate::Control;
use crate::draft::{self, Draft};
use crate::evaluate::{Progress, TestRequest, TestRun, TestTarget};
use crate::project::PromptFile;

/// Of the interval of the difference between the two wordings.
const CONFIDENCE: f64 = 0.95;

/// What the model is told that shortens.
const INSTRUCTION: &str = "You shorten instructions that are written for language models. The user's \
message is a template. Write it again in as few words as you can. Keep every instruction, condition, \
prohibition, name, number, format and example. Copy every tag such as {{ '{{ x }}' }} or {{ '{% if x %}' }} \
exactly, in the same order. Answer with the new template alone.";

/// One message in fewer words.
#[derive(Debug, Clone)]
pub struct Shortened {
    /// Where it stands: `messages[0]`, `models[1].messages[0]`.
    pub place: String,
    /// Who speaks.
    pub role: Role,
    /// The wording that it has.
    pub before: String,
    /// The proposed one.
    pub after: String,
    /// Tokens (o200k) of the template before and after.
    pub tokens: (usize, usize),
    /// What the rules did, in order.
    pub edits: Vec<Edit>,
    /// The model whose wording it is, if it is not that of the rules.
    pub model: Option<ModelName>,
    /// Why a model's wording was not taken.
    pub note: Option<String>,
}

/// A prompt in fewer words.
#[derive(Debug)]
pub struct Proposal {
    /// Messages whose wording differs.
    pub messages: Vec<Shortened>,
    /// Tokens (o200k) of all messages before and after.
    pub tokens: (usize, usize),
    /// The content with the proposed wording.
    pub content: Content,
    /// What a model's help cost, if its price is known.
    pub cost: Option<NanoUsd>,
}

/// The suite on both wordings.
#[derive(Debug)]
pub struct Trial {
    /// The wording that the prompt has.
    pub before: TestRun,
    /// The proposed one.
    pub after: TestRun,
    /// The second against the first, case by case.
    pub versus: Compared,
}

impl Control {
    /// Proposes a shorter wording of `file`, with the help of `model` if there is one.
    ///
    /// # Errors
    /// `Invalid` if the model has no provider or no key here.
    pub async fn compress(
        &self,
        file: &PromptFile,
        model: Option<&ModelName>,
        actor: &str,
    ) -> Result<Proposal> {
        let helper = model.map(|model| self.helper(model)).transpose()?;
        let mut content = file.content.clone();
        let (mut messages, mut tokens, mut cost) = (vec![], (0, 0), None);
        for (place, message) in places(&mut content) {
            let mut one = by_rules(place, message);
            if let Some(helper) = &helper {
                cost = sum(cost, self.help(helper, &mut one, actor).await);
            }
            tokens = (tokens.0 + one.tokens.0, tokens.1 + one.tokens.1);
            if one.after != one.before {
                message.text.clone_from(&one.after);
            }
            if one.after != one.before || one.note.is_some() {
                messages.push(one);
            }
        }
        Ok(Proposal { messages, tokens, content, cost })
    }

    /// Runs the suite of `file` on its own wording and on that of `proposal`; `None` if it has none.
    ///
    /// # Errors
    /// As [`Control::test`].
    pub async fn try_out(
        &self,
        file: &PromptFile,
        proposal: &Proposal,
        request: TestRequest,
        progress: &dyn Progress,
    ) -> Result<Option<Trial>> {
        let before = draft::of(file.clone(), &request.actor)?;
        let shorter = PromptFile { content: proposal.content.clone(), ..file.clone() };
        let after = draft::of(shorter, &request.actor)?;
        let (Some(before), Some(after)) = (before, after) else { return Ok(None) };
        let suite = before.suite.clone();
        let target = |draft: Draft| TestTarget::Draft(Arc::new(draft));
        let request = TestRequest { targets: vec![target(before), target(after)], ..request };
        let mut runs = self.test(&request, progress).await?.into_iter();
        let (Some(before), Some(after)) = (runs.next(), runs.next()) else {
            return Err(Error::internal("two runs were asked for and fewer made"));
        };
        let versus = self.versus(&after.report, &before.report, &suite, CONFIDENCE).await?;
        Ok(Some(Trial { before, after, versus }))
    }

    /// The release of a prompt of ours that shortens, on `model`.
    fn helper(&self, model: &ModelName) -> Result<Arc<Release>> {
        if !self.project.serves(model) {
            let message = format!("the model `{model}` has no provider in gatemark.yaml");
            return Err(Error::invalid(message).at("model").coded("model_not_found"));
        }
        if let Some(variable) = self.keys_missing.get(model.provider()) {
            let message =
                format!("{model} cannot be called: its key {variable} is not in the environment");
            return Err(Error::invalid(message).at("model").coded("provider_key_missing"));
        }
        let content: Content = serde_json::from_value(json!({
            "variables": {"template": {"type": "string", "trust": "untrusted"}},
            "messages": [
                {"role": "system", "text": INSTRUCTION},
                {"role": "user", "text": "{{ template }}"},
            ],
            "output": {},
            "models": [{"model": model}],
            "limits": {},
        }))
        .map_err(|cause| Error::internal("our own prompt cannot be read").because(cause))?;
        let version = Version {
            prompt: "gatemark/compress".parse()?,
            number: 0,
            semver: semver::Version::new(1, 0, 0),
            hash: canonical::seal(&content)?.digest,
            content,
            changelog: None,
            author: String::new(),
            created_at: 0,
        };
        Ok(Arc::new(Release::on(&version, model)?))
    }

    /// Asks the model for a wording of what the rules made, and takes it if it may be taken.
    async fn help(
        &self,
        helper: &Arc<Release>,
        one: &mut Shortened,
        actor: &str,
    ) -> Option<NanoUsd> {
        let model = helper.version.content.models.first()?.model.clone();
        let mut variables = Map::new();
        variables.insert("template".into(), Value::from(one.after.as_str()));
        let target = Target::Exact {
            release: helper.clone(),
            model: model.clone(),
            variables,
            recall: None,
        };
        let caller = Caller { name: actor.to_string(), roles: vec![Right::Edit] };
        let reply = match self.gateway.call(Incoming::new(caller, CallPurpose::Test, target)).await
        {
            Ok(reply) => reply,
            Err(failure) => {
                one.note = Some(format!("{model} could not be asked: {}", failure.error));
                return None;
            }
        };
        let cost = reply.facts.cost;
        let Body::Whole(answer) = reply.body else { return cost };
        if reply.facts.outcome != Some(Outcome::Ok) {
            one.note = Some(format!("{model} gave no wording"));
            return cost;
        }
        match acceptable(&answer.text, &one.before, one.tokens.1) {
            Ok((text, tokens)) => {
                one.after = text;
                one.tokens.1 = tokens;
                one.model = Some(model);
            }
            Err(why) => one.note = Some(format!("the wording of {model} was not taken: {why}")),
        }
        cost
    }
}

/// The messages of the version and of its model variants.
fn places(content: &mut Content) -> Vec<(String, &mut Message)> {
    let own = content.messages.iter_mut().enumerate();
    let mut found: Vec<_> =
        own.map(|(index, message)| (format!("messages[{index}]"), message)).collect();
    for (variant, model) in content.models.iter_mut().enumerate() {
        for (index, message) in model.messages.iter_mut().enumerate() {
            found.push((format!("models[{variant}].messages[{index}]"), message));
        }
    }
    found
}

fn by_rules(place: String, message: &Message) -> Shortened {
    let made = compress::compress(&message.text);
    let before = message.text.clone();
    let (had, has) = (tokens::count(&before), tokens::count(&made.text));
    // Fewer characters are not always fewer tokens.
    let (after, has, edits) =
        if has < had { (made.text, has, made.edits) } else { (before.clone(), had, vec![]) };
    Shortened {
        place,
        role: message.role,
        before,
        after,
        tokens: (had, has),
        edits,
        model: None,
        note: None,
    }
}

/// A model's wording with its tokens, or why it cannot be taken.
fn acceptable(text: &str, before: &str, least: usize) -> Result<(String, usize), String> {
    let mut text = text.trim().to_string();
    if text.is_empty() {
        return Err("it is empty".into());
    }
    if before.ends_with('\n') {
        text.push('\n');
    }
    if compress::tags(&text) != compress::tags(before) {
        return Err("its template tags are not those of the message".into());
    }
    let tokens = tokens::count(&text);
    if tokens >= least {
        return Err(format!("it is no shorter ({tokens} tokens against {least})"));
    }
    Ok((text, tokens))
}

fn sum(a: Option<NanoUsd>, b: Option<NanoUsd>) -> Option<NanoUsd> {
    a.into_iter().chain(b).reduce(|sum, cost| sum + cost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_models_wording_has_to_keep_the_tags_and_be_shorter() {
        let before = "Please summarise this: {{ text }}\n";
        assert_eq!(
            acceptable("Summarise: {{text}}", before, 20).unwrap_err(),
            "its template tags are not those of the message"
        );
        assert_eq!(acceptable(" ", before, 20).unwrap_err(), "it is empty");
        let good = acceptable("Summarise: {{ text }}", before, 20).unwrap();
        assert_eq!(good.0, "Summarise: {{ text }}\n");
        assert!(acceptable("Summarise: {{ text }}", before, 2).unwrap_err().contains("no shorter"));
    }
}
