//! NLTK's variant of Porter's stemmer, which rouge-score uses.
//!
//! Porter (1980) with his later amendments and NLTK's own: a list of irregular words, `ie` kept in short
//! words (`dies` → `die`), `y` → `i` only after a consonant that is not the first letter, `alli` tried
//! again after it was cut, `fulli` and a longer `logi`. Snowball's "Porter" and "English" stemmers give
//! other stems for some words, and thereby other scores.
//!
//! Words are ASCII: lower-case letters and digits; digits count as consonants.

/// Replaces a lower-case word by its stem.
pub fn stem(word: &mut Vec<u8>) {
    if let Some((_, stem)) = IRREGULAR.iter().find(|(form, _)| form.as_bytes() == &word[..]) {
        replace(word, 0, stem);
        return;
    }
    if word.len() <= 2 {
        return;
    }
    plural(word);
    past(word);
    final_y(word);
    double_suffix(word);
    apply(word, STEP_3, |stem, _| measure(stem) > 0);
    apply(word, STEP_4, |stem, suffix| {
        measure(stem) > 1 && (suffix != "ion" || matches!(stem.last(), Some(b's' | b't')))
    });
    final_e(word);
    if word.ends_with(b"ll") && measure(&word[..word.len() - 1]) > 1 {
        word.pop();
    }
}

const IRREGULAR: &[(&str, &str)] = &[
    ("sky", "sky"),
    ("skies", "sky"),
    ("dying", "die"),
    ("lying", "lie"),
    ("tying", "tie"),
    ("news", "news"),
    ("innings", "inning"),
    ("inning", "inning"),
    ("outings", "outing"),
    ("outing", "outing"),
    ("cannings", "canning"),
    ("canning", "canning"),
    ("howe", "howe"),
    ("proceed", "proceed"),
    ("exceed", "exceed"),
    ("succeed", "succeed"),
];

type Rules = &'static [(&'static str, &'static str)];

const STEP_2: Rules = &[
    ("ational", "ate"),
    ("tional", "tion"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("izer", "ize"),
    ("bli", "ble"),
    ("alli", "al"),
    ("entli", "ent"),
    ("eli", "e"),
    ("ousli", "ous"),
    ("ization", "ize"),
    ("ation", "ate"),
    ("ator", "ate"),
    ("alism", "al"),
    ("iveness", "ive"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("aliti", "al"),
    ("iviti", "ive"),
    ("biliti", "ble"),
    ("fulli", "ful"),
];

const STEP_3: Rules = &[
    ("icate", "ic"),
    ("ative", ""),
    ("alize", "al"),
    ("iciti", "ic"),
    ("ical", "ic"),
    ("ful", ""),
    ("ness", ""),
];

const STEP_4: Rules = &[
    ("al", ""),
    ("ance", ""),
    ("ence", ""),
    ("er", ""),
    ("ic", ""),
    ("able", ""),
    ("ible", ""),
    ("ant", ""),
    ("ement", ""),
    ("ment", ""),
    ("ent", ""),
    ("ion", ""),
    ("ou", ""),
    ("ism", ""),
    ("ate", ""),
    ("iti", ""),
    ("ous", ""),
    ("ive", ""),
    ("ize", ""),
];

/// Keeps the first `length` bytes and appends `end`.
fn replace(word: &mut Vec<u8>, length: usize, end: &str) {
    word.truncate(length);
    word.extend_from_slice(end.as_bytes());
}

/// Applies the first rule whose suffix the word has, if `allowed` says so of the rest; no other is tried.
fn apply(word: &mut Vec<u8>, rules: Rules, allowed: impl Fn(&[u8], &str) -> bool) {
    let Some(last) = word.last().copied() else { return };
    let ends = |(suffix, _): &&(&str, &str)| {
        suffix.as_bytes().last() == Some(&last) && word.ends_with(suffix.as_bytes())
    };
    let Some((suffix, end)) = rules.iter().find(ends) else { return };
    let length = word.len() - suffix.len();
    if allowed(&word[..length], suffix) {
        replace(word, length, end);
    }
}

fn is_vowel(letter: u8) -> bool {
    matches!(letter, b'a' | b'e' | b'i' | b'o' | b'u')
}

/// Whether each letter is a consonant; `y` is one unless a consonant stands before it.
fn consonants(word: &[u8]) -> impl Iterator<Item = bool> {
    word.iter().scan(false, |before, letter| {
        *before = if *letter == b'y' { !*before } else { !is_vowel(*letter) };
        Some(*before)
    })
}

/// Whether the letter at `at` is a consonant.
fn is_consonant(word: &[u8], at: usize) -> bool {
    let head = word.get(..=at).unwrap_or(word);
    let run = head.iter().rev().take_while(|letter| **letter == b'y').count();
    // What a run of `y` stands on: the letter before it, or nothing, which is as a vowel.
    let before = head.len().checked_sub(run + 1).is_some_and(|index| !is_vowel(head[index]));
    before != (run % 2 == 1)
}

/// How often a vowel is followed by a consonant: Porter's m.
fn measure(stem: &[u8]) -> usize {
    let mut count = 0;
    let mut before = true;
    for consonant in consonants(stem) {
        count += usize::from(consonant && !before);
        before = consonant;
    }
    count
}

fn has_vowel(stem: &[u8]) -> bool {
    consonants(stem).any(|consonant| !consonant)
}

/// Consonant, vowel, consonant at the end, the last not w, x or y; NLTK adds two-letter words.
fn ends_short(word: &[u8]) -> bool {
    let length = word.len();
    match length {
        0 | 1 => false,
        2 => !is_consonant(word, 0) && is_consonant(word, 1),
        _ => {
            is_consonant(word, length - 3)
                && !is_consonant(word, length - 2)
                && is_consonant(word, length - 1)
                && !matches!(word.last(), Some(b'w' | b'x' | b'y'))
        }
    }
}

/// Step 1a.
fn plural(word: &mut Vec<u8>) {
    if word.ends_with(b"ies") {
        let cut = if word.len() == 4 { 1 } else { 2 };
        word.truncate(word.len() - cut);
    } else if word.ends_with(b"sses") {
        word.truncate(word.len() - 2);
    } else if word.ends_with(b"s") && !word.ends_with(b"ss") {
        word.pop();
    }
}

/// Step 1b.
fn past(word: &mut Vec<u8>) {
    let length = word.len();
    if word.ends_with(b"ied") {
        word.truncate(length - if length == 4 { 1 } else { 2 });
        return;
    }
    if word.ends_with(b"eed") {
        if measure(&word[..length - 3]) > 0 {
            word.pop();
        }
        return;
    }
    let cut = match &word[..] {
        [stem @ .., b'e', b'd'] if has_vowel(stem) => 2,
        [stem @ .., b'i', b'n', b'g'] if has_vowel(stem) => 3,
        _ => return,
    };
    word.truncate(length - cut);
    match word[..] {
        [.., b'a', b't'] | [.., b'b', b'l'] | [.., b'i', b'z'] => word.push(b'e'),
        [.., a, b]
            if a == b && !matches!(b, b'l' | b's' | b'z') && is_consonant(word, word.len() - 1) =>
        {
            word.pop();
        }
        _ if measure(word) == 1 && ends_short(word) => word.push(b'e'),
        _ => {}
    }
}

/// Step 1c.
fn final_y(word: &mut [u8]) {
    if let [stem @ .., last @ b'y'] = word
        && stem.len() > 1
        && is_consonant(stem, stem.len() - 1)
    {
        *last = b'i';
    }
}

/// Step 2.
fn double_suffix(word: &mut Vec<u8>) {
    while word.ends_with(b"alli") && measure(&word[..word.len() - 4]) > 0 {
        word.truncate(word.len() - 2);
    }
    // The l counts with the stem, so that `geologi` is treated as `archaeologi` is.
    if word.ends_with(b"logi") {
        if measure(&word[..word.len() - 3]) > 0 {
            word.pop();
        }
        return;
    }
    apply(word, STEP_2, |stem, _| measure(stem) > 0);
}

/// Step 5a.
fn final_e(word: &mut Vec<u8>) {
    let [stem @ .., b'e'] = &word[..] else { return };
    let measure = measure(stem);
    if measure > 1 || (measure == 1 && !ends_short(stem)) {
        word.pop();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    fn stem(word: &str) -> String {
        let mut word = word.as_bytes().to_vec();
        super::stem(&mut word);
        String::from_utf8(word).unwrap()
    }

    /// What the paper and NLTK's comments give; thousands more are compared in `tests/it/scores.rs`.
    #[test]
    fn known_stems() {
        for (word, wanted) in [
            ("caresses", "caress"),
            ("ponies", "poni"),
            ("dies", "die"),
            ("agreed", "agre"),
            ("hopping", "hop"),
            ("falling", "fall"),
            ("filing", "file"),
            ("happy", "happi"),
            ("enjoy", "enjoy"),
            ("skies", "sky"),
            ("relational", "relat"),
            ("geology", "geolog"),
            ("controll", "control"),
            ("yyyy", "yyyi"),
            ("a1s", "a1"),
        ] {
            assert_eq!(stem(word), wanted, "{word}");
        }
    }

    proptest! {
        #[test]
        fn any_word_has_a_stem(word in "[a-eilstyz0-9]{0,12}(ing|ed|ness|alli|logi|ful|ion)?") {
            prop_assert!(stem(&word).len() <= word.len() + 1);
        }
    }
}
