//! Rule files: what they say, with every problem in them at its place.

use gatemark_core::guard::Profile;
use regex::Regex;

use super::node::{Node, Spot, Value, parse};
use super::pattern::{Sets, compiled, filled, literal};

/// A problem in a rule file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Line from 1; 0 if the whole file is meant.
    pub line: usize,
    /// Column from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

/// A rule, read and compiled.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its name in findings, e.g. `override-instructions`.
    pub name: String,
    /// Languages of its patterns (ISO 639-1), or none if it is about no language.
    pub languages: Vec<String>,
    /// Where it is looked for; in both if none is said.
    pub profile: Option<Profile>,
    /// Whether it is looked for only in what was encoded, hidden or scrambled.
    pub disguised: bool,
    /// The score of its findings, over 0 and at most 1.
    pub score: f64,
    /// What it catches, and what it leaves alone.
    pub says: String,
    pub(super) patterns: Vec<Regex>,
    /// Of each group, one keyword must be in a text before the patterns are tried.
    pub(super) keywords: Vec<Vec<String>>,
    /// Texts that it must find, and texts that it must not.
    pub(super) finds: Vec<String>,
    pub(super) spares: Vec<String>,
    pub(super) spot: Spot,
}

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) version: u32,
    pub(super) rules: Vec<Rule>,
    pub(super) problems: Vec<Problem>,
}

/// Most rules of one file.
const MOST_RULES: usize = 1000;

/// Reads a file; `sets` are those of files before it, and get its own.
pub(super) fn read(text: &str, sets: &mut Sets) -> File {
    let mut file = File::default();
    let root = match parse(text) {
        Ok(Some(root)) => root,
        Ok(None) => {
            file.problem(Spot::default(), "the file is empty");
            return file;
        }
        Err((spot, message)) => {
            file.problem(spot, &message);
            return file;
        }
    };
    let Some(fields) = file.map(&root, "the file") else { return file };
    for (name, node) in fields {
        match name.as_str() {
            "version" => file.version = file.number(node, "version").unwrap_or_default(),
            "sets" => file.sets(node, sets),
            "rules" => {}
            _ => file.problem(
                node.spot,
                &format!("`{name}` is not known; there are version, sets and rules"),
            ),
        }
    }
    if file.version != 1 && file.problems.is_empty() {
        file.problem(root.spot, "`version: 1` is missing: it says which form the file has");
    }
    if let Some((_, node)) = fields.iter().find(|(name, _)| name == "rules") {
        for node in file.list(node, "rules").unwrap_or_default().iter().take(MOST_RULES) {
            file.rule(node, sets);
        }
    }
    file
}

impl File {
    fn problem(&mut self, spot: Spot, message: &str) {
        let Spot { line, column } = spot;
        self.problems.push(Problem { line, column, message: message.to_owned() });
    }

    fn map<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [(String, Node)]> {
        if let Value::Map(fields) = &node.value {
            return Some(fields);
        }
        self.problem(node.spot, &format!("{what} must be a mapping"));
        None
    }

    fn list<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Node]> {
        if let Value::List(items) = &node.value {
            return Some(items);
        }
        self.problem(node.spot, &format!("`{what}` must be a list"));
        None
    }

    fn text<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        match &node.value {
            Value::Text(text) if !text.trim().is_empty() => Some(text),
            _ => {
                self.problem(node.spot, &format!("`{what}` must be a text"));
                None
            }
        }
    }

    fn texts(&mut self, node: &Node, what: &str) -> Vec<String> {
        let items = self.list(node, what).unwrap_or_default();
        items.iter().filter_map(|item| self.text(item, what).map(str::to_owned)).collect()
    }

    fn number<T: std::str::FromStr>(&mut self, node: &Node, what: &str) -> Option<T> {
        let number = self.text(node, what)?.parse();
        if number.is_err() {
            self.problem(node.spot, &format!("`{what}` must be a number"));
        }
        number.ok()
    }

    fn sets(&mut self, node: &Node, sets: &mut Sets) {
        for (name, node) in self.map(node, "`sets`").unwrap_or_default() {
            let mut alternatives = vec![];
            for alternative in self.texts(node, name) {
                match filled(&alternative, sets) {
                    Ok(filled) => alternatives.push(filled),
                    Err(message) => {
                        self.problem(node.spot, &format!("in the set `{name}`: {message}"))
                    }
                }
            }
            sets.insert(name.clone(), alternatives);
        }
    }

    fn rule(&mut self, node: &Node, sets: &Sets) {
        let before = self.problems.len();
        let Some(fields) = self.map(node, "a rule") else { return };
        let mut rule = Rule {
            name: String::new(),
            languages: vec![],
            profile: None,
            disguised: false,
            score: 0.0,
            says: String::new(),
            patterns: vec![],
            keywords: vec![],
            finds: vec![],
            spares: vec![],
            spot: node.spot,
        };
        for (name, node) in fields {
            match name.as_str() {
                "name" => rule.name = self.text(node, name).unwrap_or_default().to_owned(),
                "says" => rule.says = self.text(node, name).unwrap_or_default().to_owned(),
                "languages" => rule.languages = self.texts(node, name),
                "profile" => rule.profile = self.profile(node),
                "disguised" => rule.disguised = self.truth(node),
                "score" => rule.score = self.number(node, name).unwrap_or_default(),
                "keywords" => rule.keywords = self.keywords(node, sets),
                "patterns" => rule.patterns = self.patterns(node, sets),
                "finds" => rule.finds = self.texts(node, name),
                "spares" => rule.spares = self.texts(node, name),
                _ => {
                    let known = "name, says, languages, profile, disguised, score, keywords, patterns, finds, spares";
                    self.problem(node.spot, &format!("`{name}` is not known; a rule has {known}"));
                }
            }
        }
        let named = !rule.name.is_empty()
            && rule.name.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-');
        if !named {
            self.problem(node.spot, "`name` is missing, or has other signs than a-z, 0-9 and -");
        }
        if !(rule.score > 0.0 && rule.score <= 1.0) {
            self.problem(node.spot, "`score` must be over 0 and at most 1");
        }
        if rule.patterns.is_empty() && self.problems.len() == before {
            self.problem(node.spot, "`patterns` is missing");
        }
        if self.problems.len() == before {
            self.rules.push(rule);
        }
    }

    fn profile(&mut self, node: &Node) -> Option<Profile> {
        match self.text(node, "profile")? {
            "user" => Some(Profile::User),
            "document" => Some(Profile::Document),
            _ => {
                self.problem(node.spot, "`profile` is `user` or `document`");
                None
            }
        }
    }

    fn truth(&mut self, node: &Node) -> bool {
        let text = self.text(node, "disguised").unwrap_or_default();
        if !["true", "false"].contains(&text) {
            self.problem(node.spot, "`disguised` is `true` or `false`");
        }
        text == "true"
    }

    fn patterns(&mut self, node: &Node, sets: &Sets) -> Vec<Regex> {
        let mut patterns = vec![];
        for item in self.list(node, "patterns").unwrap_or_default() {
            let Some(text) = self.text(item, "patterns") else { continue };
            match compiled(text, sets) {
                Ok(pattern) => patterns.push(pattern),
                Err(message) => {
                    self.problem(item.spot, &format!("the pattern is wrong: {message}"))
                }
            }
        }
        patterns
    }

    /// Groups of keywords: a list of words, or `%{set}` for the words with which the alternatives of a set begin.
    fn keywords(&mut self, node: &Node, sets: &Sets) -> Vec<Vec<String>> {
        let mut groups = vec![];
        for item in self.list(node, "keywords").unwrap_or_default() {
            let words = match &item.value {
                Value::List(_) => self.texts(item, "keywords"),
                _ => vec![self.text(item, "keywords").unwrap_or_default().to_owned()],
            };
            let mut group = vec![];
            for word in words {
                let name = word.strip_prefix("%{").and_then(|word| word.strip_suffix('}'));
                let alternatives = match name {
                    Some(name) => sets.get(name).cloned().unwrap_or_default(),
                    None => vec![word.clone()],
                };
                if alternatives.is_empty() {
                    self.problem(item.spot, &format!("there is no set for `{word}`"));
                }
                for alternative in alternatives {
                    let letters = if name.is_some() {
                        literal(&alternative)
                    } else {
                        crate::normal::fold::folded(&alternative)
                    };
                    if letters.is_empty()
                        || letters.len() < 2 && letters.bytes().all(|c| c.is_ascii_alphanumeric())
                    {
                        self.problem(
                            item.spot,
                            &format!("`{alternative}` begins with less than two letters"),
                        );
                    }
                    group.push(letters);
                }
            }
            groups.push(group);
        }
        groups
    }
}
