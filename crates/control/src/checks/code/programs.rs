//! Programs of any language: read by their own interpreter, run, and judged by what they print.
//!
//! What they should print stays outside of the sandbox, so that they can print it only by finding it out.

use serde_json::Value;

use super::settings::{Language, Settings};
use super::{Stage, ran};
use crate::sandbox::{Job, Ran, Sandbox};

/// Syntax where the language has a way to check it, then what the program does.
pub(super) async fn stages(
    settings: &Settings,
    language: &Language,
    code: &str,
    tests: Option<&Value>,
    sandbox: &Sandbox,
) -> Result<Vec<Stage>, String> {
    let file = language.file();
    let checker: Option<Vec<String>> = match language {
        Language::JavaScript => Some(vec!["node".into(), "--check".into(), file.into()]),
        Language::Bash => Some(vec!["bash".into(), "-n".into(), file.into()]),
        Language::Python | Language::Own(_) => None,
    };
    let mut stages = vec![];
    if let Some(checker) = checker {
        let ran = start(settings, language, code, checker, "", sandbox).await?;
        let wrong = (!ran.succeeded()).then(|| fault(&ran));
        let failed = wrong.is_some();
        stages.push(Stage::new("syntax", wrong));
        if failed {
            return Ok(stages);
        }
    } else if settings.syntax_only {
        return Err(format!("there is no syntax check for {}", language.name()));
    }
    if !settings.syntax_only {
        stages.extend(runs(settings, language, code, tests, sandbox).await?);
    }
    Ok(stages)
}

/// Each example, or one run without input if there is none.
pub(super) async fn runs(
    settings: &Settings,
    language: &Language,
    code: &str,
    tests: Option<&Value>,
    sandbox: &Sandbox,
) -> Result<Vec<Stage>, String> {
    let Some(tests) = tests else {
        let ran = start(settings, language, code, command(language), "", sandbox).await?;
        return Ok(vec![Stage::new("runs", (!ran.succeeded()).then(|| fault(&ran)))]);
    };
    let examples = tests.as_array().filter(|examples| !examples.is_empty()).ok_or_else(|| {
        format!("tests of {} are a list of `stdin`, `args` and `stdout`", language.name())
    })?;
    let (mut passed, mut wrong) = (0.0, vec![]);
    for (index, example) in examples.iter().enumerate() {
        let wanted = example.get("stdout").and_then(Value::as_str);
        let wanted = wanted.ok_or_else(|| format!("an example needs `stdout`: {example}"))?;
        let mut program = command(language);
        for argument in example.get("args").and_then(Value::as_array).into_iter().flatten() {
            program.push(argument.as_str().map_or_else(|| argument.to_string(), String::from));
        }
        let stdin = example.get("stdin").and_then(Value::as_str).unwrap_or_default();
        let ran = start(settings, language, code, program, stdin, sandbox).await?;
        if !ran.succeeded() {
            wrong.push(format!("example {}: {}", index + 1, fault(&ran)));
        } else if plain(&ran.stdout) != plain(wanted) {
            let found: String = ran.stdout.chars().take(120).collect();
            wrong.push(format!("example {}: expected {wanted:?}, printed {found:?}", index + 1));
        } else {
            passed += 1.0;
        }
    }
    let all = f64::from(u32::try_from(examples.len()).unwrap_or(u32::MAX));
    let said = wrong.iter().take(3).cloned().collect::<Vec<_>>().join("; ");
    let wrong = (!wrong.is_empty()).then(|| format!("{passed} of {all} passed ({said})"));
    Ok(vec![Stage { name: "tests", share: passed / all, wrong }])
}

/// Runs `program` beside the code.
pub(super) async fn start(
    settings: &Settings,
    language: &Language,
    code: &str,
    program: Vec<String>,
    stdin: &str,
    sandbox: &Sandbox,
) -> Result<Ran, String> {
    let job = Job {
        program,
        files: vec![(language.file().to_string(), code.as_bytes().to_vec())],
        stdin: stdin.as_bytes().to_vec(),
        limits: settings.limits(),
        read: settings.read.clone(),
    };
    ran(sandbox.run(job).await)
}

/// The command that runs the code.
fn command(language: &Language) -> Vec<String> {
    let words: &[&str] = match language {
        Language::Python => &["python3", "-I", "-B", "{file}"],
        Language::JavaScript => &["node", "{file}"],
        Language::Bash => &["bash", "{file}"],
        Language::Own(command) => return filled(command, language),
    };
    filled(&words.iter().map(ToString::to_string).collect::<Vec<_>>(), language)
}

/// `command` with the file's name for `{file}`.
pub(super) fn filled(command: &[String], language: &Language) -> Vec<String> {
    command.iter().map(|word| word.replace("{file}", language.file())).collect()
}

pub(super) fn fault(ran: &Ran) -> String {
    match ran.last_words(3) {
        words if words.is_empty() => ran.how(),
        words => format!("{}: {words}", ran.how()),
    }
}

/// Without blanks at the ends of lines and empty lines at the end, which nobody means.
fn plain(text: &str) -> String {
    text.trim_end().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}
