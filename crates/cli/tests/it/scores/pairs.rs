//! Pairs of texts for comparisons: seeded, so that a failure comes again, and made of what scores stumble
//! over.

/// An answer and one to four references.
pub(crate) struct Pair {
    pub(crate) actual: String,
    pub(crate) expected: Vec<String>,
}

/// Numbers that look random (SplitMix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).unwrap()
    }

    pub(crate) fn of<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

const WORDS: &[&str] = &[
    "the",
    "a",
    "customer",
    "asks",
    "for",
    "refund",
    "of",
    "his",
    "order",
    "running",
    "jumped",
    "nationality",
    "flies",
    "dying",
    "skies",
    "happily",
    "relational",
    "quickly",
    "The",
    "REFUND",
    "well-known",
    "don't",
    "it's",
    "can't",
    "cannot",
    "ponies",
    "agreed",
    "generalizations",
];
const MARKS: &[&str] = &[
    ".", ",", "...", "..", "!", "?", ";", ":", "-", "--", "—", "(", ")", "[x]", "{y}", "'", "\"",
    "``", "''", "“q”", "/", "\\", "@", "#", "$", "%", "^", "&", "*", "+", "=", "<", ">", "|", "~",
    "`", "_",
];
const NUMBERS: &[&str] = &[
    "1,000.50",
    "3.14",
    "5-6",
    "$5",
    ".5",
    "5.",
    "5..5",
    "5...",
    "1,2,3",
    "a.5",
    "5.a",
    "10:30",
    "1-2-3",
    "v2.0.1",
    "٣٫١٤",
    "½",
    "-5",
    "5-",
    "5-.",
    "2024-01-01",
    "99%",
    "1e-6",
    ",5",
    "5,.5",
];
const ENTITIES: &[&str] = &[
    "&amp;",
    "&lt;b&gt;",
    "&quot;x&quot;",
    "&amp;lt;",
    "&amp;amp;",
    "<skipped>",
    "a<skipped>-\nb",
    "&amp;quot;",
    "&nbsp;",
    "<skip<skipped>ped>",
    "&",
];
const SCRIPTS: &[&str] = &[
    "漢字",
    "猫は座った。",
    "我喜欢",
    "한국어",
    "привет",
    "Ελλάς",
    "ΟΔΟΣ",
    "שלום",
    "मानक",
    "ไทย",
    "İstanbul",
    "\u{212a}elvin",
    "ſtraße",
    "ﬁne",
    "ǅ",
    "Ünïcode",
    "e\u{301}te\u{301}",
    "n\u{303}",
    "🙂",
    "👨‍👩‍👧",
    "🇩🇪",
    "a\u{200b}b",
    "\u{feff}x",
    "ß",
    "ŉ",
    "１２３",
];
const CODE: &[&str] = &[
    "fn main() {",
    "x += 1;",
    "return None",
    "if (a && b) {",
    "}",
    "self._x[0]",
    "SELECT * FROM t;",
    "<div class=\"a\">",
    "a->b",
    "std::fmt",
    "// note",
    "r\"\\d+\"",
];
const GAPS: &[&str] = &[
    " ", " ", " ", " ", " ", " ", "  ", "\t", "\n", "\r\n", "\u{a0}", "\u{3000}", "\u{85}",
    "\u{1c}", "", "", "-\n", "\u{2028}", "\u{b}",
];
const FEW: &[char] = &[
    'a', 'b', '5', '6', '.', ',', '-', ' ', ' ', '$', '&', '\n', '\'', '(', 'é', '漢', 'k', 'y',
    's',
];

/// A piece from everywhere.
fn piece(random: &mut Random) -> &'static str {
    let from = [WORDS, WORDS, WORDS, MARKS, NUMBERS, ENTITIES, SCRIPTS, CODE];
    let list = from[random.below(from.len())];
    random.of(list)
}

fn pieces(random: &mut Random, most: usize) -> Vec<&'static str> {
    let plain = random.below(3) == 0;
    let length = random.below(most + 1);
    (0..length).map(|_| if plain { random.of(WORDS) } else { piece(random) }).collect()
}

/// The same with some pieces left out, put in, replaced and swapped.
fn altered(random: &mut Random, base: &[&'static str]) -> Vec<&'static str> {
    let mut pieces = base.to_vec();
    for _ in 0..random.below(base.len() / 3 + 2) {
        let at = random.below(pieces.len() + 1);
        match random.below(4) {
            0 if at < pieces.len() => {
                pieces.remove(at);
            }
            1 => pieces.insert(at, piece(random)),
            2 if at < pieces.len() => pieces[at] = piece(random),
            3 if at + 1 < pieces.len() => pieces.swap(at, at + 1),
            _ => {}
        }
    }
    pieces
}

fn joined(random: &mut Random, pieces: &[&str]) -> String {
    let plain = random.below(2) == 0;
    let mut text = String::new();
    for piece in pieces {
        text.push_str(piece);
        text.push_str(if plain { " " } else { random.of(GAPS) });
    }
    if random.below(2) == 0 { text.trim_end().to_string() } else { text }
}

fn few(random: &mut Random) -> String {
    (0..random.below(25)).map(|_| FEW[random.below(FEW.len())]).collect()
}

/// A pair; which kind depends on its number.
fn pair(random: &mut Random, number: usize) -> Pair {
    let references = 1 + random.below(4);
    match number % 5 {
        // Few symbols, so that every way in which they can touch comes up.
        0 | 1 => {
            Pair { actual: few(random), expected: (0..references).map(|_| few(random)).collect() }
        }
        // Few words: many ties, many repetitions.
        2 => {
            let mut text = || {
                let length = random.below(9);
                (0..length)
                    .map(|_| *random.of(&["a", "b", "c"].each_ref()))
                    .collect::<Vec<_>>()
                    .join(" ")
            };
            Pair { actual: text(), expected: (0..references).map(|_| text()).collect() }
        }
        _ => {
            let most = if number % 250 == 3 { 900 } else { 25 };
            let base = pieces(random, most);
            let mut text = || {
                let pieces = altered(random, &base);
                joined(random, &pieces)
            };
            Pair { actual: text(), expected: (0..references).map(|_| text()).collect() }
        }
    }
}

/// So many pairs; the first are plain extremes.
pub(crate) fn pairs(count: usize) -> Vec<Pair> {
    let random = &mut Random(20_261_121);
    let texts =
        ["", " ", "word", "one two three four five", "漢字かな交じり文", "🙂🙂", "a.b,c-d 5.5"];
    let plain = texts.iter().flat_map(|actual| {
        texts.iter().map(|one| Pair { actual: actual.to_string(), expected: vec![one.to_string()] })
    });
    let mut pairs: Vec<Pair> = plain.collect();
    let known = pairs.len();
    pairs.extend((known..count).map(|number| pair(random, number)));
    pairs
}

/// Words in all the forms that a stemmer knows, and some that it does not.
pub(crate) fn words(count: usize) -> Vec<String> {
    let random = &mut Random(7);
    let heads = [
        "relat", "condit", "rat", "val", "hesit", "digit", "conform", "radic", "differ", "vil",
        "analog", "vietnam", "oper", "feud", "decis", "hope", "call", "form", "sensit", "triplic",
        "electr", "good", "reviv", "allow", "infer", "airlin", "gyroscop", "adjust", "irrit",
        "replac", "depend", "adopt", "commun", "activ", "angular", "effect", "bowdler", "prob",
        "ceas", "contr", "roll", "sky", "dy", "enjo", "happ", "geo", "archaeo", "theo", "fl", "sp",
        "ti", "agr", "fe", "bl", "s", "hopp", "fizz", "fall", "hiss", "fail", "fil", "siz", "trou",
        "conflat", "yy", "ay", "sayy", "by", "a1", "x9y", "proceed", "exceed", "news", "inning",
        "howe", "skies", "lying", "can", "out", "tt", "oll", "e",
    ];
    let tails = [
        "", "s", "es", "ies", "sses", "ss", "ed", "ied", "eed", "ing", "y", "ly", "ational",
        "tional", "enci", "anci", "izer", "bli", "abli", "alli", "entli", "eli", "ousli",
        "ization", "ation", "ator", "alism", "iveness", "fulness", "ousness", "aliti", "iviti",
        "biliti", "fulli", "logi", "logy", "icate", "ative", "alize", "iciti", "ical", "ful",
        "ness", "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent",
        "sion", "tion", "ion", "ou", "ism", "ate", "iti", "ous", "ive", "ize", "e", "ll", "lle",
        "ling", "ying", "yed", "tting", "bbed", "ated", "izing", "bled",
    ];
    let mut words: Vec<String> = vec![];
    for head in heads {
        words.extend(tails.iter().map(|tail| format!("{head}{tail}")));
    }
    let letters = "aaeeioubcdlnrstyyz";
    while words.len() < count {
        let length = 1 + random.below(9);
        let mut word: String = (0..length)
            .map(|_| char::from(letters.as_bytes()[random.below(letters.len())]))
            .collect();
        for _ in 0..random.below(3) {
            word.push_str(random.of(&tails));
        }
        words.push(word);
    }
    words
}
