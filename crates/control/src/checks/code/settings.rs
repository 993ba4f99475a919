//! What the check's author asked for.

use gatemark_text::check::{CheckProblem, Parameters};
use serde_json::{Map, Value};

/// What runs the code.
pub(super) enum Language {
    /// CPython 3.
    Python,
    /// Node.js.
    JavaScript,
    /// GNU bash.
    Bash,
    /// A command of the author's; `{file}` stands for the file with the code.
    Own(Vec<String>),
}

impl Language {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Python => "Python",
            Self::JavaScript => "JavaScript",
            Self::Bash => "bash",
            Self::Own(command) => command.first().map_or("", String::as_str),
        }
    }

    /// The file that holds the code.
    pub(super) fn file(&self) -> &'static str {
        match self {
            Self::Python => "solution.py",
            Self::JavaScript => "solution.js",
            Self::Bash => "solution.sh",
            Self::Own(_) => "solution",
        }
    }
}

/// Where in the answer the code is.
pub(super) enum Extract {
    /// In the last fenced block that names the language, or the last one, or the whole answer.
    Fenced,
    /// The answer as it is.
    Whole,
    /// At this JSON pointer.
    At(String),
}

/// What counts as style.
#[derive(Default)]
pub(super) struct Style {
    pub(super) max_line: Option<u64>,
    /// Whether tabs and spaces at line ends are faults.
    pub(super) whitespace: bool,
    /// Patterns of names of functions and classes (Python).
    pub(super) names: Option<(String, String)>,
    /// A linter of the author's; `{file}` stands for the file with the code.
    pub(super) command: Option<Vec<String>>,
}

pub(super) struct Settings {
    pub(super) language: Language,
    pub(super) extract: Extract,
    pub(super) tests: Option<Value>,
    pub(super) syntax_only: bool,
    pub(super) style: Option<Style>,
    pub(super) packages: bool,
    pub(super) read: Vec<std::path::PathBuf>,
    pub(super) time_ms: u64,
    pub(super) memory_mb: u64,
    pub(super) at_least: f64,
}

impl Settings {
    pub(super) fn read(parameters: &Parameters<'_>) -> Result<Self, CheckProblem> {
        let tests = parameters.get("tests").cloned();
        if let Some(found) = tests.as_ref().filter(|t| !t.is_string() && !t.is_array()) {
            return Err(parameters.wrong("tests", "test code or a list of examples", found));
        }
        let at_least = match parameters.get("at_least") {
            None => 1.0,
            Some(found) => found
                .as_f64()
                .filter(|share| (0.0..=1.0).contains(share))
                .ok_or_else(|| parameters.wrong("at_least", "a share from 0 to 1", found))?,
        };
        let read = words(parameters, "read")?.unwrap_or_default();
        if let Some(path) = read.iter().find(|path| !path.starts_with('/')) {
            let found = Value::from(path.as_str());
            return Err(parameters.wrong("read", "full paths", &found));
        }
        Ok(Self {
            language: language(parameters)?,
            extract: extract(parameters)?,
            tests,
            syntax_only: parameters.flag("syntax_only", false)?,
            style: style(parameters)?,
            packages: parameters.flag("packages", false)?,
            read: read.into_iter().map(Into::into).collect(),
            time_ms: whole(parameters, "time_ms", 10_000, 600_000)?,
            memory_mb: whole(parameters, "memory_mb", 512, 65_536)?,
            at_least,
        })
    }
}

fn language(parameters: &Parameters<'_>) -> Result<Language, CheckProblem> {
    if let Some(command) = words(parameters, "command")? {
        return Ok(Language::Own(command));
    }
    let found = parameters.required("language")?;
    match found.as_str() {
        Some("python") => Ok(Language::Python),
        Some("javascript") => Ok(Language::JavaScript),
        Some("bash") => Ok(Language::Bash),
        _ => Err(parameters
            .wrong("language", "python, javascript or bash", found)
            .hint("any other language: `command: [program, \"{file}\"]`")),
    }
}

fn extract(parameters: &Parameters<'_>) -> Result<Extract, CheckProblem> {
    match parameters.get("extract") {
        None => Ok(Extract::Fenced),
        Some(Value::String(word)) if word == "fenced" => Ok(Extract::Fenced),
        Some(Value::String(word)) if word == "whole" => Ok(Extract::Whole),
        Some(Value::String(at)) if at.starts_with('/') => Ok(Extract::At(at.clone())),
        Some(other) => {
            Err(parameters.wrong("extract", "`fenced`, `whole` or a JSON pointer", other))
        }
    }
}

fn style(parameters: &Parameters<'_>) -> Result<Option<Style>, CheckProblem> {
    let Some(found) = parameters.get("style") else { return Ok(None) };
    let wrong = |what: &str| parameters.wrong("style", what, found);
    let fields: &Map<String, Value> = found.as_object().ok_or_else(|| {
        wrong("an object with `max_line`, `whitespace`, `functions`, `classes` or `command`")
    })?;
    let mut style = Style::default();
    let pattern = |name: &str| fields.get(name).and_then(Value::as_str).map(String::from);
    for (name, value) in fields {
        match name.as_str() {
            "max_line" => {
                style.max_line = Some(value.as_u64().ok_or_else(|| wrong("`max_line`: a number"))?);
            }
            "whitespace" => {
                style.whitespace =
                    value.as_bool().ok_or_else(|| wrong("`whitespace`: true or false"))?;
            }
            "functions" | "classes" if value.is_string() => {
                let any = || ".*".to_string();
                style.names = Some((
                    pattern("functions").unwrap_or_else(any),
                    pattern("classes").unwrap_or_else(any),
                ));
            }
            "command" => style.command = Some(list(value).ok_or_else(|| wrong("a list of words"))?),
            _ => return Err(wrong("made of max_line, whitespace, functions, classes, command")),
        }
    }
    Ok(Some(style))
}

fn words(parameters: &Parameters<'_>, name: &str) -> Result<Option<Vec<String>>, CheckProblem> {
    let Some(found) = parameters.get(name) else { return Ok(None) };
    list(found).map(Some).ok_or_else(|| parameters.wrong(name, "a list of words", found))
}

fn list(found: &Value) -> Option<Vec<String>> {
    let words: Option<Vec<String>> =
        found.as_array()?.iter().map(|word| word.as_str().map(String::from)).collect();
    words.filter(|words| !words.is_empty())
}

fn whole(
    parameters: &Parameters<'_>,
    name: &str,
    default: u64,
    most: u64,
) -> Result<u64, CheckProblem> {
    let Some(found) = parameters.get(name) else { return Ok(default) };
    let inside = found.as_u64().filter(|number| (1..=most).contains(number));
    inside.ok_or_else(|| parameters.wrong(name, &format!("a whole number from 1 to {most}"), found))
}
