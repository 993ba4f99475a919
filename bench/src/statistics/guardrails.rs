//! How often guardrails are wrong, and how soon they are right.

use gatemark_core::guardrail::{
    Arm, Better, Decision, Evidence, Guardrail, Measure, Moments, Share, together,
};
use gatemark_core::stats::proportion::Counted;
use gatemark_core::stats::random::SplitMix;
use gatemark_core::stats::sequential::clustered::Clustered;
use gatemark_core::stats::sequential::{Claim, Comparison};
use gatemark_core::stats::two_sample::{Alternative, two_proportions};

use super::traffic::{World, coin, log_normal};
use super::{Figure, Simulation, repeat};

pub(crate) const SIMULATIONS: &[Simulation] = &[
    ("aa", aa),
    ("aa-ramp", aa_ramp),
    ("detect", detect),
    ("non-inferior", non_inferior),
    ("five", five),
    ("score", score),
    ("latency", latency),
    ("cost", cost),
    ("sticky", sticky),
    ("peek", peek),
];

const SUCCESS: Measure = Measure::Share { better: Better::Higher };

/// The first decision with a look after each call, and the candidate's calls until then.
fn first(guardrail: &Guardrail, world: &World, seed: u64) -> (Decision, f64) {
    let mut random = SplitMix::new(seed);
    let mut evidence = Evidence::new(guardrail, Some(world.quality));
    for number in 0..world.calls {
        let Some(call) = world.call(number, &mut random) else { continue };
        let value = coin(call.rate, &mut random);
        evidence.observe(guardrail, call.arm, value, call.share);
        let decision = guardrail.decision(&evidence);
        if decision != Decision::Hold {
            return (decision, evidence.units().1 as f64);
        }
    }
    (Decision::Hold, evidence.units().1 as f64)
}

fn count(runs: &[(Decision, f64)], decision: Decision) -> usize {
    runs.iter().filter(|run| run.0 == decision).count()
}

fn aa(repeats: u64) -> Vec<Figure> {
    false_alarms("A/A, 10 %, 100,000 calls", &World::steady(0.0), repeats)
}

fn aa_ramp(repeats: u64) -> Vec<Figure> {
    let world = World { share: None, seasons: true, ..World::steady(0.0) };
    false_alarms("A/A, ramp 5–50 %, weekends, nights, trend", &world, repeats)
}

fn false_alarms(name: &str, world: &World, repeats: u64) -> Vec<Figure> {
    let guardrail = Guardrail::superior(SUCCESS);
    let runs = repeat(repeats, |seed| first(&guardrail, world, seed));
    let figure = |what: &str, decision| {
        let hits = count(&runs, decision);
        Figure::percent(format!("{name}: {what}"), hits, runs.len()).at_most(2.0)
    };
    vec![
        figure("false revert", Decision::Revert),
        figure("false promotion (superiority)", Decision::Pass),
    ]
}

fn detect(repeats: u64) -> Vec<Figure> {
    let guardrail = Guardrail::non_inferior(SUCCESS, 0.03);
    let mut figures = vec![];
    for (effect, target) in
        [(-0.02, None), (-0.05, None), (-0.1, Some(127.0)), (-0.2, None), (-0.3, Some(25.0))]
    {
        let more = if effect < -0.06 { 20 } else { 1 };
        let world = World { calls: 1_000_000, ..World::steady(effect) };
        let runs = repeat(repeats * more, |seed| first(&guardrail, &world, seed + 1_000_000));
        let reverted = count(&runs, Decision::Revert);
        let calls: Vec<f64> =
            runs.iter().filter(|run| run.0 == Decision::Revert).map(|run| run.1).collect();
        let name = format!("0.90 → {:.2}, 10 %", 0.9 + effect);
        let mean = Figure::mean(format!("{name}: arm calls to a revert"), &calls, "calls");
        figures.push(match target {
            Some(target) => mean.at_most(target),
            None => mean,
        });
        figures.push(Figure::percent(format!("{name}: reverted"), reverted, runs.len()));
    }
    figures
}

fn non_inferior(repeats: u64) -> Vec<Figure> {
    let guardrail = Guardrail::non_inferior(SUCCESS, 0.03);
    let run = |effect: f64| {
        let world = World { calls: 400_000, ..World::steady(effect) };
        repeat(repeats * 2, |seed| first(&guardrail, &world, seed + 2_000_000))
    };
    let (equal, edge) = (run(0.0), run(-0.03));
    let calls: Vec<f64> = equal.iter().map(|run| run.1).collect();
    vec![
        Figure::percent("equal, margin 0.03: promoted", count(&equal, Decision::Pass), equal.len())
            .at_least(98.0),
        Figure::mean("equal, margin 0.03: arm calls to a decision", &calls, "calls")
            .at_most(1000.0),
        Figure::percent("worse by the margin: promoted", count(&edge, Decision::Pass), edge.len())
            .at_most(5.0),
    ]
}

/// Success, off-format, retries, slow answers and a score of five levels, looked at every 20 calls.
fn five(repeats: u64) -> Vec<Figure> {
    let equal = repeat(repeats, |seed| five_together(seed, 0.0, 100_000));
    let bad = repeat(repeats, |seed| five_together(seed + 3_000_000, -0.1, 100_000));
    let hits = |runs: &[Option<f64>]| runs.iter().flatten().count();
    let delays: Vec<f64> = bad.iter().flatten().copied().collect();
    vec![
        Figure::percent("five guardrails, all equal: false revert", hits(&equal), equal.len())
            .at_most(5.0),
        Figure::mean("five guardrails, one 0.90 → 0.80: arm calls", &delays, "calls"),
        Figure::percent("five guardrails, one 0.90 → 0.80: reverted", hits(&bad), bad.len()),
    ]
}

/// The candidate's calls until the guardrails together revert.
fn five_together(seed: u64, effect: f64, calls: u32) -> Option<f64> {
    let low = Measure::Share { better: Better::Lower };
    let score = Measure::Score { low: 0.0, high: 1.0, better: Better::Higher };
    let rates = [0.9, 0.03, 0.05, 0.05, 0.84];
    let guardrails = [SUCCESS, low, low, Measure::Slow { limit: 0.5 }, score]
        .map(|measure| Guardrail::non_inferior(measure, 0.03));
    let mut random = SplitMix::new(seed);
    let mut evidence: Vec<Evidence> =
        guardrails.iter().zip(rates).map(|(g, rate)| Evidence::new(g, Some(rate))).collect();
    let share = Share::new(0.1)?;
    for _ in 0..calls / 20 {
        let mut sums = [[Moments::default(); 2]; 5];
        for _ in 0..20 {
            let candidate = coin(0.1, &mut random);
            for (place, (sums, rate)) in sums.iter_mut().zip(rates).enumerate() {
                let shift = if place == 0 { effect * candidate } else { 0.0 };
                let value = match place {
                    4 => (0..4).map(|_| coin(rate, &mut random)).sum::<f64>() / 4.0,
                    _ => coin(rate + shift, &mut random),
                };
                sums[candidate as usize].add(value);
            }
        }
        let both = guardrails.iter().zip(&mut evidence).zip(sums);
        let verdicts: Vec<_> = both
            .map(|((guardrail, evidence), [control, candidate])| {
                evidence.absorb(guardrail, share, control, candidate);
                guardrail.judge(evidence)
            })
            .collect();
        if together(&verdicts, 0.05).decision == Decision::Revert {
            return Some(verdicts.first()?.candidate_units as f64);
        }
    }
    None
}

/// The first decision on values drawn by `draw`, at a share of 10 %, and the candidate's calls until then.
fn drawn(
    guardrail: &Guardrail,
    expected: f64,
    calls: u32,
    seed: u64,
    draw: impl Fn(Arm, &mut SplitMix) -> f64,
) -> (Decision, f64) {
    let mut random = SplitMix::new(seed);
    let mut evidence = Evidence::new(guardrail, Some(expected));
    let Some(share) = Share::new(0.1) else { return (Decision::Hold, 0.0) };
    for _ in 0..calls {
        let arm = if random.unit() < 0.1 { Arm::Candidate } else { Arm::Control };
        let value = draw(arm, &mut random);
        evidence.observe(guardrail, arm, value, share);
        let decision = guardrail.decision(&evidence);
        if decision != Decision::Hold {
            return (decision, evidence.units().1 as f64);
        }
    }
    (Decision::Hold, evidence.units().1 as f64)
}

/// False reverts with and calls to a revert without an effect.
fn pair(
    name: &str,
    equal: &[(Decision, f64)],
    worse: &[(&str, Vec<(Decision, f64)>)],
) -> Vec<Figure> {
    let mut figures = vec![
        Figure::percent(
            format!("{name}, equal: false revert"),
            count(equal, Decision::Revert),
            equal.len(),
        )
        .at_most(2.0),
        Figure::percent(
            format!("{name}, equal: false promotion (superiority)"),
            count(equal, Decision::Pass),
            equal.len(),
        )
        .at_most(2.0),
    ];
    for (effect, runs) in worse {
        let calls: Vec<f64> =
            runs.iter().filter(|run| run.0 == Decision::Revert).map(|run| run.1).collect();
        figures.push(Figure::mean(format!("{name}, {effect}: arm calls"), &calls, "calls"));
        let reverted = format!("{name}, {effect}: reverted");
        figures.push(Figure::percent(reverted, calls.len(), runs.len()));
    }
    figures
}

fn score(repeats: u64) -> Vec<Figure> {
    let guardrail =
        Guardrail::superior(Measure::Score { low: 0.0, high: 1.0, better: Better::Higher });
    let run = |effect: f64, calls: u32, seed: u64| {
        drawn(&guardrail, 0.84, calls, seed, |arm, random| {
            let rate = 0.84 + if arm == Arm::Candidate { effect } else { 0.0 };
            // Four judges' votes with a common mood: about the spread of a judge with five levels.
            let mood = (random.unit() - 0.5) * 0.3;
            (0..4).map(|_| coin((rate + mood).min(1.0), random)).sum::<f64>() / 4.0
        })
    };
    let equal = repeat(repeats, |seed| run(0.0, 50_000, seed + 4_000_000));
    let worse = repeat(repeats * 5, |seed| run(-0.1, 100_000, seed + 4_500_000));
    pair("score of five levels, 50,000 calls", &equal, &[("−0.10", worse)])
}

fn latency(repeats: u64) -> Vec<Figure> {
    // Control's p95 of a log-normal with σ = 0.6 and a median of 1.
    let limit = (0.6_f64 * 1.644_854).exp();
    let guardrail = Guardrail::superior(Measure::Slow { limit });
    let run = |factor: f64, calls: u32, seed: u64| {
        drawn(&guardrail, 0.05, calls, seed, |arm, random| {
            log_normal(if arm == Arm::Candidate { factor } else { 1.0 }, 0.6, random)
        })
    };
    let equal = repeat(repeats, |seed| run(1.0, 50_000, seed + 5_000_000));
    let worse = |factor: f64| repeat(repeats * 5, |seed| run(factor, 100_000, seed + 5_500_000));
    let runs = [("1.25 × slower", worse(1.25)), ("2 × slower", worse(2.0))];
    pair("p95 against control's, 50,000 calls", &equal, &runs)
}

fn cost(repeats: u64) -> Vec<Figure> {
    // The 99.9 % quantile of a log-normal with σ = 1.
    let cap = 3.090_232_f64.exp();
    let guardrail = Guardrail::superior(Measure::Amount { cap });
    let run = |factor: f64, calls: u32, seed: u64| {
        drawn(&guardrail, 1.6, calls, seed, |arm, random| {
            log_normal(if arm == Arm::Candidate { factor } else { 1.0 }, 1.0, random)
        })
    };
    let equal = repeat(repeats, |seed| run(1.0, 50_000, seed + 6_000_000));
    let worse = |factor: f64| repeat(repeats * 2, |seed| run(factor, 100_000, seed + 6_500_000));
    let runs = [("1.25 × dearer", worse(1.25)), ("2 × dearer", worse(2.0))];
    pair("cost, heavy tail, 50,000 calls", &equal, &runs)
}

/// Users who stay in their arm, 15 calls each, alike within a user; A/A at 50 % and one look in the end.
fn sticky(repeats: u64) -> Vec<Figure> {
    let runs = repeat(repeats * 5, |seed| {
        let mut random = SplitMix::new(seed + 7_000_000);
        let (mut clustered, mut arms) = (Clustered::default(), [(0, 0); 2]);
        let mut tests = [Claim::NotWorse(0.0); 2].map(|claim| Comparison::new(claim, 0.85));
        let (mut reverted, share) = ([false; 2], Share::new(0.5)?);
        for _ in 0..700 {
            let (unit, candidate) = (random.bits(), random.unit() < 0.5);
            let arm = if candidate { Arm::Candidate } else { Arm::Control };
            let rate =
                1.0 - 0.3 * random.unit().powi(2) - if random.unit() < 0.1 { 0.5 } else { 0.0 };
            for call in 0..15 {
                let value = coin(rate, &mut random);
                clustered.observe(unit, arm, value, share, 0.85);
                let counts = &mut arms[usize::from(candidate)];
                *counts = (counts.0 + value as u64, counts.1 + 1);
                for (place, test) in tests.iter_mut().enumerate() {
                    // The first counts every call, the second one call of each user.
                    if place == 0 || call == 0 {
                        test.observe(arm, value, share);
                        reverted[place] |= test.refutes(0.02);
                    }
                }
            }
        }
        let [control, candidate] = arms.map(|(successes, n)| Counted { successes, n });
        let z = two_proportions(candidate, control, 0.0, true, Alternative::TwoSided)?;
        let estimate = clustered.estimate()?;
        let wrong = estimate.difference.abs() > 1.959_964 * estimate.variance.sqrt();
        Some([z.p < 0.05, wrong, reverted[0], reverted[1]])
    });
    let names = [
        "sticky users, z-test on calls at 0.05: false difference",
        "sticky users, variance between 64 buckets at 0.05: false difference",
        "sticky users, betting on every call at 0.02: false revert",
        "sticky users, betting on one call of each: false revert",
    ];
    let share = |place: usize| runs.iter().flatten().filter(|run| run[place]).count();
    let figure = |(place, name): (usize, &&str)| Figure::percent(*name, share(place), runs.len());
    names.iter().enumerate().map(figure).collect()
}

/// What the usual rule does, for comparison: a two-sided z-test at 0.05 at every 100 calls.
fn peek(repeats: u64) -> Vec<Figure> {
    let runs = repeat(repeats * 20, |seed| {
        let mut random = SplitMix::new(seed + 8_000_000);
        let mut arms = [(0_u64, 0_u64); 2];
        for call in 1..=10_000 {
            let counts = &mut arms[usize::from(random.unit() < 0.5)];
            *counts = (counts.0 + coin(0.9, &mut random) as u64, counts.1 + 1);
            if call % 100 == 0 {
                let [a, b] = arms.map(|(successes, n)| Counted { successes, n });
                let test = two_proportions(a, b, 0.0, true, Alternative::TwoSided);
                if test.is_some_and(|test| test.p < 0.05) {
                    return true;
                }
            }
        }
        false
    });
    let hits = runs.iter().filter(|hit| **hit).count();
    let name = "for comparison: z-test at 0.05 at every 100 of 10,000 calls, A/A: false difference";
    vec![Figure::percent(name, hits, runs.len())]
}
