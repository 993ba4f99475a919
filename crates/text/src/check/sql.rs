//! `sql`: the answer, or a text in it, is SQL that parses, and optionally only reads, from allowed tables.
//!
//! It says that a parser of the dialect takes the text; not that the database has those tables, nor that
//! the statement is harmless: a function may do anything. There is no list of allowed columns, since what
//! `*` or a bare name means cannot be told without the database's own schema.

use std::ops::ControlFlow;

use sqlparser::ast::{
    ObjectName, Query, Select, SetExpr, Statement, Visit, Visitor, visit_relations,
};
use sqlparser::dialect::{Dialect, dialect_from_str};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use super::parameters::Parameters;
use super::typed::Mistakes;
use super::{Check, CheckProblem, Finding, Observation, subject};

/// The dialects that have a parser.
const DIALECTS: [&str; 15] = [
    "generic",
    "ansi",
    "bigquery",
    "clickhouse",
    "databricks",
    "duckdb",
    "hive",
    "mssql",
    "mysql",
    "oracle",
    "postgresql",
    "redshift",
    "snowflake",
    "spark",
    "sqlite",
];
/// Deepest nesting that is read: the parser recurses, and tries some constructs twice at each level.
const MAX_DEPTH: usize = 40;
/// Most words and signs since the last comma or `;`, over all open brackets. A chain such as `1+1+1` makes
/// a tree as deep as it is long, and walking or dropping one takes stack for each level.
const MAX_CHAIN: usize = 500;
/// Longest text that is read, in bytes.
const MAX_BYTES: usize = 256 * 1024;

struct Sql {
    dialect: &'static str,
    only_select: bool,
    tables: Option<Vec<String>>,
    at: Option<String>,
}

pub(super) fn build(parameters: &Parameters<'_>) -> Result<Box<dyn Check>, CheckProblem> {
    let mut mistakes = Mistakes::default();
    let dialect = mistakes.option(parameters.choice("dialect", &DIALECTS)).unwrap_or("generic");
    let only_select = mistakes.take(parameters.flag("only_select", false)).unwrap_or_default();
    let tables = mistakes.option(parameters.texts("tables"));
    let tables = tables.map(|names| names.iter().map(|name| name.to_lowercase()).collect());
    let at = mistakes.option(parameters.pointer());
    mistakes.or(Some(Sql { dialect, only_select, tables, at }))
}

/// Whether `TABLE name`, short for `SELECT * FROM name`, stands among the operands. The parser keeps no
/// relation for it, and drops the two words behind the name.
fn has_table_command(body: &SetExpr) -> bool {
    let mut left = vec![body];
    while let Some(operand) = left.pop() {
        match operand {
            SetExpr::Table(_) => return true,
            SetExpr::SetOperation { left: one, right: other, .. } => {
                left.extend([&**one, &**other])
            }
            _ => {}
        }
    }
    false
}

/// What a tree of statements names and does.
#[derive(Default)]
struct Survey {
    /// Tables, in lower case, as written.
    tables: Vec<String>,
    /// Names that a `WITH` around the present place defines.
    scopes: Vec<Vec<String>>,
    writes: bool,
    /// Whether there is a `TABLE` command.
    unread: bool,
}

fn written(name: &ObjectName) -> String {
    let parts = name.0.iter().map(|part| match part.as_ident() {
        Some(ident) => ident.value.to_lowercase(),
        None => part.to_string().to_lowercase(),
    });
    parts.collect::<Vec<_>>().join(".")
}

impl Visitor for Survey {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let with = query.with.as_ref();
        let tables = with.map(|with| with.cte_tables.as_slice()).unwrap_or_default();
        let names: Vec<String> =
            tables.iter().map(|cte| cte.alias.name.value.to_lowercase()).collect();
        // Without RECURSIVE a name is defined only after its own definition: inside, it is a real table.
        if with.is_some_and(|with| !with.recursive) {
            for (i, cte) in tables.iter().enumerate() {
                let later = names.get(i..).unwrap_or_default();
                let _ = visit_relations(&cte.query, |name| {
                    let name = written(name);
                    if later.contains(&name) {
                        self.tables.push(name);
                    }
                    ControlFlow::<()>::Continue(())
                });
            }
        }
        self.scopes.push(names);
        self.unread |= has_table_command(&query.body);
        self.writes |= !query.locks.is_empty();
        self.writes |= matches!(
            *query.body,
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_)
        );
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.scopes.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        self.writes |= select.into.is_some();
        ControlFlow::Continue(())
    }

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<()> {
        self.writes |= !matches!(statement, Statement::Query(_));
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<()> {
        let name = written(name);
        if !self.scopes.iter().flatten().any(|defined| *defined == name) {
            self.tables.push(name);
        }
        ControlFlow::Continue(())
    }
}

/// Upper bound of the depth of the tree that `tokens` make.
fn longest_chain(tokens: &[TokenWithSpan]) -> usize {
    let (mut open, mut sum, mut longest) = (vec![0_usize], 0_usize, 0);
    for token in tokens {
        match token.token {
            Token::Whitespace(_) | Token::Period => continue,
            Token::LParen | Token::LBracket | Token::LBrace => open.push(0),
            Token::RParen | Token::RBracket | Token::RBrace => {
                if let Some(inner) = open.pop() {
                    sum = sum.saturating_sub(inner);
                }
            }
            Token::Comma | Token::SemiColon => {
                sum = sum.saturating_sub(open.last_mut().map(std::mem::take).unwrap_or_default());
                continue;
            }
            _ => {}
        }
        if open.is_empty() {
            open.push(0);
        }
        if let Some(here) = open.last_mut() {
            *here += 1;
            sum += 1;
        }
        longest = longest.max(sum);
    }
    longest
}

impl Sql {
    fn read(&self, text: &str) -> Result<(), String> {
        if text.len() > MAX_BYTES {
            return Err(format!("it is longer than {MAX_BYTES} bytes"));
        }
        let dialect: Box<dyn Dialect> = dialect_from_str(self.dialect)
            .ok_or_else(|| format!("there is no parser for {}", self.dialect))?;
        let parser = Parser::new(&*dialect).with_recursion_limit(MAX_DEPTH);
        let tokens = Tokenizer::new(&*dialect, text).tokenize_with_location();
        let tokens = tokens.map_err(|error| error.to_string())?;
        if longest_chain(&tokens) > MAX_CHAIN {
            return Err(format!("more than {MAX_CHAIN} words and signs stand without a comma"));
        }
        let mut parser = parser.with_tokens_with_locations(tokens);
        let statements = parser.parse_statements().map_err(|error| error.to_string())?;
        if statements.is_empty() {
            return Err("there is no statement".into());
        }
        let mut survey = Survey::default();
        let _ = statements.visit(&mut survey);
        if self.only_select && survey.writes {
            return Err("it does more than read".into());
        }
        if survey.unread && (self.only_select || self.tables.is_some()) {
            return Err(
                "it has a TABLE command, which `only_select` and `tables` cannot look into".into(),
            );
        }
        let Some(allowed) = &self.tables else { return Ok(()) };
        let foreign = survey.tables.iter().find(|table| !allowed.contains(table));
        let shown = |table: &String| format!("it names the table {}", subject::shown(table));
        foreign.map_or(Ok(()), |table| Err(shown(table)))
    }
}

impl Check for Sql {
    fn observe(&self, seen: &Observation<'_>) -> Finding {
        let text = match subject::searched(seen.answer, self.at.as_deref()) {
            Ok(text) => text,
            Err(why) => return Finding::nothing(why),
        };
        match self.read(text.trim()) {
            Ok(()) => Finding::Holds,
            Err(why) => {
                let found = subject::shown(&text);
                let why = why.trim_start_matches("sql parser error: ");
                Finding::Fails(format!("expected {}, found {found}: {why}", self.describe()))
            }
        }
    }

    fn describe(&self) -> String {
        let only = if self.only_select { " that only reads" } else { "" };
        let tables = self.tables.as_ref().map(|tables| format!(" from {}", tables.join(", ")));
        let place = subject::place(self.at.as_deref());
        format!("sql ({}){only}{}{place}", self.dialect, tables.unwrap_or_default())
    }
}
