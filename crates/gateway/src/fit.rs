//! Part of step 4: a request that its model can read, and what had to be left out of it.
//!
//! What may be left out, the least important first: lists, worked examples, what the caller said before
//! the present turn, then variables and messages that say how they may be cut; an author's `priority`
//! changes that order. Everything else stays, so a request whose fixed parts alone are too long is refused
//! with the sizes of all of them.
//!
//! A template decides where and how often a variable stands, so what its cut saves is known only when it
//! is rendered again: the request is planned, rendered and counted until it fits. Each round asks for more
//! than the one before, from the uncut parts, so a few rounds do.

use std::borrow::Cow;
use std::collections::BTreeMap;

use gatemark_core::call::Dropped;
use gatemark_core::context::{PRIORITY_OF_EXAMPLES, PRIORITY_OF_TURNS};
use gatemark_core::error::{Error, Result};
use gatemark_core::prompt::Content;
use gatemark_provider::request::Turn;
use gatemark_provider::turns::{self, Exchange};
use gatemark_text::spotlight::Boundary;
use gatemark_text::tokens::Encoding;
use gatemark_text::window::{self, Keep, Part, Shape};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::apart;
use crate::release::Compiled;
use crate::room::Room;
use crate::said::Past;
use crate::shorten;
use crate::shots::Chosen;
use crate::weigh;
use crate::written::as_text;

/// Tokens that a vendor may add around each message for its role and its ends; published figures are 3 to 4.
pub(crate) const FRAME_TOKENS: u64 = 6;

/// What an image or a file counts as: what vendors bill for a large image.
const MEDIA_TOKENS: usize = 1_600;

/// Plans tried before a request is refused. Two are usual; more where templates repeat a variable.
const ROUNDS: usize = 8;

/// Everything that a request is made of.
#[derive(Clone, Copy)]
pub(crate) struct Whole<'a> {
    pub(crate) content: &'a Content,
    pub(crate) compiled: &'a Compiled,
    pub(crate) variables: &'a BTreeMap<String, Value>,
    /// The marks by which untrusted variables are set apart, if some are.
    pub(crate) boundary: Option<&'a Boundary>,
    pub(crate) chosen: &'a Chosen,
    /// What was said in earlier calls.
    pub(crate) history: History<'a>,
    /// What the caller adds to the conversation.
    pub(crate) caller: Option<&'a RawValue>,
    pub(crate) fields: &'a [(String, Box<RawValue>)],
}

/// What was said in earlier calls of a conversation that is kept.
#[derive(Clone, Copy, Default)]
pub(crate) struct History<'a> {
    pub(crate) messages: Option<&'a RawValue>,
    /// Whether its first message is a summary, which is worth more than any turn and goes last.
    pub(crate) summarised: bool,
}

/// Where the present turn begins among rendered turns: with the prompt's own last message of the user's. What
/// was said before stands there.
pub(crate) fn present(compiled: &Compiled, chosen: &Chosen) -> usize {
    compiled.examples_before + 2 * chosen.order.len()
}

/// A request that fits.
pub(crate) struct Fitted {
    pub(crate) turns: Vec<Turn>,
    /// Where the present turn begins among them: see [`present`].
    pub(crate) present: usize,
    /// What is left of what was said in earlier calls, if something was left out.
    pub(crate) history: Option<Box<RawValue>>,
    /// What is left of what the caller adds, if something was left out.
    pub(crate) caller: Option<Box<RawValue>>,
    pub(crate) dropped: Vec<Dropped>,
}

/// The request as it is, if it fits `room`, or with as much left out as it takes.
pub(crate) fn fit(whole: Whole<'_>, room: Option<Room>) -> Result<Fitted> {
    let (turns, _) = whole.render(whole.variables, whole.chosen, &[])?;
    let present = present(whole.compiled, whole.chosen);
    let Some(room) = room else {
        return Ok(Fitted::whole(turns, present));
    };
    if whole.bytes(&turns) <= room.tokens {
        return Ok(Fitted::whole(turns, present));
    }
    let parts = Parts::of(whole, &turns, room.encoding)?;
    let size = parts.size(&turns, parts.said.all());
    if size <= room.tokens {
        return Ok(Fitted::whole(turns, present));
    }
    let mut excess = size - room.tokens;
    for _ in 0..ROUNDS {
        let plan = parts.parts.iter().map(|part| part.1.clone()).collect::<Vec<_>>();
        let Some(plan) = window::plan(&plan, excess) else { break };
        let (size, fitted) = parts.without(&plan)?;
        if size <= room.tokens {
            return Ok(fitted);
        }
        excess += size - room.tokens;
    }
    Err(parts.refuse(&turns, size, &room))
}

impl Fitted {
    /// Nothing is left out.
    fn whole(turns: Vec<Turn>, present: usize) -> Self {
        Self { turns, present, history: None, caller: None, dropped: vec![] }
    }
}

impl Whole<'_> {
    /// The turns of the request, and for messages cut by `cuts` (index, tokens) what they lost.
    fn render(
        &self,
        variables: &BTreeMap<String, Value>,
        chosen: &Chosen,
        cuts: &[(usize, usize, Encoding)],
    ) -> Result<(Vec<Turn>, Vec<Dropped>)> {
        let compiled = self.compiled;
        let variables = match self.content.variables.values().any(|v| v.order.is_some()) {
            false => Cow::Borrowed(variables),
            true => {
                let mut ordered = variables.clone();
                shorten::ordered(&self.content.variables, &mut ordered);
                Cow::Owned(ordered)
            }
        };
        let variables = apart::shown(self.content, variables, self.boundary);
        let mut turns = Vec::with_capacity(compiled.roles.len() + 2 * chosen.order.len());
        let mut lost = vec![];
        for (index, role) in compiled.roles.iter().enumerate() {
            if index == compiled.examples_before {
                turns.extend(compiled.shots.turns(chosen));
            }
            let mut text = compiled.templates.render(index, &variables)?;
            let how = compiled.cuts.get(index).and_then(|cut| cut.0);
            let cut = cuts.iter().find(|(place, ..)| *place == index);
            if let (Some(how), Some((_, tokens, encoding))) = (how, cut) {
                let shorter = window::cut(&text, *tokens, how, *encoding);
                let tokens = encoding.count(&text).saturating_sub(encoding.count(&shorter)) as u64;
                lost.push(Dropped { part: compiled.part(index), tokens });
                text = shorter;
            }
            turns.push(Turn { role: *role, text });
        }
        Ok((turns, lost))
    }

    /// No request has more tokens than this: a token is at least one byte.
    fn bytes(&self, turns: &[Turn]) -> usize {
        let frames = usize::try_from(FRAME_TOKENS).unwrap_or_default();
        let texts: usize = turns.iter().map(|turn| turn.text.len() + frames).sum();
        let fields: usize = weigh::definitions(self.fields).map(str::len).sum();
        let said = [self.history.messages, self.caller].into_iter().flatten();
        let said: usize = said.fold(0, |sum, raw| {
            sum.saturating_add(raw.get().len()).saturating_add(media_bound(raw))
        });
        said.saturating_add(texts + fields + frames)
    }
}

/// What is only referred to has more tokens than bytes; such conversations are counted.
fn media_bound(caller: &RawValue) -> usize {
    let refers =
        ["image", "audio", "file", "document"].iter().any(|sign| caller.get().contains(sign));
    if refers { usize::MAX / 2 } else { 0 }
}

/// What a part of the plan stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stands {
    Variable(String),
    Message(usize),
    Examples,
    /// The caller's turns before the present one, the newest first.
    Turns,
}

/// A request in the parts that it may lose.
struct Parts<'a> {
    whole: Whole<'a>,
    encoding: Encoding,
    parts: Vec<(Stands, Part)>,
    said: Past,
}

impl<'a> Parts<'a> {
    fn of(whole: Whole<'a>, turns: &[Turn], encoding: Encoding) -> Result<Self> {
        let history = (whole.history.messages, whole.history.summarised);
        let said = Past::of(history, whole.caller)?;
        let mut parts = vec![];
        let mut add = |stands, priority, shape| parts.push((stands, Part { priority, shape }));
        for (name, variable) in &whole.content.variables {
            if let (Some(_), Some(value)) = (variable.truncate, whole.variables.get(name)) {
                let tokens = encoding.count(&as_text(value));
                add(Stands::Variable(name.clone()), variable.priority(), Shape::Text(tokens));
            }
        }
        for (index, (how, priority)) in whole.compiled.cuts.iter().enumerate() {
            if how.is_some() {
                let place = if index < whole.compiled.examples_before {
                    index
                } else {
                    index + 2 * whole.chosen.order.len()
                };
                let tokens = turns.get(place).map_or(0, |turn| encoding.count(&turn.text));
                add(Stands::Message(index), *priority, Shape::Text(tokens));
            }
        }
        let frames = usize::try_from(2 * FRAME_TOKENS).unwrap_or_default();
        let sizes = whole.compiled.shots.sizes();
        let examples = whole.chosen.order.iter().filter_map(|index| sizes.get(*index));
        let examples: Vec<usize> =
            examples.map(|size| usize::try_from(*size).unwrap_or_default() + frames).collect();
        add(Stands::Examples, PRIORITY_OF_EXAMPLES, Shape::Units(examples));
        let past = said.units().map(|one| weight(one, encoding)).collect();
        add(Stands::Turns, PRIORITY_OF_TURNS, Shape::Units(past));
        Ok(Self { whole, encoding, parts, said })
    }

    /// Tokens of a request of these turns.
    fn size<'e>(&self, turns: &[Turn], said: impl Iterator<Item = &'e Exchange>) -> usize {
        let frames = usize::try_from(FRAME_TOKENS).unwrap_or_default();
        let texts: usize = turns.iter().map(|turn| self.encoding.count(&turn.text) + frames).sum();
        let fields = weigh::definitions(self.whole.fields).map(|text| self.encoding.count(text));
        let said = said.map(|one| weight(one, self.encoding));
        texts + fields.sum::<usize>() + said.sum::<usize>() + frames
    }

    /// The request without what the plan leaves out, and its size.
    fn without(&self, plan: &[Keep]) -> Result<(usize, Fitted)> {
        let mut variables = self.whole.variables.clone();
        let mut chosen = self.whole.chosen.clone();
        let (mut cuts, mut dropped) = (vec![], vec![]);
        let mut kept = None;
        for ((stands, part), keep) in self.parts.iter().zip(plan) {
            match (stands, *keep) {
                (_, Keep::All) => {}
                (Stands::Variable(name), Keep::Tokens(tokens)) => {
                    dropped.extend(self.cut(name, tokens, &mut variables));
                }
                (Stands::Message(index), Keep::Tokens(tokens)) => {
                    cuts.push((*index, tokens, self.encoding));
                }
                (Stands::Examples, Keep::Units(units)) => {
                    dropped.extend(lost("examples", part, units));
                    chosen.order.truncate(units);
                }
                (Stands::Turns, Keep::Units(units)) => {
                    dropped.extend(lost("conversation", part, units));
                    kept = Some(units);
                }
                _ => {}
            }
        }
        let (turns, of_messages) = self.whole.render(&variables, &chosen, &cuts)?;
        dropped.extend(of_messages);
        dropped.retain(|dropped| dropped.tokens > 0);
        let present = present(self.whole.compiled, &chosen);
        let Some(units) = kept else {
            let size = self.size(&turns, self.said.all());
            return Ok((size, Fitted { dropped, ..Fitted::whole(turns, present) }));
        };
        let (history, caller) = self.said.newest(units);
        let size = self.size(&turns, history.iter().copied().chain(caller));
        let history = Some(turns::joined(history.iter().copied())?);
        let caller = self.whole.caller.is_some().then(|| turns::joined(caller)).transpose()?;
        Ok((size, Fitted { turns, present, history, caller, dropped }))
    }

    fn cut(
        &self,
        name: &str,
        tokens: usize,
        variables: &mut BTreeMap<String, Value>,
    ) -> Option<Dropped> {
        let how = self.whole.content.variables.get(name)?.truncate?;
        let value = variables.get_mut(name)?;
        let shorter = shorten::cut(value, tokens, how, self.encoding);
        let lost = shorten::lost(name, value, &shorter, self.encoding);
        *value = shorter;
        lost
    }

    /// Says which parts there are, how large each is, and which of them may be cut.
    fn refuse(&self, turns: &[Turn], size: usize, room: &Room) -> Error {
        let mut sizes: Vec<String> = vec![];
        let examples = 2 * self.whole.chosen.order.len();
        let before = self.whole.compiled.examples_before;
        for (place, turn) in turns.iter().enumerate() {
            let index = match place.checked_sub(before) {
                Some(past) if past < examples => continue,
                Some(_) => place - examples,
                None => place,
            };
            let tokens = self.encoding.count(&turn.text);
            let part = self.whole.compiled.part(index);
            sizes.push(format!("{part} ({}) {tokens}", turn.role.word()));
        }
        if let Some(last) = self.said.caller.last() {
            sizes.push(format!("the caller's last turn {}", weight(last, self.encoding)));
        }
        let fields = weigh::definitions(self.whole.fields).map(|text| self.encoding.count(text));
        let fields: usize = fields.sum();
        if fields > 0 {
            sizes.push(format!("tools and schema {fields}"));
        }
        let cut: Vec<String> = self
            .parts
            .iter()
            .filter(|(_, part)| part.tokens() > 0)
            .map(|(stands, part)| format!("{} {}", self.name(stands), part.tokens()))
            .collect();
        let cut = if cut.is_empty() { "nothing".to_string() } else { cut.join(", ") };
        let message = format!(
            "the request has {size} tokens and {}. Its parts: {}. May be left out, and is not enough: {cut}",
            room.words(),
            sizes.join(", "),
        );
        Error::invalid(message).at("variables").coded("context_length_exceeded")
    }

    fn name(&self, stands: &Stands) -> String {
        match stands {
            Stands::Variable(name) => format!("variables.{name}"),
            Stands::Message(index) => self.whole.compiled.part(*index),
            Stands::Examples => "examples".to_string(),
            Stands::Turns => "conversation".to_string(),
        }
    }
}

fn lost(name: &str, part: &Part, kept: usize) -> Option<Dropped> {
    let Shape::Units(units) = &part.shape else { return None };
    let tokens: usize = units.iter().skip(kept).sum();
    Some(Dropped { part: name.to_string(), tokens: tokens as u64 })
}

fn weight(exchange: &Exchange, encoding: Encoding) -> usize {
    let frames = usize::try_from(FRAME_TOKENS).unwrap_or_default() * exchange.messages;
    let texts: usize = exchange.texts.iter().map(|text| encoding.count(text)).sum();
    texts + frames + exchange.media * MEDIA_TOKENS
}
