//! Parameters of one type each, and all mistakes of a check at once.

use gatemark_core::diagnostic::did_you_mean;
use serde_json::Value;

use super::{CheckProblem, Parameters};

impl<'a> Parameters<'a> {
    /// A whole number from 0.
    pub(super) fn whole(&self, name: &str) -> Result<Option<u64>, CheckProblem> {
        let Some(written) = self.get(name) else { return Ok(None) };
        let whole = written.as_u64();
        whole.map(Some).ok_or_else(|| self.wrong(name, "a whole number from 0", written))
    }

    /// A finite number.
    pub(super) fn number(&self, name: &str) -> Result<Option<f64>, CheckProblem> {
        let Some(written) = self.get(name) else { return Ok(None) };
        let number = written.as_f64().filter(|number| number.is_finite());
        number.map(Some).ok_or_else(|| self.wrong(name, "a number", written))
    }

    /// A share above 0, up to 1: from 0 on, every answer would pass.
    pub(super) fn positive_share(&self, name: &str) -> Result<Option<f64>, CheckProblem> {
        let Some(written) = self.get(name) else { return Ok(None) };
        let share = written.as_f64().filter(|share| *share > 0.0 && *share <= 1.0);
        let wanted = "a share above 0 and up to 1";
        share.map(Some).ok_or_else(|| self.wrong(name, wanted, written))
    }

    /// A text that is not empty.
    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>, CheckProblem> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text)),
            Some(other) => Err(self.wrong(name, "a text that is not empty", other)),
        }
    }

    /// A text, or a list of at least one; none of them empty.
    pub(super) fn texts(&self, name: &str) -> Result<Option<Vec<String>>, CheckProblem> {
        let Some(written) = self.get(name) else { return Ok(None) };
        let one = std::slice::from_ref(written);
        let many = written.as_array().map_or(one, Vec::as_slice);
        let text = |value: &Value| {
            value.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned)
        };
        let texts: Option<Vec<String>> = many.iter().map(text).collect();
        let texts = texts.filter(|texts| !texts.is_empty());
        let wanted = "a text or a list of texts, none of them empty";
        texts.map(Some).ok_or_else(|| self.wrong(name, wanted, written))
    }

    /// One word of a few.
    pub(super) fn choice<'o>(
        &self,
        name: &str,
        options: &[&'o str],
    ) -> Result<Option<&'o str>, CheckProblem> {
        let Some(written) = self.get(name) else { return Ok(None) };
        let word = written.as_str().unwrap_or_default();
        options.iter().find(|option| **option == word).map(|option| Some(*option)).ok_or_else(
            || {
                let problem = self.wrong(name, &format!("one of {}", options.join(", ")), written);
                match did_you_mean(word, options.iter().copied()) {
                    Some(close) => problem.hint(format!("did you mean `{close}`?")),
                    None => problem,
                }
            },
        )
    }
}

/// Mistakes gathered while a check is built.
#[derive(Default)]
pub(super) struct Mistakes(Vec<CheckProblem>);

impl Mistakes {
    /// The value, or `None` and the mistake is kept.
    pub(super) fn take<T>(&mut self, read: Result<T, CheckProblem>) -> Option<T> {
        read.map_err(|problem| self.0.push(problem)).ok()
    }

    /// The same for parameters that may be absent.
    pub(super) fn option<T>(&mut self, read: Result<Option<T>, CheckProblem>) -> Option<T> {
        self.take(read).flatten()
    }

    /// Adds a mistake.
    pub(super) fn add(&mut self, problem: CheckProblem) {
        self.0.push(problem);
    }

    /// `built`, unless there were mistakes. `None` stands for a part that could not be read.
    pub(super) fn or<T: super::Check + 'static>(
        self,
        built: Option<T>,
    ) -> Result<Box<dyn super::Check>, CheckProblem> {
        match (CheckProblem::all(self.0), built) {
            (None, Some(built)) => Ok(Box::new(built)),
            (Some(problem), _) => Err(problem),
            (None, None) => Err(CheckProblem::new("the check is incomplete")),
        }
    }
}
