//! Judges, found in the registry and compiled once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gatemark_core::error::{Error, Result};
use gatemark_core::id::{ModelName, PromptName};
use gatemark_core::prompt::Version;
use gatemark_gateway::{PromptRef, Release};
use gatemark_text::judge::{Contract, Form, Subject};
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::kin;
use crate::{Control, select};

/// A version of a judge on one model.
#[derive(Debug)]
pub struct Judge {
    /// The judge's prompt, compiled for the model.
    pub(super) release: Arc<Release>,
    /// The model that judges.
    pub model: ModelName,
    /// What it takes and replies.
    pub contract: Contract,
}

impl Judge {
    /// The version.
    pub fn version(&self) -> &Version {
        &self.release.version
    }

    /// As reports name it: `judges/rubric@3 on openai/gpt-4o-2024-08-06`.
    pub fn name(&self) -> String {
        named(self.version(), Some(&self.model))
    }

    /// The values for its variables.
    pub(super) fn shown(&self, subject: &Subject<'_>) -> Result<Map<String, Value>, String> {
        let declared = &self.version().content.variables;
        subject.values(&self.contract, declared).map_err(|why| format!("{} {why}", self.name()))
    }

    /// The values that say what the answers are answers to.
    pub(super) fn common(&self, subject: &Subject<'_>) -> Result<Map<String, Value>, String> {
        let declared = &self.version().content.variables;
        subject.common(&self.contract, declared).map_err(|why| format!("{} {why}", self.name()))
    }

    /// Whether each call is answered alike, as far as the parameters tell.
    fn is_repetitive(&self) -> bool {
        let variant = self.version().content.models.first();
        let temperature = variant.and_then(|variant| variant.parameters.get("temperature"));
        temperature.and_then(Value::as_f64) == Some(0.0)
    }
}

fn named(version: &Version, model: Option<&ModelName>) -> String {
    let model = model.map_or("no model", ModelName::as_str);
    format!("{}@{} on {model}", version.prompt, version.number)
}

impl Control {
    /// The name of the judge that `prompt` names, as reports would have it, whether or not it can be asked
    /// from here.
    ///
    /// # Errors
    /// `NotFound` if there is no such version.
    pub async fn judge_name(
        &self,
        prompt: &PromptRef,
        model: Option<&ModelName>,
    ) -> Result<String> {
        let version = select::version(&self.store, &prompt.name, &prompt.selector).await?;
        let own = version.content.models.first().map(|variant| &variant.model);
        Ok(named(&version, model.or(own)))
    }

    /// The judge that `prompt` names, on `model` or else on its own serving model.
    ///
    /// # Errors
    /// `NotFound` if there is no such version; `Invalid` with every objection if the prompt is no judge or
    /// its model cannot be called.
    pub async fn judge(&self, prompt: &PromptRef, model: Option<&ModelName>) -> Result<Judge> {
        let mut version = select::version(&self.store, &prompt.name, &prompt.selector).await?;
        // A verdict that keeps no form is a finding about the judge. Asking again would hide it, and cost.
        version.content.output.repair = Some(0);
        let named = format!("{}@{}", version.prompt, version.number);
        let refuse =
            |why: &str| Error::invalid(format!("{named} is no judge: {why}")).coded("no_judge");
        let own = version.content.models.first().map(|variant| &variant.model);
        let model = model.or(own).cloned().ok_or_else(|| refuse("it has no model"))?;
        if !self.project.serves(&model) {
            return Err(refuse(&format!("its model {model} has no provider in gatemark.yaml"))
                .coded("model_not_found"));
        }
        if let Some(variable) = self.keys_missing.get(model.provider()) {
            let message = format!(
                "{named} cannot be asked on {model}: its key {variable} is not in the environment"
            );
            return Err(Error::invalid(message).at("model").coded("provider_key_missing"));
        }
        if version.content.limits.cost_per_call.is_some() && self.project.price(&model).is_none() {
            let why =
                format!("it caps its cost per call, but {model} has no price in gatemark.yaml");
            return Err(refuse(&why).coded("price_unknown"));
        }
        let contract =
            Contract::read(&version.content).map_err(|problems| refuse(&problems.join("; ")))?;
        let release = Arc::new(Release::on(&version, &model)?);
        self.embed_examples(&release).await?;
        Ok(Judge { release, model, contract })
    }
}

/// The judges of one run: each found once, so that all its cases are judged by the same version.
#[derive(Debug, Default)]
pub struct Judges {
    /// Whose answers are judged, if those of one prompt are.
    prompt: Option<PromptName>,
    found: Mutex<BTreeMap<String, Arc<Judge>>>,
    /// The names of whatever else judges.
    others: Mutex<BTreeSet<String>>,
}

impl Judges {
    /// Judges of the answers of one prompt.
    pub fn of(prompt: PromptName) -> Self {
        Self { prompt: Some(prompt), ..Self::default() }
    }

    /// The prompt whose answers are judged, if it is one.
    pub fn of_answers(&self) -> Option<&PromptName> {
        self.prompt.as_ref()
    }

    /// The judge that `prompt` names; see [`Control::judge`].
    ///
    /// # Errors
    /// As [`Control::judge`].
    pub async fn find(
        &self,
        prompt: &PromptRef,
        model: Option<&ModelName>,
        control: &Control,
    ) -> Result<Arc<Judge>> {
        let key = format!("{}@{:?} {model:?}", prompt.name, prompt.selector);
        // Held while searching: of two who ask at once, the second gets what the first finds.
        let mut found = self.found.lock().await;
        if let Some(judge) = found.get(&key) {
            return Ok(judge.clone());
        }
        let judge = Arc::new(control.judge(prompt, model).await?);
        found.insert(key, judge.clone());
        Ok(judge)
    }

    /// Notes somebody else who judges, by a name that is another one when they judge otherwise.
    pub async fn note(&self, name: String) {
        self.others.lock().await.insert(name);
    }

    /// The judges' names, as reports list them, each once.
    pub async fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.found.lock().await.values().map(|j| j.name()).collect();
        names.extend(self.others.lock().await.iter().cloned());
        names.sort();
        names.dedup();
        names
    }

    /// What somebody who trusts the verdicts on answers of `judged` should know of the judges.
    pub async fn notes(&self, judged: &ModelName) -> Vec<String> {
        let found = self.found.lock().await;
        let mut notes: Vec<String> =
            found.values().flat_map(|judge| notes_on(judge, judged)).collect();
        notes.sort();
        notes.dedup();
        notes
    }
}

/// What somebody who trusts `judge` about answers of `judged` should know.
fn notes_on(judge: &Judge, judged: &ModelName) -> Vec<String> {
    let mut notes = vec![];
    if kin::are_kin(&judge.model, judged) {
        notes.push(format!(
            "{} judges answers of {judged}, a model of its own family: models tend to prefer their own \
             kind; choose a judge of another family, or calibrate this one",
            judge.name()
        ));
    }
    if judge.is_repetitive() && judge.contract.form != Form::Winner {
        notes.push(format!(
            "{} runs at temperature 0: its votes repeat one another and count for little more than one",
            judge.name()
        ));
    }
    notes
}
