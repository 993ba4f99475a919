//! Projects in folders of their own, and the binary run in them.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

/// The prompt of the project that `gatemark init` writes.
pub(crate) const PROMPT: &str = "support/triage";
/// Who acts unless a test says otherwise.
pub(crate) const AUTHOR: &str = "author";

const SERVE: [&str; 4] = ["serve", "--listen", "127.0.0.1:0", "--json"];

/// A folder that goes away with its owner.
pub(crate) struct TempDir(PathBuf);

impl TempDir {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        // A killed test leaves its folder, and another process may get its number.
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("gatemark-it-{}-{number}", std::process::id());
            let path = std::env::temp_dir().join(name);
            match fs::create_dir(&path) {
                Ok(()) => return Self(path),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => panic!("{}: {error}", path.display()),
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        // A folder left behind must not hide why a test failed.
        fs::remove_dir_all(&self.0).ok();
    }
}

/// What a run of the binary gave.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Demands an exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    /// Stdout as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| {
            panic!("{error} in stdout:\n{}\nstderr:\n{}", self.out, self.err)
        })
    }

    /// Demands that stderr holds each of `parts`.
    #[track_caller]
    pub(crate) fn complains(&self, parts: &[&str]) {
        for part in parts {
            assert!(self.err.contains(part), "{part:?} is not in stderr:\n{}", self.err);
        }
    }

    /// Demands that stdout holds each of `parts`.
    #[track_caller]
    pub(crate) fn says(&self, parts: &[&str]) {
        for part in parts {
            assert!(self.out.contains(part), "{part:?} is not in stdout:\n{}", self.out);
        }
    }
}

/// The binary, in a folder, without anything of this machine's environment that it would heed.
pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gatemark"));
    command.args(arguments).current_dir(folder).env("GATEMARK_USER", AUTHOR);
    for name in [
        "GATEMARK_DATA",
        "GATEMARK_LOG",
        "NO_COLOR",
        "OPENAI_API_KEY",
        "ANTHROPIC_API_KEY",
        "GEMINI_API_KEY",
        "GROQ_API_KEY",
        "MISTRAL_API_KEY",
        "AZURE_OPENAI_API_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_BEARER_TOKEN_BEDROCK",
        "GOOGLE_APPLICATION_CREDENTIALS",
    ] {
        command.env_remove(name);
    }
    command
}

pub(crate) fn run_in(folder: &Path, arguments: &[&str]) -> Ran {
    let output = command(folder, arguments).stdin(Stdio::null()).output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A project in a folder of its own.
pub(crate) struct Project {
    folder: TempDir,
}

impl Project {
    /// The project that `gatemark init` writes.
    pub(crate) fn new() -> Self {
        let project = Self { folder: TempDir::new() };
        project.run(&["init"]).exits(0);
        project
    }

    /// That project with version 1 registered.
    pub(crate) fn pushed() -> Self {
        let project = Self::new();
        project.run(&["push"]).exits(0);
        project
    }

    /// That project with version 1 serving in production.
    pub(crate) fn deployed() -> Self {
        let project = Self::pushed();
        project.admit();
        project
    }

    /// Tests, approves and deploys the newest version.
    pub(crate) fn admit(&self) {
        self.run(&["test", PROMPT]).exits(0);
        self.run(&["approve", PROMPT, "--as", "other"]).exits(0);
        self.run(&["deploy", PROMPT, "--to", "production"]).exits(0);
    }

    /// Makes the files those of version 1.0.1, whose wording differs.
    pub(crate) fn reword(&self) {
        self.edit("prompt.yaml", "version: 1.0.0", "version: 1.0.1");
        self.edit("system.md", "You sort messages", "You carefully sort messages");
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        run_in(self.path(), arguments)
    }

    /// A file of the prompt.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path().join("prompts").join(PROMPT).join(name)
    }

    /// Replaces a text that must be in a file of the prompt.
    #[track_caller]
    pub(crate) fn edit(&self, name: &str, from: &str, to: &str) {
        let path = self.file(name);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from:?} is not in {name}");
        fs::write(path, text.replace(from, to)).unwrap();
    }
}

/// `gatemark serve` of a project on a free port; killed with its owner.
pub(crate) struct Server {
    child: Child,
    address: String,
}

impl Server {
    pub(crate) fn start(project: &Project) -> Self {
        Self::start_with(project, &[])
    }

    /// With variables in its environment.
    pub(crate) fn start_with(project: &Project, environment: &[(&str, &str)]) -> Self {
        let mut server = command(project.path(), &SERVE);
        server.envs(environment.iter().copied());
        Self::spawned(server)
    }

    /// On a disk that takes no file of more than `kib` KiB, which is how a full one looks to a program.
    pub(crate) fn start_on_small_disk(project: &Project, kib: u32) -> Self {
        let server = command(project.path(), &[]);
        let program = server.get_program().to_owned();
        // A write beyond the limit is then an error, not the end of the process.
        let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", kib * 2);
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(script).arg(program).args(SERVE).current_dir(project.path());
        for (name, value) in server.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        Self::spawned(shell)
    }

    fn spawned(mut server: Command) -> Self {
        let mut child = server
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let address = ready["listening"].as_str().unwrap().to_string();
        Self { child, address }
    }

    /// Address and port.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop by a signal such as `TERM`, and waits; its exit code.
    pub(crate) fn signal(&mut self, name: &str) -> Option<i32> {
        self.tell(name);
        self.child.wait().unwrap().code()
    }

    /// Sends it a signal.
    pub(crate) fn tell(&self, name: &str) {
        let id = self.child.id().to_string();
        Command::new("kill").args([format!("-{name}"), id]).status().unwrap();
    }

    /// Waits for its end; its exit code.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
