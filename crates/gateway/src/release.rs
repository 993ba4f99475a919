//! A version made ready to serve: templates compiled, contract compiled, static parts rendered and
//! counted, so that a call does only what depends on the call.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use gatemark_core::context::Truncate;
use gatemark_core::error::{Error, Result};
use gatemark_core::id::ModelName;
use gatemark_core::prompt::{Example, Role, Variant, Version};
use gatemark_core::variable;
use gatemark_provider::Form;
use gatemark_provider::request::Turn;
use gatemark_text::condition::Condition;
use gatemark_text::conform::Contract;
use gatemark_text::judge;
use gatemark_text::output::canary;
use gatemark_text::output::leak::Kept;
use gatemark_text::template::{Templates, literal_texts};
use gatemark_text::tokens;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::apart;
use crate::shorten;
use crate::shots::Shots;
use crate::written::as_text;

/// A version compiled for each of its models.
pub struct Release {
    /// The version.
    pub version: Version,
    pub(crate) contract: Contract,
    /// What vendors are told of the contract, if it is a schema that they can be told.
    pub(crate) form: Option<Arc<Form>>,
    form_tokens: OnceLock<u64>,
    /// Which answers a person looks at.
    pub(crate) review: Option<Condition>,
    pub(crate) variants: Vec<Compiled>,
    /// Of the examples, if they are chosen by an embedding model and the vectors are there.
    pub(crate) vectors: OnceLock<Vec<Arc<[f32]>>>,
    /// Its system texts, which answers should not hold.
    kept: OnceLock<Arc<Kept>>,
    /// Who judges the answers of its cascade's lower steps, if somebody does and is there.
    pub(crate) judge: OnceLock<Judge>,
}

/// The judge of a cascade.
pub(crate) struct Judge {
    /// Its version on one model.
    pub(crate) release: Arc<Release>,
    pub(crate) model: ModelName,
    pub(crate) contract: judge::Contract,
}

/// A version compiled for one model.
pub(crate) struct Compiled {
    pub(crate) model: ModelName,
    pub(crate) roles: Vec<Role>,
    /// How many messages stand before the version's own.
    added: usize,
    pub(crate) templates: Templates,
    /// How each message may be cut, and its priority.
    pub(crate) cuts: Vec<(Option<Truncate>, u8)>,
    /// The worked examples; they stand before the message at `examples_before`.
    pub(crate) shots: Shots,
    pub(crate) examples_before: usize,
    pub(crate) parameters: Vec<(String, Box<RawValue>)>,
    stable_turns: OnceLock<usize>,
}

/// Shortest beginning of a prompt, in tokens, that vendors' prompt caches take; for some models it is longer,
/// and then they ignore the mark.
const LEAST_STABLE: usize = 1024;

impl std::fmt::Debug for Release {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Release({} v{})", self.version.prompt, self.version.number)
    }
}

impl Release {
    /// Compiles `version`. Fails only if the version could not have been registered by this program.
    pub fn compile(version: Version) -> Result<Self> {
        let about = |error: Error| {
            let message = format!("{} v{}: {error}", version.prompt, version.number);
            Error::internal(message).because(error)
        };
        let contract = Contract::compile(&version.content.output)
            .map_err(|problem| about(Error::invalid(problem.message)))?;
        let output = &version.content.output;
        let form = match &output.schema {
            Some(schema) => Form::new(schema, output.insufficient.as_deref()).map_err(about)?,
            None => None,
        };
        let review = output.review.as_ref().map(|review| Condition::parse(&review.when));
        let review = review.transpose().map_err(|why| about(Error::invalid(why.to_string())))?;
        let variants = version
            .content
            .models
            .iter()
            .map(|variant| Compiled::compile(&version, variant).map_err(about))
            .collect::<Result<Vec<_>>>()?;
        let form = form.map(Arc::new);
        let (form_tokens, vectors, judge) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        let kept = OnceLock::new();
        Ok(Self { version, contract, form, form_tokens, review, variants, vectors, kept, judge })
    }

    /// The same release compiled for `model` alone, with the parameters and messages of the version's
    /// variant for it, or of its first variant: how a suite tries a model that the version does not name. On the
    /// first step of the version's cascade it is the whole cascade, since that is what would serve.
    pub fn on(version: &Version, model: &ModelName) -> Result<Self> {
        let mut version = version.clone();
        let content = &mut version.content;
        let begins = |steps: &[ModelName]| steps.first() == Some(model);
        if content.cascade.as_ref().is_some_and(|cascade| begins(&cascade.steps)) {
            return Self::compile(version);
        }
        content.cascade = None;
        let variants = &mut content.models;
        if let Some(index) = variants.iter().position(|variant| variant.model == *model) {
            variants.swap(0, index);
        } else if let Some(first) = variants.first_mut() {
            first.model = model.clone();
        }
        variants.truncate(1);
        Self::compile(version)
    }

    /// The version with `model`, one of its own, in front of the others; without its cascade, which begins with
    /// another.
    pub fn led_by(version: &Version, model: &ModelName) -> Result<Self> {
        let mut version = version.clone();
        let variants = &mut version.content.models;
        if let Some(place) = variants.iter().position(|variant| variant.model == *model) {
            variants[..=place].rotate_right(1);
            version.content.cascade = None;
        }
        Self::compile(version)
    }

    /// Tokens by which the form is told. Counted when first asked for, as few calls need them.
    pub(crate) fn form_tokens(&self) -> u64 {
        let count = || self.form.as_ref().map_or(0, |form| tokens::count(form.identity()) as u64);
        *self.form_tokens.get_or_init(count)
    }

    /// What its authors wrote in system texts, for all of its models, and its planted mark. Taken apart when first asked
    /// for, as few versions have their answers held against it.
    pub(crate) fn kept(&self) -> Arc<Kept> {
        let kept = || {
            let content = &self.version.content;
            let messages = content.models.iter().flat_map(|variant| content.messages_for(variant));
            let mut pieces: Vec<String> = vec![];
            for message in messages.filter(|message| message.role == Role::System) {
                let texts = literal_texts(&message.text).into_iter();
                let new: Vec<String> = texts.filter(|text| !pieces.contains(text)).collect();
                pieces.extend(new);
            }
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            let mark = mark(&self.version);
            Arc::new(Kept::new(&pieces, &mark.as_deref().into_iter().collect::<Vec<_>>()))
        };
        self.kept.get_or_init(kept).clone()
    }

    pub(crate) fn variant(&self, model: &ModelName) -> Option<&Compiled> {
        self.variants.iter().find(|variant| variant.model == *model)
    }
}

impl Compiled {
    /// How many turns at the beginning are the same in every call, if with the declared tools they are long
    /// enough for a prompt cache; else 0. Counted when first asked for, because a
    /// command that only looks at the registry should not load a tokenizer.
    pub(crate) fn stable_turns(&self) -> usize {
        *self.stable_turns.get_or_init(|| {
            let (turns, text) = self.stable_beginning();
            let tools = self.parameters.iter().filter(|(name, _)| name == "tools");
            let tools: usize = tools.map(|(_, raw)| tokens::count(raw.get())).sum();
            if tokens::count(&text) + tools >= LEAST_STABLE { turns } else { 0 }
        })
    }

    /// The message at `index` as its author counts.
    pub(crate) fn part(&self, index: usize) -> String {
        match index.checked_sub(self.added) {
            Some(index) => format!("messages[{index}]"),
            None => "what is said of marks".to_string(),
        }
    }

    fn stable_beginning(&self) -> (usize, String) {
        let (mut turns, mut text) = (0, String::new());
        for index in 0..self.roles.len() {
            if index == self.examples_before {
                let Some(examples) = self.shots.constant() else { break };
                turns += examples.len();
                text.extend(examples.iter().map(|turn| turn.text.as_str()));
            }
            let Some(constant) = self.templates.constant(index) else { break };
            turns += 1;
            text.push_str(constant);
        }
        (turns, text)
    }

    fn compile(version: &Version, variant: &Variant) -> Result<Self> {
        let mut messages = version.content.messages_for(variant);
        let added = apart::explain(&version.content, &mut messages);
        if let Some(mark) = mark(version) {
            let system =
                messages.iter_mut().skip(added).find(|message| message.role == Role::System);
            if let Some(system) = system {
                let (format, position) = (canary::FORMAT, canary::Position::End);
                system.text = canary::planted(&system.text, &mark, format, position);
            }
        }
        let sources: Vec<&str> = messages.iter().map(|message| message.text.as_str()).collect();
        let templates = Templates::compile(&sources)?;
        let last_user = messages.iter().rposition(|message| message.role == Role::User);
        let (turns, variables) = match last_user {
            Some(index) => example_turns(version, &templates, index)?,
            None => (vec![], vec![]),
        };
        let shots = Shots::new(turns, &variables, version.content.choose.as_ref());
        Ok(Self {
            model: variant.model.clone(),
            added,
            roles: messages.iter().map(|message| message.role).collect(),
            templates,
            cuts: messages.iter().map(|message| (message.truncate, message.priority())).collect(),
            shots,
            examples_before: last_user.unwrap_or(messages.len()),
            parameters: raw_parameters(variant)?,
            stable_turns: OnceLock::new(),
        })
    }
}

/// The mark that is planted in a version's first system text, if it wants one: its own, and the same in every call, so
/// that the beginning of its requests stays one that caches know.
fn mark(version: &Version) -> Option<String> {
    let wants = version.content.guard.as_ref().is_some_and(|guard| guard.canary);
    wants.then(|| canary::mark_of(&version.hash.to_string()))
}

/// Each example as the user message it would have been and the answer wanted for it.
fn example_turns(version: &Version, templates: &Templates, user: usize) -> Result<Examples> {
    let (mut turns, mut all) = (vec![], vec![]);
    for example in &version.content.examples {
        let variables = example_variables(version, example)?;
        let mut shown = variables.clone();
        shorten::ordered(&version.content.variables, &mut shown);
        // Written by the version's author, so that marks need no secret: the beginning of a prompt stays the same.
        let boundary = apart::boundary(&version.content, &shown, &[]);
        let shown = apart::shown(&version.content, Cow::Owned(shown), boundary.as_ref());
        let question = Turn { role: Role::User, text: templates.render(user, &shown)? };
        let answer = Turn { role: Role::Assistant, text: as_text(&example.output) };
        turns.push([question, answer]);
        all.push(variables);
    }
    Ok((turns, all))
}

/// Examples as turns, and their variables.
type Examples = (Vec<[Turn; 2]>, Vec<BTreeMap<String, Value>>);

fn example_variables(version: &Version, example: &Example) -> Result<BTreeMap<String, Value>> {
    variable::bind(&version.content.variables, &example.variables).map_err(|problems| {
        let first = problems.first().map(|p| format!("`{}` {}", p.name, p.problem));
        Error::invalid(format!("an example's variable {}", first.unwrap_or_default()))
    })
}

fn raw_parameters(variant: &Variant) -> Result<Vec<(String, Box<RawValue>)>> {
    let raw = |(key, value): (&String, &Value)| {
        let raw = RawValue::from_string(value.to_string())
            .map_err(|cause| Error::internal("a parameter is not JSON").because(cause))?;
        Ok((key.clone(), raw))
    };
    variant.parameters.iter().map(raw).collect()
}
