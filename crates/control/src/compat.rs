//! Would another model do: one version's suite on several models, each compared with the one that serves.

use gatemark_core::comparison::Compared;
use gatemark_core::error::{Error, Result};
use gatemark_core::id::ModelName;
use gatemark_core::prompt::Version;
use gatemark_core::report::Report;

use crate::Control;
use crate::evaluate::{Progress, TestRequest, TestRun};

/// One prompt on several models.
#[derive(Debug)]
pub struct Compat {
    /// The version.
    pub version: Version,
    /// The models in the order asked for, the serving one first.
    pub models: Vec<OnModel>,
}

/// What one model made of the suite.
#[derive(Debug)]
pub struct OnModel {
    /// Its report.
    pub report: Report,
    /// Compared with the serving model; `None` for that one itself.
    pub against_serving: Option<Compared>,
}

impl Control {
    /// Runs each of the request's versions on its serving model and on the request's models.
    ///
    /// # Errors
    /// As [`test`](Control::test).
    pub async fn compat(
        &self,
        request: &TestRequest,
        confidence: f64,
        progress: &dyn Progress,
    ) -> Result<Vec<Compat>> {
        let mut found: Vec<Compat> = vec![];
        for target in &request.targets {
            let serving = self.serving_model(target).await?;
            let others = request.models.iter().filter(|model| **model != serving);
            let models = std::iter::once(&serving).chain(others).cloned().collect();
            let one = TestRequest { targets: vec![target.clone()], models, ..request.clone() };
            let runs = self.test(&one, progress).await?;
            found.push(self.matrix(runs, confidence).await?);
        }
        Ok(found)
    }

    async fn serving_model(&self, target: &crate::evaluate::TestTarget) -> Result<ModelName> {
        let version = self.version_of(target).await?;
        let first = version.content.models.into_iter().next();
        first.map(|variant| variant.model).ok_or_else(|| {
            Error::invalid(format!(
                "version {} of `{}` names no model",
                version.number, version.prompt
            ))
        })
    }

    async fn matrix(&self, runs: Vec<TestRun>, confidence: f64) -> Result<Compat> {
        let mut runs = runs.into_iter();
        let first = runs.next().ok_or_else(|| Error::internal("a test without a run"))?;
        let mut models = vec![OnModel { report: first.report.clone(), against_serving: None }];
        for run in runs {
            let compared =
                self.versus(&run.report, &first.report, &first.suite, confidence).await?;
            models.push(OnModel { report: run.report, against_serving: Some(compared) });
        }
        Ok(Compat { version: first.version, models })
    }
}
