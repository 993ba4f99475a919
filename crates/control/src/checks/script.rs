//! `script`: the author's own program judges the answer.
//!
//! It is the author's, so it is not confined; but it runs only where the person who starts the tests
//! could start it as well, which is the command line and never HTTP. It gets one JSON object on stdin and
//! answers with one on stdout; anything else than one clear verdict is an error, never a pass.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use futures_util::future::BoxFuture;
use gatemark_core::id::{Digest, PromptName};
use gatemark_text::check::{CheckProblem, Finding, Parameters};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

use super::{External, Found, Names, Seen, Sources};
use crate::Control;
use crate::judge::Judges;

/// All parameters of the check.
pub(super) const PARAMETERS: &[&str] = &["command", "time_ms", "at_least"];

/// The most that it may print on stdout, and on stderr, in bytes.
const MOST: u64 = 1 << 20;

/// Builds the check.
pub(super) fn build(parameters: &Parameters<'_>) -> Result<Box<dyn External>, CheckProblem> {
    let found = parameters.required("command")?;
    let command: Option<Vec<String>> = match found {
        Value::String(program) => Some(vec![program.clone()]),
        Value::Array(words) => words.iter().map(|word| word.as_str().map(String::from)).collect(),
        _ => None,
    };
    let command = command.filter(|words| words.first().is_some_and(|word| !word.is_empty()));
    let command = command
        .ok_or_else(|| parameters.wrong("command", "a program, or a list of words", found))?;
    let time_ms = match parameters.get("time_ms") {
        None => 10_000,
        Some(found) => found
            .as_u64()
            .filter(|time| (1..=600_000).contains(time))
            .ok_or_else(|| parameters.wrong("time_ms", "a number from 1 to 600000", found))?,
    };
    let at_least = match parameters.get("at_least") {
        None => 1.0,
        Some(found) => found
            .as_f64()
            .filter(|share| (0.0..=1.0).contains(share))
            .ok_or_else(|| parameters.wrong("at_least", "a number from 0 to 1", found))?,
    };
    Ok(Box::new(Script { command, time: Duration::from_millis(time_ms), at_least }))
}

struct Script {
    command: Vec<String>,
    time: Duration,
    /// The least score that holds, where the script gives no `pass` of its own.
    at_least: f64,
}

impl External for Script {
    /// The program is not in the suite: its content goes into the report, so that verdicts of another one
    /// under the same name are told apart.
    fn prepare<'a>(
        &'a self,
        judges: &'a Judges,
        control: &'a Control,
    ) -> BoxFuture<'a, gatemark_core::Result<()>> {
        Box::pin(async move {
            for name in self.programs(control).await {
                judges.note(name).await;
            }
            Ok(())
        })
    }

    fn identify<'a>(&'a self, _: &'a PromptName, control: &'a Control) -> Names<'a> {
        Box::pin(self.programs(control))
    }

    fn observe<'a>(&'a self, seen: &'a Seen<'a>, control: &'a Control) -> BoxFuture<'a, Found> {
        Box::pin(async move {
            if !control.allows_scripts() {
                let why = "not run: scripts run only from the command line, not over HTTP";
                return Finding::CannotTell(why.into()).into();
            }
            let verdict = match self.run(&input(seen)).await {
                Ok(printed) => read(&printed, self.at_least),
                Err(reason) => Err(reason),
            };
            match verdict {
                Ok((finding, note)) => Found { note, ..finding.into() },
                Err(reason) => {
                    let reason = format!("`{}` gave no verdict: {reason}", self.name());
                    Finding::CannotTell(reason).into()
                }
            }
        })
    }

    fn sources(&self, sources: &mut Sources) {
        sources.words.extend(self.command.iter().cloned());
    }

    fn describe(&self) -> String {
        format!("script `{}`", self.name())
    }
}

impl Script {
    fn name(&self) -> &str {
        self.command.first().map_or("", String::as_str)
    }

    /// The files that its command names, with their content's hashes. Over HTTP no file of this machine is
    /// read because somebody's suite names it.
    async fn programs(&self, control: &Control) -> Vec<String> {
        if !control.allows_scripts() {
            return vec![format!("program {}, which is not looked at over HTTP", self.name())];
        }
        let mut names = vec![];
        for word in &self.command {
            // Words that are no files are options, or programs that the system finds by name.
            if let Ok(content) = tokio::fs::read(word).await {
                names.push(format!("program {word} sha256:{}", Digest::of(&content)));
            }
        }
        names
    }

    /// What it printed, if it ended well and in time.
    async fn run(&self, input: &Value) -> Result<Vec<u8>, String> {
        let mut command = Command::new(self.name());
        command.args(self.command.iter().skip(1));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.process_group(0).kill_on_drop(true).spawn();
        let child = child.map_err(|cause| format!("it cannot be started: {cause}"))?;
        let group = Group(child.id().and_then(|id| i32::try_from(id).ok()));
        let talk = talk(child, input.to_string().into_bytes());
        let talked = tokio::time::timeout(self.time, talk).await;
        drop(group);
        let (status, out, err) =
            talked.map_err(|_| format!("it ran over {} ms", self.time.as_millis()))??;
        if status.success() {
            return Ok(out);
        }
        let err = String::from_utf8_lossy(&err);
        let last = err.trim_end().lines().next_back().unwrap_or_default();
        Err(format!("{status}: {last}").trim_end_matches(": ").to_string())
    }
}

/// Everything that a script started; killed with its owner, also when nobody waits any more.
struct Group(Option<i32>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // Usually all of it is gone already.
            killpg(Pid::from_raw(group), Signal::SIGKILL).unwrap_or_default();
        }
    }
}

async fn talk(mut child: Child, input: Vec<u8>) -> Result<(ExitStatus, Vec<u8>, Vec<u8>), String> {
    let (stdin, out, err) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let write = async {
        if let Some(mut stdin) = stdin {
            // A script need not read what it does not need.
            stdin.write_all(&input).await.unwrap_or_default();
        }
    };
    let ((), out, err) = tokio::join!(write, bounded(out), bounded(err));
    let (out, err) = (out?, err?);
    let status = child.wait().await.map_err(|cause| cause.to_string())?;
    Ok((status, out, err))
}

async fn bounded(stream: Option<impl AsyncRead + Unpin>) -> Result<Vec<u8>, String> {
    let mut read = Vec::new();
    if let Some(stream) = stream {
        let mut stream = stream.take(MOST + 1);
        stream.read_to_end(&mut read).await.map_err(|cause| cause.to_string())?;
    }
    if u64::try_from(read.len()).is_ok_and(|length| length > MOST) {
        return Err(format!("it printed more than {MOST} bytes"));
    }
    Ok(read)
}

fn input(seen: &Seen<'_>) -> Value {
    let observation = &seen.observation;
    json!({
        "answer": observation.answer,
        "expected": observation.expected,
        "variables": observation.variables,
        "case": seen.case.id,
        "metadata": {
            "category": seen.case.category, "difficulty": seen.case.difficulty,
            "tags": seen.case.tags, "source": seen.case.source, "repeat": seen.repeat,
            "latency_us": observation.latency_us,
        },
    })
}

/// The verdict and the reason for it.
fn read(printed: &[u8], at_least: f64) -> Result<(Finding, Option<String>), String> {
    let mut values = serde_json::Deserializer::from_slice(printed).into_iter::<Value>();
    let first = values.next().ok_or("it printed nothing")?;
    let first = first.map_err(|cause| format!("what it printed is no JSON: {cause}"))?;
    if values.next().is_some() {
        return Err("it printed more than one value".to_string());
    }
    let fields = first.as_object().ok_or("it printed no JSON object")?;
    let score = match fields.get("score") {
        None => None,
        Some(found) => Some(
            found
                .as_f64()
                .filter(|score| (0.0..=1.0).contains(score))
                .ok_or_else(|| format!("`score` must be a number from 0 to 1, not {found}"))?,
        ),
    };
    let pass = match fields.get("pass") {
        None => None,
        Some(Value::Bool(pass)) => Some(*pass),
        Some(found) => return Err(format!("`pass` must be true or false, not {found}")),
    };
    let reason = match fields.get("reason") {
        None | Some(Value::Null) => None,
        Some(Value::String(reason)) => Some(reason.clone()),
        Some(found) => return Err(format!("`reason` must be a text, not {found}")),
    };
    let said = || reason.clone().unwrap_or_else(|| "it gave no reason".to_string());
    let finding = match (score, pass) {
        (None, None) => return Err("neither `score` nor `pass` is there".to_string()),
        (Some(score), Some(true)) if score <= 0.0 => {
            return Err(format!("`pass` is true and `score` is {score}: which is it?"));
        }
        (Some(score), Some(false)) if score >= 1.0 => {
            return Err(format!("`pass` is false and `score` is {score}: which is it?"));
        }
        (None, Some(true)) => Finding::Holds,
        (None, Some(false)) => Finding::Fails(said()),
        (Some(score), pass) => {
            let holds = pass.unwrap_or(score >= at_least);
            Finding::Scored { score, holds, detail: format!("score {score}: {}", said()) }
        }
    };
    Ok((finding, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(code: &str, time_ms: u64) -> Script {
        let command = ["/bin/sh", "-c", code].map(String::from).to_vec();
        Script { command, time: Duration::from_millis(time_ms), at_least: 0.5 }
    }

    #[test]
    fn one_clear_verdict_is_read() {
        let verdict = |text: &str| read(text.as_bytes(), 0.5);
        assert_eq!(verdict(r#"{"pass": true}"#), Ok((Finding::Holds, None)));
        let (finding, note) = verdict(r#"{"pass": false, "reason": "rude"}"#).unwrap();
        assert_eq!((finding, note), (Finding::Fails("rude".into()), Some("rude".into())));
        let scored = |text| match verdict(text).unwrap().0 {
            Finding::Scored { score, holds, .. } => (score, holds),
            other => panic!("{other:?}"),
        };
        assert_eq!(scored(r#"{"score": 0.5}"#), (0.5, true));
        assert_eq!(scored(r#"{"score": 0.4}"#), (0.4, false));
        assert_eq!(scored(r#"{"score": 0.4, "pass": true}"#), (0.4, true));
    }

    #[test]
    fn anything_else_is_no_verdict() {
        for text in [
            "",
            "{}",
            "yes",
            "[]",
            "1",
            "null",
            r#"{"score": "1"}"#,
            r#"{"score": 2}"#,
            r#"{"score": -0.1}"#,
            r#"{"score": null}"#,
            r#"{"pass": 1}"#,
            r#"{"pass": "true"}"#,
            r#"{"pass": true} {"pass": true}"#,
            r#"{"pass": true, "score": 0}"#,
            r#"{"pass": false, "score": 1}"#,
            r#"{"pass": true} done"#,
            r#"{"pass": true, "reason": 1}"#,
        ] {
            assert!(read(text.as_bytes(), 0.5).is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn what_goes_wrong_is_an_error() {
        let input = json!({"answer": "x"});
        let good = script("grep -q '\"answer\":\"x\"' && echo '{\"pass\": true}'", 5_000);
        assert!(good.run(&input).await.is_ok());
        let failing = script("echo '{\"pass\": true}'; echo broken >&2; exit 3", 5_000);
        assert_eq!(failing.run(&input).await.unwrap_err(), "exit status: 3: broken");
        let loud =
            script("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done", 20_000);
        assert!(loud.run(&input).await.unwrap_err().contains("printed more than"));
        let missing = Script { command: vec!["/no/such".into()], ..script("", 1) };
        assert!(missing.run(&input).await.unwrap_err().contains("cannot be started"));
    }

    #[tokio::test]
    async fn its_whole_group_ends_with_its_time() {
        let mark = format!("4711{}", std::process::id());
        let slow = script(&format!("sleep {mark} & sleep {mark}"), 200);
        assert_eq!(slow.run(&json!({})).await.unwrap_err(), "it ran over 200 ms");
        let until = std::time::Instant::now() + Duration::from_secs(3);
        let alive = || {
            let all = std::fs::read_dir("/proc").unwrap().flatten();
            all.filter_map(|e| std::fs::read(e.path().join("cmdline")).ok())
                .any(|line| String::from_utf8_lossy(&line).contains(&format!("sleep\0{mark}")))
        };
        while alive() {
            assert!(std::time::Instant::now() < until, "it lives on");
            std::thread::yield_now();
        }
    }
}
