//! Finds solved examples in the text of a prompt, in the notations that prompt authors use.
//!
//! Understood are `Message: … / Intent: …` lines (and `Input`/`Output`, `Q`/`A`, …), `text -> label` lines,
//! `<message>…</message><intent>…</intent>`, one JSON object a line, and a label as a heading over bullets.
//! Nothing here knows any label: what stands on the answer's side is the answer.

use super::marks::{ARROWS, Side, bare, bullet, marker, side};
use serde_json::Value;

/// A text and the answer the prompt gives for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Example {
    /// What was asked.
    pub(super) text: String,
    /// What was answered, as written.
    pub(super) answer: String,
    /// Whether it was a pair of turns, which shows the shape of an answer more plainly than text does.
    pub(super) turn: bool,
}

/// Longest text of one example; beyond it a marker was probably no marker.
const LONGEST: usize = 8 * 1024;

/// The examples in a text; `labels` are those the prompt offers, which a heading must be one of.
pub(super) fn find(text: &str, labels: &[&str]) -> Vec<Example> {
    let mut finder = Finder { out: Vec::new(), asked: None, answer: None, heading: None };
    for line in text.lines() {
        finder.line(line, labels);
    }
    finder.close();
    finder.out
}

struct Finder<'a> {
    out: Vec<Example>,
    /// The text of a pair whose answer has not come yet, and the tag that must end it.
    asked: Option<(String, Option<&'a str>)>,
    /// An answer that may go on in the next line.
    answer: Option<String>,
    heading: Option<&'a str>,
}

impl<'a> Finder<'a> {
    fn line(&mut self, line: &'a str, labels: &[&str]) {
        if let Some(answer) = &mut self.answer {
            let open = answer.is_empty() || open_braces(answer);
            if open && marker(line).is_none() && answer.len() < LONGEST {
                answer.push_str(line.trim());
                return;
            }
            self.close();
        }
        if let Some((text, Some(tag))) = &mut self.asked {
            if !take_until(line, tag, text) {
                return;
            }
            let rest = line.split_once(&closing(tag)).map_or("", |(_, rest)| rest);
            if let Some((asked, open)) = &mut self.asked {
                asked.truncate(asked.trim_end().len());
                *open = None;
            }
            return self.line(rest, labels);
        }
        if let Some((tag, rest)) = tagged(line) {
            match side(tag) {
                Some(Side::Asked) => {
                    self.asked = Some((String::new(), Some(tag)));
                    return self.line(rest, labels);
                }
                Some(Side::Answered) if self.asked.is_some() => {
                    let answer = rest.split_once("</").map_or(rest, |(answer, _)| answer);
                    self.answer = Some(answer.trim().to_owned());
                    return;
                }
                _ => {}
            }
        }
        // A label of the list may end like a marker: "Feature request: something we lack".
        let plain = bullet(line).1.split(':').next().map_or("", bare);
        match marker(line).filter(|_| !labels.contains(&plain)) {
            Some((Side::Asked, value)) => {
                self.asked = Some((value.to_owned(), None));
                self.heading = None;
            }
            Some((Side::Answered, value)) if self.asked.is_some() => {
                self.answer = Some(value.to_owned());
            }
            _ => self.other(line, labels),
        }
    }

    /// A line without a marker.
    fn other(&mut self, line: &'a str, labels: &[&str]) {
        let (item, rest) = bullet(line);
        if let Some(example) = arrow(rest).or_else(|| object(rest)) {
            self.asked = None;
            self.out.push(example);
        } else if let Some((text, _)) = &mut self.asked {
            text.push('\n');
            text.push_str(line);
            if text.len() > LONGEST {
                self.asked = None;
            }
        } else if let Some(label) = heading(rest, labels) {
            self.heading = Some(label);
        } else if let (Some(item), Some(label)) = (item, self.heading) {
            self.push(bare(item), label);
        } else if !rest.is_empty() {
            self.heading = None;
        }
    }

    fn close(&mut self) {
        if let (Some(answer), Some((text, _))) = (self.answer.take(), self.asked.take()) {
            self.push(bare(&text), answer.trim());
        }
    }

    fn push(&mut self, text: &str, answer: &str) {
        if !text.is_empty() && !answer.is_empty() {
            let answer = if answer.starts_with('{') { answer } else { bare(answer) };
            self.out.push(Example { text: text.into(), answer: answer.into(), turn: false });
        }
    }
}

fn open_braces(text: &str) -> bool {
    text.starts_with('{') && text.matches('{').count() > text.matches('}').count()
}

fn closing(tag: &str) -> String {
    format!("</{tag}>")
}

/// Appends the line up to the closing tag; whether it was there.
fn take_until(line: &str, tag: &str, text: &mut String) -> bool {
    let (part, ended) =
        line.split_once(&closing(tag)).map_or((line, false), |(part, _)| (part, true));
    text.push_str(part);
    text.push('\n');
    if text.len() > LONGEST {
        text.clear();
    }
    ended
}

/// The tag that a line starts with, and what follows it; an enclosing `<example>` is skipped.
fn tagged(line: &str) -> Option<(&str, &str)> {
    let (tag, rest) = line.trim().strip_prefix('<')?.split_once('>')?;
    if tag.starts_with("example") && !rest.is_empty() {
        return tagged(rest);
    }
    tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-').then_some((tag, rest))
}

/// `text -> label`.
fn arrow(line: &str) -> Option<Example> {
    let (at, sign) = ARROWS
        .iter()
        .filter_map(|sign| Some((line.rfind(sign)?, sign)))
        .max_by_key(|(at, _)| *at)?;
    let text = bare(line.get(..at)?);
    let answer = line.get(at + sign.len()..)?.trim();
    let answer = if answer.starts_with('{') { answer } else { bare(answer) };
    let plain = !answer.is_empty() && answer.len() <= 64 || answer.starts_with('{');
    let turn = false;
    (plain && !text.is_empty()).then(|| Example { text: text.into(), answer: answer.into(), turn })
}

/// A JSON object with a text and an answer.
fn object(line: &str) -> Option<Example> {
    let line = line.trim_end_matches(',');
    if !line.starts_with('{') {
        return None;
    }
    let Ok(Value::Object(fields)) = serde_json::from_str(line) else { return None };
    let of = |wanted| fields.iter().find(|(key, _)| side(key) == Some(wanted)).map(|(_, v)| v);
    let (Value::String(text), answer) = (of(Side::Asked)?, of(Side::Answered)?) else {
        return None;
    };
    let answer = answer.as_str().map_or_else(|| answer.to_string(), str::to_owned);
    Some(Example { text: text.clone(), answer, turn: false })
}

/// A label that stands alone as a heading: `refund:` or `## refund`.
fn heading<'a>(line: &'a str, labels: &[&str]) -> Option<&'a str> {
    let plain = line.trim_start_matches('#').trim_end_matches(['*', ' ']);
    let head = bare(plain.trim_end_matches(':'));
    let marked = plain.ends_with(':') || line.starts_with('#');
    let label = labels.contains(&head) || head.contains('_') && !head.contains(' ');
    (marked && label).then_some(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        find(text, &["pet"]).into_iter().map(|example| (example.text, example.answer)).collect()
    }

    #[test]
    fn finds_each_notation() {
        for text in [
            "Message: it barks\nIntent: pet\n\nMessage: it cuts\nIntent: hand_tool\n",
            "### Example 1\n**Input:** it barks\n**Output:** pet\n### Example 2\n**Input:** it cuts\n**Output:** hand_tool",
            "Q: \"it barks\"\nA: pet\nQ: it cuts\nA: `hand_tool`\n",
            "- \"it barks\" -> pet\n- \"it cuts\" -> hand_tool",
            "it barks => pet\nit cuts → hand_tool",
            "<example><message>it barks</message>\n<intent>pet</intent></example>\n<example>\n<message>\nit cuts\n</message>\n<intent>hand_tool</intent>\n</example>",
            "<example><message>it barks</message><intent>pet</intent></example>\n<message>it cuts</message><intent>hand_tool</intent>",
            "{\"text\": \"it barks\", \"intent\": \"pet\"},\n{\"text\": \"it cuts\", \"intent\": \"hand_tool\"}",
            "pet:\n- it barks\n\n## hand_tool\n- it cuts\n",
            "Customer message: it barks\nExpected answer: pet\nCustomer message: it cuts\nExpected answer:\nhand_tool",
        ] {
            let want = [("it barks", "pet"), ("it cuts", "hand_tool")];
            let want = want.map(|(a, b)| (a.to_owned(), b.to_owned()));
            assert_eq!(pairs(text), want, "{text}");
        }
    }

    #[test]
    fn keeps_long_texts_and_json_answers() {
        let found =
            pairs("Message: first\n\nsecond\nOutput: {\n \"intent\": \"pet\",\n \"n\": 1}\nDone.");
        let want = ("first\n\nsecond".to_owned(), "{\"intent\": \"pet\",\"n\": 1}".to_owned());
        assert_eq!(found, [want]);
    }

    #[test]
    fn finds_nothing_where_nothing_is() {
        for text in [
            "",
            "Message: what about this\nIntent:",
            "Labels:\n- pet\n- hand_tool\n",
            "You answer: always politely.\nNote: be kind.",
            "Intent: pet",
        ] {
            assert!(pairs(text).is_empty(), "{text}");
        }
    }
}
