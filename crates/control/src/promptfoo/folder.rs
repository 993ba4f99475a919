//! The files beside a configuration.

use std::collections::BTreeSet;

use super::node::{self, Node, Place};

/// Longest file that is read.
pub const MOST_BYTES: u64 = 64 << 20;

/// Where an import reads from. Paths are relative to the configuration's folder, with `/` between parts;
/// there is no way out of it, for a configuration may come from a stranger.
pub trait Folder {
    /// Every file.
    fn paths(&self) -> &BTreeSet<String>;

    /// A file's text. The error says why there is none.
    ///
    /// # Errors
    /// It is missing, too long or no text.
    fn text(&self, path: &str) -> Result<String, String>;
}

/// `path` as seen from `base`, a folder; `None` if it leads out.
pub(super) fn joined(base: &str, path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains('\\') {
        return None;
    }
    let mut parts: Vec<&str> = base.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The folder of a file.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The ending of a file's name, in lower case.
pub(super) fn ending(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase()).unwrap_or_default()
}

/// The files that `path` means: itself, or with `*`, `?` and `**` all that fit.
pub(super) fn matching(folder: &dyn Folder, path: &str) -> Vec<String> {
    if !path.contains(['*', '?']) {
        return vec![path.to_string()];
    }
    let mut pattern = String::from("^");
    let mut rest = path;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("**/") {
            pattern.push_str("(?:.*/)?");
            rest = after;
            continue;
        }
        match c {
            '*' if rest.starts_with("**") => pattern.push_str(".*"),
            '*' => pattern.push_str("[^/]*"),
            '?' => pattern.push_str("[^/]"),
            c => pattern.push_str(&regex::escape(&c.to_string())),
        }
        rest =
            rest.get(if rest.starts_with("**") { 2 } else { c.len_utf8() }..).unwrap_or_default();
    }
    pattern.push('$');
    let Ok(pattern) = regex::Regex::new(&pattern) else { return vec![] };
    folder.paths().iter().filter(|path| pattern.is_match(path)).cloned().collect()
}

/// A YAML, JSON or JSON lines file as nodes: a line or document each.
pub(super) fn nodes(folder: &dyn Folder, path: &str) -> Result<Vec<Node>, String> {
    let text = folder.text(path)?;
    match ending(path).as_str() {
        "jsonl" => text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty())
            .map(|(at, line)| {
                let value = serde_json::from_str(line);
                let value = value.map_err(|error| format!("line {}: {error}", at + 1))?;
                Ok(Node::of(value, &Place { file: path.into(), line: at + 1 }))
            })
            .collect(),
        "json" | "yaml" | "yml" => node::documents(path, &text),
        other => Err(format!("files of the kind `.{other}` are not read")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Paths(BTreeSet<String>);

    impl Folder for Paths {
        fn paths(&self) -> &BTreeSet<String> {
            &self.0
        }
        fn text(&self, _: &str) -> Result<String, String> {
            Err("none".into())
        }
    }

    #[test]
    fn nothing_leads_out_of_the_folder() {
        assert_eq!(joined("a/b", "../c.txt").as_deref(), Some("a/c.txt"));
        assert_eq!(joined("", "./x/./y").as_deref(), Some("x/y"));
        for out in ["../x", "/etc/passwd", "a/../../x", "..\\x"] {
            assert_eq!(joined("", out), None, "{out}");
        }
    }

    #[test]
    fn stars_stand_for_parts_of_names() {
        let folder =
            Paths(["t/a.yaml", "t/b.yaml", "t/x/c.yaml", "t.yaml"].map(String::from).into());
        assert_eq!(matching(&folder, "t/*.yaml"), ["t/a.yaml", "t/b.yaml"]);
        assert_eq!(matching(&folder, "t/**/*.yaml").len(), 3);
        assert_eq!(matching(&folder, "**/c.yaml"), ["t/x/c.yaml"]);
        assert_eq!(matching(&folder, "none.yaml"), ["none.yaml"]);
    }
}
