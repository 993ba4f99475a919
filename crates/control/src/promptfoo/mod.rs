//! promptfoo's configurations as a project of ours.
//!
//! What cannot be imported with the same meaning is left out and listed with its place; nothing is ignored
//! and nothing is approximated in silence, for an imported suite that checks less than it seems to is worse
//! than none. A case of which no check is left is therefore left out itself: there it would pass.
//!
//! A configuration may come from a stranger: files outside of its folder are not read, and no program that
//! it names is run. (Results go the other way in `render::promptfoo`.)
//!
//! Modules, each using only those before it: `node`, `ledger`, `folder`, `fill`, `pattern` ← `written` ←
//! `graded` ← `assertion`; `table` ← `case` ← `expand`; `prompts`, `providers` ← `output`.

mod assertion;
mod case;
mod expand;
mod fill;
mod folder;
mod graded;
mod ledger;
mod node;
mod output;
mod pattern;
mod prompts;
mod providers;
mod table;
mod written;

use std::collections::{BTreeMap, BTreeSet};

use gatemark_core::error::{Error, Result};
use gatemark_core::id::{ModelName, PromptName};
use gatemark_core::suite::Case;
use serde::Serialize;
use serde_json::{Map, Value};

pub use folder::{Folder, MOST_BYTES};
pub use ledger::Remark;
pub use node::Place;

use case::Test;
use ledger::Ledger;
use node::{Data, Node};
use prompts::Prompt;
use written::Around;

/// What is wanted of an import.
#[derive(Debug, Clone)]
pub struct Asked<'a> {
    /// The configuration's file name in its folder.
    pub config: &'a str,
    /// What the first prompt is to be called; others get a number. By default a name is made from the
    /// description.
    pub name: Option<PromptName>,
    /// Our models by providers' labels or ids; `similar` names the embedding model.
    pub models: BTreeMap<String, ModelName>,
}

/// What an import gives.
#[derive(Debug, Serialize)]
pub struct Import {
    /// Texts by their paths in the project, without `gatemark.yaml`.
    #[serde(skip)]
    pub files: BTreeMap<String, String>,
    /// `gatemark.yaml`, for a project that has none.
    #[serde(skip)]
    pub config: String,
    /// The prompts.
    pub prompts: Vec<Imported>,
    /// Judges that checks name.
    pub judges: BTreeSet<String>,
    /// What is not in the project.
    pub left_out: Vec<Remark>,
    /// What is, and means something else.
    pub notes: Vec<Remark>,
}

/// One imported prompt.
#[derive(Debug, Serialize)]
pub struct Imported {
    /// `service/name`.
    pub name: String,
    /// How many cases it has.
    pub cases: usize,
}

/// Top-level keys that are read, and those that say nothing about what is tested.
const KNOWN: [&str; 18] = [
    "description",
    "prompts",
    "providers",
    "targets",
    "tests",
    "defaultTest",
    "evaluateOptions",
    "assertionTemplates",
    "$schema",
    "outputPath",
    "sharing",
    "writeLatestResults",
    "tags",
    "metadata",
    "commandLineOptions",
    "env",
    "version",
    "author",
];

/// Imports a configuration.
///
/// # Errors
/// It cannot be read, has no prompt that could be imported, or none of its providers has a model here.
pub fn import(asked: &Asked<'_>, folder: &dyn Folder) -> Result<Import> {
    let unreadable = |why| Error::invalid(format!("{}: {why}", asked.config));
    let nodes = folder::nodes(folder, asked.config).map_err(unreadable)?;
    let root = nodes.into_iter().next().filter(|node| matches!(node.data, Data::Map(_)));
    let root = root.ok_or_else(|| unreadable("this is no promptfoo configuration".into()))?;
    let mut ledger = Ledger::default();
    unknown(&root, &mut ledger);
    let found = root.get("prompts").map(|node| prompts::all(node, folder, &mut ledger));
    let found = found.unwrap_or_default();
    let providers = root.get("providers").or_else(|| root.get("targets"));
    let models = providers.map(|node| providers::all(node, &asked.models, &mut ledger));
    let models = models.unwrap_or_default();
    if found.is_empty() || models.entries.is_empty() {
        return Err(nothing(asked, found.is_empty(), ledger));
    }
    let tests = tests(&root, folder, &mut ledger);
    let mut import = Import {
        files: BTreeMap::new(),
        config: config(&root, &models),
        prompts: vec![],
        judges: BTreeSet::new(),
        left_out: vec![],
        notes: vec![],
    };
    let names = names(asked, &root, &found);
    let templates = root.get("assertionTemplates");
    let mut cases = Cases { folder, templates, models: &asked.models, ledger: &mut ledger };
    for (prompt, name) in found.iter().zip(&names) {
        let prompt = with_affixes(prompt, &tests);
        let cases = cases.of(&prompt, &tests);
        let ready = output::Ready {
            name,
            prompt: &prompt,
            cases: &cases,
            repeats: repeats(&root),
            description: root.get("description").and_then(Node::text),
            source: asked.config,
        };
        output::prompt(&ready, &models, &mut import.files);
        let judges =
            cases.iter().flat_map(|case| &case.checks).filter(|spec| spec.metric == "judge");
        import
            .judges
            .extend(judges.filter_map(|s| s.parameters["prompt"].as_str().map(String::from)));
        import.prompts.push(Imported { name: name.clone(), cases: cases.len() });
    }
    (import.left_out, import.notes) = ledger.finish();
    Ok(import)
}

fn nothing(asked: &Asked<'_>, prompts: bool, ledger: Ledger) -> Error {
    let what = if prompts { "no prompt" } else { "no provider" };
    let (left_out, _) = ledger.finish();
    let reasons = left_out.iter().map(|remark| {
        let line = remark.places.first().map_or(0, |place| place.line);
        format!("\n  line {line}: {}: {}", remark.kind, remark.advice)
    });
    let reasons: String = reasons.take(20).collect();
    let message = format!("{}: {what} can be imported, so nothing was{reasons}", asked.config);
    Error::invalid(message).coded("nothing_imported")
}

fn unknown(root: &Node, ledger: &mut Ledger) {
    for (key, node) in root.fields() {
        if !KNOWN.contains(&key.as_str()) {
            ledger.leave(format!("`{key}`"), &node.place, "there is nothing like it here");
        }
    }
    if let Some(node) = root.get("env") {
        ledger.leave("`env`", &node.place, "set the variables where gatemark runs");
    }
    for (key, node) in root.get("evaluateOptions").map(Node::fields).unwrap_or_default() {
        let advice = match key.as_str() {
            "repeat" => continue,
            "maxConcurrency" => "give it on the command line: gatemark test --concurrency N",
            "cache" => "give it on the command line: gatemark test --no-cache",
            "timeoutMs" | "maxEvalTimeMs" => "put `limits: {timeout: …}` into prompt.yaml",
            "showProgressBar" | "generateSuggestions" => continue,
            _ => "there is nothing like it here",
        };
        ledger.note(format!("`evaluateOptions.{key}`"), &node.place, advice);
    }
}

fn repeats(root: &Node) -> Option<u64> {
    let written = root.get("evaluateOptions")?.get("repeat")?.number()?;
    // Written as text first, for a float is never cast here.
    format!("{written:.0}").parse().ok().filter(|count| (2..=100).contains(count))
}

/// The tests, each with what `defaultTest` says.
fn tests(root: &Node, folder: &dyn Folder, ledger: &mut Ledger) -> Vec<Test> {
    let default = root.get("defaultTest").and_then(|node| {
        let Some(path) = node.text() else { return case::test(node, folder, ledger) };
        let path = folder::joined("", path.strip_prefix("file://").unwrap_or(path));
        let read =
            path.ok_or("outside of the folder".into()).and_then(|p| folder::nodes(folder, &p));
        match read {
            Ok(nodes) => nodes.first().and_then(|node| case::test(node, folder, ledger)),
            Err(why) => {
                ledger.leave("`defaultTest`", &node.place, why);
                None
            }
        }
    });
    let tests = root.get("tests").map(|node| case::all(node, folder, ledger)).unwrap_or_default();
    match default {
        Some(default) => tests.into_iter().map(|test| test.with(&default)).collect(),
        None => tests,
    }
}

/// The prompt with the prefix and suffix that all tests have, if there is only a user's message.
fn with_affixes(prompt: &Prompt, tests: &[Test]) -> Prompt {
    let mut prompt = prompt.clone();
    if let [(_, text)] = prompt.messages.as_mut_slice() {
        let (prefix, suffix) = (shared(tests, "prefix"), shared(tests, "suffix"));
        *text = format!("{}{text}{}", prefix.unwrap_or_default(), suffix.unwrap_or_default());
    }
    prompt
}

fn shared<'a>(tests: &'a [Test], option: &str) -> Option<&'a str> {
    let first = tests.first()?.option(option)?;
    tests.iter().all(|test| test.option(option) == Some(first)).then_some(first)
}

struct Cases<'a> {
    folder: &'a dyn Folder,
    templates: Option<&'a Node>,
    models: &'a BTreeMap<String, ModelName>,
    ledger: &'a mut Ledger,
}

impl Cases<'_> {
    /// Every case of `prompt`.
    fn of(&mut self, prompt: &Prompt, tests: &[Test]) -> Vec<Case> {
        let mut cases: Vec<Case> = vec![];
        let mut taken = BTreeSet::new();
        for (at, test) in tests.iter().enumerate() {
            let meant = |label: &String| prompt.label.as_ref() == Some(label);
            if test.prompts.as_ref().is_some_and(|labels| !labels.iter().any(meant)) {
                continue;
            }
            if let Some((what, advice)) = refused(prompt, test, tests) {
                self.ledger.leave(what, &test.place, advice);
                continue;
            }
            let combinations = match expand::combinations(test, self.folder) {
                Ok(combinations) => combinations,
                Err(why) => {
                    self.ledger.leave("case with variables", &test.place, why);
                    continue;
                }
            };
            let several = combinations.len() > 1;
            for (place, variables) in combinations.into_iter().enumerate() {
                let base = slug(test.description.as_deref().unwrap_or_default());
                let base = if base.is_empty() { format!("test-{}", at + 1) } else { base };
                let id = if several { format!("{base}.{}", place + 1) } else { base };
                let id = if taken.contains(&id) { format!("{id}-{}", at + 1) } else { id };
                if let Some(case) = self.case(id.clone(), test, variables) {
                    taken.insert(id);
                    cases.push(case);
                }
            }
        }
        cases
    }

    fn case(&mut self, id: String, test: &Test, variables: Map<String, Value>) -> Option<Case> {
        let (mut checks, mut expected) = (vec![], None);
        for node in &test.asserts {
            let (folder, templates, models) = (self.folder, self.templates, self.models);
            let around = Around { folder, variables: &variables, templates, models };
            match assertion::translate(node, &around) {
                Ok(found) => {
                    for (kind, advice) in found.notes {
                        self.ledger.note(kind, &node.place, advice);
                    }
                    checks.extend(found.checks);
                    expected = expected.or(found.expected);
                }
                Err(why) => self.ledger.leave(why.kind, &node.place, why.advice),
            }
        }
        if checks.is_empty() {
            let advice = match test.asserts.is_empty() {
                true => {
                    "it asserts nothing: promptfoo passes it, here it would be untested; add a check"
                }
                false => {
                    "no assertion of it could be imported, and without one it would prove nothing"
                }
            };
            self.ledger.leave("case without checks", &test.place, advice);
            return None;
        }
        if test.threshold.is_some_and(|threshold| !(0.0..=1.0).contains(&threshold)) {
            let advice = "thresholds of cases lie between 0 and 1 here, and scores are means";
            self.ledger.leave("case with a threshold above 1", &test.place, advice);
            return None;
        }
        let category = test.metadata.get("category").and_then(Value::as_str);
        if test.metadata.keys().any(|key| key != "category") {
            let advice = "only `category` has a place here; write `tags` by hand";
            self.ledger.note("`metadata` of tests", &test.place, advice);
        }
        Some(Case {
            id,
            category: category.map(slug).filter(|c| !c.is_empty()).unwrap_or("happy".into()),
            difficulty: None,
            tags: vec![],
            source: None,
            weight: None,
            threshold: test.threshold,
            variables: variables.into_iter().map(|(k, v)| (k, prompts::shown(&v))).collect(),
            expected,
            checks,
        })
    }
}

/// Why no case can be made of a test, if so.
fn refused(prompt: &Prompt, test: &Test, tests: &[Test]) -> Option<(String, &'static str)> {
    let differs =
        |option| test.option(option).is_some_and(|own| shared(tests, option) != Some(own));
    for option in ["prefix", "suffix"] {
        if differs(option) || (test.option(option).is_some() && prompt.messages.len() > 1) {
            let what = format!("case with `options.{option}`");
            return Some((
                what,
                "only one that all cases share is put into the prompt; make it a variable",
            ));
        }
    }
    for option in ["transform", "postprocess", "transformVars"] {
        if test.options.contains_key(option) {
            let what = format!("case with `options.{option}`");
            return Some((
                what,
                "checks see the answer as it is; use a `javascript` check that transforms it",
            ));
        }
    }
    None
}

/// Lower-case letters, digits and hyphens.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars().take(60) {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() => slug.push(c),
            _ if slug.is_empty() || slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
    }
    slug.trim_end_matches('-').to_string()
}

/// A name for each prompt, all different.
fn names(asked: &Asked<'_>, root: &Node, prompts: &[Prompt]) -> Vec<String> {
    let description = root.get("description").and_then(Node::text).map(slug);
    let base = description.filter(|slug| slug.parse_name()).unwrap_or("prompt".into());
    let first = asked.name.as_ref().map_or(format!("imported/{base}"), ToString::to_string);
    let mut names: Vec<String> = vec![];
    for (at, prompt) in prompts.iter().enumerate() {
        let label = prompt.label.as_deref().map(slug).filter(|slug| slug.parse_name());
        let name = match (at, label) {
            _ if prompts.len() == 1 => first.clone(),
            (0, None) => first.clone(),
            (_, Some(label)) => format!("{first}-{label}"),
            (at, None) => format!("{first}-{}", at + 1),
        };
        let valid = name.parse::<PromptName>().is_ok() && !names.contains(&name);
        names.push(if valid { name } else { format!("{first}-{}", at + 1) });
    }
    names
}

trait ParseName {
    /// Whether it can be the second part of a prompt's name.
    fn parse_name(&self) -> bool;
}

impl ParseName for String {
    fn parse_name(&self) -> bool {
        format!("x/{self}").parse::<PromptName>().is_ok()
    }
}

/// `gatemark.yaml` with the providers that the models need.
fn config(root: &Node, models: &providers::Models) -> String {
    let name = root.get("description").and_then(Node::text).map(slug).filter(|n| !n.is_empty());
    let mut text = format!(
        "# Imported by `gatemark import promptfoo`. Add prices under `models` to see costs.\nname: {}\nproviders:\n",
        name.unwrap_or("imported".into())
    );
    for (name, provider) in &models.providers {
        text.push_str(&format!("  {name}: {provider}\n"));
    }
    text
}
