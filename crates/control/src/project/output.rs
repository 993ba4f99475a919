//! `output:` of a prompt: schema, marker for missing information, fallback.

use gatemark_core::prompt::{Output, Review, Streaming};
use gatemark_text::condition::Condition;
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
    let has_schema = fields.has("schema");
    let repair = repair(&mut fields, has_schema, problems);
    let stream = fields.get("stream", problems).and_then(|node| {
        let words = [("validate", Streaming::Validate), ("hold", Streaming::Hold)];
        typed::word(node, "`stream`", &words, problems)
    });
    let stream = stream.filter(|stream| *stream != Streaming::default());
    let known = schema.as_ref().map(|(schema, _)| schema);
    let review = fields.get("review", problems);
    let review = review.and_then(|node| review_rule(node, has_schema, known, problems));
    fields.close(problems);
    let (schema, validator) = schema.unzip();
    let insufficient = insufficient.map(String::from);
    let contract = Contract {
        output: Output { schema, insufficient, fallback, repair, stream, review },
        validator,
    };
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

/// `repair:`; what is written as it is by default is the same as not written.
fn repair(fields: &mut Fields<'_>, has_schema: bool, problems: &mut Problems) -> Option<u32> {
    let node = fields.get("repair", problems)?;
    let times = typed::whole(node, "`repair`", (0, 1), problems)?;
    if times > 0 && !has_schema {
        let message = "`repair` needs a schema: any text is right without one";
        problems.error(&node.spot, message, "add `schema`, or remove the line");
    }
    (times == 0 && has_schema).then_some(0)
}

/// `review:` which answers a person looks at.
fn review_rule(
    node: &Node,
    has_schema: bool,
    schema: Option<&Json>,
    problems: &mut Problems,
) -> Option<Review> {
    const HINT: &str = "write a comparison of the answer's fields, such as \"confidence < 0.7\"";
    let mut fields = Fields::open(node, "`review`", problems)?;
    let when = fields.required("when", problems);
    fields.close(problems);
    let when = when?;
    let text = typed::words(when, "`when`", problems)?;
    let condition = match Condition::parse(text) {
        Ok(condition) => condition,
        Err(why) => {
            problems.error(&when.spot, format!("`when` is not a condition: {why}"), HINT);
            return None;
        }
    };
    if !has_schema {
        let message = "`review` needs a schema: only JSON has fields to compare";
        problems.error(&when.spot, message, "add `schema`, or remove `review`");
    }
    for why in schema.map(|schema| condition.objections(schema)).unwrap_or_default() {
        problems.error(&when.spot, format!("`when` does not fit the schema: {why}"), HINT);
    }
    Some(Review { when: text.into() })
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
