//! The exit status of a process on Windows.

use std::process::ExitStatus;

/// The status, or 1 if it doesn't fit into a byte.
pub(super) fn exit_code(status: ExitStatus) -> u8 {
    status.code().map_or(1, |code| u8::try_from(code).unwrap_or(1))
}
