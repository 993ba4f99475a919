//! Branches of the output schema that a wanted answer takes: values of enums, truths, alternatives of
//! `oneOf` and `anyOf`, optional properties that are there and that are not.

use gatemark_text::schema::Validator;
use serde::Serialize;
use serde_json::Value;

use super::{Gap, gap};

/// Deepest nesting that is looked at; schemas may refer to themselves.
const DEEPEST: usize = 16;
/// Most branches that are listed.
const MOST: usize = 1000;

/// One way through the schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Branch {
    /// Where in an answer, e.g. `/queue`; `*` stands for the items of a list.
    pub at: String,
    /// What has to be there, e.g. `= "billing"`, `alternative 2`, `left out`.
    pub what: String,
    /// Cases whose wanted answer has it.
    pub cases: usize,
}

/// Empty without a schema, or if no case has a wanted answer.
pub(super) fn of(schema: Option<&Value>, answers: &[Value], gaps: &mut Vec<Gap>) -> Vec<Branch> {
    let Some(root) = schema.filter(|_| !answers.is_empty()) else { return vec![] };
    let mut walk = Walk { root, branches: vec![] };
    let answers: Vec<&Value> = answers.iter().collect();
    walk.schema(root, "", &answers, 0);
    for branch in walk.branches.iter().filter(|branch| branch.cases == 0) {
        let place = if branch.at.is_empty() { "the answer" } else { &branch.at };
        let message = format!("no case expects {}", branch.what);
        gap(gaps, "schema", place, message);
    }
    walk.branches
}

struct Walk<'s> {
    root: &'s Value,
    branches: Vec<Branch>,
}

impl<'s> Walk<'s> {
    /// Counts in `values`, the parts of the answers that `schema` is about.
    fn schema(&mut self, schema: &'s Value, at: &str, values: &[&Value], depth: usize) {
        if depth > DEEPEST || self.branches.len() > MOST {
            return;
        }
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            let target = target.strip_prefix('#').and_then(|path| self.root.pointer(path));
            if let Some(target) = target {
                self.schema(target, at, values, depth + 1);
            }
        }
        for value in schema.get("enum").and_then(Value::as_array).into_iter().flatten() {
            self.value(value, at, values);
        }
        if schema.get("type").and_then(Value::as_str) == Some("boolean") {
            for truth in [Value::Bool(true), Value::Bool(false)] {
                self.value(&truth, at, values);
            }
        }
        for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            self.schema(part, at, values, depth + 1);
        }
        for word in ["oneOf", "anyOf"] {
            let parts = schema.get(word).and_then(Value::as_array);
            for (number, part) in (1..).zip(parts.into_iter().flatten()) {
                self.alternative(number, part, at, values, depth);
            }
        }
        if let Some(items) = schema.get("items").filter(|items| items.is_object()) {
            let parts: Vec<&Value> =
                values.iter().filter_map(|value| value.as_array()).flatten().collect();
            if !parts.is_empty() {
                self.schema(items, &format!("{at}/*"), &parts, depth + 1);
            }
        }
        self.properties(schema, at, values, depth);
    }

    fn add(&mut self, at: &str, what: String, cases: usize) {
        self.branches.push(Branch { at: at.to_string(), what, cases });
    }

    fn value(&mut self, value: &Value, at: &str, values: &[&Value]) {
        let cases = values.iter().filter(|found| **found == value).count();
        self.add(at, value.to_string(), cases);
    }

    fn alternative(
        &mut self,
        number: usize,
        part: &'s Value,
        at: &str,
        values: &[&Value],
        depth: usize,
    ) {
        let name = part.get("title").and_then(Value::as_str);
        let name = name.map_or_else(|| format!("alternative {number}"), String::from);
        // References are to the whole document, so the alternative is compiled inside of it.
        let Some(accepting) = self.accepting(part, values) else { return };
        self.add(at, name, accepting.len());
        if !accepting.is_empty() {
            self.schema(part, at, &accepting, depth + 1);
        }
    }

    fn accepting<'v>(&self, part: &Value, values: &[&'v Value]) -> Option<Vec<&'v Value>> {
        let mut document = part.clone();
        if let Some(fields) = document.as_object_mut() {
            for word in ["$defs", "definitions"] {
                if let Some(definitions) = self.root.get(word) {
                    fields.entry(word).or_insert_with(|| definitions.clone());
                }
            }
        }
        let validator = Validator::compile(&document).ok()?;
        Some(values.iter().copied().filter(|value| validator.accepts(value)).collect())
    }

    fn properties(&mut self, schema: &'s Value, at: &str, values: &[&Value], depth: usize) {
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .map(|names| names.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let objects: Vec<&Value> =
            values.iter().copied().filter(|value| value.is_object()).collect();
        for (name, part) in properties {
            let here = format!("{at}/{name}");
            let found: Vec<&Value> = objects.iter().filter_map(|object| object.get(name)).collect();
            if !required.contains(&name.as_str()) {
                self.add(&here, "it".into(), found.len());
                self.add(&here, "it left out".into(), objects.len() - found.len());
            }
            if !found.is_empty() {
                self.schema(part, &here, &found, depth + 1);
            }
        }
    }
}
