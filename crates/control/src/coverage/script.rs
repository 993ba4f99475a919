//! Scripts, by blocks of Unicode (The Unicode Standard, Blocks.txt). A script is no language: English and
//! Turkish are both Latin. It is what can be told for certain without a model.

use gatemark_core::suite::Case;
use serde_json::Value;

use super::{Counted, Gap, count, gap};

/// First and last character of the blocks that hold each script's letters.
const BLOCKS: [(&str, u32, u32); 36] = [
    ("Latin", 0x41, 0x5A),
    ("Latin", 0x61, 0x7A),
    ("Latin", 0xC0, 0x24F),
    ("Latin", 0x1E00, 0x1EFF),
    ("Latin", 0xFF21, 0xFF5A),
    ("Greek", 0x370, 0x3FF),
    ("Greek", 0x1F00, 0x1FFF),
    ("Cyrillic", 0x400, 0x52F),
    ("Armenian", 0x530, 0x58F),
    ("Hebrew", 0x590, 0x5FF),
    ("Arabic", 0x600, 0x6FF),
    ("Arabic", 0x750, 0x77F),
    ("Arabic", 0xFB50, 0xFDFF),
    ("Devanagari", 0x900, 0x97F),
    ("Bengali", 0x980, 0x9FF),
    ("Gurmukhi", 0xA00, 0xA7F),
    ("Gujarati", 0xA80, 0xAFF),
    ("Tamil", 0xB80, 0xBFF),
    ("Telugu", 0xC00, 0xC7F),
    ("Kannada", 0xC80, 0xCFF),
    ("Malayalam", 0xD00, 0xD7F),
    ("Sinhala", 0xD80, 0xDFF),
    ("Thai", 0xE00, 0xE7F),
    ("Lao", 0xE80, 0xEFF),
    ("Georgian", 0x10A0, 0x10FF),
    ("Hangul", 0x1100, 0x11FF),
    ("Ethiopic", 0x1200, 0x137F),
    ("Khmer", 0x1780, 0x17FF),
    ("Kana", 0x3040, 0x30FF),
    ("Han", 0x3400, 0x4DBF),
    ("Han", 0x4E00, 0x9FFF),
    ("Hangul", 0xAC00, 0xD7AF),
    ("Kana", 0xFF66, 0xFF9D),
    ("Han", 0x20000, 0x2FA1F),
    ("Emoji", 0x1F300, 0x1FAFF),
    ("Emoji", 0x2600, 0x27BF),
];

pub(super) fn of(cases: &[Case], gaps: &mut Vec<Gap>) -> Vec<Counted> {
    let found: Vec<Vec<&'static str>> = cases.iter().map(scripts).collect();
    let counted = count(found.iter().flatten().copied());
    let letters: Vec<&Counted> = counted.iter().filter(|script| script.name != "Emoji").collect();
    if let [only] = letters.as_slice() {
        let message = "every text is written in this script alone";
        gap(gaps, "script", &only.name, message);
    }
    counted
}

/// The scripts of a case's texts, each once.
fn scripts(case: &Case) -> Vec<&'static str> {
    let mut found = vec![];
    case.variables.values().for_each(|value| collect(value, &mut found));
    found
}

fn collect(value: &Value, found: &mut Vec<&'static str>) {
    match value {
        Value::String(text) => {
            for script in text.chars().filter_map(script) {
                if !found.contains(&script) {
                    found.push(script);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| collect(field, found)),
        _ => {}
    }
}

fn script(c: char) -> Option<&'static str> {
    let code = u32::from(c);
    let holds = |(_, first, last): &&(&str, u32, u32)| (*first..=*last).contains(&code);
    BLOCKS.iter().find(holds).map(|(name, ..)| *name)
}
