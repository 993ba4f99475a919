//! The statistics of experiments against scipy and statsmodels, and against their definitions evaluated
//! in another way: mixtures by numerical integration, wealth outcome by outcome, ends by root finding.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss
)]

mod exam;

use gatemark_core::stats::agreement::fleiss;
use gatemark_core::stats::drift::population::stability_index;
use gatemark_core::stats::planning;
use gatemark_core::stats::power::Aim;
use gatemark_core::stats::proportion::Counted;
use gatemark_core::stats::random::SplitMix;
use gatemark_core::stats::sequential::hedged::Hedged;
use gatemark_core::stats::sequential::ratio::{self, Phase};
use gatemark_core::stats::sequential::{
    Arm, Bound, Claim, Comparison, Level, Share, Total, asymptotic, level,
};
use gatemark_core::stats::two_sample::{
    Alternative, Method, Welch, kolmogorov_smirnov, mann_whitney, two_proportions,
};
use serde_json::{Value, json};

use exam::Exam;

const ALTERNATIVES: [(&str, Alternative); 3] = [
    ("two-sided", Alternative::TwoSided),
    ("greater", Alternative::Greater),
    ("less", Alternative::Less),
];

/// Values with or without ties, shifted.
fn values(random: &mut SplitMix, n: usize, ties: bool, shift: f64) -> Vec<f64> {
    let mut draw = || if ties { random.below(7) as f64 } else { random.unit() * 6.0 };
    (0..n).map(|_| draw() + if ties { shift.round() } else { shift }).collect()
}

#[test]
fn two_shares() {
    let mut random = SplitMix::new(41);
    let mut exam = Exam::default();
    for round in 0..150 {
        let (n, m) = (2 + random.below(2000) as u64, 2 + random.below(300) as u64);
        let (a, b) = (1 + random.below(n as usize - 1) as u64, random.below(m as usize) as u64);
        let (name, alternative) = ALTERNATIVES[round % 3];
        let pooled = round % 2 == 0;
        let value = if pooled { 0.0 } else { [0.0, 0.05, -0.1][random.below(3)] };
        let sides = (Counted { successes: a, n }, Counted { successes: b, n: m });
        let test = two_proportions(sides.0, sides.1, value, pooled, alternative).unwrap();
        exam.ask(
            json!({"ask": "two_proportions", "a": a, "n": n, "b": b, "m": m, "null": value, "pooled": pooled, "alternative": name}),
            json!([test.z, test.p]),
        );
    }
    exam.compare_to(150, 1e-9);
}

#[test]
fn two_samples() {
    let mut random = SplitMix::new(42);
    let mut exam = Exam::default();
    for round in 0..150 {
        let (name, alternative) = ALTERNATIVES[round % 3];
        let ties = round % 4 == 1;
        let (n, m) = (2 + random.below(40), 2 + random.below(if round % 5 == 0 { 7 } else { 60 }));
        let shift = random.unit() * 3.0 - 1.5;
        let (a, b) = (values(&mut random, n, ties, shift), values(&mut random, m, ties, 0.0));
        let test = Welch::of(&a, &b).unwrap();
        let interval = test.interval(0.95);
        if test.standard_error > 0.0 {
            exam.ask(
                json!({"ask": "welch", "a": a, "b": b, "alternative": name, "confidence": 0.95}),
                json!([test.t, test.freedom, test.p(alternative), interval.low, interval.high]),
            );
        }
        let (word, method) =
            [("auto", Method::Auto), ("asymptotic", Method::Asymptotic)][round % 2];
        let test = mann_whitney(&a, &b, alternative, method).unwrap();
        exam.ask(
            json!({"ask": "mann_whitney", "a": a, "b": b, "alternative": name, "method": word}),
            json!([test.u, test.p]),
        );
        let test = kolmogorov_smirnov(&a, &b).unwrap();
        exam.ask(json!({"ask": "ks", "a": a, "b": b}), json!([test.d, test.p]));
    }
    exam.compare_to(440, 1e-9);
}

#[test]
fn raters_bins_and_sizes() {
    let mut random = SplitMix::new(43);
    let mut exam = Exam::default();
    for round in 0..80 {
        let (classes, raters) = (2 + random.below(4), 2 + random.below(6));
        let counts: Vec<Vec<u64>> = (0..3 + random.below(20))
            .map(|_| {
                let mut row = vec![0; classes];
                (0..raters).for_each(|_| row[random.below(classes)] += 1);
                row
            })
            .collect();
        exam.ask(json!({"ask": "fleiss", "counts": counts}), json!(fleiss(&counts)));
        let mut side = || (0..6).map(|_| random.below(50) as f64 + 1.0).collect::<Vec<f64>>();
        let (p, q) = (side(), side());
        let psi = stability_index(&p, &q, 1e-4).unwrap();
        exam.ask(json!({"ask": "psi", "expected": p, "actual": q, "floor": 1e-4}), json!(psi));
        let (name, alternative) = ALTERNATIVES[round % 2];
        let (p, q) = (0.05 + 0.4 * random.unit(), 0.5 + 0.4 * random.unit());
        let (p, q) = if alternative == Alternative::Greater { (q, p) } else { (p, q) };
        let (ratio, aim) =
            (0.2 + 3.0 * random.unit(), Aim { alpha: 0.02 + 0.1 * random.unit(), power: 0.8 });
        let (difference, sd) = (0.1 + random.unit(), 0.5 + random.unit());
        let shares = planning::for_shares(p, q, ratio, aim, alternative).unwrap().first;
        let means = planning::for_means(difference, sd, ratio, aim, alternative).unwrap().first;
        exam.ask(
            json!({"ask": "sizes", "p": p, "q": q, "ratio": ratio, "alpha": aim.alpha, "power": aim.power, "alternative": name, "difference": difference, "sd": sd}),
            json!([shares, means]),
        );
    }
    exam.compare_to(240, 1e-9);
}

#[test]
fn sample_ratios() {
    let mut random = SplitMix::new(44);
    let mut exam = Exam::default();
    for _ in 0..100 {
        let arms = 2 + random.below(3);
        let weights: Vec<f64> = (0..arms).map(|_| 1.0 + random.below(50) as f64).collect();
        let counts: Vec<u64> =
            weights.iter().map(|w| (w * (20.0 + 30.0 * random.unit())) as u64).collect();
        let phase = Phase { weights: weights.clone(), counts: counts.clone() };
        let question =
            |ask: &str| json!({"ask": ask, "weights": weights.clone(), "counts": counts.clone()});
        let (chi2, p) = ratio::chi_square(&phase).unwrap();
        exam.ask(question("chi_square"), json!([chi2, p]));
        exam.ask(question("ratio"), json!(ratio::log_e(&[phase])));
    }
    exam.compare_to(200, 1e-8);
}

#[test]
fn wealth() {
    let mut random = SplitMix::new(45);
    let mut exam = Exam::default();
    for round in 0..60 {
        let n = 1 + random.below(120);
        let y: Vec<f64> = (0..n)
            .map(|_| if round % 3 == 0 { random.unit() } else { random.below(2) as f64 })
            .collect();
        let limit = 0.05 + 0.9 * random.unit();
        let at_most = round % 2 == 0;
        let mut test =
            Level::new(if at_most { Bound::AtMost(limit) } else { Bound::AtLeast(limit) });
        y.iter().for_each(|y| test.observe(*y));
        let bound = if at_most { "at_most" } else { "at_least" };
        exam.ask(
            json!({"ask": "level", "bound": bound, "limit": limit, "y": y}),
            json!(test.log_e().exp()),
        );
        let by = [0.0, 0.03, 0.2][round % 3];
        let (claim, name) =
            if at_most { (Claim::NotWorse(by), "not_worse") } else { (Claim::Worse(by), "worse") };
        let centre = random.unit();
        let mut test = Comparison::new(claim, centre);
        let shares: Vec<f64> = (0..n).map(|_| [0.05, 0.1, 0.5, 0.9][random.below(4)]).collect();
        let arms: Vec<u8> = shares.iter().map(|share| u8::from(random.unit() < *share)).collect();
        for ((arm, y), share) in arms.iter().zip(&y).zip(&shares) {
            let arm = if *arm == 1 { Arm::Candidate } else { Arm::Control };
            test.observe(arm, *y, Share::new(*share).unwrap());
        }
        exam.ask(
            json!({"ask": "comparison", "claim": name, "by": by, "centre": centre, "arms": arms, "y": y, "shares": shares}),
            json!(test.log_e().exp()),
        );
    }
    exam.compare(120);
}

#[test]
fn sequences() {
    let mut random = SplitMix::new(46);
    let mut exam = Exam::default();
    for round in 0..50 {
        let n = 1 + random.below(3000) as u64;
        let sum = random.below(n as usize + 1) as f64;
        let alpha = [0.05, 0.01, 0.2][round % 3];
        let found = level::interval(Total { n, sum }, alpha);
        exam.ask(
            json!({"ask": "mean_sequence", "n": n, "sum": sum, "alpha": alpha}),
            json!([found.low, found.high]),
        );
        let (count, variance) = (10.0 + random.below(5000) as f64, 0.01 + random.unit());
        let rho2 = asymptotic::mixture_for(500.0, alpha);
        let estimate = (4.0 * random.unit() - 1.0) * variance.sqrt();
        let tau2 = rho2 * count * variance;
        let ours: Value = json!([
            asymptotic::log_e_one_sided(estimate, count, variance, rho2),
            asymptotic::mixture_sprt(estimate, 0.0, variance, tau2),
            asymptotic::half_width(count, variance, rho2, alpha),
        ]);
        exam.ask(
            json!({"ask": "asymptotic", "n": count, "variance": variance, "rho2": rho2, "alpha": alpha, "estimate": estimate}),
            ours,
        );
        if round % 5 == 0 {
            let y: Vec<f64> = (0..150).map(|_| random.unit().powi(2)).collect();
            let mut hedged = Hedged::new(alpha, 200);
            y.iter().for_each(|y| hedged.observe(*y));
            let found = hedged.interval();
            exam.ask(
                json!({"ask": "hedged", "y": y, "alpha": alpha, "cells": 200}),
                json!([found.low, found.high]),
            );
        }
    }
    exam.compare(110);
}
