//! Sample ratios, quantile sketches, and how long a tick takes.

use std::hint::black_box;

use gatemark_core::guardrail::{Better, Evidence, Guardrail, Measure, Moments, Share, together};
use gatemark_core::stats::random::SplitMix;
use gatemark_core::stats::sequential::ratio::{Phase, log_e};
use gatemark_core::stats::sketch::Sketch;

use super::traffic::log_normal;
use super::{Figure, Simulation, repeat};

pub(crate) const SIMULATIONS: &[Simulation] =
    &[("ratio", ratio), ("sketch", sketch), ("tick", tick)];

/// Units until the alarm at level 0.001, looked at after each of the first 100,000 and then every 100.
fn alarm(share: f64, units: u64, seed: u64) -> Option<u64> {
    let mut random = SplitMix::new(seed);
    let mut phase = Phase { weights: vec![0.5, 0.5], counts: vec![0, 0] };
    for unit in 1..=units {
        let place = usize::from(random.unit() >= share);
        if let Some(count) = phase.counts.get_mut(place) {
            *count += 1;
        }
        let look = unit <= 100_000 || unit % 100 == 0;
        if look && log_e(std::slice::from_ref(&phase)) >= 1000_f64.ln() {
            return Some(unit);
        }
    }
    None
}

fn ratio(repeats: u64) -> Vec<Figure> {
    let equal = repeat(repeats * 2, |seed| alarm(0.5, 100_000, seed + 9_000_000));
    let skewed =
        |share: f64, units: u64| repeat(repeats, |seed| alarm(share, units, seed + 9_500_000));
    let (half, one, five) = (skewed(0.505, 600_000), skewed(0.51, 200_000), skewed(0.55, 50_000));
    let within = |runs: &[Option<u64>], most: u64| {
        runs.iter().flatten().filter(|units| **units <= most).count()
    };
    let delay = |name: &str, runs: &[Option<u64>]| {
        let units: Vec<f64> = runs.iter().flatten().map(|units| *units as f64).collect();
        Figure::mean(format!("{name}: units to the alarm"), &units, "units")
    };
    let found = |most: u64| {
        let name = format!("sample ratio 50.5 : 49.5: found by {most} units");
        Figure::percent(name, within(&half, most), half.len())
    };
    vec![
        Figure::percent(
            "sample ratio as planned, 100,000 units: false alarm at 0.001",
            within(&equal, 100_000),
            equal.len(),
        )
        .at_most(0.1),
        found(100_000),
        found(200_000),
        found(400_000),
        delay("sample ratio 50.5 : 49.5", &half),
        delay("sample ratio 51 : 49", &one),
        delay("sample ratio 55 : 45", &five),
    ]
}

/// Ten million latencies in 64 parts: log-normal, and one in a hundred a time-out at 30 to 60 s.
fn sketch(_: u64) -> Vec<Figure> {
    let mut random = SplitMix::new(10);
    let mut values = Vec::with_capacity(10_000_000);
    let mut parts = vec![Sketch::default(); 64];
    for index in 0..10_000_000_usize {
        let value = if random.below(100) == 0 {
            30_000.0 + 30_000.0 * random.unit()
        } else {
            log_normal(800.0, 0.8, &mut random)
        };
        values.push(value);
        if let Some(part) = parts.get_mut(index % 64) {
            part.add(value);
        }
    }
    values.sort_by(f64::total_cmp);
    let merged = |order: &mut dyn Iterator<Item = usize>| {
        let mut whole = Sketch::default();
        order.filter_map(|place| parts.get(place)).for_each(|part| whole.merge(part));
        whole
    };
    let whole = merged(&mut (0..64));
    let orders = [merged(&mut (0..64).rev()), merged(&mut (0..64).map(|place| place * 37 % 64))];
    let different = orders.iter().filter(|other| **other != whole).count();
    let worst = [0.001, 0.01, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999, 0.9999]
        .iter()
        .filter_map(|q| {
            let rank = (q * values.len() as f64).ceil() as usize;
            Some((whole.quantile(*q)? / values.get(rank - 1)? - 1.0).abs())
        })
        .fold(0.0, f64::max);
    let bytes = whole.to_bytes().len() as f64;
    let start = std::time::Instant::now();
    let mut speed = Sketch::default();
    values.iter().step_by(10).for_each(|value| speed.add(black_box(*value)));
    let insert = start.elapsed().as_secs_f64() * 1e9 / 1_000_000.0;
    vec![
        Figure::mean(
            "sketch, 10 M latencies: worst error of nine quantiles",
            &[100.0 * worst],
            "%",
        )
        .at_most(1.0),
        Figure::mean("sketch: orders of merging that differ", &[different as f64], "").at_most(0.0),
        Figure::mean("sketch: bytes", &[bytes], "bytes"),
        Figure::mean("sketch: time to count a value", &[insert], "ns"),
    ]
}

/// 10,000 prompts of five guardrails take a minute's sums and judge, on one core; once more with
/// reading and writing their states as JSON.
fn tick(_: u64) -> Vec<Figure> {
    let low = Measure::Share { better: Better::Lower };
    let guardrails = [
        Measure::Share { better: Better::Higher },
        low,
        low,
        Measure::Slow { limit: 900.0 },
        Measure::Amount { cap: 50.0 },
    ]
    .map(|measure| Guardrail::non_inferior(measure, 0.03));
    let Some(share) = Share::new(0.1) else { return vec![] };
    let fresh: Vec<Evidence> =
        guardrails.iter().map(|guardrail| Evidence::new(guardrail, Some(0.1))).collect();
    let mut prompts = vec![fresh; 10_000];
    let (control, candidate) = (Moments::counted(41, 45), Moments::counted(4, 5));
    let decide = |evidence: &mut [Evidence]| {
        let both = guardrails.iter().zip(evidence);
        let verdicts: Vec<_> = both
            .map(|(guardrail, evidence)| {
                evidence.absorb(guardrail, share, control, candidate);
                guardrail.judge(evidence)
            })
            .collect();
        black_box(together(&verdicts, 0.05));
    };
    let (mut plain, mut stored, mut bytes) = (vec![], vec![], 0.0);
    for _ in 0..5 {
        let start = std::time::Instant::now();
        prompts.iter_mut().for_each(|evidence| decide(evidence));
        plain.push(start.elapsed().as_secs_f64());
        let texts: Vec<String> =
            prompts.iter().filter_map(|evidence| serde_json::to_string(evidence).ok()).collect();
        bytes = texts.first().map_or(0.0, |text| text.len() as f64 / 5.0);
        let start = std::time::Instant::now();
        for text in &texts {
            if let Ok(mut evidence) = serde_json::from_str::<Vec<Evidence>>(text) {
                decide(&mut evidence);
                black_box(serde_json::to_string(&evidence).map_or(0, |text| text.len()));
            }
        }
        stored.push(start.elapsed().as_secs_f64());
    }
    vec![
        Figure::mean("tick, 10,000 prompts of five guardrails", &plain, "s").at_most(1.0),
        Figure::mean("the same with states read and written as JSON", &stored, "s").at_most(1.0),
        Figure::mean("state of a guardrail as JSON", &[bytes], "bytes").at_most(2048.0),
    ]
}
