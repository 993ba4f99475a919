//! What templates render, and what their authors are told.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn variables(value: Value) -> BTreeMap<String, Value> {
    serde_json::from_value(value).unwrap()
}

fn rendered(source: &str, given: Value) -> gatemark_core::Result<String> {
    Templates::compile(&[source])?.render(0, &variables(given))
}

fn told(source: &str, declared: &[&str]) -> Vec<String> {
    let declared: BTreeSet<&str> = declared.iter().copied().collect();
    let line = |p: TemplateProblem| {
        let hint = p.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
        format!("{}:{}+{} {}{hint}", p.line, p.column, p.width, p.message)
    };
    problems(source, &declared).into_iter().map(line).collect()
}

#[test]
fn values_render_as_written() {
    for (source, given, wanted) in [
        ("plain text\n", json!({}), "plain text\n"),
        ("{{ a }}\n", json!({"a": "<b> & 'c'"}), "<b> & 'c'\n"),
        (
            "{{ a }}",
            json!({"a": {"z": [1, 1.5, true, null], "a": "ü\"<"}}),
            r#"{"z":[1,1.5,true,null],"a":"ü\"<"}"#,
        ),
        ("{{ a | tojson }}", json!({"a": {"z": "<", "a": 1}}), r#"{"z":"<","a":1}"#),
        ("{{ a | tojson(indent=2) }}", json!({"a": [1]}), "[\n  1\n]"),
        ("{{ a }} {{ b }} {{ c }}", json!({"a": 1, "b": true, "c": null}), "1 true null"),
        ("{{ 'x' ~ a }}", json!({"a": [1]}), "x[1]"),
        (
            "{% for i in a %}{{ loop.index }}{{ i.n }};{% endfor %}",
            json!({"a": [{"n": "x"}]}),
            "1x;",
        ),
        ("{% if a is defined and a %}y{% else %}n{% endif %}", json!({"a": ""}), "n"),
        ("{% set s = a + 1 %}{{ s * 2 - 1 }}", json!({"a": 2}), "5"),
        ("{{ [1] + [2] }}{{ 'ab' * 2 }}{{ [0] * 2 }}", json!({}), "[1,2]abab[0,0]"),
        ("{{ a | upper | replace('A', 'b') | trim }}", json!({"a": " aa "}), "bb"),
        ("{{ a | join(', ') }}", json!({"a": ["x", 1]}), "x, 1"),
        (
            "{{ a | sort(attribute='n') | map(attribute='n') | join(d='+') }}",
            json!({"a": [{"n": "y"}, {"n": "x"}]}),
            "x+y",
        ),
        ("{{ a | indent(width=1) }}", json!({"a": "x\ny"}), "x\n y"),
        ("{{ a.b.c+a['b'].c+1 }}", json!({"a": {"b": {"c": 1}}}), "3"),
        ("{{ '%.2f' | format(a) }}", json!({"a": 1.239}), "1.24"),
        ("{% macro m(x) %}[{{ x }}]{% endmacro %}{{ m(a) }}", json!({"a": 1}), "[1]"),
        ("{% set x %}{{ a }}!{% endset %}{{ x }}", json!({"a": 1}), "1!"),
        ("{% raw %}{{ a + b }}{% endraw %}{# c #}", json!({}), "{{ a + b }}"),
    ] {
        assert_eq!(rendered(source, given).unwrap(), wanted, "{source}");
    }
}

#[test]
fn what_is_undefined_is_an_error_with_its_line() {
    let error = rendered("a\n{{ b }}", json!({})).unwrap_err();
    assert_eq!(error.kind(), gatemark_core::Kind::Invalid);
    assert!(error.message().starts_with("template 1, line 2: undefined value"), "{error}");
    assert!(rendered("{{ a.b }}", json!({"a": {}})).is_err());
    assert!(rendered("{{ 'x' ~ a.b }}", json!({"a": {}})).is_err());
    assert!(rendered("{% for i in a %}{% endfor %}", json!({})).is_err());
}

#[test]
fn templates_are_counted_and_kept_apart() {
    let templates = Templates::compile(&["a", "{{ x }}", "{{ y }}"]).unwrap();
    assert_eq!((templates.len(), templates.is_empty()), (3, false));
    let given = variables(json!({"x": 1, "y": 2}));
    assert_eq!(templates.render(2, &given).unwrap(), "2");
    assert!(templates.render(3, &given).is_err());
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&templates);
}

#[test]
fn problems_have_places_and_hints() {
    assert!(told("hello {{ ticket }}", &["ticket"]).is_empty());
    assert_eq!(
        told("é {{ tikcet }}\n  {{ ticket | uper }} {{ nowhere }}", &["ticket"]),
        [
            "1:6+6 `tikcet` is not declared in `variables` (did you mean `ticket`?)",
            "2:15+4 `uper` is not a filter (did you mean `upper`?)",
            "2:26+7 `nowhere` is not declared in `variables` (declare `nowhere` under `variables`)",
        ]
    );
    assert_eq!(
        told("{{ a is defind }}", &["a"]),
        ["1:9+6 `defind` is not a test (did you mean `defined`?)"]
    );
    let syntax = told("a\n{% if x %}", &["x"]);
    assert!(syntax.len() == 1 && syntax[0].starts_with("2:"), "{syntax:?}");
    let syntax = told("{{ a b }}", &["a"]);
    assert!(syntax[0].starts_with("1:6+1 "), "{syntax:?}");
    for tag in ["include 'x'", "extends 'x'", "import 'x' as y", "from 'x' import y"] {
        assert!(told(&format!("{{% {tag} %}}"), &[])[0].contains("is not available"), "{tag}");
        assert!(Templates::compile(&[&format!("{{% {tag} %}}")]).is_err(), "{tag}");
    }
    assert!(told("{{ namespace() }}", &[])[0].contains("`namespace` is not declared"));
}

#[test]
fn what_a_template_sets_itself_is_declared() {
    for source in [
        "{% if a %}{% set y = 1 %}{% else %}{% set y = 2 %}{% endif %}{{ y }}",
        "{% for x, y in a %}{{ x }}{{ y }}{{ loop.index }}{% endfor %}",
        "{% with z = a %}{{ z }}{% endwith %}",
        "{% macro m(p, q=1) %}{{ p }}{{ q }}{{ caller() }}{% endmacro %}{% call m(a) %}x{% endcall %}",
        "{% set z %}{{ a }}{% endset %}{{ z }}{{ range(3) }}{{ dict(k=a) }}",
        "{{ a[a:a] }}{{ a | default('x') }}{{ 1 if a else 2 }}{{ {'k': a, 'l': [a]} }}",
    ] {
        assert_eq!(told(source, &["a"]), [""; 0], "{source}");
        assert_eq!(used_variables(source).into_iter().collect::<Vec<_>>(), ["a"], "{source}");
    }
    assert!(told("{% for x in a %}{% endfor %}{{ x }}", &["a"])[0].contains("`x`"));
    assert!(told("{% set x = x %}", &[])[0].contains("`x`"));
    assert!(told("{{ a[n:] }}{% set q | replace(m, '') %}{% endset %}", &["a"]).len() == 2);
    assert!(used_variables("{{ broken").is_empty());
}

#[test]
fn what_stands_as_it_is_is_the_authors() {
    let texts = |source: &str| literal_texts(source);
    assert_eq!(texts("plain\n"), ["plain\n"]);
    assert_eq!(
        texts("a {{ x }} b{% if x %} c {% else %}d{% endif %}{# no #}"),
        ["a ", " b", " c ", "d"]
    );
    assert_eq!(texts("{% for y in x %}- {{ y }}\n{% endfor %}"), ["- ", "\n"]);
    assert_eq!(texts("{{ broken"), ["{{ broken"]);
}

#[test]
fn every_listed_filter_and_test_exists() {
    for name in filters::NAMES {
        let error = rendered(&format!("{{{{ a | {name} }}}}"), json!({"a": "1"}));
        let unknown = error.is_err_and(|error| error.message().contains("unknown filter"));
        assert!(!unknown, "{name}");
    }
    for name in filters::TESTS.iter().filter(|name| name.starts_with(char::is_alphabetic)) {
        let error = rendered(&format!("{{{{ a is {name} }}}}"), json!({"a": "1"}));
        let unknown = error.is_err_and(|error| error.message().contains("unknown test"));
        assert!(!unknown, "{name}");
    }
}

/// Expressions with every operator, brackets, filters and calls.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("a".to_owned()),
        Just("b".to_owned()),
        Just("'x'".to_owned()),
        Just("-2".to_owned()),
        Just("1.5".to_owned()),
        Just("[1, a]".to_owned()),
        Just("b[0:1]".to_owned()),
    ];
    leaf.prop_recursive(4, 12, 2, |inner| {
        let operator = prop::sample::select(vec![
            "+", "*", "~", " + ", " *", "~ ", "-", "**", "==", " and ", " or ", " in ", "<", "//",
            "%",
        ]);
        prop_oneof![
            (inner.clone(), operator, inner.clone()).prop_map(|(l, o, r)| format!("{l}{o}{r}")),
            inner.clone().prop_map(|e| format!("({e})")),
            inner.clone().prop_map(|e| format!("( ({e} ) )|default(a)")),
            inner.clone().prop_map(|e| format!("-({e})")),
            inner.clone().prop_map(|e| format!("(not {e})")),
            inner.clone().prop_map(|e| format!("{e} is defined")),
            (inner.clone(), inner.clone()).prop_map(|(l, r)| format!("({l} if {r} else a)")),
            (inner.clone(), inner).prop_map(|(l, r)| format!("[{l}, {{'k': {r}}}][0]")),
        ]
    })
}

/// The engine as it comes, with our way of writing values.
fn reference(source: &str, given: &BTreeMap<String, Value>) -> Option<String> {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_auto_escape_callback(|_| AutoEscape::None);
    engine.set_formatter(output::format);
    engine.render_str(source, minijinja::value::Serde(given)).ok()
}

proptest! {
    #[test]
    fn the_detour_of_operators_changes_nothing(expression in expression()) {
        let given = variables(json!({"a": 3, "b": "yz"}));
        let source = format!("{{{{ {expression} }}}}");
        let ours = Templates::compile(&[&source]).and_then(|t| t.render(0, &given)).ok();
        let theirs = reference(&source, &given);
        // What `~` writes differs on purpose: ours is JSON without spaces.
        let plain = |text: Option<String>| {
            text.map(|text| text.replace([' ', '"', '\''], "").to_lowercase())
        };
        prop_assert_eq!(plain(ours), plain(theirs));
    }

    #[test]
    fn any_source_compiles_and_renders_or_is_refused(
        parts in prop::collection::vec(prop::sample::select(vec![
            "{{", "}}", "{%", "%}", "{#", "#}", "a", " ", "'", "if", "for", "in", "set", "=", "endif",
            "endfor", "|", "upper", "(", ")", "[", "]", "~", "+", "*", "\n", "é", "-", "raw", "macro",
            "endmacro", "range", "9", ".", ",", "else", "elif", "loop", "block", "endblock", "self",
        ]), 0..40),
    ) {
        let source = parts.concat();
        let listed = problems(&source, &BTreeSet::from(["a"]));
        let compiled = Templates::compile(&[&source]);
        if listed.is_empty() {
            prop_assert!(compiled.is_ok(), "{:?}", compiled);
        }
        if let Ok(templates) = compiled {
            let _ = templates.render(0, &variables(json!({"a": "x"})));
        }
        let _ = used_variables(&source);
    }
}
