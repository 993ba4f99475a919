//! What to test, and what came of it.

use std::sync::Arc;

use gatemark_core::ModelName;
use gatemark_core::id::PromptName;
use gatemark_core::money::NanoUsd;
use gatemark_core::prompt::Version;
use gatemark_core::report::{Report, Row};
use gatemark_core::suite::Suite;
use gatemark_gateway::Selector;

use super::estimate::Estimate;
use crate::draft::Draft;

/// One version to test.
#[derive(Debug, Clone)]
pub enum TestTarget {
    /// A registered one.
    Registered {
        /// The prompt.
        prompt: PromptName,
        /// Which version; the newest by default.
        selector: Selector,
    },
    /// The files as they are. Its run leaves no report.
    Draft(Arc<Draft>),
}

impl TestTarget {
    /// The newest version of a prompt.
    pub fn newest(prompt: PromptName) -> Self {
        Self::Registered { prompt, selector: Selector::Default }
    }
}

/// What to test and how.
#[derive(Debug, Clone)]
pub struct TestRequest {
    /// The versions.
    pub targets: Vec<TestTarget>,
    /// On which models; none means the one that would serve.
    pub models: Vec<ModelName>,
    /// How often each case is asked, where not as the suite says.
    pub repeats: Option<u32>,
    /// Calls under way at once for each provider, at least 1.
    pub concurrency: usize,
    /// Whether answers of earlier runs to the same requests are taken.
    pub recall: bool,
    /// Whether an unfinished run of the same is gone on with.
    pub resume: bool,
    /// Most money that may be spent, judges included.
    pub max_cost: Option<NanoUsd>,
    /// Whether to end when the threshold on accuracy cannot be reached any more.
    pub stop_early: bool,
    /// Who asks.
    pub actor: String,
}

impl TestRequest {
    /// One version, as its suite says.
    pub fn of(target: TestTarget, actor: impl Into<String>) -> Self {
        Self {
            targets: vec![target],
            models: vec![],
            repeats: None,
            concurrency: 8,
            recall: true,
            resume: true,
            max_cost: None,
            stop_early: false,
            actor: actor.into(),
        }
    }
}

/// Is told how runs go on.
pub trait Progress: Send + Sync {
    /// Runs of `rows` rows in all begin.
    fn begin(&self, rows: u64, estimate: &Estimate);
    /// So many rows of a run were done before, of which so many passed.
    fn resumed(&self, report: &str, rows: u64, passed: u64);
    /// One case was asked once.
    fn row(&self, row: &Row);
    /// All runs have ended.
    fn end(&self);
}

/// Progress that nobody watches.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: u64, _: &Estimate) {}
    fn resumed(&self, _: &str, _: u64, _: u64) {}
    fn row(&self, _: &Row) {}
    fn end(&self) {}
}

/// A finished run. Its rows are in the store, under the report's id; those of a draft until
/// [`forget`](crate::Control::forget).
#[derive(Debug)]
pub struct TestRun {
    /// The report; stored unless of a draft.
    pub report: Report,
    /// The version that was tested.
    pub version: Version,
    /// The suite.
    pub suite: Arc<Suite>,
    /// Rows that an earlier, unfinished run had done.
    pub resumed: u64,
    /// What whoever reads its judges' verdicts should know.
    pub notes: Vec<String>,
}
