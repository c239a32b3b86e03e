//! The controlling terminal of Unix: `/dev/tty`.

use std::fs::{File, OpenOptions};
use std::io;

use rustix::process::getpgrp;
use rustix::stdio::stdout;
use rustix::termios::{QueueSelector, tcflush, tcgetpgrp, tcgetwinsize};

/// A copy of stderr.
pub(super) fn stderr() -> io::Result<File> {
    rustix::stdio::stderr().try_clone_to_owned().map(File::from)
}

/// Opens the terminal for input and for output.
pub(super) fn open() -> io::Result<(File, File)> {
    let open = || OpenOptions::new().read(true).write(true).open("/dev/tty");
    Ok((open()?, open()?))
}

/// Whether another job is in the foreground: reading from the terminal would then stop this process
/// (`SIGTTIN`).
pub(super) fn is_in_background(terminal: &File) -> bool {
    tcgetpgrp(terminal).is_ok_and(|foreground| foreground != getpgrp())
}

/// Discards input that was typed before the prompt.
pub(super) fn discard_pending_input(terminal: &File) {
    // Input that stays is read as the answer, and refused.
    tcflush(terminal, QueueSelector::IFlush).ok();
}

/// The width of the terminal that stdout or stderr is.
pub(super) fn columns() -> Option<usize> {
    let sizes = [stdout(), rustix::stdio::stderr()].into_iter().filter_map(|stream| tcgetwinsize(stream).ok());
    sizes.map(|size| usize::from(size.ws_col)).find(|&columns| columns > 0)
}
