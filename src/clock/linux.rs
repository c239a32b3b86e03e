//! The clock of a Linux machine that nobody sets.

use std::path::Path;
use std::time::Duration;

use rustix::time::{DynamicClockId, clock_gettime_dynamic};

use super::BootId;
use crate::fs::read_bounded;

/// Changes with every start of the machine, and is different on every machine:
/// <https://docs.kernel.org/admin-guide/sysctl/kernel.html#random>.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// `CLOCK_BOOTTIME`, which the vDSO answers without a system call.
pub(super) fn uptime() -> Option<Duration> {
    clock_gettime_dynamic(DynamicClockId::Boottime).ok()?.try_into().ok()
}

/// The first 64 bits of a random UUID.
pub(super) fn boot_id() -> Option<BootId> {
    let uuid = String::from_utf8(read_bounded(Path::new(BOOT_ID), 64).ok()??).ok()?;
    let digits: String = uuid.chars().filter(|character| *character != '-').take(16).collect();
    u64::from_str_radix(&digits, 16).ok().map(BootId::from_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_says_how_long_it_has_been_running_and_since_which_start() {
        let before = uptime().expect("Linux has this clock");
        assert!(uptime().expect("Linux has this clock") >= before && before > Duration::ZERO);
        // Without `/proc` it doesn't.
        if Path::new(BOOT_ID).exists() {
            assert!(boot_id().is_some_and(|boot| boot_id() == Some(boot) && boot != BootId::from_number(0)));
        }
    }
}
