//! What a call would send, without sending it: for estimates and for checks that compare an answer with
//! the instructions it was given.

use std::borrow::Cow;

use gatemark_core::error::{Error, Result};
use gatemark_core::id::ModelName;
use gatemark_core::prompt::Role;
use gatemark_core::variable;
use serde_json::{Map, Value};

use crate::apart;
use crate::fields;
use crate::fit::{self, History, Whole};
use crate::prepare;
use crate::release::Release;
use crate::shorten;

/// How large a call would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Tokens that the model would read, by our own count.
    pub input_tokens: u64,
    /// Most tokens that it may write, if that is bounded.
    pub max_output: Option<u64>,
}

impl Release {
    /// The system messages as `model` would get them, one after the other.
    ///
    /// # Errors
    /// `Invalid` if the variables do not fit the prompt.
    pub fn system_text(&self, model: &ModelName, variables: &Map<String, Value>) -> Result<String> {
        let compiled = self.variant(model).ok_or_else(|| unknown(self, model))?;
        let bound =
            variable::bind(&self.version.content.variables, variables).map_err(prepare::refuse)?;
        let content = &self.version.content;
        let boundary = apart::boundary(content, &bound, &[]);
        let bound = apart::shown(content, Cow::Owned(bound), boundary.as_ref());
        let mut text = String::new();
        for (index, role) in compiled.roles.iter().enumerate() {
            if *role == Role::System {
                text.push_str(&compiled.templates.render(index, &bound)?);
                text.push('\n');
            }
        }
        Ok(text)
    }

    /// How large a call with these variables would be.
    ///
    /// # Errors
    /// `Invalid` if the variables do not fit the prompt.
    pub fn size(&self, model: &ModelName, variables: &Map<String, Value>) -> Result<Size> {
        let compiled = self.variant(model).ok_or_else(|| unknown(self, model))?;
        let content = &self.version.content;
        let mut bound = variable::bind(&content.variables, variables).map_err(prepare::refuse)?;
        // The size of a call that will be refused matters to nobody.
        shorten::to_bounds(&content.variables, &mut bound).ok();
        let boundary = apart::boundary(content, &bound, &[]);
        let (variables, chosen) = (&bound, &compiled.shots.choose(&bound, None));
        let fields = &compiled.parameters;
        let whole = Whole {
            content,
            compiled,
            variables,
            boundary: boundary.as_ref(),
            chosen,
            history: History::default(),
            caller: None,
            fields,
        };
        let fitted = fit::fit(whole, None)?;
        let turns = (fitted.turns.as_slice(), chosen);
        let input_tokens = prepare::input_tokens(compiled, turns, fields);
        Ok(Size { input_tokens, max_output: fields::max_output(&compiled.parameters) })
    }
}

fn unknown(release: &Release, model: &ModelName) -> Error {
    Error::internal(format!("{release:?} was not compiled for {model}"))
}
