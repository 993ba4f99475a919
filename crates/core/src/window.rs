//! Calendar windows: days, weeks and months as people in a time zone count them.
//!
//! The calendar comes from jiff with its table of time zones linked in, so the answer depends on the
//! arguments alone and not on the machine. A day on which clocks are changed has 23 or 25 hours, and a
//! window begins at the first moment of its first day even where midnight does not exist.

use std::fmt;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

/// What a budget's amount is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Window {
    /// Each call.
    Call,
    /// A day.
    Day,
    /// A week from Monday.
    Week,
    /// A month.
    Month,
    /// All time.
    Total,
}

impl Window {
    /// Every window with its word.
    pub const WORDS: [(&'static str, Self); 5] = [
        ("call", Self::Call),
        ("day", Self::Day),
        ("week", Self::Week),
        ("month", Self::Month),
        ("total", Self::Total),
    ];

    /// Its word in files and answers.
    pub fn word(self) -> &'static str {
        Self::WORDS.into_iter().find(|(_, window)| *window == self).map_or("", |(word, _)| word)
    }
}

/// A time zone by its name in the IANA database.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone {
    name: String,
    zone: TimeZone,
}

impl Zone {
    /// Coordinated universal time.
    pub fn utc() -> Self {
        Self { name: "UTC".into(), zone: TimeZone::UTC }
    }

    /// The zone of that name, such as `Europe/Berlin`.
    pub fn named(name: &str) -> Option<Self> {
        let zone = TimeZone::get(name).ok()?;
        Some(Self { name: zone.iana_name().unwrap_or(name).to_string(), zone })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.name)
    }
}

/// A stretch of time in microseconds since 1970: from `start` to before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Its first moment.
    pub start: i64,
    /// The first moment after it; `i64::MAX` if it has none.
    pub end: i64,
}

impl Span {
    /// All time.
    pub const ALL: Self = Self { start: i64::MIN, end: i64::MAX };

    /// Whether `at` lies in it.
    pub fn holds(&self, at: i64) -> bool {
        (self.start..self.end).contains(&at)
    }
}

/// The window around the moment `at`, in microseconds since 1970. All time for windows without a calendar,
/// and for moments outside of the years that calendars know.
pub fn around(window: Window, zone: &Zone, at: i64) -> Span {
    calendar(window, zone, at).unwrap_or(Span::ALL)
}

fn calendar(window: Window, zone: &Zone, at: i64) -> Option<Span> {
    let today = Timestamp::from_microsecond(at).ok()?.to_zoned(zone.zone.clone()).date();
    let (first, length) = match window {
        Window::Call | Window::Total => return None,
        Window::Day => (today, 1.day()),
        Window::Week => {
            let past = i32::from(today.weekday().to_monday_zero_offset());
            (today.checked_sub(past.days()).ok()?, 1.week())
        }
        Window::Month => (today.first_of_month(), 1.month()),
    };
    let begins = |date: jiff::civil::Date| -> Option<i64> {
        let noon: Zoned = date.at(12, 0, 0, 0).to_zoned(zone.zone.clone()).ok()?;
        Some(noon.start_of_day().ok()?.timestamp().as_microsecond())
    };
    Some(Span { start: begins(first)?, end: begins(first.checked_add(length).ok()?)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_microsecond()
    }

    #[track_caller]
    fn check(window: Window, zone: &str, moment: &str, start: &str, end: &str) {
        let span = around(window, &Zone::named(zone).unwrap(), at(moment));
        assert_eq!(span, Span { start: at(start), end: at(end) }, "{moment} in {zone}");
    }

    #[test]
    fn windows_of_the_calendar() {
        let utc = |window, start: &str, end: &str| {
            check(window, "UTC", "2024-02-29T23:59:59Z", start, end)
        };
        utc(Window::Day, "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z");
        utc(Window::Week, "2024-02-26T00:00:00Z", "2024-03-04T00:00:00Z");
        utc(Window::Month, "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z");
        check(
            Window::Month,
            "Asia/Tokyo",
            "2026-12-31T15:00:00Z",
            "2026-12-31T15:00:00Z",
            "2027-01-31T15:00:00Z",
        );
        assert_eq!(around(Window::Total, &Zone::utc(), 5), Span::ALL);
    }

    #[test]
    fn days_on_which_clocks_change() {
        // 23 hours, 25 hours, and a month that begins in winter time and ends in summer time.
        check(
            Window::Day,
            "Europe/Berlin",
            "2026-03-29T10:00:00Z",
            "2026-03-28T23:00:00Z",
            "2026-03-29T22:00:00Z",
        );
        check(
            Window::Day,
            "Europe/Berlin",
            "2026-10-25T00:30:00Z",
            "2026-10-24T22:00:00Z",
            "2026-10-25T23:00:00Z",
        );
        check(
            Window::Day,
            "Europe/Berlin",
            "2026-10-25T01:30:00Z",
            "2026-10-24T22:00:00Z",
            "2026-10-25T23:00:00Z",
        );
        check(
            Window::Month,
            "Europe/Berlin",
            "2026-03-15T00:00:00Z",
            "2026-02-28T23:00:00Z",
            "2026-03-31T22:00:00Z",
        );
        // Midnight does not exist on this day in Beirut: it begins at one o'clock.
        check(
            Window::Day,
            "Asia/Beirut",
            "2022-03-27T12:00:00Z",
            "2022-03-26T22:00:00Z",
            "2022-03-27T21:00:00Z",
        );
        // Samoa left out the 30th of December 2011.
        check(
            Window::Day,
            "Pacific/Apia",
            "2011-12-30T09:59:59Z",
            "2011-12-29T10:00:00Z",
            "2011-12-30T10:00:00Z",
        );
    }

    #[test]
    fn windows_follow_on_each_other() {
        for zone in ["America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia"]
        {
            let zone = Zone::named(zone).unwrap();
            for window in [Window::Day, Window::Week, Window::Month] {
                let (mut moment, until) = (at("2011-01-01T00:00:00Z"), at("2031-01-01T00:00:00Z"));
                while moment < until {
                    let span = around(window, &zone, moment);
                    assert!(
                        span.holds(moment) && span.holds(span.end - 1) && !span.holds(span.end)
                    );
                    assert_eq!(around(window, &zone, span.start), span);
                    moment = span.end;
                }
            }
        }
    }

    #[test]
    fn zones_by_name() {
        assert!(Zone::named("Europe/Nowhere").is_none());
        assert_eq!(Zone::named("europe/berlin").unwrap().name(), "Europe/Berlin");
    }
}
