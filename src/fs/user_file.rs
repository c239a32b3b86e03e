//! A file of the user's that another program reads, and that we edit: replaced whole or not at all.
//!
//! The new contents go to a temporary file in the same directory, which gets the group and the mode of the old file, is
//! written to the disk, and is renamed. A symbolic link stays; the file that it leads to is replaced. A process that is
//! stopped at any moment leaves the old file or the new one. A file that another program has changed in between stays.

use std::fs::{File, Metadata};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::{PathError, is_missing, os, read_to_limit};

/// The most links that are followed, as by Linux.
const MOST_LINKS: usize = 40;

/// A file as it was when it was read, or a place where there is none.
#[derive(Debug)]
pub(crate) struct UserFile {
    /// The place that the other program names.
    path: PathBuf,
    /// The file itself, behind all links.
    target: PathBuf,
    old: Option<(Vec<u8>, Metadata)>,
    limit: usize,
}

/// Who may read a file that didn't exist before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Its owner.
    Owner,
    /// Everyone.
    Everyone,
}

impl UserFile {
    /// Reads a file of at most `limit` bytes, if there is one.
    /// Error: it can't be read, is longer than that, isn't a regular file, or is owned by another user.
    pub(crate) fn read(path: &Path, limit: usize) -> Result<Self, PathError> {
        let at_path = |error| PathError::new("read", path, error);
        let target = resolve(path).map_err(at_path)?;
        let old = read(&target, limit).map_err(at_path)?;
        if let Some((_, metadata)) = &old
            && !os::is_ours(metadata)
        {
            let reason = "owned by another user; run this command as its owner";
            return Err(PathError::new("change", path, io::Error::new(io::ErrorKind::PermissionDenied, reason)));
        }
        Ok(Self { path: path.to_owned(), target, old, limit })
    }

    /// The place that the other program names.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The contents; `None` if there is no file.
    pub(crate) fn contents(&self) -> Option<&[u8]> {
        self.old.as_ref().map(|(contents, _)| &**contents)
    }

    /// Whether the file may be created, where there is none.
    /// Error: a new directory would belong to root, among the files of another user.
    pub(crate) fn check_creatable(&self) -> Result<(), PathError> {
        let directory = directory_of(&self.target);
        if self.old.is_some() || directory.exists() || !os::would_lock_out_owner(directory) {
            return Ok(());
        }
        let reason = "it would belong to root, in a directory of another user; run this command as that user";
        let error = io::Error::new(io::ErrorKind::PermissionDenied, reason);
        Err(PathError::new("create", directory, error))
    }

    /// Replaces the file, or creates it with its missing directories.
    /// Error: its directory can't be written, or the file has changed since it was read. It is unchanged then.
    pub(crate) fn replace(&self, contents: &[u8], access: Access) -> Result<(), PathError> {
        self.write(&self.target, contents, access, |file| {
            self.check_unchanged()?;
            file.persist(&self.target).map(drop).map_err(|error| error.error)
        })
    }

    /// Copies the file to another place, with its group and mode. Does nothing if there is a file already at that place,
    /// or none to copy.
    /// Error: that directory can't be written.
    pub(crate) fn back_up(&self, to: &Path) -> Result<(), PathError> {
        let Some(contents) = self.contents() else { return Ok(()) };
        let created = self.write(to, contents, Access::Owner, |file| {
            file.persist_noclobber(to).map(drop).map_err(|error| error.error)
        });
        match created {
            Err(error) if error.source.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            created => created,
        }
    }

    /// Removes the file, not a link that leads to it.
    /// Error: its directory can't be written, or the file has changed since it was read.
    pub(crate) fn remove(&self) -> Result<(), PathError> {
        let removed = self.check_unchanged().and_then(|()| std::fs::remove_file(&self.target));
        removed.map_err(|error| PathError::new("remove", &self.path, error))
    }

    /// Writes a temporary file beside `place` with the access of the old file, and passes it on to be given its name.
    fn write(
        &self,
        place: &Path,
        contents: &[u8],
        access: Access,
        rename: impl FnOnce(tempfile::NamedTempFile) -> io::Result<()>,
    ) -> Result<(), PathError> {
        let at_path = |error| PathError::new("write", place, error);
        let directory = directory_of(place);
        if !directory.exists() {
            self.check_creatable()?;
            let created = match access {
                Access::Owner => os::create_directories(directory),
                Access::Everyone => os::create_shared_directories(directory),
            };
            created.map_err(|error| PathError::new("create", directory, error))?;
        }
        let mut prefix = place.file_name().unwrap_or_default().to_owned();
        prefix.push(".tmp-");
        let mut file = tempfile::Builder::new().prefix(&prefix).tempfile_in(directory).map_err(at_path)?;
        let written = file.write_all(contents).and_then(|()| {
            match (&self.old, access) {
                (Some((_, metadata)), _) => os::copy_access(metadata, file.as_file())?,
                (None, Access::Everyone) => os::let_everyone_read(file.as_file())?,
                (None, Access::Owner) => {}
            }
            file.as_file().sync_all()
        });
        written.and_then(|()| rename(file)).map_err(at_path)?;
        os::sync_directory(directory).map_err(at_path)
    }

    fn check_unchanged(&self) -> io::Result<()> {
        let now = read(&self.target, self.limit)?;
        if now.as_ref().map(|(contents, _)| &**contents) == self.contents() {
            return Ok(());
        }
        Err(io::Error::other("another program has just changed it; run this command again"))
    }
}

fn directory_of(path: &Path) -> &Path {
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    directory.unwrap_or_else(|| Path::new("."))
}

/// The file that a path leads to, which needn't exist.
fn resolve(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match std::fs::read_link(&path) {
            // Relative links begin at the directory that the link is in.
            Ok(target) => path = path.parent().map_or_else(|| target.clone(), |directory| directory.join(&target)),
            // Not a link, or nothing there.
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many levels of symbolic links"))
}

fn read(path: &Path, limit: usize) -> io::Result<Option<(Vec<u8>, Metadata)>> {
    let file: File = match os::open_without_waiting(path) {
        Ok(file) => file,
        Err(error) if is_missing(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    Ok(Some((read_to_limit(&file, &metadata, limit)?, metadata)))
}

#[cfg(all(test, unix))]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "the tests look at the files")]

    use std::fs;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).expect("a directory");
        let mut names: Vec<_> =
            entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_replaced_with_its_mode_and_the_link_to_it_stays() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let (real, link, again) =
            (directory.path().join("real"), directory.path().join("link"), directory.path().join("again"));
        for mode in [0o600, 0o640, 0o444] {
            fs::remove_file(&real).ok();
            fs::write(&real, "old").expect("written");
            fs::set_permissions(&real, fs::Permissions::from_mode(mode)).expect("chmod");
            for at in [&link, &again] {
                fs::remove_file(at).ok();
            }
            symlink("real", &link).expect("a link");
            symlink(&link, &again).expect("a link");
            let file = UserFile::read(&again, 100).expect("read");
            assert_eq!(file.contents(), Some(&b"old"[..]));
            let backup = directory.path().join("backup");
            file.back_up(&backup).expect("copied");
            file.replace(b"new", Access::Everyone).expect("written");
            assert_eq!(fs::read_link(&again).expect("a link"), link);
            assert_eq!(fs::read_link(&link).expect("a link"), Path::new("real"));
            for (path, contents) in [(&real, "new"), (&backup, "old")] {
                assert_eq!(fs::read_to_string(path).expect("read"), contents);
                assert_eq!(path.metadata().expect("there").mode() & 0o7777, mode);
            }
            assert_eq!(names(directory.path()), ["again", "backup", "link", "real"]);
            fs::remove_file(&backup).expect("removed");
        }
    }

    #[test]
    fn a_new_file_is_its_owner_s_or_everyone_s_and_a_dangling_link_gets_its_file() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        for (name, access, modes) in
            [("a/b/own", Access::Owner, (0o700, 0o600)), ("c/d/all", Access::Everyone, (0o755, 0o644))]
        {
            let path = directory.path().join(name);
            let file = UserFile::read(&path, 100).expect("nothing is there");
            assert_eq!(file.contents(), None);
            file.back_up(&directory.path().join("backup")).expect("nothing to copy");
            file.replace(b"new", access).expect("written");
            let mode = |path: &Path| path.metadata().expect("there").mode() & 0o7777;
            assert_eq!((mode(path.parent().expect("a directory")), mode(&path)), modes);
            UserFile::read(&path, 100).expect("read").remove().expect("removed");
            assert!(!path.exists());
        }
        let link = directory.path().join("link");
        symlink("missing", &link).expect("a link");
        UserFile::read(&link, 100).expect("nothing is there").replace(b"new", Access::Owner).expect("written");
        assert_eq!(fs::read(directory.path().join("missing")).expect("read"), b"new");
        assert_eq!(names(directory.path()), ["a", "c", "link", "missing"]);
    }

    #[test]
    fn the_first_backup_stays() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let (path, backup) = (directory.path().join("file"), directory.path().join("backup"));
        for contents in ["first", "second"] {
            fs::write(&path, contents).expect("written");
            UserFile::read(&path, 100).expect("read").back_up(&backup).expect("copied or kept");
        }
        assert_eq!(fs::read_to_string(&backup).expect("read"), "first");
        assert_eq!(names(directory.path()), ["backup", "file"]);
    }

    #[test]
    fn a_file_that_another_program_has_changed_stays() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("file");
        for old in [Some("old"), None] {
            match old {
                Some(old) => fs::write(&path, old).expect("written"),
                None => fs::remove_file(&path).expect("removed"),
            }
            let file = UserFile::read(&path, 100).expect("read");
            fs::write(&path, "theirs").expect("written");
            let error = file.replace(b"ours", Access::Owner).expect_err("changed");
            assert_eq!(error.source.to_string(), "another program has just changed it; run this command again");
            file.remove().expect_err("changed");
            assert_eq!(fs::read_to_string(&path).expect("read"), "theirs");
            assert_eq!(names(directory.path()), ["file"]);
        }
    }

    #[test]
    fn what_is_not_a_file_of_ours_is_refused() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let link = directory.path().join("loop");
        symlink("loop", &link).expect("a link");
        fs::write(directory.path().join("long"), "12345").expect("written");
        for (path, reason) in [
            (directory.path(), "not a regular file"),
            (Path::new("/dev/null"), "not a regular file"),
            (&*link, "too many levels of symbolic links"),
            (&*directory.path().join("long"), "longer than 4 bytes"),
        ] {
            assert_eq!(UserFile::read(path, 4).expect_err("refused").source.to_string(), reason, "{}", path.display());
        }
    }
}
