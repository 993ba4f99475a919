//! Every function of `stats` against scipy, statsmodels, scikit-learn and krippendorff, on seeded inputs.
//!
//! Where a reference says nan, we define the answer; those places are compared by hand beside the code.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss
)]

mod exam;

use gatemark_core::stats::agreement::{Level, Weights, alpha, kappa};
use gatemark_core::stats::classification::Confusion;
use gatemark_core::stats::cluster::ClusteredMean;
use gatemark_core::stats::multiple::{benjamini_hochberg, holm};
use gatemark_core::stats::paired::{Discordant, PairedT, tango};
use gatemark_core::stats::power::{self, Aim};
use gatemark_core::stats::proportion::{self, Counted, Interval};
use gatemark_core::stats::random::SplitMix;
use gatemark_core::stats::sample::Sample;
use gatemark_core::stats::{bootstrap, distribution};
use serde_json::{Value, json};

use exam::Exam;

fn ends(interval: Interval) -> Value {
    json!([interval.low, interval.high])
}

fn level(random: &mut SplitMix) -> f64 {
    [0.8, 0.95, 0.99][random.below(3)]
}

/// A count from 1, often small, up to some thousands.
fn size(random: &mut SplitMix) -> u64 {
    let bound = [3, 12, 60, 400, 5000][random.below(5)];
    1 + random.below(bound) as u64
}

/// A part of `n`, often none or all of it.
fn part(random: &mut SplitMix, n: u64) -> u64 {
    match random.below(6) {
        0 => 0,
        1 => n,
        _ => random.below(n as usize + 1) as u64,
    }
}

#[test]
fn proportions() {
    let mut random = SplitMix::new(1);
    let mut exam = Exam::default();
    for _ in 0..120 {
        let (n, m, confidence) = (size(&mut random), size(&mut random), level(&mut random));
        let (k, b) = (part(&mut random, n), part(&mut random, m));
        let z = distribution::normal_quantile(0.5 + 0.5 * confidence);
        let question = |ask: &str| json!({"ask": ask, "k": k, "a": k, "n": n, "b": b, "m": m, "confidence": confidence});
        exam.ask(question("wilson"), ends(proportion::wilson(k, n, z)));
        exam.ask(question("clopper_pearson"), ends(proportion::clopper_pearson(k, n, confidence)));
        exam.ask(question("no_failure"), json!(proportion::most_after_no_failure(n, confidence)));
        let sides = (Counted { successes: k, n }, Counted { successes: b, n: m });
        exam.ask(question("newcombe"), ends(proportion::newcombe(sides.0, sides.1, z)));
    }
    exam.compare(480);
}

#[test]
fn paired_shares() {
    let mut random = SplitMix::new(2);
    let mut exam = Exam::default();
    for _ in 0..150 {
        let cases = size(&mut random);
        let gained = part(&mut random, cases);
        let lost = part(&mut random, cases - gained);
        let (pairs, confidence) = (Discordant { gained, lost, cases }, level(&mut random));
        let question = |ask: &str| json!({"ask": ask, "gained": gained, "lost": lost, "cases": cases, "confidence": confidence});
        let test = pairs.test();
        let p =
            json!([test.exact, test.mid, test.worse, test.worse_mid, test.better, test.better_mid]);
        exam.ask(question("mcnemar"), p);
        exam.ask(question("tango"), ends(tango(pairs, confidence)));
    }
    exam.compare(300);
}

#[test]
fn means() {
    let mut random = SplitMix::new(3);
    let mut exam = Exam::default();
    for seed in 0..80 {
        let n = 4 + random.below(60);
        let confidence = level(&mut random);
        // Scores with ties, as checks give them, and others; all of them sum without rounding, because the
        // bias that the BCa interval corrects counts replicates that equal the mean exactly.
        let mut draw = |ties: bool| {
            if ties {
                random.below(5) as f64 / 4.0
            } else {
                (random.unit() * 4096.0).floor() / 4096.0
            }
        };
        let mut column = |ties: bool| (0..n).map(|_| draw(ties)).collect::<Vec<f64>>();
        let (a, b) = (column(seed % 2 == 0), column(false));
        let pairs: Vec<(f64, f64)> = a.iter().copied().zip(b.iter().copied()).collect();
        let test = PairedT::of(&pairs).unwrap();
        let interval = test.interval(confidence).unwrap();
        exam.ask(
            json!({"ask": "t_paired", "a": a, "b": b, "confidence": confidence}),
            json!([test.t, test.p, interval.low, interval.high]),
        );
        let (sample, interval) = (Sample::of(&b), Sample::of(&b).interval(confidence).unwrap());
        exam.ask(
            json!({"ask": "sample", "x": b, "confidence": confidence}),
            json!([sample.mean, sample.sd, interval.low, interval.high]),
        );
        let groups: Vec<usize> = (0..n).map(|i| i % (2 + n / 3)).collect();
        let mean = ClusteredMean::of(groups.iter().copied().zip(b.iter().copied()));
        let interval = mean.interval(confidence).unwrap();
        exam.ask(
            json!({"ask": "cluster", "x": b, "groups": groups, "confidence": confidence}),
            json!([mean.mean, mean.standard_error, mean.p_value(), interval.low, interval.high]),
        );
        let replicates = bootstrap::means(&b, 300, seed);
        let percentile = bootstrap::percentile(&replicates, confidence).unwrap();
        let bca = bootstrap::bca(&b, &replicates, confidence).unwrap();
        exam.ask(
            json!({"ask": "bootstrap", "x": b, "replicates": replicates, "confidence": confidence}),
            json!([percentile.low, percentile.high, bca.low, bca.high]),
        );
    }
    exam.compare(320);
}

#[test]
fn many_questions_and_power() {
    let mut random = SplitMix::new(4);
    let mut exam = Exam::default();
    for round in 0..100 {
        let p: Vec<f64> = (0..1 + random.below(15))
            .map(|i| if i % 4 == 3 { 0.01 } else { random.unit().powi(3) })
            .collect();
        exam.ask(json!({"ask": "adjusted", "p": p}), json!([holm(&p), benjamini_hochberg(&p)]));
        let n = 5 + size(&mut random);
        let share = |random: &mut SplitMix| 0.05 + 0.9 * random.unit();
        let (p, rho, psi) = (share(&mut random), share(&mut random), share(&mut random));
        let aim = Aim { alpha: [0.01, 0.05, 0.1][round % 3], power: [0.8, 0.9][round % 2] };
        exam.ask(
            json!({"ask": "power", "n": n, "p": p, "rho": rho, "psi": psi, "alpha": aim.alpha, "power": aim.power}),
            json!([
                power::detectable_unpaired(n, p, aim),
                power::detectable_paired(n, p, rho, aim),
                power::detectable_discordant(n, psi, aim),
            ]),
        );
        let (a, b) = (0.5 + 30.0 * random.unit(), 0.5 + 30.0 * random.unit());
        let (k, x) = (part(&mut random, n), 6.0 * random.unit() - 3.0);
        exam.ask(
            json!({"ask": "distributions", "p": p, "a": a, "b": b, "k": k, "n": n, "x": x}),
            json!([
                distribution::normal_quantile(p),
                distribution::normal_cdf(x),
                distribution::t_quantile(p, a),
                distribution::t_cdf(x, a),
                distribution::beta_quantile(a, b, p),
                distribution::beta_cdf(a, b, p),
                distribution::binomial_cdf(k, n, p),
                distribution::binomial_pmf(k, n, p),
            ]),
        );
    }
    exam.compare(300);
}

#[test]
fn agreement() {
    let mut random = SplitMix::new(5);
    let mut exam = Exam::default();
    for round in 0..120 {
        let (classes, n) = (2 + random.below(5), 1 + random.below(50));
        let agreeing = random.unit();
        let pairs: Vec<(usize, usize)> = (0..n)
            .map(|_| {
                let a = random.below(classes);
                (a, if random.unit() < agreeing { a } else { random.below(classes) })
            })
            .collect();
        let (a, b): (Vec<usize>, Vec<usize>) = pairs.iter().copied().unzip();
        let kinds = [
            ("plain", Weights::Plain),
            ("linear", Weights::Linear),
            ("quadratic", Weights::Quadratic),
        ];
        let (name, weights) = kinds[round % 3];
        exam.ask(
            json!({"ask": "kappa", "a": a, "b": b, "classes": classes, "weights": name}),
            json!(kappa(&pairs, classes, weights)),
        );
        let raters = 2 + random.below(4);
        let units: Vec<Vec<Option<f64>>> = (0..2 + random.below(20))
            .map(|_| {
                let base = random.below(5);
                let mut rate = || {
                    let value = if random.unit() < agreeing { base } else { random.below(5) };
                    (random.unit() > 0.2).then_some(value as f64 / 2.0)
                };
                (0..raters).map(|_| rate()).collect()
            })
            .collect();
        let levels = [
            ("nominal", Level::Nominal),
            ("ordinal", Level::Ordinal),
            ("interval", Level::Interval),
        ];
        for (name, level) in levels {
            let question = json!({"ask": "alpha", "units": units, "level": name});
            exam.ask(question, json!(alpha(&units, level)));
        }
    }
    exam.compare(480);
}

#[test]
fn classification() {
    let mut random = SplitMix::new(6);
    let mut exam = Exam::default();
    for _ in 0..100 {
        let classes = 1 + random.below(6);
        let mut word = || format!("class {}", random.below(classes));
        let (mut wanted, mut answered) = (vec![], vec![]);
        for index in 0..40 {
            wanted.push(word());
            // Half of the answers are right, and one is a class that nobody asked for.
            answered.push(if index % 2 == 0 { wanted[index].clone() } else { word() });
        }
        answered[1] = "nothing known".into();
        let mut confusion = Confusion::default();
        wanted.iter().zip(&answered).for_each(|(wanted, answered)| confusion.add(wanted, answered));
        let found = confusion.finish().unwrap();
        let mut ours = vec![found.macro_f1];
        let figures = found.classes.values();
        ours.extend(figures.clone().map(|class| class.precision));
        ours.extend(figures.clone().map(|class| class.recall));
        ours.extend(figures.clone().map(|class| class.f1));
        ours.extend(figures.map(|class| class.support as f64));
        for wanted in found.classes.keys() {
            for answered in found.classes.keys() {
                let cell = found.confusion.iter().find(|(a, b, _)| a == wanted && b == answered);
                ours.push(cell.map_or(0.0, |(_, _, count)| *count as f64));
            }
        }
        let question = json!({"ask": "classification", "wanted": wanted, "answered": answered});
        exam.ask(question, json!(ours));
    }
    exam.compare(100);
}
