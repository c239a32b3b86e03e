//! Which process may fetch the token of a key: the lock contract.
//!
//! What it protects: the call to AWS, not the files. Entries are replaced by renames and read without any lock; the lock
//! (an advisory lock of the whole file `KEY.lock`) keeps a second process from asking for the token that a first one is
//! asking for right now.
//!
//! Order: a process takes the lock of its key before the call and keeps it until the token or the failure is written. With
//! the lock, it looks at the cache again: the previous holder may just have finished. Only the sweep during a write takes
//! other locks besides, one at a time and without waiting, to remove expired entries.
//!
//! One more lock, `prompt.lock`, belongs to no key: a process that must ask a person for an MFA code holds it from before
//! the prompt until the fetch has ended. So there is one prompt on a terminal at a time, and the next process finds the
//! session that the code was good for. It is taken after the lock of a key. Without it no process asks, unless there are
//! no locks here at all.
//!
//! Another one, `erase-lock`, belongs to no key either. It protects files, for the time of one rename: `erasure` has the
//! reason. Processes that write a token share it, and one that erases has it alone. Each waits for it, but not for long.
//!
//! Not promised: that no other process fetches. A process that can't have the lock in time (a holder that hangs, a file
//! system without locks, a read-only directory) fetches without it; two answers are better than none, and either may be
//! stored. A holder that dies loses the lock with its file handle; one that is ended by a signal removes the file first.
//! The file may be removed between its opening and its locking, so a lock counts only while the locked file still stands
//! at its name.

use std::fs::File;
use std::time::Duration;

use fs4::TryLockError;

use crate::clock::{Clock, Deadline};
use crate::fs::{PathError, PrivateDir};

/// How often a process that waits looks again.
const POLL: Duration = Duration::from_millis(1);

/// The outcome of trying to take a lock.
#[derive(Debug)]
pub(crate) enum TryLock {
    /// It's ours until the guard is dropped.
    Held(LockGuard),
    /// Another process holds it.
    Busy,
    /// There are no locks here, for this reason unless there is just no cache.
    Unavailable(Option<PathError>),
}

/// A lock that is held; dropping it releases it.
#[derive(Debug)]
pub(crate) struct LockGuard {
    /// Closing the file releases the lock, however the process ends.
    file: File,
    directory: PrivateDir,
    name: String,
}

impl LockGuard {
    /// Removes the file, for a holder that ends without having fetched anything, or one that has swept all else of the
    /// key. A waiting process makes a new one.
    pub(crate) fn discard(&self) {
        // The file may have been removed meanwhile, and another process may have made a new one.
        if self.directory.still_holds(&self.name, &self.file) {
            // A file that can't be removed is unlocked all the same, and is swept later.
            let _ = self.directory.remove(&self.name);
        }
    }
}

impl Drop for LockGuard {
    /// Closing the file isn't enough while another thread starts a program: until that runs, it has all files of this
    /// process open, and the lock is that of the open file.
    fn drop(&mut self) {
        // Where this fails, closing the file does it, a moment later at most.
        let _ = fs4::FileExt::unlock(&self.file);
    }
}

/// Whether others may have the lock at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sharing {
    /// Those that share it, too.
    Shared,
    /// They may not.
    Exclusive,
}

/// Takes a lock, or goes on without it after this time, or at once if there are no locks here.
pub(super) fn lock_within(
    limit: Duration,
    directory: &PrivateDir,
    name: &str,
    sharing: Sharing,
    clock: &dyn Clock,
) -> Option<LockGuard> {
    let deadline = Deadline::within(clock, limit);
    loop {
        match try_lock(directory, name, sharing) {
            TryLock::Held(guard) => return Some(guard),
            TryLock::Busy if !deadline.left(clock).is_zero() => clock.sleep(POLL),
            TryLock::Busy | TryLock::Unavailable(_) => return None,
        }
    }
}

/// Tries once, without waiting.
pub(super) fn try_lock(directory: &PrivateDir, name: &str, sharing: Sharing) -> TryLock {
    // Each lost round means that another process has just removed the file, which doesn't go on for long.
    for _ in 0..10 {
        let file = match directory.open_lock(name) {
            Ok(file) => file,
            Err(error) => return TryLock::Unavailable(Some(error)),
        };
        // The methods of std would win by name; fs4's know more platforms.
        let locked = match sharing {
            Sharing::Shared => fs4::FileExt::try_lock_shared(&file),
            Sharing::Exclusive => fs4::FileExt::try_lock(&file),
        };
        match locked {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_lock_is_free_although_a_program_that_is_being_started_has_the_file_open() {
        let outer = tempfile::tempdir().expect("a temporary directory");
        let directory = PrivateDir::create(&outer.path().join("cache")).expect("a directory");
        let try_lock = || try_lock(&directory, "lock", Sharing::Exclusive);
        let TryLock::Held(guard) = try_lock() else { panic!("nobody has it") };
        let copy_of_a_program = guard.file.try_clone().expect("a descriptor");
        assert!(matches!(try_lock(), TryLock::Busy));
        drop(guard);
        assert!(matches!(try_lock(), TryLock::Held(_)));
        drop(copy_of_a_program);
    }
}
