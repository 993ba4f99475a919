//! Checks over documents, statements, calls and code.

use proptest::prelude::*;

use super::*;

#[test]
fn xml() {
    let bomb = "<!DOCTYPE a [<!ENTITY x \"xx\"><!ENTITY y \"&x;&x;\">]><a>&y;</a>";
    let order = "<?xml version=\"1.0\"?><!-- c --><order id='7'><item><name>&lt;a&#65;</name></item><item/></order>";
    for (parameters, answer, wanted) in [
        (json!(null), "<a/>", Pass),
        (json!(null), order, Pass),
        (json!("order"), order, Pass),
        (json!("item"), order, Fail),
        (json!({"paths": ["/order/@id", "/order/item/name"]}), order, Pass),
        (json!({"paths": ["/order/item/price"]}), order, Fail),
        (json!({"paths": "/order/@name"}), order, Fail),
        (json!({"paths": "/name"}), order, Fail),
        (json!({"at": "/x"}), r#"{"x": "<a></a>"}"#, Pass),
        (json!(null), r#"<a b="x & y"/>"#, Fail),
        (json!(null), r#"<a b="x &nope;"/>"#, Fail),
        (json!(null), r#"<a b="&#xD800;"/>"#, Fail),
        (json!(null), r#"<a 1b="x"/>"#, Fail),
        (json!(null), r#"<a x:b="x &amp; &#65; &quot;y&quot;"/>"#, Pass),
        (json!(null), "", Fail),
        (json!(null), "prose", Fail),
        (json!(null), "<a>", Fail),
        (json!(null), "<a></b>", Fail),
        (json!(null), "<a/><b/>", Fail),
        (json!(null), "<a/>text", Fail),
        (json!(null), "here: <a/>", Fail),
        (json!(null), "<a b='1' b='2'/>", Fail),
        (json!(null), "<a b=1/>", Fail),
        (json!(null), "<a>&nbsp;</a>", Fail),
        (json!(null), "<a>a & b</a>", Fail),
        (json!(null), "<1/>", Fail),
        (json!(null), "```xml\n<a/>\n```", Fail),
        (json!(null), bomb, Fail),
    ] {
        assert_eq!(
            verdict("xml", parameters.clone(), answer, None),
            wanted,
            "{parameters} {answer}"
        );
    }
    let paths = problem("xml", json!({"paths": ["order", "/a//b", "/a/@b/c"]}));
    assert_eq!(paths.matches("is no path").count(), 2, "{paths}");
    assert!(paths.contains("goes on after an attribute"), "{paths}");
}

#[test]
fn sql() {
    let select = |rest: &str| format!("select {rest}");
    let reads = json!({"only_select": true});
    let from_a = json!({"tables": ["A", "s.b"]});
    for (parameters, answer, wanted) in [
        (json!(null), select("a, count(*) from t where b > 1 group by a;"), Pass),
        (json!(null), "selec a from t".into(), Fail),
        (json!(null), "".into(), Fail),
        (json!(null), "Here is the query".into(), Fail),
        (json!("postgresql"), select("a::int from t limit 1"), Pass),
        (json!("mysql"), select("`a` from `t`"), Pass),
        (json!({"at": "/q"}), r#"{"q": "select 1"}"#.into(), Pass),
        (reads.clone(), select("1; select 2"), Pass),
        (reads.clone(), "with x as (select 1) select * from x".into(), Pass),
        (reads.clone(), "delete from t".into(), Fail),
        (reads.clone(), select("1; drop table t"), Fail),
        (reads.clone(), select("* into u from t"), Fail),
        (
            reads.clone(),
            "with x as (insert into t values (1) returning a) select * from x".into(),
            Fail,
        ),
        (reads, select("* from t for update"), Fail),
        (from_a.clone(), select("* from a join s.b on true"), Pass),
        (from_a.clone(), select("* from a where x in (select y from c)"), Fail),
        (from_a.clone(), "with c as (select * from a) select * from c".into(), Pass),
        (from_a.clone(), "with c as (select * from c) select * from c".into(), Fail),
        (
            from_a.clone(),
            "with c as (select * from d), d as (select 1) select * from c".into(),
            Fail,
        ),
        (
            from_a.clone(),
            "with recursive c as (select * from a union select * from c) select * from c".into(),
            Pass,
        ),
        (from_a.clone(), select("* from (with c as (select 1) select * from c) x, c"), Fail),
        (from_a.clone(), select("x from a union all table secrets"), Fail),
        (from_a.clone(), select("x from a union select y from a except table s.b"), Fail),
        (from_a.clone(), select("x from a where x in (table secrets)"), Fail),
        (from_a.clone(), "with c as (table secrets) select * from c".into(), Fail),
        (from_a, "table a".into(), Fail),
        (json!({"only_select": true}), "table secrets limit 5".into(), Fail),
        (json!(null), select("x from a union all table secrets"), Pass),
    ] {
        assert_eq!(
            verdict("sql", parameters.clone(), &answer, None),
            wanted,
            "{parameters} {answer}"
        );
    }
    assert!(problem("sql", json!("postgres")).contains("did you mean `postgresql`?"));
    assert!(problem("sql", json!({"tables": []})).contains("none of them empty"));
}

#[test]
fn long_chains_are_refused_before_they_take_the_stack() {
    for (part, most) in [("+1", 249), (" or a", 240), (" union select 1", 160), ("::int", 240)] {
        let chain = |times: usize| format!("select 1{}", part.repeat(times));
        assert_eq!(verdict("sql", json!("postgresql"), &chain(most), None), Pass, "{part}");
        assert_eq!(verdict("sql", json!("postgresql"), &chain(20_000), None), Fail, "{part}");
    }
    let list = format!("select a from t where b in (1{})", ", 1".repeat(20_000));
    assert_eq!(verdict("sql", json!(null), &list, None), Pass);
}

#[test]
fn every_dialect_has_a_parser() {
    for dialect in [
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
    ] {
        assert_eq!(verdict("sql", json!(dialect), "select a from t", None), Pass, "{dialect}");
    }
}

#[test]
fn tool_calls() {
    let two = r#"[{"id":"1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Rome\",\"days\":2}"}},
                  {"function":{"name":"book","arguments":"{\"at\":{\"h\":9}}"}}]"#;
    let broken = r#"[{"function":{"name":"weather","arguments":"{\"city\":"}}]"#;
    let schema = json!({"required": ["city"], "properties": {"days": {"maximum": 3}}});
    for (parameters, calls, answer, wanted) in [
        (json!("weather"), Some(two), "", Pass),
        (json!("book"), Some(two), "", Pass),
        (json!("pay"), Some(two), "", Fail),
        (json!("weather"), None, "sunny", Fail),
        (json!("weather"), Some("[]"), "sunny", Fail),
        (json!({"name": "weather", "arguments": {"city": "Rome"}}), Some(two), "", Pass),
        (json!({"name": "weather", "arguments": {"city": "Oslo"}}), Some(two), "", Fail),
        (json!({"name": "book", "arguments": {"at": {"h": 9.0}}}), Some(two), "", Pass),
        (json!({"name": "weather", "schema": schema}), Some(two), "", Pass),
        (json!({"name": "book", "schema": schema}), Some(two), "", Fail),
        (json!("weather"), Some(broken), "", Pass),
        (json!({"name": "weather", "arguments": {}}), Some(broken), "", Fail),
        (json!({"name": "weather", "count": 1}), Some(two), "", Fail),
        (json!({"name": "weather", "count": 2}), Some(two), "", Pass),
        (json!({"count": 0}), None, "no call", Pass),
        (json!({"count": 0}), Some(two), "", Fail),
        (json!({"calls": ["book", "weather"]}), Some(two), "", Pass),
        (json!({"calls": ["book", "weather"], "order": "in_order"}), Some(two), "", Fail),
        (json!({"calls": ["weather", "book"], "order": "exact"}), Some(two), "", Pass),
        (json!({"calls": ["weather"], "order": "exact"}), Some(two), "", Fail),
        (json!({"calls": ["weather", "weather"]}), Some(two), "", Fail),
        (json!("f"), None, r#"{"name": "f", "arguments": {"a": 1}}"#, Pass),
        (
            json!({"calls": ["f", "g"], "order": "exact"}),
            None,
            r#"[{"name": "f"}, {"name": "g"}]"#,
            Pass,
        ),
        (json!("f"), None, r#"[{"name": "f"}, 5]"#, Fail),
        (json!("f"), Some("{"), "", Error),
        (json!("f"), Some(r#"[{"x": 1}]"#), "", Error),
    ] {
        let check = build(&spec("tool_call", parameters.clone())).unwrap();
        let found = check.evaluate(&Observation { tool_calls: calls, ..seen(answer, None) });
        assert_eq!(found.verdict, wanted, "{parameters} on {calls:?} {answer}: {:?}", found.detail);
    }
    // The first wanted call must give way to the second, which fits one call only.
    let greedy = json!({"calls": ["f", {"name": "f", "arguments": {"a": 1}}]});
    let answer = r#"[{"name": "f", "arguments": {"a": 1}}, {"name": "f", "arguments": {}}]"#;
    assert_eq!(verdict("tool_call", greedy, answer, None), Pass);
    assert!(problem("tool_call", json!(null)).contains("needs `name`, `calls` or `count`"));
    let wrong = problem("tool_call", json!({"calls": [{"nam": "x"}, {"arguments": 5}]}));
    assert!(wrong.contains("did you mean `name`?") && wrong.contains("a mapping"), "{wrong}");
    assert!(problem("tool_call", json!({"name": "a", "calls": ["b"]})).contains("both"));
    assert!(problem("tool_call", json!({"calls": ["a", "b"], "count": 1})).contains("from 2"));
    assert!(problem("tool_call", json!({"name": "a", "schema": {"type": "x"}})).contains("/type"));
}

#[test]
fn javascript() {
    let context = json!({"n": 3, "name": "Ada"});
    let variables = context.as_object().unwrap();
    for (parameters, answer, wanted, score) in [
        (json!("output.includes('x') && context.vars.n > 2"), "xy", Pass, None),
        (json!("output.includes('x')"), "y", Fail, None),
        (json!("output === context.expected"), "E", Pass, None),
        (json!({"value": "output.a > 1", "parse": true}), r#" {"a": 2} "#, Pass, None),
        (json!({"value": "output.a > 1", "parse": true}), "prose", Fail, None),
        (json!("JSON.parse(output).a === 1"), "prose", Error, None),
        (json!("const n = output.length;\nreturn n > 1;\n"), "xy", Pass, None),
        (json!("output.length > 1\n  && true"), "xy", Error, None),
        (json!("0.5"), "", Pass, Some(0.5)),
        (json!("0"), "", Fail, Some(0.0)),
        (json!({"value": "0.5", "at_least": 0.6}), "", Fail, Some(0.5)),
        (json!({"value": "0.5", "at_least": 0.5}), "", Pass, Some(0.5)),
        (json!("({pass: true, score: 0.2, reason: 'r'})"), "", Pass, Some(0.2)),
        (json!("({pass: false, score: 0.2})"), "", Fail, Some(0.2)),
        (json!("({pass: true})"), "", Pass, Some(1.0)),
        (json!({"value": "({score: 0.2})", "at_least": 0.1}), "", Pass, Some(0.2)),
        (json!("({pass: true, score: 0})"), "", Error, None),
        (json!({"value": "({pass: false, score: 1})", "at_least": 0.5}), "", Error, None),
        (json!({"value": "({pass: true, score: 0.2})", "at_least": 0.5}), "", Error, None),
        (json!("({})"), "", Error, None),
        (json!("({pass: 'yes'})"), "", Error, None),
        (json!("NaN"), "", Error, None),
        (json!("-1"), "", Error, None),
        (json!("1e9"), "", Error, None),
        (json!("undefined"), "", Error, None),
        (json!("null"), "", Error, None),
        (json!("'true'"), "", Error, None),
        (json!("nothing.there"), "", Error, None),
        (json!("(() => { throw 'x' })()"), "", Error, None),
        (json!("(() => { while (true) {} })()"), "", Error, None),
        (json!("new Promise(() => true)"), "", Error, None),
    ] {
        let expected = json!("E");
        let check = build(&spec("javascript", parameters.clone())).unwrap();
        let found = check.evaluate(&Observation { variables, ..seen(answer, Some(&expected)) });
        assert_eq!(
            (found.verdict, found.score),
            (wanted, score),
            "{parameters}: {:?}",
            found.detail
        );
        let negated = CheckSpec { negated: true, ..spec("javascript", parameters.clone()) };
        let found = build(&negated)
            .unwrap()
            .evaluate(&Observation { variables, ..seen(answer, Some(&expected)) });
        assert_eq!(found.verdict == Error, wanted == Error, "not {parameters}");
    }
    assert!(problem("javascript", json!("output.includes(")).contains("cannot read"));
    assert!(problem("javascript", json!(null)).contains("needs `value`"));
    assert!(problem("javascript", json!({"value": "1", "at_least": 2})).contains("a share"));
}

proptest! {
    #[test]
    fn readers_never_panic(answer in "[<>/&;!a-b \"'=\\[\\]{}():,0-9\\PC]{0,60}") {
        for metric in ["xml", "sql"] {
            let _ = verdict(metric, json!(null), &answer, None);
        }
        let _ = verdict("tool_call", json!("a"), &answer, None);
    }

    #[test]
    fn nested_elements_are_read_as_they_were_written(names in prop::collection::vec("[a-c]{1,3}", 1..20)) {
        let open: String = names.iter().map(|name| format!("<{name}>")).collect();
        let close: String = names.iter().rev().map(|name| format!("</{name}>")).collect();
        let path = format!("/{}", names.join("/"));
        let whole = format!("{open}{close}");
        prop_assert_eq!(verdict("xml", json!({"paths": path}), &whole, None), Pass);
        prop_assert_eq!(verdict("xml", json!({"paths": format!("{path}/z")}), &whole, None), Fail);
        prop_assert_eq!(verdict("xml", json!(null), &open, None), Fail);
    }

    #[test]
    fn scripts_see_the_answer_as_it_is(answer in "\\PC{0,40}") {
        let same = json!("output === context.expected");
        prop_assert_eq!(verdict("javascript", same, &answer, Some(json!(answer))), Pass);
    }
}
