//! Opening a file as a document: bound, decoding and the parser that its name asks for.

use super::files::Files;
use super::node::Node;
use super::problems::Problems;
use super::source::{Source, Spot};
use super::{json, yaml};

/// Reads the document at `path`, by its ending as YAML, JSON or JSON lines. What is wrong is reported.
pub(super) fn open(
    files: &Files,
    path: &str,
    limit: usize,
    problems: &mut Problems,
) -> Option<Node> {
    let source = text(files, path, limit, problems)?;
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("yaml" | "yml") => yaml::parse(&source, problems),
        Some("json") => json::parse(&source, problems),
        Some("jsonl") => json::parse_lines(&source, problems),
        _ => {
            let hint = "name it with the ending .yaml, .json or .jsonl";
            problems.error(&Spot::whole(path), "the file is of no known format", hint);
            None
        }
    }
}

/// Reads the text at `path`.
pub(super) fn text<'f>(
    files: &'f Files,
    path: &str,
    limit: usize,
    problems: &mut Problems,
) -> Option<Source<'f>> {
    match Source::read(path, files.get(path)?, limit) {
        Ok(source) => Some(source),
        Err(problem) => {
            problems.add(problem);
            None
        }
    }
}
