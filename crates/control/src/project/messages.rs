//! Messages of a prompt or of one of its model variants, with the way back from a template's line to the
//! file that it was written in.

use std::collections::{BTreeMap, BTreeSet};

use gatemark_core::guard_policy::Structure;
use gatemark_core::prompt::{Message, Role};
use gatemark_core::variable::Trust;
use gatemark_text::template;

use super::files::Files;
use super::node::Node;
use super::problems::Problems;
use super::reader::{Fields, items};
use super::source::{HAND_WRITTEN, Source, Spot};
use super::variables::Declared;
use super::{document, reference, shorten, typed};

const ROLES: [(&str, Role); 3] =
    [("system", Role::System), ("user", Role::User), ("assistant", Role::Assistant)];
const MOST: usize = 256;

/// A message and where its text stands.
#[derive(Debug, Clone)]
pub(super) struct Written {
    pub(super) message: Message,
    /// The entry of the list.
    pub(super) entry: Spot,
    /// The file with the text, and the line and column of its first character; without them the template's
    /// problems are shown at `text`.
    file: String,
    origin: Option<(usize, usize)>,
    text: Spot,
}

/// Reads a list of messages; those with mistakes are reported and left out.
pub(super) fn read(
    files: &Files,
    folder: &str,
    node: &Node,
    problems: &mut Problems,
) -> Vec<Written> {
    let Some(list) = items(node, "`messages`", problems) else { return vec![] };
    if list.is_empty() {
        problems.error(&node.spot, "`messages` is empty", "add {role: user, text: \"…\"}");
    }
    if list.len() > MOST {
        let message = format!("there are {} messages; at most {MOST} are allowed", list.len());
        problems.error(&node.spot, message, "remove some");
    }
    list.iter().take(MOST).filter_map(|node| message(files, folder, node, problems)).collect()
}

fn message(files: &Files, folder: &str, node: &Node, problems: &mut Problems) -> Option<Written> {
    let mut fields = Fields::open(node, "a message", problems)?;
    let role = fields.required("role", problems);
    let role = role.and_then(|node| typed::word(node, "`role`", &ROLES, problems));
    // A message with a bad role is kept, so that its text is checked all the same.
    let role = role.unwrap_or(Role::User);
    let (text, file) = (fields.get("text", problems), fields.get("file", problems));
    let both = fields.has("text") && fields.has("file");
    let neither = !fields.has("text") && !fields.has("file");
    let truncate = shorten::truncate(&mut fields, problems);
    let priority = shorten::priority(&mut fields, truncate, problems);
    fields.close(problems);
    if both || neither {
        let found = if both { "both" } else { "neither" };
        let message = format!("a message has either `text` or `file`, and this one has {found}");
        problems.error(&node.spot, message, "keep exactly one of the two");
        return None;
    }
    let written = match (text, file) {
        (Some(node), _) => {
            let text = typed::words(node, "`text`", problems)?;
            let message = Message::new(role, text);
            (message, node.spot.file.to_string(), node.origin, node.spot.clone())
        }
        (_, Some(node)) => {
            let path = reference::resolve(files, folder, node, problems)?;
            let source = document::text(files, &path, HAND_WRITTEN, problems)?;
            if source.text.trim().is_empty() {
                problems.error(
                    &source.spot(1, 1, 1),
                    "the file is empty",
                    "write the message's text here",
                );
                return None;
            }
            // As YAML does for texts written in it: an editor's line ends must not change a version's hash.
            let text = source.text.replace("\r\n", "\n");
            let message = Message::new(role, text);
            (message, path, Some((1, 1)), node.spot.clone())
        }
        _ => return None,
    };
    let (message, file, origin, text) = written;
    let message = Message { truncate, priority, ..message };
    Some(Written { message, entry: node.spot.clone(), file, origin, text })
}

impl Written {
    /// Where in the user's files a stretch of the template stands; column 0 means the line.
    pub(super) fn spot(&self, files: &Files, line: usize, column: usize, width: usize) -> Spot {
        let source = files
            .get(&self.file)
            .and_then(|bytes| Source::read(&self.file, bytes, HAND_WRITTEN).ok());
        match (source, self.origin) {
            (Some(source), Some((first, indent))) => {
                let width = if column == 0 { usize::MAX } else { width };
                let column = indent.saturating_add(column.saturating_sub(1));
                source.spot(first.saturating_add(line.saturating_sub(1)), column, width)
            }
            _ => self.text.clone(),
        }
    }
}

/// Checks the texts as templates over the declared variables, and adds the variables that they use to
/// `used`.
pub(super) fn check(
    files: &Files,
    (messages, structure): (&[Written], Structure),
    declared: &Declared,
    used: &mut BTreeSet<String>,
    problems: &mut Problems,
) {
    let names: BTreeSet<&str> = declared.places.keys().map(String::as_str).collect();
    for written in messages {
        for problem in template::problems(&written.message.text, &names) {
            let spot = written.spot(files, problem.line, problem.column, problem.width);
            problems.relay(&spot, problem.message, problem.hint);
        }
        let uses = template::used_variables(&written.message.text);
        if written.message.role == Role::System {
            for name in uses.iter().filter(|name| is_untrusted(name, declared)) {
                let message = format!("the system message holds the untrusted variable `{name}`");
                let hint = "move it to a user message, where structure keeps it apart from instructions; or declare it `trust: trusted` if your application writes it";
                match structure {
                    Structure::Warn => problems.warn(&written.text, message, hint),
                    Structure::Strict => problems.error(&written.text, message, hint),
                }
            }
        }
        if let Some(how) = written.message.truncate {
            for name in uses.iter().filter(|name| is_set_apart(name, declared)) {
                let message = format!(
                    "`truncate: {}` could cut the marks that set `{name}` apart",
                    how.word()
                );
                let hint = "say how the variable is cut, with `max_tokens` and `truncate`, and not the message";
                problems.error(&written.text, message, hint);
            }
        }
        used.extend(uses);
    }
}

fn is_untrusted(name: &str, declared: &Declared) -> bool {
    declared.variables.get(name).is_some_and(|variable| variable.trust == Trust::Untrusted)
}

fn is_set_apart(name: &str, declared: &Declared) -> bool {
    declared.variables.get(name).is_some_and(|variable| variable.spotlight().is_some())
}

/// Warns of declared variables that no message uses.
pub(super) fn warn_unused(declared: &Declared, used: &BTreeSet<String>, problems: &mut Problems) {
    for (name, spot) in declared.places.iter().filter(|(name, _)| !used.contains(*name)) {
        let message = format!("variable `{name}` is used in no message");
        problems.warn(spot, message, format!("use it as {{{{ {name} }}}}, or remove it"));
    }
}

/// Reports messages of a variant that replace nothing because the version has fewer of that role.
pub(super) fn check_ranks(base: &[Written], variant: &[Written], problems: &mut Problems) {
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for written in base {
        *left.entry(written.message.role.word()).or_default() += 1;
    }
    for written in variant {
        let role = written.message.role.word();
        let left = left.entry(role).or_default();
        if *left == 0 {
            let message =
                format!("the prompt has no further {role} message that this could replace");
            let hint = "a variant replaces messages role by role in order; add one to the prompt's `messages` first";
            problems.error(&written.entry, message, hint);
        }
        *left = left.saturating_sub(1);
    }
}
