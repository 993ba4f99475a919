//! `code`: is the answer a program that can be read, runs, passes its tests and keeps to a style?
//!
//! Everything that reads or runs the answer does so in the sandbox; where that is not to be had, the check
//! is an error and the code is not run. Tests of Python code run in a process of their own, apart from the
//! code under test, and what a program should print never enters the sandbox: neither can be forged by
//! printing, exiting, patching or declaring everything equal.

mod extract;
mod programs;
mod python;
mod settings;
mod style;

use futures_util::future::BoxFuture;
use gatemark_text::check::{CheckProblem, Finding, Parameters};
use serde_json::Value;

use self::settings::{Language, Settings};
use super::{External, Found, Seen};
use crate::Control;
use crate::sandbox::{Limits, Outcome, Sandbox};

/// All parameters of the check.
pub(super) const PARAMETERS: &[&str] = &[
    "language",
    "command",
    "extract",
    "tests",
    "syntax_only",
    "style",
    "packages",
    "read",
    "time_ms",
    "memory_mb",
    "at_least",
];

/// Builds the check.
pub(super) fn build(parameters: &Parameters<'_>) -> Result<Box<dyn External>, CheckProblem> {
    Ok(Box::new(Code(Settings::read(parameters)?)))
}

struct Code(Settings);

impl External for Code {
    fn observe<'a>(&'a self, seen: &'a Seen<'a>, control: &'a Control) -> BoxFuture<'a, Found> {
        Box::pin(async move {
            let reaching = self.0.reaching();
            if !control.allows_scripts() && !reaching.is_empty() {
                let why = format!(
                    "not run: {} count only from the command line, not over HTTP",
                    reaching.join(", ")
                );
                return Finding::CannotTell(why).into();
            }
            let Some(sandbox) = control.sandbox() else {
                return Finding::CannotTell("not run: there is no sandbox here".into()).into();
            };
            let tests = self.0.tests.as_ref().or(seen.observation.expected);
            match self.0.judge(seen.observation.answer, tests, sandbox).await {
                Ok(stages) => self.0.conclude(&stages).into(),
                Err(reason) => Finding::CannotTell(reason).into(),
            }
        })
    }

    fn describe(&self) -> String {
        format!("code in {}", self.0.language.name())
    }
}

/// What was looked at, how much of it was right (0 to 1), and what was wrong.
struct Stage {
    name: &'static str,
    share: f64,
    wrong: Option<String>,
}

impl Stage {
    fn new(name: &'static str, wrong: Option<String>) -> Self {
        Self { name, share: if wrong.is_some() { 0.0 } else { 1.0 }, wrong }
    }
}

impl Settings {
    async fn judge(
        &self,
        answer: &str,
        tests: Option<&Value>,
        sandbox: &Sandbox,
    ) -> Result<Vec<Stage>, String> {
        let code = match extract::code(answer, &self.extract) {
            Ok(code) => code,
            Err(wrong) => return Ok(vec![Stage::new("extraction", Some(wrong))]),
        };
        let mut stages = match &self.language {
            Language::Python => python::stages(self, &code, tests, sandbox).await?,
            other => programs::stages(self, other, &code, tests, sandbox).await?,
        };
        // What cannot be read has no style.
        if stages.iter().all(|stage| stage.name != "syntax" || stage.wrong.is_none()) {
            stages.extend(style::stage(self, &code, sandbox).await?);
        }
        Ok(stages)
    }

    fn conclude(&self, stages: &[Stage]) -> Finding {
        let unread =
            stages.iter().any(|s| ["extraction", "syntax"].contains(&s.name) && s.wrong.is_some());
        let count = f64::from(u32::try_from(stages.len()).unwrap_or(u32::MAX)).max(1.0);
        let mean = stages.iter().map(|stage| stage.share).sum::<f64>() / count;
        let holds = !stages.is_empty()
            && stages.iter().all(|stage| match stage.name {
                "tests" => stage.share >= self.at_least,
                _ => stage.wrong.is_none(),
            });
        let wrong = stages.iter().filter_map(|stage| {
            stage.wrong.as_ref().map(|wrong| format!("{}: {wrong}", stage.name))
        });
        let wrong: Vec<String> = wrong.collect();
        let detail = format!("expected code without faults, found {}", wrong.join("; "));
        Finding::Scored { score: if unread { 0.0 } else { mean }, holds, detail }
    }

    fn limits(&self) -> Limits {
        let whole = self.time_ms.div_ceil(1000).max(1);
        Limits {
            time_ms: self.time_ms,
            cpu_s: whole,
            memory: self.memory_mb << 20,
            ..Limits::default()
        }
    }
}

/// A run, or why there was none.
fn ran(outcome: Outcome) -> Result<crate::sandbox::Ran, String> {
    match outcome {
        Outcome::Ran(ran) => Ok(ran),
        Outcome::NotRun(reason) => Err(reason.to_string()),
    }
}
