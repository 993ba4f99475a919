//! Slips of the keyboard: a neighbouring key, two letters swapped, one dropped, one doubled. About one
//! slip in twelve letters, and at least one. Digits are left alone: another number is another matter.

use super::dice::Dice;

/// Rows of a QWERTY keyboard; neighbours stand beside each other or one row up or down.
const ROWS: [&str; 3] = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];
/// Letters for each slip.
const LETTERS_PER_SLIP: usize = 12;

/// `None` if there is no letter to slip on.
pub(super) fn slipped(text: &str, dice: &mut Dice) -> Option<String> {
    let mut chars: Vec<char> = text.chars().collect();
    let letters = chars.iter().filter(|c| c.is_alphabetic()).count();
    if letters == 0 {
        return None;
    }
    for _ in 0..letters.div_ceil(LETTERS_PER_SLIP) {
        slip(&mut chars, dice);
    }
    let made: String = chars.into_iter().collect();
    // The last slip may have taken back the one before.
    (made != text && !made.trim().is_empty()).then_some(made)
}

fn slip(chars: &mut Vec<char>, dice: &mut Dice) {
    let letters: Vec<usize> =
        chars.iter().enumerate().filter(|(_, c)| c.is_alphabetic()).map(|(i, _)| i).collect();
    let Some(&at) = dice.choose(&letters) else { return };
    let Some(&letter) = chars.get(at) else { return };
    let next_is_other_letter =
        chars.get(at + 1).is_some_and(|next| next.is_alphabetic() && *next != letter);
    match dice.below(4) {
        0 => {
            if let Some(near) = neighbour(letter, dice)
                && let Some(slot) = chars.get_mut(at)
            {
                *slot = near;
            } else {
                chars.insert(at, letter);
            }
        }
        1 if next_is_other_letter => chars.swap(at, at + 1),
        2 if letters.len() > 2 => drop(chars.remove(at)),
        _ => chars.insert(at, letter),
    }
}

fn neighbour(letter: char, dice: &mut Dice) -> Option<char> {
    let small = letter.to_ascii_lowercase();
    let (row, column) = ROWS
        .iter()
        .enumerate()
        .find_map(|(row, keys)| keys.chars().position(|key| key == small).map(|at| (row, at)))?;
    let mut near: Vec<char> = Vec::new();
    for (other, keys) in ROWS.iter().enumerate().filter(|(other, _)| row.abs_diff(*other) <= 1) {
        for (at, key) in keys.chars().enumerate() {
            if at.abs_diff(column) <= 1 && (other, at) != (row, column) {
                near.push(key);
            }
        }
    }
    let key = *dice.choose(&near)?;
    Some(if letter.is_uppercase() { key.to_ascii_uppercase() } else { key })
}
