//! Runs of symbols that a stream has in common with a known text.
//!
//! The known text is indexed by the hashes of all its runs of [`SEED`] symbols. A matcher keeps the last symbols
//! of the stream; when their hash is in the index, it follows all places at which they stand for as long as any
//! of them goes on. Most symbols begin nothing: a small table of bits says so without a search. Time is in
//! proportion to the stream, memory to the known text.

/// Symbols in the shortest run that is found.
pub(super) const SEED: usize = 8;

/// Most places of the known text that are followed at once: a text that repeats itself need not be followed
/// everywhere.
const MOST_PLACES: usize = 8;

const BASE: u64 = 0x9e37_79b9_7f4a_7c15;

/// Stands between parts of the known text and is in no stream.
pub(super) const GAP: char = '\0';

/// A known text, ready to be found again.
#[derive(Debug, Clone)]
pub(super) struct Index {
    symbols: Vec<char>,
    /// Hash of each run of [`SEED`] symbols and where it begins, sorted.
    seeds: Vec<(u64, u32)>,
    /// One bit for each value of a hash's upper bits that occurs.
    sieve: Vec<u64>,
    /// How far a hash is shifted to get its place in the sieve.
    shift: u32,
}

impl Index {
    pub(super) fn new(symbols: Vec<char>) -> Self {
        let mut seeds: Vec<(u64, u32)> = symbols
            .windows(SEED)
            .enumerate()
            .filter(|(_, window)| !window.contains(&GAP))
            .filter_map(|(at, window)| {
                Some((hash(window.iter().copied()), u32::try_from(at).ok()?))
            })
            .collect();
        seeds.sort_unstable();
        // Eight bits for each seed, so that most of what is not there is not looked for.
        let bits = (seeds.len().max(64) * 8).next_power_of_two();
        let shift = 64 - bits.trailing_zeros();
        let mut index = Self { symbols, seeds, sieve: vec![0; bits / 64], shift };
        for at in 0..index.seeds.len() {
            let Some((hash, _)) = index.seeds.get(at).copied() else { break };
            let (word, bit) = index.bit(hash);
            if let Some(word) = index.sieve.get_mut(word) {
                *word |= 1 << bit;
            }
        }
        index
    }

    /// Symbols of the known text.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.symbols.len()
    }

    /// Whether nothing of it could be found.
    pub(super) fn is_empty(&self) -> bool {
        self.seeds.is_empty()
    }

    fn bit(&self, hash: u64) -> (usize, u64) {
        let place = mixed(hash) >> self.shift;
        (usize::try_from(place / 64).unwrap_or(usize::MAX), place % 64)
    }

    /// Where the run with this hash may stand.
    fn places(&self, hash: u64) -> impl Iterator<Item = u32> {
        let (word, bit) = self.bit(hash);
        let there = self.sieve.get(word).is_some_and(|word| word >> bit & 1 == 1);
        let from = if there {
            self.seeds.partition_point(|(known, _)| *known < hash)
        } else {
            self.seeds.len()
        };
        let seeds = self.seeds.get(from..).unwrap_or_default();
        seeds.iter().take_while(move |(known, _)| *known == hash).map(|(_, at)| *at)
    }

    fn at(&self, place: u32) -> Option<char> {
        self.symbols.get(usize::try_from(place).ok()?).copied()
    }
}

/// Upper bits of a polynomial hash depend on few symbols.
fn mixed(hash: u64) -> u64 {
    (hash ^ (hash >> 32)).wrapping_mul(BASE)
}

fn hash(symbols: impl Iterator<Item = char>) -> u64 {
    symbols
        .fold(0, |hash: u64, c| hash.wrapping_mul(BASE).wrapping_add(u64::from(u32::from(c)) + 1))
}

/// A symbol of the stream, and where it comes from in the text.
#[derive(Debug, Clone, Copy)]
struct Seen {
    c: char,
    start: usize,
    end: usize,
}

/// A run of symbols that both have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    /// The first symbol in the known text, and the first one after it.
    pub(super) kept: (usize, usize),
    /// The same in the stream, by number of the symbol.
    pub(super) seen: (usize, usize),
    /// The first character in the stream's text, and the first one after it.
    pub(super) place: (usize, usize),
}

impl Run {
    pub(super) fn len(&self) -> usize {
        self.kept.1 - self.kept.0
    }
}

/// Follows one stream.
#[derive(Debug, Clone, Default)]
pub(super) struct Matcher {
    /// The last symbols, in a ring.
    last: [Option<Seen>; SEED],
    /// Symbols since the beginning, and since the last interruption.
    count: usize,
    fresh: usize,
    hash: u64,
    /// Ends of the run in the known text, of which the first is told.
    places: Vec<u32>,
    run: Option<Run>,
}

impl Matcher {
    /// Takes a symbol; gives the run that it ends by not belonging to it.
    pub(super) fn feed(&mut self, index: &Index, c: char, start: usize, end: usize) -> Option<Run> {
        self.remember(Seen { c, start, end });
        let mut ended = None;
        if let Some(run) = &mut self.run {
            self.places.retain(|place| index.at(*place) == Some(c));
            if let Some(place) = self.places.first().copied() {
                self.places.iter_mut().for_each(|place| *place += 1);
                let len = run.len() + 1;
                let to = usize::try_from(place).unwrap_or_default() + 1;
                run.kept = (to.saturating_sub(len), to);
                run.seen.1 = self.count;
                run.place = (run.place.0.min(start), run.place.1.max(end));
                return None;
            }
            ended = self.run.take();
        }
        self.seed(index);
        ended
    }

    /// The stream is interrupted, or over.
    pub(super) fn cut(&mut self) -> Option<Run> {
        self.fresh = 0;
        self.places.clear();
        self.run.take()
    }

    /// The run that goes on.
    pub(super) fn run(&self) -> Option<Run> {
        self.run
    }

    /// The place of the first character that may yet belong to a run: of the one that goes on, or of the last
    /// symbols, which may be the beginning of one.
    pub(super) fn held_from(&self) -> Option<usize> {
        if let Some(run) = &self.run {
            return Some(run.place.0);
        }
        let back = self.fresh.min(SEED - 1);
        (1..=back).filter_map(|back| self.back(back)).map(|seen| seen.start).min()
    }

    /// The symbol so many before the next.
    fn back(&self, back: usize) -> Option<Seen> {
        *self.last.get(self.count.checked_sub(back)? % SEED)?
    }

    fn remember(&mut self, seen: Seen) {
        let new = u64::from(u32::from(seen.c)) + 1;
        self.hash = self.hash.wrapping_mul(BASE).wrapping_add(new);
        let slot = self.last.get_mut(self.count % SEED);
        if let Some(old) = slot.and_then(|slot| slot.replace(seen)) {
            let old = u64::from(u32::from(old.c)) + 1;
            self.hash = self.hash.wrapping_sub(old.wrapping_mul(OUT));
        }
        self.count += 1;
        self.fresh += 1;
    }

    /// Begins a run if the last symbols are one.
    fn seed(&mut self, index: &Index) {
        if self.fresh < SEED {
            return;
        }
        let is_there = |from: &u32| {
            (1..=SEED).all(|back| {
                let offset = u32::try_from(SEED - back).unwrap_or_default();
                self.back(back).map(|seen| seen.c) == index.at(from + offset)
            })
        };
        let found: Vec<u32> = index.places(self.hash).filter(is_there).take(MOST_PLACES).collect();
        let Some(from) = found.first().and_then(|from| usize::try_from(*from).ok()) else { return };
        let seen = (1..=SEED).filter_map(|back| self.back(back));
        let place = seen
            .fold((usize::MAX, 0), |(start, end), seen| (start.min(seen.start), end.max(seen.end)));
        let step = u32::try_from(SEED).unwrap_or_default();
        self.places = found.into_iter().map(|from| from + step).collect();
        self.run =
            Some(Run { kept: (from, from + SEED), seen: (self.count - SEED, self.count), place });
    }
}

/// What the symbol that falls out of the hash has been multiplied with.
const OUT: u64 = {
    let (mut power, mut at) = (1_u64, 0);
    while at < SEED {
        power = power.wrapping_mul(BASE);
        at += 1;
    }
    power
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn runs(known: &str, stream: &str) -> Vec<Run> {
        let index = Index::new(known.chars().collect());
        let (mut matcher, mut runs) = (Matcher::default(), vec![]);
        for (at, c) in stream.chars().enumerate() {
            runs.extend(matcher.feed(&index, c, at, at + 1));
        }
        runs.extend(matcher.cut());
        runs
    }

    #[test]
    fn runs_are_found_where_they_are() {
        let found = runs("the quick brown fox jumps", "a quick brown cat: fox jumps!");
        let texts: Vec<_> = found.iter().map(|run| (run.kept, run.place)).collect();
        assert_eq!(texts, [((3, 16), (1, 14)), ((15, 25), (18, 28))]);
        assert_eq!(runs("short", "short"), []);
        assert_eq!(runs("abcdefgh\0ijklmnop", "efghijkl"), []);
    }

    #[test]
    fn the_place_that_goes_on_is_followed() {
        let found = runs("abcdefghX abcdefghY", "abcdefghY");
        assert_eq!(found.first().map(|run| (run.kept, run.len())), Some(((10, 19), 9)));
    }

    proptest! {
        #[test]
        fn runs_are_common_and_no_longer_one_is_missed(
            known in "[ab]{0,40}", stream in "[ab]{0,40}"
        ) {
            let found = runs(&known, &stream);
            for run in &found {
                prop_assert_eq!(&known[run.kept.0..run.kept.1], &stream[run.place.0..run.place.1]);
                prop_assert_eq!(run.seen, run.place);
            }
            for from in 0..stream.len().saturating_sub(SEED - 1) {
                if known.contains(&stream[from..from + SEED]) {
                    let covered = found.iter().any(|run| run.place.0 <= from && from + SEED <= run.place.1);
                    prop_assert!(covered, "{} {:?}", from, found);
                }
            }
        }
    }
}
