//! Answers that people have labelled, from a file: one object a line, or a table with the same columns.
//!
//! Several people may label one answer, in a line each with the same `id`. Every problem is told at once,
//! with its line, and an unknown field is a problem: a misspelt `expected` that were ignored would make
//! the judge look worse than it is.

use std::collections::BTreeMap;

use gatemark_core::calibration::Rating;
use gatemark_core::diagnostic::did_you_mean;
use gatemark_core::error::{Error, Result};
use serde_json::{Map, Value};

use crate::judge::{Form, Winner};

/// How labels are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A JSON object a line.
    Jsonl,
    /// Comma-separated, with a line of headings.
    Csv,
}

/// Who labelled where the file does not say.
const SOMEBODY: &str = "people";
/// Most problems told.
const TOLD: usize = 20;

/// One answer, or two, with what people said.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Item {
    pub(super) id: String,
    pub(super) answer: String,
    /// The second answer of a pair.
    pub(super) other: Option<String>,
    pub(super) expected: Option<Value>,
    pub(super) input: Map<String, Value>,
    pub(super) criteria: Option<String>,
    /// The system messages under which the answer was given; empty if not said.
    pub(super) system: String,
    pub(super) people: Vec<(String, Rating)>,
}

type Record = (u64, Map<String, Value>);

/// Reads labels for a judge of the given form.
///
/// # Errors
/// `Invalid` with every problem.
pub(super) fn read(text: &str, format: Format, form: Form) -> Result<Vec<Item>> {
    let mut problems = vec![];
    let records = match format {
        Format::Jsonl => lines(text, &mut problems),
        Format::Csv => table(text, &mut problems),
    };
    let mut items: Vec<Item> = vec![];
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for (line, record) in records {
        match item(record, form) {
            Err(found) => problems.extend(found.into_iter().map(|why| (line, why))),
            Ok(item) => {
                if let Err(why) = gather(item, &mut items, &mut places) {
                    problems.push((line, why));
                }
            }
        }
    }
    let scored = |item: &Item| item.people.iter().any(|(_, r)| matches!(r, Rating::Score(_)));
    let passed = |item: &Item| item.people.iter().any(|(_, r)| matches!(r, Rating::Passes(_)));
    if items.iter().any(scored) && items.iter().any(passed) {
        problems.push((0, "some labels are scores and some are pass or fail: use one kind".into()));
    }
    if items.is_empty() && problems.is_empty() {
        problems.push((0, "there are no labels".into()));
    }
    if problems.is_empty() { Ok(items) } else { Err(refusal(problems)) }
}

fn refusal(mut problems: Vec<(u64, String)>) -> Error {
    problems.sort_by_key(|(line, _)| *line);
    let all = problems.len();
    let told = problems.into_iter().take(TOLD).map(|(line, why)| match line {
        0 => why,
        line => format!("line {line}: {why}"),
    });
    let mut message = told.collect::<Vec<_>>().join("\n");
    if all > TOLD {
        message.push_str(&format!("\nand {} more", all - TOLD));
    }
    Error::invalid(format!("the labels cannot be used:\n{message}")).coded("bad_labels")
}

fn lines(text: &str, problems: &mut Vec<(u64, String)>) -> Vec<Record> {
    let mut records = vec![];
    for (number, line) in (1_u64..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        match serde_json::from_str(line) {
            Ok(Value::Object(record)) => records.push((number, record)),
            Ok(_) => problems.push((number, "a label must be a JSON object".into())),
            Err(error) => problems.push((number, format!("not JSON: {error}"))),
        }
    }
    records
}

/// Empty cells are fields that are not there.
fn table(text: &str, problems: &mut Vec<(u64, String)>) -> Vec<Record> {
    let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
    let headings = match reader.headers() {
        Ok(headings) => headings.clone(),
        Err(error) => {
            problems.push((1, format!("not a table: {error}")));
            return vec![];
        }
    };
    let mut records = vec![];
    for row in reader.records() {
        match row {
            Ok(row) => {
                let line = row.position().map_or(0, csv::Position::line);
                let cells = headings.iter().zip(row.iter()).filter(|(_, cell)| !cell.is_empty());
                let cells = cells.map(|(name, cell)| (name.trim().to_string(), cell.into()));
                records.push((line, cells.collect()));
            }
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                problems.push((line, format!("not a row: {error}")));
            }
        }
    }
    records
}

fn item(mut record: Map<String, Value>, form: Form) -> Result<Item, Vec<String>> {
    let pair = form == Form::Winner;
    let judged: &[&str] = if pair { &["first", "second"] } else { &["answer"] };
    let known: Vec<&str> = ["id", "expected", "input", "criteria", "system", "label", "rater"]
        .iter()
        .chain(judged)
        .copied()
        .collect();
    let mut problems = vec![];
    for name in record.keys().filter(|name| !known.contains(&name.as_str())) {
        let hint = match did_you_mean(name, known.iter().copied()) {
            Some(close) => format!("did you mean `{close}`?"),
            None => format!("known are {}", known.join(", ")),
        };
        problems.push(format!("`{name}` is not a field of a label ({hint})"));
    }
    let mut text = |name: &str, required: bool| match record.remove(name) {
        Some(Value::String(text)) => Some(text),
        Some(Value::Number(number)) if name == "id" => Some(number.to_string()),
        Some(_) => {
            problems.push(format!("`{name}` must be a text"));
            None
        }
        None if required => {
            problems.push(format!("`{name}` is missing"));
            None
        }
        None => None,
    };
    let id = text("id", true);
    // A table cannot tell an empty answer from none, and an empty answer is one.
    let answer = text(if pair { "first" } else { "answer" }, false).unwrap_or_default();
    let other = pair.then(|| text("second", false).unwrap_or_default());
    let criteria = text("criteria", false);
    let system = text("system", false).unwrap_or_default();
    let rater = text("rater", false).unwrap_or_else(|| SOMEBODY.to_string());
    let input = match record.remove("input") {
        None => Map::new(),
        Some(Value::Object(fields)) => fields,
        Some(other) => Map::from_iter([("input".to_string(), other)]),
    };
    let expected = record.remove("expected");
    let rating = match record.remove("label") {
        None => Err("`label` is missing".to_string()),
        Some(label) => rating(&label, form),
    };
    match (id, rating) {
        (Some(id), Ok(rating)) if problems.is_empty() => {
            let people = vec![(rater, rating)];
            Ok(Item { id, answer, other, expected, input, criteria, system, people })
        }
        (_, Err(why)) => {
            problems.push(why);
            Err(problems)
        }
        _ => Err(problems),
    }
}

fn rating(label: &Value, form: Form) -> Result<Rating, String> {
    let word = label.as_str().map(str::trim);
    if form == Form::Winner {
        let winner = word.and_then(Winner::from_word);
        return match winner {
            Some(Winner::First) => Ok(Rating::Prefers(1)),
            Some(Winner::Second) => Ok(Rating::Prefers(-1)),
            Some(Winner::Tie) => Ok(Rating::Prefers(0)),
            None => Err(format!("`label` must be first, second or tie, not {label}")),
        };
    }
    match (word, label) {
        (Some("pass"), _) | (_, Value::Bool(true)) => return Ok(Rating::Passes(true)),
        (Some("fail"), _) | (_, Value::Bool(false)) => return Ok(Rating::Passes(false)),
        _ => {}
    }
    let Form::Score { scale, .. } = form else {
        return Err(format!("`label` must be pass or fail, as this judge says, not {label}"));
    };
    let number = label.as_f64().or_else(|| word.and_then(|word| word.parse().ok()));
    let position = number.and_then(|number| scale.position(number));
    position.map(Rating::Score).ok_or_else(|| {
        format!(
            "`label` must be pass, fail or a score from {} to {}, not {label}",
            scale.least, scale.most
        )
    })
}

/// Adds the label to those of the same id.
fn gather(
    item: Item,
    items: &mut Vec<Item>,
    places: &mut BTreeMap<String, usize>,
) -> Result<(), String> {
    let known = places.get(&item.id).and_then(|place| items.get_mut(*place));
    let Some(known) = known else {
        places.insert(item.id.clone(), items.len());
        items.push(item);
        return Ok(());
    };
    if (&known.answer, &known.other) != (&item.answer, &item.other) {
        return Err(format!("`{}` is the id of another answer already", item.id));
    }
    for (who, rating) in item.people {
        if known.people.iter().any(|(rater, _)| *rater == who) {
            return Err(format!(
                "`{}` has a label by {who} already: name who labelled in `rater`",
                item.id
            ));
        }
        known.people.push((who, rating));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Scale;
    use proptest::prelude::*;

    const SCORE: Form = Form::Score { scale: Scale { least: 1.0, most: 5.0 }, verdict: false };

    #[test]
    fn raters_of_one_answer_come_together() {
        let text = "{\"id\":1,\"answer\":\"x\",\"label\":5,\"rater\":\"a\"}\n\n\
                    {\"id\":\"1\",\"answer\":\"x\",\"label\":3,\"rater\":\"b\"}\n";
        let items = read(text, Format::Jsonl, SCORE).unwrap();
        assert_eq!(items.len(), 1);
        let people = [("a".to_string(), Rating::Score(1.0)), ("b".to_string(), Rating::Score(0.5))];
        assert_eq!(items[0].people, people);
    }

    #[test]
    fn tables_say_the_same() {
        let text =
            "id,answer,label,input,expected,system\n1,\"a, b\",pass,q,,Be kind.\n2,,fail,,e,\n";
        let items = read(text, Format::Csv, Form::Verdict).unwrap();
        assert_eq!((items[0].answer.as_str(), &items[0].expected), ("a, b", &None));
        assert_eq!((items[1].answer.as_str(), items[1].input.len()), ("", 0));
        assert_eq!(items[0].input["input"], "q");
        assert_eq!((items[0].system.as_str(), items[1].system.as_str()), ("Be kind.", ""));
        let pairs = "id,first,second,label\n1,x,y,tie\n";
        assert_eq!(read(pairs, Format::Csv, Form::Winner).unwrap()[0].other, Some("y".into()));
    }

    #[test]
    fn every_problem_is_told_with_its_line() {
        let text = "{\"id\":\"1\",\"anwser\":\"x\",\"label\":\"pass\"}\nno\n{\"id\":\"2\",\"answer\":\"x\"}\n\
                    {\"id\":\"3\",\"answer\":\"x\",\"label\":9}\n{\"id\":\"4\",\"answer\":\"x\",\"label\":1}\n\
                    {\"id\":\"4\",\"answer\":\"x\",\"label\":2}\n{\"id\":\"4\",\"answer\":\"z\",\"label\":2}\n\
                    {\"id\":\"5\",\"answer\":\"x\",\"label\":\"fail\"}";
        let told = read(text, Format::Jsonl, SCORE).unwrap_err().to_string();
        for part in [
            "line 1: `anwser` is not a field of a label (did you mean `answer`?)",
            "line 2: not JSON",
            "line 3: `label` is missing",
            "line 4: `label` must be pass, fail or a score from 1 to 5, not 9",
            "line 6: `4` has a label by people already",
            "line 7: `4` is the id of another answer",
            "use one kind",
        ] {
            assert!(told.contains(part), "{part} is not in\n{told}");
        }
        let told =
            read("{\"id\":\"1\",\"answer\":\"x\",\"label\":3}", Format::Jsonl, Form::Verdict);
        assert!(told.unwrap_err().to_string().contains("pass or fail, as this judge says"));
        assert!(read("", Format::Csv, SCORE).unwrap_err().to_string().contains("no labels"));
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in "[\\PC\n,\"{}:]{0,120}") {
            let _ = read(&text, Format::Jsonl, SCORE);
            let _ = read(&text, Format::Csv, Form::Winner);
        }
    }
}
