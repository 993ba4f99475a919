//! Templates, compiled once and rendered many times.

use std::collections::BTreeMap;

use gatemark_core::{Error, Result};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior};
use serde_json::Value;

use super::output::{Bounded, MAX_OUTPUT_BYTES};
use super::problem::structural;
use super::walk::{Findings, walk};
use super::{bounds, filters, operators, output, source};

/// Most steps (the engine's instructions) of one rendering: about 20 ms.
const MAX_STEPS: u64 = 500_000;
/// Most bytes that literal texts in loops may write into captures, which no writer watches.
const MAX_REPEATED_BYTES: u64 = 256 * 1024 * 1024;
/// Deepest recursion: a loop counts 1, a macro's call 5.
const MAX_RECURSION: usize = 64;

/// Compiled templates. Rendering shares nothing but the compiled form, so any number of threads may
/// render at once.
#[derive(Debug)]
pub struct Templates {
    engine: Option<Environment<'static>>,
    /// What one rendering may take: less than [`MAX_STEPS`] if loops hold long literal texts.
    steps: u64,
    compiled: Vec<Compiled>,
}

#[derive(Debug)]
enum Compiled {
    /// Text without tags.
    Plain(String),
    /// The engine's template of that name; it reads only `uses`, so only those are handed over.
    Tagged { name: String, uses: Vec<String> },
}

impl Templates {
    /// Compiles `sources`, in order. Fails on the first problem that [`super::problems`] would list, but
    /// for undeclared names, which then fail the rendering.
    pub fn compile(sources: &[&str]) -> Result<Self> {
        let mut steps = MAX_STEPS;
        let mut engine = None;
        let mut compiled = Vec::with_capacity(sources.len());
        for (index, source) in sources.iter().enumerate() {
            let refused = |problem| {
                Error::invalid(format!("template {} of {}: {problem}", index + 1, sources.len()))
            };
            bounds::check(source).map_err(refused)?;
            if source::is_plain(source) {
                compiled.push(Compiled::Plain((*source).to_owned()));
                continue;
            }
            let tree = source::tree(source).map_err(refused)?;
            let found = walk(&tree);
            if let Some(problem) = structural(source, &found).into_iter().min() {
                return Err(refused(problem));
            }
            let repeated = u64::try_from(found.longest_repeated.max(1)).unwrap_or(u64::MAX);
            steps = steps.min(MAX_REPEATED_BYTES / repeated);
            let name = index.to_string();
            let engine = engine.get_or_insert_with(engine_with_bounds);
            add(engine, &name, source, &found)?;
            let uses = found.undeclared.iter().map(|word| word.text.to_owned()).collect();
            compiled.push(Compiled::Tagged { name, uses });
        }
        if let Some(engine) = &mut engine {
            engine.set_fuel(Some(steps));
        }
        Ok(Self { engine, steps, compiled })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.compiled.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.compiled.is_empty()
    }

    /// The text of template `index` if it is the same whatever the variables are.
    pub fn constant(&self, index: usize) -> Option<&str> {
        match self.compiled.get(index)? {
            Compiled::Plain(text) => Some(text),
            Compiled::Tagged { .. } => None,
        }
    }

    /// Renders template `index` (from 0) with `variables`. [`gatemark_core::Kind::Invalid`] when a name
    /// is undefined, an operation does not fit its values, or a bound is passed.
    pub fn render(&self, index: usize, variables: &BTreeMap<String, Value>) -> Result<String> {
        let (name, uses) = match self.compiled.get(index) {
            None => return Err(Error::internal(format!("there is no template {index}"))),
            Some(Compiled::Plain(text)) => return Ok(text.clone()),
            Some(Compiled::Tagged { name, uses }) => (name, uses),
        };
        let Some(engine) = &self.engine else {
            return Err(Error::internal("templates were compiled without an engine"));
        };
        let handed: BTreeMap<String, minijinja::Value> = uses
            .iter()
            .filter_map(|name| variables.get(name).map(|value| (name.clone(), handed(value))))
            .collect();
        let context = minijinja::Value::from(handed);
        let mut text = Bounded::default();
        engine
            .get_template(name)
            .and_then(|template| template.render_captured_to(context, &mut text).map(drop))
            .map_err(|error| explained(index, self.steps, &error))?;
        text.into_text().ok_or_else(|| Error::internal("a template rendered broken text"))
    }
}

/// Texts, which are most variables, without a detour through a serialiser.
fn handed(value: &Value) -> minijinja::Value {
    match value {
        Value::String(text) => minijinja::Value::from(text.as_str()),
        other => minijinja::Value::from(Serde(other)),
    }
}

fn engine_with_bounds() -> Environment<'static> {
    let mut engine = Environment::new();
    engine.set_syntax(source::syntax());
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_auto_escape_callback(|_| AutoEscape::None);
    engine.set_recursion_limit(MAX_RECURSION);
    engine.set_formatter(output::format);
    filters::install(&mut engine);
    engine
}

fn add(
    engine: &mut Environment<'static>,
    name: &str,
    source: &str,
    found: &Findings<'_>,
) -> Result<()> {
    let replaced = operators::replaced(source, &found.growths)
        .ok_or_else(|| Error::internal("an operator is not where the template's tree says"))?;
    engine.add_template_owned(name.to_owned(), replaced).map_err(|cause| {
        // The source itself was parsed before: only the brackets around operators can be too many.
        let line = cause.line().unwrap_or(1);
        Error::invalid(format!("template line {line}: the expression nests too deep; split it"))
            .because(cause)
    })
}

/// The code of errors about bounds; their `param` is the line, counted from 1.
pub const BOUND_CODE: &str = "template_bound";

/// The engine's error in the author's terms.
fn explained(index: usize, steps: u64, error: &minijinja::Error) -> Error {
    let what = match (error.kind(), error.detail()) {
        (ErrorKind::OutOfFuel, _) => {
            format!("rendering takes more than {steps} steps; a loop or macro runs too long")
        }
        (ErrorKind::WriteFailure, _) => {
            format!("the rendered text is longer than {} MiB", MAX_OUTPUT_BYTES / (1024 * 1024))
        }
        (ErrorKind::InvalidOperation, Some("recursion limit exceeded")) => {
            format!("macros or loops nest deeper than {MAX_RECURSION} levels")
        }
        (ErrorKind::InvalidOperation, Some(detail)) => detail.to_owned(),
        (kind, None) => kind.to_string(),
        (kind, Some(detail)) => format!("{kind}: {detail}"),
    };
    let line = error.line().unwrap_or(1);
    let told = Error::invalid(format!("template {}, line {line}: {what}", index + 1));
    if is_bound(error) { told.coded(BOUND_CODE).at(line.to_string()) } else { told }
}

/// Whether the template asks for too much, as opposed to something that its values do not allow.
fn is_bound(error: &minijinja::Error) -> bool {
    let says = |word| error.detail().is_some_and(|detail| detail.contains(word));
    match error.kind() {
        ErrorKind::OutOfFuel | ErrorKind::WriteFailure => true,
        ErrorKind::InvalidOperation => {
            ["recursion limit", "more than", "too long", "at most", "too many", "overflow"]
                .into_iter()
                .any(says)
        }
        _ => false,
    }
}
