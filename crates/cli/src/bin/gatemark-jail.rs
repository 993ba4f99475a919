//! The jail of model-written code, and nothing else.
//!
//! `gatemark jail` is the same. But a program of this size costs a millisecond to start, because of all the
//! addresses in it that are adjusted first, and every run of the sandbox starts one. So `gatemark` takes
//! this one where it lies beside it.

use std::process::ExitCode;

fn main() -> ExitCode {
    if gatemark_control::sandbox::jail::enter() {
        return ExitCode::SUCCESS;
    }
    ExitCode::FAILURE
}
