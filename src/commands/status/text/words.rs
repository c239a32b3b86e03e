//! Words, spans and sizes of the reports.

use crate::commands::output::Mark;
use crate::commands::status::report::{ApiName, FailureReport};
use crate::token::Freshness;

/// A region, as a column shows it.
pub(super) fn region(api: &ApiName) -> String {
    if api.is_public() { format!("{} (public)", api.region) } else { api.region.clone() }
}

pub(super) fn told(failure: &FailureReport) -> String {
    let FailureReport { message, age_seconds, counts_for_seconds, .. } = failure;
    format!("{message}; {} ago, counts for {} more", span(*age_seconds), span(*counts_for_seconds))
}

pub(super) fn mark_of(freshness: Freshness) -> Mark {
    match freshness {
        Freshness::Fresh => Mark::Good,
        Freshness::Stale => Mark::Warning,
        Freshness::Expired => Mark::Bad,
    }
}

pub(super) fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// A span of time in its two largest units.
pub(super) fn span(seconds: u64) -> String {
    match (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, minutes) => format!("{minutes}m"),
        (0, hours, minutes) => format!("{hours}h {minutes:02}m"),
        (days, hours, _) => format!("{days}d {hours:02}h"),
    }
}

/// A size, rounded up.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..=999 => format!("{bytes} B"),
        1_000..=999_999 => format!("{} KB", bytes.div_ceil(1_000)),
        _ => format!("{} MB", bytes.div_ceil(1_000_000)),
    }
}
