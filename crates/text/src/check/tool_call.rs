//! `tool_call`: the model called the wanted tools with the wanted arguments.
//!
//! The calls are those of the reply; if it has none, an answer that itself is a call or a list of calls
//! as JSON counts, for models that are asked to write their calls out.

use serde_json::Value;

use crate::schema::Validator;

use super::parameters::Parameters;
use super::subject::{self, Loosened};
use super::typed::Mistakes;
use super::{Check, CheckProblem, Finding, Observation};

/// More calls than a reply has; what follows is not looked at, and then no `count` holds.
const MAX_CALLS: usize = 128;

struct ToolCall {
    wanted: Vec<Wanted>,
    order: &'static str,
    count: Option<u64>,
}

struct Wanted {
    name: String,
    arguments: Option<Value>,
    schema: Option<Validator>,
}

/// A call as it was made. Arguments that are no JSON are kept as text.
struct Call {
    name: String,
    arguments: Value,
}

pub(super) fn build(parameters: &Parameters<'_>) -> Result<Box<dyn Check>, CheckProblem> {
    let mut mistakes = Mistakes::default();
    let orders = ["any", "in_order", "exact"];
    let order = mistakes.option(parameters.choice("order", &orders)).unwrap_or("any");
    let count = mistakes.option(parameters.whole("count"));
    let alone = ["name", "arguments", "schema"].iter().any(|name| parameters.get(name).is_some());
    let wanted = match parameters.get("calls") {
        Some(_) if alone => {
            let problem = CheckProblem::new("`tool_call` has both `calls` and one call of its own");
            mistakes.add(problem.hint("list all of them under `calls`"));
            vec![]
        }
        Some(Value::Array(calls)) if !calls.is_empty() => {
            calls.iter().filter_map(|call| of_list(call, &mut mistakes)).collect()
        }
        Some(other) => {
            mistakes.add(parameters.wrong("calls", "a list of calls", other));
            vec![]
        }
        None if alone => wanted(parameters, &mut mistakes).into_iter().collect(),
        None => {
            if count.is_none() {
                let problem = CheckProblem::new("`tool_call` needs `name`, `calls` or `count`");
                mistakes.add(problem.hint("write `tool_call: get_weather`"));
            }
            vec![]
        }
    };
    let most = u64::try_from(wanted.len()).unwrap_or(u64::MAX);
    if count.is_some_and(|count| count < most || count > MAX_CALLS as u64) {
        let message = format!("`count` of `tool_call` must be from {most} to {MAX_CALLS}");
        mistakes.add(CheckProblem::new(message));
    }
    mistakes.or(Some(ToolCall { wanted, order, count }))
}

fn of_list(call: &Value, mistakes: &mut Mistakes) -> Option<Wanted> {
    let known = &["name", "arguments", "schema"];
    let parameters = mistakes.take(Parameters::read("tool_call", "name", known, call))?;
    wanted(&parameters, mistakes)
}

fn wanted(parameters: &Parameters<'_>, mistakes: &mut Mistakes) -> Option<Wanted> {
    let arguments = match parameters.get("arguments") {
        None => None,
        Some(object @ Value::Object(_)) => Some(object.clone()),
        Some(other) => {
            mistakes.add(parameters.wrong("arguments", "a mapping", other));
            None
        }
    };
    let compile = |schema| {
        let problem = |problem| CheckProblem::new(format!("`schema` of `tool_call`: {problem}"));
        Validator::compile(schema).map_err(problem)
    };
    let schema = parameters.get("schema").and_then(|schema| mistakes.take(compile(schema)));
    mistakes.take(parameters.required("name"))?;
    let name = mistakes.option(parameters.text("name"))?.to_owned();
    Some(Wanted { name, arguments, schema })
}

/// Whether `found` has everything that `wanted` has; lists must agree item by item.
fn covers(found: &Value, wanted: &Value) -> bool {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => wanted
            .iter()
            .all(|(key, wanted)| found.get(key).is_some_and(|found| covers(found, wanted))),
        (Value::Array(wanted), Value::Array(found)) => {
            wanted.len() == found.len() && wanted.iter().zip(found).all(|(w, f)| covers(f, w))
        }
        _ => subject::same(wanted, found, Loosened::default()),
    }
}

impl Wanted {
    fn is(&self, call: &Call) -> bool {
        self.name == call.name
            && self.arguments.as_ref().is_none_or(|wanted| covers(&call.arguments, wanted))
            && self.schema.as_ref().is_none_or(|schema| schema.accepts(&call.arguments))
    }
}

/// One call: `{function: {name, arguments}}` or `{name, arguments}`; arguments may be JSON as text.
fn call(value: &Value) -> Option<Call> {
    let value = value.get("function").filter(|inner| inner.is_object()).unwrap_or(value);
    let name = value.get("name")?.as_str()?.to_owned();
    let arguments = value.get("arguments").or_else(|| value.get("parameters"));
    let arguments = match arguments {
        Some(Value::String(text)) => {
            serde_json::from_str(text).unwrap_or_else(|_| text.as_str().into())
        }
        Some(other) => other.clone(),
        None => Value::Object(serde_json::Map::new()),
    };
    Some(Call { name, arguments })
}

fn calls(seen: &Observation<'_>) -> Result<Vec<Call>, String> {
    if let Some(text) = seen.tool_calls {
        let unreadable = || "the tool calls of the reply cannot be read".to_owned();
        let list: Vec<Value> = serde_json::from_str(text).map_err(|_| unreadable())?;
        if !list.is_empty() {
            let calls: Option<_> = list.iter().take(MAX_CALLS + 1).map(call).collect();
            return calls.ok_or_else(unreadable);
        }
    }
    Ok(match serde_json::from_str(seen.answer.trim()) {
        // A list in which some item is no call is a list of something else.
        Ok(Value::Array(list)) => {
            list.iter().take(MAX_CALLS + 1).map(call).collect::<Option<_>>().unwrap_or_default()
        }
        Ok(one) => call(&one).into_iter().collect(),
        Err(_) => vec![],
    })
}

impl ToolCall {
    fn hold(&self, found: &[Call]) -> bool {
        match self.order {
            "exact" => {
                found.len() == self.wanted.len()
                    && self.wanted.iter().zip(found).all(|(wanted, call)| wanted.is(call))
            }
            "in_order" => {
                let mut rest = found.iter();
                self.wanted.iter().all(|wanted| rest.any(|call| wanted.is(call)))
            }
            _ => {
                let mut taken = vec![None; found.len()];
                (0..self.wanted.len())
                    .all(|i| self.place(i, found, &mut taken, &mut vec![false; found.len()]))
            }
        }
    }

    /// Finds a call of its own for the wanted call `i`, moving others if need be: a maximum matching by
    /// augmenting paths (Kuhn). No deeper than there are calls.
    fn place(
        &self,
        i: usize,
        found: &[Call],
        taken: &mut Vec<Option<usize>>,
        tried: &mut Vec<bool>,
    ) -> bool {
        let Some(wanted) = self.wanted.get(i) else { return false };
        for (j, _) in found.iter().enumerate().filter(|(_, call)| wanted.is(call)) {
            if tried.get_mut(j).is_none_or(|tried| std::mem::replace(tried, true)) {
                continue;
            }
            let other = taken.get(j).copied().flatten();
            if other.is_none_or(|other| self.place(other, found, taken, tried)) {
                if let Some(slot) = taken.get_mut(j) {
                    *slot = Some(i);
                }
                return true;
            }
        }
        false
    }
}

impl Check for ToolCall {
    fn observe(&self, seen: &Observation<'_>) -> Finding {
        let found = match calls(seen) {
            Ok(found) => found,
            Err(why) => return Finding::CannotTell(why),
        };
        let count = u64::try_from(found.len()).unwrap_or(u64::MAX);
        if self.count.is_none_or(|wanted| wanted == count) && self.hold(&found) {
            return Finding::Holds;
        }
        let shown = |call: &Call| format!("{}({})", call.name, call.arguments);
        let found: Vec<String> = found.iter().take(8).map(shown).collect();
        let found =
            if found.is_empty() { "no tool call".into() } else { subject::cut(&found.join(", ")) };
        Finding::Fails(format!("expected {}, found {found}", self.describe()))
    }

    fn describe(&self) -> String {
        let of = |wanted: &Wanted| match &wanted.arguments {
            Some(arguments) => format!("{}({})", wanted.name, subject::shown_value(arguments)),
            None => wanted.name.clone(),
        };
        let mut parts: Vec<String> = self.wanted.iter().map(of).collect();
        if let Some(count) = self.count {
            parts.push(format!("{count} in all"));
        }
        let order = match self.order {
            "exact" => " exactly",
            "in_order" => " in order",
            _ => "",
        };
        format!("tool call {}{order}", parts.join(", "))
    }
}
