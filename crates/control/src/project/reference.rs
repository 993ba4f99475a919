//! Files that a prompt refers to: found relative to the prompt's folder, and never outside the project.

use gatemark_core::diagnostic::did_you_mean;

use super::files::Files;
use super::node::{Node, Value};
use super::pattern;
use super::problems::Problems;
use super::reader::shown;
use super::typed;

/// How many files of a folder are compared with a misspelt name.
const NEIGHBOURS: usize = 200;

/// The path in `files` that `node` names, seen from `folder`; otherwise what is wrong is reported.
pub(super) fn resolve(
    files: &Files,
    folder: &str,
    node: &Node,
    problems: &mut Problems,
) -> Option<String> {
    let written = typed::words(node, "`file`", problems)?;
    if written.contains('\\') {
        let message = format!("`{}` is not a path of this project", shown(written));
        problems.error(&node.spot, message, "separate folders with forward slashes");
        return None;
    }
    let Some(path) = join(folder, written) else {
        let message = format!("`{}` lies outside the project", shown(written));
        problems.error(
            &node.spot,
            message,
            "name a file in the prompt's folder, such as `system.md`",
        );
        return None;
    };
    if files.contains(&path) {
        return Some(path);
    }
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", &path));
    let hint = match did_you_mean(name, files.names_in(parent).take(NEIGHBOURS)) {
        Some(close) => format!("did you mean `{close}`?"),
        None => format!("create {}", shown(&path)),
    };
    problems.error(&node.spot, format!("there is no file `{}`", shown(written)), hint);
    None
}

/// The same where `node` may be a pattern, whose files are returned in the order of their paths.
pub(super) fn resolve_all(
    files: &Files,
    folder: &str,
    node: &Node,
    problems: &mut Problems,
) -> Vec<String> {
    let pattern = match &node.value {
        Value::Text(text) if text.contains(['*', '?']) => text,
        _ => return resolve(files, folder, node, problems).into_iter().collect(),
    };
    let Some(path) = join(folder, pattern) else {
        let message = format!("`{}` lies outside the project", shown(pattern));
        problems.error(&node.spot, message, "name files in the prompt's folder");
        return vec![];
    };
    let found: Vec<String> = files
        .iter()
        .map(|(known, _)| known)
        .filter(|known| pattern::matches(&path, known))
        .map(String::from)
        .collect();
    if found.is_empty() {
        let message = format!("no file matches `{}`", shown(pattern));
        problems.error(&node.spot, message, "`*` stands for part of a name, `**` for folders");
    }
    found
}

/// `folder/written` without `.` and `..`; `None` if that leaves the project.
fn join(folder: &str, written: &str) -> Option<String> {
    let drive = written.split('/').next().is_some_and(|first| first.contains(':'));
    if written.starts_with('/') || drive {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in written.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::join;

    #[test]
    fn paths_stay_inside() {
        assert_eq!(join("a/b", "x.md").as_deref(), Some("a/b/x.md"));
        assert_eq!(join("a/b", "./../c/x.md").as_deref(), Some("a/c/x.md"));
        assert_eq!(join("a/b", "../../x.md").as_deref(), Some("x.md"));
        for outside in ["/etc/passwd", "../../../x", "C:/x", "../../../a/b/x.md"] {
            assert_eq!(join("a/b", outside), None, "{outside}");
        }
    }
}
