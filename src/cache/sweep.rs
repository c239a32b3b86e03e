//! Keeping the cache small: what is over goes as part of a write.
//!
//! Removed are tokens and failures whose time is over or that can't be read, locks that belong to neither and are free,
//! and temporary files that a killed process left behind. Nothing here can fail a `get`: what can't be removed stays.

use std::time::Duration;

use super::record::{RememberedFailure, TokenRecord};
use super::{FAILURE, LOCK, LONGEST_ENTRY, TOKEN, lock};
use crate::clock::Timestamp;
use crate::fs::{PrivateDir, TEMPORARY_PREFIX};

/// A temporary file lives for milliseconds; one older than this has lost its process.
const ORPHAN_AGE: Duration = Duration::from_mins(1);

pub(super) fn sweep(directory: &PrivateDir, now: Timestamp) {
    let names = directory.names().unwrap_or_default();
    for name in &names {
        let contents = || directory.read(name, LONGEST_ENTRY).ok().flatten();
        let over = if name.ends_with(TOKEN) {
            contents()
                .and_then(|contents| TokenRecord::unseal(&contents))
                .is_none_or(|record| record.lifetime.end <= now)
        } else if name.ends_with(FAILURE) {
            contents()
                .and_then(|contents| RememberedFailure::unseal(&contents))
                .is_none_or(|failure| failure.counting_at(now).is_none() && is_older(directory, name, now))
        } else if name.starts_with(TEMPORARY_PREFIX) {
            is_older(directory, name, now)
        } else if let Some(key) = name.strip_suffix(LOCK) {
            let needed = [TOKEN, FAILURE].iter().any(|suffix| names.contains(&format!("{key}{suffix}")));
            !needed && is_older(directory, name, now) && remove_lock(directory, name)
        } else {
            false
        };
        if over {
            // It stays until the next write.
            let _ = directory.remove(name);
        }
    }
}

/// Whether an entry was written longer ago than any write takes. One from the future counts as old: the clock jumped.
fn is_older(directory: &PrivateDir, name: &str, now: Timestamp) -> bool {
    directory.modified(name).is_some_and(|modified| {
        let modified = Timestamp::from(modified);
        now.since(modified) > ORPHAN_AGE || modified.since(now) > ORPHAN_AGE
    })
}

/// Removes a lock while holding it, so that nobody can be locked out of a file that is gone. Where an open file can't
/// be removed it stays. `false`: there is nothing left to do.
fn remove_lock(directory: &PrivateDir, name: &str) -> bool {
    if let lock::Attempt::Held(_guard) = lock::attempt(directory, name) {
        let _ = directory.remove(name);
    }
    false
}
