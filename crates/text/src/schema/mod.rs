//! JSON Schema: is the schema itself right, and does a value satisfy it.
//!
//! Schemas are written by authors and answers by models, so neither may stall or reach out: references
//! to other documents are refused, patterns run on a linear-time engine (no look-around, no
//! back-references), and size, depth and what references multiply to are bounded. `format` is an
//! annotation unless [`Dialect`] says otherwise, as the specification has it by default, because models'
//! vendors disagree on which formats they honour.

mod bounds;

use jsonschema::PatternOptions;
use serde_json::Value;

/// Most problems listed for one value.
const MAX_PROBLEMS: usize = 10;
/// Longest message about one problem, in characters; messages quote the value at fault.
const MAX_MESSAGE: usize = 300;
/// Largest compiled `pattern`, in bytes.
const MAX_PATTERN_BYTES: usize = 1024 * 1024;

/// Why a schema is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaProblem {
    /// JSON pointer into the schema; empty for the schema as a whole.
    pub pointer: String,
    /// What is wrong there.
    pub message: String,
}

impl std::fmt::Display for SchemaProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = if self.pointer.is_empty() { "/" } else { &self.pointer };
        write!(f, "{place}: {}", self.message)
    }
}

impl std::error::Error for SchemaProblem {}

/// A draft of the specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Draft {
    /// Draft 7 (2018).
    Seven,
    /// Draft 2020-12.
    TwentyTwenty,
}

/// How a schema is to be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dialect {
    /// The draft, whatever `$schema` says; `None` for the one that `$schema` names, or 2020-12.
    pub draft: Option<Draft>,
    /// Whether `format` is asserted, or only says what is meant.
    pub formats: bool,
}

/// A compiled schema.
#[derive(Debug, Clone)]
pub struct Validator(jsonschema::Validator);

impl Validator {
    /// Compiles `schema` after checking it against its meta-schema: the draft that `$schema` names, or
    /// 2020-12.
    pub fn compile(schema: &Value) -> Result<Self, SchemaProblem> {
        Self::compile_as(schema, Dialect::default())
    }

    /// The same in a dialect of the caller's choice.
    pub fn compile_as(schema: &Value, dialect: Dialect) -> Result<Self, SchemaProblem> {
        bounds::check(schema)?;
        let mut options = jsonschema::options();
        if let Some(draft) = dialect.draft {
            options = options.with_draft(match draft {
                Draft::Seven => jsonschema::Draft::Draft7,
                Draft::TwentyTwenty => jsonschema::Draft::Draft202012,
            });
        }
        options
            .offline()
            .should_validate_formats(dialect.formats)
            .with_pattern_options(PatternOptions::regex().size_limit(MAX_PATTERN_BYTES))
            .build(schema)
            .map(Self)
            .map_err(|error| SchemaProblem {
                pointer: error.instance_path().to_string(),
                message: short(&error.to_string()),
            })
    }

    /// What is wrong with `instance`, as `/path: message`; at most 10 entries, empty if nothing is.
    pub fn problems(&self, instance: &Value) -> Vec<String> {
        let line = |error: jsonschema::ValidationError<'_>| {
            let path = error.instance_path().to_string();
            let path = if path.is_empty() { "/" } else { &path };
            format!("{path}: {}", short(&error.to_string()))
        };
        self.0.iter_errors(instance).take(MAX_PROBLEMS).map(line).collect()
    }

    /// Whether `instance` satisfies the schema; faster than listing its problems.
    pub fn accepts(&self, instance: &Value) -> bool {
        self.0.is_valid(instance)
    }
}

fn short(message: &str) -> String {
    if message.chars().count() <= MAX_MESSAGE {
        return message.to_owned();
    }
    let head: String = message.chars().take(MAX_MESSAGE - 3).collect();
    format!("{head}...")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(schema: Value) -> SchemaProblem {
        Validator::compile(&schema).expect_err("refused")
    }

    #[test]
    fn values_are_judged_with_paths() {
        let schema = json!({
            "type": "object",
            "required": ["action"],
            "properties": {"action": {"enum": ["skip", "send"]}, "n": {"type": "integer"}},
        });
        let validator = Validator::compile(&schema).unwrap();
        assert!(validator.accepts(&json!({"action": "skip", "n": 1})));
        let problems = validator.problems(&json!({"action": "stop", "n": 1.5}));
        assert_eq!(problems.len(), 2);
        assert!(problems[0].starts_with("/action: "), "{problems:?}");
        assert!(problems[1].starts_with("/n: "), "{problems:?}");
        assert!(validator.problems(&json!({}))[0].starts_with("/: "));
    }

    #[test]
    fn a_wrong_schema_is_refused_with_its_place() {
        let problem = refused(json!({"properties": {"a": {"type": "objekt"}}}));
        assert_eq!(problem.pointer, "/properties/a/type");
        let problem = refused(json!({"properties": {"a": {"pattern": "("}}}));
        assert_eq!(problem.pointer, "/properties/a/pattern");
    }

    #[test]
    fn nothing_is_fetched() {
        refused(json!({"$ref": "other.json"}));
        refused(json!({"$ref": "#/$defs/missing"}));
    }

    #[test]
    fn local_references_and_recursion_work() {
        let schema = json!({
            "$defs": {"tree": {"type": "array", "items": {"$ref": "#/$defs/tree"}}},
            "$ref": "#/$defs/tree",
        });
        let validator = Validator::compile(&schema).unwrap();
        assert!(validator.accepts(&json!([[], [[]]])));
        assert!(!validator.accepts(&json!([[], [[1]]])));
    }

    #[test]
    fn older_drafts_are_honoured() {
        let schema = json!({
            "$schema": "http://json-schema.org/draft-07/schema#",
            "items": [{"type": "string"}], "additionalItems": false,
        });
        let validator = Validator::compile(&schema).unwrap();
        assert!(!validator.accepts(&json!(["a", "b"])));
    }

    #[test]
    fn formats_are_annotations_unless_asserted() {
        let schema = json!({"format": "email"});
        assert!(Validator::compile(&schema).unwrap().accepts(&json!("not an address")));
        let dialect = Dialect { formats: true, ..Dialect::default() };
        let validator = Validator::compile_as(&schema, dialect).unwrap();
        assert!(!validator.accepts(&json!("not an address")) && validator.accepts(&json!("a@b.c")));
    }

    #[test]
    fn the_draft_can_be_pinned() {
        // Draft 7 knows no `prefixItems` and draft 2020-12 no list under `items`.
        let schema = json!({"prefixItems": [{"type": "string"}]});
        let as_draft = |draft| {
            let dialect = Dialect { draft: Some(draft), ..Dialect::default() };
            Validator::compile_as(&schema, dialect).unwrap().accepts(&json!([1]))
        };
        assert!(as_draft(Draft::Seven) && !as_draft(Draft::TwentyTwenty));
    }
}
