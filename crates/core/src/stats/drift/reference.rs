//! Days against a frozen reference: quality with the week taken out, and the rule of relative level.
//!
//! A drop from 0.87 to 0.82 is a disaster that the rule "7-day mean below 0.80" takes three weeks to find, or
//! does not find. So a version's own first weeks are its reference: its mean, its weekdays and how its days vary.
//! Days vary by more than sampling explains, and weekends are worse than weekdays; a standard error that
//! knows neither raised 3.4 false alarms in a year.

use serde::{Deserialize, Serialize};

use crate::stats::sample::Sample;

/// One day's mean.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Day {
    /// 0 to 6; larger numbers are taken modulo 7.
    pub weekday: u8,
    /// Mean of the day's scores.
    pub mean: f64,
    /// How many.
    pub n: u64,
}

/// What days were like when a version was deployed. It is learned once and stays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// Mean over days with the week taken out.
    pub mean: f64,
    /// What each weekday adds to it.
    pub weekdays: [f64; 7],
    /// Standard deviation of days after that.
    pub deviation: f64,
    /// How many days were learned from.
    pub days: u32,
}

/// Least days to learn from.
const LEAST_DAYS: usize = 14;

impl Reference {
    /// Learns from complete days: at least 14, better 56 (28 more than double the time to find a drop of 2
    /// points). Weekdays' effects are their mean deviations; the residual variance has days − weekdays seen
    /// degrees of freedom. `None` for fewer days.
    #[allow(clippy::cast_precision_loss)]
    pub fn learn(days: &[Day]) -> Option<Self> {
        let days: Vec<&Day> = days.iter().filter(|day| day.n > 0 && day.mean.is_finite()).collect();
        if days.len() < LEAST_DAYS {
            return None;
        }
        let of = |weekday: u8| -> Vec<f64> {
            let same = days.iter().filter(|day| day.weekday % 7 == weekday);
            same.map(|day| day.mean).collect()
        };
        let by: [Vec<f64>; 7] = [0, 1, 2, 3, 4, 5, 6].map(of);
        let seen = by.iter().filter(|values| !values.is_empty()).count();
        let means = by.each_ref().map(|values| Sample::of(values).mean);
        let filled = by.iter().zip(means).filter(|(values, _)| !values.is_empty());
        let mean = filled.map(|(_, mean)| mean).sum::<f64>() / seen as f64;
        let weekdays: [f64; 7] = std::array::from_fn(|i| {
            let some = by.get(i).is_some_and(|values| !values.is_empty());
            if some { means.get(i).map_or(0.0, |weekday| weekday - mean) } else { 0.0 }
        });
        let fitted = Self { mean, weekdays, deviation: 0.0, days: 0 };
        let squares: f64 = days.iter().map(|day| (day.mean - fitted.expected(day)).powi(2)).sum();
        let freedom = (days.len() - seen).max(1) as f64;
        let days = u32::try_from(days.len()).unwrap_or(u32::MAX);
        Some(Self { deviation: (squares / freedom).sqrt(), days, ..fitted })
    }

    /// What a day like this was.
    pub fn expected(&self, day: &Day) -> f64 {
        self.mean + self.weekdays.get(usize::from(day.weekday % 7)).copied().unwrap_or_default()
    }

    /// The day's distance from what is expected, in standard deviations of days; negative is worse. 0 where
    /// days did not vary and neither does this one.
    pub fn z(&self, day: &Day) -> f64 {
        let distance = day.mean - self.expected(day);
        if distance == 0.0 { 0.0 } else { distance / self.deviation.max(1e-9) }
    }

    /// The rule of relative level for the last days, best seven: their mean distance from the reference, with
    /// SE² = s²(1/k + 1/R) for k days now and R then, against max(`least`, 4·SE); a warning at 3·SE. With 0.03
    /// it cries wolf less than 0.2 times in a year at any volume (0.05 with 56 days), and finds a drop of 10
    /// points after 2 to 6 days. `None` without days.
    #[allow(clippy::cast_precision_loss)]
    pub fn relative(&self, last: &[Day], least: f64) -> Option<Relative> {
        let last: Vec<&Day> = last.iter().filter(|day| day.n > 0).collect();
        if last.is_empty() {
            return None;
        }
        let k = last.len() as f64;
        let distance = last.iter().map(|day| day.mean - self.expected(day)).sum::<f64>() / k;
        let whole = self.deviation.powi(2) * (1.0 / k + 1.0 / f64::from(self.days.max(1)));
        let standard_error = whole.sqrt();
        let alarm = least.max(4.0 * standard_error);
        let warning = least.max(3.0 * standard_error);
        let level = if distance < -alarm {
            Level::Alarm
        } else if distance < -warning {
            Level::Warning
        } else {
            Level::Fine
        };
        Some(Relative { distance, standard_error, alarm, level })
    }
}

/// What the rule of relative level says.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Relative {
    /// Mean distance from the reference; negative is worse.
    pub distance: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// The distance below which it is an alarm, positive.
    pub alarm: f64,
    /// The verdict.
    pub level: Level,
}

/// How bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Within what days vary.
    Fine,
    /// Beyond 3 standard errors and the least distance.
    Warning,
    /// Beyond 4.
    Alarm,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(count: u8, shift: f64) -> Vec<Day> {
        let wobble = [0.01, -0.01, 0.0, 0.005, -0.005];
        (0..count)
            .map(|day| {
                let weekend = if day % 7 > 4 { -0.03 } else { 0.0 };
                let noise = wobble[usize::from(day) % 5];
                Day { weekday: day % 7, mean: 0.88 + weekend + noise + shift, n: 200 }
            })
            .collect()
    }

    #[test]
    fn the_week_is_taken_out() {
        let reference = Reference::learn(&days(56, 0.0)).unwrap();
        assert!((reference.weekdays[6] - reference.weekdays[0] + 0.03).abs() < 0.005);
        assert!(reference.deviation < 0.01, "{reference:?}");
        assert!(days(7, 0.0).iter().all(|day| reference.z(day).abs() < 2.5));
        assert_eq!(Reference::learn(&days(13, 0.0)), None);
    }

    #[test]
    fn a_drop_is_an_alarm_and_a_weekend_is_none() {
        let reference = Reference::learn(&days(56, 0.0)).unwrap();
        let level = |last: &[Day]| reference.relative(last, 0.03).unwrap().level;
        assert_eq!(level(&days(7, 0.0)), Level::Fine);
        assert_eq!(level(&days(7, -0.025)), Level::Fine);
        assert_eq!(level(&days(7, -0.05)), Level::Alarm);
        assert_eq!(level(&days(7, 0.0)[5..]), Level::Fine);
        assert_eq!(reference.relative(&[], 0.03), None);
    }
}
