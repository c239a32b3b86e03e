//! Files: bounded reads and owner-only directories.
//!
//! Every error carries its path. [`PrivateDir`] is a directory that only its owner may change; the
//! functions here are for single files that the user chose. The systems differ in owners, modes and
//! open flags: `fs/unix.rs`, `fs/windows.rs`. This module knows nothing of tokens or profiles, and
//! never waits for a lock.

mod links;
#[cfg_attr(unix, path = "fs/unix.rs")]
#[cfg_attr(windows, path = "fs/windows.rs")]
mod os;
mod private_dir;
mod user_file;
mod volume;

/// What unit tests get for [`PrivateDir`].
#[cfg(test)]
pub(crate) mod in_memory;

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

#[cfg(test)]
pub(crate) use in_memory::PrivateDir;
pub(crate) use links::{link, remove_link};
pub(crate) use os::user_id;
#[cfg(not(test))]
pub(crate) use private_dir::PrivateDir;
pub(crate) use private_dir::{UnusableDir, is_temporary};
pub(crate) use user_file::{Access, UserFile};
pub(crate) use volume::{Volume, volume};

/// The time limit for reading a pipe that is used as a file, such as `<(sops -d …)`.
const PIPE_LIMIT: Duration = Duration::from_secs(5);

/// Why a file isn't read that only its user may write.
pub(crate) const WRITABLE_BY_OTHERS: &str = "writable by group or others; run `chmod go-w`";
pub(crate) const OWNED_BY_ANOTHER: &str = "owned by another user; run `chown`";

/// An I/O error and the path that it belongs to.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} `{}`", path.display())]
pub struct PathError {
    /// What failed: `read`, `write`, …
    pub action: &'static str,
    /// The file or directory.
    pub path: PathBuf,
    /// The error of the system.
    pub source: io::Error,
    is_unreachable: bool,
}

impl PathError {
    pub(crate) fn new(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self { action, path: path.to_owned(), source, is_unreachable: false }
    }

    /// A file that couldn't be opened. A link to itself is there.
    fn opening(path: &Path, source: io::Error) -> Self {
        let is_loop = os::is_link_refusal(&source) && path.symlink_metadata().is_ok();
        Self { is_unreachable: !is_loop && path.metadata().is_err(), ..Self::new("read", path, source) }
    }

    /// Whether the user can't see if there is a file: a directory on the path can't be searched, or leads nowhere. At a
    /// place that nobody named, that is as good as a missing file.
    pub(crate) fn is_unreachable(&self) -> bool {
        self.is_unreachable
    }

    /// Whether the system has no descriptor or memory left for this process, so that the file isn't to blame.
    pub(crate) fn is_shortage(&self) -> bool {
        os::is_shortage(&self.source)
    }
}

/// Whether this user may make files in a directory, as far as the system tells.
pub(crate) fn may_write(directory: &Path) -> bool {
    os::may_write(directory)
}

/// The names of the files in a directory, sorted; none if it can't be read.
pub(crate) fn names_in(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort_unstable();
    names
}

/// Reads a file of the user's, of at most `limit` bytes. Links are followed and pipes read, because
/// people keep these files in many places. `None` if there is no such file, or a directory:
/// mounting a file that doesn't exist into a container creates one with its name.
/// Error: the file exists, and can't be read or is longer than the limit; it is
/// [unreachable](PathError::is_unreachable); or it is a pipe or a device, and its contents don't end
/// within [`PIPE_LIMIT`].
pub(crate) fn read_bounded(path: &Path, limit: usize) -> Result<Option<Vec<u8>>, PathError> {
    read_if(path, limit, |metadata| Ok(!metadata.is_dir()))
}

/// Reads a file of the user's that only the user or root may write: otherwise as [`read_bounded`].
/// Error: as [`read_bounded`], or it is a directory, or others may write or own it.
pub(crate) fn read_unshared(path: &Path, limit: usize) -> Result<Option<Vec<u8>>, PathError> {
    read_if(path, limit, |metadata| {
        if metadata.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "a directory, not a file"));
        }
        // Devices such as /dev/null are writable by everyone.
        if metadata.is_file() && os::others_may_write(metadata) {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, WRITABLE_BY_OTHERS));
        }
        if metadata.is_file() && !os::is_ours_or_root_s(metadata) {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, OWNED_BY_ANOTHER));
        }
        Ok(true)
    })
}

/// Opens a log for appending: a file that is created readable by its owner only, or a device such as
/// `/dev/null`. Refuses links and pipes. A file of at least `limit` bytes is renamed to `PATH.old` first.
/// Error: it can't be opened, or isn't a file of the current user or such a device; or root would
/// create it among the files of another user, who couldn't write it then.
pub(crate) fn open_log(path: &Path, limit: u64) -> Result<File, PathError> {
    let (file, metadata) = open_append(path)?;
    if metadata.is_file() && metadata.len() >= limit { next_log(file, path) } else { Ok(file) }
}

/// The file to write to instead of a log that has grown too long.
fn next_log(file: File, path: &Path) -> Result<File, PathError> {
    // One process renames it. The others write what they have to say to the file that it was then.
    if matches!(file.try_lock(), Err(TryLockError::WouldBlock)) {
        return Ok(file);
    }
    if os::same_file(&file, path) {
        let mut old = path.as_os_str().to_owned();
        old.push(".old");
        std::fs::rename(path, PathBuf::from(old)).map_err(|error| PathError::new("rename", path, error))?;
    }
    // A process that came later may have renamed it already.
    open_append(path).map(|(file, _)| file)
}

fn open_append(path: &Path) -> Result<(File, Metadata), PathError> {
    let at_path = |error| PathError::new("open", path, error);
    let mut options = OpenOptions::new();
    options.append(true).create(!os::would_lock_out_owner(path));
    let file = os::without_following(&mut options).open(path).map_err(at_path)?;
    let metadata = file.metadata().map_err(at_path)?;
    if !(metadata.is_file() && os::is_ours(&metadata) || os::is_character_device(&metadata)) {
        return Err(at_path(io::Error::other("not a regular file owned by you")));
    }
    Ok((file, metadata))
}

fn read_if(
    path: &Path,
    limit: usize,
    is_wanted: impl FnOnce(&Metadata) -> io::Result<bool>,
) -> Result<Option<Vec<u8>>, PathError> {
    let file = match os::open_without_waiting(path) {
        Ok(file) => file,
        Err(error) if is_missing(&error) => return Ok(None),
        Err(error) => return Err(PathError::opening(path, error)),
    };
    let contents = file.metadata().and_then(|metadata| {
        if !is_wanted(&metadata)? {
            return Ok(None);
        }
        if metadata.is_file() {
            read_to_limit(&file, &metadata, limit).map(Some)
        } else {
            os::read_pipe(&file, path, limit, PIPE_LIMIT).map(Some)
        }
    });
    contents.map_err(|error| PathError::new("read", path, error))
}

/// The file doesn't exist, or a directory on its path doesn't.
fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn read_to_limit(file: &File, metadata: &Metadata, limit: usize) -> io::Result<Vec<u8>> {
    // Files with secrets are read into one allocation, which leaves no copies behind in freed
    // memory.
    let length = metadata.len();
    let mut contents = Vec::with_capacity(usize::try_from(length).unwrap_or(usize::MAX).min(limit));
    // A file that says how long it is isn't asked whether there is more. Those of the system say 0.
    let most = if metadata.is_file() && length > 0 { length } else { u64::MAX };
    file.take(most.min(limit as u64 + 1)).read_to_end(&mut contents)?;
    if contents.len() > limit {
        return Err(too_long(limit));
    }
    Ok(contents)
}

fn too_long(limit: usize) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, format!("longer than {limit} bytes"))
}

#[cfg(all(test, unix))]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "the tests create the files that the module must refuse")]

    use std::fs;
    use std::io::Write as _;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_log_is_owner_only_and_never_a_link() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let (path, link) = (dir.path().join("log"), dir.path().join("link"));
        open_log(&path, 9).expect("opened").write_all(b"a").expect("written");
        open_log(&path, 9).expect("opened").write_all(b"b").expect("written");
        assert_eq!(fs::read(&path).expect("read"), b"ab");
        assert_eq!(path.metadata().expect("metadata").permissions().mode() & 0o777, 0o600);
        symlink(&path, &link).expect("symlink");
        assert!(open_log(&link, 9).is_err());
        open_log(Path::new("/dev/null"), 9).expect("a device");
    }

    #[test]
    fn a_log_that_is_renamed_by_several_at_once_loses_nothing() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("log");
        fs::write(&path, vec![b'x'; 100]).expect("written");
        // Another process is about to rename the file.
        let (other, _) = open_append(&path).expect("opened");
        other.try_lock().expect("not locked");
        open_log(&path, 100).expect("opened").write_all(b"one").expect("written");
        assert_eq!(fs::read(&path).expect("read").len(), 103);
        // A program that another test is just starting may have the file open, too.
        other.unlock().expect("ours");
        // Both have seen that it is long; the second one comes when it has been renamed.
        let (late, _) = open_append(&path).expect("opened");
        open_log(&path, 100).expect("opened").write_all(b"two").expect("written");
        next_log(late, &path).expect("opened").write_all(b" three").expect("written");
        assert_eq!(fs::read(&path).expect("read"), b"two three");
        assert_eq!(fs::read(dir.path().join("log.old")).expect("read").len(), 103);
    }

    /// A pipe with a name.
    fn pipe(dir: &tempfile::TempDir) -> PathBuf {
        let path = dir.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().expect("mkfifo").success());
        path
    }

    #[test]
    fn a_pipe_is_read_to_its_end_however_late_its_writer_comes() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = pipe(&dir);
        for parts in [&[][..], &["one"], &["one ", "two"]] {
            let writer = std::thread::spawn({
                let path = path.clone();
                move || {
                    std::thread::sleep(Duration::from_millis(50));
                    let mut writer = OpenOptions::new().write(true).open(path).expect("there is a reader");
                    for part in parts {
                        writer.write_all(part.as_bytes()).expect("written");
                        std::thread::sleep(Duration::from_millis(20));
                    }
                }
            });
            let read = read_bounded(&path, 7).expect("readable").expect("there");
            assert_eq!(read, parts.concat().as_bytes());
            writer.join().expect("it ended");
        }
    }

    #[test]
    fn a_pipe_without_a_writer_or_an_end_and_an_endless_device_keep_nobody_waiting() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = pipe(&dir);
        let limit = Duration::from_millis(200);
        let timed_out = |what: &str| {
            let started = std::time::Instant::now();
            let file = os::open_without_waiting(&path).expect("opened");
            let error = os::read_pipe(&file, &path, 10, limit).expect_err(what);
            assert_eq!(error.to_string(), "its contents did not end within 0 s", "{what}");
            assert!(started.elapsed() >= limit && started.elapsed() < 10 * limit, "{what}: {:?}", started.elapsed());
        };
        timed_out("without a writer");
        let both = OpenOptions::new().read(true).write(true).open(&path).expect("opened");
        timed_out("with a writer that says nothing");
        (&both).write_all(b"a").expect("written");
        timed_out("with a writer that doesn't end");
        (&both).write_all(&[b'x'; 11]).expect("written");
        assert_eq!(read_bounded(&path, 10).expect_err("too much").source.to_string(), "longer than 10 bytes");
        assert_eq!(
            read_bounded(Path::new("/dev/zero"), 10).expect_err("endless").source.to_string(),
            "longer than 10 bytes"
        );
        assert_eq!(read_bounded(Path::new("/dev/null"), 10).expect("empty").as_deref(), Some(&b""[..]));
    }
}
