//! Who may fetch the token of a key: the lock contract.
//!
//! What it protects: the call to AWS, not the files. Entries are replaced by renames and read without any lock; the lock
//! (an advisory lock of the whole file `KEY.lock`) keeps a second process from asking for the token that a first one is
//! asking for right now.
//!
//! Order: a process takes the lock of its key before the call and keeps it until the token or the failure is written.
//! Having taken it, it looks at the cache again: the one before it may just have finished. Only the sweep that goes with a
//! write takes other locks besides, one at a time and never waiting for one, to remove what is over.
//!
//! One lock more, `question.lock`, belongs to no key: whoever has to ask the person for a code holds it from before the
//! question until the fetch has ended. So there is one question on a terminal at a time, and the next in turn finds the
//! session that the answer was good for. It is taken after the lock of a key. Without it nobody is asked, unless there
//! are no locks here at all.
//!
//! Not promised: that nobody else fetches. Whoever can't have the lock in time (a holder that hangs, a file system
//! without locks, a read-only directory) fetches without it; two answers are better than none, and either may be kept.
//! A holder that dies loses the lock with its file handle; one that has the time for it removes the file first. The file
//! may be gone between its opening and its locking, so a lock counts only while the locked file still stands at its name.

use std::fs::File;

use fs4::TryLockError;

use crate::fs::{PathError, PrivateDir};

/// What came of trying to take a lock.
#[derive(Debug)]
pub enum TryLock {
    /// It's ours until the guard is dropped.
    Held(LockGuard),
    /// Somebody else has it.
    Busy,
    /// There are no locks to be had here, for this reason if it isn't just that there is no cache.
    Unavailable(Option<PathError>),
}

/// A lock that is held; dropping it gives it back.
#[derive(Debug)]
pub struct LockGuard {
    /// Closing the file gives the lock back, in every way that a process can end.
    file: File,
    directory: PrivateDir,
    name: String,
}

impl LockGuard {
    /// Removes the file, for a holder that ends without having fetched anything. Whoever waits makes a new one.
    pub fn discard(&self) {
        // It may have been taken away from under us, and belong to somebody else by now.
        if self.directory.still_holds(&self.name, &self.file) {
            // What can't be removed is free all the same, and swept away later.
            let _ = self.directory.remove(&self.name);
        }
    }
}

/// Tries once, without waiting.
pub(super) fn attempt(directory: &PrivateDir, name: &str) -> TryLock {
    // Each round lost means that somebody removed the file just then; nobody does so for long.
    for _ in 0..10 {
        let file = match directory.open_lock(name) {
            Ok(file) => file,
            Err(error) => return TryLock::Unavailable(Some(error)),
        };
        // `File::try_lock` of std would win by name; fs4's knows more platforms.
        match fs4::FileExt::try_lock(&file) {
            Ok(()) if directory.still_holds(name, &file) => {
                return TryLock::Held(LockGuard { file, directory: directory.clone(), name: name.to_owned() });
            }
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return TryLock::Busy,
            Err(TryLockError::Error(_)) => return TryLock::Unavailable(None),
        }
    }
    TryLock::Busy
}
