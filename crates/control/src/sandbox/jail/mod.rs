//! What the jailed process does to itself, as `gatemark jail`.
//!
//! Everything here runs in a process of its own that has read one order and will start one program. Its
//! first thread keeps its rights, talks to the parent and kills; a second thread gives up its own and
//! becomes the program's parent, so that the program inherits what holds for that thread.

#[cfg(target_os = "linux")]
mod bubblewrap;
#[cfg(target_os = "linux")]
mod fields;
#[cfg(target_os = "linux")]
mod files;
#[cfg(target_os = "linux")]
mod identity;
#[cfg(target_os = "linux")]
mod resources;
#[cfg(target_os = "linux")]
mod supervise;
#[cfg(target_os = "linux")]
mod syscalls;
#[cfg(target_os = "linux")]
mod world;

use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;

use super::wire::{self, Told};

/// Obeys the order that comes on stdin, which is a socket of the launching process. To be called before
/// this process starts a thread. Returns whether stdin was such a socket.
pub fn enter() -> bool {
    let Ok(line) = std::io::stdin().as_fd().try_clone_to_owned() else { return false };
    let mut line = UnixStream::from(line);
    if line.peer_addr().is_err() {
        return false;
    }
    if let Err(reason) = begin(&mut line) {
        // The parent takes silence for a refusal too.
        wire::tell(&mut line, &Told::Refused { reason }).unwrap_or_default();
    }
    true
}

#[cfg(not(target_os = "linux"))]
fn begin(_: &mut UnixStream) -> Result<(), String> {
    Err("the sandbox needs Linux".to_string())
}

/// Outside of bubblewrap the order is left for the jail inside.
#[cfg(target_os = "linux")]
fn begin(line: &mut UnixStream) -> Result<(), String> {
    use std::os::fd::AsRawFd as _;

    let mut words: Vec<std::ffi::OsString> = std::env::args_os().skip(1).collect();
    let rest = words.split_off(words.iter().take_while(|word| *word == "jail").count());
    let crowd = match rest.split_first() {
        Some((place, rest)) if place == "outside" => {
            let (folder, read) = rest.split_first().ok_or("no folder is named")?;
            let read: Vec<_> = read.iter().map(Into::into).collect();
            return Err(bubblewrap::turn_into(&words, folder.as_ref(), &read));
        }
        Some((place, rest)) if place == "inside" => {
            let crowd = rest.first().and_then(|crowd| crowd.to_str()?.parse().ok());
            Some(crowd.ok_or("nobody was counted")?)
        }
        _ => None,
    };
    if crowd.is_none() {
        files::close_inherited(line.as_raw_fd());
    }
    let order = wire::read_order(line).map_err(|cause| format!("no order: {cause}"))?;
    obey(order, line, crowd)
}

/// `crowd` was counted outside, if this is the inside of bubblewrap.
#[cfg(target_os = "linux")]
fn obey(mut order: wire::Order, line: &mut UnixStream, crowd: Option<u64>) -> Result<(), String> {
    use super::Layers;

    if crowd.is_some() != (order.layers == Layers::Bubblewrap) {
        return Err("the order is for another set of layers".to_string());
    }
    // A session without a terminal: there is nothing to type into.
    nix::unistd::setsid().map_err(|cause| format!("no session of its own: {cause}"))?;
    // Orphans of the program become children of this process, so that whoever adds up finds them below it.
    nix::sys::prctl::set_child_subreaper(true)
        .map_err(|cause| format!("no keeper of orphans: {cause}"))?;
    identity::become_nobody()?;
    let crowd = crowd.unwrap_or_else(|| resources::crowd(order.layers));
    let work = match order.layers {
        Layers::Namespaces => {
            identity::own_namespaces()?;
            world::build(&order)?
        }
        Layers::Bubblewrap => world::WORK.into(),
        Layers::Landlock => {
            let folder = order.folder.take();
            folder.ok_or_else(|| "the order names no folder".to_string())?
        }
    };
    let stdin = files::unpack(&order, &work, line)?;
    if order.layers == Layers::Namespaces {
        world::seal()?;
    }
    resources::bound(&order.limits, crowd)?;
    supervise::run(order, work, stdin, line)
}
