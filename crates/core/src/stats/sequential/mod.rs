//! Tests that may be looked at after every call, and intervals that hold at all times together.
//!
//! `packed` ← `wealth`; `wealth` and `arm` ← `comparison`, `level`, `asymptotic` ← `contrast` ← `clustered`; `comparison` ←
//! `difference`; `level` ← `quantile`, `hedged`, `best_arm`; `evidence` ← `ratio`.

pub mod arm;
pub mod asymptotic;
pub mod best_arm;
pub mod clustered;
pub mod comparison;
pub mod contrast;
pub mod difference;
pub mod evidence;
pub mod hedged;
pub mod level;
mod packed;
pub mod quantile;
pub mod ratio;
pub mod wealth;

pub use arm::{Arm, Share, Total};
pub use comparison::{Claim, Comparison};
pub use contrast::{Contrast, Estimate, Moments};
pub use level::{Bound, Level};
