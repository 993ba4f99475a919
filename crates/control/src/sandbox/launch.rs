//! The parent's side: starting a jail, reading what comes out of it, and making sure that it ends.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Component, Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Pid, Uid};

use super::limits::ALLOCATOR;
use super::outcome::{NotRun, Ran, Struck};
use super::scratch::Scratch;
use super::wire::{self, Layers, Order, Told};
use super::{Exe, Job, watch};

/// How often limits are looked at that the kernel does not keep, in milliseconds.
const BEAT: u16 = 25;
/// How long the jail may take on top of the job's time before the parent ends both.
const GRACE: Duration = Duration::from_secs(3);
/// Who owns the folder of a job that root runs.
const NOBODY: u32 = 65_534;

/// Runs a job; blocks until nothing of it is left.
pub(super) fn run(
    exe: &Exe,
    layers: Layers,
    job: Job,
    cancelled: &AtomicBool,
) -> Result<Ran, NotRun> {
    if job.program.is_empty() {
        return Err(NotRun::new("no program was given"));
    }
    let mut watched = Watched::start(exe, layers, job)?;
    let told = watched.follow(cancelled)?;
    watched.conclude(told)
}

/// Makes a jail and runs nothing in it. Returns the names of its layers.
pub(super) fn probe(
    exe: &Exe,
    layers: Layers,
    job: Job,
    cancelled: &AtomicBool,
) -> Result<Vec<String>, NotRun> {
    let mut watched = Watched::start(exe, layers, job)?;
    match watched.follow(cancelled)? {
        Told::Holds { layers } => Ok(layers),
        _ => Err(NotRun::new("the jail gave no sensible answer")),
    }
}

/// A running jail. Whatever happens, it does not outlive this value.
struct Watched {
    child: Child,
    line: UnixStream,
    out: Stream<ChildStdout>,
    err: Stream<ChildStderr>,
    heard: Vec<u8>,
    started: bool,
    group: Option<i32>,
    struck: Option<Struck>,
    limits: super::Limits,
    scratch: Option<Scratch>,
    /// Whether the jail said its last word.
    over: bool,
}

impl Watched {
    fn start(exe: &Exe, layers: Layers, job: Job) -> Result<Self, NotRun> {
        let failed = |cause: io::Error| NotRun::new(format!("the jail cannot be started: {cause}"));
        if let Some((name, _)) = job.files.iter().find(|(name, _)| !is_plain(name)) {
            return Err(NotRun::new(format!("`{name}` is no path inside the job's folder")));
        }
        let scratch = match layers {
            Layers::Namespaces => None,
            Layers::Bubblewrap | Layers::Landlock => {
                Some(Scratch::new(Uid::effective().is_root().then_some(NOBODY)))
            }
        };
        let scratch = scratch.transpose().map_err(failed)?;
        let (mut line, end) = UnixStream::pair().map_err(failed)?;
        let mut child = Command::new(&exe.path)
            .args(exe.argument)
            .args(outside(layers, &job, scratch.as_ref()))
            .env_clear()
            .env(ALLOCATOR.0, ALLOCATOR.1)
            .current_dir("/")
            .stdin(Stdio::from(OwnedFd::from(end)))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(NotRun::new("the jail has no output"));
        };
        let most = job.limits.output;
        let (out, err) = (Stream::new(out, most), Stream::new(err, most));
        let order = order(layers, &job, scratch.as_ref());
        let contents = job.files.iter().map(|(_, content)| content.as_slice());
        // A jail that refuses early hangs up; its reason is read below.
        line.set_write_timeout(Some(GRACE)).map_err(failed)?;
        wire::send_order(&mut line, &order, contents.chain([job.stdin.as_slice()])).ok();
        let limits = job.limits;
        let (heard, group, struck) = (Vec::new(), None, None);
        let (started, over) = (false, false);
        Ok(Self { child, line, out, err, heard, started, group, struck, limits, scratch, over })
    }

    /// Reads everything until the jail says how it went.
    fn follow(&mut self, cancelled: &AtomicBool) -> Result<Told, NotRun> {
        nonblocking(&self.line)?;
        nonblocking(&self.out.from)?;
        nonblocking(&self.err.from)?;
        let limit = Duration::from_millis(self.limits.time_ms).saturating_add(GRACE);
        let (started, mut last_look) = (Instant::now(), Instant::now());
        let mut deadline = started.checked_add(limit);
        loop {
            self.wait()?;
            let over = self.out.read() || self.err.read();
            if let Some(told) = self.listen()? {
                return Ok(told);
            }
            if self.struck.is_none() {
                self.struck = over.then_some(Struck::Output);
                if cancelled.load(Ordering::Relaxed) {
                    self.struck = Some(Struck::Cancelled);
                } else if last_look.elapsed() >= Duration::from_millis(u64::from(BEAT)) {
                    self.struck = self.struck.or_else(|| self.look());
                    last_look = Instant::now();
                }
                if self.struck.is_some() {
                    // Hanging up is the word for "kill".
                    self.line.shutdown(std::net::Shutdown::Write).unwrap_or_default();
                    deadline = Instant::now().checked_add(GRACE);
                }
            }
            if deadline.is_none_or(|deadline| Instant::now() > deadline) {
                return Err(NotRun::new("the jail did not end in time and was killed"));
            }
        }
    }

    fn wait(&self) -> Result<(), NotRun> {
        let mut waiting = vec![PollFd::new(self.line.as_fd(), PollFlags::POLLIN)];
        if self.out.open {
            waiting.push(PollFd::new(self.out.from.as_fd(), PollFlags::POLLIN));
        }
        if self.err.open {
            waiting.push(PollFd::new(self.err.from.as_fd(), PollFlags::POLLIN));
        }
        match poll(&mut waiting, BEAT) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => Ok(()),
            Err(cause) => Err(NotRun::new(format!("the jail cannot be watched: {cause}"))),
        }
    }

    /// The last word of the jail, if it came.
    fn listen(&mut self) -> Result<Option<Told>, NotRun> {
        let mut buffer = [0; 4096];
        let ended = loop {
            match self.line.read(&mut buffer) {
                Ok(0) => break true,
                Ok(count) => self.heard.extend(buffer.iter().take(count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break false,
                Err(_) => break true,
            }
        };
        while let Some(at) = self.heard.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.heard.drain(..=at).collect();
            match serde_json::from_slice(&line) {
                Ok(Told::Started { group }) => (self.started, self.group) = (true, group),
                Ok(told) => {
                    self.over = true;
                    return match told {
                        Told::Refused { reason } => Err(NotRun::new(reason)),
                        told => Ok(Some(told)),
                    };
                }
                Err(_) => return Err(NotRun::new("the jail gave no sensible answer")),
            }
        }
        if ended {
            self.out.read();
            self.err.read();
            let said = String::from_utf8_lossy(&self.err.kept).trim().to_string();
            let said = if said.is_empty() { String::new() } else { format!(": {said}") };
            return Err(NotRun::new(format!("the jail itself broke off{said}")));
        }
        Ok(None)
    }

    /// Limits on all processes together, and on files that lie on a disk.
    fn look(&self) -> Option<Struck> {
        if !self.started {
            return None;
        }
        // From the jail and not from the program, whose orphans are the jail's children.
        let jail = i32::try_from(self.child.id()).ok()?;
        if watch::resident_below(jail) > self.limits.memory {
            return Some(Struck::Memory);
        }
        let scratch = self.scratch.as_ref()?;
        (scratch.used(self.limits.disk) > self.limits.disk).then_some(Struck::Disk)
    }

    fn conclude(&mut self, told: Told) -> Result<Ran, NotRun> {
        let Told::Ended { exit, signal, timed_out, cpu_us, wall_us } = told else {
            return Err(NotRun::new("the jail gave no sensible answer"));
        };
        self.child.wait().map(drop).unwrap_or_default();
        // Nobody holds the other ends any more: what is there now is all.
        let over = self.out.read() | self.err.read();
        let cpu = signal == Some(libc::SIGXCPU)
            || (signal == Some(libc::SIGKILL) && cpu_us >= self.limits.cpu_s * 1_000_000);
        let struck = self.struck.or(timed_out.then_some(Struck::Time));
        let struck = struck.or(over.then_some(Struck::Output)).or(cpu.then_some(Struck::Cpu));
        let (stdout, stderr) = (self.out.text(), self.err.text());
        Ok(Ran { exit, signal, struck, stdout, stderr, cpu_us, wall_us })
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if !self.over {
            // The jail failed at its work, so its program is ended from here, and then the jail.
            if let Some(group) = self.group {
                killpg(Pid::from_raw(group), Signal::SIGKILL).unwrap_or_default();
            }
            self.child.kill().unwrap_or_default();
        }
        self.child.wait().map(drop).unwrap_or_default();
    }
}

/// One of the program's outputs.
struct Stream<R> {
    from: R,
    kept: Vec<u8>,
    most: usize,
    open: bool,
}

impl<R: Read> Stream<R> {
    fn new(from: R, most: usize) -> Self {
        Self { from, kept: Vec::new(), most, open: true }
    }

    /// Takes what is there. Returns whether it is more than there may be.
    fn read(&mut self) -> bool {
        let mut buffer = [0; 16 << 10];
        while self.open {
            match self.from.read(&mut buffer) {
                Ok(0) => self.open = false,
                Ok(count) => {
                    let room = self.most.saturating_sub(self.kept.len());
                    self.kept.extend(buffer.iter().take(count.min(room)));
                    if count > room {
                        return true;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => self.open = false,
            }
        }
        false
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.kept).into_owned()
    }
}

fn order(layers: Layers, job: &Job, scratch: Option<&Scratch>) -> Order {
    let size = |content: &Vec<u8>| u64::try_from(content.len()).unwrap_or(u64::MAX);
    Order {
        version: wire::VERSION.to_string(),
        layers,
        program: job.program.clone(),
        files: job.files.iter().map(|(name, content)| (name.clone(), size(content))).collect(),
        stdin: size(&job.stdin),
        limits: job.limits,
        folder: scratch.map(|scratch| scratch.path().to_path_buf()),
        read: job.read.clone(),
    }
}

/// What a jail that turns into bubblewrap has to know before it can read its order.
fn outside(layers: Layers, job: &Job, scratch: Option<&Scratch>) -> Vec<OsString> {
    let Some(scratch) = scratch.filter(|_| layers == Layers::Bubblewrap) else { return vec![] };
    let paths = std::iter::once(scratch.path()).chain(job.read.iter().map(PathBuf::as_path));
    std::iter::once("outside".into()).chain(paths.map(OsString::from)).collect()
}

/// Whether it names something below the job's folder.
fn is_plain(name: &str) -> bool {
    let path = Path::new(name);
    !name.is_empty() && path.components().all(|part| matches!(part, Component::Normal(_)))
}

fn nonblocking(stream: &impl AsFd) -> Result<(), NotRun> {
    fcntl(stream, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))
        .map(drop)
        .map_err(|cause| NotRun::new(format!("the jail cannot be watched: {cause}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_below_the_folder_are_plain() {
        assert!(is_plain("a.py") && is_plain("a/b.py"));
        for name in ["", "/etc/x", "../x", "a/../../x", "."] {
            assert!(!is_plain(name), "{name}");
        }
    }

    #[test]
    fn a_stream_keeps_as_much_as_it_may() {
        let mut stream = Stream::new(io::Cursor::new(b"abcdef".to_vec()), 4);
        assert!(stream.read());
        assert_eq!(stream.text(), "abcd");
    }
}
