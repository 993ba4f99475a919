//! What scripts can do, and above all what they cannot.

use super::*;

fn ran(body: &str) -> Result<Returned, String> {
    run(body, Output::Text("an answer"), r#"{"vars": {"n": 3}, "expected": null}"#)
}

#[test]
fn results_keep_their_kind() {
    use Returned::{Graded, Number, Other, Truth};
    for (body, wanted) in [
        ("return output.includes('answer') && context.vars.n > 2", Truth(true)),
        ("return context.expected === null", Truth(true)),
        ("return 0.5", Number(0.5)),
        ("return 1", Number(1.0)),
        ("return", Other("undefined")),
        ("return 'yes'", Other("string")),
        ("return [true]", Other("array")),
        ("return () => true", Other("function")),
        ("return async () => true", Other("function")),
        ("return (async () => true)()", Other("a promise")),
        ("return {}", Graded { pass: None, score: None, reason: None }),
        (
            "return {pass: true, score: 1, reason: 'r'}",
            Graded { pass: Some(true), score: Some(1.0), reason: Some("r".into()) },
        ),
        ("console.log(output); return true", Truth(true)),
        ("return [...new Set([1, 1])].length === 1 && /^an/.test(output)", Truth(true)),
        ("return JSON.parse('{\"a\": [1]}').a[0] === 1", Truth(true)),
    ] {
        assert_eq!(ran(body), Ok(wanted), "{body}");
    }
    assert!(matches!(ran("return NaN"), Ok(Number(n)) if n.is_nan()));
    assert!(matches!(ran("return {pass: 'yes'}"), Ok(Other(_))));
}

#[test]
fn nothing_outside_can_be_reached() {
    for name in [
        "Date",
        "performance",
        "require",
        "process",
        "std",
        "os",
        "fetch",
        "setTimeout",
        "Atomics",
        "SharedArrayBuffer",
        "WebAssembly",
        "Deno",
        "print",
        "Worker",
    ] {
        assert_eq!(ran(&format!("return typeof {name}")), Ok(Returned::Other("string")));
        let absent = ran(&format!("return typeof {name} === 'undefined'"));
        assert_eq!(absent, Ok(Returned::Truth(true)), "{name}");
    }
    assert_eq!(ran("return Math.random === undefined"), Ok(Returned::Truth(true)));
    assert_eq!(ran("return import('fs')"), Ok(Returned::Other("a promise")));
    assert!(ran("import 'fs'").is_err());
}

#[test]
fn no_run_sees_another() {
    let leave = "globalThis.left = 1; Array.prototype.includes = () => true; \
                 String.prototype.includes = () => true; return true";
    assert_eq!(ran(leave), Ok(Returned::Truth(true)));
    assert_eq!(ran("return typeof left === 'undefined'"), Ok(Returned::Truth(true)));
    assert_eq!(ran("return output.includes('zzz') || [1].includes(2)"), Ok(Returned::Truth(false)));
}

#[test]
fn steps_memory_and_stack_are_bounded() {
    for (body, why) in [
        ("while (true) {}", "steps"),
        ("try { while (true) {} } catch { return true }", "steps"),
        ("for (;;) { try { for (;;) {} } finally { continue } }", "steps"),
        ("return /^(a+)+$/.test('a'.repeat(40) + 'b')", "steps"),
        ("return new Proxy({}, {get() { while (true) {} }}).pass", "steps"),
        ("return {get pass() { while (true) {} }}", "steps"),
        ("return Array.prototype.indexOf.call({length: 2 ** 53 - 1}, 1) < 0", "steps"),
        ("return new Array(4e9).includes(1)", "steps"),
        ("const f = () => f(); return f()", "stack"),
        ("return JSON.parse('['.repeat(1e6))", "stack"),
        ("let a = []; while (true) a.push('x'.repeat(1e6) + a.length)", "MiB"),
        ("return 'x'.repeat(2 ** 29).length > 0", "MiB"),
        ("return new Array(1e9).fill(0).length > 0", ""),
        ("return [].concat(...Array(1e6).fill('ab')).join().length", ""),
    ] {
        let found = ran(body);
        if !why.is_empty() {
            let error = found.expect_err(body);
            assert!(error.contains(why), "{body}: {error}");
        }
    }
}

#[test]
fn running_out_of_memory_anywhere_is_only_an_error() {
    let body = "const a = []; for (let i = 0; i < 1e5; i++) { a.push({i, s: 'x' + i, r: /x/g, f() { return a }}); \
                if (i % 7 === 0) a[i] = new Map([[i, a]]); } \
                return a.map(x => JSON.stringify(x.s)).join('').length > 0";
    for limit in (40_000..400_000).step_by(3_001) {
        let runtime = Runtime::new().unwrap();
        runtime.set_memory_limit(limit);
        let Ok(context) = Context::custom::<Intrinsics>(&runtime) else { continue };
        context.with(|ctx| {
            let result =
                ctx.eval::<(), _>(PRELUDE).and_then(|()| function(&ctx, body)?.call::<_, bool>(()));
            assert!(result.catch(&ctx).is_err());
        });
    }
}

/// Run alone, in a release build: the time that the test runner prints, over 10,000, is that of one run.
#[test]
#[ignore = "a measurement"]
fn ten_thousand_runs() {
    let body = "return (output.includes('answer') && context.vars.n > 2)";
    for _ in 0..10_000 {
        assert_eq!(ran(body), Ok(Returned::Truth(true)));
    }
}
