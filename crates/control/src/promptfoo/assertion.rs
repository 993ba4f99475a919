//! promptfoo's assertions as our checks, where the two agree on what passes.

use gatemark_core::suite::CheckSpec;
use serde_json::{Value, json};

use super::node::{Data, Node};
use super::written::{Around, Objection, Translated, Written, objection};
use super::{fill, folder, graded, pattern};

/// Translates one assertion; a set of them gives several checks.
pub(super) fn translate(node: &Node, around: &Around<'_>) -> Result<Translated, Objection> {
    let resolved = referenced(node, around)?;
    let node = resolved.as_ref().unwrap_or(node);
    let Some(kind) = node.get("type").and_then(Node::text) else {
        return Err(objection("assertion without type", "give it a `type`"));
    };
    if kind == "assert-set" {
        return set(node, around);
    }
    let mut found = Translated::default();
    let (negated, base) = match kind.strip_prefix("not-") {
        Some(base) => (true, base),
        None => (false, kind),
    };
    for (field, advice) in [
        (
            "transform",
            "checks see the whole answer; use a `javascript` check that transforms first",
        ),
        ("contextTransform", "contexts are not supported"),
        ("config", "remove it, or write a check by hand"),
    ] {
        if node.get(field).is_some() {
            return Err(objection(format!("`{field}` of assertion {kind}"), advice));
        }
    }
    let written = Written { kind: base, node, value: value(node, base, around)? };
    let (metric, parameters) = match graded::check(&written, around, &mut found)? {
        Some(check) => check,
        None => written.check()?,
    };
    let weight = node.get("weight").and_then(Node::number).filter(|weight| *weight != 1.0);
    let spec = CheckSpec { metric: metric.into(), negated, weight, parameters };
    // What our own reader would refuse is refused here, where its place is known.
    if let Err(problem) = crate::checks::build(&spec) {
        return Err(objection(
            format!("assertion {kind}"),
            format!("as a check of ours: {problem}"),
        ));
    }
    if node.get("metric").is_some() {
        let advice = "reports group scores by the kind of check, not by names";
        found.notes.push(("`metric` of assertions".into(), advice.into()));
    }
    if base == "cost" {
        let advice =
            "models need prices under `models` in gatemark.yaml; without one the check is an error";
        found.notes.push((format!("assertion {kind}"), advice.into()));
    }
    found.checks.push(spec);
    Ok(found)
}

/// What `$ref: '#/assertionTemplates/name'` means, with the fields beside it.
fn referenced(node: &Node, around: &Around<'_>) -> Result<Option<Node>, Objection> {
    let Some(reference) = node.get("$ref").and_then(Node::text) else { return Ok(None) };
    let name = reference.strip_prefix("#/assertionTemplates/");
    let found = name.zip(around.templates).and_then(|(name, templates)| templates.get(name));
    let Some(Node { data: Data::Map(fields), .. }) = found else {
        return Err(objection(format!("$ref {reference}"), "there is no such assertion template"));
    };
    let mut fields = fields.clone();
    for (key, own) in node.fields().iter().filter(|(key, _)| key != "$ref") {
        fields.retain(|(name, _)| name != key);
        fields.push((key.clone(), own.clone()));
    }
    Ok(Some(Node { place: node.place.clone(), data: Data::Map(fields) }))
}

/// Without a threshold a set holds if all of its assertions hold, which is what a list of checks says.
fn set(node: &Node, around: &Around<'_>) -> Result<Translated, Objection> {
    if node.get("threshold").is_some() {
        let advice =
            "a share of a group of checks cannot be asked for; put `threshold` on the test";
        return Err(objection("assert-set with threshold", advice));
    }
    let mut all = Translated::default();
    for inner in node.get("assert").map(Node::items).unwrap_or_default() {
        let found = translate(inner, around)
            .map_err(|why| objection(format!("assert-set with {}", why.kind), why.advice))?;
        all.checks.extend(found.checks);
        all.notes.extend(found.notes);
        all.expected = all.expected.or(found.expected);
    }
    if let Some(weight) = node.get("weight").and_then(Node::number) {
        #[allow(clippy::cast_precision_loss)]
        let count = all.checks.len().max(1) as f64;
        for check in &mut all.checks {
            check.weight = Some(check.weight.unwrap_or(1.0) * weight / count);
        }
    }
    Ok(all)
}

/// The assertion's value with files read and variables filled in.
fn value(node: &Node, kind: &str, around: &Around<'_>) -> Result<Value, Objection> {
    let value = node.get("value").map(Node::json).unwrap_or_default();
    let value = match &value {
        Value::String(text) if text.starts_with("file://") => file(text, kind, node, around)?,
        _ => value,
    };
    if kind == "javascript" {
        return Ok(value);
    }
    fill::fill_all(&value, around.variables).map_err(|syntax| {
        objection(
            format!("{syntax} in an assertion"),
            "only plain {{name}} is filled in; write it out",
        )
    })
}

fn file(text: &str, kind: &str, node: &Node, around: &Around<'_>) -> Result<Value, Objection> {
    let named = text.trim_start_matches("file://");
    let base = folder::parent(&node.place.file);
    // promptfoo looks beside the configuration; beside the file that names it is tried as well.
    let path = ["", base].into_iter().filter_map(|base| folder::joined(base, named));
    let path = path.into_iter().find(|path| around.folder.paths().contains(path));
    let Some(path) = path else {
        let advice = "the file is not in the configuration's folder: put it there";
        return Err(objection(format!("{text} in assertion {kind}"), advice));
    };
    let unreadable = |why: String| objection(format!("{text} in assertion {kind}"), why);
    match folder::ending(&path).as_str() {
        "json" | "yaml" | "yml" => {
            let nodes = folder::nodes(around.folder, &path).map_err(unreadable)?;
            Ok(nodes.first().map(Node::json).unwrap_or_default())
        }
        "js" | "cjs" if kind == "javascript" => {
            let body = around.folder.text(&path).map_err(unreadable)?;
            module(&body).map(Value::from).ok_or_else(|| {
                objection(
                    format!("{text} in assertion {kind}"),
                    "modules that import others or are asynchronous are not run; write one function in plain \
                     JavaScript",
                )
            })
        }
        "js" | "cjs" | "mjs" | "ts" | "py" | "rb" => {
            let advice =
                "code in files is run for `javascript` with `module.exports` only; use `script`";
            Err(objection(format!("{text} in assertion {kind}"), advice))
        }
        _ => around.folder.text(&path).map(|text| text.trim().into()).map_err(unreadable),
    }
}

/// A module that exports one function, as a body that calls it.
fn module(text: &str) -> Option<String> {
    let forbidden = ["require(", "import ", "export ", "async ", "await ", "Promise", "process."];
    if forbidden.iter().any(|word| text.contains(word)) || !text.contains("module.exports") {
        return None;
    }
    Some(format!(
        "const module = {{ exports: {{}} }};\n{}\nconst exported = module.exports.default || module.exports;\n\
         return exported(output, context);\n",
        text.trim()
    ))
}

impl Written<'_> {
    fn texts(&self) -> Result<Vec<Value>, Objection> {
        match &self.value {
            Value::Array(items) => Ok(items.clone()),
            Value::String(text) => Ok(commas(text)),
            _ => Err(self.wrong("needs a list as `value`")),
        }
    }

    fn check(&self) -> Result<(&'static str, Value), Objection> {
        Ok(match self.kind {
            // Here as there: a text is compared to the letter, an object as JSON.
            "equals" => match &self.value {
                Value::Object(_) | Value::Array(_) => ("equals", json!({"value": self.value})),
                _ => ("equals", json!({"value": self.text()?, "trim": false})),
            },
            "contains" => ("contains", json!({"value": self.text()?})),
            "icontains" => ("contains", json!({"value": self.text()?, "ignore_case": true})),
            "contains-all" => ("contains", json!({"values": self.texts()?})),
            "icontains-all" => ("contains", json!({"values": self.texts()?, "ignore_case": true})),
            "contains-any" => ("contains_any", json!({"values": self.texts()?})),
            "icontains-any" => {
                ("contains_any", json!({"values": self.texts()?, "ignore_case": true}))
            }
            "starts-with" => ("starts_with", json!({"value": self.text()?, "trim": false})),
            "regex" => self.regex()?,
            "is-json" => ("json", self.schema()?),
            "is-xml" if self.value.is_null() => ("xml", json!({})),
            "is-sql" if self.value.is_null() => ("sql", json!({})),
            "javascript" => self.javascript()?,
            "latency" => ("latency", json!({"max_ms": whole(self.bound()?)})),
            "cost" => ("cost", json!({"max_usd": self.bound()?})),
            "levenshtein" => {
                let most = self.threshold().unwrap_or(5.0);
                ("levenshtein", json!({"value": self.text()?, "max": whole(most)}))
            }
            "bleu" => ("bleu", self.score(0.5)?),
            "rouge-n" => ("rouge", self.score(0.75)?),
            "word-count" => ("length", self.words()?),
            kind => {
                let advice =
                    "there is no such check here; see docs/promptfoo.md for what to write instead";
                return Err(objection(format!("assertion {kind}"), advice));
            }
        })
    }

    fn bound(&self) -> Result<f64, Objection> {
        self.threshold().ok_or_else(|| self.wrong("needs a `threshold`"))
    }

    fn score(&self, threshold: f64) -> Result<Value, Objection> {
        let at_least = self.threshold().unwrap_or(threshold);
        let values = match &self.value {
            Value::Array(items) => items.clone(),
            _ => vec![self.text()?.into()],
        };
        Ok(json!({"values": values, "at_least": at_least, "flavour": "promptfoo"}))
    }

    fn regex(&self) -> Result<(&'static str, Value), Objection> {
        let written = self.text()?;
        Ok(match pattern::ours(&written) {
            Some(pattern) => ("regex", json!({"pattern": pattern})),
            None => ("javascript", json!({"value": pattern::theirs(&written)})),
        })
    }

    fn schema(&self) -> Result<Value, Objection> {
        let schema = match &self.value {
            Value::Null => return Ok(json!({})),
            Value::String(text) if text.trim().is_empty() => return Ok(json!({})),
            Value::String(text) => {
                let nodes = super::node::documents("schema", text);
                let node = nodes.ok().and_then(|nodes| nodes.into_iter().next());
                node.map(|node| node.json())
                    .ok_or_else(|| self.wrong("the schema cannot be read"))?
            }
            other => other.clone(),
        };
        Ok(json!({"schema": schema, "draft": 7, "formats": true}))
    }

    fn javascript(&self) -> Result<(&'static str, Value), Objection> {
        let code = self.text()?;
        let mut parameters = json!({"value": code});
        if let Some(threshold) = self.threshold() {
            parameters["at_least"] = json!(threshold);
        }
        Ok(("javascript", parameters))
    }

    fn words(&self) -> Result<Value, Objection> {
        let mut parameters = json!({"unit": "words"});
        match &self.value {
            Value::Object(bounds) => {
                for name in ["min", "max"] {
                    if let Some(bound) = bounds.get(name) {
                        parameters[name] = bound.clone();
                    }
                }
            }
            _ => {
                let count = self.text()?.trim().parse::<u64>();
                let count = count.map_err(|_| self.wrong("needs a number as `value`"))?;
                parameters["min"] = json!(count);
                parameters["max"] = json!(count);
            }
        }
        Ok(parameters)
    }
}

/// A bound on a whole number: what is not whole allows no more than what is below it.
fn whole(bound: f64) -> Value {
    serde_json::from_str(&format!("{:.0}", bound.floor())).unwrap_or_default()
}

/// Parts between commas; quotes hold a part with commas together.
fn commas(text: &str) -> Vec<Value> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let record = reader.records().next().and_then(Result::ok);
    record.map(|record| record.iter().map(Value::from).collect()).unwrap_or_default()
}
