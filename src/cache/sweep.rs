//! Keeps the cache small: expired entries are removed as part of a write.
//!
//! Removed are tokens, failures, noted hosts and traces of `erase` that have expired or can't be read, those of another version after a day, free locks
//! that belong to neither, and temporary files that a killed process left behind; nothing else, since people put caches
//! among their own files. Nothing here can fail a `get`: what can't be removed stays until the next write.

use std::collections::BTreeSet;
use std::time::Duration;

use super::hosts::HostNotes;
use super::record::{RememberedFailure, TokenRecord, is_of_another_version};
use super::{FAILURE, HOSTS, LOCK, MAX_ENTRY_SIZE, TOKEN, TryLock, erasure, key_of, lock};
use crate::clock::Timestamp;
use crate::fs::{PrivateDir, is_temporary};
use crate::token::Freshness;

/// A temporary file lives for milliseconds, and a process that waits for a failure reads it within a second.
const GRACE: Duration = Duration::from_mins(1);

/// After a day every token has expired, whatever another version says in its entry.
const MAX_LIFE: Duration = Duration::from_hours(24);

pub(super) fn sweep(directory: &PrivateDir, now: Timestamp) {
    let names = directory.names().unwrap_or_default();
    for name in names.iter().filter(|name| is_temporary(name) && is_older(directory, name, now, GRACE)) {
        let _ = directory.remove(name);
    }
    for name in names.iter().filter(|name| erasure::is_over(directory, name, now)) {
        let _ = directory.remove(name);
    }
    for name in names.iter().filter(|name| key_of(name, HOSTS).is_some_and(|_| is_expired(directory, name, now))) {
        let _ = directory.remove(name);
    }
    let keys = names.iter().filter_map(|name| [TOKEN, FAILURE, LOCK].iter().find_map(|ending| key_of(name, ending)));
    for key in keys.collect::<BTreeSet<_>>() {
        let entries = [TOKEN, FAILURE].map(|ending| format!("{key}{ending}"));
        let mut present = entries.iter().filter(|entry| names.contains(entry)).peekable();
        if present.peek().is_none() || present.any(|entry| is_expired(directory, entry, now)) {
            sweep_key(directory, key, &entries, now);
        }
    }
}

/// Removes the expired entries of one key, and the lock if nothing else is left. All of it while holding that lock: a newer
/// token may have come since we looked, and no process may hold a lock on a file that is gone.
fn sweep_key(directory: &PrivateDir, key: &str, entries: &[String], now: Timestamp) {
    let lock = format!("{key}{LOCK}");
    let TryLock::Held(_guard) = lock::try_lock(directory, &lock) else { return };
    let mut left = false;
    for entry in entries {
        left |= !is_expired(directory, entry, now) || directory.remove(entry).is_err();
    }
    if !left {
        let _ = directory.remove(&lock);
    }
}

/// Whether an entry is missing, can't be read, or has expired.
fn is_expired(directory: &PrivateDir, name: &str, now: Timestamp) -> bool {
    let Some(contents) = directory.read(name, MAX_ENTRY_SIZE).ok().flatten() else { return true };
    if is_of_another_version(&contents) {
        return is_older(directory, name, now, MAX_LIFE);
    }
    if let Some(key) = key_of(name, TOKEN) {
        return TokenRecord::decode(key, &contents)
            .is_none_or(|record| record.lifetime.freshness(now) == Freshness::Expired);
    }
    if let Some(key) = key_of(name, HOSTS) {
        return HostNotes::decode(key, &contents).is_none_or(|hosts| hosts.recent(now).next().is_none());
    }
    let failure = key_of(name, FAILURE).and_then(|key| RememberedFailure::decode(key, &contents));
    failure.is_none_or(|failure| failure.counting_at(now).is_none() && is_older(directory, name, now, GRACE))
}

/// Whether an entry was written longer ago than that. One from the future counts as old: the clock jumped.
fn is_older(directory: &PrivateDir, name: &str, now: Timestamp, age: Duration) -> bool {
    directory.modified(name).is_some_and(|modified| {
        let modified = Timestamp::from(modified);
        now.since(modified) > age || modified.since(now) > age
    })
}
