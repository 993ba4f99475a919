//! What calls were like in a window, and against the version before.

use std::collections::BTreeMap;

use gatemark_core::deploy::Deployment;
use gatemark_core::error::Result;
use gatemark_core::id::{EnvironmentName, ModelName, PromptName};
use gatemark_core::rollup::{Baseline, Bucket, Figures, Key, Period};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Control;

/// What sets rows of one prompt in one environment apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Nothing more.
    Environment,
    /// The version.
    Version,
    /// The model.
    Model,
    /// The side of a rollout or experiment.
    Arm,
}

impl By {
    /// Every way with its word.
    pub const WORDS: [(&'static str, By); 4] = [
        ("environment", Self::Environment),
        ("version", Self::Version),
        ("model", Self::Model),
        ("arm", Self::Arm),
    ];

    /// The way that `word` names.
    pub fn named(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(known, _)| *known == word).map(|(_, by)| *by)
    }
}

/// Which calls, and how they are set apart; whatever is `None` does not narrow.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Of this prompt.
    pub prompt: Option<PromptName>,
    /// In this environment.
    pub environment: Option<EnvironmentName>,
    /// How far back.
    pub window: Period,
    /// By what.
    pub by: By,
}

/// What calls in a window were like.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MetricsView {
    /// How far back: `5m`, `1h`, `24h`, `7d` or `28d`.
    pub window: &'static str,
    /// The window's begin, in microseconds since 1970.
    pub since: i64,
    /// Its end.
    pub until: i64,
    /// One for each prompt and environment, and for each version, model or arm where that was asked.
    pub rows: Vec<MetricsRow>,
}

/// Calls that are counted together.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MetricsRow {
    /// `service/name`; `null` for plain model calls.
    #[schema(value_type = Option<String>)]
    pub prompt: Option<PromptName>,
    /// Where the prompt was resolved.
    #[schema(value_type = Option<String>)]
    pub environment: Option<EnvironmentName>,
    /// The version's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// The model that answered or was last asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub model: Option<ModelName>,
    /// `stable` or `candidate`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arm: Option<String>,
    /// Counts, shares, means and quantiles; `null` where there are no calls to rest on.
    #[schema(value_type = Object)]
    pub figures: Figures,
    /// What the version before was like when the one that serves was deployed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<BaselineView>,
}

/// What a deployment froze.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct BaselineView {
    /// The version that served before.
    pub version: u32,
    /// The window's begin, in microseconds since 1970.
    pub since: i64,
    /// The moment of the deployment.
    pub until: i64,
    /// What its calls were like.
    #[schema(value_type = Object)]
    pub figures: Figures,
}

impl From<&Baseline> for BaselineView {
    fn from(baseline: &Baseline) -> Self {
        let Baseline { number, since, until, bucket } = baseline;
        Self { version: *number, since: *since, until: *until, figures: Figures::of(bucket) }
    }
}

/// What rows are told apart by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    prompt: Option<PromptName>,
    environment: Option<EnvironmentName>,
    version: Option<u32>,
    model: Option<ModelName>,
    arm: Option<String>,
}

impl Place {
    fn of(key: Key, by: By) -> Self {
        let Key { prompt, environment, number, model, arm } = key;
        Self {
            prompt,
            environment,
            version: number.filter(|_| by == By::Version),
            model: (by == By::Model).then_some(model),
            arm: (by == By::Arm).then_some(arm),
        }
    }
}

impl Control {
    /// What calls were like up to `now`, those still in the call log included.
    pub async fn metrics(&self, asked: &Asked, now: i64) -> Result<MetricsView> {
        self.ship_if_possible().await;
        let (since, until) = (asked.window.since(now), now.saturating_add(1));
        let prompts = match &asked.prompt {
            Some(prompt) => vec![Some(prompt.clone())],
            None => self.store.rolled_prompts(since).await?,
        };
        let mut found: BTreeMap<Place, Bucket> = BTreeMap::new();
        for prompt in prompts {
            for part in self.store.rolled(prompt.as_ref(), since, until).await? {
                if asked.environment.is_none() || part.key.environment == asked.environment {
                    found.entry(Place::of(part.key, asked.by)).or_default().merge(&part.bucket);
                }
            }
        }
        let serving = self.store.pointers().await?;
        let mut rows = vec![];
        for (place, bucket) in found {
            let baseline = match served(&serving, &place, asked.by) {
                Some(deployment) => self.store.baseline(deployment.id).await?,
                None => None,
            };
            let Place { prompt, environment, version, model, arm } = place;
            let (figures, baseline) = (Figures::of(&bucket), baseline.as_ref().map(Into::into));
            rows.push(MetricsRow { prompt, environment, version, model, arm, figures, baseline });
        }
        Ok(MetricsView { window: asked.window.word(), since, until: now, rows })
    }
}

/// The deployment that a row's calls may be held against, if they are all or only those of what serves.
fn served<'a>(serving: &'a [Deployment], place: &Place, by: By) -> Option<&'a Deployment> {
    let deployment = serving.iter().find(|deployment| {
        Some(&deployment.prompt) == place.prompt.as_ref()
            && Some(&deployment.environment) == place.environment.as_ref()
    })?;
    match by {
        By::Environment => Some(deployment),
        By::Version => (place.version == Some(deployment.number)).then_some(deployment),
        By::Model | By::Arm => None,
    }
}
