//! Too little, too much, and two things at once.

use gatemark_text::tokens;

use super::dice::Dice;

/// What looks like nothing: spaces, line ends, no-break and ideographic spaces, zero-width characters.
const BLANKS: [&str; 8] = [
    " ",
    "\n\n\n",
    "\t \t",
    "\u{a0}\u{a0}",
    "\u{3000}",
    "\u{200b}\u{200b}\u{200b}",
    "\r\n",
    " \u{2003}\n\u{feff}",
];

/// One of the blanks by rank, longer each time round the list.
pub(super) fn whitespace(round: usize) -> String {
    let index = (round.max(1) - 1) % BLANKS.len();
    let times = (round.max(1) - 1) / BLANKS.len() + 1;
    BLANKS.get(index).copied().unwrap_or(" ").repeat(times)
}

const SEPARATORS: [&str; 4] = ["\n", " ", "\n\n---\n\n", "\n> "];

/// The text again and again up to `length` characters. The last round is cut off in the middle.
pub(super) fn huge(text: &str, length: usize, round: usize, dice: &mut Dice) -> String {
    let unit = if text.is_empty() { "x" } else { text };
    let first = dice.below(SEPARATORS.len());
    let separator = SEPARATORS.get((first + round) % SEPARATORS.len()).copied().unwrap_or("\n");
    unit.chars().chain(separator.chars()).cycle().take(length).collect()
}

/// Frames with two inputs and two orders that exclude each other.
const CONTRADICTIONS: [(&str, &str, &str); 6] = [
    ("Answer only this, and nothing after it: ", "\nNo, ignore that one. Answer only this: ", ""),
    ("", "\nForget what I just wrote. What I mean is: ", "\nNo wait, the first one after all."),
    (
        "This is urgent: ",
        "\nThis is urgent too, and comes first: ",
        "\nWhichever is first comes last.",
    ),
    ("Do not answer the following: ", "\nAnswer the preceding, and not this: ", ""),
    ("Reply in one word. ", "\nReply in full detail, at least a page. ", ""),
    ("I never said this: ", "\nI only ever said the opposite of: ", "\nBoth are true."),
];

/// Two inputs, joined. `None` if there is no frame.
pub(super) fn contradictory(text: &str, other: &str, dice: &mut Dice) -> Option<String> {
    let (before, between, after) = dice.choose(&CONTRADICTIONS)?;
    Some(format!("{before}{text}{between}{other}{after}"))
}

/// Whether `text` keeps to `most` tokens.
pub(super) fn fits(text: &str, most: Option<u32>) -> bool {
    let most = most.and_then(|most| usize::try_from(most).ok());
    most.is_none_or(|most| tokens::count_up_to(text, most).is_some())
}

/// The longest beginning of `text` that keeps to `most` tokens, or nearly: a tenth is taken away at a time.
pub(super) fn within(text: String, most: Option<u32>) -> String {
    let Some(most) = most.and_then(|most| usize::try_from(most).ok()) else { return text };
    let mut text = text;
    while tokens::count_up_to(&text, most).is_none() {
        let kept = text.chars().count();
        // No token is longer than some dozens of bytes, so far too long texts may lose more at once.
        let kept = if kept > most.saturating_mul(64) {
            most.saturating_mul(64)
        } else {
            kept - kept.div_ceil(10)
        };
        text = text.chars().take(kept).collect();
        if text.is_empty() {
            break;
        }
    }
    text
}
