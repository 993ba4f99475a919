//! Writing gone wrong, on purpose or not: the same for attacks and for harmless texts, so that bad spelling
//! is evidence of nothing.

use crate::learn::Random;

/// One of the ways, drawn at random.
pub(crate) fn noisy(text: &str, random: &mut Random) -> String {
    match random.below(8) {
        0 => typos(text, random),
        1 => middles(text, random),
        2 => text.chars().map(|c| leet(c, random)).collect(),
        3 => hyphens(text, random),
        4 => text.split(' ').collect::<Vec<_>>().join("  "),
        5 => text.chars().filter(|c| !c.is_ascii_punctuation()).collect(),
        6 => half(text, random),
        _ => doubled(text, random),
    }
}

fn typos(text: &str, random: &mut Random) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    for at in 1..letters.len() {
        if letters[at].is_alphabetic() && letters[at - 1].is_alphabetic() && random.chance(0.06) {
            match random.below(3) {
                0 => letters.swap(at - 1, at),
                1 => letters[at] = letters[at - 1],
                _ => letters[at] = char::from(b"aeiorstn"[random.below(8)]),
            }
        }
    }
    letters.into_iter().collect()
}

/// Words with their first and last letters in place and the others in any order.
fn middles(text: &str, random: &mut Random) -> String {
    let words = text.split(' ').map(|word| {
        let mut letters: Vec<char> = word.chars().collect();
        let last = letters.len().saturating_sub(1);
        if letters.len() > 3 && letters.iter().all(|c| c.is_alphabetic()) {
            random.shuffle(&mut letters[1..last]);
        }
        letters.into_iter().collect::<String>()
    });
    words.collect::<Vec<_>>().join(" ")
}

fn leet(c: char, random: &mut Random) -> char {
    if random.chance(0.3) {
        return c;
    }
    match c {
        'a' => '4',
        'e' => '3',
        'i' => '1',
        'o' => '0',
        's' => '5',
        't' => '7',
        _ => c,
    }
}

fn hyphens(text: &str, random: &mut Random) -> String {
    let mut found = String::new();
    for word in text.split(' ') {
        let letters: Vec<char> = word.chars().collect();
        let cut = letters.len() / 2;
        for (at, c) in letters.iter().enumerate() {
            if at == cut && letters.len() > 4 && random.chance(0.7) {
                found.push('-');
            }
            found.push(*c);
        }
        found.push(' ');
    }
    found.trim_end().to_string()
}

/// A part of the text: what comes with it may come without it.
fn half(text: &str, random: &mut Random) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let from = random.below(words.len() / 3 + 1);
    let to = words.len() - random.below(words.len() / 4 + 1);
    words.get(from..to.max(from + 1)).unwrap_or_default().join(" ")
}

fn doubled(text: &str, random: &mut Random) -> String {
    let mut found = String::new();
    for c in text.chars() {
        found.push(c);
        if c.is_alphabetic() && random.chance(0.05) {
            found.push(c);
        }
    }
    found
}
