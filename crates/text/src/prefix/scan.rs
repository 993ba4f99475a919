//! Reads JSON as it comes, with the rules for the value that is being written.

use std::sync::Arc;

use serde_json::Value;

use super::outline::{
    ARRAY, Additional, BOOLEAN, FRACTION, Id, Kinds, NULL, NUMBER, OBJECT, Outline, Rule, STRING,
    words,
};

/// Deepest nesting that the parser of whole answers reads.
const MAX_DEPTH: usize = 127;

/// What may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A value.
    Value,
    /// A value or the end of the list.
    FirstItem,
    /// A name or the end of the object.
    FirstName,
    /// A name.
    Name,
    Colon,
    /// A comma, an end, or at the top nothing.
    After,
    /// More of a text, which may be a name.
    Text {
        name: bool,
        escape: Escape,
    },
    /// More of a number.
    Number(Number),
    /// The rest of `true`, `false` or `null`.
    Word(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Escape {
    None,
    Begun,
    /// Hexadecimal digits still to come.
    Hex(u8),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number {
    Minus,
    Zero,
    Whole,
    Point,
    Fraction,
    Exponent,
    Sign,
    Power,
}

#[derive(Debug)]
enum Frame {
    Object { rules: Vec<Id>, name: String, seen: Vec<String> },
    List { rules: Vec<Id>, index: usize },
}

/// A value that is being written.
#[derive(Debug)]
pub struct Prefix {
    outline: Arc<Outline>,
    state: State,
    frames: Vec<Frame>,
    /// The rules for the value that is being written.
    rules: Vec<Id>,
    /// What was read of a name, a number, or a text that must be one of a few; quotes are left out.
    token: String,
    /// Whether the text under way is kept in `token`.
    kept: bool,
}

type Verdict = Result<(), String>;

impl Prefix {
    /// Nothing read yet.
    pub fn new(outline: Arc<Outline>) -> Self {
        let rules = outline.root();
        Self {
            outline,
            state: State::Value,
            frames: Vec::new(),
            rules,
            token: String::new(),
            kept: false,
        }
    }

    /// Reads more. After an error nothing more may be read.
    ///
    /// # Errors
    /// Why no continuation can be right, with the place as a JSON pointer.
    pub fn push(&mut self, text: &str) -> Verdict {
        for c in text.chars() {
            self.step(c)?;
        }
        match self.state {
            State::Text { name: false, escape: Escape::None } if self.kept => self.may_become(),
            _ => Ok(()),
        }
    }

    fn step(&mut self, c: char) -> Verdict {
        match self.state {
            State::Text { name, escape } => self.in_text(c, name, escape),
            State::Word(rest) => self.in_word(c, rest),
            State::Number(number) => self.in_number(c, number),
            _ if matches!(c, ' ' | '\n' | '\t' | '\r') => Ok(()),
            // Around the whole value any white space is left out before it is judged.
            State::Value | State::After if self.frames.is_empty() && c.is_whitespace() => Ok(()),
            State::FirstItem if c == ']' => self.close(),
            State::FirstName if c == '}' => self.close(),
            State::Value | State::FirstItem => self.begin(c),
            State::FirstName | State::Name if c == '"' => {
                self.token.clear();
                self.kept = true;
                self.state = State::Text { name: true, escape: Escape::None };
                Ok(())
            }
            State::Colon if c == ':' => {
                self.state = State::Value;
                Ok(())
            }
            State::After => self.after(c),
            State::FirstName | State::Name => self.fault(&format!("{c:?} where a name must stand")),
            State::Colon => self.fault(&format!("{c:?} where a colon must stand")),
        }
    }

    fn begin(&mut self, c: char) -> Verdict {
        self.token.clear();
        self.kept = false;
        let (kinds, state) = match c {
            '{' => (OBJECT, State::FirstName),
            '[' => (ARRAY, State::FirstItem),
            '"' => (STRING, State::Text { name: false, escape: Escape::None }),
            't' => (BOOLEAN, State::Word("rue")),
            'f' => (BOOLEAN, State::Word("alse")),
            'n' => (NULL, State::Word("ull")),
            '-' => (NUMBER, State::Number(Number::Minus)),
            '0' => (NUMBER, State::Number(Number::Zero)),
            '1'..='9' => (NUMBER, State::Number(Number::Whole)),
            _ => return self.fault(&format!("{c:?} where a JSON value must stand")),
        };
        self.allow(kinds)?;
        match kinds {
            OBJECT | ARRAY => return self.open(kinds, state),
            STRING => {
                let listed = self.held().any(|rule| rule.values.is_some());
                self.kept = listed;
            }
            _ => self.token.push(c),
        }
        self.state = state;
        Ok(())
    }

    fn open(&mut self, kinds: Kinds, state: State) -> Verdict {
        if self.frames.len() >= MAX_DEPTH {
            return self.fault(&format!("more than {MAX_DEPTH} levels"));
        }
        let rules = std::mem::take(&mut self.rules);
        let frame = if kinds == OBJECT {
            Frame::Object { rules, name: String::new(), seen: Vec::new() }
        } else {
            self.rules = self.items_of(&rules);
            Frame::List { rules, index: 0 }
        };
        self.frames.push(frame);
        self.state = state;
        Ok(())
    }

    fn after(&mut self, c: char) -> Verdict {
        match (self.frames.last_mut(), c) {
            (Some(Frame::Object { .. }), ',') => {
                self.state = State::Name;
                Ok(())
            }
            (Some(Frame::List { index, rules }), ',') => {
                *index += 1;
                let rules = std::mem::take(rules);
                self.rules = self.items_of(&rules);
                if let Some(Frame::List { rules: place, .. }) = self.frames.last_mut() {
                    *place = rules;
                }
                self.state = State::Value;
                Ok(())
            }
            (Some(Frame::Object { .. }), '}') | (Some(Frame::List { .. }), ']') => self.close(),
            (None, _) => self.fault(&format!("{c:?} behind the end of the value")),
            _ => self.fault(&format!("{c:?} where a comma or an end must stand")),
        }
    }

    fn close(&mut self) -> Verdict {
        let lacking = match self.frames.last() {
            Some(Frame::Object { rules, seen, .. }) => {
                let wanted = self.outline.rules(rules).flat_map(|rule| &rule.required);
                wanted.filter(|name| !seen.contains(name)).map(|name| format!("{name:?}")).next()
            }
            _ => None,
        };
        self.frames_end();
        match lacking {
            Some(name) => self.fault(&format!("{name} is required and is absent")),
            None => Ok(()),
        }
    }

    fn frames_end(&mut self) {
        self.frames.pop();
        self.rules.clear();
        self.state = State::After;
    }

    fn in_text(&mut self, c: char, name: bool, escape: Escape) -> Verdict {
        let next = match (escape, c) {
            (Escape::None, '"') => return self.end_text(name),
            (Escape::None, '\\') => Escape::Begun,
            (Escape::None, c) if c < ' ' => {
                return self.fault("a control character in a text");
            }
            (Escape::None, _) => Escape::None,
            (Escape::Begun, 'u') => Escape::Hex(4),
            (Escape::Begun, '"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') => Escape::None,
            (Escape::Hex(1), c) if c.is_ascii_hexdigit() => Escape::None,
            (Escape::Hex(more), c) if c.is_ascii_hexdigit() => Escape::Hex(more - 1),
            _ => return self.fault(&format!("{c:?} in an escape")),
        };
        if self.kept {
            self.token.push(c);
        }
        self.state = State::Text { name, escape: next };
        Ok(())
    }

    fn end_text(&mut self, name: bool) -> Verdict {
        self.state = if name { State::Colon } else { State::After };
        if !self.kept {
            return Ok(());
        }
        let text = if self.token.contains('\\') {
            match serde_json::from_str::<String>(&format!("\"{}\"", self.token)) {
                Ok(text) => text,
                Err(_) => return self.fault("a text with half a character"),
            }
        } else {
            std::mem::take(&mut self.token)
        };
        if name { self.named(text) } else { self.is(&Value::String(text)) }
    }

    /// A name has been read: what rules its value has.
    fn named(&mut self, text: String) -> Verdict {
        let Some(Frame::Object { rules, name, seen }) = self.frames.last_mut() else {
            return Ok(());
        };
        let mut inner = Vec::new();
        let mut refused = false;
        for rule in self.outline.rules(rules) {
            match (rule.properties.get(&text), &rule.additional) {
                (Some(id), _) | (None, Additional::Each(id)) => {
                    inner.extend(self.outline.with(*id))
                }
                (None, Additional::None) => refused = true,
                (None, Additional::Free) => {}
            }
        }
        if self.outline.rules(rules).any(|rule| rule.required.contains(&text)) {
            seen.push(text.clone());
        }
        *name = text;
        self.rules = inner;
        if refused { self.fault("no property of this name is allowed") } else { Ok(()) }
    }

    fn in_word(&mut self, c: char, rest: &'static str) -> Verdict {
        self.token.push(c);
        let Some(rest) = rest.strip_prefix(c) else {
            let token = self.token.clone();
            return self.fault(&format!("{token:?} where a JSON value must stand"));
        };
        if !rest.is_empty() {
            self.state = State::Word(rest);
            return Ok(());
        }
        self.end_scalar()
    }

    fn in_number(&mut self, c: char, number: Number) -> Verdict {
        let next = match (number, c) {
            (Number::Minus, '0') => Number::Zero,
            (Number::Minus, '1'..='9') => Number::Whole,
            (Number::Whole, '0'..='9') => Number::Whole,
            (Number::Zero | Number::Whole, '.') => Number::Point,
            (Number::Point | Number::Fraction, '0'..='9') => Number::Fraction,
            (Number::Zero | Number::Whole | Number::Fraction, 'e' | 'E') => Number::Exponent,
            (Number::Exponent, '+' | '-') => Number::Sign,
            (Number::Exponent | Number::Sign | Number::Power, '0'..='9') => Number::Power,
            (Number::Zero | Number::Whole | Number::Fraction | Number::Power, _) => {
                self.end_scalar()?;
                return self.step(c);
            }
            _ => return self.fault(&format!("{c:?} in a number")),
        };
        self.token.push(c);
        self.state = State::Number(next);
        Ok(())
    }

    fn end_scalar(&mut self) -> Verdict {
        self.state = State::After;
        match serde_json::from_str::<Value>(&self.token) {
            Ok(value) => self.is(&value),
            Err(_) => self.fault("a number out of range"),
        }
    }

    /// A text, number or word is complete.
    fn is(&mut self, value: &Value) -> Verdict {
        if value.as_f64().is_some_and(|number| number.fract() != 0.0) {
            self.allow(FRACTION)?;
        }
        let refused = |rule: &&Rule| {
            let listed = rule.values.as_ref();
            listed.is_some_and(|values| !values.iter().any(|known| same(known, value)))
        };
        let why = self.held().find(refused).map(one_of);
        self.rules.clear();
        why.map_or(Ok(()), |why| self.fault(&why))
    }

    /// A text is under way that must become one of a few.
    fn may_become(&self) -> Verdict {
        if self.token.contains('\\') {
            return Ok(());
        }
        let fits =
            |known: &Value| known.as_str().is_some_and(|known| known.starts_with(&self.token));
        let refused =
            |rule: &&Rule| rule.values.as_ref().is_some_and(|values| !values.iter().any(fits));
        match self.held().find(refused) {
            Some(rule) => self.fault(&one_of(rule)),
            None => Ok(()),
        }
    }

    /// The rules that hold for the value under way.
    fn held(&self) -> impl Iterator<Item = &Rule> {
        self.outline.rules(&self.rules)
    }

    fn allow(&self, kinds: Kinds) -> Verdict {
        match self.held().find(|rule| rule.kinds & kinds == 0) {
            Some(rule) => self.fault(&format!("must be {}", words(rule.kinds))),
            None => Ok(()),
        }
    }

    fn items_of(&self, rules: &[Id]) -> Vec<Id> {
        let items = self.outline.rules(rules).filter_map(|rule| rule.items);
        items.flat_map(|id| self.outline.with(id)).collect()
    }

    fn fault(&self, why: &str) -> Verdict {
        let place: String = self
            .frames
            .iter()
            .map(|frame| match frame {
                Frame::Object { name, .. } => format!("/{name}"),
                Frame::List { index, .. } => format!("/{index}"),
            })
            .collect();
        let place: String = place.chars().take(200).collect();
        Err(format!("{}: {why}", if place.is_empty() { "/" } else { &place }))
    }
}

fn one_of(rule: &Rule) -> String {
    let values = rule.values.iter().flatten().take(8).map(Value::to_string);
    let listed: String = values.collect::<Vec<_>>().join(", ").chars().take(200).collect();
    format!("must be one of {listed}")
}

/// Equality as JSON Schema has it: 1 is 1.0.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        _ => a == b,
    }
}
