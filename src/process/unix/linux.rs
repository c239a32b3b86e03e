//! The memory of a process on Linux.

use rustix::process::{DumpableBehavior, set_dumpable_behavior};

/// A process that isn't dumpable leaves no core file, not even where a program takes it
/// (`core_pattern`), which ignores the limit of its size:
/// <https://man7.org/linux/man-pages/man2/PR_SET_DUMPABLE.2const.html>.
pub(crate) fn hide_memory() {
    set_dumpable_behavior(DumpableBehavior::NotDumpable).ok();
}
