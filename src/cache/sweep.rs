//! Keeping the cache small: what is over goes as part of a write.
//!
//! Removed are tokens and failures whose time is over or that can't be read, those of another version after a day, locks that belong to neither and are free,
//! and temporary files that a killed process left behind; nothing else, as somebody may keep the cache among files of
//! their own. Nothing here can fail a `get`: what can't be removed stays until the next write.
//!
//! Of a cache with hundreds of tokens each write looks at a share, and the clock says at which.

use std::collections::BTreeSet;
use std::time::Duration;

use super::record::{RememberedFailure, TokenRecord, is_of_another_version};
use super::{FAILURE, LOCK, LONGEST_ENTRY, TOKEN, key_of, lock};
use crate::clock::Timestamp;
use crate::fs::{PrivateDir, is_temporary};

/// A temporary file lives for milliseconds, and who waits for a failure reads it within a second.
const GRACE: Duration = Duration::from_mins(1);

/// After a day any token has had its time, whatever a newer or older version says of it in its entry.
const LONGEST_LIFE: Duration = Duration::from_hours(24);

/// About as many entries are looked at in one go.
const SHARE: usize = 256;

pub(super) fn sweep(directory: &PrivateDir, now: Timestamp) {
    let mut names = directory.names().unwrap_or_default();
    let shares = (names.len() / SHARE + 1) as u64;
    names.retain(|name| is_temporary(name) || is_in_share(name, now.seconds() % shares, shares));
    for name in names.iter().filter(|name| is_temporary(name) && is_older(directory, name, now, GRACE)) {
        let _ = directory.remove(name);
    }
    let keys: BTreeSet<_> = [TOKEN, FAILURE, LOCK]
        .iter()
        .flat_map(|suffix| names.iter().filter_map(move |name| key_of(name, suffix)))
        .collect();
    for key in keys {
        let entries = [format!("{key}{TOKEN}"), format!("{key}{FAILURE}")];
        let present = |entry: &&String| names.contains(entry);
        let is_idle = !entries.iter().any(|entry| present(&entry));
        if is_idle || entries.iter().filter(present).any(|entry| is_over(directory, entry, now)) {
            sweep_key(directory, key, &entries, now);
        }
    }
}

/// Whether an entry is in one of several shares; all entries of a key are in the same.
fn is_in_share(name: &str, share: u64, shares: u64) -> bool {
    let key = name.get(..8).and_then(|digits| u64::from_str_radix(digits, 16).ok());
    key.is_some_and(|key| key % shares == share)
}

/// Removes what is over of one key, and the lock if nothing else is left. All of it while holding that lock: a newer token
/// may have come since we looked, and nobody may be locked out of a file that is gone.
fn sweep_key(directory: &PrivateDir, key: &str, entries: &[String], now: Timestamp) {
    let lock = format!("{key}{LOCK}");
    let lock::TryLock::Held(_guard) = lock::attempt(directory, &lock) else { return };
    let mut left = false;
    for entry in entries {
        left |= !is_over(directory, entry, now) || directory.remove(entry).is_err();
    }
    if !left {
        let _ = directory.remove(&lock);
    }
}

/// Whether an entry is missing, can't be read, or has had its time.
fn is_over(directory: &PrivateDir, name: &str, now: Timestamp) -> bool {
    let Some(contents) = directory.read(name, LONGEST_ENTRY).ok().flatten() else { return true };
    if is_of_another_version(&contents) {
        return is_older(directory, name, now, LONGEST_LIFE);
    }
    if let Some(key) = key_of(name, TOKEN) {
        return TokenRecord::unseal(key, &contents).is_none_or(|record| record.lifetime.end <= now);
    }
    let failure = key_of(name, FAILURE).and_then(|key| RememberedFailure::unseal(key, &contents));
    failure.is_none_or(|failure| failure.counting_at(now).is_none() && is_older(directory, name, now, GRACE))
}

/// Whether an entry was written longer ago than that. One from the future counts as old: the clock jumped.
fn is_older(directory: &PrivateDir, name: &str, now: Timestamp, age: Duration) -> bool {
    directory.modified(name).is_some_and(|modified| {
        let modified = Timestamp::from(modified);
        now.since(modified) > age || modified.since(now) > age
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_big_cache_each_write_sweeps_a_share() {
        let outer = tempfile::tempdir().expect("a temporary directory");
        let directory = PrivateDir::create(&outer.path().join("cache")).expect("a private directory");
        for number in 0..600 {
            drop(directory.open_lock(&format!("{number:08x}{:056x}{LOCK}", 0)).expect("made"));
        }
        let left_at = |second| {
            sweep(&directory, Timestamp::from_seconds(second));
            directory.names().expect("listed").len()
        };
        // Three shares, then two, then one.
        assert_eq!([left_at(0), left_at(1), left_at(2)], [400, 200, 0]);
    }
}
