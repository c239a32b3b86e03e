//! The directory of the cache: used as it is, made if it is missing, and tightened only if we made it.
//!
//! A directory that we make gets a `CACHEDIR.TAG` (<https://bford.info/cachedir/>), which also keeps the passwords out of
//! backups. It tells ours from a directory that the user chose, whose modes are the user's business: one that others may
//! write isn't used then. Only [`prepare`] changes modes, and only processes that are about to write call it.

use std::path::Path;

use crate::fs::{PrivateDir, UnusableDir};

/// The name of the tag.
pub(super) const TAG: &str = "CACHEDIR.TAG";

/// Its contents. The first line is that of every such tag.
const TAG_TEXT: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
                        # docker-credential-ecr-login made this directory. It holds passwords, and can be removed.\n";

/// Opens the directory for writing.
/// Error: it can't be made, isn't ours, or others may write it and we didn't make it.
pub(super) fn prepare(path: &Path) -> Result<PrivateDir, UnusableDir> {
    let directory = match PrivateDir::open(path) {
        Err(UnusableDir::Missing(_)) => {
            let directory = PrivateDir::create(path)?;
            // Without it the directory isn't tightened later, and that is all.
            let _ = directory.replace(TAG, TAG_TEXT.as_bytes());
            return Ok(directory);
        }
        Err(UnusableDir::WritableByOthers(_)) => PrivateDir::open_as_it_is(path)?,
        opened => opened?,
    };
    if directory.others_may_enter() && is_ours(&directory) {
        // If it can't be tightened, it is as good as it was.
        let _ = directory.tighten();
    }
    PrivateDir::open(path)
}

/// Whether we made the directory at a path.
pub(super) fn is_made_by_us(path: &Path) -> bool {
    PrivateDir::open_as_it_is(path).is_ok_and(|directory| is_ours(&directory))
}

/// Whether we made it.
fn is_ours(directory: &PrivateDir) -> bool {
    directory.read(TAG, TAG_TEXT.len()).is_ok_and(|tag| tag.as_deref() == Some(TAG_TEXT.as_bytes()))
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;

    use super::*;

    fn mode(path: &Path) -> u32 {
        path.symlink_metadata().expect("metadata").permissions().mode() & 0o7777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).expect("chmod");
    }

    fn scratch() -> (tempfile::TempDir, PathBuf) {
        let outer = tempfile::tempdir().expect("a temporary directory");
        let path = outer.path().join("cache/ecr-login");
        (outer, path)
    }

    #[test]
    fn a_directory_that_we_made_is_tightened_by_a_writer_and_by_no_reader() {
        let (_outer, path) = scratch();
        prepare(&path).expect("made");
        assert_eq!(mode(&path), 0o700);
        for (loose, readable) in [(0o777, false), (0o770, false), (0o755, true), (0o701, true)] {
            set_mode(&path, loose);
            assert_eq!(PrivateDir::open(&path).is_ok(), readable, "{loose:o}");
            assert_eq!(mode(&path), loose);
            prepare(&path).expect("usable");
            assert_eq!(mode(&path), 0o700, "from {loose:o}");
        }
    }

    #[test]
    fn a_directory_that_was_there_keeps_its_modes_and_is_used_unless_others_may_write_it() {
        let (_outer, path) = scratch();
        fs::create_dir_all(&path).expect("made");
        for (theirs, usable) in [(0o755, true), (0o750, true), (0o700, true), (0o1700, true), (0o2755, true)]
            .into_iter()
            .chain([0o775, 0o757, 0o777, 0o1777, 0o720].map(|theirs| (theirs, false)))
        {
            set_mode(&path, theirs);
            assert_eq!(prepare(&path).is_ok(), usable, "{theirs:o}");
            assert_eq!(mode(&path), theirs);
            assert!(!path.join(TAG).exists(), "it isn't ours to tag");
        }
        // Nor does a tag of another program make it ours.
        set_mode(&path, 0o700);
        let directory = PrivateDir::open(&path).expect("usable");
        directory.replace(TAG, &TAG_TEXT.as_bytes()[..44]).expect("written");
        set_mode(&path, 0o777);
        assert!(matches!(prepare(&path), Err(UnusableDir::WritableByOthers(_))));
        assert_eq!(mode(&path), 0o777);
    }
}
