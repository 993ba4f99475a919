//! JSON Schema validations per CPU second: ours beside those of python-jsonschema, in one run.
//!
//! Both sides ask for a yes or no on the same instances of the same schemas, on one thread, over and over. What
//! Python needs to start, compiling the schema and parsing JSON is left out on both sides. Verdicts that differ
//! fail the run.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use gatemark_text::schema::Validator;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Result, cpu};

/// What to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// CPU seconds for each schema on each side
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Python with jsonschema
    #[arg(long, value_name = "FILE", env = "GATEMARK_REFERENCE_PYTHON")]
    #[arg(default_value = "target/references/venv/bin/python")]
    python: PathBuf,
    /// The script that runs it
    #[arg(long, value_name = "FILE", default_value = "tests/references/schemas.py")]
    script: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A schema with instances that satisfy it and that do not.
#[derive(Serialize)]
struct Question {
    name: &'static str,
    schema: Value,
    instances: Vec<Value>,
}

#[derive(Deserialize)]
struct Answer {
    name: String,
    verdicts: Vec<bool>,
    per_second: f64,
}

#[derive(Serialize)]
struct Row {
    name: &'static str,
    instances: usize,
    valid: usize,
    ours: f64,
    reference: f64,
    ratio: f64,
}

/// Measures and prints.
///
/// # Errors
/// If python-jsonschema cannot be run, or judges an instance otherwise than we do.
pub(crate) fn run(options: &Options) -> Result<()> {
    let questions = questions();
    let answers = references(options, &questions)?;
    if answers.len() != questions.len() {
        return Err(format!("{} answers to {} questions", answers.len(), questions.len()).into());
    }
    let mut rows = vec![];
    for (question, answer) in questions.iter().zip(&answers) {
        rows.push(compare(question, answer, options.seconds)?);
    }
    if options.json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    println!("| schema | instances | valid | ours, per CPU s | python-jsonschema | ratio |");
    println!("|---|---:|---:|---:|---:|---:|");
    for Row { name, instances, valid, ours, reference, ratio } in rows {
        println!("| {name} | {instances} | {valid} | {ours:.0} | {reference:.0} | {ratio:.0} |");
    }
    Ok(())
}

fn compare(question: &Question, answer: &Answer, seconds: f64) -> Result<Row> {
    let Question { name, schema, instances } = question;
    let validator = Validator::compile(schema).map_err(|problem| format!("{name}: {problem}"))?;
    let verdicts: Vec<bool> = instances.iter().map(|value| validator.accepts(value)).collect();
    if answer.name != *name || answer.verdicts != verdicts {
        let theirs = &answer.verdicts;
        return Err(format!("{name}: {verdicts:?}, python-jsonschema: {theirs:?}").into());
    }
    let valid = verdicts.iter().filter(|valid| **valid).count();
    let (ours, reference) = (ours(&validator, instances, seconds)?, answer.per_second);
    let instances = instances.len();
    Ok(Row { name, instances, valid, ours, reference, ratio: ours / reference })
}

fn ours(validator: &Validator, instances: &[Value], seconds: f64) -> Result<f64> {
    let own = std::process::id();
    let (mut done, start) = (0_usize, Instant::now());
    let before = cpu::read(own)?;
    while start.elapsed() < Duration::from_secs_f64(seconds) {
        for instance in instances {
            std::hint::black_box(validator.accepts(std::hint::black_box(instance)));
        }
        done += instances.len();
    }
    let spent = cpu::read(own)?.since(&before);
    Ok(done as f64 / spent.as_secs_f64())
}

fn references(options: &Options, questions: &[Question]) -> Result<Vec<Answer>> {
    let mut child = Command::new(&options.python)
        .arg(&options.script)
        .args(["--measure", &options.seconds.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|cause| format!("{}: {cause}; `make setup`", options.python.display()))?;
    let mut input = child.stdin.take().ok_or("no stdin")?;
    for question in questions {
        writeln!(input, "{}", serde_json::to_string(question)?)?;
    }
    drop(input);
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err("python-jsonschema failed".into());
    }
    let text = String::from_utf8(output.stdout)?;
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

fn questions() -> Vec<Question> {
    vec![verdict(), order(), choices()]
}

/// What a model's answer is often held against: few fields, all named.
fn verdict() -> Question {
    let schema = json!({
        "type": "object",
        "required": ["action", "confidence", "reason"],
        "properties": {
            "action": {"enum": ["refund", "replace", "escalate", "skip"]},
            "confidence": {"type": "number", "minimum": 0, "maximum": 1},
            "reason": {"type": "string", "minLength": 1, "maxLength": 200},
        },
        "additionalProperties": false,
    });
    let answer = |action: &str, confidence: f64, reason: &str| json!({"action": action, "confidence": confidence, "reason": reason});
    let instances = vec![
        answer("refund", 0.93, "The parcel was lost in transit."),
        answer("skip", 0.2, "No request in the message."),
        answer("escalate", 1.0, "The customer threatens to sue."),
        answer("refund", 1.2, "More certain than can be."),
        answer("wait", 0.5, "No such action."),
        json!({"action": "skip", "confidence": 0.5}),
    ];
    Question { name: "an answer of three fields", schema, instances }
}

/// Lists, nesting, patterns and references.
fn order() -> Question {
    let schema = json!({
        "$defs": {
            "money": {
                "type": "object",
                "required": ["amount", "currency"],
                "properties": {
                    "amount": {"type": "integer", "minimum": 0},
                    "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
                },
            },
        },
        "type": "object",
        "required": ["id", "lines", "total"],
        "properties": {
            "id": {"type": "string", "pattern": "^[0-9]{4,8}$"},
            "lines": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "required": ["sku", "count", "price"],
                    "properties": {
                        "sku": {"type": "string", "minLength": 3},
                        "count": {"type": "integer", "exclusiveMinimum": 0},
                        "price": {"$ref": "#/$defs/money"},
                    },
                },
            },
            "total": {"$ref": "#/$defs/money"},
        },
    });
    let money = |amount: i64| json!({"amount": amount, "currency": "EUR"});
    let order = |lines: i64, count: i64| {
        let lines: Vec<Value> = (0..lines)
            .map(|n| json!({"sku": format!("shoe-{n}"), "count": count, "price": money(n * 100)}))
            .collect();
        json!({"id": "1204567", "lines": lines, "total": money(2000)})
    };
    let wrong = json!({"id": "12-04", "lines": [], "total": money(-1)});
    let instances = vec![order(1, 1), order(20, 3), order(0, 1), order(20, 0), wrong];
    Question { name: "an order with up to twenty lines", schema, instances }
}

/// One of several shapes, as tool calls are.
fn choices() -> Question {
    let shape = |name: &str, field: &str, kind: &str| {
        json!({
            "type": "object",
            "required": ["tool", field],
            "properties": {"tool": {"const": name}, field: {"type": kind}},
            "additionalProperties": false,
        })
    };
    let schema = json!({"oneOf": [
        shape("search", "query", "string"),
        shape("refund", "amount", "integer"),
        shape("close", "resolved", "boolean"),
        shape("tag", "labels", "array"),
    ]});
    let instances = vec![
        json!({"tool": "search", "query": "delivery times"}),
        json!({"tool": "refund", "amount": 1999}),
        json!({"tool": "tag", "labels": ["late", "shoes"]}),
        json!({"tool": "close", "resolved": "yes"}),
        json!({"tool": "refund", "amount": 1, "note": "once"}),
    ];
    Question { name: "one of four tool calls", schema, instances }
}
