//! Alarm rates and delays of what watches for months.
//!
//! Quality of a day: 0.8775, weekends worse by 0.03, days that vary by 0.01 with an autocorrelation of 0.3, and
//! 200 scores on a weekday, 120 on others.

use gatemark_core::stats::drift::chart::{Budget, Cusum, Ewma};
use gatemark_core::stats::drift::detector::Detector;
use gatemark_core::stats::drift::reference::{Day, Level, Reference};
use gatemark_core::stats::random::SplitMix;

use super::traffic::{coin, normal};
use super::{Figure, Simulation, repeat};

pub(crate) const SIMULATIONS: &[Simulation] = &[("drift", days), ("e-detector", detector)];

/// Days learned from, and days watched.
const LEARNED: usize = 56;
const WATCHED: usize = 365;

fn series(seed: u64, drop: f64) -> Vec<Day> {
    let mut random = SplitMix::new(seed);
    let mut noise = 0.0;
    (0..LEARNED + WATCHED)
        .map(|day| {
            noise = 0.3 * noise + 0.01 * (1.0 - 0.09_f64).sqrt() * normal(&mut random);
            let weekday = (day % 7) as u8;
            let (weekend, n) = if weekday > 4 { (-0.03, 120) } else { (0.0, 200) };
            let fall = if day < LEARNED { 0.0 } else { drop };
            let rate = (0.8775 + weekend + noise + fall).clamp(0.0, 1.0);
            let mean = (0..n).map(|_| coin(rate, &mut random)).sum::<f64>() / n as f64;
            Day { weekday, mean, n }
        })
        .collect()
}

/// On how many days each rule fires anew, and the first day of each, from 1.
fn watch(days: &[Day]) -> Option<[(u32, Option<u32>); 6]> {
    let reference = Reference::learn(days.get(..LEARNED)?)?;
    let mut found = [(0, None); 6];
    let mut charts = [(Ewma::default(), Cusum::default()); 2];
    let mut before = [false; 6];
    for (number, day) in days.iter().enumerate().skip(LEARNED) {
        let z = reference.z(day);
        let mut now = [false; 6];
        for (place, ((ewma, cusum), budget)) in
            charts.iter_mut().zip([Budget::HalfAYear, Budget::Twentieth]).enumerate()
        {
            ewma.observe(z);
            cusum.observe(z);
            now[2 * place] = ewma.alarm(budget);
            now[2 * place + 1] = cusum.alarm(budget);
            // An alarm is dealt with, and the chart starts again.
            if now[2 * place] {
                *ewma = Ewma::default();
            }
            if now[2 * place + 1] {
                *cusum = Cusum::default();
            }
        }
        let week = days.get(number.saturating_sub(6).max(LEARNED)..=number)?;
        now[4] = reference.relative(week, 0.03)?.level == Level::Alarm;
        let mean = week.iter().map(|day| day.mean).sum::<f64>() / week.len() as f64;
        now[5] = mean < 0.8;
        for ((found, now), before) in found.iter_mut().zip(now).zip(before) {
            if now && !before {
                found.0 += 1;
                found.1 = found.1.or(u32::try_from(number + 1 - LEARNED).ok());
            }
        }
        // Rules over windows stay on until the window is good again; charts were reset.
        before = [false, false, false, false, now[4], now[5]];
    }
    Some(found)
}

const RULES: [&str; 6] = [
    "EWMA −1.16",
    "CUSUM 4.1",
    "EWMA −1.49",
    "CUSUM 5.6",
    "7-day mean < reference − max(0.03, 4 SE)",
    "7-day mean < 0.80",
];

fn days(repeats: u64) -> Vec<Figure> {
    let run = |drop: f64| -> Vec<[(u32, Option<u32>); 6]> {
        let found = repeat(repeats * 2, |seed| watch(&series(seed + 11_000_000, drop)));
        found.into_iter().flatten().collect()
    };
    let (quiet, five, ten) = (run(0.0), run(-0.05), run(-0.1));
    let mut figures = vec![];
    for (place, rule) in RULES.iter().enumerate() {
        let counts: Vec<f64> = quiet.iter().map(|run| f64::from(run[place].0)).collect();
        figures.push(Figure::mean(format!("{rule}: false alarms"), &counts, "a year"));
        for (drop, runs) in [("−0.05", &five), ("−0.10", &ten)] {
            let first = runs.iter().filter_map(|run| run[place].1).filter(|day| *day <= 60);
            let delays: Vec<f64> = first.map(f64::from).collect();
            let missed = runs.len() - delays.len();
            figures.push(Figure::mean(format!("{rule}: days to find {drop}"), &delays, "days"));
            if missed > 0 {
                let name = format!("{rule}: {drop} not found in 60 days");
                figures.push(Figure::percent(name, missed, runs.len()));
            }
        }
    }
    figures
}

/// A rate of 4 % against a limit of 5 %, and jumps after 20,000 calls, with one false alarm in 100,000.
fn detector(repeats: u64) -> Vec<Figure> {
    let between = 100_000.0;
    let quiet = |rate: f64| -> Vec<f64> {
        repeat(repeats, |seed| {
            let mut random = SplitMix::new(seed + 12_000_000);
            let (mut detector, mut alarms) = (Detector::new(0.05), 0.0);
            for _ in 0..100_000 {
                detector.absorb(1, coin(rate, &mut random));
                if detector.alarm(between) {
                    detector.reset();
                    alarms += 1.0;
                }
            }
            alarms
        })
    };
    let delay = |rate: f64| -> Vec<f64> {
        let found = repeat(repeats, |seed| {
            let mut random = SplitMix::new(seed + 12_500_000);
            let mut detector = Detector::new(0.05);
            for _ in 0..20_000 {
                detector.absorb(1, coin(0.03, &mut random));
            }
            (1..=20_000_u32).find(|_| {
                detector.absorb(1, coin(rate, &mut random));
                detector.alarm(between)
            })
        });
        found.into_iter().flatten().map(f64::from).collect()
    };
    let rate = |rate: f64| {
        let name = format!("e-detector, rate {rate}, limit 0.05: false alarms in 100,000 calls");
        Figure::mean(name, &quiet(rate), "").at_most(1.0)
    };
    let jump = |rate: f64| {
        let name = format!("e-detector, jump from 0.03 to {rate}: calls to the alarm");
        Figure::mean(name, &delay(rate), "calls")
    };
    vec![rate(0.04), rate(0.05), jump(0.08), jump(0.12), jump(0.25)]
}
