//! Signals and memory of a process on Unix.

#[cfg_attr(target_os = "linux", path = "unix/linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "unix/other.rs")]
mod memory;

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::process::{Resource, getrlimit};
use signal_hook::consts::{SIGCHLD, SIGXFSZ};
use signal_hook::flag;

pub(super) use memory::hide_memory;

/// Without a handler, `SIGXFSZ` ends the process.
pub(super) fn survive_size_limit() {
    catch(SIGXFSZ);
}

/// The limit of the stack in bytes, if there is one.
pub(super) fn stack_limit() -> Option<u64> {
    getrlimit(Resource::Stack).current
}

/// Tokio takes a pair for signals, and four descriptors more.
pub(super) fn try_sockets() -> io::Result<()> {
    let _pairs = [UnixStream::pair()?, UnixStream::pair()?, UnixStream::pair()?];
    Ok(())
}

/// A signal with a handler isn't ignored.
pub(super) fn keep_exit_statuses() {
    catch(SIGCHLD);
}

/// Gives a signal a handler that does nothing of use. An ignored signal would stay ignored in the programs that are
/// started from here; a handler doesn't.
fn catch(signal: i32) {
    flag::register(signal, Arc::new(AtomicBool::new(false))).ok();
}
