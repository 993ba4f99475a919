//! Words that carry nothing: courtesies to a machine, announcements that something will be said, and long
//! phrases for short words.
//!
//! Phrases are found as whole words, whatever their case. Where one that goes began a sentence, what
//! follows begins it. The lists are ours; entries that may change a meaning ("only", "very", "always") are
//! not on them.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::Edit;
use super::guard::Piece;

/// Phrase and what stands for it. Longer phrases come before those that they contain.
const PHRASES: [(&str, &str); 86] = [
    // English
    ("it is important to note that", ""),
    ("it is important to remember that", ""),
    ("it should be noted that", ""),
    ("it is worth noting that", ""),
    ("it is worth mentioning that", ""),
    ("please note that", ""),
    ("please keep in mind that", ""),
    ("please remember that", ""),
    ("please be aware that", ""),
    ("please be sure to", ""),
    ("please make sure to", ""),
    ("please ensure that you", ""),
    ("keep in mind that", ""),
    ("note that", ""),
    ("as you know,", ""),
    ("as you can see,", ""),
    ("needless to say,", ""),
    ("i would like you to", ""),
    ("i would like to ask you to", ""),
    ("i want you to", ""),
    ("i need you to", ""),
    ("your task is to", ""),
    ("your job is to", ""),
    ("you are asked to", ""),
    ("we would like you to", ""),
    ("could you please", ""),
    ("would you please", ""),
    ("would you kindly", ""),
    ("if you don't mind,", ""),
    ("make sure to", ""),
    ("be sure to", ""),
    ("feel free to", ""),
    ("thank you in advance", ""),
    ("thank you very much", ""),
    ("thanks in advance", ""),
    ("please", ""),
    ("kindly", ""),
    ("basically,", ""),
    ("essentially,", ""),
    ("in order to", "to"),
    ("so as to", "to"),
    ("due to the fact that", "because"),
    ("owing to the fact that", "because"),
    ("in spite of the fact that", "although"),
    ("despite the fact that", "although"),
    ("in the event that", "if"),
    ("under the condition that", "if"),
    ("on the condition that", "if"),
    ("for the purpose of", "for"),
    ("with regard to", "about"),
    ("with regards to", "about"),
    ("with respect to", "about"),
    ("in regard to", "about"),
    ("in relation to", "about"),
    ("at this point in time", "now"),
    ("at the present time", "now"),
    ("prior to", "before"),
    ("subsequent to", "after"),
    ("a large number of", "many"),
    ("the majority of", "most"),
    ("has the ability to", "can"),
    ("have the ability to", "can"),
    ("is able to", "can"),
    ("are able to", "can"),
    ("each and every", "every"),
    ("first and foremost,", "first,"),
    ("in a manner that is", "in a way that is"),
    // German
    ("es ist wichtig zu beachten, dass", ""),
    ("bitte beachten sie, dass", ""),
    ("bitte beachte, dass", ""),
    ("aufgrund der tatsache, dass", "weil"),
    ("zum jetzigen zeitpunkt", "jetzt"),
    ("vielen dank im voraus", ""),
    ("bitte", ""),
    // French
    ("il est important de noter que", ""),
    ("veuillez noter que", ""),
    ("en raison du fait que", "parce que"),
    ("s'il vous plaît", ""),
    ("s'il te plaît", ""),
    ("merci d'avance", ""),
    // Spanish
    ("es importante tener en cuenta que", ""),
    ("ten en cuenta que", ""),
    ("debido al hecho de que", "porque"),
    ("con el fin de", "para"),
    ("gracias de antemano", ""),
    ("por favor", ""),
];

/// Before: what the phrase began after. After: a comma or mark that goes with it, and spaces.
static FILLER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let phrases: Vec<String> = PHRASES.iter().map(|(phrase, _)| pattern(phrase)).collect();
    let any = phrases.join("|");
    Regex::new(&format!(r"(?i)(?P<lead>,[ ]+|[ ]+|\b|^)(?P<phrase>{any})(?P<tail>[ ]*[,!.]?)")).ok()
});

/// Any space of the phrase may be several, or a line's end.
fn pattern(phrase: &str) -> String {
    let words: Vec<String> = phrase.split(' ').map(regex::escape).collect();
    let end = if phrase.ends_with(|c: char| c.is_alphanumeric()) { r"\b" } else { "" };
    format!(r"\b{}{end}", words.join(r"\s+"))
}

fn replacement(phrase: &str) -> &'static str {
    let plain = phrase.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    PHRASES.iter().find(|(known, _)| *known == plain).map_or("", |(_, instead)| instead)
}

pub(super) fn apply(pieces: &[Piece<'_>], edits: &mut Vec<Edit>) -> String {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Fixed(fixed) => text.push_str(fixed),
            Piece::Free(free) => {
                let begins = begins_sentence(&text);
                text.push_str(&shorter(free, begins, edits));
            }
        }
    }
    text
}

/// Whether what follows `text` begins a sentence.
fn begins_sentence(text: &str) -> bool {
    let marks = |c: char| matches!(c, '-' | '*' | '#' | '>' | ' ' | '\t');
    let line = text.rsplit('\n').next().unwrap_or_default();
    line.trim_end_matches(marks).is_empty() || text.trim_end().ends_with(['.', '!', '?', ':'])
}

fn shorter(free: &str, opens: bool, edits: &mut Vec<Edit>) -> String {
    let Some(filler) = FILLER.as_ref() else { return free.to_string() };
    let mut text = String::with_capacity(free.len());
    let mut end = 0;
    let mut capital = false;
    for found in filler.captures_iter(free) {
        let (start, stop) = found.get(0).map_or((end, end), |all| (all.start(), all.end()));
        append(&mut text, free.get(end..start).unwrap_or_default(), &mut capital);
        let is_first = text.trim().is_empty() && !text.contains('\n');
        let sentence = if is_first { opens } else { begins_sentence(&text) };
        capital |= replace(&found, sentence, &mut text, edits);
        end = stop;
    }
    append(&mut text, free.get(end..).unwrap_or_default(), &mut capital);
    text
}

/// Writes what stands for the phrase; returns whether what follows begins a sentence now.
fn replace(found: &Captures<'_>, sentence: bool, text: &mut String, edits: &mut Vec<Edit>) -> bool {
    let part = |name| found.name(name).map_or("", |part| part.as_str());
    let (lead, phrase, tail) = (part("lead"), part("phrase"), part("tail"));
    let instead = replacement(phrase);
    let mark = tail.trim();
    edits.push(Edit { rule: "filler", before: phrase.to_string(), after: instead.to_string() });
    if !instead.is_empty() {
        text.push_str(lead);
        let mut letters = instead.chars();
        match letters.next() {
            Some(first) if sentence => {
                text.extend(first.to_uppercase());
                text.push_str(letters.as_str());
            }
            _ => text.push_str(instead),
        }
        text.push_str(tail);
        return false;
    }
    if sentence {
        // A sentence of nothing but filler loses its mark with it.
        text.push_str(lead.trim_start_matches(','));
        return true;
    }
    // A mark that ended the sentence ends it still; a comma before goes with the phrase.
    if mark == "." || mark == "!" {
        text.push_str(mark);
    } else if mark == "," && !lead.starts_with(',') {
        text.push(',');
    }
    false
}

fn append(text: &mut String, free: &str, capital: &mut bool) {
    if !*capital {
        text.push_str(free);
        return;
    }
    // One space went with the phrase.
    let free = free.strip_prefix(' ').unwrap_or(free);
    let mut letters = free.chars();
    if let Some(first) = letters.next() {
        text.extend(first.to_uppercase());
        text.push_str(letters.as_str());
        *capital = false;
    }
}
