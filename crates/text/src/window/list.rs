//! What is left of a list, and in which order it is shown.

use gatemark_core::context::Truncate;

/// The places of the items of `sizes` tokens that are kept in `limit` tokens, in their order. Items are
/// kept or left out as wholes; the first that does not fit ends the choice, so that no less important one
/// takes its room.
pub fn items(sizes: &[usize], limit: usize, how: Truncate) -> Vec<usize> {
    let count = sizes.len();
    let order: Vec<usize> = match how {
        Truncate::Head | Truncate::Sentence => (0..count).collect(),
        Truncate::Tail => (0..count).rev().collect(),
        Truncate::Middle => {
            // First, last, second, second but last …
            let (front, back) = (0..count.div_ceil(2), (count.div_ceil(2)..count).rev());
            let mut back = back;
            front.flat_map(|first| [Some(first), back.next()]).flatten().collect()
        }
    };
    let mut left = limit;
    let mut kept: Vec<usize> = vec![];
    for index in order {
        let size = sizes.get(index).copied().unwrap_or_default();
        let Some(rest) = left.checked_sub(size) else { break };
        left = rest;
        kept.push(index);
    }
    kept.sort_unstable();
    kept
}

/// The order in which `count` items, given with the most important first, are shown so that importance
/// falls towards the middle: 1st, 3rd, 5th … 6th, 4th, 2nd.
pub fn edges(count: usize) -> Vec<usize> {
    let back = (0..count).skip(1).step_by(2).rev();
    (0..count).step_by(2).chain(back).collect()
}
