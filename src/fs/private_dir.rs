//! A directory that only its owner may change, and whose entries are replaced whole or not at all.
//!
//! Entries are created owner-only, and read only if they are regular files of the current user that
//! no one else may write. Links are never followed. Nothing is synced to disk: the caller must
//! detect an entry that a crash left half-written.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{PathError, is_missing, os, read_to_limit};

/// The prefix of temporary files; six letters and digits follow.
const TEMPORARY_PREFIX: &str = "tmp-";
const TEMPORARY_RANDOM: usize = 6;

/// A directory that only the current user may change.
#[derive(Clone, Debug)]
pub(crate) struct PrivateDir {
    path: PathBuf,
    /// The current user, who owns what is read in it.
    owner: os::Owner,
}

/// Why a directory can't hold private files.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnusableDir {
    /// It doesn't exist, and was not to be created.
    #[error("`{}` does not exist", _0.display())]
    Missing(PathBuf),
    /// The path is a file or a link.
    #[error("`{}` is not a directory", _0.display())]
    NotADirectory(PathBuf),
    /// Another user owns it.
    #[error("`{}` is owned by another user", _0.display())]
    NotOurs(PathBuf),
    /// Its modes admit others.
    #[error("`{}` is writable by others", _0.display())]
    WritableByOthers(PathBuf),
    /// It would be made by root among the files of another user, who couldn't enter it then.
    #[error("`{}` is not created: it would belong to root, in a directory of another user", _0.display())]
    LocksOut(PathBuf),
    /// It can't be inspected or created.
    #[error(transparent)]
    Io(#[from] PathError),
}

impl PrivateDir {
    /// Opens a directory that exists, and changes nothing.
    /// Error: it is missing, a link, owned by another user, or writable by others.
    pub(crate) fn open(path: &Path) -> Result<Self, UnusableDir> {
        let metadata = inspect(path)?;
        if !os::is_ours(&metadata) {
            return Err(UnusableDir::NotOurs(path.to_owned()));
        }
        if os::others_may_write(&metadata) {
            return Err(UnusableDir::WritableByOthers(path.to_owned()));
        }
        Ok(Self { path: path.to_owned(), owner: os::owner(&metadata) })
    }

    /// Opens a directory that another program created, without changing its modes: each entry is
    /// checked when it is read, and created owner-only.
    /// Error: it is missing, a link, or owned by another user.
    pub(crate) fn open_as_it_is(path: &Path) -> Result<Self, UnusableDir> {
        let metadata = inspect(path)?;
        if os::is_ours(&metadata) {
            Ok(Self { path: path.to_owned(), owner: os::owner(&metadata) })
        } else {
            Err(UnusableDir::NotOurs(path.to_owned()))
        }
    }

    /// Opens the directory. If it is missing, it and its missing parents are created owner-only.
    /// Error: as [`PrivateDir::open`], or it can't be created; or root would create it for another
    /// user: `sudo` may keep the home directory of its user.
    pub(crate) fn create(path: &Path) -> Result<Self, UnusableDir> {
        match Self::open(path) {
            Err(UnusableDir::Missing(_)) if os::would_lock_out_owner(path) => {
                Err(UnusableDir::LocksOut(path.to_owned()))
            }
            Err(UnusableDir::Missing(_)) => {
                os::create_directories(path).map_err(|error| PathError::new("create", path, error))?;
                Self::open(path)
            }
            opened => opened,
        }
    }

    /// Whether group or others have any permission.
    pub(crate) fn others_may_enter(&self) -> bool {
        self.path.symlink_metadata().is_ok_and(|metadata| os::others_may_enter(&metadata))
    }

    /// Takes all permissions from group and others.
    /// Error: the file system has no modes, or is read-only.
    pub(crate) fn tighten(&self) -> Result<(), PathError> {
        os::tighten_directory(&self.path).map_err(|error| PathError::new("tighten", &self.path, error))
    }

    /// The path of an entry.
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Reads an entry of at most `limit` bytes. `None` if it is missing, or isn't a regular file of
    /// the current user that no one else may write. Never follows a link, never waits on a pipe.
    /// Error: the entry exists, and can't be read or is longer than the limit.
    pub(crate) fn read(&self, name: &str, limit: usize) -> Result<Option<Vec<u8>>, PathError> {
        self.read_if(name, limit, |metadata| !os::others_may_write(metadata))
    }

    /// As [`PrivateDir::read`], but others may write the entry: for what isn't trusted, but removed.
    /// Error: as [`PrivateDir::read`].
    pub(crate) fn read_untrusted(&self, name: &str, limit: usize) -> Result<Option<Vec<u8>>, PathError> {
        self.read_if(name, limit, |_| true)
    }

    fn read_if(
        &self,
        name: &str,
        limit: usize,
        accepts: impl FnOnce(&Metadata) -> bool,
    ) -> Result<Option<Vec<u8>>, PathError> {
        let path = self.join(name);
        let at_path = |error| PathError::new("read", &path, error);
        let mut options = OpenOptions::new();
        let options = os::without_following(options.read(true));
        let file = match os::patiently(|| options.open(&path)) {
            Ok(file) => file,
            Err(error) if is_missing(&error) || os::is_link_refusal(&error) => return Ok(None),
            Err(error) => return Err(at_path(error)),
        };
        let metadata = file.metadata().map_err(at_path)?;
        if !metadata.is_file() || os::owner(&metadata) != self.owner || !accepts(&metadata) {
            return Ok(None);
        }
        read_to_limit(&file, &metadata, limit).map(Some).map_err(at_path)
    }

    /// Creates or replaces an entry, whole or not at all: writes an owner-only temporary file in
    /// this directory, then renames it.
    /// Error: the directory is full, read-only or gone. The entry is then unchanged.
    pub(crate) fn replace(&self, name: &str, contents: &[u8]) -> Result<(), PathError> {
        let path = self.join(name);
        let at_path = |error| PathError::new("write", &path, error);
        let mut builder = tempfile::Builder::new();
        let mut file =
            builder.prefix(TEMPORARY_PREFIX).rand_bytes(TEMPORARY_RANDOM).tempfile_in(&self.path).map_err(at_path)?;
        file.write_all(contents).map_err(at_path)?;
        let mut temporary = file.into_temp_path();
        os::patiently(|| std::fs::rename(&temporary, &path)).map_err(at_path)?;
        // It has its own name now.
        temporary.disable_cleanup(true);
        Ok(())
    }

    /// Removes an entry, if it exists.
    /// Error: the entry exists and can't be removed.
    pub(crate) fn remove(&self, name: &str) -> Result<(), PathError> {
        let path = self.join(name);
        match os::patiently(|| std::fs::remove_file(&path)) {
            Err(error) if !is_missing(&error) => Err(PathError::new("remove", &path, error)),
            _ => Ok(()),
        }
    }

    /// Opens an entry for locking, and creates it owner-only if it is missing. Never follows a
    /// link.
    /// Error: the directory is full, read-only or gone, or the entry isn't a regular file.
    pub(crate) fn open_lock(&self, name: &str) -> Result<File, PathError> {
        let path = self.join(name);
        let at_path = |error| PathError::new("lock", &path, error);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let options = os::without_following(&mut options);
        let file = os::patiently(|| options.open(&path)).map_err(at_path)?;
        if !file.metadata().map_err(at_path)?.is_file() {
            return Err(at_path(io::Error::other("not a regular file")));
        }
        Ok(file)
    }

    /// Whether an open file is still the one with this name: it may have been removed or replaced
    /// since.
    pub(crate) fn still_holds(&self, name: &str, file: &File) -> bool {
        os::same_file(file, &self.join(name))
    }

    /// The names of the entries, in no particular order, without those that aren't UTF-8: none of
    /// ours are like that.
    /// Error: the directory can't be read.
    pub(crate) fn names(&self) -> Result<Vec<String>, PathError> {
        let entries = std::fs::read_dir(&self.path).map_err(|error| PathError::new("list", &self.path, error))?;
        Ok(entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect())
    }

    /// The length of an entry; `None` if it is gone.
    pub(crate) fn length(&self, name: &str) -> Option<u64> {
        self.join(name).symlink_metadata().ok().map(|metadata| metadata.len())
    }

    /// When an entry was last written; `None` if it is gone.
    pub(crate) fn modified(&self, name: &str) -> Option<std::time::SystemTime> {
        self.join(name).symlink_metadata().ok()?.modified().ok()
    }
}

/// Whether a name is that of a temporary file of [`PrivateDir::replace`].
pub(crate) fn is_temporary(name: &str) -> bool {
    name.strip_prefix(TEMPORARY_PREFIX).is_some_and(|random| {
        random.len() == TEMPORARY_RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// The metadata of a directory, which must not be a link.
fn inspect(path: &Path) -> Result<Metadata, UnusableDir> {
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => Ok(metadata),
        Ok(_) => Err(UnusableDir::NotADirectory(path.to_owned())),
        Err(error) if is_missing(&error) => Err(UnusableDir::Missing(path.to_owned())),
        Err(error) => Err(PathError::new("inspect", path, error).into()),
    }
}

#[cfg(all(test, unix))]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "the tests create the files that the module must refuse")]

    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;
    use crate::fs::read_bounded;

    fn mode(path: &Path) -> u32 {
        path.symlink_metadata().expect("metadata").permissions().mode() & 0o777
    }

    fn scratch() -> (tempfile::TempDir, PrivateDir) {
        let outer = tempfile::tempdir().expect("a temporary directory");
        let dir = PrivateDir::create(&outer.path().join("cache/ecr-login")).expect("a private directory");
        (outer, dir)
    }

    #[test]
    fn a_missing_directory_is_made_owner_only_with_its_parents() {
        let (outer, _dir) = scratch();
        assert_eq!(mode(&outer.path().join("cache")), 0o700);
        assert_eq!(mode(&outer.path().join("cache/ecr-login")), 0o700);
    }

    #[test]
    fn opening_a_directory_changes_no_modes_and_refuses_one_that_others_may_write() {
        let (outer, _dir) = scratch();
        let path = outer.path().join("cache/ecr-login");
        for (modes, usable) in [(0o777, false), (0o755, true), (0o770, false), (0o701, true), (0o1777, false)] {
            fs::set_permissions(&path, Permissions::from_mode(modes)).expect("chmod");
            for opened in [PrivateDir::open(&path), PrivateDir::create(&path)] {
                let refused = matches!(opened, Err(UnusableDir::WritableByOthers(_)));
                assert_eq!((opened.is_ok(), refused), (usable, !usable), "{modes:o}");
            }
            assert_eq!(path.symlink_metadata().expect("metadata").permissions().mode() & 0o7777, modes);
        }
    }

    #[test]
    fn a_directory_of_another_program_keeps_its_modes_and_may_be_no_link() {
        let (outer, _dir) = scratch();
        let path = outer.path().join("cache/ecr-login");
        assert!(matches!(PrivateDir::open_as_it_is(&path.join("none")), Err(UnusableDir::Missing(_))));
        let link = outer.path().join("link");
        symlink(&path, &link).expect("symlink");
        assert!(matches!(PrivateDir::open_as_it_is(&link), Err(UnusableDir::NotADirectory(_))));
        fs::set_permissions(&path, Permissions::from_mode(0o775)).expect("chmod");
        let dir = PrivateDir::open_as_it_is(&path).expect("usable");
        assert_eq!(mode(&path), 0o775);
        dir.replace("entry", b"contents").expect("written");
        assert_eq!(mode(&dir.join("entry")), 0o600);
        assert_eq!(dir.read("entry", 8).expect("readable").as_deref(), Some(&b"contents"[..]));
    }

    #[test]
    fn a_link_or_a_file_in_place_of_the_directory_is_refused() {
        let (outer, _dir) = scratch();
        let (link, file) = (outer.path().join("link"), outer.path().join("file"));
        symlink(outer.path().join("cache/ecr-login"), &link).expect("symlink");
        fs::write(&file, "x").expect("write");
        assert!(matches!(PrivateDir::create(&link), Err(UnusableDir::NotADirectory(_))));
        assert!(matches!(PrivateDir::create(&file), Err(UnusableDir::NotADirectory(_))));
        assert!(matches!(PrivateDir::create(&file.join("under")), Err(UnusableDir::Io(_))));
    }

    #[test]
    fn an_entry_is_replaced_whole_and_owner_only_and_leaves_no_temporary_file() {
        let (_outer, dir) = scratch();
        dir.replace("entry", b"one").expect("written");
        dir.replace("entry", b"two").expect("written");
        assert_eq!(dir.read("entry", 3).expect("readable").as_deref(), Some(&b"two"[..]));
        assert_eq!(mode(&dir.join("entry")), 0o600);
        assert_eq!(dir.names().expect("listed"), ["entry"]);
    }

    #[test]
    fn links_pipes_and_entries_that_others_may_write_are_not_read() {
        let (outer, dir) = scratch();
        let secret = outer.path().join("outside");
        fs::write(&secret, "outside").expect("write");
        symlink(&secret, dir.join("link")).expect("symlink");
        assert_eq!(dir.read("link", 100).expect("a miss"), None);

        let made = std::process::Command::new("mkfifo").arg(dir.join("pipe")).status().expect("mkfifo");
        assert!(made.success());
        assert_eq!(dir.read("pipe", 100).expect("a miss"), None);

        fs::create_dir(dir.join("directory")).expect("mkdir");
        assert_eq!(dir.read("directory", 100).expect("a miss"), None);

        dir.replace("entry", b"contents").expect("written");
        for (loose, readable) in [(0o620, false), (0o602, false), (0o644, true), (0o600, true)] {
            fs::set_permissions(dir.join("entry"), Permissions::from_mode(loose)).expect("chmod");
            assert_eq!(dir.read("entry", 100).expect("no error").is_some(), readable, "{loose:o}");
        }
        assert_eq!(dir.read("missing", 100).expect("a miss"), None);
    }

    #[test]
    fn a_read_is_bounded_and_its_error_names_the_path() {
        let (_outer, dir) = scratch();
        dir.replace("entry", &[b'x'; 101]).expect("written");
        let error = dir.read("entry", 100).expect_err("too long");
        assert_eq!(error.to_string(), format!("cannot read `{}`", dir.join("entry").display()));
        assert_eq!(error.source.to_string(), "longer than 100 bytes");
        assert_eq!(read_bounded(&dir.join("entry"), 101).expect("readable").map(|read| read.len()), Some(101));
        assert_eq!(read_bounded(&dir.join("missing"), 1).expect("a miss"), None);
        assert_eq!(read_bounded(&dir.join("entry/below"), 1).expect("a miss"), None);
    }

    #[test]
    fn a_lock_file_that_was_removed_or_replaced_is_no_longer_held() {
        let (_outer, dir) = scratch();
        let file = dir.open_lock("lock").expect("opened");
        assert!(dir.still_holds("lock", &file));
        dir.remove("lock").expect("removed");
        assert!(!dir.still_holds("lock", &file));
        let newer = dir.open_lock("lock").expect("opened");
        assert!(!dir.still_holds("lock", &file));
        assert!(dir.still_holds("lock", &newer));
        assert_eq!(mode(&dir.join("lock")), 0o600);
    }

    #[test]
    fn removing_what_is_gone_is_fine() {
        let (_outer, dir) = scratch();
        dir.remove("missing").expect("fine");
    }
}
