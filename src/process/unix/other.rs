//! The memory of a process on other Unix systems.

use rustix::process::{Resource, Rlimit, setrlimit};

/// Leaves no core file.
pub(crate) fn hide_memory() {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).ok();
}
