//! The hosts that an identity asked for, and when: what `list` names besides the rules.
//!
//! They outlive the token and an `erase`: builders that ask only for what `list` names would otherwise get no password
//! after a `docker logout`, although `get` has one for them. A host is noted at most once a day, so that a hit rarely writes.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// A host that wasn't asked for during this time is forgotten.
pub(super) const MAX_AGE: Duration = Duration::from_hours(30 * 24);

/// A note that is older is renewed.
const RENEWAL: Duration = Duration::from_hours(24);

/// The most hosts of one identity; enough for every account that a person works with.
const MAX_HOSTS: usize = 100;

/// When each host was last asked for, in seconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct HostNotes(BTreeMap<String, u64>);

impl HostNotes {
    /// Notes that a host was asked for, and forgets old ones. `false` when nothing changed: the host was noted within a day.
    pub(crate) fn note(&mut self, host: &str, now: Timestamp) -> bool {
        if self.0.get(host).is_some_and(|&at| apart(Timestamp::from_seconds(at), now) < RENEWAL) {
            return false;
        }
        self.0.retain(|_, at| is_recent(*at, now));
        while self.0.len() >= MAX_HOSTS
            && let Some(oldest) = self.0.iter().min_by_key(|(_, at)| **at).map(|(host, _)| host.clone())
        {
            self.0.remove(&oldest);
        }
        self.0.insert(host.to_owned(), now.seconds());
        true
    }

    /// The hosts that were asked for within 30 days.
    pub(crate) fn recent(&self, now: Timestamp) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(_, at)| is_recent(**at, now)).map(|(host, _)| host.as_str())
    }
}

fn is_recent(at: u64, now: Timestamp) -> bool {
    apart(Timestamp::from_seconds(at), now) <= MAX_AGE
}

/// How far apart two moments are: a clock may have gone back since.
fn apart(one: Timestamp, other: Timestamp) -> Duration {
    one.since(other).max(other.since(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400;

    fn at(days: u64) -> Timestamp {
        Timestamp::from_seconds(days * DAY)
    }

    #[test]
    fn a_host_is_noted_again_after_a_day_or_when_the_clock_went_back_by_one() {
        let mut notes = HostNotes::default();
        assert!(notes.note("a.example", at(100)));
        assert!(!notes.note("a.example", at(100)));
        assert!(!notes.note("a.example", Timestamp::from_seconds(101 * DAY - 1)));
        assert!(notes.note("a.example", at(101)));
        assert!(!notes.note("a.example", Timestamp::from_seconds(100 * DAY + 1)));
        assert!(notes.note("a.example", at(100)));
    }

    #[test]
    fn hosts_are_forgotten_after_30_days_by_either_direction_of_the_clock() {
        let mut notes = HostNotes::default();
        notes.note("old.example", at(100));
        notes.note("new.example", at(101));
        let hosts = |notes: &HostNotes, day| notes.recent(at(day)).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(hosts(&notes, 130), ["new.example", "old.example"]);
        assert_eq!(hosts(&notes, 131), ["new.example"]);
        assert_eq!(hosts(&notes, 71), ["new.example", "old.example"]);
        assert_eq!(hosts(&notes, 70), ["old.example"]);
        notes.note("third.example", at(131));
        assert_eq!(notes.0.len(), 2);
    }

    #[test]
    fn the_oldest_of_too_many_hosts_makes_room() {
        let mut notes = HostNotes::default();
        for number in 0..150 {
            notes.note(&format!("{number}.example"), Timestamp::from_seconds(1_000 + number));
        }
        assert_eq!(notes.0.len(), MAX_HOSTS);
        assert!(!notes.0.contains_key("49.example") && notes.0.contains_key("50.example"));
    }
}
