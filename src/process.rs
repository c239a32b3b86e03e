//! This process itself: what it inherited and must not die of, and what nobody may see of it.
//!
//! A client may start this program with limits and signal settings that end a process where a system call would have
//! returned an error. Each function changes one of them, only for this process: programs that it starts get the usual
//! settings. None fails: a setting that can't be changed stays as it was.

#[cfg_attr(unix, path = "process/unix.rs")]
#[cfg_attr(windows, path = "process/windows.rs")]
mod os;

use std::collections::TryReserveError;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// More memory than a fetch takes, with TLS and the certificates of the system.
const FETCH_MEMORY: usize = 12 << 20;

/// More stack than a fetch takes; beyond its limit, the process ends.
const FETCH_STACK: u64 = 512 << 10;

/// What the system doesn't give this process.
#[derive(Debug, Error)]
pub(crate) enum Shortage {
    /// Descriptors, or this kind of socket.
    #[error("could not create a pair of sockets: {0}")]
    Sockets(io::Error),
    /// Memory for what a function has on its stack.
    #[error("the limit of the stack is below {} KiB", FETCH_STACK >> 10)]
    Stack,
    /// Memory.
    #[error("could not get {} MiB of memory", FETCH_MEMORY >> 20)]
    Memory(TryReserveError),
}

/// Keeps secrets in memory out of core files, and other processes of the same user out of this one's memory, where the
/// system can do that. Called before the first secret is read.
pub(crate) fn hide_memory() {
    os::hide_memory();
}

/// Makes a write beyond the limit of a file's size (`RLIMIT_FSIZE`) fail like any other. Called before anything
/// is written: stdout may be a file, too.
pub(crate) fn survive_size_limit() {
    os::survive_size_limit();
}

/// Tries what a fetch takes of the system: the libraries that take it panic, or end the process, where it is refused.
pub(crate) fn try_resources() -> Result<(), Shortage> {
    if os::stack_limit().is_some_and(|limit| limit < FETCH_STACK) {
        return Err(Shortage::Stack);
    }
    Vec::<u8>::new().try_reserve_exact(FETCH_MEMORY).map_err(Shortage::Memory)?;
    os::try_sockets().map_err(Shortage::Sockets)
}

/// The file of this program, if the system tells.
pub(crate) fn own_executable() -> Option<PathBuf> {
    std::env::current_exe().ok()
}

/// Has the system keep the exit status of children, which it discards if `SIGCHLD` was inherited as ignored. Called before
/// a process is started whose status counts.
pub(crate) fn keep_exit_statuses() {
    os::keep_exit_statuses();
}
