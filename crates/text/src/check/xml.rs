//! `xml`: the answer, or a text in it, is one well-formed XML document, with a wanted root and places.
//!
//! Read as a stream of events in one pass. Entities that a document declares itself are never expanded
//! and count as mistakes, so nested ones cannot grow; nothing outside of the document is ever read.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::parameters::Parameters;
use super::typed::Mistakes;
use super::{Check, CheckProblem, Finding, Observation, subject};

struct Xml {
    root: Option<String>,
    paths: Vec<String>,
    at: Option<String>,
}

pub(super) fn build(parameters: &Parameters<'_>) -> Result<Box<dyn Check>, CheckProblem> {
    let mut mistakes = Mistakes::default();
    let at = mistakes.option(parameters.pointer());
    let root = mistakes.option(parameters.text("root")).map(str::to_owned);
    let paths = mistakes.option(parameters.texts("paths")).unwrap_or_default();
    for path in &paths {
        let steps = path.strip_prefix('/').unwrap_or_default().split('/');
        if steps.clone().any(|step| step.trim_start_matches('@').is_empty()) {
            let shown = subject::shown(path);
            let problem = CheckProblem::new(format!("{shown} in `paths` of `xml` is no path"));
            mistakes.add(problem.hint("write `/order/item` or `/order/@id`"));
        } else if steps.rev().skip(1).any(|step| step.starts_with('@')) {
            let shown = subject::shown(path);
            let message = format!("{shown} in `paths` of `xml` goes on after an attribute");
            mistakes.add(CheckProblem::new(message));
        }
    }
    mistakes.or(Some(Xml { root, paths, at }))
}

/// What is known of a document up to where it was read.
struct Scan<'w> {
    wanted: Vec<Vec<&'w str>>,
    found: Vec<bool>,
    open: Vec<String>,
    root: Option<String>,
}

impl Scan<'_> {
    fn event(&mut self, event: &Event<'_>) -> Result<(), String> {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::Empty(tag) => {
                self.start(tag)?;
                self.open.pop();
                Ok(())
            }
            Event::End(_) => {
                self.open.pop();
                Ok(())
            }
            Event::Text(text) => self.inside(text.trim().is_empty(), "text"),
            Event::CData(_) => self.inside(false, "text"),
            Event::GeneralRef(entity) => {
                self.inside(false, "a reference")?;
                known(entity)
            }
            _ => Ok(()),
        }
    }

    fn inside(&self, harmless: bool, what: &str) -> Result<(), String> {
        if self.open.is_empty() && !harmless {
            return Err(format!("there is {what} outside of the root element"));
        }
        Ok(())
    }

    fn start(&mut self, tag: &BytesStart<'_>) -> Result<(), String> {
        let name = tag.name().as_ref().to_owned();
        if !is_name(&name) {
            return Err(format!("{} is no element name", subject::shown(&name)));
        }
        if self.open.is_empty() && self.root.replace(name.clone()).is_some() {
            return Err("there is more than one root element".into());
        }
        self.open.push(name);
        self.mark(None);
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|error| error.to_string())?;
            let key: &str = attribute.key.as_ref();
            if !is_name(key) {
                return Err(format!("{} is no attribute name", subject::shown(key)));
            }
            references(&attribute.value)?;
            self.mark(Some(key));
        }
        Ok(())
    }

    /// Notes which wanted places this is. Paths are compared only where they end, so a deep document
    /// costs no more than a flat one.
    fn mark(&mut self, attribute: Option<&str>) {
        let depth = self.open.len() + usize::from(attribute.is_some());
        for (path, found) in self.wanted.iter().zip(&mut self.found) {
            let is_last = |step: &&str| match (attribute, step.strip_prefix('@')) {
                (Some(attribute), Some(wanted)) => attribute == wanted,
                (None, None) => true,
                _ => false,
            };
            *found |= path.len() == depth
                && path.last().is_some_and(is_last)
                && path.iter().zip(&self.open).all(|(step, open)| step == open);
        }
    }
}

/// Only the entities that every XML parser knows; those of a DTD are never expanded.
fn known(entity: &BytesRef<'_>) -> Result<(), String> {
    match entity.resolve_char_ref() {
        Err(error) => Err(error.to_string()),
        Ok(Some(_)) => Ok(()),
        Ok(None) => match quick_xml::escape::resolve_xml_entity(entity) {
            Some(_) => Ok(()),
            None => Err(format!("`&{};` is no entity of XML itself", subject::shown(entity))),
        },
    }
}

/// Holds an attribute's value to what text is held to.
fn references(value: &str) -> Result<(), String> {
    if value.contains('<') {
        return Err("an attribute holds `<`".into());
    }
    for part in value.split('&').skip(1) {
        let Some((entity, _)) = part.split_once(';') else {
            return Err("an attribute holds a bare `&`".into());
        };
        known(&BytesRef::new(entity))?;
    }
    Ok(())
}

/// Names as XML 1.0 has them, in short: a letter, `_` or `:`, then also digits, `.` and `-`.
fn is_name(name: &str) -> bool {
    let letter = |c: char| c.is_alphabetic() || c == '_' || c == ':';
    name.starts_with(letter)
        && name.chars().all(|c| letter(c) || c.is_alphanumeric() || ".-·".contains(c))
}

impl Xml {
    fn read(&self, text: &str) -> Result<(), String> {
        let mut reader = Reader::from_str(text);
        reader.config_mut().check_comments = true;
        let wanted: Vec<Vec<&str>> =
            self.paths.iter().map(|path| path.split('/').skip(1).collect()).collect();
        let mut scan = Scan { found: vec![false; wanted.len()], wanted, open: vec![], root: None };
        let wrong = |why: String, at: u64| format!("not well-formed at byte {at}: {why}");
        loop {
            match reader.read_event() {
                Ok(Event::Eof) => break,
                Ok(event) => {
                    scan.event(&event).map_err(|why| wrong(why, reader.buffer_position()))?;
                }
                Err(error) => return Err(wrong(error.to_string(), reader.error_position())),
            }
        }
        if let Some(open) = scan.open.last() {
            return Err(format!("not well-formed: <{}> is not closed", subject::shown(open)));
        }
        let Some(root) = scan.root else { return Err("no element".into()) };
        if self.root.as_ref().is_some_and(|wanted| *wanted != root) {
            return Err(format!("the root {}", subject::shown(&root)));
        }
        let missing = scan.found.iter().zip(&self.paths).filter(|(found, _)| !**found);
        let missing: Vec<_> = missing.map(|(_, path)| path.as_str()).collect();
        if missing.is_empty() { Ok(()) } else { Err(format!("nothing at {}", missing.join(", "))) }
    }
}

impl Check for Xml {
    fn observe(&self, seen: &Observation<'_>) -> Finding {
        let text = match subject::searched(seen.answer, self.at.as_deref()) {
            Ok(text) => text,
            Err(why) => return Finding::nothing(why),
        };
        match self.read(text.trim()) {
            Ok(()) => Finding::Holds,
            Err(why) => {
                let found = subject::shown(&text);
                Finding::Fails(format!("expected {}, found {found}: {why}", self.describe()))
            }
        }
    }

    fn describe(&self) -> String {
        let root = self.root.as_ref().map(|root| format!(" <{root}>")).unwrap_or_default();
        let with = if self.paths.is_empty() { "" } else { " with " };
        let place = subject::place(self.at.as_deref());
        format!("xml{root}{with}{}{place}", self.paths.join(", "))
    }
}
