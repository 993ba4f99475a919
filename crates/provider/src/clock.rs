//! The time of day, as an argument: signatures carry it, and this crate reads no clock itself.

use std::time::SystemTime;

/// Tells the time of day.
pub type Clock = fn() -> SystemTime;
