//! Signals and memory of a process on Unix.

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::process::{Resource, getrlimit};
use signal_hook::consts::{SIGCHLD, SIGXFSZ};
use signal_hook::flag;

/// A process that isn't dumpable leaves no core file, not even where a program takes it (`core_pattern`), which ignores
/// the limit of its size: <https://man7.org/linux/man-pages/man2/PR_SET_DUMPABLE.2const.html>.
#[cfg(target_os = "linux")]
pub(super) fn hide_memory() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    set_dumpable_behavior(DumpableBehavior::NotDumpable).ok();
}

/// No core file.
#[cfg(not(target_os = "linux"))]
pub(super) fn hide_memory() {
    use rustix::process::{Rlimit, setrlimit};
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).ok();
}

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
