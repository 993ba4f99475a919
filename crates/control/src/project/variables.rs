//! `variables:` of a prompt, and values for them in examples and cases.

use std::collections::BTreeMap;

use gatemark_core::guard::Profile;
use gatemark_core::guard_policy::Spotlight;
use gatemark_core::variable::{self, Trust, Variable, VariableType};
use serde_json::{Map, Value as Json};

use super::node::{Key, Node, Value};
use super::problems::Problems;
use super::reader::{Fields, entries, items, shown, wrong};
use super::source::Spot;
use super::{shorten, typed};

/// More would be data, not a prompt; also bounds the comparisons for did-you-mean.
const MOST: usize = 256;

const TYPES: [(&str, &str); 7] = [
    ("string", "string"),
    ("enum", "enum"),
    ("integer", "integer"),
    ("number", "number"),
    ("boolean", "boolean"),
    ("list", "list"),
    ("object", "object"),
];
const SOURCES: [(&str, Profile); 2] = [("user", Profile::User), ("document", Profile::Document)];
const SPOTLIGHTS: [(&str, Spotlight); 4] = [
    ("none", Spotlight::None),
    ("delimit", Spotlight::Delimit),
    ("datamark", Spotlight::Datamark),
    ("encode", Spotlight::Encode),
];
const TRUST: [(&str, Trust); 2] = [("trusted", Trust::Trusted), ("untrusted", Trust::Untrusted)];

/// The declared variables of a prompt.
#[derive(Debug, Default)]
pub(super) struct Declared {
    pub(super) variables: BTreeMap<String, Variable>,
    /// Every name with its place, also of declarations with mistakes: those are known all the same.
    pub(super) places: BTreeMap<String, Spot>,
    /// Whether each declaration was good; values are compared with complete declarations only.
    pub(super) complete: bool,
}

/// Reads the declarations; no node means that there are none.
pub(super) fn declared(node: Option<&Node>, problems: &mut Problems) -> Declared {
    let mut declared = Declared { complete: true, ..Declared::default() };
    let Some(node) = node else { return declared };
    let before = problems.errors();
    let list = entries(node, "`variables`", problems).unwrap_or_default();
    if list.len() > MOST {
        let message = format!("there are {} variables; at most {MOST} are allowed", list.len());
        problems.error(&node.spot, message, "gather them in variables of type list or object");
    }
    for (key, node) in list.iter().take(MOST) {
        if !is_identifier(&key.name) {
            let message = format!("`{}` is not a name for a variable", shown(&key.name));
            let hint = "use lower-case letters, digits and `_`, and start with a letter or `_`";
            problems.error(&key.spot, message, hint);
        }
        declared.places.insert(key.name.clone(), key.spot.clone());
        if let Some(variable) = declaration(node, problems) {
            declared.variables.insert(key.name.clone(), variable);
        }
    }
    declared.complete = problems.errors() == before && node.value != Value::Broken;
    declared
}

fn is_identifier(name: &str) -> bool {
    let start = |c: u8| c.is_ascii_lowercase() || c == b'_';
    name.len() <= 64
        && name.bytes().next().is_some_and(start)
        && name.bytes().all(|c| start(c) || c.is_ascii_digit())
}

fn declaration(node: &Node, problems: &mut Problems) -> Option<Variable> {
    if let Value::Text(_) = node.value {
        let kind = plain_type(typed::word(node, "the type", &TYPES, problems)?);
        if kind.is_none() {
            let hint = "write {type: enum, values: [first, second]}";
            problems.error(&node.spot, "an enum needs `values`", hint);
        }
        return Some(variable_of(kind?));
    }
    let mut fields = Fields::open(node, "a variable", problems)?;
    let kind = kind(&mut fields, problems);
    let trust = fields.get("trust", problems);
    let trust = trust.and_then(|node| typed::word(node, "`trust`", &TRUST, problems));
    let max_tokens = fields.get("max_tokens", problems).and_then(|node| {
        let whole = typed::whole(node, "`max_tokens`", (1, u64::from(u32::MAX)), problems)?;
        u32::try_from(whole).ok()
    });
    let truncate = shorten::truncate(&mut fields, problems);
    let priority = shorten::priority(&mut fields, truncate, problems);
    let order = shorten::order(&mut fields, problems);
    let source = fields.get("source", problems);
    let from = source.and_then(|node| typed::word(node, "`source`", &SOURCES, problems));
    let apart = fields.get("spotlight", problems);
    let spotlight = apart.and_then(|node| typed::word(node, "`spotlight`", &SPOTLIGHTS, problems));
    let default = fields.get("default", problems);
    let value = default.and_then(|node| node.to_json(problems));
    let description = fields.get("description", problems);
    let description =
        description.and_then(|node| typed::text(node, "`description`", problems)).map(String::from);
    fields.pass("values");
    fields.close(problems);
    let kind = kind?;
    shorten::suits(&kind, (truncate, order), &node.spot, problems);
    if let (Some(node), Some(value)) = (default, &value)
        && let Some(objection) = kind.objection(value)
    {
        let hint = "change the default, or the type";
        problems.error(&node.spot, format!("`default` {objection}"), hint);
    }
    let trust = trust.unwrap_or_default();
    let variable = variable_of(kind);
    let variable = Variable { truncate, priority, order, source: from, spotlight, ..variable };
    let variable = Variable { trust, max_tokens, default: value, description, ..variable };
    for (name, node) in [("source", source), ("spotlight", apart)] {
        if let Some(node) = node.filter(|_| variable.profile().is_none()) {
            let message = format!("`{name}` is for untrusted texts, lists and objects");
            problems.error(&node.spot, message, "remove it, or declare the variable untrusted");
        }
    }
    Some(variable)
}

fn variable_of(kind: VariableType) -> Variable {
    Variable {
        kind,
        trust: Trust::default(),
        max_tokens: None,
        truncate: None,
        priority: None,
        order: None,
        default: None,
        source: None,
        spotlight: None,
        description: None,
    }
}

fn plain_type(word: &str) -> Option<VariableType> {
    Some(match word {
        "string" => VariableType::String,
        "integer" => VariableType::Integer,
        "number" => VariableType::Number,
        "boolean" => VariableType::Boolean,
        "list" => VariableType::List,
        "object" => VariableType::Object,
        _ => return None,
    })
}

fn kind(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<VariableType> {
    let node = fields.required("type", problems);
    let word = node.and_then(|node| typed::word(node, "`type`", &TYPES, problems))?;
    let Some(kind) = plain_type(word) else {
        let values = fields.required("values", problems)?;
        return Some(VariableType::Enum { values: enum_values(values, problems)? });
    };
    fields.refuse("values", "is for type enum only", "remove it, or write `type: enum`", problems);
    Some(kind)
}

fn enum_values(node: &Node, problems: &mut Problems) -> Option<Vec<String>> {
    let list = items(node, "`values`", problems)?;
    if list.is_empty() {
        problems.error(&node.spot, "`values` is empty", "list the allowed texts");
        return None;
    }
    let before = problems.errors();
    let mut seen = std::collections::HashSet::new();
    let mut values = Vec::with_capacity(list.len());
    for item in list {
        let Some(value) = typed::text(item, "a value of an enum", problems) else { continue };
        if !seen.insert(value) {
            let message = format!("`{}` is listed twice", shown(value));
            problems.error(&item.spot, message, "remove one of the two");
        }
        values.push(value.to_string());
    }
    (problems.errors() == before).then_some(values)
}

/// Reads values for variables and compares them with the declarations; each problem is placed at its
/// value, or at `owner` (the example or case) if there is none.
pub(super) fn values(
    node: Option<&Node>,
    owner: &Spot,
    declared: Option<&Declared>,
    problems: &mut Problems,
) -> Option<Map<String, Json>> {
    let given = match node.map(|node| node.to_json(problems)) {
        None => Map::new(),
        Some(Some(Json::Object(given))) => given,
        Some(None) => return None,
        Some(Some(_)) => {
            return wrong(node?, "`variables`", "a mapping", "write `name: value`", problems);
        }
    };
    if problems.is_full() || given.len() > MOST {
        let message = format!("there are {} variables, which are too many to check", given.len());
        problems.error(
            owner,
            message,
            "give only declared variables, and mend other problems first",
        );
        return None;
    }
    let Some(declared) = declared.filter(|declared| declared.complete) else { return Some(given) };
    let Err(mismatches) = variable::bind(&declared.variables, &given) else { return Some(given) };
    for mismatch in mismatches {
        let unknown = !declared.variables.contains_key(&mismatch.name);
        let spot = match node.and_then(|node| node.field(&mismatch.name)) {
            Some((Key { spot, .. }, _)) if unknown => spot,
            Some((_, node)) => &node.spot,
            None => owner,
        };
        let message = format!("variable `{}` {}", shown(&mismatch.name), mismatch.problem);
        let names: Vec<&str> = declared.variables.keys().map(String::as_str).collect();
        let hint = match (unknown, names.is_empty()) {
            (true, true) => "the prompt declares no variables".into(),
            (true, false) => format!("declared are {}", names.join(", ")),
            (false, _) => "give a value that fits its declaration in prompt.yaml".into(),
        };
        problems.error(spot, message, hint);
    }
    None
}
