//! The exit status of a process on Unix.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

/// The status as shells report it: 128 plus the number of the signal, if one ended the process.
pub(super) fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}
