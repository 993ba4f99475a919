//! Which part loses how much.

use std::cmp::Reverse;

/// A part of a request that may lose something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Higher is more important.
    pub priority: u8,
    /// What it is made of.
    pub shape: Shape,
}

/// What a part is made of, in tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// A text of so many, which can be cut anywhere.
    Text(usize),
    /// Units that are kept or left out as wholes, the most important first.
    Units(Vec<usize>),
}

/// What is kept of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Everything.
    All,
    /// No more than so many tokens.
    Tokens(usize),
    /// The first so many units.
    Units(usize),
}

impl Part {
    /// All its tokens.
    pub fn tokens(&self) -> usize {
        match &self.shape {
            Shape::Text(tokens) => *tokens,
            Shape::Units(units) => units.iter().sum(),
        }
    }

    fn keep(&self, room: usize) -> Keep {
        if self.tokens() <= room {
            return Keep::All;
        }
        match &self.shape {
            Shape::Text(_) => Keep::Tokens(room),
            Shape::Units(units) => {
                let mut left = room;
                let fits =
                    |size: &&usize| left.checked_sub(**size).map(|rest| left = rest).is_some();
                Keep::Units(units.iter().take_while(fits).count())
            }
        }
    }
}

/// What each part keeps, so that all of them together lose at least `excess` tokens; `None` if they have
/// not so many.
pub fn plan(parts: &[Part], excess: usize) -> Option<Vec<Keep>> {
    let total: usize = parts.iter().map(Part::tokens).sum();
    let mut left = total.checked_sub(excess)?;
    let mut kept = vec![Keep::All; parts.len()];
    let mut order: Vec<(usize, &Part)> = parts.iter().enumerate().collect();
    order.sort_by_key(|(_, part)| Reverse(part.priority));
    for group in order.chunk_by(|(_, a), (_, b)| a.priority == b.priority) {
        let sizes: Vec<usize> = group.iter().map(|(_, part)| part.tokens()).collect();
        let needed: usize = sizes.iter().sum();
        if needed <= left {
            left -= needed;
            continue;
        }
        let level = level(sizes, left);
        for (index, part) in group {
            if let Some(kept) = kept.get_mut(*index) {
                *kept = part.keep(level);
            }
        }
        // Strictly by priority: what rounding leaves over is not for parts that matter less.
        left = 0;
    }
    Some(kept)
}

/// The greatest size L for which all `sizes`, none over L, are at most `room` together.
fn level(mut sizes: Vec<usize>, room: usize) -> usize {
    sizes.sort_unstable();
    let mut left = room;
    let mut parts = sizes.len();
    for size in sizes {
        let share = left / parts.max(1);
        if size > share {
            return share;
        }
        left -= size;
        parts -= 1;
    }
    usize::MAX
}
