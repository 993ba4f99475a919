//! The checks that run programs: `code` in the sandbox, `script` beside it.

use std::sync::Arc;

use gatemark_control::checks::{self, Seen};
use gatemark_control::lanes::Lanes;
use gatemark_control::sandbox::Sandbox;
use gatemark_control::{Control, Options};
use gatemark_core::call::CallRecord;
use gatemark_core::model::Project;
use gatemark_core::report::{CheckResult, Verdict};
use gatemark_core::suite::{Case, CheckSpec};
use gatemark_gateway::Meter;
use gatemark_text::check::Observation;
use serde_json::{Map, Value, json};

use crate::support::TempDir;

struct Uncounted;

impl Meter for Uncounted {
    fn ended(&self, _: &CallRecord) {}
    fn lost(&self) {}
}

struct Room {
    control: Control,
    _folder: TempDir,
}

impl Room {
    async fn new() -> Self {
        let folder = TempDir::new();
        let options = Options {
            data: folder.path().join("data"),
            project: Project {
                routes: Default::default(),
                server: Default::default(),
                name: "code".into(),
                providers: Default::default(),
                models: Default::default(),
                environments: Default::default(),
                default_environment: "production".parse().unwrap(),
                budgets: vec![],
                limits: vec![],
                caching: Default::default(),
                alerts: Default::default(),
                structure: Default::default(),
            },
            secrets: Default::default(),
            watcher: Arc::new(gatemark_provider::local::Silent),
            meter: Arc::new(Uncounted),
            keyless: true,
        };
        Self { control: Control::open(options).await.unwrap(), _folder: folder }
    }

    async fn confined() -> Self {
        let room = Self::new().await;
        let sandbox = Sandbox::new(env!("CARGO_BIN_EXE_gatemark").into());
        Self { control: room.control.with_sandbox(sandbox), ..room }
    }

    async fn result(&self, metric: &str, parameters: Value, answer: &str) -> CheckResult {
        let spec: CheckSpec =
            CheckSpec { metric: metric.into(), parameters, negated: false, weight: None };
        let case: Case =
            serde_json::from_value(json!({"id": "a", "category": "happy", "variables": {}}))
                .unwrap();
        let nothing = Map::new();
        let observation = Observation::of(answer, &nothing);
        let lanes = Lanes::of(self.control.project(), 8);
        let seen = Seen {
            observation,
            case: &case,
            repeat: 1,
            answers: None,
            setting: None,
            lanes: &lanes,
            purpose: gatemark_core::call::CallPurpose::Test,
        };
        checks::build(&spec).unwrap().evaluate(&seen, &self.control).await
    }
}

fn found(result: &CheckResult) -> (Verdict, f64, &str) {
    (result.verdict, result.score.unwrap_or(-1.0), result.detail.as_deref().unwrap_or_default())
}

const TESTS: &str = "from solution import add\n\
    def test_small(): assert add(1, 2) == 3\n\
    def test_negative(): assert add(-1, -2) == -3\n\
    def test_types():\n    try: add('a', 1)\n    except TypeError: return\n    assert False\n\
    assert add(2, 2) == 4\n";

#[tokio::test]
async fn python_is_tested() {
    let room = Room::confined().await;
    let python = || json!({"language": "python", "tests": TESTS});
    let good = "Here:\n```python\ndef add(a, b):\n    return a + b\n```\n";
    let result = room.result("code", python(), good).await;
    assert_eq!(found(&result), (Verdict::Pass, 1.0, ""));
    let result = room.result("code", python(), "def add(a, b): return 3").await;
    let (verdict, score, detail) = found(&result);
    // Syntax is right, and one test of four.
    assert_eq!((verdict, score), (Verdict::Fail, 0.625), "{detail}");
    assert!(detail.contains("tests: 1 of 4 passed (test_negative: AssertionError"), "{detail}");
    let lenient = json!({"language": "python", "tests": TESTS, "at_least": 0.25});
    let result = room.result("code", lenient, "def add(a, b): return 3").await;
    assert_eq!(found(&result).0, Verdict::Pass);
    let result = room.result("code", python(), "def add(a, b:\n  return").await;
    let (verdict, score, detail) = found(&result);
    assert_eq!((verdict, score), (Verdict::Fail, 0.0));
    assert!(detail.contains("syntax: line 1: "), "{detail}");
}

#[tokio::test]
async fn passing_cannot_be_forged() {
    let room = Room::confined().await;
    for forged in [
        "print('{\"passed\": \"test_small\"}\\n{\"done\": true}\\nall passed')",
        "import os; os.write(1, b'{\"done\": true}'); os._exit(0)",
        "import sys; sys.exit(0)",
        "def add(a, b):\n    import os\n    os._exit(0)",
        "class Any(int):\n    __eq__ = lambda s, o: True\n    __ne__ = lambda s, o: False\n\
         \x20   __bool__ = lambda s: True\ndef add(a, b): return Any()",
        "import unittest, builtins\nbuiltins.AssertionError = KeyError\n\
         unittest.TestCase.run = lambda *a: None\ndef add(a, b): pass",
        "import atexit, os\natexit.register(lambda: os._exit(0))\ndef add(a, b): return None",
        "import os, signal\nos.kill(1, 9); os.kill(os.getppid(), 9)\ndef add(a, b): return None",
        "import os\nfor fd in range(40):\n    try: os.write(fd, b'{\"passed\": \"x\"}\\n' * 9)\n\
         \x20   except OSError: pass",
        "import gc, sys\nfor o in gc.get_objects():\n    if isinstance(o, dict): o['same'] = True\n\
         def add(a, b): return None",
        "while True: print('passed')",
        "def add(a, b):\n    while True: pass",
    ] {
        let asked = json!({"language": "python", "tests": TESTS, "time_ms": 1500});
        let result = room.result("code", asked, forged).await;
        let (verdict, score, detail) = found(&result);
        assert_ne!(verdict, Verdict::Pass, "{forged}");
        assert!(score <= 0.5, "{forged}: {score} {detail}");
    }
}

#[tokio::test]
async fn examples_and_other_languages_are_run() {
    let room = Room::confined().await;
    let calls =
        json!([{"call": "twice(4)", "returns": 8}, {"call": "twice('a')", "returns": "aa"}]);
    let python = json!({"language": "python", "tests": calls});
    let result = room.result("code", python, "def twice(x): return x * 2").await;
    assert_eq!(found(&result), (Verdict::Pass, 1.0, ""));
    let prints = json!([{"stdin": "3\n", "stdout": "6"}, {"stdin": "5\n", "stdout": "10"}]);
    for (language, code) in [
        ("python", "print(int(input()) * 2)"),
        ("javascript", "console.log(2 * require('fs').readFileSync(0, 'utf8'))"),
        ("bash", "read n; echo $((n * 2))"),
    ] {
        let asked = json!({"language": language, "tests": prints});
        let result = room.result("code", asked.clone(), code).await;
        assert_eq!(found(&result), (Verdict::Pass, 1.0, ""), "{language}");
        let result =
            room.result("code", asked, &code.replace("* 2", "* 3").replace("2 *", "3 *")).await;
        let (verdict, _, detail) = found(&result);
        assert_eq!(verdict, Verdict::Fail);
        assert!(
            detail.contains("0 of 2 passed (example 1: expected \"6\", printed \"9"),
            "{detail}"
        );
    }
    for (language, code) in [("javascript", "let let = 1"), ("bash", "if; fi")] {
        let result = room.result("code", json!({"language": language}), code).await;
        let (verdict, score, detail) = found(&result);
        assert_eq!((verdict, score), (Verdict::Fail, 0.0));
        assert!(detail.contains("syntax: exit code"), "{detail}");
    }
    let own = json!({"command": ["bash", "{file}"], "tests": [{"args": ["x"], "stdout": "x"}]});
    let room = Room { control: room.control.allowing_scripts(), ..room };
    assert_eq!(found(&room.result("code", own, "echo $1").await).0, Verdict::Pass);
}

#[tokio::test]
async fn style_is_seen() {
    let room = Room::confined().await;
    let room = Room { control: room.control.allowing_scripts(), ..room };
    let style = json!({"max_line": 30, "whitespace": true, "functions": "[a-z_]+",
        "command": ["grep", "-q", "def", "{file}"]});
    let asked = json!({"language": "python", "syntax_only": true, "style": style});
    let result = room.result("code", asked.clone(), "def good_name():\n    return 1\n").await;
    assert_eq!(found(&result), (Verdict::Pass, 1.0, ""));
    let result =
        room.result("code", asked, "def badName(): \n    return '12345678901234567890'").await;
    let (verdict, _, detail) = found(&result);
    assert_eq!(verdict, Verdict::Fail);
    for part in ["the function `badName`", "line 2 has 33 characters", "line 1 ends with a blank"] {
        assert!(detail.contains(part), "{detail}");
    }
}

#[tokio::test]
async fn without_a_sandbox_or_leave_nothing_runs() {
    let room = Room::new().await;
    let result = room.result("code", json!({"language": "bash"}), "true").await;
    assert_eq!(result.verdict, Verdict::Error);
    assert!(found(&result).2.starts_with("not run: "), "{result:?}");
    let echo = || json!({"command": ["/bin/sh", "-c", "cat >&2; echo '{\"pass\": true}'"]});
    let result = room.result("script", echo(), "x").await;
    assert_eq!(result.verdict, Verdict::Error);
    assert!(found(&result).2.starts_with("not run: scripts run only"), "{result:?}");
    let allowed = Room { control: room.control.allowing_scripts(), ..room };
    assert_eq!(allowed.result("script", echo(), "x").await.verdict, Verdict::Pass);
    let empty = allowed.result("script", json!({"command": "/bin/true"}), "x").await;
    assert_eq!(empty.verdict, Verdict::Error);
}

#[tokio::test]
async fn what_reaches_out_of_the_sandbox_is_not_for_callers_over_http() {
    let room = Room::confined().await;
    let folder = TempDir::new();
    std::fs::write(folder.path().join("secret"), "opensesame").unwrap();
    let read = folder.path().to_str().unwrap();
    for asked in [
        json!({"language": "python", "read": [read]}),
        json!({"command": ["bash", "{file}"]}),
        json!({"language": "bash", "style": {"command": ["true"]}}),
    ] {
        let result = room.result("code", asked.clone(), "x = 1").await;
        assert_eq!(result.verdict, Verdict::Error, "{asked}");
        assert!(found(&result).2.contains("not over HTTP"), "{result:?}");
    }
}

#[tokio::test]
async fn names_that_nobody_looked_at_do_not_pass() {
    let room = Room::confined().await;
    let asked =
        json!({"language": "python", "syntax_only": true, "style": {"functions": "[a-z]+"}});
    // So many names that the judge cannot tell them all.
    let many = "def good(): pass\n".repeat(40_000);
    let result = room.result("code", asked.clone(), &many).await;
    assert_eq!(result.verdict, Verdict::Error, "{:?}", result.detail);
    let result = room.result("code", asked, "def good(): pass").await;
    assert_eq!(found(&result), (Verdict::Pass, 1.0, ""));
}

#[tokio::test]
async fn objects_do_not_pass_for_values() {
    let room = Room::confined().await;
    let tests = "from solution import area, is_valid\n\
        def test_near(): assert abs(area(2) - 12.566) < 1e-3\n\
        def test_far(): assert abs(12.566 - area(2)) < 1e-3\n\
        def test_bound(): assert area(2) > 12\n\
        def test_true(): assert is_valid(2)\n\
        def test_same(): assert area(2) == 12.566\n";
    let asked = || json!({"language": "python", "tests": tests});
    let objects = "class Any:\n\
        \x20   __sub__ = __rsub__ = __abs__ = lambda s, *a: s\n\
        \x20   __lt__ = __gt__ = __eq__ = lambda s, o: True\n    __bool__ = lambda s: True\n\
        def area(r): return Any()\nis_valid = area";
    let zeros =
        objects.replace("__sub__ = __rsub__ =", "__sub__ = __rsub__ = lambda s, o: 0.0\n    x =");
    for forged in [objects, &zeros] {
        let result = room.result("code", asked(), forged).await;
        let (verdict, score, detail) = found(&result);
        assert_eq!((verdict, score), (Verdict::Fail, 0.5), "{forged}: {detail}");
    }
    let honest = "def area(r): return 12.566\ndef is_valid(x): return True";
    assert_eq!(found(&room.result("code", asked(), honest).await), (Verdict::Pass, 1.0, ""));
    let among = json!({"language": "python", "tests": "from solution import V\n\
        assert V(1) + V(2) == V(3)\nassert V(1) < V(2)\nassert not V(1) == V(2)\nassert V(3).x - 1 == 2"});
    let class = "class V:\n    def __init__(s, x): s.x = x\n    __add__ = lambda s, o: V(s.x + o.x)\n\
        \x20   __lt__ = lambda s, o: s.x < o.x\n    __eq__ = lambda s, o: s.x == o.x\n";
    assert_eq!(found(&room.result("code", among, class).await), (Verdict::Pass, 1.0, ""));
    let bare = json!({"language": "python", "tests": "from solution import V\nassert V() == V()"});
    assert_eq!(found(&room.result("code", bare, "class V: pass").await).0, Verdict::Fail);
}

#[tokio::test]
async fn async_tests_are_run() {
    let room = Room::confined().await;
    let tests = |base: &str| {
        let code = format!(
            "import unittest\nfrom solution import one\nclass T{base}:\n\
            \x20   async def test_one(self): assert one() == 1\n"
        );
        json!({"language": "python", "tests": code})
    };
    for base in ["(unittest.IsolatedAsyncioTestCase)", ""] {
        let right = room.result("code", tests(base), "def one(): return 1").await;
        assert_eq!(found(&right), (Verdict::Pass, 1.0, ""), "{base}");
        let result = room.result("code", tests(base), "def one(): return 2").await;
        assert_eq!(found(&result).0, Verdict::Fail, "{base}: {result:?}");
        assert!(found(&result).2.contains("0 of 1 passed"), "{base}: {result:?}");
    }
    let plain = room.result("code", tests("(unittest.TestCase)"), "def one(): return 1").await;
    assert!(found(&plain).2.contains("IsolatedAsyncioTestCase"), "{plain:?}");
}
