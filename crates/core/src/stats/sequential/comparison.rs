//! Is the candidate worse than control, for outcomes between 0 and 1, valid after every call.
//!
//! Each outcome y is weighed by the chance π by which its unit came to its arm:
//! φ = (A/π − (1 − A)/(1 − π))·(y − c), whose expectation given the past is the difference δ of the arms'
//! means at that moment, whatever the centre c and however quality changes by hour, weekday or trend. So a
//! ramp cannot pass off a weekend as the candidate's fault (Simpson's paradox), and nothing is estimated: no
//! variance, and no least number of calls. The bets are played on φ − m₀ against the null hypothesis.
//!
//! It is exact if π is the true chance (which [`super::ratio`] watches), if outcomes do not get lost more
//! often in one arm, and if there is **one outcome for each unit**: of a user who stays in an arm the first
//! scored call. Counting every call of such users was wrong in 12 to 77 % of simulated A/A tests.
//!
//! Waudby-Smith & Ramdas, J. R. Statist. Soc. B 86 (2024); the weighing is Horvitz & Thompson's.

use serde::{Deserialize, Serialize, Serializer};

use super::arm::{Arm, Share, Total};
use super::wealth::{Bets, Gain, Wealth};

/// What is to be refuted, with δ = mean of the candidate − mean of control, and larger outcomes better.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// "The candidate is worse by this at most": δ ≥ −x. Refuting it proves harm.
    NotWorse(f64),
    /// "The candidate is worse by this or more": δ ≤ −x. Refuting it proves non-inferiority by the margin
    /// x; with 0 superiority.
    Worse(f64),
}

impl Claim {
    /// δ at the edge of the claim.
    pub fn edge(self) -> f64 {
        match self {
            Self::NotWorse(by) | Self::Worse(by) => -by,
        }
    }

    fn sign(self) -> f64 {
        match self {
            Self::NotWorse(_) => -1.0,
            Self::Worse(_) => 1.0,
        }
    }
}

/// The test's state: plain data, about 150 bytes as JSON. Written as a list; a map of the fields, as which it was
/// written before, is read too.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct Comparison {
    claim: Claim,
    centre: f64,
    wealth: Wealth,
}

impl Serialize for Comparison {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.claim, self.centre, self.wealth).serialize(serializer)
    }
}

impl Comparison {
    /// A test of `claim` about the centre `centre`, 0 to 1. Any centre is valid; the best is what control's
    /// mean will be, e.g. its mean before. One that is wrong by 0.2 costs 20 to 40 % more calls.
    #[must_use]
    pub fn new(claim: Claim, centre: f64) -> Self {
        Self { claim, centre: kept(centre), wealth: Wealth::default() }
    }

    /// Moves the centre for what comes. It may depend on everything seen so far, and on nothing else.
    pub fn recentre(&mut self, centre: f64) {
        self.centre = kept(centre);
    }

    /// The centre that is in force.
    pub fn centre(&self) -> f64 {
        self.centre
    }

    /// What is being refuted.
    pub fn claim(&self) -> Claim {
        self.claim
    }

    /// Takes one outcome (clamped to 0..=1).
    pub fn observe(&mut self, arm: Arm, outcome: f64, share: Share) {
        let gain = self.gain(arm, outcome, share);
        self.wealth.gain(&gain);
    }

    /// Takes outcomes that were counted together, e.g. in a minute, while the share was `share`.
    ///
    /// For outcomes that are 0 or 1 it equals taking each; for others it is a lower bound of the evidence.
    pub fn absorb(&mut self, share: Share, control: Total, candidate: Total) {
        let step = Step::new(self.claim, self.centre, share);
        let mut counted = [(0.0, 0.0); 4];
        for (slots, (arm, total)) in
            counted.chunks_mut(2).zip([(Arm::Control, control), (Arm::Candidate, candidate)])
        {
            let (n, sum) = total.bounded();
            let parts = [(step.ratio(arm, 1.0), sum), (step.ratio(arm, 0.0), n - sum)];
            slots.copy_from_slice(&parts);
        }
        self.wealth.gain(&Gain::total(step.bets(), &counted));
    }

    /// What [`Comparison::observe`] would add: for simulations that see few different outcomes.
    #[must_use]
    pub fn gain(&self, arm: Arm, outcome: f64, share: Share) -> Gain {
        let step = Step::new(self.claim, self.centre, share);
        Gain::of(step.bets(), step.ratio(arm, kept(outcome)))
    }

    /// Adds a gain of [`Comparison::gain`].
    pub fn apply(&mut self, gain: &Gain) {
        self.wealth.gain(gain);
    }

    /// ln of the e-value: evidence against the claim.
    pub fn log_e(&self) -> f64 {
        self.wealth.log_e()
    }

    /// Whether the claim is refuted at level `alpha`. If the claim is true, the chance that this is ever
    /// said is at most `alpha`.
    pub fn refutes(&self, alpha: f64) -> bool {
        self.wealth.refutes(alpha)
    }
}

/// Not a number is the middle: it must not poison a state.
fn kept(value: f64) -> f64 {
    if value.is_nan() { 0.5 } else { value.clamp(0.0, 1.0) }
}

/// The game at one share and centre.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    claim: Claim,
    centre: f64,
    share: Share,
    /// |g_min|.
    most: f64,
}

impl Step {
    pub(crate) fn new(claim: Claim, centre: f64, share: Share) -> Self {
        let mut step = Self { claim, centre, share, most: 1.0 };
        let ends = [Arm::Control, Arm::Candidate].map(|arm| [step.g(arm, 0.0), step.g(arm, 1.0)]);
        let least = ends.iter().flatten().copied().fold(f64::INFINITY, f64::min);
        // Without a possible loss the claim cannot be true, and any bet is fair.
        step.most = if least < 0.0 { -least } else { 1.0 };
        step
    }

    fn g(&self, arm: Arm, outcome: f64) -> f64 {
        let weighed = self.share.weight(arm) * (outcome - self.centre);
        self.claim.sign() * (weighed - self.claim.edge())
    }

    pub(crate) fn ratio(&self, arm: Arm, outcome: f64) -> f64 {
        self.g(arm, outcome) / self.most
    }

    /// For harm, of which the size is not known, all sizes. For non-inferiority bets around the one that
    /// would be best if the candidate equals control: λ = x/σ² with σ² = c(1 − c)/(π(1 − π)); for
    /// superiority as if it were better by 0.03.
    fn bets(&self) -> Bets {
        let Claim::Worse(margin) = self.claim else { return Bets::HARM };
        let centre = self.centre.clamp(0.02, 0.98);
        let variance = centre * (1.0 - centre) * self.share.spread();
        let effect = if margin > 0.0 { margin } else { 0.03 };
        Bets::around(effect / variance * self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::random::SplitMix;
    use proptest::prelude::*;

    fn share(value: f64) -> Share {
        Share::new(value).unwrap()
    }

    #[test]
    fn counted_together_or_apart() {
        let mut apart = Comparison::new(Claim::NotWorse(0.0), 0.9);
        let mut together = apart;
        let (mut control, mut candidate) = (Total::default(), Total::default());
        for i in 0..200 {
            let (arm, total) = if i % 10 == 0 {
                (Arm::Candidate, &mut candidate)
            } else {
                (Arm::Control, &mut control)
            };
            let y = f64::from(u8::from(i % 3 != 0));
            apart.observe(arm, y, share(0.1));
            total.add(y);
        }
        together.absorb(share(0.1), control, candidate);
        assert!((apart.log_e() - together.log_e()).abs() < 1e-6);
    }

    /// In the mean over both arms and a fair coin the wealth does not grow: exactly, not by simulation.
    #[test]
    fn it_is_a_supermartingale() {
        for (claim, quality, shift) in [
            (Claim::NotWorse(0.0), 0.9, 0.0),
            (Claim::NotWorse(0.0), 0.5, 0.1),
            (Claim::Worse(0.0), 0.97, 0.0),
            (Claim::Worse(0.03), 0.9, -0.03),
            (Claim::Worse(0.03), 0.9, -0.2),
        ] {
            for pi in [0.01, 0.1, 0.5, 0.9] {
                let step = Step::new(claim, 0.8, share(pi));
                let mut mean = [0.0; 3];
                for (arm, chance, p) in
                    [(Arm::Candidate, pi, quality + shift), (Arm::Control, 1.0 - pi, quality)]
                {
                    for (y, q) in [(1.0, p), (0.0, 1.0 - p)] {
                        for (mean, bet) in mean.iter_mut().zip([0.02, 0.3, 0.95]) {
                            let wealth = 1.0 + bet * step.ratio(arm, y);
                            assert!(wealth > 0.0);
                            *mean += chance * q * wealth;
                        }
                    }
                }
                assert!(mean.iter().all(|mean| *mean <= 1.0 + 1e-12), "{claim:?} {pi} {mean:?}");
            }
        }
    }

    /// 400 A/A tests with a look after each of 3,000 calls, over a ramp and a falling quality.
    #[test]
    fn equal_arms_are_rarely_reverted() {
        let mut random = SplitMix::new(77);
        let (runs, mut reverted) = (400, 0);
        for _ in 0..runs {
            let mut test = Comparison::new(Claim::NotWorse(0.0), 0.9);
            let mut said = false;
            for call in 0..3000 {
                let pi = [0.05, 0.1, 0.5][call / 1000];
                let quality = [0.95, 0.9, 0.8][call / 1000];
                let arm = if random.unit() < pi { Arm::Candidate } else { Arm::Control };
                test.observe(arm, f64::from(u8::from(random.unit() < quality)), share(pi));
                said |= test.refutes(0.05);
            }
            reverted += i32::from(said);
        }
        assert!(f64::from(reverted) / f64::from(runs) <= 0.06, "{reverted}");
    }

    #[test]
    fn a_bad_candidate_is_found_soon() {
        let mut random = SplitMix::new(5);
        let mut test = Comparison::new(Claim::NotWorse(0.0), 0.9);
        let mut calls = 0;
        while !test.refutes(0.02) {
            let candidate = random.unit() < 0.1;
            let (arm, quality) =
                if candidate { (Arm::Candidate, 0.4) } else { (Arm::Control, 0.9) };
            test.observe(arm, f64::from(u8::from(random.unit() < quality)), share(0.1));
            calls += i32::from(candidate);
        }
        assert!(calls < 60, "{calls}");
    }

    #[test]
    fn what_is_no_number_poisons_nothing() {
        let mut test = Comparison::new(Claim::Worse(0.03), f64::NAN);
        test.observe(Arm::Candidate, f64::NAN, share(0.5));
        test.absorb(share(0.5), Total { n: 3, sum: 9.0 }, Total { n: 1, sum: -4.0 });
        assert!(test.log_e().is_finite());
        let text = serde_json::to_string(&test).unwrap();
        assert!(text.len() < 250, "{}", text.len());
        assert_eq!(serde_json::from_str::<Comparison>(&text).unwrap(), test);
    }

    proptest! {
        /// Worse outcomes of the candidate are never evidence for it, and the reverse for control.
        #[test]
        fn evidence_is_monotone(a in 0.0..=1.0_f64, b in 0.0..=1.0_f64, pi in 0.01..0.99_f64, centre in 0.0..=1.0_f64) {
            let (low, high) = (a.min(b), a.max(b));
            let log = |claim: Claim, arm: Arm, y: f64| {
                let mut test = Comparison::new(claim, centre);
                test.observe(arm, y, Share::new(pi).unwrap());
                test.log_e()
            };
            for claim in [Claim::NotWorse(0.0), Claim::NotWorse(0.1)] {
                prop_assert!(log(claim, Arm::Candidate, low) >= log(claim, Arm::Candidate, high) - 1e-8);
                prop_assert!(log(claim, Arm::Control, low) <= log(claim, Arm::Control, high) + 1e-8);
            }
            let claim = Claim::Worse(0.03);
            prop_assert!(log(claim, Arm::Candidate, low) <= log(claim, Arm::Candidate, high) + 1e-8);
        }
    }
}
