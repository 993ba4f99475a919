//! What of a schema can be checked while a value is being written.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};

/// Kinds of JSON values, one bit each.
pub(super) type Kinds = u8;
pub(super) const NULL: Kinds = 1;
pub(super) const BOOLEAN: Kinds = 2;
pub(super) const INTEGER: Kinds = 4;
/// A number with a fraction; whole ones are `INTEGER`.
pub(super) const FRACTION: Kinds = 8;
pub(super) const NUMBER: Kinds = INTEGER | FRACTION;
pub(super) const STRING: Kinds = 16;
pub(super) const ARRAY: Kinds = 32;
pub(super) const OBJECT: Kinds = 64;
const ANY: Kinds = 127;

/// Most rules that may apply with every reference followed; a schema over it is not looked into.
const MAX_RULES: usize = 50_000;
/// How deep branches are looked into for their kinds.
const MAX_DEPTH: usize = 8;

/// The place of a rule in an outline.
pub(super) type Id = usize;

/// What one schema object demands.
#[derive(Debug, Default)]
pub(super) struct Rule {
    pub(super) kinds: Kinds,
    /// The only values, from `enum` or `const`.
    pub(super) values: Option<Vec<Value>>,
    pub(super) properties: BTreeMap<String, Id>,
    pub(super) additional: Additional,
    pub(super) required: Vec<String>,
    pub(super) items: Option<Id>,
    /// Other rules for the same value: targets of `$ref`, members of `allOf`.
    also: Vec<Id>,
}

/// What properties may be that are not listed.
#[derive(Debug, Default)]
pub(super) enum Additional {
    #[default]
    Free,
    None,
    Each(Id),
}

/// A schema reduced to what can be checked early.
#[derive(Debug)]
pub struct Outline {
    rules: Vec<Rule>,
    /// For each rule itself and every other that holds with it.
    together: Vec<Vec<Id>>,
}

impl Outline {
    /// The outline of `schema`; one that allows everything if the schema is of an older draft, gives parts
    /// of itself addresses of their own, or is too large.
    pub fn of(schema: &Value) -> Self {
        let known = match schema.get("$schema").and_then(Value::as_str) {
            None => true,
            Some(draft) => draft.contains("2020-12") || draft.contains("2019-09"),
        };
        if !known || has_own_addresses(schema, true) {
            return Self::free();
        }
        let mut builder = Builder { root: schema, rules: Vec::new(), known: HashMap::new() };
        builder.rule(schema);
        let rules = builder.rules;
        let mut together = Vec::with_capacity(rules.len());
        let mut total = 0;
        for id in 0..rules.len() {
            let all = closure(&rules, id);
            total += all.len();
            if total > MAX_RULES {
                return Self::free();
            }
            together.push(all);
        }
        Self { rules, together }
    }

    fn free() -> Self {
        Self { rules: Vec::new(), together: Vec::new() }
    }

    /// The rules for the whole value.
    pub(super) fn root(&self) -> Vec<Id> {
        self.with(0)
    }

    /// The rule and all others that hold with it.
    pub(super) fn with(&self, id: Id) -> Vec<Id> {
        self.together.get(id).cloned().unwrap_or_default()
    }

    pub(super) fn rules<'a>(&'a self, ids: &'a [Id]) -> impl Iterator<Item = &'a Rule> {
        ids.iter().filter_map(|id| self.rules.get(*id))
    }
}

fn closure(rules: &[Rule], id: Id) -> Vec<Id> {
    let mut all = vec![id];
    let mut next = 0;
    while let Some(rule) = all.get(next).and_then(|id| rules.get(*id)) {
        for other in &rule.also {
            if !all.contains(other) {
                all.push(*other);
            }
        }
        next += 1;
        if all.len() > MAX_RULES {
            break;
        }
    }
    all
}

/// Whether a part below the root declares `$id` or `$schema`, which change what references in it mean.
fn has_own_addresses(node: &Value, root: bool) -> bool {
    match node {
        Value::Object(fields) => fields.iter().any(|(key, child)| {
            let own = matches!(key.as_str(), "$id" | "$schema") && child.is_string();
            (own && !root) || has_own_addresses(child, false)
        }),
        Value::Array(items) => items.iter().any(|item| has_own_addresses(item, false)),
        _ => false,
    }
}

struct Builder<'a> {
    root: &'a Value,
    rules: Vec<Rule>,
    /// Rules by the address of the schema they were made from, so that recursion ends.
    known: HashMap<usize, Id>,
}

impl<'a> Builder<'a> {
    fn rule(&mut self, schema: &'a Value) -> Id {
        let address = std::ptr::from_ref(schema).addr();
        if let Some(id) = self.known.get(&address) {
            return *id;
        }
        let id = self.rules.len();
        self.known.insert(address, id);
        self.rules.push(Rule::default());
        let rule = match schema {
            Value::Bool(false) => Rule::default(),
            Value::Object(fields) => self.object(fields),
            _ => Rule { kinds: ANY, ..Rule::default() },
        };
        if let Some(place) = self.rules.get_mut(id) {
            *place = rule;
        }
        id
    }

    fn object(&mut self, fields: &'a Map<String, Value>) -> Rule {
        let map = |key: &str| fields.get(key).and_then(Value::as_object);
        let list = |key: &str| fields.get(key).and_then(Value::as_array);
        let listed = map("properties").into_iter().flatten();
        let properties = listed.map(|(name, schema)| (name.clone(), self.rule(schema))).collect();
        let additional = match fields.get("additionalProperties") {
            _ if fields.contains_key("patternProperties") => Additional::Free,
            Some(Value::Bool(false)) => Additional::None,
            Some(schema @ Value::Object(_)) => Additional::Each(self.rule(schema)),
            _ => Additional::Free,
        };
        let items = match fields.get("items") {
            Some(schema @ (Value::Object(_) | Value::Bool(_)))
                if !fields.contains_key("prefixItems") =>
            {
                Some(self.rule(schema))
            }
            _ => None,
        };
        let mut also = Vec::new();
        if let Some(target) = fields.get("$ref").and_then(Value::as_str)
            && let Some(schema) = target_of(self.root, target)
        {
            also.push(self.rule(schema));
        }
        for schema in list("allOf").into_iter().flatten() {
            also.push(self.rule(schema));
        }
        let required = list("required").into_iter().flatten();
        Rule {
            kinds: kinds(self.root, fields, 0),
            values: values(fields),
            properties,
            additional,
            required: required.filter_map(Value::as_str).map(str::to_owned).collect(),
            items,
            also,
        }
    }
}

fn target_of<'a>(root: &'a Value, target: &str) -> Option<&'a Value> {
    let pointer = target.strip_prefix('#')?;
    // An encoded pointer is rare, and not followed.
    if pointer.contains('%') { None } else { root.pointer(pointer) }
}

/// `enum` and `const`; where both are given each value of the one must be checked, and `enum` is.
fn values(fields: &Map<String, Value>) -> Option<Vec<Value>> {
    let listed = fields.get("enum").and_then(Value::as_array).cloned();
    listed.or_else(|| fields.get("const").map(|only| vec![only.clone()]))
}

/// Which kinds of values a schema allows, as far as it is plain.
fn kinds(root: &Value, fields: &Map<String, Value>, depth: usize) -> Kinds {
    let mut kinds = match fields.get("type") {
        Some(Value::String(word)) => kind_of_word(word),
        Some(Value::Array(words)) => {
            words.iter().filter_map(Value::as_str).map(kind_of_word).fold(0, |all, kind| all | kind)
        }
        _ => ANY,
    };
    if let Some(values) = values(fields) {
        kinds &= values.iter().map(kind_of).fold(0, |all, kind| all | kind);
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(branches) = fields.get(key).and_then(Value::as_array) {
            let of = |branch: &Value| kinds_of_branch(root, branch, depth);
            kinds &= branches.iter().map(of).fold(0, |all, kind| all | kind);
        }
    }
    kinds
}

fn kinds_of_branch(root: &Value, branch: &Value, depth: usize) -> Kinds {
    if depth >= MAX_DEPTH {
        return ANY;
    }
    match branch {
        Value::Bool(false) => 0,
        Value::Object(fields) => {
            let own = kinds(root, fields, depth + 1);
            let target = fields.get("$ref").and_then(Value::as_str);
            let target = target.and_then(|target| target_of(root, target));
            own & target.map_or(ANY, |target| kinds_of_branch(root, target, depth + 1))
        }
        _ => ANY,
    }
}

fn kind_of_word(word: &str) -> Kinds {
    match word {
        "null" => NULL,
        "boolean" => BOOLEAN,
        "integer" => INTEGER,
        "number" => NUMBER,
        "string" => STRING,
        "array" => ARRAY,
        "object" => OBJECT,
        _ => ANY,
    }
}

/// The kinds that an equal value may be written as.
fn kind_of(value: &Value) -> Kinds {
    match value {
        Value::Null => NULL,
        Value::Bool(_) => BOOLEAN,
        Value::Number(_) => NUMBER,
        Value::String(_) => STRING,
        Value::Array(_) => ARRAY,
        Value::Object(_) => OBJECT,
    }
}

/// A word for what is wanted, for messages.
pub(super) fn words(kinds: Kinds) -> String {
    const WORDS: [(Kinds, &str); 6] = [
        (NULL, "null"),
        (BOOLEAN, "a boolean"),
        (NUMBER, "a number"),
        (STRING, "a text"),
        (ARRAY, "a list"),
        (OBJECT, "an object"),
    ];
    let named: Vec<&str> = match kinds & NUMBER {
        INTEGER => vec!["a whole number"],
        _ => Vec::new(),
    };
    let plain = WORDS.iter().filter(|(kind, _)| match *kind {
        NUMBER => kinds & FRACTION != 0,
        kind => kinds & kind != 0,
    });
    let all: Vec<&str> = plain.map(|(_, word)| *word).chain(named).collect();
    if all.is_empty() { "absent".into() } else { all.join(" or ") }
}
