//! `suite.yaml`: the cases of a prompt.

use std::collections::HashMap;

use gatemark_core::suite::Suite;

use super::case_list::{self, Gathered, Surroundings};
use super::checks;
use super::files::Files;
use super::problems::Problems;
use super::reader::{Fields, shown};
use super::source::{DATA, Spot};
use super::variables::Declared;
use super::{document, generators, thresholds, typed};

/// Most times that each case is asked.
const MOST_REPEATS: u64 = 100;

/// Reads `path`, the `suite.yaml` in `folder`. `declared` is `None` if the prompt could not be read: then
/// variables are taken as they are.
pub(super) fn read(
    files: &Files,
    (folder, path): (&str, &str),
    declared: Option<&Declared>,
    problems: &mut Problems,
) -> Option<Suite> {
    let node = document::open(files, path, DATA, problems)?;
    let mut fields = Fields::open(&node, "a suite", problems)?;
    let written = fields.get("thresholds", problems);
    let thresholds = thresholds::read(written, problems);
    let repeats = fields.get("repeats", problems);
    let repeats =
        repeats.and_then(|node| typed::whole(node, "`repeats`", (1, MOST_REPEATS), problems));
    let checks = checks::read(fields.get("checks", problems), problems);
    let given = fields.required("cases", problems);
    let generate = fields.get("generate", problems);
    fields.close(problems);
    let around = Surroundings { files, folder, suite: path, common: &checks, declared };
    let given = given?;
    let before = problems.errors();
    let mut gathered = case_list::read(&around, given, problems)?;
    if gathered.cases.is_empty() && problems.errors() == before {
        problems.error(&given.spot, "the suite has no cases", "add a case, or remove the file");
    }
    if let Some(node) = generate {
        generators::read(node, &around, &mut gathered, problems);
    }
    check_unique(&gathered, problems);
    let repeats = repeats.and_then(|count| u32::try_from(count).ok());
    let suite = Suite { thresholds, repeats, checks: checks.specs, cases: gathered.cases };
    thresholds::check_names(written, &suite, problems);
    Some(suite)
}

/// Reports every case that is named like one before it.
fn check_unique(gathered: &Gathered, problems: &mut Problems) {
    let mut taken: HashMap<&str, &Spot> = HashMap::with_capacity(gathered.cases.len());
    for (case, place) in gathered.cases.iter().zip(&gathered.places) {
        let Some(first) = taken.get(case.id.as_str()) else {
            taken.insert(&case.id, place);
            continue;
        };
        let file = match first.file == place.file {
            true => String::new(),
            false => format!("{}, ", first.file),
        };
        let message = format!(
            "the case id `{}` is taken by {file}line {}, column {}",
            shown(&case.id),
            first.line,
            first.column
        );
        problems.error(place, message, "reports name cases by id; choose another one");
    }
}
