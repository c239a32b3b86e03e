//! Files: bounded reads, owner-only directories, and replacement of a file whole or not at all.
//!
//! Every error carries its path. What differs between systems stands in the one module `os` (`fs/unix.rs`,
//! `fs/windows.rs`): who owns a file, who else may write it, and opening without following a link. This leaf knows
//! nothing of tokens or profiles, and it never waits for a lock.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

#[cfg_attr(unix, path = "fs/unix.rs")]
#[cfg_attr(windows, path = "fs/windows.rs")]
mod os;

/// An I/O error and the path it happened at.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} `{}`", path.display())]
pub struct PathError {
    /// What was tried: `read`, `write`, …
    pub action: &'static str,
    /// Where.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

impl PathError {
    fn new(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self { action, path: path.to_owned(), source }
    }
}

/// Reads a file of the user's, of at most `limit` bytes. Links are followed and pipes read: people keep these files
/// wherever they like. `None` when there is no such file.
///
/// # Errors
/// The file is there and can't be read, or is longer than the limit.
pub fn read_bounded(path: &Path, limit: usize) -> Result<Option<Vec<u8>>, PathError> {
    read_if(path, limit, |_| Ok(()))
}

fn read_if(
    path: &Path,
    limit: usize,
    acceptable: impl FnOnce(&Metadata) -> io::Result<()>,
) -> Result<Option<Vec<u8>>, PathError> {
    let file = match os::open(path) {
        Ok(file) => file,
        Err(error) if missing(&error) => return Ok(None),
        Err(error) => return Err(PathError::new("read", path, error)),
    };
    let read = file.metadata().and_then(|metadata| {
        // Mounting a file that doesn't exist into a container makes a directory of it.
        if metadata.is_dir() {
            return Ok(None);
        }
        acceptable(&metadata)?;
        read_all(&file, &metadata, limit).map(Some)
    });
    read.map_err(|error| PathError::new("read", path, error))
}

/// Reads a file of the user's that nobody else may write: otherwise as [`read_bounded`].
///
/// # Errors
/// As there, or group or others may write it.
pub fn read_unshared(path: &Path, limit: usize) -> Result<Option<Vec<u8>>, PathError> {
    read_if(path, limit, |metadata| {
        // What isn't a file, such as /dev/null, has modes that say something else.
        if metadata.is_file() && os::others_may_write(metadata) {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "group or others may write it; run `chmod go-w`",
            ));
        }
        Ok(())
    })
}

/// Nothing is there: no file, or no directory where one would have to be.
fn missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Reads to the end. A regular file takes one `read`: there is room for one byte more than it has, so that a full buffer
/// means that it grew meanwhile. What has no length (pipes, `/proc`) is read until nothing comes.
fn read_all(mut file: &File, metadata: &Metadata, limit: usize) -> io::Result<Vec<u8>> {
    let too_long = || io::Error::new(io::ErrorKind::FileTooLarge, format!("longer than {limit} bytes"));
    let length = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
    if length > limit {
        return Err(too_long());
    }
    let expected = if metadata.is_file() { length } else { 0 };
    let mut contents = vec![0; expected + 1];
    let mut filled = 0;
    while filled < expected {
        match file.read(&mut contents[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let is_whole = 0 < expected && filled < contents.len();
    contents.truncate(filled);
    if !is_whole {
        // The files of the kernel say that they are empty, and are short.
        contents.reserve(128);
        file.take((limit - filled.min(limit)) as u64 + 1).read_to_end(&mut contents)?;
    }
    if contents.len() > limit { Err(too_long()) } else { Ok(contents) }
}

/// A directory that is ours alone.
#[derive(Clone, Debug)]
pub struct PrivateDir(PathBuf);

/// Why a directory can't be used for anything private.
#[derive(Debug, thiserror::Error)]
pub enum UnusableDir {
    /// It isn't there (and was not to be made).
    #[error("`{}` does not exist", _0.display())]
    Missing(PathBuf),
    /// Something else stands at its path: a file, a link.
    #[error("`{}` is not a directory", _0.display())]
    NotADirectory(PathBuf),
    /// Somebody else owns it, or may write it, and that can't be changed or isn't ours to change.
    #[error("`{}` belongs to somebody else or is writable by others", _0.display())]
    NotOurs(PathBuf),
    /// It can't be looked at or made.
    #[error(transparent)]
    Io(#[from] PathError),
}

impl PrivateDir {
    /// Opens a directory that exists. One of ours with loose modes is tightened first.
    ///
    /// # Errors
    /// It is missing, a link, somebody else's, or stays writable by others.
    pub fn open(path: &Path) -> Result<Self, UnusableDir> {
        let metadata = look_at(path)?;
        // A shared directory such as /tmp is nobody's to tighten, not even its owner's.
        if !os::is_ours(&metadata) || os::is_shared(&metadata) {
            return Err(UnusableDir::NotOurs(path.to_owned()));
        }
        if os::others_may_enter(&metadata) {
            let tightened = os::tighten_directory(path).and_then(|()| path.symlink_metadata());
            if !tightened.is_ok_and(|metadata| !os::others_may_enter(&metadata)) && os::others_may_write(&metadata) {
                return Err(UnusableDir::NotOurs(path.to_owned()));
            }
        }
        Ok(Self(path.to_owned()))
    }

    /// Opens a directory of the user's that another program made, and leaves its modes to that program: what is read is
    /// checked, and what is written is owner-only, entry by entry.
    ///
    /// # Errors
    /// It is missing, a link, or somebody else's.
    pub fn open_as_it_is(path: &Path) -> Result<Self, UnusableDir> {
        let metadata = look_at(path)?;
        if os::is_ours(&metadata) { Ok(Self(path.to_owned())) } else { Err(UnusableDir::NotOurs(path.to_owned())) }
    }

    /// Opens the directory, making it (and its parents) owner-only where it is missing.
    ///
    /// # Errors
    /// As [`PrivateDir::open`], or it can't be made.
    pub fn create(path: &Path) -> Result<Self, UnusableDir> {
        match Self::open(path) {
            Err(UnusableDir::Missing(_)) => {
                os::create_directories(path).map_err(|error| PathError::new("create", path, error))?;
                Self::open(path)
            }
            opened => opened,
        }
    }

    /// The path of an entry.
    #[must_use]
    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Reads an entry of at most `limit` bytes; `None` when it's missing or isn't a regular file of ours that only we
    /// may write. Never follows a link, never waits on a pipe.
    ///
    /// # Errors
    /// The entry is there and can't be read, or is longer than the limit.
    pub fn read(&self, name: &str, limit: usize) -> Result<Option<Vec<u8>>, PathError> {
        let path = self.join(name);
        let file = match os::open_entry(&path) {
            Ok(file) => file,
            Err(error) if missing(&error) || os::is_link_refusal(&error) => return Ok(None),
            Err(error) => return Err(PathError::new("read", &path, error)),
        };
        let at_path = |error| PathError::new("read", &path, error);
        let metadata = file.metadata().map_err(at_path)?;
        if !metadata.is_file() || !os::is_ours(&metadata) || os::others_may_write(&metadata) {
            return Ok(None);
        }
        read_all(&file, &metadata, limit).map(Some).map_err(at_path)
    }

    /// Puts an entry in place, whole or not at all: an owner-only temporary file in this directory, then a rename.
    /// Nothing is synced: what a crash leaves half-written fails its checksum and is a miss.
    ///
    /// # Errors
    /// The directory is full, read-only or gone; the entry is then what it was.
    pub fn replace(&self, name: &str, contents: &[u8]) -> Result<(), PathError> {
        let path = self.join(name);
        let at_path = |error| PathError::new("write", &path, error);
        let mut file =
            tempfile::Builder::new().prefix(TEMPORARY_PREFIX).rand_bytes(6).tempfile_in(&self.0).map_err(at_path)?;
        file.write_all(contents).map_err(at_path)?;
        file.persist(&path).map(drop).map_err(|error| at_path(error.error))
    }

    /// Removes an entry. An entry that is gone already is fine.
    ///
    /// # Errors
    /// The entry is there and stays.
    pub fn remove(&self, name: &str) -> Result<(), PathError> {
        let path = self.join(name);
        match std::fs::remove_file(&path) {
            Err(error) if !missing(&error) => Err(PathError::new("remove", &path, error)),
            _ => Ok(()),
        }
    }

    /// Opens an entry for locking, making it owner-only where it is missing. Never follows a link.
    ///
    /// # Errors
    /// The directory is full, read-only or gone, or the entry isn't a regular file.
    pub fn open_lock(&self, name: &str) -> Result<File, PathError> {
        let path = self.join(name);
        let at_path = |error| PathError::new("lock", &path, error);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = os::without_following(&mut options).open(&path).map_err(at_path)?;
        if !file.metadata().map_err(at_path)?.is_file() {
            return Err(at_path(io::Error::other("not a regular file")));
        }
        Ok(file)
    }

    /// Whether an open file is still the one that stands at an entry: its name may have been removed or replaced since.
    #[must_use]
    pub fn still_holds(&self, name: &str, file: &File) -> bool {
        os::same_file(file, &self.join(name))
    }

    /// The names of the entries, in no order; names that aren't UTF-8 are none of ours.
    ///
    /// # Errors
    /// The directory can't be read.
    pub fn names(&self) -> Result<Vec<String>, PathError> {
        let entries = std::fs::read_dir(&self.0).map_err(|error| PathError::new("list", &self.0, error))?;
        Ok(entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect())
    }

    /// When an entry was last written; `None` when it's gone.
    #[must_use]
    pub fn modified(&self, name: &str) -> Option<std::time::SystemTime> {
        self.join(name).symlink_metadata().ok()?.modified().ok()
    }
}

/// What is known of a directory.
fn look_at(path: &Path) -> Result<Metadata, UnusableDir> {
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => Ok(metadata),
        Ok(_) => Err(UnusableDir::NotADirectory(path.to_owned())),
        Err(error) if missing(&error) => Err(UnusableDir::Missing(path.to_owned())),
        Err(error) => Err(PathError::new("look at", path, error).into()),
    }
}

/// What the names of temporary files begin with; six letters and digits follow.
const TEMPORARY_PREFIX: &str = "tmp-";

/// Whether a name is that of a temporary file of [`PrivateDir::replace`].
#[must_use]
pub fn is_temporary(name: &str) -> bool {
    name.strip_prefix(TEMPORARY_PREFIX)
        .is_some_and(|random| random.len() == 6 && random.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Appends to a file that only its owner may read, made where it is missing; refuses links and pipes.
///
/// # Errors
/// The file can't be opened, or isn't a regular file of ours.
pub fn open_append(path: &Path) -> Result<File, PathError> {
    let at_path = |error| PathError::new("open", path, error);
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    let file = os::without_following(&mut options).open(path).map_err(at_path)?;
    let metadata = file.metadata().map_err(at_path)?;
    if !metadata.is_file() || !os::is_ours(&metadata) {
        return Err(at_path(io::Error::other("not a regular file of yours")));
    }
    Ok(file)
}

#[cfg(all(test, unix))]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests plant files behind the module's back")]

    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

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
    fn a_loose_directory_of_ours_is_tightened() {
        let (outer, _dir) = scratch();
        let path = outer.path().join("cache/ecr-login");
        for loose in [0o777, 0o755, 0o770, 0o701] {
            fs::set_permissions(&path, Permissions::from_mode(loose)).expect("chmod");
            PrivateDir::open(&path).expect("usable");
            assert_eq!(mode(&path), 0o700, "from {loose:o}");
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
    fn a_shared_directory_is_refused_and_left_as_it_is() {
        let (outer, _dir) = scratch();
        let path = outer.path().join("cache/ecr-login");
        fs::set_permissions(&path, Permissions::from_mode(0o1777)).expect("chmod");
        assert!(matches!(PrivateDir::open(&path), Err(UnusableDir::NotOurs(_))));
        assert_eq!(path.symlink_metadata().expect("metadata").permissions().mode() & 0o7777, 0o1777);
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

    #[test]
    fn an_append_file_is_owner_only_and_never_a_link() {
        let (outer, dir) = scratch();
        let path = outer.path().join("log");
        open_append(&path).expect("opened").write_all(b"a").expect("written");
        open_append(&path).expect("opened").write_all(b"b").expect("written");
        assert_eq!(fs::read(&path).expect("read"), b"ab");
        assert_eq!(mode(&path), 0o600);
        symlink(&path, dir.join("log")).expect("symlink");
        assert!(open_append(&dir.join("log")).is_err());
    }
}
