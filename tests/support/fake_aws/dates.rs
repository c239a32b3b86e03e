//! Moments as the APIs write them; by hand, so that the fake shares no code with the SDK that reads it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// `2026-01-31T23:59:59Z`, rounded down to the second, as XML and the credential documents have it.
pub(super) fn iso_8601(moment: SystemTime) -> String {
    let Civil { year, month, day, hour, minute, second, .. } = Civil::of(moment);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// `Sat, 31 Jan 2026 23:59:59 GMT`, as the `Date` header has it (RFC 9110, section 5.6.7).
pub(super) fn http_date(moment: SystemTime) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    let Civil { days, year, month, day, hour, minute, second } = Civil::of(moment);
    let (weekday, month) = (DAYS[(days % 7) as usize], MONTHS[((month - 1) % 12) as usize]);
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

/// Seconds since 1970 with milliseconds, as the AWS JSON protocol writes a timestamp.
pub(super) fn epoch_seconds(moment: SystemTime) -> f64 {
    (since_epoch(moment).as_secs_f64() * 1e3).round() / 1e3
}

/// Milliseconds since 1970.
pub(super) fn epoch_milliseconds(moment: SystemTime) -> u64 {
    u64::try_from(since_epoch(moment).as_millis()).expect("less than 500 million years")
}

/// A moment of the Gregorian calendar in UTC.
struct Civil {
    days: u64,
    year: u64,
    month: u64,
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
}

impl Civil {
    /// The days are counted in years that begin in March, so that the leap day comes last
    /// (<https://howardhinnant.github.io/date_algorithms.html#civil_from_days>).
    fn of(moment: SystemTime) -> Self {
        let seconds = since_epoch(moment).as_secs();
        let (days, time) = (seconds / 86_400, seconds % 86_400);
        let since_march_0000 = days + 719_468;
        let (era, day_of_era) = (since_march_0000 / 146_097, since_march_0000 % 146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let months_since_march = (5 * day_of_year + 2) / 153;
        let month = (months_since_march + 2) % 12 + 1;
        Self {
            days,
            year: era * 400 + year_of_era + u64::from(month <= 2),
            month,
            day: day_of_year - (153 * months_since_march + 2) / 5 + 1,
            hour: time / 3_600,
            minute: time / 60 % 60,
            second: time % 60,
        }
    }
}

fn since_epoch(moment: SystemTime) -> Duration {
    moment.duration_since(UNIX_EPOCH).expect("the tests play after 1970")
}
