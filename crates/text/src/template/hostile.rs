//! Templates that mean harm: each ends quickly, in an error that names the bound, and on a thread's
//! ordinary stack (tests run on two megabytes).

use std::collections::{BTreeMap, BTreeSet};

use gatemark_core::Kind;
use serde_json::json;

use super::*;

/// The message, wherever it is noticed.
fn refusal(source: &str) -> String {
    let error = Templates::compile(&[source]).and_then(|templates| {
        let given = BTreeMap::from([
            ("x".to_owned(), json!("0123456789")),
            ("list".to_owned(), json!([1, 2, 3])),
        ]);
        templates.render(0, &given)
    });
    let error = error.map(|text| text.len()).expect_err("refused");
    assert_eq!(error.kind(), Kind::Invalid, "{error}");
    let _ = problems(source, &BTreeSet::new());
    let _ = used_variables(source);
    error.message().to_owned()
}

fn refused(source: &str, why: &str) {
    let start = source.get(..80).unwrap_or(source);
    let message = refusal(source);
    assert!(message.contains(why), "{start}: {message}");
}

#[test]
fn long_sources() {
    refused(&"x".repeat(MAX_SOURCE_BYTES + 1), "longer than 1024 KiB");
}

#[test]
fn chains_and_nests_that_would_overflow_the_stack() {
    let tag = |inner: String| format!("{{{{ {inner} }}}}");
    for chain in [
        tag(vec!["x"; 100_000].join("+")),
        tag(vec!["x"; 100_000].join("<")),
        tag(format!("x{}", ".a".repeat(100_000))),
        tag(format!("x{}", "[0]".repeat(100_000))),
        tag(format!("x{}", "()".repeat(100_000))),
        tag(format!("x{}", "|upper".repeat(50_000))),
        tag(format!("x{}", " is defined".repeat(50_000))),
        tag(format!("{}x", "not ".repeat(100_000))),
        tag(format!("{}1", "-".repeat(100_000))),
        tag(format!("{}1", "1 if x else ".repeat(50_000))),
    ] {
        refused(&chain, "operators in one tag");
    }
    refused(&tag(format!("{}x{}", "(".repeat(100), ")".repeat(100))), "nested brackets");
    refused(&format!("{{% if x %}}{}{{% endif %}}", "{% elif x %}".repeat(50_000)), "`elif`");
    refused(&"{% if x %}".repeat(100_000), "recursion limit");
    refused(&"{% set x = [x] %}".repeat(50_000), "nested values in `set`");
    refused(&"{% set x = x|batch(1) %}".repeat(30_000), "nested values in `set`");
}

/// What is just within the bounds must fit the stack.
#[test]
fn the_bounds_themselves_are_safe() {
    let sum = vec!["x"; 150].join("-");
    let _ = refusal(&format!("{{{{ {sum} }}}}"));
    let _ = refusal(&format!("{{{{ {}x }}}}", "-".repeat(199)));
    let _ = refusal(&format!("{{{{ {} }}}}", vec!["x.a"; 60].join("+")));
    let nested = "{% set list = [list] %}".repeat(400) + "{{ list }}{{ 1 // 0 }}";
    let _ = refusal(&nested);
    let deep = "{% for x in [x] %}".repeat(60) + "{{ nope }}" + &"{% endfor %}".repeat(60);
    let _ = refusal(&deep);
    let many = "{% if x %}".repeat(130) + "{{ nope }}" + &"{% endif %}".repeat(130);
    let _ = refusal(&many);
    let elifs = format!("{{% if 0 %}}{}{{% endif %}}{{{{ nope }}}}", "{% elif 0 %}".repeat(50));
    let _ = refusal(&elifs);
}

#[test]
fn endless_loops_and_recursion() {
    refused("{% for i in range(100000000) %}{% endfor %}", "range");
    let r = "{% for i in range(10000) %}";
    let loops = format!("{r}{r}{{% endfor %}}{{% endfor %}}");
    refused(&loops, "500000 steps");
    refused("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "deeper than 64");
    refused("{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}", "deeper than 64");
    refused("{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}", "deeper than 64");
    refused("{% block a %}{{ self.a() }}{% endblock %}", "deeper than 64");
    refused(
        "{% macro f(n) %}{% if n %}{{ f(n-1) }}{{ f(n-1) }}{% endif %}{% endmacro %}{% for i in range(10000) %}{{ f(8) }}{% endfor %}",
        "steps",
    );
}

#[test]
fn output_bombs() {
    let r = "{% for i in range(10000) %}";
    refused(&format!("{r}{}{{% endfor %}}", "x".repeat(1000)), "longer than 4 MiB");
    refused(&format!("{{% set y = x * 100 %}}{r}{{{{ y }}}}{{% endfor %}}"), "4 MiB");
    refused("{% for i in range(5000) %}{{ x * 1000 }}{% endfor %}", "4 MiB");
}

#[test]
fn memory_bombs() {
    let made = "64 MiB of text";
    for bomb in [
        "{{ (x * 100000000) | length }}".to_owned(),
        "{{ ('a' * 100000000) | length }}".to_owned(),
        "{{ 100000000 * x }}".to_owned(),
        "{{ ([x] * 100000000) | length }}".to_owned(),
        "{% set x = x ~ x %}".repeat(40),
        "{% set x = x + x %}".repeat(40),
        "{% set list = list + list %}".repeat(40),
        "{% set list = [list, list] %}".repeat(40) + "{{ list }}",
        "{% set x = x | replace('', x) %}".repeat(10),
        "{% set x = [x, x, x, x] | join(x) %}".repeat(40),
        "{% set x %}{{ x }}{{ x }}{% endset %}".repeat(40),
        "{% macro f(s) %}{{ f(s ~ s ~ s ~ s ~ s ~ s ~ s ~ s) }}{% endmacro %}{{ f(x) }}".to_owned(),
        "{% macro f(s) %}{{ s }}{{ s }}{% endmacro %}".to_owned()
            + &"{% set x = f(x) %}".repeat(40),
        "{% set l = [x * 1000000] * 1000 %}{{ l | upper }}".to_owned(),
        "{% set l = [x * 1000000] * 1000 %}{{ l | sum }}".to_owned(),
        "{% set l = [x * 1000000] * 1000 %}{{ l ~ '' }}".to_owned(),
        "{% set l = [x * 1000000] * 1000 %}{{ l | string | length }}".to_owned(),
        "{% set l = [x * 1000000] * 1000 %}{{ l | tojson | length }}".to_owned(),
    ] {
        refused(&bomb, made);
    }
    refused("{{ 'a' | indent(100000000000) }}", "at most 10000");
    refused("{{ 'a' | indent(width=100000000000) }}", "at most 10000");
    refused("{{ list | batch(100000000000, 0) }}", "at most 10000");
    refused("{{ list | slice(100000000000) }}", "at most 10000");
    refused("{{ '%1000000000d' | format(1) }}", "3 digits");
    refused("{{ '%*d' | format(1000000000, 1) }}", "3 digits");
    let captured = format!(
        "{{% set y %}}{{% for i in range(10000) %}}{}{{% endfor %}}{{% endset %}}{{{{ y }}}}",
        "x".repeat(100_000)
    );
    refused(&captured, "steps");
}
