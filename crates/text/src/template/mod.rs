//! placeholder
use std::collections::{BTreeMap, BTreeSet};

use gatemark_core::{Error, Result};
use minijinja::{Environment, UndefinedBehavior};
use serde_json::Value;

/// One problem in a template's source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateProblem {
    /// First line is 1.
    pub line: usize,
    /// First column is 1, in characters; 0 when unknown.
    pub column: usize,
    /// Characters to underline, at least 1.
    pub width: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Everything wrong with `source`: its syntax, or names that are used and not among `declared`.
pub fn problems(source: &str, declared: &BTreeSet<&str>) -> Vec<TemplateProblem> {
    let _ = (source, declared);
    Vec::new()
}

/// Names that the template takes from outside; empty when it cannot be parsed.
pub fn used_variables(source: &str) -> BTreeSet<String> {
    Environment::new()
        .template_from_str(source)
        .map(|template| template.undeclared_variables(false).into_iter().collect())
        .unwrap_or_default()
}

/// Compiled templates.
#[derive(Debug)]
pub struct Templates {
    engine: Environment<'static>,
    len: usize,
}

impl Templates {
    /// Compiles `sources`, in order.
    pub fn compile(sources: &[&str]) -> Result<Self> {
        let mut engine = Environment::new();
        engine.set_undefined_behavior(UndefinedBehavior::Strict);
        engine.set_fuel(Some(500_000));
        for (index, source) in sources.iter().enumerate() {
            engine
                .add_template_owned(index.to_string(), (*source).to_owned())
                .map_err(|error| Error::invalid(error.to_string()))?;
        }
        Ok(Self { engine, len: sources.len() })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Renders template `index` with `variables`.
    pub fn render(&self, index: usize, variables: &BTreeMap<String, Value>) -> Result<String> {
        let context = minijinja::value::Serde(variables);
        self.engine
            .get_template(&index.to_string())
            .and_then(|template| template.render(context))
            .map_err(|error| Error::invalid(error.to_string()))
    }
}
