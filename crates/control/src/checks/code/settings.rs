//! What the check's author asked for.

use gatemark_text::check::{CheckProblem, Parameters};
use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value};

/// Largest compiled pattern of names, in bytes.
const MAX_PATTERN: usize = 1 << 20;

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
    /// What the whole name of a function must match (Python).
    pub(super) functions: Option<Regex>,
    /// What the whole name of a class must match (Python).
    pub(super) classes: Option<Regex>,
    /// A linter of the author's; `{file}` stands for the file with the code.
    pub(super) command: Option<Vec<String>>,
}

impl Style {
    /// Whether names of Python count.
    pub(super) fn names(&self) -> bool {
        self.functions.is_some() || self.classes.is_some()
    }

    /// Whether anything counts that is the same in every language.
    pub(super) fn layout(&self) -> bool {
        self.max_line.is_some() || self.whitespace || self.command.is_some()
    }
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
        let settings = Self {
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
        };
        settings.agree(parameters)?;
        Ok(settings)
    }

    /// Refuses what would be given and never looked at: it would pass as if it had been.
    fn agree(&self, parameters: &Parameters<'_>) -> Result<(), CheckProblem> {
        let python = matches!(self.language, Language::Python);
        let refused = |problem: &str| Err(CheckProblem::new(format!("`code`: {problem}")));
        if parameters.get("command").is_some() && parameters.get("language").is_some() {
            return refused("`language` and `command` both say what runs the code: keep one");
        }
        if self.syntax_only && matches!(self.language, Language::Own(_)) {
            return refused("`syntax_only` knows Python, JavaScript and bash, no `command`");
        }
        if self.syntax_only && self.tests.is_some() {
            return refused("`syntax_only` runs nothing, so `tests` would not count: keep one");
        }
        if self.syntax_only && parameters.get("at_least").is_some() {
            return refused("`syntax_only` runs nothing, so `at_least` would not count: keep one");
        }
        if !python && self.tests.as_ref().is_some_and(Value::is_string) {
            return refused("test code is for Python; elsewhere `tests` is a list of examples");
        }
        if !python && self.packages {
            return refused("`packages` is for Python only");
        }
        if !python && self.style.as_ref().is_some_and(Style::names) {
            return refused("`functions` and `classes` of `style` are for Python only");
        }
        Ok(())
    }

    /// The parameters that reach beyond the sandbox's own programs and files, which only somebody who
    /// could use those anyway may give.
    pub(super) fn reaching(&self) -> Vec<&'static str> {
        let style = self.style.as_ref().is_some_and(|style| style.command.is_some());
        [
            ("`read`", !self.read.is_empty()),
            ("`command`", matches!(self.language, Language::Own(_))),
            ("`command` of `style`", style),
        ]
        .into_iter()
        .filter_map(|(name, given)| given.then_some(name))
        .collect()
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
    for (name, value) in fields {
        match name.as_str() {
            "max_line" => {
                style.max_line = Some(value.as_u64().ok_or_else(|| wrong("`max_line`: a number"))?);
            }
            "whitespace" => {
                style.whitespace =
                    value.as_bool().ok_or_else(|| wrong("`whitespace`: true or false"))?;
            }
            "functions" => style.functions = Some(pattern(name, value)?),
            "classes" => style.classes = Some(pattern(name, value)?),
            "command" => style.command = Some(list(value).ok_or_else(|| wrong("a list of words"))?),
            _ => return Err(wrong("made of max_line, whitespace, functions, classes, command")),
        }
    }
    if !style.names() && !style.layout() {
        return Err(wrong("at least one thing that counts"));
    }
    Ok(Some(style))
}

/// A pattern that the whole of a name must match. Matched here and not by Python, where a pattern could
/// take forever.
fn pattern(name: &str, found: &Value) -> Result<Regex, CheckProblem> {
    let wrong = |why: &str| {
        CheckProblem::new(format!("`{name}` of `style` must be a regular expression: {why}"))
    };
    let written = found.as_str().ok_or_else(|| wrong(&format!("{found} is no text")))?;
    let build = |pattern: &str| RegexBuilder::new(pattern).size_limit(MAX_PATTERN).build();
    // By itself first: brackets that do not match must not close those below.
    build(written)
        .and_then(|_| build(&format!("\\A(?:{written})\\z")))
        .map_err(|cause| wrong(cause.to_string().lines().last().unwrap_or_default()))
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::PARAMETERS;
    use super::*;

    fn read(written: &Value) -> Result<Settings, CheckProblem> {
        Settings::read(&Parameters::read("code", "language", PARAMETERS, written)?)
    }

    #[test]
    fn contradictions_are_refused() {
        for written in [
            json!({"language": "javascript", "style": {"functions": "[a-z]+"}}),
            json!({"language": "bash", "style": {"classes": "[a-z]+", "max_line": 9}}),
            json!({"command": ["x"], "style": {"functions": "[a-z]+"}}),
            json!({"language": "python", "syntax_only": true, "tests": "assert 1"}),
            json!({"language": "python", "syntax_only": true, "at_least": 0.5}),
            json!({"language": "python", "command": ["ruby"]}),
            json!({"command": ["ruby"], "syntax_only": true}),
            json!({"language": "bash", "packages": true}),
            json!({"language": "bash", "tests": "assert 1"}),
            json!({"language": "python", "style": {}}),
            json!({"language": "python", "style": {"whitespace": false}}),
            json!({"language": "python", "style": {"functions": "[a-z"}}),
            json!({"language": "python", "style": {"functions": "a)|(b"}}),
            json!({"language": "python", "style": {"classes": 1}}),
        ] {
            assert!(read(&written).is_err(), "{written}");
        }
        let written = json!({"language": "python", "tests": "assert 1", "packages": true,
            "style": {"functions": "[a-z]+|x"}});
        let settings = read(&written).unwrap_or_else(|_| panic!("{written}"));
        let functions = settings.style.unwrap().functions.unwrap();
        assert!(functions.is_match("abc") && !functions.is_match("abC"));
    }

    #[test]
    fn what_reaches_out_is_named() {
        let written = json!({"command": ["x"], "read": ["/srv"], "style": {"command": ["y"]}});
        let settings = read(&written).unwrap_or_else(|_| panic!("{written}"));
        assert_eq!(settings.reaching(), ["`read`", "`command`", "`command` of `style`"]);
        let settings = read(&json!({"language": "python"})).unwrap_or_else(|_| panic!("python"));
        assert!(settings.reaching().is_empty());
    }
}
