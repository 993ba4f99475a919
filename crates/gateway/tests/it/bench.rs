//! A gateway on a workbench: one prompt, one scripted vendor, a call log in a directory of its own.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, future, stream};
use gatemark_core::access::{Caller, Role};
use gatemark_core::cache::Caching;
use gatemark_core::call::{CallPurpose, CallRecord};
use gatemark_core::error::{Error, Result};
use gatemark_core::gate::Policy;
use gatemark_core::id::Digest;
use gatemark_core::model::{
    Api, Environment, Model, Place, Project, Protocol, Provider, Quirks, Recording, SimSettings,
};
use gatemark_core::money::NanoUsd;
use gatemark_core::price::Price;
use gatemark_core::prompt::Version;
use gatemark_core::resilience::Resilience;
use gatemark_gateway::{
    CacheWish, Gateway, Incoming, Meter, Pointer, PromptRef, Release, Snapshot, SnapshotParts,
    Target,
};
use gatemark_provider::Dialect;
use gatemark_provider::answer::{Answer, Chunk, ChunkStream, Finish};
use gatemark_provider::request::ChatRequest;
use gatemark_provider::vendor::Vendor;
use gatemark_store::calllog::{CallLog, CallLogOptions};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

/// What the vendor does next.
pub(crate) enum Act {
    Says(&'static str),
    /// Says it once it is let.
    SaysAfter(Arc<Semaphore>, &'static str),
    /// Says it after so many milliseconds of the runtime's clock.
    SaysLate(u64, &'static str),
    /// Says it, cut at the bound on tokens, by a filter, or to have tools called.
    Ends(&'static str, Finish),
    Fails(Error),
    /// Never answers.
    Hangs,
    /// These chunks, then the end, or an error if there is one.
    Streams(Vec<&'static str>, Option<Error>),
    /// These chunks, then nothing for ever.
    Stalls(Vec<&'static str>),
}

#[derive(Default)]
pub(crate) struct Script {
    acts: Mutex<VecDeque<Act>>,
    pub(crate) asked: AtomicU32,
    pub(crate) requests: Mutex<Vec<ChatRequest>>,
}

/// What each connection does in turn: `p` is a provider with its first key, `p#1` with its second.
pub(crate) type Vendors = Vec<(&'static str, Vec<Act>)>;

impl Script {
    fn next(&self) -> Act {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.acts
            .lock()
            .unwrap()
            .pop_front()
            .expect("the vendor was asked more often than scripted")
    }
}

impl Vendor for Script {
    fn complete<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, Result<Answer>> {
        self.requests.lock().unwrap().push(request.clone());
        let result = match self.next() {
            Act::Says(text) => Ok(answer(text)),
            Act::Fails(error) => Err(error),
            Act::SaysAfter(gate, text) => {
                let let_go = async move { gate.acquire().await.map(|permit| permit.forget()) };
                return let_go.map(move |_| Ok(answer(text))).boxed();
            }
            Act::SaysLate(ms, text) => {
                let wait = tokio::time::sleep(std::time::Duration::from_millis(ms));
                return wait.map(move |()| Ok(answer(text))).boxed();
            }
            Act::Ends(text, finish) => {
                let called = finish == Finish::ToolCalls;
                let calls =
                    r#"[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]"#;
                let tool_calls = called.then(|| RawValue::from_string(calls.into()).unwrap());
                Ok(Answer { finish, tool_calls, ..answer(text) })
            }
            Act::Hangs => return future::pending().boxed(),
            _ => panic!("the script has a stream here"),
        };
        future::ready(result).boxed()
    }

    fn stream<'a>(&'a self, _: &'a ChatRequest) -> BoxFuture<'a, Result<ChunkStream>> {
        let result: Result<ChunkStream> = match self.next() {
            Act::Streams(texts, end) => {
                let chunks = texts.into_iter().map(|text| Ok(chunk(text)));
                Ok(stream::iter(chunks.chain(end.map(Err)).collect::<Vec<_>>()).boxed())
            }
            Act::Stalls(texts) => {
                let chunks = texts.into_iter().map(|text| Ok(chunk(text)));
                Ok(stream::iter(chunks.collect::<Vec<_>>()).chain(stream::pending()).boxed())
            }
            Act::Fails(error) => Err(error),
            Act::Says(_) | Act::SaysAfter(..) | Act::SaysLate(..) | Act::Ends(..) | Act::Hangs => {
                panic!("the script has a whole answer here")
            }
        };
        future::ready(result).boxed()
    }
}

fn answer(text: &str) -> Answer {
    Answer {
        id: "a".into(),
        model: "m".into(),
        text: text.into(),
        usage: Some(gatemark_core::model::Usage { input: 100, output: 10, ..Default::default() }),
        ..Answer::default()
    }
}

fn chunk(text: &str) -> Chunk {
    Chunk { text: text.into(), ..Chunk::default() }
}

struct NoMeter;

impl Meter for NoMeter {
    fn ended(&self, _: &CallRecord) {}
    fn lost(&self) {}
}

pub(crate) struct Bench {
    pub(crate) gateway: Gateway,
    /// The first provider's.
    pub(crate) script: Arc<Script>,
    pub(crate) scripts: HashMap<String, Arc<Script>>,
    directory: PathBuf,
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A gateway whose prompt `a/b` has `output`, and whose vendor does `acts` in turn.
pub(crate) fn bench(output: Value, acts: Vec<Act>) -> Bench {
    bench_of(project(), output, vec![("p", acts)])
}

/// The same with a project and vendors of the test's own.
pub(crate) fn bench_of(project: Project, output: Value, acts: Vendors) -> Bench {
    bench_with(project, output, acts, false)
}

/// The same; `admitted` says whether the gate admitted the prompt's second model.
pub(crate) fn bench_with(project: Project, output: Value, acts: Vendors, admitted: bool) -> Bench {
    bench_serving(project, content(output, admitted), acts, admitted)
}

/// The same for a version with `content`.
pub(crate) fn bench_serving(
    project: Project,
    content: Value,
    acts: Vendors,
    admitted: bool,
) -> Bench {
    // A killed test leaves its folder, and another process may get its number.
    let directory = loop {
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        let name = format!("gatemark-gateway-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        if std::fs::create_dir(&directory).is_ok() {
            break directory;
        }
    };
    let mut scripts = HashMap::new();
    let mut vendors: HashMap<String, Arc<dyn Vendor>> = HashMap::new();
    let mut more_keys: HashMap<String, Vec<Arc<dyn Vendor>>> = HashMap::new();
    for (name, acts) in acts {
        let script = Arc::new(Script { acts: Mutex::new(acts.into()), ..Script::default() });
        scripts.insert(name.to_string(), script.clone());
        match name.split_once('#') {
            None => drop(vendors.insert(name.to_string(), script)),
            Some((provider, _)) => more_keys.entry(provider.into()).or_default().push(script),
        }
    }
    let release = Arc::new(Release::compile(version(content)).unwrap());
    let others: Arc<[_]> = [OTHER.parse().unwrap()].into();
    let fallbacks = if admitted { HashMap::from([(3, others)]) } else { HashMap::new() };
    let admitted = vec![release.clone()];
    let pointer =
        Pointer { current: release, admitted, fallbacks, unproven: vec![], division: None };
    let production = project.default_environment.clone();
    let snapshot = Snapshot::new(SnapshotParts {
        revision: 1,
        project: Arc::new(project),
        vendors,
        more_keys,
        prompts: HashMap::from([("a/b".parse().unwrap(), HashMap::from([(production, pointer)]))]),
        keys: HashMap::new(),
        keyless: true,
    });
    let log = CallLog::open(CallLogOptions::new(&directory)).unwrap();
    let gateway = Gateway::new(snapshot, log, Arc::new(NoMeter));
    Bench { gateway, script: scripts["p"].clone(), scripts, directory }
}

/// The prompt's second model.
const OTHER: &str = "p/other";

/// What the prompt's version holds; without a cap for `two` models.
pub(crate) fn content(output: Value, two: bool) -> Value {
    let mut content = json!({
        "variables": {"text": {"type": "string", "trust": "untrusted", "max_tokens": 50}},
        "messages": [{"role": "user", "text": "Sort this: {{ text }}"}],
        "output": output,
        "models": [{"model": "p/m-2026-01-01", "parameters": {"temperature": 0, "max_tokens": 100}}],
        "limits": {"cost_per_call": 10_000_000, "timeout_ms": 300},
    });
    if two {
        // Without a cap, for which the second model would need a price.
        content["limits"] = json!({"timeout_ms": 300});
    }
    let models = content["models"].as_array_mut().unwrap();
    models.push(json!({"model": OTHER, "parameters": {"max_tokens": 77}}));
    content
}

fn version(content: Value) -> Version {
    Version {
        prompt: "a/b".parse().unwrap(),
        number: 3,
        semver: semver::Version::new(1, 2, 0),
        hash: Digest::of(b"x"),
        content: serde_json::from_value(content).unwrap(),
        changelog: None,
        author: "ann".into(),
        created_at: 0,
    }
}

pub(crate) fn project() -> Project {
    let provider = Provider {
        name: "p".into(),
        protocol: Protocol::Openai,
        base_url: "http://127.0.0.1:1".into(),
        key_variable: None,
        timeout: std::time::Duration::from_millis(300),
        retries: 1,
        concurrency: None,
        resilience: Resilience::default(),
        api: Api::default(),
        sim: SimSettings::default(),
        local: None,
        place: Place::default(),
        quirks: Quirks::default(),
        allow_private: false,
        structured: Default::default(),
    };
    let price = Price::flat(NanoUsd(1_000_000_000), NanoUsd(2_000_000_000));
    let model = Model {
        name: "p/m-2026-01-01".parse().unwrap(),
        price: Some(price.into()),
        pinned: false,
        max_input: None,
        max_output: None,
        context_window: None,
        token_margin: None,
        ends_at: None,
    };
    let production = Environment {
        name: "production".parse().unwrap(),
        policy: Policy::open(),
        recording: Recording::Content,
        rollout: None,
        evaluate: None,
        monitors: Default::default(),
        probe: None,
        reviewing: Default::default(),
        guard: Default::default(),
        redact: Default::default(),
    };
    Project {
        name: "bench".into(),
        providers: [("p".to_string(), provider)].into(),
        routes: Default::default(),
        server: Default::default(),
        models: [(model.name.clone(), model)].into(),
        default_environment: production.name.clone(),
        environments: [(production.name.clone(), production)].into(),
        budgets: vec![],
        limits: vec![],
        caching: Caching::default(),
        alerts: Default::default(),
        structure: Default::default(),
    }
}

/// Who calls.
pub(crate) fn caller() -> Caller {
    Caller { name: "app".into(), roles: vec![Role::Call] }
}

/// A call to `a/b`.
pub(crate) fn ask(variables: Value, stream: bool) -> Incoming {
    let Value::Object(variables) = variables else { panic!("variables are an object") };
    Incoming {
        caller: caller(),
        purpose: CallPurpose::Serve,
        target: Target::Named { prompt: PromptRef::parse("a/b", "model").unwrap(), variables },
        dialect: Dialect::Chat,
        stream,
        usage_wanted: false,
        messages: None,
        fields: vec![],
        headers: vec![],
        tags: Default::default(),
        cache: CacheWish::default(),
        talking: None,
        guard: None,
        unit: None,
    }
}

impl Bench {
    /// Every record in the log, oldest first: moved into a database as the `ship` task does.
    pub(crate) async fn records(&self) -> Vec<CallRecord> {
        let store = gatemark_store::Store::open(&self.directory.join("test.db")).await.unwrap();
        gatemark_store::calllog::ship(self.gateway.log(), &store).await.unwrap();
        let mut records = store.calls(&gatemark_store::call::CallFilter::default()).await.unwrap();
        records.reverse();
        store.close().await;
        records
    }
}
