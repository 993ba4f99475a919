//! The filters that templates may use, each paying for what it makes.
//!
//! All are the engine's own, wrapped, but for those whose result must differ (`tojson`, `string`: compact
//! JSON without escaping for HTML) and those that stand in for operators. `pprint` and `debug()` show
//! the engine's insides and are left out; so is `namespace()`, which could pile up values over a loop.

use minijinja::value::{Kwargs, Rest, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State, Value, filters};

use super::allowance::{pay, size, written_size};
use super::output::{json, text};

/// Stands in for `~`.
pub(super) const JOINED: &str = "_joined";
/// Stands in for `+`.
pub(super) const SUM: &str = "_sum";
/// Stands in for `*`.
pub(super) const PRODUCT: &str = "_product";

/// Most columns, slices, spaces or places that an argument may ask for.
const MAX_COUNT: usize = 10_000;

/// Names of all filters that authors may use.
pub(super) const NAMES: &[&str] = &[
    "abs",
    "attr",
    "batch",
    "bool",
    "capitalize",
    "chain",
    "count",
    "d",
    "default",
    "dictsort",
    "e",
    "escape",
    "first",
    "float",
    "format",
    "groupby",
    "indent",
    "int",
    "items",
    "join",
    "last",
    "length",
    "lines",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "safe",
    "select",
    "selectattr",
    "slice",
    "sort",
    "split",
    "string",
    "sum",
    "title",
    "tojson",
    "trim",
    "unique",
    "upper",
    "zip",
];

/// Names of all tests.
pub(super) const TESTS: &[&str] = &[
    "!=",
    "<",
    "<=",
    "==",
    ">",
    ">=",
    "boolean",
    "defined",
    "divisibleby",
    "endingwith",
    "eq",
    "equalto",
    "escaped",
    "even",
    "false",
    "filter",
    "float",
    "ge",
    "greaterthan",
    "gt",
    "in",
    "int",
    "integer",
    "iterable",
    "le",
    "lessthan",
    "lower",
    "lt",
    "mapping",
    "ne",
    "none",
    "number",
    "odd",
    "safe",
    "sameas",
    "sequence",
    "startingwith",
    "string",
    "test",
    "true",
    "undefined",
    "upper",
];

/// What a filter pays before it runs.
type Price = fn(&[Value]) -> Result<usize, Error>;

/// Takes what is left out from `engine`, and puts prices on the rest.
pub(super) fn install(engine: &mut Environment<'static>) {
    engine.remove_filter("pprint");
    engine.remove_global("debug");
    engine.remove_global("namespace");
    lists(engine);
    texts(engine);
    engine.add_filter("tojson", to_json);
    engine.add_filter("string", |state: &mut State, value: Value| {
        pay(state, written_size(&value))?;
        text(&value)
    });
    engine.add_filter(JOINED, joined);
    engine.add_filter(SUM, sum);
    engine.add_filter(PRODUCT, product);
}

/// Filters over lists: what comes out is no bigger than what went in.
fn lists(engine: &mut Environment<'static>) {
    let input: Price = |values| Ok(values.first().map_or(0, size) / 16);
    for (name, filter) in [
        ("chain", Value::from_function(filters::chain)),
        ("dictsort", Value::from_function(filters::dictsort)),
        ("groupby", Value::from_function(filters::groupby)),
        ("items", Value::from_function(filters::items)),
        ("list", Value::from_function(filters::list)),
        ("map", Value::from_function(filters::map)),
        ("max", Value::from_function(filters::max)),
        ("min", Value::from_function(filters::min)),
        ("reject", Value::from_function(filters::reject)),
        ("rejectattr", Value::from_function(filters::rejectattr)),
        ("reverse", Value::from_function(filters::reverse)),
        ("select", Value::from_function(filters::select)),
        ("selectattr", Value::from_function(filters::selectattr)),
        ("sort", Value::from_function(filters::sort)),
        ("unique", Value::from_function(filters::unique)),
        ("zip", Value::from_function(filters::zip)),
    ] {
        priced(engine, name, filter, input);
    }
    priced(engine, "batch", Value::from_function(filters::batch), counted);
    priced(engine, "slice", Value::from_function(filters::slice), counted);
    // Adding texts one by one copies the sum each time.
    priced(engine, "sum", Value::from_function(filters::sum), |values| {
        let list = values.first().cloned().unwrap_or_default();
        let simple = list.try_iter().into_iter().flatten().all(|item| item.is_number());
        let size = written_size(&list);
        Ok(if simple { size } else { size.saturating_mul(list.len().unwrap_or(1)) })
    });
}

/// Filters over text: they write out whatever they are given.
fn texts(engine: &mut Environment<'static>) {
    let written: Price = |values| Ok(values.first().map_or(0, written_size));
    for (name, filter) in [
        ("capitalize", Value::from_function(filters::capitalize)),
        ("e", Value::from_function(filters::escape)),
        ("escape", Value::from_function(filters::escape)),
        ("lines", Value::from_function(filters::lines)),
        ("lower", Value::from_function(filters::lower)),
        ("safe", Value::from_function(filters::safe)),
        ("split", Value::from_function(filters::split)),
        ("title", Value::from_function(filters::title)),
        ("trim", Value::from_function(filters::trim)),
        ("upper", Value::from_function(filters::upper)),
    ] {
        priced(engine, name, filter, written);
    }
    priced(engine, "join", Value::from_function(filters::join), |values| {
        let list = values.first().cloned().unwrap_or_default();
        let separators = values.get(1).map_or(0, written_size);
        let items = list.len().unwrap_or(1);
        Ok(written_size(&list).saturating_add(items.saturating_mul(separators)))
    });
    priced(engine, "replace", Value::from_function(filters::replace), |values| {
        let part =
            |index: usize| values.get(index).map(plain).transpose().map(Option::unwrap_or_default);
        let (whole, from, to) = (part(0)?, part(1)?, part(2)?);
        let places = whole.matches(from.as_str()).count();
        Ok(whole.len().saturating_add(places.saturating_mul(to.len())))
    });
    priced(engine, "indent", Value::from_function(filters::indent), |values| {
        let text = values.first().map(plain).transpose()?.unwrap_or_default();
        let width = values.iter().skip(1).map(asked).max().unwrap_or(0);
        within_count(width)?;
        let lines = text.matches('\n').count() + 1;
        Ok(text.len().saturating_add(lines.saturating_mul(width.max(4))))
    });
    priced(engine, "format", Value::from_function(filters::format), |values| {
        let pattern = values.first().and_then(Value::as_str).unwrap_or_default();
        let longest_number =
            pattern.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
        if longest_number > 3 || pattern.contains('*') {
            let message = "a width or precision in `format` may have at most 3 digits";
            return Err(Error::new(ErrorKind::InvalidOperation, message));
        }
        let rest = values.iter().skip(1).map(written_size).fold(0, usize::saturating_add);
        Ok(pattern.len().saturating_mul(1000).saturating_add(rest.saturating_mul(pattern.len())))
    });
}

/// Adds an engine's filter that pays `price` for its arguments, and the size of its result.
fn priced(engine: &mut Environment<'static>, name: &'static str, filter: Value, price: Price) {
    engine.add_filter(name, move |state: &mut State, arguments: Rest<ValueOrKwargs>| {
        let arguments = arguments.into_values();
        pay(state, price(&arguments)?)?;
        let made = filter.call(state, &arguments)?;
        pay(state, size(&made))?;
        Ok::<_, Error>(made)
    });
}

/// A value as the text filters see it. Long lists are refused before they are written out.
fn plain(value: &Value) -> Result<String, Error> {
    if written_size(value) > super::allowance::MAX_MADE_BYTES {
        return Err(Error::new(ErrorKind::InvalidOperation, "the value is too long to be text"));
    }
    Ok(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

/// The biggest count that an argument or a set of keyword arguments asks for.
fn asked(argument: &Value) -> usize {
    if let Some(count) = argument.as_usize() {
        return count;
    }
    let Ok(named) = Kwargs::try_from(argument.clone()) else { return 0 };
    let counts = named.args().filter_map(|name| named.peek::<Value>(name).ok()?.as_usize());
    counts.max().unwrap_or(0)
}

fn within_count(count: usize) -> Result<(), Error> {
    if count <= MAX_COUNT {
        return Ok(());
    }
    let message = format!("a count in a filter may be at most {MAX_COUNT}");
    Err(Error::new(ErrorKind::InvalidOperation, message))
}

/// `batch` and `slice`: the list, and as many more entries as the count.
fn counted(values: &[Value]) -> Result<usize, Error> {
    let count = values.iter().skip(1).map(asked).max().unwrap_or(0);
    within_count(count)?;
    Ok(values.first().map_or(0, size).saturating_mul(2).saturating_add(count.saturating_mul(64)))
}

/// Compact JSON, or indented by `indent` spaces, without any escaping for HTML.
fn to_json(
    state: &mut State<'_, '_>,
    value: Value,
    indent: Option<usize>,
    named: Kwargs,
) -> Result<String, Error> {
    let indent = indent.or(named.get("indent")?);
    named.assert_all_used()?;
    let Some(indent) = indent else {
        pay(state, written_size(&value))?;
        return json(&value);
    };
    let indent = indent.min(8);
    // Every entry takes a line, and lines are at most as deep as the bounds on brackets allow.
    pay(state, written_size(&value).saturating_mul(2 + indent))?;
    let mut written = Vec::new();
    let spaces = " ".repeat(indent);
    let style = serde_json::ser::PrettyFormatter::with_indent(spaces.as_bytes());
    let mut writer = serde_json::Serializer::with_formatter(&mut written, style);
    serde::Serialize::serialize(&value, &mut writer)
        .map_err(|cause| Error::new(ErrorKind::BadSerialization, cause.to_string()))?;
    String::from_utf8(written).map_err(|_| Error::from(ErrorKind::BadSerialization))
}

/// `left ~ right`
fn joined(state: &mut State<'_, '_>, left: Value, right: Value) -> Result<String, Error> {
    pay(state, written_size(&left).saturating_add(written_size(&right)))?;
    let mut whole = text(&left)?;
    whole.push_str(&text(&right)?);
    Ok(whole)
}

/// `left + right`
fn sum(state: &mut State<'_, '_>, left: Value, right: Value) -> Result<Value, Error> {
    pay(state, size(&left).saturating_add(size(&right)))?;
    match (left.as_str(), right.as_str()) {
        (Some(left), Some(right)) => return Ok(Value::from(format!("{left}{right}"))),
        (None, None) if is_list(&left) && is_list(&right) => {
            return Ok(left.try_iter()?.chain(right.try_iter()?).collect());
        }
        _ => {}
    }
    evaluated("left + right", left, right)
}

/// `left * right`
fn product(state: &mut State<'_, '_>, left: Value, right: Value) -> Result<Value, Error> {
    for (repeated, times) in [(&left, &right), (&right, &left)] {
        let Some(times) = times.as_usize() else { continue };
        if repeated.as_str().is_none() && !is_list(repeated) {
            continue;
        }
        pay(state, size(repeated).saturating_mul(times))?;
        return match repeated.as_str() {
            Some(text) => Ok(Value::from(text.repeat(times))),
            None => {
                let items: Vec<Value> = repeated.try_iter()?.collect();
                let whole = std::iter::repeat_n(items, times).flatten();
                Ok(Value::from(whole.collect::<Vec<_>>()))
            }
        };
    }
    evaluated("left * right", left, right)
}

fn is_list(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable)
}

/// Numbers, and errors in the engine's own words.
fn evaluated(expression: &'static str, left: Value, right: Value) -> Result<Value, Error> {
    let engine = Environment::empty();
    engine.compile_expression(expression)?.eval(minijinja::context! { left, right })
}
