//! Keeps the cache small: expired entries are removed as part of a write.
//!
//! Removed are tokens, failures, noted hosts and traces of `erase` that have expired or are damaged, plain tokens where they
//! are to be sealed, entries of another version or sealed with another key after a day, free locks that belong to neither a
//! token nor a failure, and temporary files that a killed process left behind. People put caches among their own files, so a
//! name alone proves nothing: entries begin with our magic line, and locks are empty. Nothing here can fail a `get`: what
//! can't be removed stays until the next write.

use std::collections::BTreeSet;
use std::time::Duration;

use super::hosts;
use super::lock::Sharing;
use super::record::{RememberedFailure, is_an_entry, is_of_another_version};
use super::seal::Sealing;
use super::{FAILURE, HOSTS, LOCK, MAX_ENTRY_SIZE, TOKEN, TryLock, erasure, key_of, lock};
use crate::clock::Timestamp;
use crate::fs::{PrivateDir, is_temporary};
use crate::token::Freshness;

/// A temporary file lives for milliseconds, and a process that waits for a failure reads it within a second.
const GRACE: Duration = Duration::from_mins(1);

/// After a day every token has expired, whatever another version says in its entry.
const MAX_LIFE: Duration = Duration::from_hours(24);

/// The most identities whose hosts are remembered.
const MAX_IDENTITIES: usize = 256;

/// What becomes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// The file doesn't exist.
    Missing,
    /// It is still of use, or isn't ours, or can't be read.
    Stays,
    /// It is ours and of no use.
    Goes,
}

pub(super) fn sweep(directory: &PrivateDir, sealing: &Sealing, now: Timestamp) {
    let names = directory.names().unwrap_or_default();
    for name in &names {
        let goes = is_orphan(directory, name, now) || erasure::is_over(directory, name, now);
        if goes {
            let _ = directory.remove(name);
        }
    }
    sweep_hosts(directory, &names, now);
    let keys = names.iter().filter_map(|name| [TOKEN, FAILURE, LOCK].iter().find_map(|ending| key_of(name, ending)));
    for key in keys.collect::<BTreeSet<_>>() {
        let entries = [TOKEN, FAILURE].map(|ending| format!("{key}{ending}"));
        let mut present = entries.iter().filter(|entry| names.contains(entry)).peekable();
        if present.peek().is_none() || present.any(|entry| verdict(directory, sealing, entry, now) == Verdict::Goes) {
            sweep_key(directory, sealing, key, &entries, now);
        }
    }
}

/// Removes the hosts that were noted too long ago, and the oldest of too many: where keys are issued for each job, each job
/// is another identity. Told by the time of the last write, so that a write needn't read them all.
fn sweep_hosts(directory: &PrivateDir, names: &[String], now: Timestamp) {
    let names = names.iter().filter(|name| key_of(name, HOSTS).is_some());
    let mut by_age: Vec<_> = names.filter_map(|name| Some((directory.modified(name)?, name))).collect();
    by_age.sort_unstable();
    let too_many = by_age.len().saturating_sub(MAX_IDENTITIES);
    for (place, (modified, name)) in by_age.into_iter().enumerate() {
        // A clock that went back makes nothing old: these outlive what it says.
        let is_old = now.since(Timestamp::from(modified)) > hosts::MAX_AGE;
        if (place < too_many || is_old)
            && directory
                .read(name, MAX_ENTRY_SIZE)
                .is_ok_and(|contents| contents.is_some_and(|read| is_an_entry(&read)))
        {
            let _ = directory.remove(name);
        }
    }
}

/// Removes the expired entries of one key, and the lock if nothing else is left. All of it while holding that lock: a newer
/// token may have come since we looked, and no process may hold a lock on a file that is gone.
fn sweep_key(directory: &PrivateDir, sealing: &Sealing, key: &str, entries: &[String], now: Timestamp) {
    let lock = format!("{key}{LOCK}");
    // A file with contents is another program's. Looked at first: Windows lets no one read a file that is locked.
    if directory.modified(&lock).is_some() && !directory.read(&lock, 0).is_ok_and(|contents| contents.is_some()) {
        return;
    }
    let TryLock::Held(guard) = lock::try_lock(directory, &lock, Sharing::Exclusive) else { return };
    let mut left = false;
    for entry in entries {
        left |= match verdict(directory, sealing, entry, now) {
            Verdict::Missing => false,
            Verdict::Stays => true,
            Verdict::Goes => directory.remove(entry).is_err(),
        };
    }
    if !left {
        guard.discard();
    }
}

/// Whether a file was to become an entry, and its writer is gone: empty, or the beginning of an entry.
fn is_orphan(directory: &PrivateDir, name: &str, now: Timestamp) -> bool {
    is_temporary(name)
        && is_older(directory, name, now, GRACE)
        && directory
            .read(name, MAX_ENTRY_SIZE)
            .is_ok_and(|contents| contents.is_some_and(|contents| contents.is_empty() || is_an_entry(&contents)))
}

fn verdict(directory: &PrivateDir, sealing: &Sealing, name: &str, now: Timestamp) -> Verdict {
    let Some(contents) = directory.read(name, MAX_ENTRY_SIZE).ok().flatten() else {
        return if directory.modified(name).is_some() { Verdict::Stays } else { Verdict::Missing };
    };
    let is_expired = || {
        let token = key_of(name, TOKEN);
        if let Some(record) = token.and_then(|key| sealing.decode(key, &contents)) {
            record.lifetime.freshness(now) == Freshness::Expired
        } else if is_of_another_version(&contents) {
            is_older(directory, name, now, MAX_LIFE)
        } else if token.is_some() {
            true
        } else {
            let failure = key_of(name, FAILURE).and_then(|key| RememberedFailure::decode(key, &contents));
            failure.is_none_or(|failure| failure.counting_at(now).is_none() && is_older(directory, name, now, GRACE))
        }
    };
    if is_an_entry(&contents) && is_expired() { Verdict::Goes } else { Verdict::Stays }
}

/// Whether an entry was written longer ago than that. One from the future counts as old: the clock jumped.
fn is_older(directory: &PrivateDir, name: &str, now: Timestamp, age: Duration) -> bool {
    directory.modified(name).is_some_and(|modified| {
        let modified = Timestamp::from(modified);
        now.since(modified) > age || modified.since(now) > age
    })
}
