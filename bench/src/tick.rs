//! What one run of the controller costs with very many rollouts: with nothing new, and with one new call of each.
//!
//! The store, the control plane and the evidence are the real ones. Only how the rollouts come into being is
//! shorter than in life: a snapshot after each of ten thousand deployments would be most of the work.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gatemark_control::project::{CONFIG, Files, load_config};
use gatemark_control::{Control, Options as Opening};
use gatemark_core::assign::{Mark, pseudonym};
use gatemark_core::call::{CallPurpose, CallRecord, Outcome};
use gatemark_core::canonical::seal;
use gatemark_core::gate::{Evidence, Permit, Policy, Purpose, decide};
use gatemark_core::id::{EnvironmentName, PromptName};
use gatemark_core::money::NanoUsd;
use gatemark_core::prompt::{Content, Version};
use gatemark_core::rollout::{Baseline, Beginning, Plan, Rollout, Side};
use gatemark_core::upstream::Upstreams;
use gatemark_gateway::Meter;
use gatemark_provider::local::Silent;
use gatemark_store::{NewVersion, Store};
use serde::Serialize;
use serde_json::json;

use crate::scratch::Scratch;
use crate::{Result, cpu};

const YAML: &str =
    "name: bench\nproviders:\n  sim: {}\nenvironments:\n  production: {policy: open}\n";
const MODEL: &str = "sim/learner-2026-11-01";
/// Microseconds of an hour.
const HOUR: i64 = 3_600_000_000;
/// When the rollouts begin, in microseconds since 1970.
const BEGIN: i64 = 1_760_000_000_000_000;

/// How many.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Prompts, each with a rollout
    #[arg(long, default_value_t = 10_000)]
    prompts: usize,
    /// Calls of each rollout before anything is measured
    #[arg(long, default_value_t = 20)]
    calls: u64,
    /// How often each is measured; the median is told
    #[arg(long, default_value_t = 5)]
    repeats: u64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Measured {
    prompts: usize,
    nothing_new_cpu_s: f64,
    one_new_call_each_cpu_s: f64,
    document_bytes: usize,
}

struct Nobody;

impl Meter for Nobody {
    fn ended(&self, _: &CallRecord) {}
    fn lost(&self) {}
}

pub(crate) async fn run(options: Options) -> Result<()> {
    let scratch = Scratch::new()?;
    let rollouts = fill(scratch.path(), options.prompts).await?;
    let control = open(scratch.path()).await?;
    let mut number = 0;
    for _ in 0..options.calls {
        number += 1;
        answer(control.store(), &rollouts, number).await?;
    }
    control.tick_rollouts(BEGIN + HOUR).await?;
    let (mut nothing, mut one) = (vec![], vec![]);
    for _ in 0..options.repeats {
        nothing.push(spent(&control).await?);
        number += 1;
        answer(control.store(), &rollouts, number).await?;
        one.push(spent(&control).await?);
        check(&control, &rollouts, number).await?;
    }
    let first = rollouts.first().ok_or("there is no rollout to measure: --prompts 1 at least")?;
    let stored = control.rollout(&first.prompt, &first.environment).await?;
    let measured = Measured {
        prompts: options.prompts,
        nothing_new_cpu_s: median(nothing),
        one_new_call_each_cpu_s: median(one),
        document_bytes: serde_json::to_string(&stored)?.len(),
    };
    if options.json {
        println!("{}", serde_json::to_string(&measured)?);
        return Ok(());
    }
    println!(
        "a run of the controller over {} rollouts, CPU seconds of all threads:",
        measured.prompts
    );
    println!("  nothing new            {:.3}", measured.nothing_new_cpu_s);
    println!("  one new call of each   {:.3}", measured.one_new_call_each_cpu_s);
    println!("  a rollout as stored    {} bytes", measured.document_bytes);
    Ok(())
}

/// The CPU time of one run.
async fn spent(control: &Control) -> Result<Duration> {
    let own = std::process::id();
    let before = cpu::read(own)?;
    control.tick_rollouts(BEGIN + HOUR).await?;
    Ok(cpu::read(own)?.since(&before))
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times.get(times.len() / 2).map_or(0.0, Duration::as_secs_f64)
}

/// That what was measured did its work: every call is in the evidence.
async fn check(control: &Control, rollouts: &[Rollout], calls: u64) -> Result<()> {
    for rollout in [rollouts.first(), rollouts.last()].into_iter().flatten() {
        let stored = control.rollout(&rollout.prompt, &rollout.environment).await?;
        let (a, b) = stored.rails.first().map_or((0, 0), |rail| rail.evidence.units());
        if a + b != calls {
            return Err(format!("{} of {calls} calls are in the evidence", a + b).into());
        }
    }
    Ok(())
}

async fn open(data: &Path) -> Result<Control> {
    let mut files = Files::new();
    files.insert(CONFIG, YAML);
    let project = load_config(&files).0.ok_or("the project cannot be read")?;
    let opening = Opening {
        data: data.to_path_buf(),
        project,
        secrets: Default::default(),
        watcher: Arc::new(Silent),
        meter: Arc::new(Nobody),
        keyless: true,
    };
    Ok(Control::open(opening).await?)
}

fn new_version(prompt: &PromptName, number: u32) -> Result<NewVersion> {
    let content: Content = serde_json::from_value(json!({
        "variables": {},
        "messages": [{"role": "user", "text": format!("version {number}")}],
        "output": {},
        "models": [{"model": MODEL}],
        "limits": {},
    }))?;
    Ok(NewVersion {
        prompt: prompt.clone(),
        description: None,
        owner: None,
        semver: semver::Version::new(1, u64::from(number), 0),
        canonical: seal(&content)?,
        changelog: None,
        suite: None,
        after: number.checked_sub(1).filter(|after| *after > 0),
        register: true,
    })
}

/// Prompts of which version 1 serves and version 2 has just begun to be brought in.
async fn fill(data: &Path, prompts: usize) -> Result<Vec<Rollout>> {
    let store = Store::open(&data.join("gatemark.db")).await?;
    let environment: EnvironmentName = "production".parse()?;
    let names: Vec<PromptName> = (0..prompts)
        .map(|number| format!("team/p{number:05}").parse())
        .collect::<Result<_, _>>()?;
    for number in [1, 2] {
        let versions =
            names.iter().map(|name| new_version(name, number)).collect::<Result<Vec<_>>>()?;
        store.push(&versions, "bench", BEGIN).await?;
    }
    let mut rollouts = vec![];
    for name in names {
        let mut sides = vec![];
        for number in [1, 2] {
            let found = store.version(&name, number).await?;
            sides.push(found.ok_or("a version is not there")?);
        }
        let [one, two] = <[Version; 2]>::try_from(sides).map_err(|_| "two versions")?;
        let serving = store.apply(permit(&one, &environment, None)?, "bench", BEGIN).await?;
        let from = Beginning {
            id: format!("r-{name}"),
            prompt: name,
            environment: environment.clone(),
            purpose: Purpose::Deploy,
            candidate: side(&two),
            control: side(&one),
            deployment: serving.id,
            plan: Plan::canary(),
            baseline: Baseline { cost: Some(1_000.0), ..Baseline::default() },
            actor: "bench".into(),
        };
        let rollout = Rollout::begin(from, BEGIN);
        let permit = permit(&two, &environment, Some(serving.id))?;
        store.begin_rollout(permit, &rollout, "bench".into()).await?;
        rollouts.push(rollout);
    }
    store.close().await;
    Ok(rollouts)
}

fn side(version: &Version) -> Side {
    Side {
        number: version.number,
        version: version.hash,
        model: None,
        evidence: None,
        upstreams: Upstreams::default(),
        fallbacks: vec![],
    }
}

fn permit(version: &Version, place: &EnvironmentName, serving: Option<i64>) -> Result<Permit> {
    let upstreams = Upstreams::default();
    let evidence = Evidence {
        version,
        suite: None,
        report: None,
        judges: &[],
        upstreams: &upstreams,
        approvals: &[],
        model_vouched: true,
        served_before: false,
        serving,
        serves_already: false,
        comparison: None,
        redteam: None,
        fallbacks: &[],
    };
    let checklist = decide(&Policy::open(), place, Purpose::Deploy, &evidence);
    Ok(checklist.permit().map_err(|_| "the open policy refuses")?)
}

/// One call of somebody new to each prompt.
async fn answer(store: &Store, rollouts: &[Rollout], number: u64) -> Result<()> {
    let mut records = vec![];
    for rollout in rollouts {
        let Some(split) = rollout.split() else { continue };
        let person = format!("person-{number}");
        let candidate = split.arm(&person).is_some();
        let begun = CallRecord::begun(
            format!("{}-{number}", rollout.id),
            BEGIN + i64::try_from(number)?,
            CallPurpose::Serve,
            "app".into(),
            MODEL.parse()?,
        );
        records.push(CallRecord {
            prompt: Some(rollout.prompt.clone()),
            number: Some(if candidate { 2 } else { 1 }),
            environment: Some(rollout.environment.clone()),
            arm: if candidate { "candidate" } else { "stable" }.into(),
            split: Some(Mark { id: split.id.clone(), epoch: split.epoch, share: split.share() }),
            unit: Some(pseudonym(&split.salt, &person)),
            outcome: Outcome::Ok,
            latency_us: 900,
            vendor_us: 800,
            cost: NanoUsd(1_000),
            priced: true,
            ..begun
        });
    }
    store.insert_calls(&records).await?;
    Ok(())
}
