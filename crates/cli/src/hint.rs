//! What to do about an error, by its code: only the command line knows the commands' names.

use gatemark_core::error::{Error, Kind};

/// The next step, if there is an obvious one.
pub(crate) fn of(error: &Error) -> Option<&'static str> {
    let hint = match error.code() {
        "files_exist" => "overwrite them with --force, or choose another folder",
        "no_project" => "make a project with `gatemark init`, or name its folder with --project",
        "prompt_not_found" => "see what is registered with `gatemark list`",
        "version_not_found" => "see a prompt's versions with `gatemark log NAME`",
        "suite_not_found" => "see which suites reports are bound to with `gatemark log NAME`",
        "environment_not_found" => "add it under `environments` in gatemark.yaml",
        "own_work" => "on a machine that several people share, `--as NAME` says who acts",
        "nothing_before" => "name a version that served here with --to",
        "provider_key_missing" => "export the variable in the shell that runs gatemark",
        "keys_needed" => {
            "make one with `gatemark key create NAME --role admin`, or listen on 127.0.0.1"
        }
        "cannot_listen" => "choose another address with --listen; port 0 takes a free one",
        "bad_config" => "mend the problems above and try again",
        _ if error.kind() == Kind::Internal => "see the cause with --verbose",
        _ => return None,
    };
    Some(hint)
}
