//! Starting the program and ending it.

use std::fs::File;
use std::io::Read as _;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{WaitStatus, wait};
use nix::unistd::{Pid, getpgrp};

use super::super::Layers;
use super::super::wire::{self, Order, Told};
use super::{fields, identity, syscalls};

const PATH: [&str; 3] = ["/usr/local/bin", "/usr/bin", "/bin"];

/// What the thread that starts the program says.
enum Said {
    Holds(Vec<String>),
    Started(Pid),
    /// Exit code or signal, and how long it ran.
    Ended(Option<i32>, Option<i32>, Duration),
    Refused(String),
}

/// Runs the program in `work` and tells the parent of it. Nothing of it is left when this returns.
pub(super) fn run(
    order: Order,
    work: PathBuf,
    stdin: File,
    line: &mut UnixStream,
) -> Result<(), String> {
    let layers = order.layers;
    let limit = Duration::from_millis(order.limits.time_ms.max(1));
    let wake = line.try_clone().map_err(|cause| format!("no second line: {cause}"))?;
    let (sender, receiver) = channel();
    let confined = move || {
        let said = match start(&order, &work, stdin, &sender) {
            Ok(last) => last,
            Err(reason) => Said::Refused(reason),
        };
        // The receiver is there as long as this process is.
        sender.send(said).unwrap_or_default();
        wake.shutdown(Shutdown::Read).unwrap_or_default();
    };
    // The only other thread: the kernel makes new user namespaces only for processes with one.
    let thread = std::thread::Builder::new().spawn(confined);
    let thread = thread.map_err(|cause| format!("no second thread: {cause}"))?;
    let told = follow(&receiver, line, limit, layers);
    thread.join().unwrap_or_default();
    // A parent that is gone does not hear it.
    wire::tell(line, &told).unwrap_or_default();
    if layers == Layers::Landlock {
        // What the program started may live on, but could not leave this group, which ends with us.
        killpg(getpgrp(), Signal::SIGKILL).unwrap_or_default();
    }
    Ok(())
}

/// Waits for the end, or brings it about: when time is up, and when the parent hangs up.
fn follow(
    receiver: &Receiver<Said>,
    line: &mut UnixStream,
    limit: Duration,
    layers: Layers,
) -> Told {
    let pid = match receiver.recv() {
        Ok(Said::Started(pid)) => pid,
        Ok(Said::Holds(layers)) => return Told::Holds { layers },
        Ok(Said::Refused(reason)) => return Told::Refused { reason },
        Ok(Said::Ended(..)) | Err(_) => return Told::Refused { reason: "it never began".into() },
    };
    let from = Instant::now();
    // A parent that is gone hangs up, which is seen below.
    let group = match layers {
        Layers::Namespaces => Some(pid.as_raw()),
        // The number means another process outside.
        Layers::Bubblewrap => None,
        Layers::Landlock => Some(getpgrp().as_raw()),
    };
    let started = Told::Started { group };
    wire::tell(line, &started).unwrap_or_default();
    line.set_read_timeout(Some(limit)).unwrap_or_default();
    let quiet = line.read(&mut [0]);
    let first = receiver.try_recv();
    let timed_out = first.is_err() && (quiet.is_err() || from.elapsed() >= limit);
    if first.is_err() {
        kill(pid, Signal::SIGKILL).unwrap_or_default();
    }
    let last = first.or_else(|_| receiver.recv());
    let Ok(Said::Ended(exit, signal, wall)) = last else {
        return Told::Refused { reason: "its end was not seen".into() };
    };
    Told::Ended {
        exit,
        signal,
        timed_out,
        cpu_us: cpu(),
        wall_us: u64::try_from(wall.as_micros()).unwrap_or(u64::MAX),
    }
}

/// Gives up everything, starts the program, waits for it. Runs on the thread that is given up.
fn start(order: &Order, work: &Path, stdin: File, to: &Sender<Said>) -> Result<Said, String> {
    let own_world = order.layers == Layers::Namespaces;
    if own_world {
        identity::own_processes()?;
    }
    let fenced = fields::fence(work, &order.read, order.layers == Layers::Landlock)?;
    syscalls::forbid(order.layers)?;
    let Some((name, arguments)) = order.program.split_first() else {
        return Ok(Said::Holds(names(order.layers, fenced)));
    };
    let program = locate(name, work)?;
    let started = Instant::now();
    let mut command = Command::new(&program);
    if own_world {
        // Its group is seen across namespaces, and a signal to the group must not reach the jail.
        command.process_group(0);
    }
    let child = command
        .args(arguments)
        .env_clear()
        .envs([("PATH", PATH.join(":").as_str()), ("LANG", "C.UTF-8"), ("USER", "nobody")])
        .env("HOME", work)
        .env("TMPDIR", work)
        .current_dir(work)
        .stdin(Stdio::from(stdin))
        .spawn()
        .map_err(|cause| format!("{} cannot be started: {cause}", program.display()))?;
    let pid = i32::try_from(child.id()).map_err(|cause| cause.to_string())?;
    to.send(Said::Started(Pid::from_raw(pid))).unwrap_or_default();
    let (exit, signal) = await_end(Pid::from_raw(pid))?;
    Ok(Said::Ended(exit, signal, started.elapsed()))
}

/// The exit code or signal of process `pid`. Whatever else ends meanwhile is an orphan of its, which would
/// count against the limit on processes until somebody takes note of its end.
fn await_end(pid: Pid) -> Result<(Option<i32>, Option<i32>), String> {
    loop {
        match wait() {
            Ok(WaitStatus::Exited(ended, code)) if ended == pid => return Ok((Some(code), None)),
            Ok(WaitStatus::Signaled(ended, signal, _)) if ended == pid => {
                return Ok((None, Some(signal as i32)));
            }
            Ok(_) | Err(Errno::EINTR) => {}
            Err(cause) => return Err(format!("it cannot be waited for: {cause}")),
        }
    }
}

fn names(layers: Layers, fenced: bool) -> Vec<String> {
    let mut names = vec![];
    match layers {
        Layers::Namespaces => {
            names.push("namespaces: its own users, files, processes, network, IPC and host name");
        }
        Layers::Bubblewrap => {
            names.push("bubblewrap: its own users, files, processes, network, IPC and host name");
        }
        Layers::Landlock => {}
    }
    if fenced {
        names.push("landlock: files, TCP and signals");
    }
    names.push("seccomp: no sockets, no tracing, no mounts, no namespaces");
    names.push("limits: time, CPU, memory, files, processes, output");
    names.into_iter().map(String::from).collect()
}

/// A name without `/` is looked for where the system keeps its programs.
fn locate(name: &str, work: &Path) -> Result<PathBuf, String> {
    if name.contains('/') {
        return Ok(work.join(name));
    }
    let mut places = PATH.iter().map(|folder| Path::new(folder).join(name));
    places.find(|path| path.is_file()).ok_or_else(|| {
        format!(
            "`{name}` is in none of {}: install it there, or give its full path",
            PATH.join(", ")
        )
    })
}

fn cpu() -> u64 {
    let Ok(used) = getrusage(UsageWho::RUSAGE_CHILDREN) else { return 0 };
    [used.user_time(), used.system_time()]
        .into_iter()
        .map(|time| u64::try_from(time.tv_sec() * 1_000_000 + time.tv_usec()).unwrap_or(0))
        .sum()
}
