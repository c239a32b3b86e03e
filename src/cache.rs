//! Authorization tokens on disk: one small file for each [`CacheKey`], so that a hit reads one file whatever else is
//! cached, and writers of different keys never meet.
//!
//! Promises: a reader takes no lock; an entry is seen whole or not at all; a damaged, foreign or newer entry is a miss and
//! never a wrong password; everything is owner-only; where tokens are to be sealed, none is written or read as it is. The
//! cache can only help: if opening or writing it fails, there is no cache, and no error. `cache/lock.rs` decides which
//! process may fetch; `token` decides how fresh a token is; the policy in `tokens` decides what to do about it.

mod directory;
mod erasure;
mod hosts;
mod inspection;
mod inventory;
mod lock;
mod record;
mod seal;
mod sweep;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

pub(crate) use erasure::LastErasure;
pub(crate) use hosts::HostNotes;
pub(crate) use inspection::{Directory, Inspection, inspect};
pub(crate) use inventory::{CachedFailure, CachedToken, Inventory};
use lock::Sharing;
pub(crate) use lock::{LockGuard, TryLock};
use record::is_an_entry;
pub(crate) use record::{KeyNotes, RememberedFailure, TokenRecord, read_again, with_checksum};
use seal::Sealing;

use crate::clock::{Clock, Timestamp};
use crate::error::Failure;
use crate::fs::{PathError, PrivateDir, UnusableDir};
use crate::options::CacheEncryption;
use crate::os_key::NoKey;
use crate::registry::Api;
use crate::scope::CacheKey;

/// The endings of file names in the cache, after the key.
const TOKEN: &str = ".token";
const FAILURE: &str = ".failure";
const HOSTS: &str = ".hosts";
const LOCK: &str = ".lock";

/// The lock of the process that asks a person for an MFA code; it belongs to no key, so it is never swept.
const PROMPT_LOCK: &str = "prompt.lock";

/// No entry is longer: a token is some 3 KB and 64 KiB at most, a hundred hosts some 10 KB.
const MAX_ENTRY_SIZE: usize = 128 << 10;

/// The key in the name of an entry of this kind. Other names aren't ours: people put caches where they like.
fn key_of<'a>(name: &'a str, ending: &str) -> Option<&'a str> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    name.strip_suffix(ending).filter(|key| key.len() == CacheKey::LENGTH && key.bytes().all(is_digit))
}

/// The directory with the tokens; or none, and then nothing is stored.
#[derive(Debug)]
pub(crate) struct Cache {
    /// Where it would be created.
    path: Option<PathBuf>,
    /// Where it is.
    directory: Option<PrivateDir>,
    /// How tokens are written in it.
    sealing: Sealing,
}

/// Why nothing is cached.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnusableCache {
    /// There is no directory for it.
    #[error(transparent)]
    Directory(#[from] UnusableDir),
    /// Tokens are to be encrypted and can't be.
    #[error("tokens can't be encrypted: {0}")]
    Key(#[from] NoKey),
}

impl Cache {
    /// Opens the cache at a path, without creating or changing it. The second value says why it can't be used, unless
    /// [`Cache::prepare`] may yet make it usable.
    pub(crate) fn open(path: Option<&Path>, encryption: CacheEncryption) -> (Self, Option<UnusableDir>) {
        let sealing = Sealing::of(encryption);
        let Some(path) = path else { return (Self { path: None, directory: None, sealing }, None) };
        match PrivateDir::open(path) {
            Ok(directory) => (Self { path: Some(path.to_owned()), directory: Some(directory), sealing }, None),
            Err(UnusableDir::Missing(_) | UnusableDir::WritableByOthers(_)) => {
                (Self { path: Some(path.to_owned()), directory: None, sealing }, None)
            }
            Err(unusable) => (Self { path: None, directory: None, sealing }, Some(unusable)),
        }
    }

    /// Opens the cache at a path to remove entries from it: others may write a directory in which passwords were left.
    pub(crate) fn open_to_erase(path: Option<&Path>, encryption: CacheEncryption) -> (Self, Option<UnusableDir>) {
        let sealing = Sealing::of(encryption);
        let opened = path.map(PrivateDir::open_as_it_is).transpose();
        let unusable = |unusable| (!matches!(unusable, UnusableDir::Missing(_))).then_some(unusable);
        match opened {
            Ok(directory) => (Self { path: None, directory, sealing }, None),
            Err(error) => (Self { path: None, directory: None, sealing }, unusable(error)),
        }
    }

    /// Creates the directory if it is missing, and tightens one that we made; makes the key if tokens are sealed. Called
    /// before a fetch, so that a hit never writes.
    /// Error: the directory can't be created, others may write it, or there is no key; nothing is cached from then on.
    pub(crate) fn prepare(&mut self) -> Result<(), UnusableCache> {
        let Some(path) = self.path.take() else { return Ok(()) };
        self.directory = None;
        self.sealing.prepare()?;
        self.directory = Some(directory::prepare(&path)?);
        self.path = Some(path);
        Ok(())
    }

    /// The token stored under a key, however old; `None` if it is missing or can't be trusted.
    pub(crate) fn token(&self, key: &CacheKey) -> Option<TokenRecord> {
        let key = key.to_string();
        self.sealing.decode(&key, &self.entry(&key, TOKEN)?)
    }

    /// The failure remembered under a key, whether or not it still counts.
    pub(crate) fn failure(&self, key: &CacheKey) -> Option<RememberedFailure> {
        let key = key.to_string();
        RememberedFailure::decode(&key, &self.entry(&key, FAILURE)?)
    }

    /// The hosts noted under a key.
    pub(crate) fn hosts(&self, key: &CacheKey) -> HostNotes {
        let key = key.to_string();
        self.entry(&key, HOSTS).and_then(|contents| KeyNotes::decode(&key, &contents)).unwrap_or_default().hosts
    }

    /// Tries to become the process that fetches the token of a key, without waiting.
    pub(crate) fn try_lock(&self, key: &CacheKey) -> TryLock {
        self.try_lock_file(&format!("{key}{LOCK}"))
    }

    /// Tries to become the process that asks a person for a code, without waiting.
    pub(crate) fn try_lock_prompt(&self) -> TryLock {
        self.try_lock_file(PROMPT_LOCK)
    }

    fn try_lock_file(&self, name: &str) -> TryLock {
        self.directory
            .as_ref()
            .map_or(TryLock::Unavailable(None), |directory| lock::try_lock(directory, name, Sharing::Exclusive))
    }

    /// Stores a token, removes the failure that it ends, and sweeps out expired entries. The identity is noted for people;
    /// the erasure is the last one before the fetch.
    /// Error: the directory is full, read-only or gone; what was there before is still there.
    pub(crate) fn store(
        &self,
        key: &CacheKey,
        record: &TokenRecord,
        identity: &str,
        erasure: LastErasure,
        clock: &dyn Clock,
    ) -> Result<(), PathError> {
        let Some(directory) = &self.directory else { return Ok(()) };
        sweep::sweep(directory, &self.sealing, clock.now());
        self.amend(key, record, identity, erasure, clock)?;
        directory.remove(&format!("{key}{FAILURE}"))
    }

    /// Stores a token and what is noted for it; only the notes, if there was an `erase` since.
    /// Error: as [`Cache::store`].
    pub(crate) fn amend(
        &self,
        key: &CacheKey,
        record: &TokenRecord,
        identity: &str,
        erasure: LastErasure,
        clock: &dyn Clock,
    ) -> Result<(), PathError> {
        let Some(directory) = &self.directory else { return Ok(()) };
        let key = key.to_string();
        let token = format!("{key}{TOKEN}");
        let is_erased = || self.last_erasure(&record.api).is_after(erasure);
        let notes = KeyNotes { hosts: record.hosts.clone(), identity: Some(identity.to_owned()) };
        directory.replace(&format!("{key}{HOSTS}"), &notes.encode(&key))?;
        let _lock = erasure::lock_to_write(directory, clock);
        if !is_erased()
            && let Some(contents) = self.sealing.encode(&key, record)
        {
            directory.replace(&token, &contents)?;
            // Without a lock, an `erase` may have come meanwhile.
            if is_erased() {
                directory.remove(&token)?;
            }
        }
        Ok(())
    }

    /// Remembers a failure, for the processes that wait for this fetch and, while it counts, for later ones.
    /// Error: as [`Cache::store`].
    pub(crate) fn record_failure(&self, key: &CacheKey, failure: &RememberedFailure) -> Result<(), PathError> {
        let Some(directory) = &self.directory else { return Ok(()) };
        sweep::sweep(directory, &self.sealing, failure.at);
        let key = key.to_string();
        let encoded = failure.encode(&key);
        if encoded.len() > MAX_ENTRY_SIZE {
            return Ok(());
        }
        directory.replace(&format!("{key}{FAILURE}"), &encoded)
    }

    /// The hosts noted under each key, with its name.
    pub(crate) fn all_hosts(&self) -> Vec<(String, HostNotes)> {
        let Some(directory) = &self.directory else { return Vec::new() };
        let names = directory.names().unwrap_or_default();
        let notes = names.iter().filter_map(|name| {
            let key = key_of(name, HOSTS)?;
            Some((key.to_owned(), KeyNotes::decode(key, &directory.read(name, MAX_ENTRY_SIZE).ok()??)?.hosts))
        });
        notes.collect()
    }

    /// Removes every token of an API and every failure remembered for it, of every identity; the noted hosts stay. An
    /// entry of ours that is damaged or can't be read is removed too: it might be one of these. The serial number is
    /// different each time.
    pub(crate) fn erase(&self, api: &Api, serial: u64, clock: &dyn Clock) -> Result<(), EraseError> {
        let Some(directory) = &self.directory else { return Ok(()) };
        let _lock = erasure::lock_to_erase(directory, clock);
        let traced = erasure::leave(directory, api, serial, clock.now());
        let mut removed = Ok(());
        for name in directory.names().map_err(EraseError::NotRemoved)? {
            let Some(key) = [TOKEN, FAILURE].iter().find_map(|ending| key_of(&name, ending)) else { continue };
            let belongs = match directory.read_untrusted(&name, MAX_ENTRY_SIZE) {
                Ok(Some(contents)) => is_an_entry(&contents) && self.api_of(key, &contents).is_none_or(|of| of == *api),
                Ok(None) => false,
                Err(error) => error.source.kind() != ErrorKind::FileTooLarge,
            };
            if belongs {
                removed = removed.and(directory.remove(&name));
            }
        }
        // Once more: a hit may have read a token after the first trace and before its removal.
        let traced = traced.and(erasure::leave(directory, api, serial.wrapping_add(1), clock.now()));
        removed.map_err(EraseError::NotRemoved)?;
        traced.map_err(EraseError::NoTrace)
    }

    /// The API of the token or failure that an entry holds; nothing for a damaged one.
    fn api_of(&self, key: &str, contents: &[u8]) -> Option<Api> {
        let of_token = self.sealing.decode(key, contents).map(|record| record.api);
        of_token.or_else(|| Some(RememberedFailure::decode(key, contents)?.api))
    }

    fn entry(&self, key: &str, ending: &str) -> Option<Vec<u8>> {
        self.directory.as_ref()?.read(&format!("{key}{ending}"), MAX_ENTRY_SIZE).ok()?
    }
}

/// Why an `erase` did less than it should. Everything else was removed all the same.
#[derive(Debug)]
pub(crate) enum EraseError {
    /// The first entry that couldn't be removed, or the directory that couldn't be read: a token may still be served.
    NotRemoved(PathError),
    /// The tokens are gone, but a fetch or a hit that began before the `erase` may bring one back.
    NoTrace(PathError),
}

impl RememberedFailure {
    /// The failure, if it still counts for a process that starts now.
    pub(crate) fn counting_at(self, now: Timestamp) -> Option<Failure> {
        // A clock that went back must not make a failure last.
        (self.at <= now && now < self.until).then_some(self.failure)
    }

    /// The same where there is no token to serve instead: that a refresh has just failed is no reason not to fetch then.
    pub(crate) fn counting_without_token_at(self, now: Timestamp) -> Option<Failure> {
        let until = self.until.min(self.at.after(self.failure.remembered_for()));
        Self { until, ..self }.counting_at(now)
    }
}
