//! Child processes, stopped when they are dropped. Our own also end when this process is killed, because their
//! standard input does.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::{Result, get};

const STOPPING: Duration = Duration::from_secs(5);
const STARTING: Duration = Duration::from_secs(20);

/// A running child.
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// Starts `command` with a standard input that stays open as long as this process lives.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let child = command.stdin(Stdio::piped()).spawn().map_err(|cause| {
            format!("{} cannot be started: {cause}", command.get_program().to_string_lossy())
        })?;
        Ok(Self { child })
    }

    /// Starts this very program with `arguments`, and waits for the address that it prints.
    pub(crate) fn start_own(arguments: &[&str]) -> Result<(Self, SocketAddr)> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(arguments).arg("--child").stdout(Stdio::piped());
        let mut process = Self::start(&mut command)?;
        let mut line = String::new();
        let output = process.child.stdout.take().ok_or("a child has no output")?;
        BufReader::new(output).read_line(&mut line)?;
        let address = line.trim().parse().map_err(|_| format!("`{line}` is no address"))?;
        Ok((process, address))
    }

    /// The process's number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until `path` at `address` is answered with 200.
    pub(crate) async fn ready(&mut self, address: SocketAddr, path: &str) -> Result<()> {
        let began = Instant::now();
        while began.elapsed() < STARTING {
            if let Ok((200, _)) = get::get(address, path, None).await {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("it ended before it was ready, with {status}").into());
            }
            tokio::time::sleep(Duration::from_micros(500)).await;
        }
        Err(format!("{path} was not answered in {} seconds", STARTING.as_secs()).into())
    }
}

impl Drop for Process {
    /// Asks politely first: nginx would leave its workers behind, and the gateway its last records.
    fn drop(&mut self) {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let began = Instant::now();
        while asked.as_ref().is_ok_and(|status| status.success()) && began.elapsed() < STOPPING {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        // It may have ended by itself, which is just as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that was free a moment ago, for programs that cannot choose one themselves.
pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
