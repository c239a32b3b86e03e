//! The trace of an `erase`: a fetch or a hit that began before it must not bring the erased token back.
//!
//! `erase` can't wait for a fetch, which holds its lock over the network. Instead it leaves a new number in a file of the
//! API (`ecr.aws.eu-west-1.erased`), and only then removes the tokens. A process that writes a token compares the number
//! with the one that it read before it read or fetched the token; if it changed, the token isn't written. When the tokens
//! are gone, `erase` leaves one more number: a hit may have read the first one and then, still there, the token.
//!
//! Between that look and the write, which is one rename, there must be no `erase`: so writers hold `erase-lock` meanwhile,
//! all of them at once, and an `erase` holds it alone. A writer that is killed in between has written nothing, or the
//! `erase` that waited for the lock finds what it has written.
//!
//! Where there are no locks, or a holder is stopped and doesn't give it back, both go on without it. The writer then looks
//! at the number once more after the write, and removes the token if it changed: one of the two removes it, unless the
//! writer is killed in that very moment.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::lock::{LockGuard, Sharing, lock_within};
use super::record::{decode, encode};
use super::{Cache, MAX_ENTRY_SIZE};
use crate::clock::{Clock, Timestamp};
use crate::fs::{PathError, PrivateDir};
use crate::registry::Api;

/// The ending of its name.
pub(super) const ERASED: &str = ".erased";

/// The lock of those that write or erase tokens; it belongs to no key, so it is never swept.
const LOCK: &str = "erase-lock";

/// The longest wait for it. It is held for milliseconds.
const MAX_WAIT: Duration = Duration::from_secs(2);

/// No fetch lasts as long.
const MAX_AGE: Duration = Duration::from_hours(24);

/// The last `erase` of an API that left a trace, if any did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LastErasure(Option<u64>);

impl LastErasure {
    /// Whether there was another `erase` since an earlier look.
    pub(crate) fn is_after(self, earlier: Self) -> bool {
        self.0.is_some() && self != earlier
    }
}

/// The trace as JSON. The time is in seconds since 1970.
#[derive(Serialize, Deserialize)]
struct Entry {
    serial: u64,
    at: u64,
}

impl Cache {
    /// The last `erase` of an API.
    pub(crate) fn last_erasure(&self, api: &Api) -> LastErasure {
        LastErasure(self.directory.as_ref().and_then(|directory| read(directory, &name(api))).map(|entry| entry.serial))
    }
}

/// Keeps an `erase` waiting until a token is written.
pub(super) fn lock_to_write(directory: &PrivateDir, clock: &dyn Clock) -> Option<LockGuard> {
    lock_within(MAX_WAIT, directory, LOCK, Sharing::Shared, clock)
}

/// Keeps those waiting that write tokens.
pub(super) fn lock_to_erase(directory: &PrivateDir, clock: &dyn Clock) -> Option<LockGuard> {
    lock_within(MAX_WAIT, directory, LOCK, Sharing::Exclusive, clock)
}

/// Leaves the trace of an `erase`; the number is different each time.
pub(super) fn leave(directory: &PrivateDir, api: &Api, serial: u64, at: Timestamp) -> Result<(), PathError> {
    let name = name(api);
    directory.replace(&name, &encode(&name, &Entry { serial, at: at.seconds() }))
}

/// Whether a file is a trace that no fetch can need any more.
pub(super) fn is_over(directory: &PrivateDir, name: &str, now: Timestamp) -> bool {
    name.ends_with(ERASED)
        && read(directory, name)
            .map(|entry| Timestamp::from_seconds(entry.at))
            .is_some_and(|at| now.since(at) > MAX_AGE || at.since(now) > MAX_AGE)
}

fn read(directory: &PrivateDir, name: &str) -> Option<Entry> {
    decode(name, &directory.read(name, MAX_ENTRY_SIZE).ok()??)
}

/// None of its parts can hold a dot or a slash.
fn name(api: &Api) -> String {
    let Api { service, partition, region } = api;
    format!("{}.{}.{}{ERASED}", service.as_str(), partition.as_str(), region.as_str())
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::token_record;
    use super::*;
    use crate::clock::fake::FakeClock;
    use crate::identity::{CachePolicy, Identity};
    use crate::options::CacheEncryption;
    use crate::registry::{EndpointVariant, Region};
    use crate::scope::Scope;
    use crate::token::MaxAge;

    fn clock() -> FakeClock {
        FakeClock::at(1)
    }

    #[test]
    fn what_began_before_an_erase_does_not_bring_the_token_back() {
        let outer = tempfile::tempdir().expect("a temporary directory");
        let (mut cache, _) = Cache::open(Some(&outer.path().join("cache")), CacheEncryption::Off);
        cache.prepare().expect("a directory");
        let record = token_record();
        let identity = Identity { digest: [0; 32], cache_policy: CachePolicy::Cached(MaxAge::UntilExpiry) };
        let variant = EndpointVariant::default();
        let key = Scope { api: record.api.clone(), variant, endpoint_url: None, identity }.key();
        let other = Api { region: Region::parse("eu-west-2").expect("a region"), ..record.api.clone() };

        let mut serial = 0;
        for store in [true, false] {
            let write = |erasure| {
                let written = if store {
                    cache.store(&key, &record, "profile dev", erasure, &clock())
                } else {
                    cache.amend(&key, &record, "profile dev", erasure, &clock())
                };
                written.expect("written");
            };
            let before = cache.last_erasure(&record.api);
            write(before);
            assert_eq!(cache.token(&key), Some(record.clone()), "no erase");
            cache.erase(&other, 100 + serial, &clock()).expect("erased");
            write(before);
            assert_eq!(cache.token(&key), Some(record.clone()), "the erase of another API");
            serial += 1;
            cache.erase(&record.api, serial, &clock()).expect("erased");
            assert_eq!(cache.token(&key), None);
            write(before);
            assert_eq!(cache.token(&key), None, "it began before the erase");
            assert_eq!(cache.hosts(&key), record.hosts, "the hosts are noted all the same");
            write(cache.last_erasure(&record.api));
            assert_eq!(cache.token(&key), Some(record.clone()), "it began after the erase");
        }
    }

    #[test]
    fn the_trace_goes_after_a_day_and_its_absence_erases_nothing() {
        let outer = tempfile::tempdir().expect("a temporary directory");
        let (mut cache, _) = Cache::open(Some(&outer.path().join("cache")), CacheEncryption::Off);
        cache.prepare().expect("a directory");
        let api = token_record().api;
        cache.erase(&api, 7, &clock()).expect("erased");
        let directory = cache.directory.as_ref().expect("a directory");
        let traces = || directory.names().expect("listed").into_iter().filter(|name| name.ends_with(ERASED));
        assert_eq!(traces().collect::<Vec<_>>(), ["ecr.aws.eu-west-1.erased"]);
        let before = cache.last_erasure(&api);
        let later = |hours| clock().now().after(Duration::from_hours(hours));
        super::super::sweep::sweep(directory, &cache.sealing, later(24));
        assert_eq!(cache.last_erasure(&api), before);
        super::super::sweep::sweep(directory, &cache.sealing, later(25));
        assert_eq!(traces().count(), 0);
        assert!(!cache.last_erasure(&api).is_after(before));
    }

    #[test]
    fn who_writes_shares_the_lock_and_who_erases_has_it_alone_and_nobody_waits_for_long() {
        let outer = tempfile::tempdir().expect("a temporary directory");
        let directory = PrivateDir::create(&outer.path().join("cache")).expect("a directory");
        let clock = clock();
        let writing = [lock_to_write(&directory, &clock), lock_to_write(&directory, &clock)];
        assert!(writing.iter().all(Option::is_some) && clock.elapsed() == Duration::ZERO);
        assert!(lock_to_erase(&directory, &clock).is_none());
        assert_eq!(clock.elapsed(), MAX_WAIT);
        drop(writing);
        let erasing = lock_to_erase(&directory, &clock).expect("free");
        assert!(lock_to_write(&directory, &clock).is_none() && lock_to_erase(&directory, &clock).is_none());
        assert_eq!(clock.elapsed(), 3 * MAX_WAIT);
        drop(erasing);
        assert!(lock_to_write(&directory, &clock).is_some());
        assert_eq!(clock.elapsed(), 3 * MAX_WAIT);
    }

    #[test]
    fn where_there_are_no_locks_tokens_are_written_and_erased_all_the_same() {
        let outer = tempfile::tempdir().expect("a temporary directory");
        let (mut cache, _) = Cache::open(Some(&outer.path().join("cache")), CacheEncryption::Off);
        cache.prepare().expect("a directory");
        PrivateDir::create(&outer.path().join("cache").join(LOCK)).expect("in place of the lock");
        let (clock, record) = (clock(), token_record());
        let identity = Identity { digest: [0; 32], cache_policy: CachePolicy::Cached(MaxAge::UntilExpiry) };
        let (api, variant) = (record.api.clone(), EndpointVariant::default());
        let key = Scope { api, variant, endpoint_url: None, identity }.key();
        let before = cache.last_erasure(&record.api);
        cache.store(&key, &record, "profile dev", before, &clock).expect("written");
        assert_eq!(cache.token(&key), Some(record.clone()));
        cache.erase(&record.api, 1, &clock).expect("erased");
        cache.store(&key, &record, "profile dev", before, &clock).expect("only the hosts are written");
        assert_eq!((cache.token(&key), clock.elapsed()), (None, Duration::ZERO));
    }
}
