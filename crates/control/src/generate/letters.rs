//! Capitals: all, none, or some.

use super::dice::Dice;

/// The first round shouts, the second whispers, later ones mix.
pub(super) fn recased(text: &str, round: usize, dice: &mut Dice) -> String {
    match round {
        1 => text.to_uppercase(),
        2 => text.to_lowercase(),
        _ => text
            .chars()
            .flat_map(|c| {
                let (upper, lower) = if dice.one_in(2) {
                    (Some(c.to_uppercase()), None)
                } else {
                    (None, Some(c.to_lowercase()))
                };
                upper.into_iter().flatten().chain(lower.into_iter().flatten())
            })
            .collect(),
    }
}
