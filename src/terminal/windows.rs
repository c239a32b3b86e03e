//! The console of Windows. It has no background jobs, and pending input isn't discarded.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::io::AsHandle as _;

/// A copy of stderr.
#[expect(clippy::disallowed_methods, reason = "the handle is copied, and not used")]
pub(super) fn stderr() -> io::Result<File> {
    io::stderr().as_handle().try_clone_to_owned().map(File::from)
}

/// Opens the console for input and for output.
pub(super) fn open() -> io::Result<(File, File)> {
    let open = |name| OpenOptions::new().read(true).write(true).open(name);
    Ok((open("CONIN$")?, open("CONOUT$")?))
}

pub(super) fn is_in_background(_: &File) -> bool {
    false
}

pub(super) fn discard_pending_input(_: &File) {}

/// The width of the console isn't known; the usual one is assumed.
pub(super) fn columns() -> Option<usize> {
    None
}
