use gatemark_core::context::Truncate;
use proptest::prelude::*;
use unicode_segmentation::UnicodeSegmentation as _;

use super::*;
use crate::tokens::Encoding;

const HOW: [Truncate; 4] = [Truncate::Head, Truncate::Tail, Truncate::Middle, Truncate::Sentence];
const ENGLISH: &str = "The lid is cracked. I want my money back! Is that possible? Thank you.";

fn o200k(text: &str, limit: usize, how: Truncate) -> String {
    cut(text, limit, how, Encoding::O200k)
}

#[test]
fn each_policy_keeps_what_it_says() {
    assert_eq!(o200k(ENGLISH, 7, Truncate::Head), "The lid is cracked. I want");
    assert_eq!(o200k(ENGLISH, 4, Truncate::Tail), "? Thank you.");
    assert_eq!(o200k(ENGLISH, 14, Truncate::Sentence), "The lid is cracked. I want my money back!");
    let middle = o200k(ENGLISH, 12, Truncate::Middle);
    assert!(middle.starts_with("The lid") && middle.ends_with("you."), "{middle:?}");
    assert!(middle.contains(GAP), "{middle:?}");
    assert_eq!(o200k(ENGLISH, 3, Truncate::Sentence), "", "half a sentence is none");
    for how in HOW {
        assert_eq!(o200k(ENGLISH, 0, how), "");
        assert_eq!(o200k(ENGLISH, 99, how), ENGLISH);
    }
}

#[test]
fn characters_as_people_see_them_stay_whole() {
    let family = "👨‍👩‍👧‍👦";
    let text = family.repeat(30);
    for limit in 0..40 {
        for how in [Truncate::Head, Truncate::Tail] {
            let kept = o200k(&text, limit, how);
            assert_eq!(kept.len() % family.len(), 0, "{limit} {how:?}");
        }
    }
}

#[test]
fn priorities_are_strict_and_equals_share() {
    let text = |priority, tokens| Part { priority, shape: Shape::Text(tokens) };
    let parts = [text(50, 100), text(20, 40), text(50, 10)];
    assert_eq!(plan(&parts, 0).unwrap(), [Keep::All; 3]);
    assert_eq!(plan(&parts, 30).unwrap(), [Keep::All, Keep::Tokens(10), Keep::All]);
    assert_eq!(plan(&parts, 60).unwrap(), [Keep::Tokens(80), Keep::Tokens(0), Keep::All]);
    assert_eq!(plan(&parts, 140).unwrap(), [Keep::Tokens(5), Keep::Tokens(0), Keep::Tokens(5)]);
    assert_eq!(plan(&parts, 151), None);
    let units = [Part { priority: 30, shape: Shape::Units(vec![50, 30, 20]) }];
    assert_eq!(plan(&units, 1).unwrap(), [Keep::Units(2)]);
    assert_eq!(plan(&units, 51).unwrap(), [Keep::Units(0)], "the first is the most important");
}

#[test]
fn lists_lose_whole_items_and_are_shown_from_the_edges() {
    let sizes = [10, 10, 10, 10, 10];
    assert_eq!(items(&sizes, 25, Truncate::Head), [0, 1]);
    assert_eq!(items(&sizes, 25, Truncate::Tail), [3, 4]);
    assert_eq!(items(&sizes, 35, Truncate::Middle), [0, 1, 4]);
    assert_eq!(items(&[5, 90, 5], 20, Truncate::Head), [0], "no lesser item takes the room");
    assert_eq!(edges(6), [0, 2, 4, 5, 3, 1]);
    assert_eq!(edges(5), [0, 2, 4, 3, 1]);
    assert!(edges(0).is_empty());
}

fn parts() -> impl Strategy<Value = Vec<Part>> {
    let shape = prop_oneof![
        (0usize..200).prop_map(Shape::Text),
        prop::collection::vec(0usize..60, 0..6).prop_map(Shape::Units),
    ];
    prop::collection::vec((0u8..4, shape), 0..7).prop_map(|parts| {
        parts.into_iter().map(|(priority, shape)| Part { priority, shape }).collect()
    })
}

fn kept(part: &Part, keep: Keep) -> usize {
    match (keep, &part.shape) {
        (Keep::All, _) => part.tokens(),
        (Keep::Tokens(tokens), _) => tokens,
        (Keep::Units(units), Shape::Units(sizes)) => sizes.iter().take(units).sum(),
        (Keep::Units(_), Shape::Text(_)) => unreachable!("texts have no units"),
    }
}

proptest! {
    #[test]
    fn a_plan_keeps_its_budget_and_the_priorities(parts in parts(), excess in 0usize..400) {
        let total: usize = parts.iter().map(Part::tokens).sum();
        let Some(plan) = plan(&parts, excess) else {
            prop_assert!(excess > total);
            return Ok(());
        };
        let left: usize = parts.iter().zip(&plan).map(|(part, keep)| kept(part, *keep)).sum();
        prop_assert!(left + excess <= total);
        let short = parts.iter().zip(&plan).filter(|(_, keep)| **keep != Keep::All);
        if let Some(highest) = short.map(|(part, _)| part.priority).max() {
            for (part, keep) in parts.iter().zip(&plan).filter(|(part, _)| part.priority < highest) {
                prop_assert_eq!(kept(part, *keep), 0);
            }
        }
    }

    #[test]
    fn more_room_takes_from_no_part(parts in parts(), excess in 1usize..400) {
        if let (Some(tight), Some(wide)) = (plan(&parts, excess), plan(&parts, excess - 1)) {
            for (part, (tight, wide)) in parts.iter().zip(tight.into_iter().zip(wide)) {
                prop_assert!(kept(part, tight) <= kept(part, wide));
            }
        }
    }

    #[test]
    fn a_cut_fits_is_stable_and_splits_nothing(
        text in r"(\PC|[a-z .!?\n]|👩‍🚀|é|漢字|नमस्ते){0,120}",
        limit in 0usize..40,
    ) {
        for how in HOW {
            for encoding in Encoding::ALL {
                let left = cut(&text, limit, how, encoding);
                prop_assert!(encoding.count(&left) <= limit);
                prop_assert_eq!(&cut(&left, limit, how, encoding), &left);
            }
            let left = o200k(&text, limit, how);
            let bounds: Vec<usize> = text
                .grapheme_indices(true)
                .map(|(at, _)| at)
                .chain([text.len()])
                .collect();
            match how {
                Truncate::Head | Truncate::Sentence => {
                    prop_assert!(text.starts_with(&left));
                    let end = left.len();
                    prop_assert!(bounds.contains(&end) || how == Truncate::Sentence);
                }
                Truncate::Tail => {
                    prop_assert!(text.ends_with(&left));
                    prop_assert!(bounds.contains(&(text.len() - left.len())));
                }
                Truncate::Middle => {
                    if let Some((head, tail)) = left.split_once(GAP) && left != text {
                        prop_assert!(text.starts_with(head) && text.ends_with(tail));
                    }
                }
            }
            if how == Truncate::Sentence && left != text {
                let ends: Vec<usize> = text
                    .split_sentence_bound_indices()
                    .map(|(at, sentence)| at + sentence.trim_end().len())
                    .chain([0])
                    .collect();
                prop_assert!(ends.contains(&left.len()));
            }
        }
    }
}
