//! Lengths of buckets, and of the windows that are looked at.

const SECOND: i64 = 1_000_000;

/// How long a bucket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Span {
    /// For two days.
    Minute,
    /// For five weeks.
    Hour,
    /// For ever.
    Day,
}

impl Span {
    /// Its length in seconds.
    pub fn seconds(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }

    /// Its length in microseconds.
    pub fn micros(self) -> i64 {
        self.seconds() * SECOND
    }

    /// When the bucket of a moment begins; both in microseconds since 1970.
    pub fn begin(self, at: i64) -> i64 {
        at.saturating_sub(at.rem_euclid(self.micros()))
    }
}

/// How far back somebody looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    /// Five minutes.
    FiveMinutes,
    /// An hour.
    Hour,
    /// A day.
    Day,
    /// Seven days.
    Week,
    /// Twenty-eight days.
    FourWeeks,
}

impl Period {
    /// Every period with its word, the shortest first.
    pub const WORDS: [(&'static str, Period); 5] = [
        ("5m", Self::FiveMinutes),
        ("1h", Self::Hour),
        ("24h", Self::Day),
        ("7d", Self::Week),
        ("28d", Self::FourWeeks),
    ];

    /// The word.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, period)| *period == self).map_or("", |(word, _)| word)
    }

    /// The period that `word` names.
    pub fn named(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(known, _)| *known == word).map(|(_, period)| *period)
    }

    /// Where the window that ends at `now` begins, in microseconds since 1970: at a minute, and where hours have
    /// taken the place of minutes at an hour, so that no bucket lies across it.
    pub fn since(self, now: i64) -> i64 {
        let minutes = match self {
            Self::FiveMinutes => 5,
            Self::Hour => 60,
            Self::Day => 24 * 60,
            Self::Week => 7 * 24 * 60,
            Self::FourWeeks => 28 * 24 * 60,
        };
        let begin = now.saturating_sub(minutes * Span::Minute.micros());
        match self {
            Self::Week | Self::FourWeeks => Span::Hour.begin(begin),
            _ => Span::Minute.begin(begin),
        }
    }
}
