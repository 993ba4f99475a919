//! The in-context learner behind the sim vendor.
//!
//! This is a stand-in for a large language model, and no more than that: it understands nothing. It looks
//! at the messages of one request, finds the solved examples in them, learns from these which words, word
//! pairs and pieces of words speak for which answer (see [`classify`]), judges the last user message by
//! that, and writes the result in the shape that the prompt asks for. It holds no canned answers, no
//! dictionary and no label of any data set, and it remembers nothing from one prompt to the next but a
//! cache of what it computed.
//!
//! What makes it useful for trying out a release system is that it degrades as a model does: fewer
//! examples make it worse, wrong examples make it wrong, a prompt without examples leaves it with the
//! names and descriptions of the labels, a prompt that does not say how to answer gets chatter, and a
//! prompt that does not say that the message is data lets the message give orders.

mod cache;
mod classify;
mod examples;
mod features;
mod labels;
mod prompt;
mod shape;
mod write;

use cache::Cache;
use classify::{Heard, Knowledge, Lesson, drifted, vocabulary};
use features::{hash, head, words};
use prompt::{Prompt, Request};
use serde_json::Value;
use shape::Shape;
use std::collections::HashMap;
use write::Finding;

/// Who wrote a turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// The prompt's author.
    System,
    /// Whoever asks.
    User,
    /// The model.
    Assistant,
}

/// One message of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Turn<'a> {
    /// Who wrote it.
    pub role: Role,
    /// Its text.
    pub text: &'a str,
}

/// The vendor's settings for one call.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Behaviour {
    /// Whether to write the answer in a broken format, which `seed` chooses.
    pub malformed: bool,
    /// Share of the words, 0..=1, that the learner has silently come to take for others. The same words
    /// change in every call, and those of a smaller share are among those of a larger one.
    pub drift: f64,
    /// Chooses what is left to chance.
    pub seed: u64,
}

/// How much an order in the message lifts the label it names, in score.
const PUSH: f32 = 3.0;
/// Longest answer that is a label; examples with longer ones are not about classifying.
const LONGEST_LABEL: usize = 80;
/// Longest example that is learnt from.
const LONGEST_LESSON: usize = 2048;
/// Least share of a message that must be known if the prompt has a marker for not enough information.
const LEAST_KNOWN: f32 = 0.02;
/// Most different labels.
const MOST_LABELS: usize = 512;

/// Learns from the examples of a prompt and answers its message. See the module's text for what it is.
pub struct Learner {
    cache: Cache<Taught>,
}

impl Default for Learner {
    fn default() -> Self {
        Self::new()
    }
}

impl Learner {
    /// A learner that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self { cache: Cache::new() }
    }

    /// The answer to a request; `schema` is the JSON Schema that the request binds the answer to, if any.
    /// The same arguments give the same answer in every process.
    #[must_use]
    pub fn reply(
        &self,
        turns: &[Turn<'_>],
        schema: Option<&Value>,
        behaviour: &Behaviour,
    ) -> String {
        let request = Request::new(turns);
        let taught = self.cache.get(request.key(schema), || {
            let taught = Taught::new(request.read(schema));
            let size = taught.size();
            (taught, size)
        });
        taught.reply(head(request.last.message, features::READ_LIMIT), behaviour)
    }
}

/// What one prompt has taught.
struct Taught {
    prompt: Prompt,
    labels: Vec<String>,
    /// The labels in lower case, as a message may name them.
    names: Vec<String>,
    allowed: Vec<bool>,
    /// From the examples.
    shown: Knowledge,
    /// From the names and descriptions of the labels.
    told: Knowledge,
    /// How much the latter count: more the more the prompt says about each label.
    trust: f32,
    /// The words of both.
    vocabulary: Vec<String>,
}

impl Taught {
    fn new(mut prompt: Prompt) -> Self {
        let offered: Vec<&str> = prompt.offers.iter().map(|offer| offer.label.as_str()).collect();
        let mut labels = Labels::default();
        let mut lessons = Vec::new();
        let mut around = None;
        for example in &prompt.examples {
            let (before, label, after) = take_label(&example.answer, &offered);
            if label.is_empty() || label.len() > LONGEST_LABEL {
                continue;
            }
            if example.turn && around.is_none() {
                around = Some((before.to_owned(), after.to_owned()));
            }
            let Some(label) = labels.place(&label) else { continue };
            let words = words(head(&example.text, LONGEST_LESSON));
            lessons.push(Lesson { words, label, weight: 1.0 });
        }
        if let (Shape::Label { before, after }, Some(shown)) = (&mut prompt.shape, around) {
            (*before, *after) = shown;
        }
        let mut meanings = Vec::new();
        for offer in &prompt.offers {
            let Some(label) = labels.place(&offer.label) else { continue };
            let words = words(&format!("{} {}", offer.label, head(&offer.about, LONGEST_LESSON)));
            meanings.push(Lesson { words, label, weight: 1.0 });
        }
        let labels = labels.all;
        let allowed = labels.iter().map(|label| match &prompt.shape {
            Shape::Json { allowed, .. } => allowed.is_empty() || allowed.contains(label),
            _ => true,
        });
        let allowed = allowed.collect();
        let names = labels.iter().map(|label| label.to_lowercase()).collect();
        prompt.examples = Vec::new();
        let length: usize = meanings.iter().map(|lesson| lesson.words.len()).sum();
        let trust = (length as f32 / (6 * meanings.len().max(1)) as f32).clamp(0.5, 4.0);
        let shown = Knowledge::learn(labels.len(), &lessons, &meanings);
        let told = Knowledge::learn(labels.len(), &meanings, &lessons);
        let vocabulary = vocabulary(lessons.iter().chain(&meanings));
        Self { prompt, labels, names, allowed, shown, told, trust, vocabulary }
    }

    fn size(&self) -> usize {
        self.shown.size()
            + self.told.size()
            + self.vocabulary.len() * 40
            + self.labels.len() * 160
            + 1024
    }

    fn reply(&self, message: &str, behaviour: &Behaviour) -> String {
        let lower = message.to_lowercase();
        let said = if self.prompt.guarded { self.without_names(&lower) } else { words(&lower) };
        let seen = drifted(&self.vocabulary, said, behaviour.drift);
        let allowed = |label: usize| self.allowed.get(label).copied().unwrap_or(false);
        let mut heard = self.shown.hear(&seen);
        heard.add(&self.told.hear(&seen), self.trust);
        let known = heard.known;
        if !self.prompt.guarded {
            heard.add(&Heard { scores: self.orders(&lower), known: 0.0 }, PUSH);
        }
        let Some((mut best, confidence)) = heard.best(allowed) else {
            return self.unclassified(message, behaviour);
        };
        if known == 0.0 {
            // Nothing to go by: some label, but not always the first.
            let open: Vec<usize> = (0..self.labels.len()).filter(|label| allowed(*label)).collect();
            let place = hash(5, message) % (open.len() as u64).max(1);
            best =
                usize::try_from(place).ok().and_then(|place| open.get(place)).map_or(best, |b| *b);
        }
        let mut loud = self.shown.loudest(&seen, best);
        if loud.is_empty() {
            loud = self.told.loudest(&seen, best);
        }
        let blank = message.is_empty() || known < LEAST_KNOWN;
        let label = match &self.prompt.marker {
            Some(marker) if blank => marker,
            _ => self.labels.get(best).map_or("", String::as_str),
        };
        self.written(label, confidence, &loud, message, behaviour)
    }

    fn unclassified(&self, message: &str, behaviour: &Behaviour) -> String {
        let marker = self.prompt.marker.as_deref().filter(|_| message.is_empty());
        let text = marker.map_or_else(|| write::extract(message), str::to_owned);
        match self.prompt.shape {
            Shape::Json { .. } => self.written(&text, 0.0, &[], message, behaviour),
            _ if behaviour.malformed => format!("{{\"text\": \"{text}"),
            _ => text,
        }
    }

    fn written(
        &self,
        label: &str,
        confidence: f32,
        words: &[String],
        message: &str,
        behaviour: &Behaviour,
    ) -> String {
        let finding = Finding { label, confidence, words, message };
        if behaviour.malformed {
            write::malformed(&self.prompt.shape, &finding, behaviour.seed)
        } else {
            write::answer(&self.prompt.shape, &finding)
        }
    }

    /// The words of a message in lower case without the names of labels that nobody would write who does
    /// not address the classifier.
    fn without_names(&self, lower: &str) -> Vec<String> {
        let planted = |name: &&String| name.contains('_') && lower.contains(name.as_str());
        let names = self.names.iter().filter(planted);
        words(&names.fold(lower.to_owned(), |text, name| text.replace(name.as_str(), " ")))
    }

    /// 1 for each label that a sentence of the message orders to answer.
    fn orders(&self, lower: &str) -> Vec<f32> {
        const ORDERS: [&str; 20] = [
            "ignore",
            "disregard",
            "forget",
            "answer",
            "reply",
            "respond",
            "return",
            "output",
            "classify",
            "label",
            "choose",
            "print",
            "mark",
            "treat",
            "set",
            "use",
            "must",
            "correct",
            "override",
            "tag",
        ];
        let is_order = |text: &&str| {
            let mut words = text.split(|c: char| !c.is_alphanumeric());
            words.any(|word| ORDERS.contains(&word))
        };
        let orders: Vec<&str> = lower.split(['.', '\n', '!', '?']).filter(is_order).collect();
        let named = |name: &String| {
            let spaced = name.replace('_', " ");
            orders.iter().any(|text| text.contains(name.as_str()) || text.contains(&spaced))
        };
        self.names.iter().map(|name| if named(name) { 1.0 } else { 0.0 }).collect()
    }
}

/// The different labels in order of appearance.
#[derive(Default)]
struct Labels {
    all: Vec<String>,
    places: HashMap<String, usize>,
}

impl Labels {
    /// The place of a label, new or known; `None` if there are too many.
    fn place(&mut self, label: &str) -> Option<usize> {
        if let Some(place) = self.places.get(label) {
            return Some(*place);
        }
        if self.all.len() == MOST_LABELS {
            return None;
        }
        self.places.insert(label.to_owned(), self.all.len());
        self.all.push(label.to_owned());
        Some(self.all.len() - 1)
    }
}

/// The label of an example's answer, with what stands before and after it.
fn take_label<'a>(answer: &'a str, offered: &[&str]) -> (&'a str, String, &'a str) {
    let json = serde_json::from_str::<Value>(answer).ok().filter(Value::is_object);
    if let Some(json) = json {
        let value = shape::label_key(&json).and_then(|key| json.get(key).cloned());
        let value = value.map(|value| value.get(0).cloned().unwrap_or(value));
        return ("", value.and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default(), "");
    }
    let within = offered.iter().filter_map(|label| Some((answer.find(*label)?, *label)));
    if let Some((at, label)) = within.max_by_key(|(_, label)| label.len()) {
        let before = answer.get(..at).unwrap_or_default();
        let after = answer.get(at + label.len()..).unwrap_or_default();
        return (before, label.to_owned(), after);
    }
    ("", answer.trim_end_matches('.').to_owned(), "")
}

#[cfg(test)]
mod tests;
