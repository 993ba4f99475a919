//! Has something changed: monitors for what runs for months.
//!
//! Each rule states how often it cries wolf, because a fleet multiplies it: 500 prompts with eight rules of
//! one false alarm in two years make 2,000 a year.

pub mod chart;
pub mod detector;
pub mod level;
pub mod population;
pub mod reference;
