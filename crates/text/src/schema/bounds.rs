//! Bounds on a schema: size, depth, how far references multiply, and that none leads out.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{SchemaProblem, short};

/// Longest schema, in bytes of compact JSON.
const MAX_BYTES: usize = 256 * 1024;
/// Deepest nesting of objects and lists.
const MAX_DEPTH: usize = 64;
/// Most nodes with every reference written out: what one value may have to be compared with.
const MAX_EXPANDED: u64 = 1_000_000;
/// Deepest nesting with every reference written out.
const MAX_EXPANDED_DEPTH: usize = 1000;

/// Refuses a schema that is over a bound.
pub(super) fn check(schema: &Value) -> Result<(), SchemaProblem> {
    walk(schema, &mut String::new(), 0)?;
    let whole = |message: String| Err(SchemaProblem { pointer: String::new(), message });
    if schema.to_string().len() > MAX_BYTES {
        return whole(format!("the schema is longer than {} KiB", MAX_BYTES / 1024));
    }
    let mut expansion = Expansion { root: schema, known: BTreeMap::new(), depth: 0 };
    if expansion.of(schema) > MAX_EXPANDED {
        return whole(format!(
            "references multiply to more than {MAX_EXPANDED} rules, or chain deeper than \
             {MAX_EXPANDED_DEPTH} levels; flatten the schema"
        ));
    }
    Ok(())
}

fn walk(node: &Value, pointer: &mut String, depth: usize) -> Result<(), SchemaProblem> {
    let refuse = |pointer: &str, message: String| {
        Err(SchemaProblem { pointer: pointer.to_owned(), message })
    };
    if depth > MAX_DEPTH {
        return refuse(pointer, format!("the schema nests deeper than {MAX_DEPTH} levels"));
    }
    let length = pointer.len();
    match node {
        Value::Object(fields) => {
            for (key, child) in fields {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
                if let Some(target) = reference(key, child).filter(|target| leads_out(target)) {
                    let message = format!(
                        "`{key}` to `{}` leads out of the schema; move the definition into `$defs` \
                         and refer to it as `#/$defs/...`",
                        short(target)
                    );
                    return refuse(pointer, message);
                }
                walk(child, pointer, depth + 1)?;
                pointer.truncate(length);
            }
        }
        Value::Array(items) => {
            for (index, child) in items.iter().enumerate() {
                pointer.push_str(&format!("/{index}"));
                walk(child, pointer, depth + 1)?;
                pointer.truncate(length);
            }
        }
        _ => {}
    }
    Ok(())
}

fn reference<'a>(key: &str, value: &'a Value) -> Option<&'a str> {
    if matches!(key, "$ref" | "$dynamicRef" | "$recursiveRef") { value.as_str() } else { None }
}

/// Whether a reference names a scheme (`http:`, `file:`), other than the meta-schemas, which are built
/// in. References to an `$id` in the same document are relative and stay allowed; the validator refuses
/// those that it cannot find.
fn leads_out(target: &str) -> bool {
    let base = target.split('#').next().unwrap_or_default();
    let is_meta = |scheme: &str| target.starts_with(&format!("{scheme}://json-schema.org/"));
    base.contains(':') && !is_meta("https") && !is_meta("http")
}

/// The size of a schema with its references written out. Thirty definitions that each refer twice to the
/// next one are a kilobyte to read and a thousand million rules to check. A reference to something that
/// is being expanded is recursion, ends with the value, and counts once.
struct Expansion<'a> {
    root: &'a Value,
    /// `None` while it is being expanded.
    known: BTreeMap<&'a str, Option<u64>>,
    depth: usize,
}

impl<'a> Expansion<'a> {
    fn of(&mut self, node: &'a Value) -> u64 {
        // A long chain would overflow the stack here, and the validator's.
        if self.depth >= MAX_EXPANDED_DEPTH {
            return u64::MAX;
        }
        self.depth += 1;
        let parts: u64 = match node {
            Value::Object(fields) => fields
                .iter()
                .map(|(key, child)| match reference(key, child) {
                    Some(target) => self.target(target),
                    None => self.of(child),
                })
                .fold(0, u64::saturating_add),
            Value::Array(items) => {
                items.iter().map(|item| self.of(item)).fold(0, u64::saturating_add)
            }
            _ => 0,
        };
        self.depth -= 1;
        parts.saturating_add(1)
    }

    fn target(&mut self, target: &'a str) -> u64 {
        if let Some(size) = self.known.get(target) {
            return size.unwrap_or(1);
        }
        let fragment = target.strip_prefix('#').unwrap_or_default();
        let node = match self.root.pointer(fragment) {
            Some(node) => Some(node),
            None => anchored(self.root, fragment),
        };
        let Some(node) = node else { return 1 };
        self.known.insert(target, None);
        let size = self.of(node);
        self.known.insert(target, Some(size));
        size
    }
}

/// The part that calls itself `name`.
fn anchored<'a>(node: &'a Value, name: &str) -> Option<&'a Value> {
    match node {
        Value::Object(fields) => {
            let own = ["$anchor", "$dynamicAnchor"].iter().filter_map(|key| fields.get(*key));
            if own.into_iter().any(|anchor| anchor.as_str() == Some(name)) {
                return Some(node);
            }
            fields.values().find_map(|child| anchored(child, name))
        }
        Value::Array(items) => items.iter().find_map(|child| anchored(child, name)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(schema: &Value) -> SchemaProblem {
        check(schema).expect_err("refused")
    }

    #[test]
    fn size_and_depth() {
        let deep = (0..100).fold(json!({}), |inner, _| json!({"not": inner}));
        assert!(refused(&deep).message.contains("64 levels"));
        let long = json!({"description": "x".repeat(MAX_BYTES)});
        assert!(refused(&long).message.contains("256 KiB"));
    }

    #[test]
    fn nothing_leads_out() {
        for target in ["http://127.0.0.1:1/a.json", "file:///etc/passwd"] {
            let problem = refused(&json!({"items": {"$ref": target}}));
            assert_eq!(problem.pointer, "/items/$ref");
            assert!(problem.message.contains("leads out"), "{problem}");
        }
        assert!(check(&json!({"$ref": "https://json-schema.org/draft/2020-12/schema"})).is_ok());
    }

    #[test]
    fn references_may_not_multiply() {
        let refer = |name: String| json!({"allOf": [{"$ref": name}, {"$ref": name}]});
        let definitions = |name: fn(usize) -> String| {
            let mut all: serde_json::Map<String, Value> = (0..30)
                .map(|n| {
                    let mut part = refer(name(n + 1));
                    part["$anchor"] = json!(format!("a{n}"));
                    (format!("a{n}"), part)
                })
                .collect();
            all.insert("a30".into(), json!({"$anchor": "a30", "type": "string"}));
            json!({"$defs": all, "$ref": name(0)})
        };
        for schema in [definitions(|n| format!("#/$defs/a{n}")), definitions(|n| format!("#a{n}"))]
        {
            assert!(refused(&schema).message.contains("multiply"));
        }
        let chain: serde_json::Map<String, Value> = (0..5000)
            .map(|n| (n.to_string(), json!({"$ref": format!("#/$defs/{}", n + 1)})))
            .collect();
        assert!(refused(&json!({"$defs": chain})).message.contains("chain deeper"));
        let tree = json!({"items": {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]}});
        assert!(check(&tree).is_ok());
    }
}
