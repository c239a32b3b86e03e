//! Time as a value: the wall clock that tokens expire by, and the steady clock that waits are
//! counted on. A wall clock may jump (NTP, a resumed laptop), so no wait depends on it.
//!
//! A third clock counts how long the machine has been running, sleep included. It is the same for
//! all processes of a machine, so it tells how old something in a file is, whatever was done to the
//! wall clock since. Linux has it: `clock/linux.rs`.

#[cfg_attr(target_os = "linux", path = "clock/linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "clock/other.rs")]
mod machine;

use std::fmt;
use std::time::{Duration, Instant, SystemTime};

use time::UtcDateTime;
use time::format_description::well_known::Rfc3339;

/// A moment in whole seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The moment that many seconds after the beginning of 1970.
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Seconds since the beginning of 1970.
    pub const fn seconds(self) -> u64 {
        self.0
    }

    /// This moment, later by a span; the end of time rather than an overflow.
    pub const fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.as_secs()))
    }

    /// This moment, earlier by a span; the beginning of 1970 rather than an underflow.
    pub const fn before(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(span.as_secs()))
    }

    /// How long it is from `earlier` to here; zero when `earlier` lies ahead.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_secs(self.0.saturating_sub(earlier.0))
    }
}

impl From<SystemTime> for Timestamp {
    /// A moment before 1970 becomes 1970.
    fn from(time: SystemTime) -> Self {
        Self(time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |span| span.as_secs()))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339, such as `2026-11-22T02:48:00Z`; the end of 9999 for all that is later.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = i64::try_from(self.0).unwrap_or(i64::MAX);
        let time = UtcDateTime::from_unix_timestamp(seconds).unwrap_or(UtcDateTime::MAX);
        formatter.write_str(&time.format(&Rfc3339).map_err(|_| fmt::Error)?)
    }
}

/// One start of one machine. Different ones may be equal by a chance of 1 in 2^64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BootId(u64);

impl BootId {
    /// From its number in a file.
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// A number for a file.
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// The start of this machine that it has been running since. It reads a file. `None` if the system doesn't tell.
pub(crate) fn boot_id() -> Option<BootId> {
    machine::boot_id()
}

/// Where time comes from.
pub trait Clock {
    /// The wall clock.
    fn now(&self) -> Timestamp;
    /// The steady clock: the time since this process asked first.
    fn elapsed(&self) -> Duration;
    /// How long the machine has been running, sleep included. `None` if the system doesn't tell.
    fn uptime(&self) -> Option<Duration>;
    /// Since which start; see [`boot_id`].
    fn boot_id(&self) -> Option<BootId>;
    /// Waits on the steady clock.
    fn sleep(&self, span: Duration);
}

/// The clocks of the operating system.
#[derive(Debug)]
pub struct SystemClock(Instant);

#[expect(clippy::disallowed_methods, reason = "this leaf is the door to the clock")]
impl SystemClock {
    /// Starts the steady clock.
    pub fn start() -> Self {
        Self(Instant::now())
    }
}

#[expect(clippy::disallowed_methods, reason = "this leaf is the door to the clock")]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        SystemTime::now().into()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn uptime(&self) -> Option<Duration> {
        machine::uptime()
    }

    fn boot_id(&self) -> Option<BootId> {
        boot_id()
    }

    fn sleep(&self, span: Duration) {
        std::thread::sleep(span);
    }
}

/// A moment on the steady clock by which something must have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Deadline(Duration);

impl Deadline {
    /// The moment `span` from now.
    pub(crate) fn within(clock: &dyn Clock, span: Duration) -> Self {
        Self(clock.elapsed().saturating_add(span))
    }

    /// What is left until then; zero when it has passed.
    pub(crate) fn left(self, clock: &dyn Clock) -> Duration {
        self.0.saturating_sub(clock.elapsed())
    }
}

#[cfg(test)]
pub(crate) mod fake {
    //! A clock for tests: time passes only when a test or a sleep says so.

    use std::cell::Cell;

    use super::{BootId, Clock, Duration, Timestamp};

    /// Wall clock and steady clock, moved by hand; a sleep moves both and returns at once. The machine started an hour
    /// before the test.
    #[derive(Debug)]
    pub(crate) struct FakeClock {
        wall: Cell<u64>,
        steady: Cell<Duration>,
        /// Which start of the machine this is, how long it had been running when the test said so, and when that was.
        boot: Cell<Option<(u64, Duration, Duration)>>,
    }

    impl FakeClock {
        pub(crate) fn at(seconds: u64) -> Self {
            let boot = Cell::new(Some((1, Duration::from_hours(1), Duration::ZERO)));
            Self { wall: Cell::new(seconds), steady: Cell::new(Duration::ZERO), boot }
        }

        /// From now on this is another start of the machine, or another machine, which has been running for so long; or a
        /// system that doesn't tell.
        pub(crate) fn boot(&self, boot: Option<(u64, Duration)>) {
            self.boot.set(boot.map(|(number, running)| (number, running, self.steady.get())));
        }

        /// The wall clock jumps; the steady clock doesn't.
        pub(crate) fn jump_to(&self, seconds: u64) {
            self.wall.set(seconds);
        }

        /// Both clocks move on.
        pub(crate) fn pass(&self, span: Duration) {
            self.wall.set(self.wall.get() + span.as_secs());
            self.steady.set(self.steady.get() + span);
        }
    }

    impl Clock for FakeClock {
        fn now(&self) -> Timestamp {
            Timestamp::from_seconds(self.wall.get())
        }

        fn elapsed(&self) -> Duration {
            self.steady.get()
        }

        fn uptime(&self) -> Option<Duration> {
            self.boot.get().map(|(_, running, at)| running + self.steady.get().saturating_sub(at))
        }

        fn boot_id(&self) -> Option<BootId> {
            self.boot.get().map(|(number, ..)| BootId(number))
        }

        fn sleep(&self, span: Duration) {
            self.pass(span);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fake::FakeClock;
    use super::*;

    #[test]
    fn a_timestamp_prints_as_rfc_3339() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_795_315_680, "2026-11-22T02:48:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
            (253_402_300_800, "9999-12-31T23:59:59.999999999Z"),
            (u64::MAX, "9999-12-31T23:59:59.999999999Z"),
        ] {
            assert_eq!(Timestamp::from_seconds(seconds).to_string(), text);
        }
    }

    #[test]
    fn times_before_1970_and_past_the_end_saturate() {
        assert_eq!(Timestamp::from(SystemTime::UNIX_EPOCH - Duration::from_secs(1)), Timestamp::from_seconds(0));
        assert_eq!(Timestamp::from_seconds(u64::MAX).after(Duration::from_secs(1)).seconds(), u64::MAX);
        assert_eq!(Timestamp::from_seconds(1).since(Timestamp::from_seconds(2)), Duration::ZERO);
    }

    #[test]
    fn a_deadline_is_counted_on_the_steady_clock() {
        let clock = FakeClock::at(1_000);
        let deadline = Deadline::within(&clock, Duration::from_secs(10));
        clock.jump_to(5_000);
        assert_eq!(deadline.left(&clock), Duration::from_secs(10));
        clock.pass(Duration::from_secs(4));
        assert_eq!(deadline.left(&clock), Duration::from_secs(6));
        clock.sleep(Duration::from_mins(1));
        assert_eq!(deadline.left(&clock), Duration::ZERO);
    }
}
