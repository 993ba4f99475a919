//! Drives a fuzz target: a function that takes any bytes and panics if one of its promises is broken.
//!
//! Coverage-guided fuzzers need a nightly compiler and instrumented builds. This driver runs in ordinary tests
//! on stable: it replays the corpus (wire fixtures, and inputs found earlier), and then mutates it. A target
//! says in a word what became of an input; inputs that lead to a new word join the pool, which is a coarse
//! form of the same feedback.
//!
//! By default the number of inputs and the seed are fixed, so that a pass does not depend on the machine.
//! `GATEMARK_FUZZ_SECONDS=180` runs that long from a new seed, which is printed; `GATEMARK_FUZZ_SEED` repeats it.
//!
//! The input under way is kept in `target/fuzz/NAME.input`, so that it is there even if the process dies
//! (stack, memory); one that takes longer than [`LONGEST`] ends the process. To keep a found input for ever, copy
//! the file into the target's corpus folder: the message says where.

// A driver of tests talks to whoever runs it, and its seed and its end are times of day.
#![allow(clippy::print_stderr, clippy::disallowed_methods)]

use std::collections::HashSet;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::{Seek, SeekFrom, Write};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Mutated inputs of an ordinary run.
const INPUTS: u64 = 2500;
/// Longest that one input may take. An unoptimised build on a busy machine needs milliseconds.
const LONGEST: Duration = Duration::from_secs(20);
/// Most inputs in the pool.
const MOST_KEPT: usize = 400;
/// Longest mutated input, in bytes.
const MOST_BYTES: usize = 64 * 1024;

/// A generator of numbers (SplitMix64): the same seed gives the same numbers.
pub(crate) struct Dice(u64);

impl Dice {
    /// Numbers that depend on nothing but `bytes` (seeded by FNV-1a), so that an input is always cut the same way.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        }))
    }

    /// The next number below `end`, which is at least 1.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % u64::try_from(end.max(1)).unwrap()).unwrap()
    }

    /// `bytes` cut into pieces: mostly short ones, sometimes of one byte each.
    pub(crate) fn pieces<'b>(&mut self, mut bytes: &'b [u8]) -> Vec<&'b [u8]> {
        let longest = [1, 3, 17, 200, 5000][self.below(5)];
        let mut pieces = vec![];
        while !bytes.is_empty() {
            let (piece, rest) = bytes.split_at((1 + self.below(longest)).min(bytes.len()));
            pieces.push(piece);
            bytes = rest;
        }
        pieces
    }
}

/// A target.
pub(crate) struct Target<'a> {
    /// Its name, which is that of its corpus folder.
    pub(crate) name: &'a str,
    /// The folder of all corpora of this crate.
    pub(crate) corpora: PathBuf,
    /// What to start from beside the corpus.
    pub(crate) seeds: Vec<Vec<u8>>,
    /// Words that mean something to it.
    pub(crate) words: &'a [&'a str],
}

impl Target<'_> {
    /// Replays and mutates; `judge` says what became of an input.
    ///
    /// # Panics
    /// With the input, if `judge` panics.
    pub(crate) fn run(self, judge: impl Fn(&[u8]) -> String) {
        let mut pool = self.seeds.clone();
        let folder = self.corpora.join(self.name);
        if folder.is_dir() {
            let entries = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
            let mut paths: Vec<PathBuf> = entries.collect();
            paths.sort();
            pool.extend(paths.iter().map(|path| fs::read(path).unwrap()));
        }
        assert!(!pool.is_empty(), "{} has nothing to start from", self.name);
        let mut bench = Bench::new(self.name, &folder);
        let mut seen: HashSet<String> = HashSet::new();
        for input in &pool {
            seen.insert(bench.take(input, &judge));
        }
        let (seconds, seed) = asked();
        let mut dice = Dice(seed);
        let began = Instant::now();
        let mut count = 0;
        while seconds.map_or(count < INPUTS, |most| began.elapsed() < most) {
            let input = mutated(&pool, self.words, &mut dice);
            let outcome = bench.take(&input, &judge);
            if pool.len() < MOST_KEPT && seen.insert(outcome) {
                pool.push(input);
            }
            count += 1;
        }
        bench.clear();
        eprintln!("{}: {count} inputs, {} outcomes, seed {seed}", self.name, seen.len());
    }
}

/// How long, and from which seed.
fn asked() -> (Option<Duration>, u64) {
    let number = |name: &str| {
        let text = std::env::var(name).ok()?;
        Some(text.parse::<u64>().unwrap_or_else(|_| panic!("{name}={text} is not a number")))
    };
    let seconds = number("GATEMARK_FUZZ_SECONDS").map(Duration::from_secs);
    // The standard library's own source of chance.
    let new = || RandomState::new().hash_one(0) % 1_000_000_000;
    let seed = number("GATEMARK_FUZZ_SEED");
    (seconds, seed.unwrap_or_else(|| if seconds.is_some() { new() } else { 1 }))
}

/// Where inputs are tried one at a time.
struct Bench {
    path: PathBuf,
    folder: PathBuf,
    file: fs::File,
    /// When the input under way began, in milliseconds since the bench was made, plus one; 0 is none.
    under_way: Arc<AtomicU64>,
    made: Instant,
}

impl Bench {
    fn new(name: &str, folder: &Path) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/fuzz");
        fs::create_dir_all(&root).unwrap();
        let path = root.join(format!("{name}.input"));
        let under_way = Arc::new(AtomicU64::new(0));
        let made = Instant::now();
        watch(Arc::downgrade(&under_way), made, path.clone());
        let file = fs::File::create(&path).unwrap();
        Self { path, folder: folder.to_owned(), file, under_way, made }
    }

    fn take(&mut self, input: &[u8], judge: &impl Fn(&[u8]) -> String) -> String {
        self.file.set_len(0).unwrap();
        self.file.seek(SeekFrom::Start(0)).unwrap();
        self.file.write_all(input).unwrap();
        let now = u64::try_from(self.made.elapsed().as_millis()).unwrap();
        self.under_way.store(now + 1, Ordering::Relaxed);
        let outcome = catch_unwind(AssertUnwindSafe(|| judge(input)));
        self.under_way.store(0, Ordering::Relaxed);
        outcome.unwrap_or_else(|panic| {
            eprintln!("the input was: \"{}\"", input.escape_ascii());
            let (file, folder) = (self.path.display(), self.folder.display());
            eprintln!("it is in {file}; keep it: mkdir -p {folder} && cp {file} {folder}/");
            resume_unwind(panic)
        })
    }

    fn clear(self) {
        fs::remove_file(&self.path).unwrap();
    }
}

/// Ends the process if an input takes too long.
fn watch(under_way: std::sync::Weak<AtomicU64>, made: Instant, path: PathBuf) {
    std::thread::spawn(move || {
        while let Some(began) = under_way.upgrade().map(|began| began.load(Ordering::Relaxed)) {
            let now = u64::try_from(made.elapsed().as_millis()).unwrap();
            let longest = u64::try_from(LONGEST.as_millis()).unwrap();
            if began > 0 && now.saturating_sub(began) > longest {
                eprintln!("an input takes longer than {LONGEST:?}: {}", path.display());
                std::process::abort();
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    });
}

/// Values and marks that readers of JSON and of lines tend to trip over.
const ODD: &[&str] = &[
    "",
    "\"",
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "null",
    "true",
    "-1",
    "0",
    "1e999",
    "1.5",
    "18446744073709551616",
    "-9223372036854775809",
    "\"\"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"Gr\u{fc}\u{df}e\"",
    "\u{1f600}",
    "\n",
    "\r",
    "\r\n",
    "\n\n",
    "\u{feff}",
    "{}",
    "[]",
    "[null]",
    "{\"a\":1,\"a\":2}",
    "\u{2028}",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":",
];

fn mutated(pool: &[Vec<u8>], words: &[&str], dice: &mut Dice) -> Vec<u8> {
    let mut input = pool[dice.below(pool.len())].clone();
    for _ in 0..1 + dice.below(4) {
        let word = |dice: &mut Dice| -> Vec<u8> {
            let of = if !words.is_empty() && dice.below(2) == 0 { words } else { ODD };
            of[dice.below(of.len())].as_bytes().to_vec()
        };
        let from = dice.below(input.len() + 1);
        let to = (from + dice.below(64)).min(input.len());
        match dice.below(9) {
            0 if from < input.len() => input[from] ^= 1 << dice.below(8),
            1 => drop(input.drain(from..to)),
            2 => drop(input.splice(from..from, word(dice))),
            3 => drop(input.splice(from..to, word(dice))),
            4 => {
                let again = input[from..to].to_vec();
                let place = dice.below(input.len() + 1);
                drop(input.splice(place..place, again));
            }
            5 => input.truncate(from),
            6 => {
                let other = &pool[dice.below(pool.len())];
                let start = dice.below(other.len() + 1);
                input.truncate(from);
                input.extend_from_slice(&other[start..]);
            }
            7 => {
                let other = &pool[dice.below(pool.len())];
                let start = dice.below(other.len() + 1);
                let end = (start + dice.below(400)).min(other.len());
                drop(input.splice(from..from, other[start..end].to_vec()));
            }
            _ => put_value(&mut input, from, word(dice)),
        }
    }
    input.truncate(MOST_BYTES);
    input
}

/// Puts `word` in the place of the JSON value behind the next colon: the document mostly stays one.
fn put_value(input: &mut Vec<u8>, from: usize, word: Vec<u8>) {
    let colon = |byte: &u8| *byte == b':';
    let Some(start) = input.iter().skip(from).position(colon).map(|at| from + at + 1) else {
        return;
    };
    let ends = |byte: &u8| matches!(byte, b',' | b'}' | b'\n');
    let length = input.iter().skip(start).position(ends).unwrap_or(0);
    drop(input.splice(start..start + length, word));
}
