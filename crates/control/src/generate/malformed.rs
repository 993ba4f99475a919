//! JSON and markup inside a text, broken as programs and people break it.

use super::dice::Dice;

/// Characters that hold a structure together.
const JOINTS: [char; 10] = ['{', '}', '[', ']', '"', ':', ',', '<', '>', '/'];

/// Tries to break JSON: a sign inside of a string holds nothing together.
const TRIES: usize = 8;

/// `None` for a text that is neither JSON nor markup, and for JSON that was not broken.
pub(super) fn broken(text: &str, dice: &mut Dice) -> Option<String> {
    let is_json = |text: &str| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    if !is_json(text) {
        return once(text, dice);
    }
    (0..TRIES).find_map(|_| once(text, dice).filter(|made| !is_json(made)))
}

fn once(text: &str, dice: &mut Dice) -> Option<String> {
    let body = text.trim();
    if !body.starts_with(['{', '[', '<']) {
        return None;
    }
    let chars: Vec<char> = text.chars().collect();
    let joints: Vec<usize> =
        chars.iter().enumerate().filter(|(_, c)| JOINTS.contains(c)).map(|(at, _)| at).collect();
    let at = *dice.choose(&joints)?;
    let without = |at: usize| chars.iter().take(at).chain(chars.iter().skip(at + 1)).collect();
    Some(match dice.below(5) {
        // A joint is lost.
        0 => without(at),
        // It came twice.
        1 => chars.iter().take(at + 1).chain(chars.iter().skip(at)).collect(),
        // The text was cut off.
        2 => chars.iter().take(1 + dice.below(chars.len().saturating_sub(1))).collect(),
        // Quotes of the wrong kind.
        3 if text.contains('"') => text.replace('"', "'"),
        // Something follows the end.
        _ => format!("{text}{}", if body.starts_with('<') { "</p></div>" } else { ",}]" }),
    })
}
