//! How somebody who looks only at the suite saves money: keep, for every test case, the examples that are
//! most like it, and drop the rest.
//!
//! Nothing here knows how the model works. The rule is the one that a person in a hurry would follow, and
//! what it costs on messages that no test case resembles is for the live traffic to tell.

use std::collections::HashSet;

use super::cases::Case;
use super::data::Record;

/// The examples out of `examples` that are among the `each` most similar ones of the right label for some
/// case, in their order.
pub(super) fn nearest(examples: &[Record], cases: &[Case], each: usize) -> Vec<Record> {
    let pieces: Vec<HashSet<[char; 3]>> =
        examples.iter().map(|example| trigrams(&example.text)).collect();
    let mut kept = HashSet::new();
    for case in cases {
        let wanted = trigrams(&case.text);
        let mut close: Vec<(usize, usize)> = examples
            .iter()
            .zip(&pieces)
            .enumerate()
            .filter(|(_, (example, _))| example.label == case.label)
            .map(|(place, (_, pieces))| (likeness(&wanted, pieces), place))
            .collect();
        close.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        kept.extend(close.iter().take(each).map(|(_, place)| *place));
    }
    let keep = |(place, example): (usize, &Record)| kept.contains(&place).then(|| example.clone());
    examples.iter().enumerate().filter_map(keep).collect()
}

/// Every three neighbouring characters of a text in lower case.
fn trigrams(text: &str) -> HashSet<[char; 3]> {
    let letters: Vec<char> = text.to_lowercase().chars().collect();
    letters.windows(3).filter_map(|window| window.try_into().ok()).collect()
}

/// Jaccard's index of two sets in millionths, so that it can be ordered.
fn likeness(a: &HashSet<[char; 3]>, b: &HashSet<[char; 3]>) -> usize {
    let shared = a.intersection(b).count();
    shared * 1_000_000 / (a.len() + b.len() - shared).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(text: &str, label: &str) -> Record {
        Record { text: text.into(), label: label.into(), kind: None }
    }

    #[test]
    fn keeps_what_is_most_like_a_case_and_has_its_label() {
        let examples = [
            record("where is my parcel", "delivery"),
            record("my parcel is lost", "delivery"),
            record("where is my parcel now", "other"),
            record("refund me", "refund"),
        ];
        let case = Case {
            id: "c".into(),
            category: "happy",
            text: "where is my parcel?".into(),
            label: "delivery".into(),
        };
        assert_eq!(nearest(&examples, std::slice::from_ref(&case), 1), examples[..1]);
        assert_eq!(nearest(&examples, &[case], 2), examples[..2]);
        assert!(nearest(&examples, &[], 2).is_empty());
    }
}
