//! `examples:` of a prompt, in the file or in one beside it.

use gatemark_core::prompt::Example;

use super::files::Files;
use super::node::{Node, Value};
use super::output::{self, Contract};
use super::problems::Problems;
use super::reader::{Fields, items};
use super::source::DATA;
use super::variables::{self, Declared};
use super::{document, reference};

/// Reads the examples, binds their variables and compares their outputs with the schema.
pub(super) fn read(
    files: &Files,
    folder: &str,
    node: Option<&Node>,
    (declared, contract): (&Declared, &Contract),
    problems: &mut Problems,
) -> Vec<Example> {
    let Some(node) = node else { return vec![] };
    let Some(list) = listed(files, folder, node, "`examples`", problems) else { return vec![] };
    let nodes = items(&list, "`examples`", problems).unwrap_or_default();
    nodes.iter().filter_map(|node| example(node, declared, contract, problems)).collect()
}

/// A list that is written here, or in the file that a mapping `{file: …}` names.
pub(super) fn listed(
    files: &Files,
    folder: &str,
    node: &Node,
    what: &'static str,
    problems: &mut Problems,
) -> Option<Node> {
    let Value::Map(_) = node.value else { return Some(node.clone()) };
    let mut fields = Fields::open(node, what, problems)?;
    let file = fields.required("file", problems);
    fields.close(problems);
    let path = reference::resolve(files, folder, file?, problems)?;
    document::open(files, &path, DATA, problems)
}

fn example(
    node: &Node,
    declared: &Declared,
    contract: &Contract,
    problems: &mut Problems,
) -> Option<Example> {
    let mut fields = Fields::open(node, "an example", problems)?;
    let given = fields.get("variables", problems);
    let values = variables::values(given, &node.spot, Some(declared), problems);
    let written = fields.required("output", problems);
    let output = written.and_then(|node| node.to_json(problems));
    fields.close(problems);
    if let (Some(node), Some(value)) = (written, &output) {
        let objections = contract.objections(value);
        if !objections.is_empty() {
            let joined = output::join(&objections);
            let message = format!("the example's output does not satisfy the schema: {joined}");
            problems.warn(&node.spot, message, "models imitate examples; write one that fits");
        }
    }
    Some(Example { variables: values?, output: output? })
}
