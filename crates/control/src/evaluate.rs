//! Test runs: a suite against a version, through the pipeline that serves.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use gatemark_core::access::{Caller, Role};
use gatemark_core::call::{CallPurpose, Outcome};
use gatemark_core::error::{Error, Result};
use gatemark_core::id::{Digest, ModelName, PromptName};
use gatemark_core::model::Usage;
use gatemark_core::prompt::Version;
use gatemark_core::report::{CheckResult, Report, Row, Summary, Verdict};
use gatemark_core::suite::{Case, Suite};
use gatemark_gateway::{Body, Failure, Incoming, Release, Reply, Selector, Target, clock};
use gatemark_text::check::{self, BuiltCheck, Observation};
use tokio::time::Instant;

use crate::{Control, select};

/// What to test.
#[derive(Debug, Clone)]
pub struct TestRequest {
    /// The prompt.
    pub prompt: PromptName,
    /// Which version; the newest by default.
    pub selector: Selector,
    /// On which models; none means the one that would serve.
    pub models: Vec<ModelName>,
    /// Cases under way at once, at least 1.
    pub concurrency: usize,
    /// Who asks.
    pub actor: String,
}

/// Is told how a run goes on.
pub trait Progress: Send + Sync {
    /// A run of `cases` cases on `model` begins.
    fn begin(&self, model: &ModelName, cases: usize);
    /// One case has ended.
    fn case(&self, row: &Row);
    /// The run has ended.
    fn end(&self);
}

/// A finished run.
#[derive(Debug)]
pub struct TestRun {
    /// The stored report.
    pub report: Report,
    /// Its rows in the suite's order.
    pub rows: Vec<Row>,
    /// The version that was tested.
    pub version: Version,
    /// The suite.
    pub suite: Suite,
}

/// A case with its checks ready to be applied.
struct Prepared {
    case: Case,
    checks: Vec<BuiltCheck>,
}

impl Control {
    /// Runs the prompt's current suite on each model and stores a report for each.
    pub async fn test(
        &self,
        request: &TestRequest,
        progress: &dyn Progress,
    ) -> Result<Vec<TestRun>> {
        let version = select::version(&self.store, &request.prompt, &request.selector).await?;
        let (suite, digest) =
            self.store.current_suite(&request.prompt).await?.ok_or_else(|| {
                let message = format!(
                    "`{}` has no suite: add suite.yaml beside prompt.yaml and push",
                    request.prompt
                );
                Error::not_found(message).coded("no_suite")
            })?;
        let models = self.models(&version, &request.models)?;
        let mut runs = vec![];
        for model in &models {
            let rows = self.run(&version, &suite, model, request, progress).await?;
            let report = self.keep(&version, digest, model, &request.actor, &rows).await?;
            let (version, suite) = (version.clone(), suite.clone());
            runs.push(TestRun { report, rows, version, suite });
        }
        Ok(runs)
    }

    fn models(&self, version: &Version, asked: &[ModelName]) -> Result<Vec<ModelName>> {
        let models: Vec<ModelName> = if asked.is_empty() {
            version
                .content
                .models
                .first()
                .map(|variant| variant.model.clone())
                .into_iter()
                .collect()
        } else {
            asked.to_vec()
        };
        for model in &models {
            if !self.project.serves(model) {
                let known: Vec<&str> = self.project.providers.keys().map(String::as_str).collect();
                let message = format!(
                    "the model `{model}` has no provider here: gatemark.yaml declares {}",
                    known.join(", ")
                );
                return Err(Error::invalid(message).at("model").coded("model_not_found"));
            }
        }
        self.priced(version, &models)?;
        Ok(models)
    }

    /// A version that caps its cost cannot run on a model whose price nobody knows.
    fn priced(&self, version: &Version, models: &[ModelName]) -> Result<()> {
        if version.content.limits.cost_per_call.is_none() {
            return Ok(());
        }
        match models.iter().find(|model| self.project.price(model).is_none()) {
            None => Ok(()),
            Some(model) => {
                let message = format!(
                    "the prompt caps its cost per call, but `{model}` has no price: add one under \
                     `models` in gatemark.yaml"
                );
                Err(Error::invalid(message).at("model").coded("price_unknown"))
            }
        }
    }

    async fn run(
        &self,
        version: &Version,
        suite: &Suite,
        model: &ModelName,
        request: &TestRequest,
        progress: &dyn Progress,
    ) -> Result<Vec<Row>> {
        let release = Arc::new(Release::on(version, model)?);
        let prepared = suite.cases.iter().map(|case| prepare(suite, case));
        let prepared = prepared.collect::<Result<Vec<_>>>()?;
        progress.begin(model, prepared.len());
        let rows = stream::iter(prepared)
            .map(|prepared| async {
                let row = self.run_case(&release, model, &request.actor, prepared).await;
                progress.case(&row);
                row
            })
            .buffered(request.concurrency.max(1))
            .collect()
            .await;
        progress.end();
        Ok(rows)
    }

    async fn run_case(
        &self,
        release: &Arc<Release>,
        model: &ModelName,
        actor: &str,
        prepared: Prepared,
    ) -> Row {
        let incoming = Incoming {
            caller: Caller { name: actor.to_string(), roles: vec![Role::Edit] },
            purpose: CallPurpose::Test,
            target: Target::Exact {
                release: release.clone(),
                model: model.clone(),
                variables: prepared.case.variables.clone(),
            },
            stream: false,
            usage_wanted: false,
            messages: None,
            fields: vec![],
        };
        let began = Instant::now();
        let result = self.gateway.call(incoming).await;
        let latency_us = clock::micros(began.elapsed());
        let row = Row {
            case: prepared.case.id.clone(),
            category: prepared.case.category.clone(),
            repeat: 1,
            verdict: Verdict::Error,
            score: None,
            format_valid: false,
            actual: String::new(),
            checks: vec![],
            error: None,
            latency_us,
            cost: None,
            cached: false,
            call: String::new(),
        };
        match result {
            Ok(reply) => answered(row, reply, release, &prepared),
            Err(failure) => failed(row, failure),
        }
    }

    async fn keep(
        &self,
        version: &Version,
        suite: Digest,
        model: &ModelName,
        actor: &str,
        rows: &[Row],
    ) -> Result<Report> {
        let now = clock::now_us();
        let report = Report {
            id: uuid::Uuid::now_v7().to_string(),
            prompt: version.prompt.clone(),
            number: version.number,
            version: version.hash,
            suite,
            model: model.clone(),
            actor: actor.to_string(),
            finished_at: now,
            stopped: None,
            judges: vec![],
            summary: Summary::of(rows),
        };
        self.store.save_report(&report, rows, now).await?;
        Ok(report)
    }
}

fn prepare(suite: &Suite, case: &Case) -> Result<Prepared> {
    let build = |spec| {
        check::build(spec)
            .map_err(|problem| Error::invalid(format!("case `{}`: {}", case.id, problem.message)))
    };
    let checks = suite.checks_of(case).map(build).collect::<Result<Vec<_>>>()?;
    Ok(Prepared { case: case.clone(), checks })
}

/// An answer from the static fallback is no evidence about the model: it fails whatever it says.
fn answered(mut row: Row, reply: Reply, release: &Release, prepared: &Prepared) -> Row {
    row.call = reply.facts.call;
    row.cost = reply.facts.cost;
    let (mut tool_calls, mut usage) = (None, Usage::default());
    if let Body::Whole(answer) = reply.body {
        tool_calls = answer.tool_calls.map(|calls| calls.get().to_string());
        usage = answer.usage.unwrap_or_default();
        row.actual = answer.text;
    }
    let outcome = reply.facts.outcome.unwrap_or(Outcome::Error);
    row.format_valid = matches!(outcome, Outcome::Ok | Outcome::Insufficient);
    if outcome == Outcome::Fallback {
        let off_format = reply.facts.reason.as_deref() == Some("off_format");
        row.verdict = if off_format { Verdict::Fail } else { Verdict::Error };
        let code = reply.facts.reason.unwrap_or_default();
        let detail = if off_format {
            "off format; the static fallback was served".to_string()
        } else {
            format!("the vendor failed ({code}); the static fallback was served")
        };
        row.error = (!off_format).then(|| detail.clone());
        let check = "the model's own answer";
        row.checks.push(CheckResult::plain(check, row.verdict, Some(detail)));
        return row;
    }
    let seen = Observation {
        answer: &row.actual,
        expected: prepared.case.expected.as_ref(),
        schema: release.version.content.output.schema.as_ref(),
        latency_us: row.latency_us,
        cost: row.cost,
        tool_calls: tool_calls.as_deref(),
        usage,
        variables: &prepared.case.variables,
        system: "",
    };
    row.checks = prepared.checks.iter().map(|check| check.evaluate(&seen)).collect();
    row.verdict = Verdict::of_case(row.checks.iter().map(|result| result.verdict));
    row
}

fn failed(mut row: Row, failure: Failure) -> Row {
    row.call = failure.call.unwrap_or_default();
    row.error = Some(failure.error.to_string());
    row
}
