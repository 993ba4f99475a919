//! Stands for `gatemark_text::guard` until that is there.
use gatemark_core::error::Result;
use gatemark_core::guard::{Finding, Layer, Opinion, Profile, Settings};
pub(crate) struct Guard;
impl Guard {
    pub(crate) fn builtin() -> Result<&'static Self> {
        Ok(&Self)
    }
    pub(crate) fn thresholds(_: Profile) -> (f64, f64) {
        (0.5, 0.9)
    }
    pub(crate) fn check(&self, text: &str, settings: &Settings) -> Opinion {
        let lower = text.to_ascii_lowercase();
        let mut findings = vec![];
        for (sign, score) in [("ignore all previous instructions", 0.95), ("ignore previous", 0.6)]
        {
            if let Some(at) = lower.find(sign) {
                let start = lower[..at].chars().count();
                let end = start + sign.len();
                let rule = "override-instructions".into();
                findings.push(Finding { layer: Layer::Rules, rule, score, start, end });
            }
        }
        let score = findings.iter().map(|f| f.score).fold(0.0, f64::max);
        Opinion { verdict: settings.verdict(score), score, findings }
    }
}
