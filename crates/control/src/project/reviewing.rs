//! `review:` of an environment: which of its calls people look at, and how soon.

use gatemark_core::online;
use gatemark_core::ramp::seconds;
use gatemark_core::review::Reviewing;

use super::node::Node;
use super::problems::Problems;
use super::reader::Fields;
use super::typed;

/// The longest that anybody may be asked to wait: 90 days, in seconds.
const LONGEST: u64 = 90 * 86_400;

/// Reads `review: {sla: 24h, sample: 0.01, fallbacks: true}`.
pub(super) fn read(node: &Node, problems: &mut Problems) -> Option<Reviewing> {
    let mut fields = Fields::open(node, "`review`", problems)?;
    let sla = fields.get("sla", problems).map(|node| time(node, problems));
    let share = fields.get("sample", problems).map(|node| {
        let share = typed::share(node, "`sample`", problems)?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let millionths = (share * f64::from(online::ALL)).round() as u32;
        if millionths == 0 && share > 0.0 {
            let message = "`sample` draws no call: the least is 0.000001";
            problems.error(&node.spot, message, "raise it, or remove it");
        }
        Some(millionths)
    });
    let fallbacks = fields.get("fallbacks", problems);
    let fallbacks = fallbacks.map(|node| typed::boolean(node, "`fallbacks`", problems));
    fields.close(problems);
    Some(Reviewing {
        sla_us: sla.map_or(Some(None), |sla| sla.map(Some))?,
        share: share.unwrap_or(Some(0))?,
        fallbacks: fallbacks.unwrap_or(Some(true))?,
    })
}

/// A time in microseconds.
fn time(node: &Node, problems: &mut Problems) -> Option<i64> {
    let text = typed::text(node, "`sla`", problems)?;
    let read = seconds(text).ok().filter(|seconds| (60..=LONGEST).contains(seconds));
    let micros = read.and_then(|seconds| i64::try_from(seconds.saturating_mul(1_000_000)).ok());
    if micros.is_none() {
        let message = "`sla` must be a time from 1m to 90d";
        problems.error(&node.spot, message, "write it like 4h, 24h or 3d");
    }
    micros
}
