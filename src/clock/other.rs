//! Systems other than Linux don't tell, in a way that is safe to ask for, how long they have been running.

use std::time::Duration;

use super::BootId;

pub(super) fn uptime() -> Option<Duration> {
    None
}

pub(super) fn boot_id() -> Option<BootId> {
    None
}
