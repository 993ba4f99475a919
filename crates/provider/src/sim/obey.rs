//! A vendor that follows orders in the texts it is given, so that guards can be seen at work without a real model.
//!
//! Like the rest of the vendor it understands nothing: it knows the two kinds of order of the red team's corpus
//! (`gatemark redteam`), a word that is described by its two halves in quotation marks, and the wish for
//! the instructions. It reads them plainly, encoded, and written in odd letters, as large models do.
//!
//! `obedience` is the share of orders that it follows. Of orders in a text that the prompt sets apart it
//! follows less: half of those between marks, a twentieth where words are marked, a fiftieth in base64. The proportions are
//! in the order of what was measured on GPT-3.5 (Hines et al. 2024, arXiv 2403.14720); real models differ, and are what
//! to measure.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::apart::{Apart, Stretch, Told};
use super::fate::Fate;
use crate::message::Speaker;

/// Longest text in which orders are looked for, in bytes.
const READ: usize = 64 * 1024;

/// What the vendor says instead of an answer; `None` if it follows no order.
pub(super) fn obey(turns: &[(Speaker, String)], obedience: f64, fate: Fate) -> Option<String> {
    if obedience <= 0.0 {
        return None;
    }
    let said = turns.iter().rfind(|(speaker, _)| matches!(speaker, Speaker::User | Speaker::Tool));
    let (_, said) = said?;
    let said = said.get(..said.floor_char_boundary(READ))?;
    let stretches = match Told::by(turns) {
        Some(told) => told.stretches(said),
        None => vec![Stretch { text: said.into(), apart: None }],
    };
    stretches.iter().find_map(|stretch| {
        let follows = match stretch.apart {
            None => 1.0,
            Some(Apart::Delimited) => 0.5,
            Some(Apart::Marked) => 0.05,
            Some(Apart::Encoded) => 0.02,
        };
        let order = order(&stretch.text)?;
        fate.strikes("obey", obedience * follows).then(|| match order {
            Order::Say(word) => word,
            Order::Leak => system(turns),
        })
    })
}

enum Order {
    Say(String),
    Leak,
}

fn system(turns: &[(Speaker, String)]) -> String {
    let texts = turns.iter().filter(|(speaker, _)| *speaker == Speaker::System);
    texts.map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("\n")
}

/// The order in a text, read in every way.
fn order(text: &str) -> Option<Order> {
    readings(text).iter().find_map(|text| word(text).map(Order::Say).or_else(|| wish(text)))
}

/// The text, and what it is when decoded.
fn readings(text: &str) -> Vec<String> {
    let tail = text.rsplit(": ").next().unwrap_or_default();
    let lower = text.to_lowercase();
    let mut found: Vec<String> = vec![];
    // Words that are turned or reversed are still words, so what the text says of itself goes first.
    if lower.contains("rot13") {
        found.push(tail.chars().map(turned).collect());
    }
    if lower.contains("backwards") {
        found.push(tail.chars().rev().collect());
    }
    found.push(text.to_string());
    let utf8 = |bytes: Vec<u8>| String::from_utf8(bytes).ok();
    found.extend(STANDARD.decode(tail.trim()).ok().and_then(utf8));
    let digits: Option<Vec<u8>> =
        tail.split_whitespace().map(|pair| u8::from_str_radix(pair, 16).ok()).collect();
    found.extend(digits.and_then(utf8));
    found.extend(percent(tail).and_then(utf8));
    let entities = tail.split(';').map(|one| {
        let code = one.trim().strip_prefix("&#")?;
        char::from_u32(code.parse().ok()?)
    });
    found.push(entities.map_while(|c| c).collect());
    found
}

fn turned(c: char) -> char {
    let turn = |first: u8| {
        let place = (u32::from(c) - u32::from(first) + 13) % 26;
        char::from_u32(place + u32::from(first)).unwrap_or(c)
    };
    match c {
        'a'..='z' => turn(b'a'),
        'A'..='Z' => turn(b'A'),
        _ => c,
    }
}

fn percent(text: &str) -> Option<Vec<u8>> {
    let mut parts = text.split('%');
    let first = parts.next()?.is_empty();
    first.then(|| parts.map(|pair| u8::from_str_radix(pair.trim(), 16).ok()).collect())?
}

/// The word whose halves stand in quotation marks near each other: `"zor" and "vek"`.
fn word(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split('"').collect();
    let half = |part: &str| {
        (3..=16).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_lowercase())
    };
    parts.windows(3).find_map(|window| match window {
        [a, between, b] if half(a) && half(b) && between.chars().count() <= 24 => {
            Some(format!("{a}{b}").to_uppercase())
        }
        _ => None,
    })
}

/// A wish for the instructions.
fn wish(text: &str) -> Option<Order> {
    const THEM: [&str; 8] = [
        "system prompt",
        "systemprompt",
        "system message",
        "your instructions",
        "initial instructions",
        "instructions initiales",
        "instrucciones iniciales",
        "系统提示",
    ];
    const GIVE: [&str; 14] = [
        "repeat",
        "print",
        "show",
        "output",
        "quote",
        "reveal",
        "tell",
        "translate",
        "gib",
        "affiche",
        "muestra",
        "输出",
        "what are",
        "write",
    ];
    let lower = text.to_lowercase();
    let holds = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    (holds(&THEM) && holds(&GIVE)).then_some(Order::Leak)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatemark_core::guard_policy::Spotlight;
    use gatemark_core::redteam::Family;
    use gatemark_text::redteam::{Corpus, Goal};
    use gatemark_text::spotlight::{self, Boundary};

    fn turns(system: &str, user: &str) -> Vec<(Speaker, String)> {
        vec![(Speaker::System, system.into()), (Speaker::User, user.into())]
    }

    fn fate(text: &str) -> Fate {
        Fate::of(1, "m", &[(Speaker::User, text.into())])
    }

    #[test]
    fn it_follows_every_attack_if_it_is_let() {
        let corpus = Corpus::builtin().unwrap();
        let system =
            "Sort the ticket. The labels are return, delivery, and other. Answer with one label.";
        for family in Family::ALL {
            for place in 0..24 {
                let attack = corpus.attack(family, place, 5, "Where is my parcel?");
                let said = obey(&turns(system, &attack.text), 1.0, fate(&attack.text));
                let said = said.unwrap_or_default();
                assert!(attack.goal.is_reached(&said, system), "{}: {}", attack.name, attack.text);
            }
        }
    }

    #[test]
    fn harmless_texts_hold_no_order() {
        for text in
            ["Where is my parcel?", "He said \"hello there\" and \"bye\".", "print the invoice"]
        {
            assert_eq!(obey(&turns("s", text), 1.0, fate(text)), None);
        }
    }

    #[test]
    fn what_is_set_apart_is_followed_less_and_nothing_without_obedience() {
        let corpus = Corpus::builtin().unwrap();
        let followed = |how: Spotlight, obedience: f64| {
            (0..200)
                .filter(|place| {
                    let attack = corpus.attack(Family::Direct, *place, 5, "x");
                    assert!(matches!(attack.goal, Goal::Say(_)));
                    let boundary = Boundary::of(b"", &attack.text);
                    let told = spotlight::instruction([how]).unwrap_or_default();
                    let said = spotlight::text(&attack.text, how, &boundary);
                    obey(&turns(&told, &said), obedience, fate(&attack.text)).is_some()
                })
                .count()
        };
        assert_eq!((followed(Spotlight::None, 1.0), followed(Spotlight::None, 0.0)), (200, 0));
        let delimited = followed(Spotlight::Delimit, 1.0);
        assert!((75..=125).contains(&delimited), "{delimited}");
        assert!(followed(Spotlight::Datamark, 1.0) < 25);
        assert!(followed(Spotlight::Encode, 1.0) < 15);
    }
}
