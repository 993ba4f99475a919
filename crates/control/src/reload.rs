//! A changed `gatemark.yaml` is put in force while the server runs.
//!
//! The files are read, judged and built into a whole configuration and a whole snapshot before anything
//! that serves is touched; then both are swapped. Calls under way finish on what they began with. What
//! cannot be used changes nothing: the configuration in force stays, and the reason is logged, counted and
//! shown until the files are good again.
//!
//! Files are polled rather than watched by the kernel: notifications do not work on every mounted volume,
//! editors replace files in many ways, and a `stat` a second costs nothing. Length, time and inode say that
//! a file may have changed, its digest whether it did. A file is taken when two reads that follow each other
//! agree, so that one which is being written is not taken half.
//!
//! Keys are in variables of the environment, which a process reads once: a new key takes a restart.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use gatemark_core::Digest;
use gatemark_core::diagnostic::{Diagnostic, Severity};
use gatemark_core::error::{Error, Result};
use gatemark_core::model::Project;
use gatemark_gateway::{Snapshot, clock};

use crate::Control;
use crate::config_status::{ConfigProblem, ConfigStatus, HeldDeployment, Refusal, WithoutEvidence};
use crate::configuration::{InForce, Source, Stamp};
use crate::connect::Connector;
use crate::project::{self, CONFIG, Files};
use crate::snapshot::Held;

/// Time between two reads that have to agree.
const SETTLING: Duration = Duration::from_millis(50);
/// Most reads of a file that goes on changing; the next look tries again.
const MOST_READS: usize = 20;
/// Time within which a file may be written twice and look the same, in microseconds.
const TOO_FRESH: i64 = 3_000_000;
/// Most problems in one line of the log.
const MOST_LOGGED: usize = 5;

/// How the files are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Read them if they may have changed.
    IfChanged,
    /// Read them, as somebody asks for it.
    Now,
}

/// What became of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looked {
    /// Nothing differs from what is in force.
    Same,
    /// Another configuration is in force.
    Applied,
    /// What the files say cannot be used.
    Refused,
}

/// What has been seen of the files.
#[derive(Default)]
struct Seen {
    stamps: Vec<(String, Option<Stamp>)>,
    /// Of the files last judged.
    digest: Option<Digest>,
    /// The last look came to no judgement.
    unfinished: bool,
    /// The registry under which sound files were refused: under another they may do.
    refused_under: Option<i64>,
}

/// The configuration in force and the way to the next.
pub(crate) struct Live {
    now: ArcSwap<InForce>,
    connector: Connector,
    source: OnceLock<Arc<dyn Source>>,
    seen: tokio::sync::Mutex<Seen>,
    status: Mutex<ConfigStatus>,
}

impl Live {
    pub(crate) fn new(first: InForce, connector: Connector) -> Self {
        let status = ConfigStatus {
            revision: 1,
            registry_revision: 0,
            loaded_at: clock::now_us(),
            digest: None,
            files: vec![CONFIG.to_string()],
            applied: 0,
            refused: 0,
            last_error: None,
            held: vec![],
            without_evidence: vec![],
        };
        Self {
            now: ArcSwap::from_pointee(first),
            connector,
            source: OnceLock::new(),
            seen: tokio::sync::Mutex::default(),
            status: Mutex::new(status),
        }
    }

    pub(crate) fn now(&self) -> Arc<InForce> {
        self.now.load_full()
    }

    fn status(&self) -> MutexGuard<'_, ConfigStatus> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers which deployments cannot be served.
    pub(crate) fn hold(&self, held: &[Held]) {
        self.status().held = held.iter().map(HeldDeployment::from).collect();
    }

    /// The files, and `seen` is up to date with their stamps; `None` while they go on changing.
    async fn settled(&self, source: &Arc<dyn Source>, seen: &mut Seen) -> Result<Option<Files>> {
        let mut files = read(source).await?;
        for _ in 0..MOST_READS {
            let paths = std::iter::once(CONFIG.to_string()).chain(project::prices_path(&files));
            seen.stamps = paths.map(|path| (path.clone(), source.stamp(&path))).collect();
            if seen.digest == Some(digest(&files)) {
                return Ok(Some(files));
            }
            tokio::time::sleep(SETTLING).await;
            let again = read(source).await?;
            if again == files {
                self.status().files = seen.stamps.iter().map(|(path, _)| path.clone()).collect();
                return Ok(Some(files));
            }
            files = again;
        }
        Ok(None)
    }

    fn refuse(&self, digest: Digest, message: String, problems: &[Diagnostic]) -> Looked {
        let problems = problems.iter().filter(|found| found.severity == Severity::Error);
        let problems: Vec<&Diagnostic> = problems.collect();
        let mut shown: Vec<String> =
            problems.iter().take(MOST_LOGGED).map(ToString::to_string).collect();
        if problems.len() > MOST_LOGGED {
            shown.push(format!("and {} more", problems.len() - MOST_LOGGED));
        }
        let mut status = self.status();
        tracing::error!(
            in_force = status.revision,
            problems = shown.join("; "),
            "{message}: the configuration in force stays"
        );
        status.refused += 1;
        status.last_error = Some(Refusal {
            at: clock::now_us(),
            digest: digest.to_string(),
            message,
            problems: problems.into_iter().map(ConfigProblem::from).collect(),
        });
        Looked::Refused
    }

    /// The files say what is in force.
    fn same(&self, digest: Digest) -> Looked {
        let mut status = self.status();
        if status.last_error.take().is_some() {
            tracing::info!(revision = status.revision, "gatemark.yaml is again what is in force");
        }
        status.digest = Some(digest.to_string());
        Looked::Same
    }

    fn applied(&self, digest: Digest) -> Looked {
        let mut status = self.status();
        status.revision += 1;
        status.applied += 1;
        status.loaded_at = clock::now_us();
        status.digest = Some(digest.to_string());
        status.last_error = None;
        tracing::info!(revision = status.revision, %digest, "a changed gatemark.yaml is in force");
        Looked::Applied
    }
}

impl Seen {
    /// Whether the files may not be what was judged.
    fn is_due(&self, source: &dyn Source, registry: i64) -> bool {
        let now = clock::now_us();
        let may_differ = |(path, before): &(String, Option<Stamp>)| {
            let stamp = source.stamp(path);
            stamp != *before || stamp.is_some_and(|s| now.saturating_sub(s.written) < TOO_FRESH)
        };
        self.stamps.is_empty()
            || self.unfinished
            || self.refused_under.is_some_and(|refused| refused != registry)
            || self.stamps.iter().any(may_differ)
    }
}

impl Control {
    /// From now on [`Control::reload`] reads `source`.
    pub fn watch(&self, source: Arc<dyn Source>) {
        // A second source would mean two opinions of what is in force.
        self.live.source.set(source).ok();
    }

    /// This control plane with the configuration that is in force now. A command keeps the one that it
    /// began with to its end.
    #[must_use]
    pub fn current(&self) -> Self {
        let now = self.live.now();
        Self {
            project: now.project.clone(),
            vendors: now.vendors.clone(),
            keys_missing: now.keys_missing.clone(),
            senders: now.senders.clone(),
            ..self.clone()
        }
    }

    /// What is in force, and what is not.
    pub fn config_status(&self) -> ConfigStatus {
        let snapshot = self.gateway.snapshot();
        let without_evidence = snapshot.unproven().map(WithoutEvidence::from).collect();
        let registry_revision = snapshot.revision();
        ConfigStatus { registry_revision, without_evidence, ..self.live.status().clone() }
    }

    /// Puts what the configuration's files say in force, whole, or leaves what is in force and says why.
    ///
    /// # Errors
    /// Those of the store; the next look tries again.
    pub async fn reload(&self, look: Look) -> Result<Looked> {
        let Some(source) = self.live.source.get() else { return Ok(Looked::Same) };
        let mut seen = self.live.seen.lock().await;
        let registry = self.gateway.snapshot().revision();
        if look == Look::IfChanged && !seen.is_due(source.as_ref(), registry) {
            return Ok(Looked::Same);
        }
        seen.unfinished = true;
        let Some(files) = self.live.settled(source, &mut seen).await? else {
            return Ok(Looked::Same);
        };
        let found = digest(&files);
        let tried = seen.digest == Some(found) && seen.refused_under.is_none_or(|r| r == registry);
        if look == Look::IfChanged && tried {
            seen.unfinished = false;
            return Ok(Looked::Same);
        }
        let (outcome, refused_under) = self.judge_files(source, &files, found).await?;
        *seen = Seen {
            digest: Some(found),
            unfinished: false,
            refused_under,
            stamps: std::mem::take(&mut seen.stamps),
        };
        Ok(outcome)
    }

    /// The outcome, and the registry's revision if sound files were refused because of it.
    async fn judge_files(
        &self,
        source: &Arc<dyn Source>,
        files: &Files,
        digest: Digest,
    ) -> Result<(Looked, Option<i64>)> {
        let (project, problems) = parsed(files.clone()).await?;
        let broken = problems.iter().any(|problem| problem.severity == Severity::Error);
        let Some(project) = project.filter(|_| !broken) else {
            let message = format!("{CONFIG} has changed and cannot be used");
            return Ok((self.live.refuse(digest, message, &problems), None));
        };
        let (project, secrets) = source.equipped(project);
        let before = self.live.now();
        if project == *before.project {
            return Ok((self.live.same(digest), None));
        }
        match InForce::build(project, secrets, &self.live.connector, Some(&before)) {
            Ok(next) => self.put_in_force(&before, next, digest).await,
            Err(error) => {
                let message = format!("{CONFIG} has changed and cannot be used: {error}");
                Ok((self.live.refuse(digest, message, &[]), None))
            }
        }
    }

    async fn put_in_force(
        &self,
        before: &InForce,
        next: InForce,
        digest: Digest,
    ) -> Result<(Looked, Option<i64>)> {
        // The registry may not be put in force with the old configuration meanwhile.
        let _turn = self.refreshing.lock().await;
        let serving = self.gateway.snapshot();
        let built = self.build(&next, &serving).await?;
        if let Some(why) = lost(&serving, &built.snapshot) {
            let message = format!("{CONFIG} has changed and cannot be put in force: {why}");
            let registry = built.snapshot.revision();
            return Ok((self.live.refuse(digest, message, &[]), Some(registry)));
        }
        self.begin_new_budgets(&before.project, &next.project).await?;
        self.live.hold(&built.held);
        self.live.now.store(Arc::new(next));
        self.gateway.swap(built.snapshot);
        Ok((self.live.applied(digest), None))
    }
}

/// Deployed prompts that were served and would not be any more.
fn lost(serving: &Snapshot, next: &Snapshot) -> Option<String> {
    lost_provider(serving, next).or_else(|| lost_evidence(serving, next))
}

fn lost_provider(serving: &Snapshot, next: &Snapshot) -> Option<String> {
    let unserved: Vec<_> = serving.unserved().collect();
    let lost = next.unserved().filter(|lost| !unserved.contains(lost));
    let mut lost: Vec<String> =
        lost.map(|(prompt, model)| format!("{prompt} serves on {model}")).collect();
    lost.sort();
    lost.dedup();
    (!lost.is_empty()).then(|| {
        format!(
            "it has no provider for what is deployed ({}): deploy another version first",
            lost.join(", ")
        )
    })
}

/// Evidence of what is deployed that is of other providers than those of the next configuration.
fn lost_evidence(serving: &Snapshot, next: &Snapshot) -> Option<String> {
    let unproven: Vec<_> =
        serving.unproven().map(|(prompt, place, u)| (prompt, place, u.number, &u.model)).collect();
    let lost = next.unproven().filter(|(prompt, place, one)| {
        !unproven.contains(&(*prompt, *place, one.number, &one.model))
    });
    let (mut what, mut tests) = (BTreeSet::new(), BTreeSet::new());
    for (prompt, environment, one) in lost {
        what.insert(format!("{prompt}@{} in {environment}: {}", one.number, one.reason));
        let current = next.pointers(prompt).and_then(|found| found.get(environment));
        let first = current.and_then(|pointer| pointer.current.version.content.models.first());
        let other = first.is_none_or(|first| first.model != one.model);
        let on = if other { format!(" --model {}", one.model) } else { String::new() };
        tests.insert(format!("`gatemark test {prompt}@{}{on}`", one.number));
    }
    let joined = |all: BTreeSet<String>, by: &str| all.into_iter().collect::<Vec<_>>().join(by);
    (!what.is_empty()).then(|| {
        format!(
            "what is deployed would be served without evidence ({}): run {} with this file, which is tried again \
             when there is a report",
            joined(what, "; "),
            joined(tests, " and ")
        )
    })
}

async fn read(source: &Arc<dyn Source>) -> Result<Files> {
    let source = source.clone();
    let read = tokio::task::spawn_blocking(move || source.files()).await;
    read.map_err(|cause| Error::internal("the configuration could not be read").because(cause))
}

/// A large table of prices takes tens of milliseconds to parse, which must not keep a thread from calls.
async fn parsed(files: Files) -> Result<(Option<Project>, Vec<Diagnostic>)> {
    let parsed = tokio::task::spawn_blocking(move || project::load_config(&files)).await;
    parsed.map_err(|cause| Error::internal("the configuration could not be read").because(cause))
}

fn digest(files: &Files) -> Digest {
    let mut bytes = vec![];
    for (path, content) in files.iter() {
        bytes.extend_from_slice(format!("{path}\n{}\n", content.len()).as_bytes());
        bytes.extend_from_slice(content);
    }
    Digest::of(&bytes)
}
