//! What the jailed process does to itself, as `gatemark jail`.
//!
//! Everything here runs in a process of its own that has read one order and will start one program. Its
//! first thread keeps its rights, talks to the parent and kills; a second thread gives up its own and
//! becomes the program's parent, so that the program inherits what holds for that thread.

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
    let Ok(order) = wire::read_order(&mut line) else { return false };
    if let Err(reason) = obey(order, &mut line) {
        // The parent takes silence for a refusal too.
        wire::tell(&mut line, &Told::Refused { reason }).unwrap_or_default();
    }
    true
}

#[cfg(not(target_os = "linux"))]
fn obey(_: wire::Order, _: &mut UnixStream) -> Result<(), String> {
    Err("the sandbox needs Linux".to_string())
}

#[cfg(target_os = "linux")]
fn obey(mut order: wire::Order, line: &mut UnixStream) -> Result<(), String> {
    use super::Layers;

    files::close_inherited(line);
    // A session without a terminal: there is nothing to type into.
    nix::unistd::setsid().map_err(|cause| format!("no session of its own: {cause}"))?;
    // Orphans of the program become children of this process, so that whoever adds up finds them below it.
    nix::sys::prctl::set_child_subreaper(true)
        .map_err(|cause| format!("no keeper of orphans: {cause}"))?;
    identity::become_nobody()?;
    let crowd = resources::crowd(order.layers);
    let work = match order.layers {
        Layers::Namespaces => {
            identity::own_namespaces()?;
            world::build(&order)?
        }
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
