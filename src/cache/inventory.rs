//! Everything in the cache, for a person to see. Nothing is changed, no lock is taken, and no password leaves this file.

use std::path::Path;

use super::directory::TAG;
use super::erasure::ERASED;
use super::record::{KeyNotes, RememberedFailure, TokenRecord};
use super::seal::Sealing;
use super::{FAILURE, HOSTS, LOCK, MAX_ENTRY_SIZE, PROMPT_LOCK, TOKEN, UnusableCache, key_of};
use crate::clock::Timestamp;
use crate::error::Failure;
use crate::fs::{PrivateDir, UnusableDir};
use crate::options::CacheEncryption;
use crate::registry::Api;
use crate::token::Lifetime;

/// What a cache holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Inventory {
    pub(crate) tokens: Vec<CachedToken>,
    pub(crate) failures: Vec<CachedFailure>,
    /// The entries that aren't used: damaged, of another version, of another user, writable by others, or
    /// not encrypted as they should be.
    pub(crate) unusable: usize,
    /// The size of all files that are ours by their names.
    pub(crate) bytes: u64,
}

/// A token, without its password.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CachedToken {
    pub(crate) key: String,
    pub(crate) api: Api,
    pub(crate) lifetime: Lifetime,
    /// The hosts that were asked for with it in the last 30 days.
    pub(crate) hosts: Vec<String>,
    /// The identity, as a person knows it, if it was noted.
    pub(crate) identity: Option<String>,
}

/// A failure that still counts.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CachedFailure {
    pub(crate) api: Api,
    pub(crate) at: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) failure: Failure,
    pub(crate) identity: Option<String>,
}

impl Inventory {
    /// Of the cache at a path; an empty one if it doesn't exist.
    /// Error: it isn't used, and why.
    pub(crate) fn read(path: &Path, encryption: CacheEncryption, now: Timestamp) -> Result<Self, UnusableCache> {
        let directory = match PrivateDir::open(path) {
            Err(UnusableDir::Missing(_)) => return Ok(Self::default()),
            opened => opened?,
        };
        let mut sealing = Sealing::of(encryption);
        sealing.look()?;
        let mut names = directory.names().map_err(UnusableDir::from)?;
        names.sort_unstable();
        let mut inventory = Self::default();
        for name in &names {
            let is_ours = name == TAG
                || name == PROMPT_LOCK
                || name.ends_with(ERASED)
                || [TOKEN, FAILURE, HOSTS, LOCK].iter().any(|ending| key_of(name, ending).is_some());
            if is_ours {
                inventory.bytes += directory.length(name).unwrap_or_default();
                inventory.add(&directory, &sealing, name, now);
            }
        }
        // By region, and the one that lasts longest first.
        inventory.tokens.sort_by(|one, other| {
            let region = |token: &CachedToken| token.api.region.as_str().to_owned();
            region(one).cmp(&region(other)).then(other.lifetime.expires.cmp(&one.lifetime.expires))
        });
        Ok(inventory)
    }

    fn add(&mut self, directory: &PrivateDir, sealing: &Sealing, name: &str, now: Timestamp) {
        let read = |name: &str| directory.read(name, MAX_ENTRY_SIZE).ok().flatten();
        if let Some(key) = key_of(name, TOKEN) {
            let Some(record) = read(name).and_then(|contents| sealing.decode(key, &contents)) else {
                return self.unusable += 1;
            };
            let TokenRecord { api, hosts, lifetime, token: _ } = record;
            let notes = read(&format!("{key}{HOSTS}")).and_then(|contents| KeyNotes::decode(key, &contents));
            let hosts = hosts.recent(now).map(str::to_owned).collect();
            let identity = notes.and_then(|notes| notes.identity);
            self.tokens.push(CachedToken { key: key.to_owned(), api, lifetime, hosts, identity });
        } else if let Some(key) = key_of(name, FAILURE) {
            match read(name).and_then(|contents| RememberedFailure::decode(key, &contents)) {
                None => self.unusable += 1,
                Some(remembered) => {
                    let RememberedFailure { api, serial: _, circumstances: _, at, until, identity, failure: _ } =
                        remembered.clone();
                    if let Some(failure) = remembered.counting_at(now) {
                        self.failures.push(CachedFailure { api, at, until, failure, identity });
                    }
                }
            }
        }
    }
}
