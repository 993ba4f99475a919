//! `output:` of a prompt: schema, marker for missing information, fallback.

use gatemark_core::prompt::Output;
use gatemark_text::schema::Validator;
use serde_json::Value as Json;

use super::files::Files;
use super::node::{Node, Value};
use super::problems::Problems;
use super::reader::Fields;
use super::source::HAND_WRITTEN;
use super::{document, reference, typed};

/// The output contract and its compiled schema.
#[derive(Default)]
pub(super) struct Contract {
    pub(super) output: Output,
    validator: Option<Validator>,
}

impl Contract {
    /// Why a model should not answer `value`; empty if it may: it fits the schema, or is the marker.
    pub(super) fn objections(&self, value: &Json) -> Vec<String> {
        let marker = self.output.insufficient.as_deref();
        if marker.is_some() && marker == value.as_str() {
            return vec![];
        }
        self.misfits(value)
    }

    /// Why `value` does not satisfy the schema, if there is one.
    fn misfits(&self, value: &Json) -> Vec<String> {
        self.validator.as_ref().map(|validator| validator.problems(value)).unwrap_or_default()
    }
}

/// Reads `output:`; no node means free text without a fallback.
pub(super) fn read(
    files: &Files,
    folder: &str,
    node: Option<&Node>,
    problems: &mut Problems,
) -> Contract {
    let fields = node.and_then(|node| Fields::open(node, "`output`", problems));
    let Some(mut fields) = fields else { return Contract::default() };
    let schema = fields.get("schema", problems).and_then(|node| {
        let document = schema_node(files, folder, node, problems)?;
        let schema = document.to_json(problems)?;
        compile(&document, &schema, problems).map(|validator| (schema, validator))
    });
    let insufficient = fields.get("insufficient", problems);
    let insufficient = insufficient.and_then(|node| typed::words(node, "`insufficient`", problems));
    let written = fields.get("fallback", problems);
    let fallback = written.and_then(|node| node.to_json(problems));
    fields.close(problems);
    let (schema, validator) = schema.unzip();
    let insufficient = insufficient.map(String::from);
    let contract = Contract { output: Output { schema, insufficient, fallback }, validator };
    if let (Some(node), Some(value)) = (written, &contract.output.fallback) {
        let objections = contract.misfits(value);
        if !objections.is_empty() {
            let message =
                format!("the fallback does not satisfy the schema: {}", join(&objections));
            let hint =
                "callers trust the schema also when the model fails; write a fallback that fits";
            problems.error(&node.spot, message, hint);
        }
    }
    contract
}

/// The schema itself: written here, or in the file that is named here.
fn schema_node(files: &Files, folder: &str, node: &Node, problems: &mut Problems) -> Option<Node> {
    let file = match &node.value {
        Value::Map(entries) if entries.len() == 1 => {
            node.field("file").filter(|(_, node)| matches!(node.value, Value::Text(_)))
        }
        _ => None,
    };
    let found = match file {
        Some((_, node)) => {
            let path = reference::resolve(files, folder, node, problems)?;
            document::open(files, &path, HAND_WRITTEN, problems)?
        }
        None => node.clone(),
    };
    if let Value::Map(_) = found.value {
        return Some(found);
    }
    let hint = "write a JSON Schema such as {type: object, required: […]}, or {file: schema.json}";
    super::reader::wrong(&found, "a schema", "a mapping", hint, problems)
}

fn compile(node: &Node, schema: &Json, problems: &mut Problems) -> Option<Validator> {
    match Validator::compile(schema) {
        Ok(validator) => Some(validator),
        Err(problem) => {
            let message = format!("this is not a usable JSON Schema: {}", problem.message);
            let hint = "write JSON Schema 2020-12, without references to other documents";
            problems.error(&node.at(&problem.pointer).spot, message, hint);
            None
        }
    }
}

/// The first few objections as one sentence.
pub(super) fn join(objections: &[String]) -> String {
    let shown = objections.get(..3).unwrap_or(objections).join("; ");
    let more = objections.len().saturating_sub(3);
    if more == 0 { shown } else { format!("{shown}; {more} more") }
}
