//! A small language of conditions over an answer's fields: `confidence < 0.7 or action == "refund"`.
//!
//! Comparisons of a field (`a`, `a.b`) with a number, a text, `true`, `false` or `null`, joined by `and`, `or`,
//! `not` and parentheses. Nothing else: an author can read it aloud, and it cannot fail at run time. A
//! comparison that says nothing (the field is absent, or its value has no order) is neither true nor false,
//! and a condition that comes out as neither holds: what cannot be judged should be seen by someone.

use std::fmt;

use serde_json::Value;

/// Longest condition, in bytes.
const MAX_BYTES: usize = 500;
/// Deepest nesting of `not` and parentheses.
const MAX_DEPTH: usize = 16;

/// A condition that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition(Node);

#[derive(Debug, Clone, PartialEq)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Compare { path: Vec<String>, order: Order, to: Value },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Equal,
    Unequal,
    Less,
    AtMost,
    More,
    AtLeast,
}

/// Why a text is not a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misread(String);

impl fmt::Display for Misread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Misread {}

fn misread<T>(why: impl Into<String>) -> Result<T, Misread> {
    Err(Misread(why.into()))
}

impl Condition {
    /// Reads a condition.
    ///
    /// # Errors
    /// What stands where it cannot.
    pub fn parse(text: &str) -> Result<Self, Misread> {
        if text.len() > MAX_BYTES {
            return misread(format!("it is longer than {MAX_BYTES} bytes"));
        }
        let tokens = tokens(text)?;
        let mut reader = Reader { tokens: &tokens, depth: 0 };
        let node = reader.any()?;
        match reader.tokens.first() {
            None => Ok(Self(node)),
            Some(token) => {
                misread(format!("{token} stands where `and`, `or` or the end must stand"))
            }
        }
    }

    /// Whether it holds for `answer`, or cannot be told.
    pub fn holds(&self, answer: &Value) -> bool {
        self.0.truth(answer).unwrap_or(true)
    }

    /// What speaks against it for answers of `schema`: fields that are not declared, and comparisons that
    /// mean nothing for a field's type. What the schema leaves open is not objected to.
    pub fn objections(&self, schema: &Value) -> Vec<String> {
        let mut found = Vec::new();
        self.0.object(schema, &mut found);
        found
    }
}

impl Node {
    fn truth(&self, answer: &Value) -> Option<bool> {
        match self {
            Self::All(nodes) => fold(nodes, answer, false),
            Self::Any(nodes) => fold(nodes, answer, true),
            Self::Not(node) => node.truth(answer).map(|truth| !truth),
            Self::Compare { path, order, to } => {
                let value = path.iter().try_fold(answer, |value, name| value.get(name))?;
                order.compare(value, to)
            }
        }
    }

    fn object(&self, schema: &Value, found: &mut Vec<String>) {
        match self {
            Self::All(nodes) | Self::Any(nodes) => {
                nodes.iter().for_each(|node| node.object(schema, found));
            }
            Self::Not(node) => node.object(schema, found),
            Self::Compare { path, order, to } => found.extend(objection(path, *order, to, schema)),
        }
    }
}

/// Truth by Kleene's rules: `decisive` wins over what is unknown.
fn fold(nodes: &[Node], answer: &Value, decisive: bool) -> Option<bool> {
    let mut unknown = false;
    for node in nodes {
        match node.truth(answer) {
            Some(truth) if truth == decisive => return Some(decisive),
            Some(_) => {}
            None => unknown = true,
        }
    }
    if unknown { None } else { Some(!decisive) }
}

fn objection(path: &[String], order: Order, to: &Value, schema: &Value) -> Option<String> {
    let shown = path.join(".");
    let mut node = schema;
    for name in path {
        let open = ["$ref", "allOf", "anyOf", "oneOf", "patternProperties"];
        if open.iter().any(|key| node.get(key).is_some()) {
            return None;
        }
        let declared = node.get("properties").and_then(Value::as_object);
        match declared.and_then(|declared| declared.get(name)) {
            Some(inner) => node = inner,
            None => return Some(format!("the schema declares no field `{shown}`")),
        }
    }
    let kind = node.get("type").and_then(Value::as_str)?;
    let numeric = matches!(kind, "number" | "integer");
    if order.is_ranked() && !numeric {
        return Some(format!("`{shown}` is a {kind} in the schema, which has no order"));
    }
    let fits = match to {
        Value::Number(_) => numeric,
        Value::String(_) => kind == "string",
        Value::Bool(_) => kind == "boolean",
        _ => true,
    };
    (!fits).then(|| format!("`{shown}` is a {kind} in the schema and never equals {to}"))
}

impl Order {
    fn is_ranked(self) -> bool {
        !matches!(self, Self::Equal | Self::Unequal)
    }

    fn compare(self, value: &Value, to: &Value) -> Option<bool> {
        let numbers = value.as_f64().zip(to.as_f64());
        let equal = numbers.map_or_else(|| value == to, |(a, b)| a == b);
        match self {
            Self::Equal => Some(equal),
            Self::Unequal => Some(!equal),
            Self::Less => numbers.map(|(a, b)| a < b),
            Self::AtMost => numbers.map(|(a, b)| a <= b),
            Self::More => numbers.map(|(a, b)| a > b),
            Self::AtLeast => numbers.map(|(a, b)| a >= b),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Order(Order),
    Value(Value),
    Open,
    Close,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => write!(f, "`{word}`"),
            Self::Order(_) => f.write_str("a comparison"),
            Self::Value(value) => write!(f, "{value}"),
            Self::Open => f.write_str("`(`"),
            Self::Close => f.write_str("`)`"),
        }
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, Misread> {
    const SIGNS: [(&str, Order); 6] = [
        ("==", Order::Equal),
        ("!=", Order::Unequal),
        ("<=", Order::AtMost),
        (">=", Order::AtLeast),
        ("<", Order::Less),
        (">", Order::More),
    ];
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(c) = rest.chars().next() {
        let sign = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign));
        let (token, length) = if let Some((sign, order)) = sign {
            (Token::Order(*order), sign.len())
        } else {
            match c {
                '(' => (Token::Open, 1),
                ')' => (Token::Close, 1),
                '"' | '\'' => quoted(rest, c)?,
                '0'..='9' | '-' => number(rest)?,
                c if c.is_alphabetic() || c == '_' => word(rest),
                _ => return misread(format!("{c:?} means nothing here")),
            }
        };
        tokens.push(token);
        rest = rest.get(length..).unwrap_or_default().trim_start();
    }
    Ok(tokens)
}

fn quoted(text: &str, mark: char) -> Result<(Token, usize), Misread> {
    let inner = text.get(1..).unwrap_or_default();
    match inner.find(mark) {
        Some(end) => {
            let value = inner.get(..end).unwrap_or_default();
            Ok((Token::Value(value.into()), end + 2))
        }
        None => misread(format!("a text begins with {mark} and does not end")),
    }
}

fn number(text: &str) -> Result<(Token, usize), Misread> {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+');
    let end = text.find(|c| !part(c)).unwrap_or(text.len());
    let written = text.get(..end).unwrap_or_default();
    match serde_json::from_str::<serde_json::Number>(written) {
        Ok(number) => Ok((Token::Value(number.into()), end)),
        Err(_) => misread(format!("`{written}` is not a number")),
    }
}

fn word(text: &str) -> (Token, usize) {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let end = text.find(|c| !part(c)).unwrap_or(text.len());
    let word = text.get(..end).unwrap_or_default();
    let token = match word {
        "true" => Token::Value(true.into()),
        "false" => Token::Value(false.into()),
        "null" => Token::Value(Value::Null),
        _ => Token::Word(word.to_string()),
    };
    (token, end)
}

struct Reader<'a> {
    tokens: &'a [Token],
    depth: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first.clone())
    }

    fn takes(&mut self, word: &str) -> bool {
        let found = matches!(self.tokens.first(), Some(Token::Word(found)) if found == word);
        if found {
            self.next();
        }
        found
    }

    fn any(&mut self) -> Result<Node, Misread> {
        let mut nodes = vec![self.all()?];
        while self.takes("or") {
            nodes.push(self.all()?);
        }
        Ok(if nodes.len() == 1 { nodes.remove(0) } else { Node::Any(nodes) })
    }

    fn all(&mut self) -> Result<Node, Misread> {
        let mut nodes = vec![self.one()?];
        while self.takes("and") {
            nodes.push(self.one()?);
        }
        Ok(if nodes.len() == 1 { nodes.remove(0) } else { Node::All(nodes) })
    }

    fn one(&mut self) -> Result<Node, Misread> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return misread(format!("it nests deeper than {MAX_DEPTH} levels"));
        }
        let node = if self.takes("not") {
            Node::Not(Box::new(self.one()?))
        } else if self.tokens.first() == Some(&Token::Open) {
            self.next();
            let inner = self.any()?;
            match self.next() {
                Some(Token::Close) => inner,
                _ => return misread("a `(` is not closed"),
            }
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(node)
    }

    fn comparison(&mut self) -> Result<Node, Misread> {
        let path = match self.next() {
            Some(Token::Word(word)) if !matches!(word.as_str(), "and" | "or" | "not") => word,
            Some(token) => return misread(format!("{token} stands where a field must stand")),
            None => return misread("it ends where a field must stand"),
        };
        let order = match self.next() {
            Some(Token::Order(order)) => order,
            _ => {
                return misread(format!("`{path}` is compared with nothing: write `{path} < 0.7`"));
            }
        };
        match self.next() {
            Some(Token::Value(to)) if order.is_ranked() && !to.is_number() => {
                misread(format!("`{path}` can be more or less than a number, and not than {to}"))
            }
            Some(Token::Value(to)) => {
                Ok(Node::Compare { path: path.split('.').map(str::to_string).collect(), order, to })
            }
            Some(token) => {
                misread(format!("{token} stands where a value must stand; put texts in quotes"))
            }
            None => misread("it ends where a value must stand"),
        }
    }
}

#[cfg(test)]
mod tests;
