//! Steps as people write them: `5%:24h, 20%:48h:200, 50%:7d`.

use crate::error::{Error, Result};

use super::plan::Step;
use crate::assign::{Audience, Mode, WHOLE};

const UNITS: [(&str, u64); 5] = [("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

/// Seconds that a text such as `90s`, `30m`, `24h`, `7d` or `2w` means.
///
/// # Errors
/// `Invalid` if it is none.
pub fn seconds(text: &str) -> Result<u64> {
    let text = text.trim();
    let found = UNITS.iter().find_map(|(unit, length)| {
        let number: u64 = text.strip_suffix(unit)?.trim().parse().ok()?;
        number.checked_mul(*length)
    });
    found.ok_or_else(|| {
        Error::invalid(format!("{text:?} is no duration: write it like 90s, 30m, 24h, 7d or 2w"))
    })
}

/// Basis points that a text such as `5%`, `0.5%` or `0.05` means, 1 to 10,000.
///
/// # Errors
/// `Invalid` if it is none, or finer than a basis point.
pub fn points(text: &str) -> Result<u16> {
    let wrong = || {
        Error::invalid(format!(
            "{text:?} is no share: write it like 5% or 0.05, from 0.01% to 100%"
        ))
    };
    let (number, places) = match text.trim().strip_suffix('%') {
        Some(percent) => (percent.trim(), 2),
        None => (text.trim(), 4),
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|c| c.is_ascii_digit());
    let part = part.trim_end_matches('0');
    if whole.is_empty() || part.len() > places || !digits(whole) || !digits(part) {
        return Err(wrong());
    }
    let points: u32 = format!("{whole}{part:0<places$}").parse().map_err(|_| wrong())?;
    let points = u16::try_from(points).map_err(|_| wrong())?;
    if (1..=WHOLE).contains(&points) { Ok(points) } else { Err(wrong()) }
}

/// Reads steps: share, hold and, if wanted, the candidate's least number of units, with `:` between them and `,`
/// between steps. A share may have `shadow` before it. A last step of 100 % is what a promotion is, and may be
/// left out.
///
/// # Errors
/// `Invalid`, naming the step.
pub fn read(text: &str, default_least: u64) -> Result<Vec<Step>> {
    let mut steps = vec![];
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let about = |why: &str| {
            let message =
                format!("the step {part:?} {why}: write SHARE:HOLD[:SAMPLES], e.g. 5%:24h");
            Error::invalid(message).at("steps")
        };
        let mut fields = part.split(':').map(str::trim);
        let share = fields.next().unwrap_or_default();
        let (mode, share) = match share.strip_prefix("shadow ") {
            Some(share) => (Mode::Shadow, share),
            None => (Mode::Serve, share),
        };
        let share = points(share).map_err(|_| about("has no share from 0.01% to 100%"))?;
        let hold = fields.next();
        if share == WHOLE && hold.is_none() {
            continue;
        }
        let hold = hold.ok_or_else(|| about("says not how long it holds"))?;
        let hold_s = seconds(hold).map_err(|_| about("has a hold that is no duration"))?;
        let least = match fields.next() {
            Some(least) => least.parse().map_err(|_| about("has samples that are no number"))?,
            None => default_least,
        };
        if fields.next().is_some() {
            return Err(about("has more than three fields"));
        }
        if share == WHOLE && mode == Mode::Serve {
            return Err(about("is the promotion: what is watched after it is --watch"));
        }
        steps.push(Step { mode, share, hold_s, least, audience: Audience::default() });
    }
    Ok(steps)
}

/// A duration in its largest whole unit.
pub fn duration(seconds: u64) -> String {
    let fits = |length: &u64| seconds >= *length && seconds.is_multiple_of(*length);
    // Weeks are written as days: `7d` is shorter to understand than `1w`.
    let unit = UNITS.iter().skip(1).find(|(_, length)| fits(length));
    let (unit, length) = unit.copied().unwrap_or(("s", 1));
    format!("{}{unit}", seconds / length)
}

/// A share in percent.
pub fn spell(points: u16) -> String {
    let text = format!("{}.{:02}", points / 100, points % 100);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}
