//! How the directory of the cache is, for `doctor`: as [`Cache::open`](super::Cache::open) and
//! [`Cache::prepare`](super::Cache::prepare) will find it.
//!
//! It writes and locks a temporary file and removes it again; nothing else changes, and no directory is made.

use std::path::{Path, PathBuf};

use super::directory;
use super::lock::{Sharing, TryLock, try_lock};
use super::seal::Sealing;
use crate::fs::{PathError, PrivateDir, UnusableDir, Volume, may_write, volume};
use crate::options::CacheEncryption;
use crate::os_key::NoKey;

/// A name that the sweep takes for a temporary file, if it is left behind.
const PROBE: &str = "tmp-doctor";

/// The directory, and the file system that it lies on.
#[derive(Debug)]
pub(crate) struct Inspection {
    pub(crate) directory: Directory,
    /// `None` if the system doesn't tell.
    pub(crate) volume: Option<Volume>,
    /// Whether tokens are encrypted, or why they can't be.
    pub(crate) encryption: Result<CacheEncryption, NoKey>,
}

/// How the directory is.
#[derive(Debug)]
pub(crate) enum Directory {
    /// It doesn't exist, and the next fetch makes it.
    Missing,
    /// It doesn't exist and can't be made in this directory.
    CannotBeMade(PathBuf),
    /// Nothing is cached in it.
    Unusable(UnusableDir),
    /// We made it, and the next fetch takes its permissions from others.
    Loose,
    /// Nothing can be written to it.
    NotWritable(PathError),
    /// It has no locks, so that several processes may fetch the same token.
    WithoutLocks,
    Usable,
}

/// Looks at the directory, and makes the key if tokens are to be encrypted, as the next fetch would.
pub(crate) fn inspect(path: &Path, encryption: CacheEncryption) -> Inspection {
    let key = Sealing::of(encryption).prepare();
    Inspection { directory: look(path), volume: volume(path), encryption: key.map(|()| encryption) }
}

fn look(path: &Path) -> Directory {
    let directory = match PrivateDir::open(path) {
        Ok(directory) => directory,
        Err(UnusableDir::Missing(_)) => {
            let above = path.ancestors().skip(1).find(|above| above.exists()).unwrap_or(path);
            let can_be_made = above.is_dir() && may_write(above);
            return if can_be_made { Directory::Missing } else { Directory::CannotBeMade(above.to_owned()) };
        }
        Err(UnusableDir::WritableByOthers(_)) if directory::is_made_by_us(path) => return Directory::Loose,
        Err(unusable) => return Directory::Unusable(unusable),
    };
    let result = match directory.replace(PROBE, b"") {
        Err(error) => Directory::NotWritable(error),
        Ok(()) => match try_lock(&directory, PROBE, Sharing::Exclusive) {
            TryLock::Unavailable(_) => Directory::WithoutLocks,
            // Busy: another `doctor` is at the same point.
            TryLock::Held(_) | TryLock::Busy => Directory::Usable,
        },
    };
    // If it stays, it is swept.
    let _ = directory.remove(PROBE);
    result
}

#[cfg(all(test, unix))]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "the test puts a file where the directory should be")]

    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_directory_is_as_a_fetch_will_find_it() {
        let outer = tempfile::tempdir().expect("a temporary directory");
        let path = outer.path().join("cache/ecr-login");
        assert!(matches!(look(&path), Directory::Missing));
        assert!(!outer.path().join("cache").exists(), "nothing is made");
        directory::prepare(&path).expect("made");
        assert!(matches!(look(&path), Directory::Usable));
        assert_eq!(fs::read_dir(&path).expect("a directory").count(), 1, "only the tag");
        let set_mode = |mode| fs::set_permissions(&path, Permissions::from_mode(mode)).expect("chmod");
        set_mode(0o777);
        assert!(matches!(look(&path), Directory::Loose));
        fs::remove_file(path.join("CACHEDIR.TAG")).expect("removed");
        assert!(matches!(look(&path), Directory::Unusable(UnusableDir::WritableByOthers(_))));
        fs::remove_dir(&path).expect("removed");
        fs::write(&path, "").expect("a file");
        assert!(matches!(look(&path), Directory::Unusable(UnusableDir::NotADirectory(_))));
        let below = path.join("below/it");
        assert!(matches!(look(&below), Directory::CannotBeMade(above) if above == path));
        assert!(inspect(&below, CacheEncryption::Off).volume.is_some_and(|volume| volume.free.is_some()));
    }
}
