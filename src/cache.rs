//! Authorization tokens on disk: one small file per [`CacheKey`], so that a hit reads one file whatever else is cached
//! and writers of different keys never meet.
//!
//! Promises: a reader takes no lock; an entry is seen whole or not at all; a damaged, foreign or newer entry is a miss
//! and never a wrong password; everything is owner-only. The cache can only help: opening or writing it may fail, and then
//! there is no cache, not an error. Who may fetch is settled by `cache/lock.rs`; when a token is fresh enough, by `token`; what
//! to do about it, by the policy in `helper`.

mod lock;
mod record;
mod sweep;

use std::path::{Path, PathBuf};

pub use lock::{LockGuard, TryLock};
pub use record::{RememberedFailure, TokenRecord};

use crate::clock::Timestamp;
use crate::error::Failure;
use crate::fs::{PathError, PrivateDir, UnusableDir};
use crate::registry::Api;
use crate::scope::CacheKey;

/// What the names of files in the cache end in, behind the key.
const TOKEN: &str = ".token";
const FAILURE: &str = ".failure";
const LOCK: &str = ".lock";

/// The lock of those who ask the person at the terminal; of no key, and so never swept.
const QUESTION_LOCK: &str = "question.lock";

/// No entry is longer: a token is some 3 KB, its hosts a few hundred bytes.
const LONGEST_ENTRY: usize = 64 << 10;

/// The key in the name of an entry of this kind. Other names are somebody else's: people keep caches where they like.
fn key_of<'a>(name: &'a str, suffix: &str) -> Option<&'a str> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    name.strip_suffix(suffix).filter(|key| key.len() == CacheKey::LENGTH && key.bytes().all(is_digit))
}

/// The directory with the tokens; or none, and then nothing is kept.
#[derive(Debug)]
pub struct Cache {
    /// Where it would be made.
    path: Option<PathBuf>,
    /// Where it is.
    directory: Option<PrivateDir>,
}

impl Cache {
    /// Opens the cache at a path, without making it. The second value says why it can't be used, if that isn't just
    /// because it doesn't exist yet.
    #[must_use]
    pub fn open(path: Option<&Path>) -> (Self, Option<UnusableDir>) {
        let Some(path) = path else { return (Self { path: None, directory: None }, None) };
        match PrivateDir::open(path) {
            Ok(directory) => (Self { path: Some(path.to_owned()), directory: Some(directory) }, None),
            Err(UnusableDir::Missing(_)) => (Self { path: Some(path.to_owned()), directory: None }, None),
            Err(unfit) => (Self { path: None, directory: None }, Some(unfit)),
        }
    }

    /// Makes the directory if it is missing. Asked for before a fetch, so that a hit never writes.
    ///
    /// # Errors
    /// It can't be made; the cache is off from then on.
    pub fn prepare(&mut self) -> Result<(), UnusableDir> {
        if let (Some(path), None) = (&self.path, &self.directory) {
            match PrivateDir::create(path) {
                Ok(directory) => self.directory = Some(directory),
                Err(unfit) => {
                    self.path = None;
                    return Err(unfit);
                }
            }
        }
        Ok(())
    }

    /// The token kept under a key, whatever its lifetime says; `None` when there is none or it can't be trusted.
    #[must_use]
    pub fn token(&self, key: &CacheKey) -> Option<TokenRecord> {
        let key = key.to_string();
        TokenRecord::unseal(&key, &self.entry(&key, TOKEN)?)
    }

    /// The failure remembered under a key, whether or not it still counts.
    #[must_use]
    pub fn failure(&self, key: &CacheKey) -> Option<RememberedFailure> {
        let key = key.to_string();
        RememberedFailure::unseal(&key, &self.entry(&key, FAILURE)?)
    }

    /// Tries to become the one who fetches the token of a key, without waiting.
    #[must_use]
    pub fn try_lock(&self, key: &CacheKey) -> TryLock {
        match &self.directory {
            Some(directory) => lock::attempt(directory, &format!("{key}{LOCK}")),
            None => TryLock::Unavailable(None),
        }
    }

    /// Tries to become the one who asks a person something, without waiting.
    #[must_use]
    pub fn try_lock_question(&self) -> TryLock {
        match &self.directory {
            Some(directory) => lock::attempt(directory, QUESTION_LOCK),
            None => TryLock::Unavailable(None),
        }
    }

    /// Keeps a token, forgets the failure it ends, and sweeps out what is over.
    ///
    /// # Errors
    /// The directory is full, read-only or gone; what was there before is still there.
    pub fn keep(&self, key: &CacheKey, record: &TokenRecord, now: Timestamp) -> Result<(), PathError> {
        let Some(directory) = &self.directory else { return Ok(()) };
        sweep::sweep(directory, now);
        let key = key.to_string();
        directory.replace(&format!("{key}{TOKEN}"), &record.seal(&key))?;
        directory.remove(&format!("{key}{FAILURE}"))
    }

    /// Puts a changed record in the place of the one it came from: the same token, asked for by one more host.
    ///
    /// # Errors
    /// As [`Cache::keep`].
    pub fn amend(&self, key: &CacheKey, record: &TokenRecord) -> Result<(), PathError> {
        let Some(directory) = &self.directory else { return Ok(()) };
        let key = key.to_string();
        directory.replace(&format!("{key}{TOKEN}"), &record.seal(&key))
    }

    /// Remembers a failure, for those who wait for this fetch and, until its time is over, for those who come next.
    ///
    /// # Errors
    /// As [`Cache::keep`].
    pub fn remember(&self, key: &CacheKey, failure: &RememberedFailure) -> Result<(), PathError> {
        let Some(directory) = &self.directory else { return Ok(()) };
        sweep::sweep(directory, failure.at);
        let key = key.to_string();
        directory.replace(&format!("{key}{FAILURE}"), &failure.seal(&key))
    }

    /// Every token that is kept, with its key's name.
    #[must_use]
    pub fn tokens(&self) -> Vec<(String, TokenRecord)> {
        let Some(directory) = &self.directory else { return Vec::new() };
        let names = directory.names().unwrap_or_default();
        let tokens = names.iter().filter_map(|name| {
            let key = key_of(name, TOKEN)?;
            Some((key.to_owned(), TokenRecord::unseal(key, &directory.read(name, LONGEST_ENTRY).ok()??)?))
        });
        tokens.collect()
    }

    /// Removes every token that is good for a place and every failure remembered for it, of every identity. An entry that
    /// can't be read is removed too: it might have been one.
    ///
    /// # Errors
    /// The first entry that couldn't be removed; the others are gone all the same.
    pub fn forget(&self, place: &Api) -> Result<(), PathError> {
        let Some(directory) = &self.directory else { return Ok(()) };
        let mut result = Ok(());
        for name in directory.names()? {
            let contents = || directory.read(&name, LONGEST_ENTRY).ok().flatten();
            let serves = if let Some(key) = key_of(&name, TOKEN) {
                let record = contents().and_then(|contents| TokenRecord::unseal(key, &contents));
                record.is_none_or(|record| record.place == *place)
            } else if let Some(key) = key_of(&name, FAILURE) {
                let failure = contents().and_then(|contents| RememberedFailure::unseal(key, &contents));
                failure.is_none_or(|failure| failure.place == *place)
            } else {
                false
            };
            if serves {
                result = result.and(directory.remove(&name));
            }
        }
        result
    }

    fn entry(&self, key: &str, suffix: &str) -> Option<Vec<u8>> {
        self.directory.as_ref()?.read(&format!("{key}{suffix}"), LONGEST_ENTRY).ok()?
    }
}

impl RememberedFailure {
    /// The failure, if it still counts for somebody who comes at this moment.
    #[must_use]
    pub fn counting_at(self, now: Timestamp) -> Option<Failure> {
        // A clock that went back may not make a failure last.
        (self.at <= now && now < self.until).then_some(self.failure)
    }
}
