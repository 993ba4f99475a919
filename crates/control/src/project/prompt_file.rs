//! `prompt.yaml`: one prompt as its author wrote it.

use std::collections::BTreeSet;

use gatemark_core::diagnostic::Place;
use gatemark_core::guard_policy::GuardPolicy;
use gatemark_core::id::PromptName;
use gatemark_core::model::Project;
use gatemark_core::prompt::{Content, Limits};
use gatemark_core::suite::Suite;

use super::files::Files;
use super::models::{self, Context, Entry};
use super::node::{Node, Value};
use super::problems::Problems;
use super::reader::{Fields, shown};
use super::source::HAND_WRITTEN;
use super::variables::Declared;
use super::{
    cascade, conversation, document, examples, guards, messages, output, trial, typed, variables,
};

/// A prompt that was read without errors.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptFile {
    /// From its folders: `prompts/<service>/<name>`.
    pub name: PromptName,
    /// The path of its `prompt.yaml`.
    pub file: String,
    /// The semantic version that its author gives it.
    pub semver: semver::Version,
    /// Where `version:` stands, for complaints about too small a step.
    pub semver_place: Place,
    /// For people.
    pub description: Option<String>,
    /// The team that answers for it.
    pub owner: Option<String>,
    /// Why this version exists.
    pub changelog: Option<String>,
    /// Everything that reaches a model.
    pub content: Content,
    /// Where it names other prompts.
    pub places: Places,
    /// The cases of the `suite.yaml` beside it, if there is one.
    pub suite: Option<Suite>,
}

/// Where a prompt names others, which are looked for when it is pushed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Places {
    /// The summariser of its conversations.
    pub summariser: Option<Place>,
    /// The judge of its cascade.
    pub judge: Option<Place>,
}

/// Reads `path`, the `prompt.yaml` in `folder`. The declared variables are returned also when the rest is
/// bad, so that the suite can be checked in the same go.
pub(super) fn read(
    files: &Files,
    (folder, path): (&str, &str),
    name: PromptName,
    project: &Project,
    problems: &mut Problems,
) -> (Option<PromptFile>, Option<Declared>) {
    let node = document::open(files, path, HAND_WRITTEN, problems);
    let fields = node.as_ref().and_then(|node| Fields::open(node, "a prompt", problems));
    let Some(mut fields) = fields else { return (None, None) };
    let context = Context { files, folder, project };
    let version = fields.required("version", problems);
    let semver = version.and_then(|node| semantic_version(node, problems));
    let mut line = |name, what| {
        let node = fields.get(name, problems)?;
        typed::text(node, what, problems).map(String::from)
    };
    let description = line("description", "`description`");
    let owner = line("owner", "`owner`");
    let changelog = line("changelog", "`changelog`");
    let declared = variables::declared(fields.get("variables", problems), problems);
    let (content, places) = content(&context, &name, &mut fields, &declared, problems);
    fields.close(problems);
    let (Some(semver), Some(version)) = (semver, version) else { return (None, Some(declared)) };
    let semver_place = version.spot.place();
    let file = path.to_string();
    let prompt = PromptFile {
        name,
        file,
        semver,
        semver_place,
        description,
        owner,
        changelog,
        content,
        places,
        suite: None,
    };
    (Some(prompt), Some(declared))
}

fn semantic_version(node: &Node, problems: &mut Problems) -> Option<semver::Version> {
    let hint = "write three numbers such as 1.0.0";
    let message = match &node.value {
        Value::Text(text) => match semver::Version::parse(text) {
            Ok(version) if version.pre.is_empty() && version.build.is_empty() => {
                return Some(version);
            }
            Ok(_) => format!(
                "`{}` has a pre-release or build tail, which says nothing here",
                shown(text)
            ),
            Err(error) => format!("`{}` is not a semantic version: {error}", shown(text)),
        },
        Value::Int(text) | Value::Float(text) => {
            format!("`{}` is not a semantic version", shown(text))
        }
        _ => return typed::text(node, "`version`", problems).and(None),
    };
    problems.error(&node.spot, message, hint);
    None
}

fn content(
    context: &Context<'_>,
    prompt: &PromptName,
    fields: &mut Fields<'_>,
    declared: &Declared,
    problems: &mut Problems,
) -> (Content, Places) {
    let (files, folder) = (context.files, context.folder);
    let before = problems.errors();
    let base = fields.required("messages", problems);
    let base = base.map(|node| messages::read(files, folder, node, problems)).unwrap_or_default();
    let base_is_whole = problems.errors() == before;
    let contract = output::read(files, folder, fields.get("output", problems), problems);
    let given = fields.get("examples", problems);
    let (examples, choose) = examples::read(context, given, (declared, &contract), problems);
    let before = problems.errors();
    let models = fields.required("models", problems);
    let models = models.map(|node| models::read(context, node, problems)).unwrap_or_default();
    let mut used = BTreeSet::new();
    let structure = context.project.structure;
    messages::check(files, (&base, structure), declared, &mut used, problems);
    for entry in &models {
        messages::check(files, (&entry.messages, structure), declared, &mut used, problems);
        if base_is_whole {
            messages::check_ranks(&base, &entry.messages, problems);
        }
    }
    trial::render(files, &base, declared, problems);
    for entry in &models {
        trial::render(files, &entry.messages, declared, problems);
    }
    // Only whole messages tell which variables they do not use.
    if base_is_whole && problems.errors() == before {
        messages::warn_unused(declared, &used, problems);
    }
    let conversation = fields.get("conversation", problems);
    let (conversation, summariser) = conversation::read(conversation, &base, problems);
    let around = cascade::Around {
        project: context.project,
        prompt,
        models: &models,
        output: &contract.output,
    };
    let (cascade, judge) = cascade::read(fields.get("cascade", problems), &around, problems);
    let guard = fields.get("guard", problems);
    let fallback = contract.output.fallback.is_some();
    let guard = guard.map(|node| guards::policy(node, fallback, problems));
    // One that says nothing is none, so that it is not another version.
    let guard = guard.filter(|policy| *policy != GuardPolicy::default());
    let limits = limits(fields.get("limits", problems), context.project, &models, problems);
    let content = Content {
        variables: declared.variables.clone(),
        messages: base.into_iter().map(|written| written.message).collect(),
        examples,
        choose,
        output: contract.output,
        models: models.into_iter().filter_map(Entry::into_variant).collect(),
        cascade,
        conversation,
        guard,
        limits,
    };
    (content, Places { summariser, judge })
}

fn limits(
    node: Option<&Node>,
    project: &Project,
    models: &[Entry],
    problems: &mut Problems,
) -> Limits {
    let fields = node.and_then(|node| Fields::open(node, "`limits`", problems));
    let Some(mut fields) = fields else { return Limits::default() };
    let written = fields.get("cost_usd_per_call", problems);
    let cost = written.and_then(|node| typed::money(node, "`cost_usd_per_call`", problems));
    if let (Some(node), Some(0)) = (written, cost.map(|cost| cost.0)) {
        let message = "`cost_usd_per_call` of 0 lets no call through";
        problems.error(&node.spot, message, "raise it, or remove the line");
    }
    let timeout = fields.get("timeout", problems);
    let timeout = timeout.and_then(|node| typed::duration(node, "`timeout`", 1, problems));
    let input = fields.get("max_input_tokens", problems);
    let input =
        input.and_then(|node| typed::whole(node, "`max_input_tokens`", (1, 100_000_000), problems));
    fields.close(problems);
    if cost.is_some() {
        models.iter().for_each(|entry| check_cap(entry, project, problems));
    }
    Limits { cost_per_call: cost, timeout_ms: timeout, input_tokens: input }
}

/// A cap is kept by reserving the most that a call may cost, which takes a price and a bound of output.
fn check_cap(entry: &Entry, project: &Project, problems: &mut Problems) {
    let Some(model) = &entry.model else { return };
    if project.serves(model) && project.price(model).is_none() {
        let message = format!("the cost of a call is capped, but {model} has no price");
        let hint = "add it under `models` in gatemark.yaml with `input_usd_per_million` and `output_usd_per_million`";
        problems.error(&entry.spot, message, hint);
    }
    let bounds = ["max_tokens", "max_completion_tokens"];
    if !bounds.iter().any(|name| entry.parameters.contains_key(*name)) {
        let message = format!("the cost of a call is capped, but {model} may write without bound");
        problems.warn(&entry.spot, message, "set `max_tokens` for this model");
    }
}
