//! The file system that a directory lies on: how much room it has, and what kind it is.

#[cfg_attr(target_os = "linux", path = "volume/linux.rs")]
#[cfg_attr(all(unix, not(target_os = "linux")), path = "volume/unix.rs")]
#[cfg_attr(windows, path = "volume/windows.rs")]
mod os;

use std::path::Path;

/// A file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Volume {
    /// What is special about it, such as `in memory (tmpfs)`; `None` for a disk, as far as is known.
    pub(crate) note: Option<&'static str>,
    /// The bytes that this user may still write; `None` if the system doesn't say.
    pub(crate) free: Option<u64>,
}

/// The file system of a path, which needn't exist yet; `None` if the system doesn't say.
pub(crate) fn volume(path: &Path) -> Option<Volume> {
    path.ancestors().find(|above| above.exists()).and_then(os::volume)
}
