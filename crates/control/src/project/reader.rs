//! Reading a mapping field by field.
//!
//! A reader remembers the fields that it was asked for, so the list of allowed fields in a hint is the
//! list that the code reads: it cannot go stale.

use gatemark_core::diagnostic::did_you_mean;

use super::node::{Key, Node, Value};
use super::problems::Problems;
use super::source::Spot;

/// A mapping whose fields are being read.
pub(super) struct Fields<'n> {
    what: &'static str,
    entries: &'n [(Key, Node)],
    spot: &'n Spot,
    asked: Vec<&'static str>,
    passed: Vec<&'static str>,
    absent: Vec<&'static str>,
    elsewhere: Option<&'static str>,
}

impl<'n> Fields<'n> {
    /// Reads `node`, which is `what` ("a message"); reports anything that is not a mapping.
    pub(super) fn open(
        node: &'n Node,
        what: &'static str,
        problems: &mut Problems,
    ) -> Option<Self> {
        let entries = entries(node, what, problems)?;
        Some(Self {
            what,
            entries,
            spot: &node.spot,
            asked: vec![],
            passed: vec![],
            absent: vec![],
            elsewhere: None,
        })
    }

    /// Where the mapping starts.
    pub(super) fn spot(&self) -> &'n Spot {
        self.spot
    }

    /// The field with its key. One without a value is reported and counts as absent.
    pub(super) fn entry(
        &mut self,
        name: &'static str,
        problems: &mut Problems,
    ) -> Option<&'n (Key, Node)> {
        self.asked.push(name);
        let entry = self.entries.iter().find(|(key, _)| key.name == name)?;
        if entry.1.value == Value::Null {
            problems.error(
                &entry.0.spot,
                format!("`{name}` has no value"),
                "give it one, or remove the line",
            );
            return None;
        }
        Some(entry)
    }

    /// The field's value.
    pub(super) fn get(&mut self, name: &'static str, problems: &mut Problems) -> Option<&'n Node> {
        self.entry(name, problems).map(|(_, node)| node)
    }

    /// The field's value; its absence is reported by [`Self::close`], which knows misspelt names.
    pub(super) fn required(
        &mut self,
        name: &'static str,
        problems: &mut Problems,
    ) -> Option<&'n Node> {
        if !self.has(name) {
            self.asked.push(name);
            self.absent.push(name);
            problems.missing();
            return None;
        }
        self.get(name, problems)
    }

    /// Whether the field is written, with or without a value.
    pub(super) fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|(key, _)| key.name == name)
    }

    /// Adds to hints about unknown fields what else to do with them.
    pub(super) fn elsewhere(&mut self, advice: &'static str) {
        self.elsewhere = Some(advice);
    }

    /// Lets a field pass that is of no use here because of a mistake that is reported elsewhere.
    pub(super) fn pass(&mut self, name: &'static str) {
        self.passed.push(name);
    }

    /// Reports a field that people expect and that is not supported here, saying why.
    pub(super) fn refuse(
        &mut self,
        name: &'static str,
        why: &str,
        hint: &str,
        problems: &mut Problems,
    ) {
        self.pass(name);
        if let Some((key, _)) = self.entries.iter().find(|(key, _)| key.name == name) {
            problems.error(&key.spot, format!("`{name}` {why}"), hint);
        }
    }

    /// Reports every field that was not asked for, and every required one that is absent, unless it is
    /// there under a misspelt name.
    pub(super) fn close(mut self, problems: &mut Problems) {
        let known = |name: &str| self.asked.contains(&name) || self.passed.contains(&name);
        for (key, _) in self.entries.iter().filter(|(key, _)| !known(&key.name)) {
            let names = self.asked.iter().copied().filter(|_| !problems.is_full());
            let close = did_you_mean(&key.name, names);
            self.absent.retain(|name| Some(*name) != close);
            let message = format!("{} has no field `{}`", self.what, shown(&key.name));
            problems.error(&key.spot, message, self.advice(close));
        }
        for name in self.absent {
            let message = format!("{} needs `{name}`", self.what);
            problems.error(self.spot, message, format!("add `{name}: …`"));
        }
    }

    fn advice(&self, close: Option<&str>) -> String {
        let known = || self.asked.join(", ");
        match (close, self.elsewhere) {
            (Some(close), None) => format!("did you mean `{close}`?"),
            (Some(close), Some(advice)) => format!("did you mean `{close}`? If not, {advice}"),
            (None, None) => format!("known fields: {}", known()),
            (None, Some(advice)) => format!("{advice}; known fields: {}", known()),
        }
    }
}

/// The entries of a mapping with free keys, such as variables by name.
pub(super) fn entries<'n>(
    node: &'n Node,
    what: &str,
    problems: &mut Problems,
) -> Option<&'n [(Key, Node)]> {
    match &node.value {
        Value::Map(entries) => Some(entries),
        _ => wrong(node, what, "a mapping", "write fields as `name: value`", problems),
    }
}

/// The items of a list.
pub(super) fn items<'n>(node: &'n Node, what: &str, problems: &mut Problems) -> Option<&'n [Node]> {
    match &node.value {
        Value::List(items) => Some(items),
        _ => wrong(node, what, "a list", "start each entry with `- `", problems),
    }
}

/// Reports a value of the wrong type, unless that value was reported already.
pub(super) fn wrong<T>(
    node: &Node,
    what: &str,
    wanted: &str,
    hint: &str,
    problems: &mut Problems,
) -> Option<T> {
    if node.value == Value::Broken {
        problems.missing();
    } else {
        let message = format!("{what} must be {wanted}, not {}", node.kind());
        problems.error(&node.spot, message, hint);
    }
    None
}

/// A user's word in a message, cut to a readable length and without control characters.
pub(super) fn shown(text: &str) -> String {
    let mut word: String = text.chars().take(60).flat_map(clean).collect();
    if text.chars().nth(60).is_some() {
        word.push('…');
    }
    word
}

fn clean(c: char) -> impl Iterator<Item = char> {
    let escaped = c.is_control().then(|| c.escape_default());
    let plain = escaped.is_none().then_some(c);
    escaped.into_iter().flatten().chain(plain)
}
