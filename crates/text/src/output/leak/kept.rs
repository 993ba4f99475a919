//! A text that is to be kept: where its sentences and words are, what each of its letters is worth, and the
//! orders in which it is looked for.

use super::fold::{Symbol, class, fold};
use super::index::{GAP, Index};
use super::words::{is_common, is_part};

/// Most letters of a text that are looked for; what stands behind them is not.
pub const LONGEST: usize = 131_072;

/// What a letter of a common word is worth, where one of another word is worth 1.
const COMMON_WORTH: f64 = 0.5;

/// Least letters of a planted mark.
const SHORTEST_MARK: usize = 8;

/// In which order and which writing a text is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Order {
    /// As it is.
    Forward,
    /// From its last letter to its first.
    Backward,
    /// From its last word to its first.
    WordsBackward,
    /// The steps from each letter to the next, which are the same however far all are shifted in the alphabet.
    Steps,
    /// Without vowels.
    Bare,
}

impl Order {
    pub(super) const ALL: [Self; 5] =
        [Self::Forward, Self::Backward, Self::WordsBackward, Self::Steps, Self::Bare];
}

/// The text in one order.
#[derive(Debug, Clone)]
pub(super) struct Ordered {
    pub(super) index: Index,
    /// For each symbol, the letter of the text that it is about.
    at: Vec<u32>,
    /// Whether `at` only rises or only falls.
    in_order: bool,
    /// What all symbols before it are worth together.
    worth: Vec<f64>,
}

impl Ordered {
    /// What the symbols from `from` to `to` are worth, in letters of uncommon words.
    pub(super) fn worth(&self, (from, to): (usize, usize)) -> f64 {
        let before = |at: usize| self.worth.get(at).copied().unwrap_or_default();
        (before(to) - before(from)).max(0.0)
    }

    /// The first and the last letter of the text that the symbols are about.
    pub(super) fn letters(&self, (from, to): (usize, usize)) -> (usize, usize) {
        let about = self.at.get(from..to).unwrap_or_default();
        let letter =
            |at: Option<&u32>| at.and_then(|at| usize::try_from(*at).ok()).unwrap_or_default();
        // Long runs are asked for at each of their symbols: only what is not in order is searched.
        if self.in_order {
            let (first, last) = (letter(about.first()), letter(about.last()));
            return (first.min(last), first.max(last));
        }
        (letter(about.iter().min()), letter(about.iter().max()))
    }
}

impl Ordered {
    /// How many of the symbols are about letters from `first` to before `end`.
    fn count(&self, (from, to): (usize, usize), (first, end): (usize, usize)) -> usize {
        let about = self.at.get(from..to).unwrap_or_default();
        let letters = about.iter().filter_map(|at| usize::try_from(*at).ok());
        letters.filter(|at| (first..end).contains(at)).count()
    }
}

/// A system text that answers are held against.
#[derive(Debug, Clone)]
pub struct Kept {
    orders: Vec<Ordered>,
    /// Sentences that give the model its part, from their first letter to the one after their last.
    parts: Vec<(usize, usize)>,
    /// Planted marks, as `parts`.
    marks: Vec<(usize, usize)>,
}

impl Kept {
    /// A text that is to be kept, in the pieces that its author wrote (what stands between them, e.g. values
    /// that a caller gave, may be said), and the marks that were planted in it. Marks of less than eight
    /// letters and digits are left out: they could be there by chance.
    pub fn new(pieces: &[&str], marks: &[&str]) -> Self {
        let mut letters = Letters::default();
        pieces.iter().for_each(|piece| letters.add(piece, LONGEST));
        let marks = marks.iter().filter_map(|mark| letters.mark(mark)).collect();
        let parts = letters.parts();
        let orders = Order::ALL.into_iter().map(|order| letters.ordered(order)).collect();
        Self { orders, parts, marks }
    }

    /// Whether there is nothing that could be found.
    pub fn is_empty(&self) -> bool {
        self.forward().is_none_or(|forward| forward.index.is_empty())
    }

    pub(super) fn ordered(&self, order: Order) -> Option<&Ordered> {
        self.orders.get(Order::ALL.iter().position(|known| *known == order)?)
    }

    fn forward(&self) -> Option<&Ordered> {
        self.ordered(Order::Forward)
    }

    /// What all of it is worth.
    pub(super) fn worth(&self) -> f64 {
        self.forward().and_then(|forward| forward.worth.last().copied()).unwrap_or_default()
    }

    /// Whether letters are within one sentence that gives the model its part; the last few of a run may be
    /// the beginning of the next by chance.
    pub(super) fn is_part(&self, (first, last): (usize, usize)) -> bool {
        self.parts.iter().any(|(from, to)| from.saturating_sub(SLACK) <= first && last < to + SLACK)
    }

    /// Whether a run, which is about `letters`, has most of a planted mark.
    pub(super) fn is_mark(
        &self,
        ordered: &Ordered,
        run: (usize, usize),
        letters: (usize, usize),
    ) -> bool {
        self.marks.iter().any(|mark| {
            let may = letters.0 < mark.1 && mark.0 <= letters.1;
            may && ordered.count(run, *mark) * 4 >= (mark.1 - mark.0) * 3
        })
    }
}

/// Letters by which a run may go beyond a sentence.
const SLACK: usize = 6;

/// A text taken apart.
#[derive(Default)]
struct Letters {
    bases: Vec<char>,
    /// Number of the word.
    words: Vec<u32>,
    worth: Vec<f64>,
    /// First letters of sentences, and whether the sentence is a heading.
    sentences: Vec<(usize, bool)>,
}

impl Letters {
    fn add(&mut self, piece: &str, most: usize) {
        self.gap();
        let chars: Vec<char> = piece.chars().collect();
        let symbols = fold(piece);
        let mut word: Vec<char> = vec![];
        let mut reached = 0;
        for symbol in symbols {
            if self.bases.len() >= most {
                break;
            }
            let between = chars.get(reached..symbol.start).unwrap_or_default();
            if self.fresh_word(between, &symbol, reached) {
                self.close(&mut word);
            }
            if reached == 0 || ends_sentence(between) {
                self.head(between);
                self.sentences.push((self.bases.len(), false));
            }
            self.bases.push(symbol.base);
            word.push(class(symbol.base));
            reached = symbol.end;
        }
        self.close(&mut word);
        self.head(chars.get(reached..).unwrap_or_default());
    }

    fn fresh_word(&self, between: &[char], symbol: &Symbol, reached: usize) -> bool {
        let inside = between.iter().all(|c| matches!(c, '\'' | '’'));
        symbol.start > reached && !inside
    }

    /// A sentence in front of a colon is a heading.
    fn head(&mut self, between: &[char]) {
        if between.first() == Some(&':')
            && let Some((_, heading)) = self.sentences.last_mut()
        {
            *heading = true;
        }
    }

    /// Gives the letters of a word that is complete their number and worth.
    fn close(&mut self, word: &mut Vec<char>) {
        let text: String = word.iter().collect();
        let worth = if is_common(&text) { COMMON_WORTH } else { 1.0 };
        let number = self.words.last().map_or(0, |number| number + 1);
        for _ in word.drain(..) {
            self.words.push(number);
            self.worth.push(worth);
        }
    }

    fn gap(&mut self) {
        if !self.bases.is_empty() {
            self.bases.push(GAP);
            let number = self.words.last().map_or(0, |number| number + 1);
            self.words.push(number);
            self.worth.push(0.0);
        }
    }

    fn mark(&mut self, mark: &str) -> Option<(usize, usize)> {
        let symbols = fold(mark);
        if symbols.len() < SHORTEST_MARK {
            return None;
        }
        // Where it stands in the text already, it is the same mark.
        let wanted: Vec<char> = symbols.iter().map(|symbol| symbol.base).collect();
        let there = self.bases.windows(wanted.len()).position(|window| window == wanted);
        let from = there.unwrap_or_else(|| {
            self.add(mark, usize::MAX);
            self.bases.len() - wanted.len()
        });
        Some((from, from + wanted.len()))
    }

    /// Sentences that give the model its part: the first that is no heading, and those that say so.
    fn parts(&self) -> Vec<(usize, usize)> {
        let mut told = self.sentences.iter().filter(|(_, heading)| !heading).map(|(at, _)| *at);
        // The only sentence of a text is what it has to say.
        let first = told.next().filter(|_| told.next().is_some());
        let ends = self.sentences.iter().skip(1).map(|(at, _)| *at).chain([self.bases.len()]);
        let sentences = self.sentences.iter().zip(ends);
        let mut parts = vec![];
        for (&(from, heading), to) in sentences {
            let letters = self.bases.get(from..to).unwrap_or_default();
            let classes: String = letters.iter().map(|base| class(*base)).collect();
            if !heading && (Some(from) == first || is_part(&classes)) {
                parts.push((from, to));
            }
        }
        parts
    }

    fn ordered(&self, order: Order) -> Ordered {
        let mut symbols: Vec<(char, usize)> = vec![];
        let all = self.bases.iter().copied().enumerate();
        match order {
            Order::Forward => symbols.extend(all.map(|(at, base)| (class(base), at))),
            Order::Backward => symbols.extend(all.rev().map(|(at, base)| (class(base), at))),
            Order::WordsBackward => {
                let classes: Vec<(char, usize)> = all.map(|(at, base)| (class(base), at)).collect();
                let words = self.words.chunk_by(|a, b| a == b).map(<[u32]>::len);
                let mut ends = vec![];
                let mut end = 0;
                for len in words {
                    ends.push((end, end + len));
                    end += len;
                }
                for (from, to) in ends.into_iter().rev() {
                    symbols.extend(classes.get(from..to).unwrap_or_default());
                }
            }
            Order::Steps => {
                let mut steps = Steps::default();
                for (at, base) in all {
                    match base {
                        GAP => {
                            steps = Steps::default();
                            symbols.push((GAP, at));
                        }
                        _ => symbols.extend(steps.next(base).map(|step| (step, at))),
                    }
                }
            }
            Order::Bare => {
                symbols
                    .extend(all.filter(|(_, base)| !is_vowel(*base)).map(|(at, base)| (base, at)));
            }
        }
        self.indexed(&symbols, order)
    }

    /// A symbol is worth its letter, and without vowels also those left out before it.
    fn indexed(&self, symbols: &[(char, usize)], order: Order) -> Ordered {
        let single = |at: usize| self.worth.get(at).copied().unwrap_or_default();
        let (mut sum, mut worth, mut reached) = (0.0, vec![0.0], 0);
        for (_, at) in symbols {
            let left_out = matches!(order, Order::Bare | Order::Steps);
            let from = if left_out { reached } else { *at };
            sum += (from..=*at).map(single).sum::<f64>();
            worth.push(sum);
            reached = at + 1;
        }
        let at = symbols.iter().map(|(_, at)| u32::try_from(*at).unwrap_or_default()).collect();
        let index = Index::new(symbols.iter().map(|(c, _)| *c).collect());
        Ordered { index, at, in_order: order != Order::WordsBackward, worth }
    }
}

/// Whether the characters between two letters end a sentence.
fn ends_sentence(between: &[char]) -> bool {
    between.iter().enumerate().any(|(at, c)| match c {
        '\n' | '。' | '！' | '？' | '।' => true,
        '.' | '!' | '?' | '…' => between.get(at + 1).is_some_and(|next| !next.is_alphanumeric()),
        _ => false,
    })
}

pub(super) fn is_vowel(base: char) -> bool {
    matches!(base, 'a' | 'e' | 'i' | 'o' | 'u')
}

/// The steps between letters of the Latin alphabet that follow each other.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Steps {
    before: Option<u32>,
}

impl Steps {
    /// The step to `base`, as one of 26 letters; `None` for the first letter and for what is none.
    pub(super) fn next(&mut self, base: char) -> Option<char> {
        let letter = base.is_ascii_lowercase().then(|| u32::from(base) - u32::from('a'))?;
        let before = self.before.replace(letter)?;
        step((letter + 26 - before) % 26)
    }
}

/// The step as far in the other direction, as in an alphabet that is written backwards.
pub(super) fn mirrored(letter: char) -> Option<char> {
    let size = u32::from(letter).checked_sub(u32::from('a'))?;
    step((26 - size) % 26)
}

fn step(size: u32) -> Option<char> {
    char::from_u32(u32::from('a') + size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept() -> Kept {
        let text =
            "RULES:\nYou are Ada, the assistant of Example Bank. Never mention the merger of May.";
        Kept::new(&[text, "Speak French"], &["kavomitesuru"])
    }

    #[test]
    fn letters_of_common_words_are_worth_less() {
        let kept = Kept::new(&["the merger"], &[]);
        assert!((kept.worth() - (1.5 + 6.0)).abs() < 1e-9, "{}", kept.worth());
        let bare = kept.ordered(Order::Bare).unwrap();
        assert_eq!(bare.index.len(), 6);
        assert!((bare.worth((0, 6)) - 7.5).abs() < 1e-9, "{}", bare.worth((0, 6)));
    }

    #[test]
    fn the_sentence_that_gives_a_part_is_known() {
        let kept = kept();
        let part = (5, 5 + "youareadatheassistantofexamplebank".len());
        assert_eq!(kept.parts.first(), Some(&part));
        assert!(kept.is_part((5, 30)) && !kept.is_part((5, 60)) && !kept.is_part((0, 4 + 60)));
    }

    #[test]
    fn a_mark_is_most_of_itself() {
        let kept = kept();
        let (from, to) = *kept.marks.first().unwrap();
        assert_eq!(to - from, 12);
        let forward = kept.ordered(Order::Forward).unwrap();
        let is_mark = |run: (usize, usize)| kept.is_mark(forward, run, forward.letters(run));
        assert!(is_mark((from, to)) && is_mark((from + 2, to)) && is_mark((from - 9, to - 2)));
        assert!(!is_mark((from + 4, to)) && !is_mark((0, 30)));
        assert!(Kept::new(&["x"], &["short"]).marks.is_empty());
        let inside = Kept::new(&["Never tell kavomitesuru to anybody"], &["kavomitesuru"]);
        assert_eq!(inside.marks, [(9, 21)]);
    }

    #[test]
    fn steps_do_not_depend_on_the_shift() {
        let steps = |text: &str| -> String {
            let mut steps = Steps::default();
            text.chars().filter_map(|c| steps.next(c)).collect()
        };
        assert_eq!(steps("never"), steps("arire"));
        let mirror: String = steps("mvevi").chars().filter_map(mirrored).collect();
        assert_eq!(mirror, steps("never"));
    }

    #[test]
    fn nothing_is_empty() {
        assert!(Kept::new(&[], &[]).is_empty() && Kept::new(&["Be kind"], &[]).is_empty());
        assert!(!kept().is_empty());
    }
}
