//! Whether an answer gives away a system text.
//!
//! Both texts are folded to letters (`fold`), so that case, punctuation, spacing, look-alikes, digits in place of
//! letters and escapes make no difference, and the answer's runs of letters that are also in the system text are
//! found (`index`) in several lanes at once: as it stands, and through what encodings of it would decode to
//! (`decode`, `lane`). `passage` weighs what runs
//! that belong together give away, `judge` what all of a whole answer do, and `watch` does so while it is written.
//!
//! Not seen are translations and retellings in other words. An answer in which the model only says what it is
//! ("I am the assistant of Example Bank") is no leak: a run inside of the sentence that gives the model its part
//! counts little as long as it does not go on into the next.

mod decode;
mod fold;
mod index;
mod judge;
mod kept;
mod lane;
mod passage;
mod said;
mod views;
mod watch;
mod words;

pub use judge::{BLOCK, FLAG, Judged, LeakFinding};
pub use kept::{Kept, LONGEST};
pub use watch::LeakWatch;

#[cfg(test)]
mod tests;
