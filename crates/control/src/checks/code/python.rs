//! Python: read, loaded and tested by a judge that runs apart from the code.

use serde::Deserialize;
use serde_json::{Value, json};

use super::settings::{Settings, Style};
use super::{Stage, programs, ran};
use crate::sandbox::{Job, Sandbox};

const JUDGE: &str = include_str!("judge.py");
const WORKER: &str = include_str!("worker.py");
const WIRE: &str = include_str!("wire.py");

/// What the judge says, one per line.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Line {
    syntax: Option<String>,
    /// A function or class that the code declares.
    named: Option<Named>,
    /// The tests themselves are at fault.
    broken: Option<String>,
    /// The code could not even be loaded.
    load: Option<String>,
    plan: Option<Vec<String>>,
    passed: Option<String>,
    failed: Option<String>,
    why: Option<String>,
    done: bool,
}

#[derive(Debug, Deserialize)]
struct Named {
    line: u64,
    kind: String,
    name: String,
}

impl Named {
    /// What is wrong with it.
    fn fault(&self, style: &Style) -> Option<String> {
        let Self { line, kind, name } = self;
        let wanted = if kind == "class" { &style.classes } else { &style.functions };
        let wanted = wanted.as_ref().filter(|pattern| !pattern.is_match(name))?;
        let pattern = wanted.as_str().trim_start_matches("\\A(?:");
        let pattern = pattern.strip_suffix(")\\z").unwrap_or(pattern);
        Some(format!("line {line}: the {kind} `{name}` is not named as {pattern}"))
    }
}

/// Syntax and tests, or why that could not be found out.
pub(super) async fn stages(
    settings: &Settings,
    code: &str,
    tests: Option<&Value>,
    sandbox: &Sandbox,
) -> Result<Vec<Stage>, String> {
    let prints = tests
        .and_then(Value::as_array)
        .is_some_and(|examples| examples.iter().any(|example| example.get("stdout").is_some()));
    let asked = tests.filter(|_| !settings.syntax_only && !prints);
    let flags: &[&str] = if settings.packages { &[] } else { &["-S"] };
    let style = settings.style.as_ref().filter(|style| style.names());
    let order = json!({
        "wire": WIRE, "worker": WORKER, "flags": flags, "names": style.is_some(), "solution": code,
        "tests": examples(asked)?,
    });
    let mut program: Vec<String> = ["python3", "-I", "-B"].map(String::from).to_vec();
    program.extend(flags.iter().chain(&["-c", JUDGE]).map(ToString::to_string));
    let job = Job {
        program,
        stdin: order.to_string().into_bytes(),
        limits: settings.limits(),
        read: settings.read.clone(),
        ..Job::default()
    };
    let ran = ran(sandbox.run(job).await)?;
    // The last line may be cut off by a kill; what was told before it holds.
    let lines: Vec<Line> =
        ran.stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let mut verdict = Verdict::default();
    // A line that was cut off by the end of the process says nothing.
    for line in lines {
        verdict.take(line)?;
    }
    let unread = verdict.syntax.is_some();
    // Names are all told before the plan; without tests, silence about them is no praise.
    let told = if asked.is_some() { verdict.plan.is_some() } else { verdict.done };
    if !(unread || told && (asked.is_some() || ran.succeeded())) {
        return Err(format!("the code could not be judged: {}: {}", ran.how(), ran.last_words(3)));
    }
    let mut stages = vec![Stage::new("syntax", verdict.syntax)];
    if stages.iter().any(|stage| stage.wrong.is_some()) {
        return Ok(stages);
    }
    if let Some(style) = style {
        let wrong = verdict.named.iter().find_map(|named| named.fault(style));
        stages.push(Stage::new("names", wrong));
    }
    if asked.is_some() {
        let plan = verdict.plan.filter(|plan| !plan.is_empty());
        let Some(plan) = plan else { return Err("the tests hold no test".to_string()) };
        let end = if verdict.done { None } else { Some(format!("{}, {}", ran.how(), words(&ran))) };
        stages.push(tested(plan.len(), verdict.passed, verdict.why, verdict.load.or(end)));
    } else if !settings.syntax_only {
        stages.extend(programs::runs(settings, &settings.language, code, tests, sandbox).await?);
    }
    Ok(stages)
}

fn words(ran: &crate::sandbox::Ran) -> String {
    format!("its last words: {:?}", ran.last_words(3))
}

/// Test code as it is; examples only as pairs of a call and its result.
fn examples(tests: Option<&Value>) -> Result<Option<&Value>, String> {
    let Some(tests) = tests else { return Ok(None) };
    let Some(list) = tests.as_array() else {
        return if tests.is_string() {
            Ok(Some(tests))
        } else {
            Err("the tests are neither code nor a list of examples".to_string())
        };
    };
    let complete = |example: &&Value| {
        example.get("call").is_some_and(Value::is_string) && example.get("returns").is_some()
    };
    match list.iter().find(|example| !complete(example)) {
        Some(other) => Err(format!("an example needs `call` and `returns`, or `stdout`: {other}")),
        None => Ok(Some(tests)),
    }
}

#[derive(Default)]
struct Verdict {
    syntax: Option<String>,
    named: Vec<Named>,
    load: Option<String>,
    plan: Option<Vec<String>>,
    passed: usize,
    why: Vec<String>,
    done: bool,
}

impl Verdict {
    fn take(&mut self, line: Line) -> Result<(), String> {
        if let Some(broken) = line.broken {
            return Err(broken);
        }
        self.syntax = self.syntax.take().or(line.syntax);
        self.named.extend(line.named);
        self.load = self.load.take().or(line.load);
        self.plan = self.plan.take().or(line.plan);
        self.passed += usize::from(line.passed.is_some());
        if let Some(name) = line.failed {
            self.why.push(format!("{name}: {}", line.why.unwrap_or_default()));
        }
        self.done |= line.done;
        Ok(())
    }
}

fn tested(all: usize, passed: usize, why: Vec<String>, end: Option<String>) -> Stage {
    let passed = passed.min(all);
    let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    let mut wrong: Vec<String> = why.into_iter().take(3).collect();
    wrong.extend(end);
    let wrong = (passed < all).then(|| format!("{passed} of {all} passed ({})", wrong.join("; ")));
    Stage { name: "tests", share: number(passed) / number(all), wrong }
}
