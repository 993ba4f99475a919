//! The pipeline with a scripted vendor: what is served, and what is recorded.

mod answers;
mod bench;
mod streams;
