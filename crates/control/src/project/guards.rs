//! `guard:` of a prompt and of an environment, and `redact:` of an environment.
//!
//! Both sides share `input` and `output`; an environment adds how seriously verdicts are taken, a prompt whether a
//! canary is planted.

use std::collections::BTreeSet;

use gatemark_core::diagnostic::did_you_mean;
use gatemark_core::guard::Layer;
use gatemark_core::guard_policy::{
    Action, GuardPolicy, Input, Level, Links, Mode, OnBlock, Output, Place,
};
use gatemark_core::redaction::{Pii, Redaction};
use gatemark_text::safety::pii::TYPES;

use super::node::{Node, Value};
use super::problems::Problems;
use super::reader::{Fields, items, shown};
use super::typed;

const MODES: [(&str, Mode); 3] =
    [("off", Mode::Off), ("observe", Mode::Observe), ("enforce", Mode::Enforce)];
const ON_BLOCK: [(&str, OnBlock); 2] = [("error", OnBlock::Error), ("fallback", OnBlock::Fallback)];
const ACTIONS: [(&str, Action); 5] = [
    ("off", Action::Off),
    ("review", Action::Review),
    ("redact", Action::Redact),
    ("replace", Action::Replace),
    ("block", Action::Block),
];
const LAYERS: [(&str, Layer); 6] = [
    ("views", Layer::Views),
    ("rules", Layer::Rules),
    ("fuzzy", Layer::Fuzzy),
    ("classifier", Layer::Classifier),
    ("judge", Layer::Judge),
    ("canary", Layer::Canary),
];
const NO_PII: [(&str, Pii); 2] = [("none", Pii::None), ("all", Pii::All)];

/// Reads `guard:` of a prompt. `fallback` says whether the version has a static one.
pub(super) fn policy(node: &Node, fallback: bool, problems: &mut Problems) -> GuardPolicy {
    let Some(mut fields) = Fields::open(node, "`guard`", problems) else {
        return GuardPolicy::default();
    };
    let input = fields.get("input", problems).map(|node| (node, input(node, problems)));
    let output = fields.get("output", problems).map(|node| (node, output(node, problems)));
    let canary = fields.get("canary", problems);
    let canary = canary.and_then(|node| typed::boolean(node, "`canary`", problems));
    fields.elsewhere("`mode` is set for an environment, in gatemark.yaml");
    fields.close(problems);
    let hint = "add `fallback` under `output`, or choose another";
    if let (Some((node, Input { on_block: Some(OnBlock::Fallback), .. })), false) =
        (&input, fallback)
    {
        let message = "`on_block: fallback` needs a static fallback, and the prompt has none";
        problems.error(&node.spot, message, hint);
    }
    if let (Some((node, output)), false) = (&output, fallback)
        && actions(output).contains(&Action::Replace)
    {
        let message = "`replace` needs a static fallback, and the prompt has none";
        problems.error(&node.spot, message, hint);
    }
    GuardPolicy {
        input: input.map(|(_, input)| input).unwrap_or_default(),
        output: output.map(|(_, output)| output).unwrap_or_default(),
        canary: canary.unwrap_or_default(),
    }
}

fn actions(output: &Output) -> Vec<Action> {
    let links = output.links.as_ref().map(|links| links.action);
    [output.leak, output.pii, output.secrets, links].into_iter().flatten().collect()
}

/// Reads `guard:` of an environment: one of the modes, or a mapping.
pub(super) fn place(node: &Node, problems: &mut Problems) -> Place {
    if let Value::Text(_) = node.value {
        let mode = typed::word(node, "`guard`", &MODES, problems).unwrap_or_default();
        return Place { mode, ..Place::default() };
    }
    let Some(mut fields) = Fields::open(node, "`guard`", problems) else {
        return Place::default();
    };
    let mode = fields.get("mode", problems);
    let mode = mode.and_then(|node| typed::word(node, "`mode`", &MODES, problems));
    let plain = fields.get("plain", problems);
    let plain = plain.and_then(|node| typed::boolean(node, "`plain`", problems));
    let input = fields.get("input", problems).map(|node| input(node, problems));
    let output = fields.get("output", problems).map(|node| output(node, problems));
    fields.elsewhere("`canary` is set for a prompt, in prompt.yaml");
    fields.close(problems);
    Place {
        mode: mode.unwrap_or_default(),
        plain: plain.unwrap_or_default(),
        input: input.unwrap_or_default(),
        output: output.unwrap_or_default(),
    }
}

fn input(node: &Node, problems: &mut Problems) -> Input {
    let Some(mut fields) = Fields::open(node, "`input`", problems) else {
        return Input::default();
    };
    let user = fields.get("user", problems).map(|node| level(node, "`user`", problems));
    let document = fields.get("document", problems).map(|node| level(node, "`document`", problems));
    let off = fields.get("off", problems).map(|node| layers(node, problems));
    let on_block = fields.get("on_block", problems);
    let on_block = on_block.and_then(|node| typed::word(node, "`on_block`", &ON_BLOCK, problems));
    fields.close(problems);
    Input {
        user: user.unwrap_or_default(),
        document: document.unwrap_or_default(),
        off: off.unwrap_or_default(),
        on_block,
    }
}

/// `off`, or `{flag_at: 0.5, block_at: 0.9}`; `block_at: never` refuses nothing.
fn level(node: &Node, what: &'static str, problems: &mut Problems) -> Level {
    if let Value::Text(text) = &node.value
        && text == "off"
    {
        return Level { off: true, ..Level::default() };
    }
    let Some(mut fields) = Fields::open(node, what, problems) else { return Level::default() };
    let flag_at = fields.get("flag_at", problems);
    let flag_at = flag_at.and_then(|node| threshold(node, "`flag_at`", problems));
    let block = fields.get("block_at", problems);
    let block_at = block.and_then(|node| threshold(node, "`block_at`", problems));
    fields.close(problems);
    if let (Some(flag), Some(least), Some(node)) = (flag_at, block_at, block)
        && least < flag
    {
        let message =
            format!("`block_at` {least} is below `flag_at` {flag}: nothing would be flagged");
        problems.error(&node.spot, message, "make `block_at` the greater of the two");
    }
    Level { off: false, flag_at, block_at }
}

/// More than any score.
const NEVER: f64 = 2.0;

/// A score above 0, or `never`. 0 would meet every text.
fn threshold(node: &Node, what: &str, problems: &mut Problems) -> Option<f64> {
    if let Value::Text(text) = &node.value
        && text == "never"
    {
        return Some(NEVER);
    }
    let value = typed::number(node, what, (0.0, 1.0), problems)?;
    if value <= 0.0 {
        let message = format!("{what} of 0 is met by every text");
        problems.error(&node.spot, message, "write a score above 0, or `never`");
        return None;
    }
    Some(value)
}

fn layers(node: &Node, problems: &mut Problems) -> BTreeSet<Layer> {
    let list = items(node, "`off`", problems).unwrap_or_default();
    list.iter().filter_map(|item| typed::word(item, "a layer", &LAYERS, problems)).collect()
}

fn output(node: &Node, problems: &mut Problems) -> Output {
    let Some(mut fields) = Fields::open(node, "`output`", problems) else {
        return Output::default();
    };
    let mut action = |name, what| {
        let node = fields.get(name, problems)?;
        typed::word(node, what, &ACTIONS, problems)
    };
    let leak = action("leak", "`leak`");
    let pii = action("pii", "`pii`");
    let secrets = action("secrets", "`secrets`");
    let links = fields.get("links", problems).and_then(|node| links(node, problems));
    fields.close(problems);
    Output { leak, pii, secrets, links }
}

/// `{allow: [example.com, "*.example.org"], action: redact}`, or an action for all hosts.
fn links(node: &Node, problems: &mut Problems) -> Option<Links> {
    if let Value::Text(_) = node.value {
        let action = typed::word(node, "`links`", &ACTIONS, problems)?;
        return Some(Links { allow: BTreeSet::new(), action });
    }
    let mut fields = Fields::open(node, "`links`", problems)?;
    let hosts = fields.get("allow", problems);
    let hosts = hosts.and_then(|node| items(node, "`allow`", problems)).unwrap_or_default();
    let allow = hosts.iter().filter_map(|item| host(item, problems)).collect();
    let action = fields.required("action", problems);
    let action = action.and_then(|node| typed::word(node, "`action`", &ACTIONS, problems));
    fields.close(problems);
    Some(Links { allow, action: action? })
}

/// A host, or `*.` and a host; in lower case, because hosts have none.
fn host(node: &Node, problems: &mut Problems) -> Option<String> {
    let text = typed::words(node, "a host", problems)?;
    let host = text.trim().to_ascii_lowercase();
    let bare = host.strip_prefix("*.").unwrap_or(&host);
    let is_part = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_')
    };
    if bare.len() <= 253 && bare.split('.').all(is_part) {
        return Some(host);
    }
    let message = format!("`{}` is not a host", shown(text));
    let hint = "write `example.com` or `*.example.com`, without scheme, port and path; other scripts as punycode";
    problems.error(&node.spot, message, hint);
    None
}

/// Reads `redact:` of an environment.
pub(super) fn redaction(node: &Node, problems: &mut Problems) -> Redaction {
    let usual = Redaction::default();
    let Some(mut fields) = Fields::open(node, "`redact`", problems) else { return usual };
    let mut switch = |name, what| {
        let node = fields.get(name, problems)?;
        typed::boolean(node, what, problems)
    };
    let secrets = switch("secrets", "`secrets`").unwrap_or(usual.secrets);
    let before_vendor = switch("before_vendor", "`before_vendor`").unwrap_or(usual.before_vendor);
    let pii = fields.get("pii", problems).map(|node| kinds(node, problems)).unwrap_or_default();
    fields.close(problems);
    Redaction { secrets, pii, before_vendor }
}

/// `all`, `none`, or a list of kinds.
fn kinds(node: &Node, problems: &mut Problems) -> Pii {
    if let Value::Text(text) = &node.value {
        if let Some((_, pii)) = NO_PII.iter().find(|(word, _)| word == text) {
            return pii.clone();
        }
        let message = format!("`pii` must be all, none or a list of kinds, not `{}`", shown(text));
        problems.error(&node.spot, message, "write `[email, phone]` for two kinds");
        return Pii::None;
    }
    let list = items(node, "`pii`", problems).unwrap_or_default();
    Pii::Only(list.iter().filter_map(|item| kind(item, problems)).collect())
}

fn kind(node: &Node, problems: &mut Problems) -> Option<String> {
    let word = typed::words(node, "a kind", problems)?;
    if TYPES.contains(&word) {
        return Some(word.to_string());
    }
    let hint = match did_you_mean(word, TYPES.iter().copied()) {
        Some(close) => format!("did you mean `{close}`?"),
        None => "docs/redaction.md lists the kinds".to_string(),
    };
    problems.error(&node.spot, format!("`{}` is no kind of personal data", shown(word)), hint);
    None
}
