//! The job's files and its stdin, and the files that nobody meant to hand over.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;

use super::super::wire::Order;

/// Closes every file beyond the standard three that this process was born with, except `line`.
pub(super) fn close_inherited(line: i32) {
    let entries = fs::read_dir("/proc/self/fd").or_else(|_| fs::read_dir("/dev/fd"));
    let numbers: Vec<i32> = match entries {
        Ok(entries) => {
            entries.flatten().filter_map(|e| e.file_name().to_str()?.parse().ok()).collect()
        }
        Err(_) => (3..65_536).collect(),
    };
    for number in numbers.into_iter().filter(|number| *number > 2 && *number != line) {
        // One of them was the listing itself, which is closed already.
        nix::unistd::close(number).unwrap_or_default();
    }
}

/// Writes the order's files into `work`, and its stdin into a file without a name, which it returns.
pub(super) fn unpack(order: &Order, work: &Path, line: &mut UnixStream) -> Result<File, String> {
    for (name, size) in &order.files {
        let path = work.join(name);
        let written = (|| {
            fs::create_dir_all(path.parent().unwrap_or(work))?;
            copy(line, &mut File::create_new(&path)?, *size)
        })();
        written.map_err(|cause| format!("`{name}` cannot be written: {cause}"))?;
    }
    let hidden = work.join(".stdin");
    let read = (|| {
        let options =
            OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).clone();
        let mut stdin = options.open(&hidden)?;
        fs::remove_file(&hidden)?;
        copy(line, &mut stdin, order.stdin)?;
        stdin.rewind()?;
        Ok::<File, io::Error>(stdin)
    })();
    read.map_err(|cause| format!("stdin cannot be kept: {cause}"))
}

fn copy(from: &mut UnixStream, to: &mut File, size: u64) -> io::Result<()> {
    let copied = io::copy(&mut from.take(size), to)?;
    if copied == size { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}
