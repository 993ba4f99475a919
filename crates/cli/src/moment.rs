//! Points in time and lengths of time as people read and write them. Inside, time is microseconds since
//! 1970.

use jiff::Timestamp;

/// `2026-11-21 09:48:02` in UTC, without the zone: headings say it.
pub(crate) fn shown(micros: i64) -> String {
    match Timestamp::from_microsecond(micros) {
        Ok(moment) => moment.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        Err(_) => micros.to_string(),
    }
}

/// A length of time in the unit that keeps it short: `850 µs`, `12.3 ms`, `4.56 s`.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn length(micros: u64) -> String {
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => format!("{:.1} ms", micros as f64 / 1e3),
        _ => format!("{:.2} s", micros as f64 / 1e6),
    }
}

/// Reads `90s`, `15m`, `1h`, `7d` as that long before `now`, and `2026-11-21` or
/// `2026-11-21T09:00:00Z` as that moment.
pub(crate) fn parse(text: &str, now: i64) -> Result<i64, String> {
    if let Some(micros) = ago(text) {
        return Ok(now.saturating_sub(micros));
    }
    let day = format!("{text}T00:00:00Z");
    let moment = text.parse::<Timestamp>().or_else(|_| day.parse());
    moment.map(Timestamp::as_microsecond).map_err(|_| {
        "write how long ago (`30s`, `15m`, `1h`, `7d`) or a moment (`2026-11-21`, \
         `2026-11-21T09:00:00Z`)"
            .to_string()
    })
}

fn ago(text: &str) -> Option<i64> {
    let unit = text.chars().next_back()?;
    let seconds: i64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    let count = text.strip_suffix(unit)?;
    if !count.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    count.parse::<i64>().ok()?.checked_mul(seconds)?.checked_mul(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000_000_000;

    #[test]
    fn moments_as_people_write_them() {
        assert_eq!(parse("1h", NOW), Ok(NOW - 3_600_000_000));
        assert_eq!(parse("7d", NOW), Ok(NOW - 7 * 86_400_000_000));
        assert_eq!(parse("1970-01-02", NOW), Ok(86_400_000_000));
        assert_eq!(parse("1970-01-01T00:00:01Z", NOW), Ok(1_000_000));
        for bad in ["", "h", "-1h", "1y", "yesterday", "99999999999999999d", "1.5h", "é"] {
            assert!(parse(bad, NOW).is_err(), "{bad}");
        }
    }

    #[test]
    fn lengths_choose_their_unit() {
        assert_eq!(length(850), "850 µs");
        assert_eq!(length(12_340), "12.3 ms");
        assert_eq!(length(4_560_000), "4.56 s");
    }

    #[test]
    fn moments_are_shown_in_utc() {
        assert_eq!(shown(0), "1970-01-01 00:00:00");
        assert_eq!(shown(i64::MAX), i64::MAX.to_string());
    }
}
