//! Finds the labels that a prompt offers: a bulleted list, a comma list, alternatives in a JSON skeleton.
//!
//! What a list says about a label is kept, because it is the only thing to go by where examples are missing.

use super::marks::{arrow_like, bare, bullet, side};

/// A label of the prompt's list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Offer {
    /// The label.
    pub(super) label: String,
    /// What the prompt says it means; often nothing.
    pub(super) about: String,
}

/// Words that announce a list of labels.
const CUES: [&str; 20] = [
    "one of",
    "label",
    "labels",
    "intent",
    "intents",
    "category",
    "categories",
    "class",
    "classes",
    "topic",
    "topics",
    "options",
    "choices",
    "choose from",
    "choose between",
    "pick from",
    "values",
    "tags",
    "queues",
    "departments",
];
/// Longest label and most labels that are believed.
const LONGEST: usize = 48;
const MOST: usize = 512;

/// The labels that `text` offers, in its order.
pub(super) fn find(text: &str) -> Vec<Offer> {
    let mut out: Vec<Offer> = Vec::new();
    let mut add = |offers: Vec<Offer>| {
        for offer in offers {
            if out.len() < MOST && !out.iter().any(|known| known.label == offer.label) {
                out.push(offer);
            }
        }
    };
    let mut intro = "";
    let mut run: Vec<Offer> = Vec::new();
    let mut foreign = 0;
    let (mut apart, mut open) = (false, false);
    for line in text.lines().chain(["", "#"]) {
        if let Some(offer) = item(line) {
            run.push(offer);
            (apart, open) = (false, true);
        } else if bullet(line).0.is_some() && !line.starts_with([' ', '\t']) {
            foreign += 1;
            open = false;
        } else if line.trim().is_empty() {
            apart = true;
        } else if open && !apart && line.starts_with([' ', '\t']) {
            if let Some(last) = run.last_mut() {
                last.about.push(' ');
                last.about.push_str(bullet(line).1);
            }
        } else {
            if believed(&run, foreign, intro) {
                add(std::mem::take(&mut run));
            }
            run.clear();
            (foreign, apart, open) = (0, false, false);
            intro = line;
            add(inline(line));
        }
    }
    out
}

/// `- label`, `1. label: meaning`, `` - `label` – meaning `` or `some_label: meaning`.
fn item(line: &str) -> Option<Offer> {
    let (item, rest) = bullet(line);
    if arrow_like(rest) || rest.starts_with(['{', '[', '<']) {
        return None;
    }
    let cut = [": ", " - ", " – ", " — ", " ("];
    let (head, about) = cut
        .iter()
        .filter_map(|sign| rest.split_once(sign))
        .min_by_key(|(head, _)| head.len())
        .unwrap_or((rest, ""));
    let head = head.trim_end_matches([':', ';', ',', '.']);
    let label = bare(head);
    let identifier = label.contains('_') && !label.contains(' ');
    let listed = item.is_some() || identifier && !about.is_empty();
    let marks = !label.contains(['_', ' ']) && side(label).is_some();
    if !listed || marks {
        return None;
    }
    let short = !label.is_empty() && label.len() <= LONGEST && label.split(' ').count() <= 4;
    let about = about.trim().trim_start_matches('*').trim_end_matches(')').to_owned();
    (short && !label.contains(['"', '?', '!'])).then(|| Offer { label: label.into(), about })
}

/// Whether a run of items is a list of labels and not, say, one of rules.
fn believed(run: &[Offer], foreign: usize, intro: &str) -> bool {
    let intro = intro.to_lowercase();
    let told = cue(&intro).is_some() && !intro.contains("rule");
    let plain = run.iter().all(|offer| !offer.label.contains(' '));
    let marked = run.iter().all(|offer| offer.label.contains('_'));
    run.len() > 1 && foreign * 4 <= run.len() && (told || marked || plain && intro.ends_with(':'))
}

/// Where the last announcing word of a line in lower case ends.
fn cue(line: &str) -> Option<usize> {
    let ends = |cue: &&str| {
        let at = line.rfind(cue)?;
        let end = at + cue.len();
        let whole = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(end..).and_then(|text| text.chars().next());
        (whole(before) && whole(after)).then_some(end)
    };
    CUES.iter().filter_map(ends).max()
}

/// A list within a line: `one of: a, b or c`, `Labels: a | b`, `"intent": "a|b"`.
fn inline(line: &str) -> Vec<Offer> {
    let mut out = Vec::new();
    for sentence in line.split(". ") {
        let lower = sentence.to_lowercase();
        // Lower case may be longer in bytes; then the places differ and the line is left alone.
        let Some(end) = cue(&lower).filter(|_| lower.len() == sentence.len()) else { continue };
        let one_of = lower.rfind("one of").map(|at| at + "one of".len());
        let colon = sentence.find(": ").map(|at| at + 1).filter(|at| *at >= one_of.unwrap_or(0));
        let bracket = sentence.rfind('(').map(|at| at + 1).filter(|at| *at > end);
        let rest = colon.or(bracket).or(one_of).or(Some(end)).and_then(|at| sentence.get(at..));
        let labels = list(rest.unwrap_or_default());
        if labels.len() > 1 {
            out.extend(labels);
        }
    }
    out
}

fn list(text: &str) -> Vec<Offer> {
    let text = text.split([')', '}', ']']).next().unwrap_or_default().trim().trim_end_matches('.');
    let text = text.replace(", or ", ", ").replace(", and ", ", ");
    let text = text.replace(" or ", ", ").replace(" and ", ", ");
    let few =
        |part: &&str| !part.is_empty() && part.len() <= LONGEST && part.split(' ').count() <= 3;
    let clean = |part| bare(bare(part).trim_end_matches(['.', ':', ';']));
    let parts = text.split([',', ';', '|', '/']).map(clean);
    let plain = |part: &&str| few(part) && !part.contains(['{', '"', '<', '(', ':']);
    parts.take_while(plain).map(|part| Offer { label: part.into(), about: String::new() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> Vec<String> {
        find(text).into_iter().map(|offer| offer.label).collect()
    }

    #[test]
    fn finds_lists_in_lines() {
        for text in [
            "Answer with one of: fruit, tool, pet.",
            "Classify it as one of fruit, tool or pet",
            "Labels: `fruit`, `tool`, `pet`",
            "Reply with exactly one of these labels: fruit | tool | pet",
            "You sort things. The category is one of the following: fruit, tool, and pet. Be brief.",
            "Answer as {\"label\": \"fruit|tool|pet\"}",
            "Pick one of the classes (fruit, tool, pet) for it.",
        ] {
            assert_eq!(labels(text), ["fruit", "tool", "pet"], "{text}");
        }
    }

    #[test]
    fn finds_lists_of_lines_with_meanings() {
        let offers = find(
            "Intents:\n\n- fruit: grows on trees,\n  is sweet\n- **tool**: made of steel\n- `pet` - has fur\n\nBe kind.",
        );
        let labels: Vec<_> = offers.iter().map(|offer| offer.label.as_str()).collect();
        assert_eq!(labels, ["fruit", "tool", "pet"]);
        assert_eq!(offers[0].about, "grows on trees, is sweet");
        assert_eq!(offers[2].about, "has fur");
        assert_eq!(labels_of_bare_lines(), ["ripe_fruit", "hand_tool"]);
    }

    fn labels_of_bare_lines() -> Vec<String> {
        labels("What we know:\nripe_fruit: sweet\nhand_tool: hard\n")
    }

    #[test]
    fn rules_and_prose_are_no_labels() {
        for text in [
            "Rules:\n- Be brief and never guess.\n- Answer in English, always.\n",
            "You sort the mail of a shop. Read the message, then answer.",
            "Categories matter to us.",
            "- fruit -> sweet\n- tool -> hard\n",
            "",
        ] {
            assert!(labels(text).is_empty(), "{text} {:?}", labels(text));
        }
    }
}
