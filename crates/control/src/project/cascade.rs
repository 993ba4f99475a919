//! `cascade:` of a prompt: which models are asked one after the other, and when.

use gatemark_core::cascade::{Cascade, Confidence, Judge, UpWhen};
use gatemark_core::diagnostic::Place;
use gatemark_core::id::{ModelName, PromptName};
use gatemark_core::model::Project;
use gatemark_core::prompt::Output;
use gatemark_gateway::{PromptRef, Selector};

use super::models::{self, Entry};
use super::node::{Node, Value};
use super::problems::Problems;
use super::reader::{Fields, items};
use super::typed;

/// Most steps.
const MOST: usize = 5;

/// Where the model says how sure it is unless another field is named.
const FIELD: &str = "/confidence";

/// What the signs look at, beside themselves.
pub(super) struct Around<'a> {
    pub(super) project: &'a Project,
    pub(super) prompt: &'a PromptName,
    pub(super) models: &'a [Entry],
    pub(super) output: &'a Output,
}

/// Reads `cascade:`; with it where its judge is named.
pub(super) fn read(
    node: Option<&Node>,
    around: &Around<'_>,
    problems: &mut Problems,
) -> (Option<Cascade>, Option<Place>) {
    let Some(node) = node else { return (None, None) };
    let mut place = None;
    let cascade = cascade(node, around, &mut place, problems);
    (cascade, place)
}

fn cascade(
    node: &Node,
    around: &Around<'_>,
    place: &mut Option<Place>,
    problems: &mut Problems,
) -> Option<Cascade> {
    let before = problems.errors();
    let models = around.models;
    let mut fields = Fields::open(node, "`cascade`", problems)?;
    let steps = fields.required("steps", problems);
    let steps = steps.map(|node| steps_of(node, models, problems)).unwrap_or_default();
    let signs = fields.required("up_when", problems);
    let up_when = signs.and_then(|node| signs_of(node, around, place, problems));
    fields.close(problems);
    let up_when = up_when?;
    if up_when.logprob_below.is_some() {
        ask_for_logprobs(node, &steps, models, problems);
    }
    (problems.errors() == before).then_some(Cascade { steps, up_when })
}

fn steps_of(node: &Node, models: &[Entry], problems: &mut Problems) -> Vec<ModelName> {
    let Some(list) = items(node, "`steps`", problems) else { return vec![] };
    if !(2..=MOST).contains(&list.len()) {
        let message = format!("`steps` must name from 2 to {MOST} models");
        problems.error(&node.spot, message, "the cheapest first, as `provider/model`");
    }
    let mut steps: Vec<ModelName> = vec![];
    for node in list.iter().take(MOST) {
        let Some(text) = typed::text(node, "a step", problems) else { continue };
        let known = models.iter().filter_map(|entry| entry.model.as_ref());
        match known.into_iter().find(|model| model.as_str() == text) {
            None => problems.error(
                &node.spot,
                format!("the step `{text}` is not among the prompt's `models`"),
                "a step needs a variant and evidence of its own: add it under `models`",
            ),
            Some(model) if steps.contains(model) => {
                problems.error(
                    &node.spot,
                    format!("the step `{text}` is given twice"),
                    "remove one",
                );
            }
            Some(model) => steps.push(model.clone()),
        }
    }
    let serves = models.first().and_then(|entry| entry.model.as_ref());
    if steps.first().is_some_and(|first| Some(first) != serves) {
        let message = "the first step must be the first of `models`, which is the one that serves";
        problems.error(&node.spot, message, "put the cheapest model first in both");
    }
    steps
}

fn signs_of(
    node: &Node,
    around: &Around<'_>,
    place: &mut Option<Place>,
    problems: &mut Problems,
) -> Option<UpWhen> {
    let output = around.output;
    let mut fields = Fields::open(node, "`up_when`", problems)?;
    let below = fields.get("confidence_below", problems);
    let confidence = below.and_then(|node| confidence(node, problems));
    let least = fields.get("logprob_below", problems);
    let logprob_below =
        least.and_then(|node| typed::number(node, "`logprob_below`", (-100.0, 0.0), problems));
    let mut flag = |name, what| {
        let node = fields.get(name, problems)?;
        typed::boolean(node, what, problems)
    };
    let off_format = flag("off_format", "`off_format`").unwrap_or_default();
    let insufficient = flag("insufficient", "`insufficient`").unwrap_or_default();
    let written = fields.get("judge", problems);
    let judge = written.and_then(|node| judge(node, around, problems));
    *place = judge.as_ref().and(written).map(|node| node.spot.place());
    fields.close(problems);
    let signs = UpWhen { confidence, logprob_below, off_format, insufficient, judge };
    if signs == UpWhen::default() && written.is_none() {
        let hint = "name `confidence_below`, `logprob_below`, `off_format: true`, `insufficient: true` or `judge`";
        problems.error(&node.spot, "`up_when` has no sign, so no call would ever go up", hint);
    }
    if (signs.off_format || signs.confidence.is_some()) && output.schema.is_none() {
        let message =
            "`off_format` and `confidence_below` look at JSON, and the prompt has no schema";
        problems.error(&node.spot, message, "add `output.schema`");
    }
    if signs.insufficient && output.insufficient.is_none() {
        let message = "the prompt has no marker for missing information";
        problems.error(&node.spot, message, "add `output.insufficient`");
    }
    Some(signs)
}

/// `{prompt: judges/rubric@1.0.0, model: provider/model, below: 4}`.
fn judge(node: &Node, around: &Around<'_>, problems: &mut Problems) -> Option<Judge> {
    let mut fields = Fields::open(node, "`judge`", problems)?;
    let prompt = fields.required("prompt", problems);
    let prompt = prompt.and_then(|node| pinned(node, around.prompt, problems));
    let model = fields.required("model", problems);
    let model = model.and_then(|node| models::model_name(around.project, node, problems));
    let below = fields.get("below", problems);
    let below = below.and_then(|node| typed::number(node, "`below`", (-1e9, 1e9), problems));
    let criteria = fields.get("criteria", problems);
    let criteria = criteria.and_then(|node| typed::words(node, "`criteria`", problems));
    let criteria = criteria.map(String::from);
    fields.close(problems);
    let (prompt, version) = prompt?;
    Some(Judge { prompt, version: version.to_string(), model: model?, below, criteria })
}

/// A judge in one version: which one judges is part of what the prompt is, and of what was tested.
fn pinned(
    node: &Node,
    own: &PromptName,
    problems: &mut Problems,
) -> Option<(PromptName, semver::Version)> {
    let text = typed::words(node, "`prompt`", problems)?;
    let parsed = match PromptRef::parse(text, "prompt") {
        Ok(parsed) => parsed,
        Err(error) => {
            let message = format!("`prompt`: {}", error.message());
            problems.error(&node.spot, message, "write `judges/rubric@1.0.0`");
            return None;
        }
    };
    if parsed.name == *own {
        let message = "a prompt cannot judge its own answers here";
        problems.error(&node.spot, message, "name a judge's prompt, see docs/judges.md");
        return None;
    }
    let Selector::Semver(version) = parsed.selector else {
        let message = format!("the judge `{}` must be named in one version", parsed.name);
        let hint = format!("write `{}@` and its semantic version, such as 1.0.0", parsed.name);
        problems.error(&node.spot, message, hint);
        return None;
    };
    Some((parsed.name, version))
}

/// `0.7`, or `{at: /sure, below: 0.7}`.
fn confidence(node: &Node, problems: &mut Problems) -> Option<Confidence> {
    let number = |node: &Node, problems: &mut Problems| {
        typed::number(node, "`confidence_below`", (0.0, 1000.0), problems)
    };
    if !matches!(node.value, Value::Map(_)) {
        return number(node, problems).map(|below| Confidence { at: FIELD.into(), below });
    }
    let mut fields = Fields::open(node, "`confidence_below`", problems)?;
    let at = fields.required("at", problems);
    let at = at.and_then(|node| {
        let at = typed::words(node, "`at`", problems)?;
        if !at.starts_with('/') {
            problems.error(&node.spot, "`at` must be a JSON pointer", "write `/confidence`");
        }
        Some(at.to_string())
    });
    let below = fields.required("below", problems).and_then(|node| number(node, problems));
    fields.close(problems);
    Some(Confidence { at: at?, below: below? })
}

/// Vendors tell log-probabilities only where they are asked for, and the version says what is asked.
fn ask_for_logprobs(node: &Node, steps: &[ModelName], models: &[Entry], problems: &mut Problems) {
    let lower = steps.split_last().map(|(_, lower)| lower).unwrap_or_default();
    for step in lower {
        let entry = models.iter().find(|entry| entry.model.as_ref() == Some(step));
        let asks = |entry: &Entry| entry.parameters.get("logprobs") == Some(&true.into());
        if !entry.is_some_and(asks) {
            let message =
                format!("`logprob_below` needs log-probabilities, which {step} is not asked for");
            let hint = "add `parameters: {logprobs: true}` to that model";
            problems.error(&node.spot, message, hint);
        }
    }
}
