//! What parent and jail say to each other, over a socket that the program never gets.
//!
//! The parent sends one order: a length, JSON, then the bytes of the files and of stdin, one after the
//! other. The jail answers with lines of JSON. The end of the order's stream means "kill it": that is also
//! what the jail sees when its parent dies.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Limits;

/// Which set of layers makes the jail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layers {
    /// Own user, mount, network, process, IPC and host name namespaces; Landlock where there is one.
    Namespaces,
    /// The same, made by the program `bwrap`.
    Bubblewrap,
    /// Landlock for files, seccomp for everything else.
    Landlock,
}

/// What the jail is to do.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Order {
    /// The version of this program: the jail may be a file of its own, and left from another one.
    pub(super) version: String,
    pub(super) layers: Layers,
    /// Nothing for a probe, which only tries the layers.
    pub(super) program: Vec<String>,
    /// Paths and sizes of the files whose bytes follow.
    pub(super) files: Vec<(String, u64)>,
    pub(super) stdin: u64,
    pub(super) limits: Limits,
    /// The folder for a jail without a file system of its own.
    pub(super) folder: Option<PathBuf>,
    pub(super) read: Vec<PathBuf>,
}

/// What the jail tells.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "told", rename_all = "snake_case")]
pub(super) enum Told {
    /// A layer does not hold, or the program cannot be started; nothing was run.
    Refused { reason: String },
    /// A probe found that every layer holds; these are their names.
    Holds { layers: Vec<String> },
    /// The program runs; what it starts stays in this process group, if it has one that is known outside.
    Started { group: Option<i32> },
    /// It ended. Nothing is left of it when the jail itself has exited.
    Ended { exit: Option<i32>, signal: Option<i32>, timed_out: bool, cpu_us: u64, wall_us: u64 },
}

/// Of both sides, which have to agree.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The most that an order's JSON may have, in bytes.
const MOST: u32 = 16 << 20;

pub(super) fn send_order<'a>(
    to: &mut impl Write,
    order: &Order,
    contents: impl Iterator<Item = &'a [u8]>,
) -> io::Result<()> {
    let head = serde_json::to_vec(order)?;
    let length = u32::try_from(head.len()).ok().filter(|length| *length <= MOST);
    let length = length.ok_or_else(|| io::Error::other("the job's arguments are too long"))?;
    to.write_all(&length.to_le_bytes())?;
    to.write_all(&head)?;
    for content in contents {
        to.write_all(content)?;
    }
    to.flush()
}

pub(super) fn read_order(from: &mut impl Read) -> io::Result<Order> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length);
    if length > MOST {
        return Err(io::Error::other("this is no order"));
    }
    let mut head = Vec::new();
    from.take(u64::from(length)).read_to_end(&mut head)?;
    let order: Order = serde_json::from_slice(&head)?;
    if order.version != VERSION {
        let other = format!("it is from gatemark {}, the jail from {VERSION}", order.version);
        return Err(io::Error::other(other));
    }
    Ok(order)
}

pub(super) fn tell(to: &mut impl Write, told: &Told) -> io::Result<()> {
    let mut line = serde_json::to_vec(told)?;
    line.push(b'\n');
    to.write_all(&line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jail_of_another_version_reads_no_order() {
        let read = |version: &str| {
            let order = Order {
                version: version.to_string(),
                layers: Layers::Landlock,
                program: vec![],
                files: vec![],
                stdin: 0,
                limits: Limits::default(),
                folder: None,
                read: vec![],
            };
            let mut sent = vec![];
            send_order(&mut sent, &order, std::iter::empty()).unwrap();
            read_order(&mut sent.as_slice())
        };
        assert_eq!(read(VERSION).unwrap().layers, Layers::Landlock);
        assert!(read("0.0.9").unwrap_err().to_string().contains("from gatemark 0.0.9"));
    }
}
