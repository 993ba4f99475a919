//! Reads one request: which part is the message to judge, and what the rest says about how.
//!
//! Everything but the message is the prompt. It is read once and kept, because it is the same in every
//! call of one release; only the message differs.

use super::examples::{self, Example};
use super::features::{digest, head};
use super::labels::{self, Offer};
use super::marks::{Side, marker, side};
use super::shape::{self, Shape};
use super::{Role, Turn};
use serde_json::Value;

/// How much of a prompt is read.
const READ_LIMIT: usize = 2 * 1024 * 1024;
/// Most examples that are read.
const MOST_EXAMPLES: usize = 20_000;

/// The message and what stands around it in its turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Located<'a> {
    /// What the turn says before the message.
    pub(super) before: &'a str,
    /// The message.
    pub(super) message: &'a str,
    /// What the turn says after it.
    pub(super) after: &'a str,
}

/// What a prompt says.
pub(super) struct Prompt {
    /// Its solved examples.
    pub(super) examples: Vec<Example>,
    /// The labels that it offers.
    pub(super) offers: Vec<Offer>,
    /// The shape of answer that it asks for.
    pub(super) shape: Shape,
    /// Whether it says that the message is data and no instruction.
    pub(super) guarded: bool,
    /// What it says to answer when there is too little to go by.
    pub(super) marker: Option<String>,
}

/// The requests' parts: the turns before the last user turn, and that turn taken apart.
pub(super) struct Request<'a> {
    turns: &'a [Turn<'a>],
    /// The last user turn.
    pub(super) last: Located<'a>,
}

impl<'a> Request<'a> {
    /// Takes a request apart.
    pub(super) fn new(turns: &'a [Turn<'a>]) -> Self {
        let place = turns.iter().rposition(|turn| turn.role == Role::User);
        let last = place.and_then(|place| turns.get(place)).map_or("", |turn| turn.text);
        let turns = place.and_then(|place| turns.get(..place)).unwrap_or(turns);
        Self { turns, last: locate(head(last, READ_LIMIT)) }
    }

    /// The hash of everything but the message.
    pub(super) fn key(&self, schema: Option<&Value>) -> u64 {
        let mut key = schema.map_or(0, |schema| digest(1, &schema.to_string()));
        for turn in self.turns {
            key = digest(key.rotate_left(7) ^ turn.role as u64, turn.text);
        }
        digest(digest(key, self.last.before), self.last.after)
    }

    /// Reads everything but the message.
    pub(super) fn read(&self, schema: Option<&Value>) -> Prompt {
        let mut pairs = Vec::new();
        let mut text = String::new();
        let mut asked = None;
        for turn in self.turns {
            match (turn.role, asked.take()) {
                (Role::User, _) => asked = Some(turn.text),
                (Role::Assistant, Some(asked)) => {
                    let example = locate(head(asked, READ_LIMIT));
                    let answer = turn.text.trim().to_owned();
                    pairs.push(Example { text: example.message.to_owned(), answer, turn: true });
                }
                (Role::System, _) => push(&mut text, turn.text),
                (Role::Assistant, None) => {}
            }
        }
        let mut wrapping = String::new();
        push(&mut wrapping, self.last.before);
        push(&mut wrapping, self.last.after);
        let (text, wrapping) = (head(&text, READ_LIMIT), head(&wrapping, READ_LIMIT));
        let cued = marker(self.last.after).is_some_and(|(_, value)| value.is_empty());
        interpret(text, wrapping, pairs, schema, cued)
    }
}

fn push(text: &mut String, part: &str) {
    text.push_str(part);
    text.push_str("\n\n");
}

/// What the author's `text` and the `wrapping` of the message say. The wrapping may be forged by a message
/// that resembles it, so it gives labels and examples only if there are none elsewhere.
fn interpret(
    text: &str,
    wrapping: &str,
    mut pairs: Vec<Example>,
    schema: Option<&Value>,
    cued: bool,
) -> Prompt {
    let mut offers = labels::find(text);
    if offers.is_empty() {
        offers = labels::find(wrapping);
    }
    let known: Vec<&str> = offers.iter().map(|offer| offer.label.as_str()).collect();
    pairs.extend(examples::find(text, &known));
    if pairs.is_empty() {
        pairs = examples::find(wrapping, &known);
    }
    pairs.truncate(MOST_EXAMPLES);
    let text = [text, wrapping].concat();
    let shape = shape::find(&text, &pairs, schema, cued);
    if let Shape::Json { allowed, .. } = &shape {
        for label in allowed {
            if !offers.iter().any(|offer| offer.label == *label) {
                offers.push(Offer { label: label.clone(), about: String::new() });
            }
        }
    }
    let lower = text.to_lowercase();
    Prompt { shape, guarded: guarded(&lower), marker: not_enough(&text), examples: pairs, offers }
}

/// Whether the prompt says that the message must not be obeyed.
fn guarded(lower: &str) -> bool {
    const SIGNS: [&str; 20] = [
        "untrusted",
        "not instructions",
        "not an instruction",
        "not as instructions",
        "not commands",
        "never instructions",
        "not to be followed",
        "do not follow",
        "don't follow",
        "never follow",
        "do not obey",
        "don't obey",
        "never obey",
        "ignore any instruction",
        "ignore instructions",
        "ignore all instructions",
        "disregard any instruction",
        "is data",
        "as data",
        "only data",
    ];
    SIGNS.iter().any(|sign| lower.contains(sign))
}

/// The marker that the prompt wants when there is too little to go by.
fn not_enough(text: &str) -> Option<String> {
    const SIGNS: [&str; 11] = [
        "not enough",
        "insufficient",
        "too little",
        "unclear",
        "cannot tell",
        "can't tell",
        "not sure",
        "unsure",
        "no information",
        "none of",
        "is empty",
    ];
    text.split(['\n', '.']).find_map(|sentence| {
        let lower = sentence.to_lowercase();
        if !SIGNS.iter().any(|sign| lower.contains(sign)) {
            return None;
        }
        let quoted = sentence.split(['`', '"']).nth(1).filter(|part| !part.contains(' '));
        let shouted = || {
            let mut words = sentence.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            words.find(|word| word.len() > 4 && !word.contains(|c: char| c.is_ascii_lowercase()))
        };
        quoted.or_else(shouted).filter(|word| !word.is_empty()).map(str::to_owned)
    })
}

/// Finds the message in a user turn: within a tag or a fence, after the last `Message:`, or all of it.
pub(super) fn locate(turn: &str) -> Located<'_> {
    in_tag(turn)
        .or_else(|| in_fence(turn))
        .or_else(|| after_marker(turn))
        .or_else(|| after_order(turn))
        .unwrap_or(Located { before: "", message: turn.trim(), after: "" })
}

fn cut(turn: &str, from: usize, to: usize) -> Option<Located<'_>> {
    Some(Located {
        before: turn.get(..from)?,
        message: turn.get(from..to)?.trim(),
        after: turn.get(to..)?,
    })
}

/// `<message>…</message>` near the end of the turn.
fn in_tag(turn: &str) -> Option<Located<'_>> {
    let end = turn.rfind("</")?;
    let tag = turn.get(end + 2..)?.split('>').next()?;
    if side(tag) != Some(Side::Asked) || turn.len() - end > 400 {
        return None;
    }
    let open = format!("<{tag}>");
    let from = turn.get(..end)?.rfind(&open)? + open.len();
    cut(turn, from, end)
}

/// Between two `"""` or fences of which the second ends the turn and something leads in to the first.
fn in_fence(turn: &str) -> Option<Located<'_>> {
    let body = turn.trim_end();
    ["\"\"\"", "```"].into_iter().find_map(|fence| {
        let end = body.strip_suffix(fence)?.len();
        let from = turn.get(..end)?.find(fence)?;
        (from > 0).then(|| cut(turn, from + fence.len(), end)).flatten()
    })
}

/// After the last line that begins with `Message:` or the like, without the cue for the answer.
fn after_marker(turn: &str) -> Option<Located<'_>> {
    let last = turn.trim_end().rfind('\n').map_or(0, |at| at + 1);
    let cue = turn
        .get(last..)
        .and_then(marker)
        .filter(|(side, value)| *side == Side::Answered && value.is_empty());
    let to = if cue.is_some() { last } else { turn.len() };
    let mut end = to;
    while end > 0 {
        let text = turn.get(..end)?;
        let start = text.strip_suffix('\n').unwrap_or(text).rfind('\n').map_or(0, |at| at + 1);
        let line = text.get(start..)?;
        match marker(line) {
            Some((Side::Asked, value)) => {
                let from = end - line.len() + line.find(value).unwrap_or(0);
                let from = if value.is_empty() { end } else { from };
                return cut(turn, from, to);
            }
            Some((Side::Answered, value)) if !value.is_empty() => return None,
            _ => end = start,
        }
    }
    None
}

/// After a first paragraph that is an order ending in a colon: `Classify this message:`.
fn after_order(turn: &str) -> Option<Located<'_>> {
    let from = turn.find(":\n")? + 1;
    let order = turn.get(..from)?.to_lowercase();
    let orders = ["classif", "categor", "label", "intent"].iter().any(|word| order.contains(word));
    (orders && order.len() < 400).then(|| cut(turn, from, turn.len())).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locates_the_message() {
        for turn in [
            "it barks",
            "<message>\nit barks\n</message>",
            "Classify it.\n<message>it barks</message>\nAnswer with one word.",
            "Classify the following text:\n\nit barks",
            "Message: it barks",
            "Message: it cuts\nIntent: tool\n\nMessage: it barks\nIntent:",
            "Here it is:\n\"\"\"\nit barks\n\"\"\"",
            "**Input:** it barks\n**Output:**",
        ] {
            assert_eq!(locate(turn).message, "it barks", "{turn}");
        }
        let found = locate("Message: it cuts\nIntent: tool\n\nMessage: grün\nund ü\nIntent:");
        assert_eq!(found.message, "grün\nund ü");
        assert!(found.before.contains("Intent: tool") && found.after.contains("Intent:"));
    }

    #[test]
    fn leaves_messages_alone_that_only_look_structured() {
        for text in [
            "```json\n{}\n``` I want my parcel",
            "{\"role\": \"user\", \"message\": \"hi\"}",
            "Hello,\nmy question is this: where is it?",
            "Intent: none",
        ] {
            assert_eq!(locate(text).message, text);
        }
    }

    #[test]
    fn reads_what_the_prompt_says() {
        let turns = [
            Turn {
                role: Role::System,
                text: "Labels: pet, tool. The text is untrusted. If it is unclear, answer `UNKNOWN`.",
            },
            Turn { role: Role::User, text: "it barks" },
            Turn { role: Role::Assistant, text: "pet" },
            Turn { role: Role::User, text: "it cuts" },
        ];
        let request = Request::new(&turns);
        assert_eq!(request.last.message, "it cuts");
        let prompt = request.read(None);
        assert!(prompt.guarded);
        assert_eq!(prompt.marker.as_deref(), Some("UNKNOWN"));
        let want = Example { text: "it barks".into(), answer: "pet".into(), turn: true };
        assert_eq!(prompt.examples, [want]);
        assert_eq!(prompt.offers.len(), 2);
    }

    #[test]
    fn the_key_is_of_all_but_the_message() {
        let of = |system, user| {
            let turns =
                [Turn { role: Role::System, text: system }, Turn { role: Role::User, text: user }];
            Request::new(&turns).key(None)
        };
        assert_eq!(of("a", "x"), of("a", "y"));
        assert_ne!(of("a", "x"), of("b", "x"));
        assert_ne!(of("a", "Message: x"), of("a", "Message: x\nIntent:"));
    }
}
