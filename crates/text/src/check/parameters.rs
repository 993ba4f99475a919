//! The parameters of a check as its author wrote them.
//!
//! Reading is strict: a misspelt parameter that were ignored would make a check weaker than its author
//! believes.

use gatemark_core::diagnostic::did_you_mean;
use serde_json::Value;

use super::CheckProblem;

/// Named parameters of one metric; all names are known to the metric.
pub struct Parameters<'a> {
    metric: &'a str,
    fields: Vec<(&'a str, &'a Value)>,
}

impl<'a> Parameters<'a> {
    /// Reads `written`: an object names its parameters, anything else stands for `main`, null for none.
    pub fn read(
        metric: &'a str,
        main: &'a str,
        known: &[&'a str],
        written: &'a Value,
    ) -> Result<Self, CheckProblem> {
        let fields: Vec<(&str, &Value)> = match written {
            Value::Null => Vec::new(),
            Value::Object(fields) => fields.iter().map(|(name, v)| (name.as_str(), v)).collect(),
            bare => vec![(main, bare)],
        };
        let unknown = fields.iter().filter(|(name, _)| !known.contains(name));
        let problems: Vec<_> = unknown
            .map(|(unknown, _)| {
                let hint = match did_you_mean(unknown, known.iter().copied()) {
                    Some(close) => format!("did you mean `{close}`?"),
                    None => format!("`{metric}` takes {}", known.join(", ")),
                };
                let message = format!("`{unknown}` is not a parameter of `{metric}`");
                CheckProblem::new(message).hint(hint)
            })
            .collect();
        CheckProblem::all(problems).map_or(Ok(Self { metric, fields }), Err)
    }

    /// The metric's name.
    pub fn metric(&self) -> &'a str {
        self.metric
    }

    /// The parameter's value, if it is written; `null` is a value.
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.fields.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// The value of a parameter that must be there.
    pub fn required(&self, name: &str) -> Result<&'a Value, CheckProblem> {
        self.get(name).ok_or_else(|| {
            let hint = format!("write `{}: {{{name}: ...}}`", self.metric);
            CheckProblem::new(format!("`{}` needs `{name}`", self.metric)).hint(hint)
        })
    }

    /// A truth value.
    pub fn flag(&self, name: &str, default: bool) -> Result<bool, CheckProblem> {
        match self.get(name) {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => Err(self.wrong(name, "true or false", other)),
        }
    }

    /// The JSON pointer `at`: empty for the whole answer, or starting with `/`.
    pub fn pointer(&self) -> Result<Option<String>, CheckProblem> {
        match self.get("at") {
            None => Ok(None),
            Some(Value::String(at)) if at.is_empty() || at.starts_with('/') => Ok(Some(at.clone())),
            Some(Value::String(at)) => Err(self
                .wrong("at", "a JSON pointer", &Value::from(at.as_str()))
                .hint(format!("write `/{}`", at.replace('.', "/")))),
            Some(other) => Err(self.wrong("at", "a JSON pointer such as `/intent`", other)),
        }
    }

    /// A problem with the type or range of one parameter.
    pub fn wrong(&self, name: &str, wanted: &str, found: &Value) -> CheckProblem {
        let found = super::subject::shown_value(found);
        CheckProblem::new(format!("`{name}` of `{}` must be {wanted}, not {found}", self.metric))
    }
}
