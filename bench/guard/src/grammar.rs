//! Texts of our own: a grammar of what attackers and ordinary people write.
//!
//! A file has lines `name: one way | another way`; lines of the same name add up, `{name}` stands for one of
//! its ways, `{name?}` for one of them or nothing, `\n` for a line break. Names that begin with `attack.` or
//! `harmless.` are whole texts. Each text is drawn from the seed and the number of the text alone.

use std::collections::BTreeMap;

use crate::Result;
use crate::learn::Random;
use crate::rows::Row;

/// The grammars, each with the language that it is in. The first holds what all may use.
const FILES: [(&str, &str); 4] = [
    ("shared", include_str!("grammar/shared.txt")),
    ("en", include_str!("grammar/english.txt")),
    ("ml", include_str!("grammar/languages.txt")),
    ("prose", include_str!("grammar/prose.txt")),
];

/// A text does not get deeper than this, whatever the grammar says.
const DEEPEST: usize = 12;

type Ways = BTreeMap<String, Vec<String>>;

/// `count` texts for each root of each grammar.
pub(crate) fn texts(count: usize, seed: u64) -> Result<Vec<Row>> {
    let shared = parse(FILES[0].1)?;
    let mut rows = vec![];
    for (file, source) in &FILES[1..] {
        for (language, text) in sections(file, source) {
            let own = parse(&text)?;
            let mut ways = shared.clone();
            ways.extend(own.clone());
            check(&ways).map_err(|problem| format!("grammar {language}: {problem}"))?;
            // What belongs to no language is told once.
            let roots = if language == "en" { &ways } else { &own };
            grow(&ways, roots, &language, count, seed, &mut rows);
        }
    }
    rows.sort_by(|a, b| (a.label, &a.text).cmp(&(b.label, &b.text)));
    rows.dedup_by(|a, b| a.text == b.text);
    Ok(rows)
}

/// A file of several languages is cut at its lines `== name`.
fn sections(file: &str, source: &str) -> Vec<(String, String)> {
    let mut found = vec![(file.to_string(), String::new())];
    for line in source.lines() {
        if let Some(name) = line.strip_prefix("== ") {
            found.push((name.trim().to_string(), String::new()));
        } else if let Some((_, text)) = found.last_mut() {
            text.push_str(line);
            text.push('\n');
        }
    }
    found.retain(|(_, text)| text.lines().any(|line| !line.is_empty() && !line.starts_with('#')));
    found
}

fn parse(source: &str) -> Result<Ways> {
    let mut ways = Ways::new();
    for line in source.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        let (name, right) =
            line.split_once(": ").ok_or_else(|| format!("no `name: ways` in {line:?}"))?;
        let ways = ways.entry(name.trim().to_string()).or_default();
        ways.extend(
            right
                .split(" | ")
                .map(|way| way.trim_matches(' ').replace("\\n", "\n").replace('¦', "|")),
        );
    }
    Ok(ways)
}

/// All names that are used exist.
fn check(ways: &Ways) -> Result<(), String> {
    for way in ways.values().flatten() {
        for part in way.split('{').skip(1) {
            if let Some((name, _, _)) = reference(part)
                && !ways.contains_key(name)
            {
                return Err(format!("{{{name}}} is used in {way:?} and written nowhere"));
            }
        }
    }
    Ok(())
}

/// The name behind a brace, whether it is optional, and what follows; `None` for a brace of code.
fn reference(rest: &str) -> Option<(&str, bool, &str)> {
    let (name, after) = rest.split_once('}')?;
    let (name, optional) = match name.strip_suffix('?') {
        Some(name) => (name, true),
        None => (name, false),
    };
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(plain))
        .then_some((name, optional, after))
}

fn grow(ways: &Ways, roots: &Ways, language: &str, count: usize, seed: u64, rows: &mut Vec<Row>) {
    for (root, alternatives) in roots {
        let (label, family) = match root.split_once('.') {
            Some(("attack", family)) => (1, family),
            Some(("harmless", family)) => (0, family),
            _ => continue,
        };
        // The other languages have fewer ways to say less, and one kind of harmless text for all.
        let count = match (language, label) {
            ("en", _) => count,
            (_, 1) => count / 6,
            _ => count / 2,
        };
        for number in 0..count {
            let mut random =
                Random::new(seed ^ hash(language) ^ hash(root).rotate_left(9) ^ number as u64);
            let at = random.below(alternatives.len());
            let text = expand(ways, &alternatives[at], &mut random, 0);
            rows.push(Row {
                id: format!("own-{language}-{root}-{number}"),
                text: text.trim().to_string(),
                label,
                source: format!("own_{}", if language == "en" { "en" } else { "ml" }),
                category: family.to_string(),
                tier: None,
            });
        }
    }
}

fn expand(ways: &Ways, way: &str, random: &mut Random, depth: usize) -> String {
    let mut text = String::new();
    let mut rest = way;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let Some((name, optional, after)) = reference(after) else {
            text.push('{');
            rest = after;
            continue;
        };
        let left_out = (optional && random.chance(0.5)) || depth > DEEPEST;
        if let Some(alternatives) = ways.get(name).filter(|_| !left_out) {
            let at = random.below(alternatives.len());
            text.push_str(&expand(ways, &alternatives[at], random, depth + 1));
        }
        rest = after;
    }
    text.push_str(rest);
    text.replace("  ", " ")
}

pub(crate) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammars_are_whole_and_give_the_same_texts_again() {
        let rows = texts(20, 1).unwrap();
        assert!(rows.len() > 1000, "{}", rows.len());
        let again: Vec<String> = texts(20, 1).unwrap().into_iter().map(|row| row.text).collect();
        assert_eq!(again, rows.iter().map(|row| row.text.clone()).collect::<Vec<_>>());
        for label in [0, 1] {
            assert!(rows.iter().filter(|row| row.label == label).count() * 3 > rows.len());
        }
    }
}
