//! One version against one suite on one model.

use std::sync::Arc;

use gatemark_core::canonical;
use gatemark_core::error::{Error, Result};
use gatemark_core::id::{Digest, ModelName};
use gatemark_core::model::{Project, Provider};
use gatemark_core::prompt::Version;
use gatemark_core::suite::{Case, CheckSpec, Suite};
use gatemark_core::upstream::Upstreams;
use gatemark_gateway::Release;
use serde::Serialize;

use crate::Control;
use crate::checks::{self, Assertion};
use crate::judge::Judges;

/// What a plan is made of.
pub(super) struct Parts {
    pub(super) version: Version,
    pub(super) suite: Arc<Suite>,
    pub(super) digest: Digest,
    pub(super) model: ModelName,
    /// Where not as the suite says.
    pub(super) repeats: Option<u32>,
    pub(super) threshold: Option<f64>,
    pub(super) draft: bool,
}

/// A run that can begin.
pub(super) struct Plan {
    pub(super) version: Version,
    pub(super) suite: Arc<Suite>,
    pub(super) digest: Digest,
    pub(super) model: ModelName,
    pub(super) repeats: u32,
    pub(super) threshold: Option<f64>,
    /// Whether the version is not registered, so that nothing is kept of the run.
    pub(super) draft: bool,
    pub(super) release: Arc<Release>,
    /// Who answers under the name of each model that is asked, in words and as a report keeps it.
    provider: String,
    pub(super) upstreams: Upstreams,
    /// The checks that every case gets, built once.
    pub(super) common: Vec<Assertion>,
    /// The judges that its checks ask.
    pub(super) judges: Judges,
    /// Their names.
    pub(super) judged_by: Vec<String>,
    /// What whoever reads their verdicts should know.
    pub(super) notes: Vec<String>,
}

/// What makes two runs the same run.
#[derive(Serialize)]
struct Key<'a> {
    format: u8,
    version: &'a Digest,
    suite: &'a Digest,
    model: &'a ModelName,
    /// Who answers under the names of the models that are asked.
    provider: &'a str,
    repeats: u32,
    draft: bool,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    judges: &'a [String],
}

impl Plan {
    /// Compiles the version and builds the suite's checks.
    pub(super) fn new(parts: Parts) -> Result<Self> {
        let Parts { version, suite, digest, model, repeats, threshold, draft } = parts;
        let release = Arc::new(Release::on(&version, &model)?);
        let common = build("the suite", &suite.checks)?;
        let repeats = repeats.or(suite.repeats).unwrap_or(1).max(1);
        let (judges, judged_by, notes) = (Judges::of(version.prompt.clone()), vec![], vec![]);
        Ok(Self {
            version,
            suite,
            digest,
            model,
            repeats,
            threshold,
            draft,
            provider: String::new(),
            upstreams: Upstreams::new(),
            release,
            common,
            judges,
            judged_by,
            notes,
        })
    }

    /// The same with everything found that its checks need, judges above all. Checks of single cases are
    /// built for it and let go of again.
    pub(super) async fn prepared(mut self, control: &Control) -> Result<Self> {
        control.furnish(&self.release).await?;
        for check in &self.common {
            check.prepare(&self.judges, control).await?;
        }
        for case in &self.suite.cases {
            if case.checks.iter().any(|spec| checks::waits(&spec.metric)) {
                for check in self.own(case)? {
                    check.prepare(&self.judges, control).await?;
                }
            }
        }
        let asked = self.version.content.answering(&self.model);
        let providers = asked.iter().filter_map(|m| control.project.providers.get(m.provider()));
        let identities: Vec<String> = providers.map(Provider::identity).collect();
        self.provider = identities.join("\n");
        self.upstreams = control.project.upstreams(asked);
        self.judged_by = self.judges.names().await;
        self.notes = self.judges.notes(&self.model).await;
        self.notes.extend(control.notes_on_judge(&self.release));
        Ok(self)
    }

    /// How many rows a whole run has.
    pub(super) fn rows(&self) -> u64 {
        self.suite.cases.len() as u64 * u64::from(self.repeats)
    }

    /// What the row at `ordinal` asks: a case, and which time, from 1. All cases are asked once before any
    /// is asked twice, so that a run that ends early has seen as many of them as it could.
    pub(super) fn at(&self, ordinal: u64) -> Option<(&Case, u32)> {
        let cases = self.suite.cases.len().max(1) as u64;
        let case = usize::try_from(ordinal % cases).ok()?;
        let repeat = u32::try_from(ordinal / cases).ok()? + 1;
        Some((self.suite.cases.get(case)?, repeat))
    }

    /// The models that are asked where an answer of the first is not good enough.
    pub(super) fn further_steps(&self) -> &[ModelName] {
        let steps = self.version.content.cascade.as_ref().map(|cascade| cascade.steps.as_slice());
        let steps = steps.filter(|steps| steps.first() == Some(&self.model));
        steps.and_then(|steps| steps.get(1..)).unwrap_or_default()
    }

    /// Whether the models that are asked are still answered for by those that the plan was made with.
    pub(super) fn holds_under(&self, project: &Project) -> bool {
        self.upstreams == project.upstreams(self.version.content.answering(&self.model))
    }

    /// Identifies the run.
    pub(super) fn key(&self) -> Result<Digest> {
        let (version, suite) = (&self.version.hash, &self.digest);
        let (model, repeats, draft) = (&self.model, self.repeats, self.draft);
        let judges = self.judged_by.as_slice();
        let provider = self.provider.as_str();
        let key = Key { format: 1, version, suite, model, provider, repeats, draft, judges };
        Ok(canonical::seal(&key)?.digest)
    }

    /// The checks that only `case` gets. Built when the case's turn comes: a hundred thousand compiled
    /// schemas need not be there at once.
    pub(super) fn own(&self, case: &Case) -> Result<Vec<Assertion>> {
        build(&format!("case `{}`", case.id), &case.checks)
    }
}

fn build(whose: &str, specs: &[CheckSpec]) -> Result<Vec<Assertion>> {
    let build =
        |spec| checks::build(spec).map_err(|problem| Error::invalid(format!("{whose}: {problem}")));
    specs.iter().map(build).collect()
}
