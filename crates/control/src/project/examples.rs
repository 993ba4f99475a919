//! `examples:` of a prompt, in the file or in one beside it, and `choose:`, which of them a call gets.

use gatemark_core::context::{By, Choose};
use gatemark_core::id::ModelName;
use gatemark_core::model::Project;
use gatemark_core::prompt::Example;

use super::models::Context;
use super::node::{Node, Value};
use super::output::{self, Contract};
use super::problems::Problems;
use super::reader::{Fields, items};
use super::source::DATA;
use super::variables::{self, Declared};
use super::{document, reference, typed};

const BY: [(&str, By); 2] = [("similarity", By::Similarity), ("embedding", By::Embedding)];

/// Reads the examples and how they are chosen, binds their variables and compares their outputs with the schema.
pub(super) fn read(
    context: &Context<'_>,
    node: Option<&Node>,
    (declared, contract): (&Declared, &Contract),
    problems: &mut Problems,
) -> (Vec<Example>, Option<Choose>) {
    let Some(node) = node else { return (vec![], None) };
    let (list, choose) = match &node.value {
        Value::Map(_) => mapping(context, node, problems),
        _ => (Some(node.clone()), None),
    };
    let nodes = list.as_ref().and_then(|list| items(list, "`examples`", problems));
    let nodes = nodes.unwrap_or_default();
    let examples = nodes.iter().filter_map(|node| example(node, declared, contract, problems));
    (examples.collect(), choose)
}

/// `{file: …}` or `{list: […]}`, both with `choose`.
fn mapping(
    context: &Context<'_>,
    node: &Node,
    problems: &mut Problems,
) -> (Option<Node>, Option<Choose>) {
    let Some(mut fields) = Fields::open(node, "`examples`", problems) else { return (None, None) };
    let given = fields.get("list", problems);
    let file = if given.is_some() {
        fields.refuse("file", "and `list` are two sources", "keep one of the two", problems);
        None
    } else {
        fields.required("file", problems)
    };
    let choose = fields.get("choose", problems);
    let choose = choose.and_then(|node| chosen(node, context.project, problems));
    fields.close(problems);
    let read = |file| {
        let path = reference::resolve(context.files, context.folder, file, problems)?;
        document::open(context.files, &path, DATA, problems)
    };
    (given.cloned().or_else(|| file.and_then(read)), choose)
}

fn chosen(node: &Node, project: &Project, problems: &mut Problems) -> Option<Choose> {
    let mut fields = Fields::open(node, "`choose`", problems)?;
    let by = fields.get("by", problems);
    let by = by.and_then(|node| typed::word(node, "`by`", &BY, problems)).unwrap_or_default();
    let model = embedder(&mut fields, by, project, problems);
    let k = fields.required("k", problems);
    let k = k.and_then(|node| count(node, "`k`", 100, problems));
    let diversity = fields.get("diversity", problems);
    let diversity = diversity.and_then(|node| typed::share(node, "`diversity`", problems));
    let max_tokens = fields.get("max_tokens", problems);
    let max_tokens =
        max_tokens.and_then(|node| count(node, "`max_tokens`", u64::from(u32::MAX), problems));
    fields.close(problems);
    Some(Choose { by, model, k: k?, diversity: diversity.unwrap_or_default(), max_tokens })
}

/// The model by whose vectors examples are chosen.
fn embedder(
    fields: &mut Fields<'_>,
    by: By,
    project: &Project,
    problems: &mut Problems,
) -> Option<ModelName> {
    if by == By::Similarity {
        let why = "says nothing: examples are chosen by their words";
        fields.refuse("model", why, "write `by: embedding`, or remove the line", problems);
        return None;
    }
    let node = fields.required("model", problems)?;
    let text = typed::words(node, "`model`", problems)?;
    let model: ModelName = match text.parse() {
        Ok(model) => model,
        Err(error) => {
            problems.error(&node.spot, format!("`model`: {error}"), "write `provider/model`");
            return None;
        }
    };
    if !project.serves(&model) {
        let message = format!("the embedding model `{model}` has no provider");
        let hint = format!("declare provider `{}` in gatemark.yaml", model.provider());
        problems.error(&node.spot, message, hint);
    }
    Some(model)
}

fn count(node: &Node, what: &str, most: u64, problems: &mut Problems) -> Option<u32> {
    typed::whole(node, what, (1, most), problems).and_then(|count| u32::try_from(count).ok())
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
