//! What one prompt has taught, and the judgement of a message by it.
//!
//! Two bodies of knowledge are heard side by side: one from the examples and one from the names and
//! descriptions of the labels. Kept apart, a rich description still counts beside a few examples.

use super::Behaviour;
use super::cache::Cache;
use super::classify::{Heard, Knowledge, Lesson};
use super::drift::{drifted, vocabulary};
use super::features::{digest, hash, head, mix, words};
use super::prompt::Prompt;
use super::shape::{self, Shape};
use super::write::{self, Finding};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// How much an order in the message lifts the label it names, in score.
const PUSH: f32 = 3.0;
/// Words about a label that make its description count as much as an example does.
const WORDS_PER_TRUST: usize = 6;
/// Longest answer that is a label; examples with longer ones are not about classifying.
const LONGEST_LABEL: usize = 80;
/// Longest example that is learnt from.
const LONGEST_LESSON: usize = 2048;
/// Least share of a message that must be known if the prompt has a marker for not enough information.
const LEAST_KNOWN: f32 = 0.02;
/// Most different labels.
const MOST_LABELS: usize = 512;

/// What one prompt has taught.
pub(super) struct Taught {
    prompt: Prompt,
    labels: Vec<String>,
    /// The labels in lower case, as a message may name them.
    names: Vec<String>,
    allowed: Vec<bool>,
    lore: Arc<Lore>,
}

/// What follows from the examples and descriptions alone, whatever else the prompt says.
pub(super) struct Lore {
    /// From the examples.
    shown: Knowledge,
    /// From the names and descriptions of the labels.
    told: Knowledge,
    /// How much the latter count: more the more the prompt says about each label.
    trust: f32,
    /// The words of both.
    vocabulary: Vec<String>,
}

impl Lore {
    fn new(labels: usize, lessons: &[Lesson], meanings: &[Lesson]) -> Self {
        let length: usize = meanings.iter().map(|lesson| lesson.words.len()).sum();
        #[allow(clippy::cast_precision_loss)]
        let trust = length as f32 / (WORDS_PER_TRUST * meanings.len().max(1)) as f32;
        Self {
            shown: Knowledge::learn(labels, lessons, meanings),
            told: Knowledge::learn(labels, meanings, lessons),
            trust: trust.clamp(0.5, 4.0),
            vocabulary: vocabulary(lessons.iter().chain(meanings)),
        }
    }

    fn size(&self) -> usize {
        self.shown.size() + self.told.size() + self.vocabulary.len() * 40
    }

    fn key(labels: usize, lessons: &[Lesson], meanings: &[Lesson]) -> u64 {
        let mut key = mix(labels as u64 ^ (lessons.len() as u64) << 32);
        for lesson in lessons.iter().chain(meanings) {
            key = mix(key ^ lesson.label as u64);
            for word in &lesson.words {
                key = digest(key, word);
            }
        }
        key
    }
}

impl Taught {
    /// Learns from a prompt, or takes what was learnt before from the same examples: a message that
    /// resembles a part of the prompt changes how the request is read, but must not cost a lesson.
    pub(super) fn new(mut prompt: Prompt, known: &Cache<Lore>) -> Self {
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
        let lore = known.get(Lore::key(labels.len(), &lessons, &meanings), || {
            let lore = Lore::new(labels.len(), &lessons, &meanings);
            let size = lore.size();
            (lore, size)
        });
        Self { prompt, labels, names, allowed, lore }
    }

    /// Bytes held, roughly; the knowledge counts although others may share it.
    pub(super) fn size(&self) -> usize {
        self.lore.size() + self.labels.len() * 160 + 1024
    }

    /// The answer to a message.
    pub(super) fn reply(&self, message: &str, behaviour: &Behaviour) -> String {
        let lower = message.to_lowercase();
        let said = if self.prompt.guarded { self.without_names(&lower) } else { words(&lower) };
        let seen = drifted(&self.lore.vocabulary, said, behaviour.drift);
        let allowed = |label: usize| self.allowed.get(label).copied().unwrap_or(false);
        let mut heard = self.lore.shown.hear(&seen);
        heard.add(&self.lore.told.hear(&seen), self.lore.trust);
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
        let mut loud = self.lore.shown.loudest(&seen, best);
        if loud.is_empty() {
            loud = self.lore.told.loudest(&seen, best);
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
