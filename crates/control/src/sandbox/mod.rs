//! Running code that nobody has read: what a model wrote.
//!
//! The parent (`launch`) starts our own binary again as `gatemark jail` (or a
//! smaller one beside it that is nothing else), a process with one thread and
//! nothing in its memory. That process (`jail`) gives up every right it can, starts the program and
//! watches it; it has its own line to the parent, which the program cannot reach. So no code of ours runs
//! between fork and exec, and nothing here needs `unsafe`.
//!
//! Three sets of layers are strong enough, and `probe` finds out which of them this machine offers: a world
//! of its own made of namespaces, the same made by bubblewrap, or Landlock. All come with seccomp and
//! resource limits. Where none holds, nothing is run. docs/sandbox.md says what each layer does and what none of them covers.

pub mod jail;
mod launch;
mod limits;
mod outcome;
mod probe;
mod scratch;
mod watch;
mod wire;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{OnceCell, Semaphore};

pub use limits::Limits;
pub use outcome::{NotRun, Outcome, Ran, Struck};
pub use probe::Probe;
pub use wire::Layers;

/// A program to run, and everything it is given.
#[derive(Debug, Clone, Default)]
pub struct Job {
    /// The program and its arguments. Names without `/` are looked for in `/usr/local/bin`, `/usr/bin`
    /// and `/bin`; the caller's `PATH` does not count.
    pub program: Vec<String>,
    /// Files put into its folder, which is also where it starts: relative paths and contents.
    pub files: Vec<(String, Vec<u8>)>,
    /// What it reads on stdin.
    pub stdin: Vec<u8>,
    /// What it may use up.
    pub limits: Limits,
    /// Folders outside the system's that it may read, e.g. a virtual environment.
    pub read: Vec<PathBuf>,
}

/// Runs jobs, as many at once as there are processors.
#[derive(Debug, Clone)]
pub struct Sandbox {
    exe: Exe,
    probed: Arc<OnceCell<Probe>>,
    turns: Arc<Semaphore>,
}

impl Sandbox {
    /// A sandbox whose jail is `exe jail`: `exe` is the `gatemark` binary. If `gatemark-jail` lies beside it,
    /// that is taken, which is the same and starts faster.
    pub fn new(exe: PathBuf) -> Self {
        let exe = Exe::beside(exe);
        let turns = std::thread::available_parallelism().map_or(1, usize::from);
        Self { exe, probed: Arc::default(), turns: Arc::new(Semaphore::new(turns)) }
    }

    /// The same, made of `layers` only and never of others.
    pub fn with_layers(exe: PathBuf, layers: Layers) -> Self {
        let sandbox = Self::new(exe);
        let only = OnceCell::new_with(Some(Probe::only(layers)));
        Self { probed: Arc::new(only), ..sandbox }
    }

    /// What this machine offers. Found out once.
    pub async fn probe(&self) -> &Probe {
        let exe = self.exe.clone();
        self.probed
            .get_or_init(|| async move {
                let found = tokio::task::spawn_blocking(move || probe::find(&exe)).await;
                found.unwrap_or_else(|_| Probe::failed("the probe was interrupted"))
            })
            .await
    }

    /// Runs a job to its end or to the first limit. When this future is dropped the job is killed.
    pub async fn run(&self, job: Job) -> Outcome {
        let layers = match self.probe().await.layers() {
            Ok(layers) => layers,
            Err(reason) => return Outcome::NotRun(reason),
        };
        let Ok(_turn) = self.turns.acquire().await else {
            return Outcome::NotRun(NotRun::new("the sandbox is closed"));
        };
        let cancelled = Arc::new(AtomicBool::new(false));
        let _guard = Cancel(Arc::clone(&cancelled));
        let exe = self.exe.clone();
        let ran = tokio::task::spawn_blocking(move || launch::run(&exe, layers, job, &cancelled));
        match ran.await {
            Ok(Ok(ran)) => Outcome::Ran(ran),
            Ok(Err(reason)) => Outcome::NotRun(reason),
            Err(_) => Outcome::NotRun(NotRun::new("the sandbox was interrupted")),
        }
    }
}

/// The program that becomes the jail.
#[derive(Debug, Clone)]
struct Exe {
    path: PathBuf,
    argument: Option<&'static str>,
}

impl Exe {
    fn beside(gatemark: PathBuf) -> Self {
        let small = gatemark.with_file_name("gatemark-jail");
        if small.is_file() {
            return Self { path: small, argument: None };
        }
        Self { path: gatemark, argument: Some("jail") }
    }
}

/// Tells the launching thread that nobody waits any more.
struct Cancel(Arc<AtomicBool>);

impl Drop for Cancel {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
