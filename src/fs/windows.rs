//! Owners, modes and open flags, as far as Windows has them.
//!
//! The cache is in the user's profile. Its access list admits that user, the system and administrators, and new files
//! inherit it. A directory that is created elsewhere, for `AWS_ECR_CACHE_DIR`, gets the same access list from `icacls`,
//! which is part of Windows; one that was there before is as private as the user who chose it has made it. Access lists
//! aren't read: that takes `unsafe`, and no well-kept crate does it.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use same_file::Handle;

use super::read_to_limit;

/// Only trying tells.
pub(super) fn may_write(_directory: &Path) -> bool {
    true
}

/// Opens a link itself instead of its target (`FILE_FLAG_OPEN_REPARSE_POINT`):
/// <https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-createfilew>.
const OPEN_REPARSE_POINT: u32 = 0x0020_0000;

/// Every file has the same one.
pub(super) type Owner = bool;

pub(super) fn owner(_metadata: &Metadata) -> Owner {
    true
}

pub(super) fn is_ours(_metadata: &Metadata) -> bool {
    true
}

pub(crate) fn user_id() -> Option<u32> {
    None
}

/// A new file inherits the access list of its directory, as the old one did.
#[expect(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
pub(super) fn copy_access(_from: &Metadata, _to: &File) -> io::Result<()> {
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
pub(super) fn let_everyone_read(_file: &File) -> io::Result<()> {
    Ok(())
}

pub(super) fn create_shared_directories(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

/// Makes a symbolic link, which needs a privilege or developer mode.
pub(super) fn link(to: &Path, place: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_file(to, place)
}

/// Directories can't be opened to be synced; NTFS keeps a journal of renames.
#[expect(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
pub(super) fn sync_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}

pub(super) fn is_ours_or_root_s(_metadata: &Metadata) -> bool {
    true
}

/// How long an operation is repeated at most: twice the last pause.
const LAST_PAUSE: Duration = Duration::from_millis(256);

/// Does something to a file that other processes may have open. Windows refuses to replace an open file, unless both
/// sides agree to it, which file systems and versions of Windows know to different degrees; and a file that was removed
/// can't be opened until the last process has closed it. Both take these processes, and virus scanners, milliseconds.
#[expect(clippy::disallowed_methods, reason = "this leaf waits for other processes as it waits for a disk")]
pub(super) fn patiently<T>(mut operation: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let mut pause = Duration::from_millis(1);
    loop {
        match operation() {
            Err(error) if is_held_open(&error) && pause <= LAST_PAUSE => thread::sleep(pause),
            done => return done,
        }
        pause *= 2;
    }
}

/// <https://learn.microsoft.com/windows/win32/debug/system-error-codes--0-499->
fn is_held_open(error: &io::Error) -> bool {
    const ACCESS_DENIED: i32 = 5;
    const SHARING_VIOLATION: i32 = 32;
    const DELETE_PENDING: i32 = 303;
    matches!(error.raw_os_error(), Some(ACCESS_DENIED | SHARING_VIOLATION | DELETE_PENDING))
}

pub(super) fn is_shortage(_error: &io::Error) -> bool {
    false
}

/// `NUL` isn't a file to the standard library.
pub(super) fn is_character_device(metadata: &Metadata) -> bool {
    !metadata.is_file() && !metadata.is_dir()
}

pub(super) fn others_may_write(_metadata: &Metadata) -> bool {
    false
}

pub(super) fn others_may_enter(_metadata: &Metadata) -> bool {
    false
}

#[expect(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
pub(super) fn tighten_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}

pub(super) fn would_lock_out_owner(_path: &Path) -> bool {
    false
}

/// Creates a directory and its missing parents, for the current user, the system and administrators.
pub(super) fn create_directories(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)?;
    if !is_in_profile(path) {
        // Best effort: other file systems have no access lists, and some containers no `icacls`.
        access_list(path).status().ok();
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "the system says where the profile is in a variable of its own")]
fn is_in_profile(path: &Path) -> bool {
    std::env::var_os("USERPROFILE").is_some_and(|profile| !profile.is_empty() && path.starts_with(profile))
}

/// The command that replaces the access list of a directory, and of what will be in it. Users who don't belong to the
/// computer have a domain.
#[expect(clippy::disallowed_methods, reason = "the system names the user and itself in variables of its own")]
fn access_list(path: &Path) -> Command {
    const SYSTEM: &str = "*S-1-5-18";
    const ADMINISTRATORS: &str = "*S-1-5-32-544";
    let variable = |name| std::env::var_os(name).unwrap_or_default().to_string_lossy().into_owned();
    let user = format!(r"{}\{}", variable("USERDOMAIN"), variable("USERNAME"));
    let system = std::env::var_os("SystemRoot").map_or_else(|| PathBuf::from(r"C:\Windows"), PathBuf::from);
    let mut command = Command::new(system.join("System32").join("icacls.exe"));
    command.arg(path).args(["/inheritance:r", "/grant:r"]);
    command.args([user.trim_start_matches('\\'), SYSTEM, ADMINISTRATORS].map(|name| format!("{name}:(OI)(CI)F")));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

pub(super) fn without_following(options: &mut OpenOptions) -> &OpenOptions {
    options.custom_flags(OPEN_REPARSE_POINT)
}

/// Opens a file to be read.
#[expect(clippy::disallowed_methods, reason = "this module opens the files of the others")]
pub(super) fn open_without_waiting(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Pipes have no place in the file system here.
pub(super) fn read_pipe(file: &File, _path: &Path, limit: usize, _wait: Duration) -> io::Result<Vec<u8>> {
    read_to_limit(file, &file.metadata()?, limit)
}

/// A link is opened as itself, and then isn't a regular file.
pub(super) fn is_link_refusal(_error: &io::Error) -> bool {
    false
}

/// Whether an open file is the one at a path, by volume and index. A file that is removed while it is
/// open loses its name at once or when it is closed, depending on the version of Windows; another
/// process may have made a new one since.
pub(super) fn same_file(file: &File, path: &Path) -> bool {
    let open = file.try_clone().and_then(Handle::from_file);
    match (open, Handle::from_path(path)) {
        (Ok(open), Ok(named)) => open == named,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "the tests hold files open as other programs do")]

    use std::fs;
    use std::time::Instant;

    use super::super::private_dir::PrivateDir;
    use super::*;

    /// Opens a file as a program does that shares it with nobody who would replace or remove it.
    fn hold(path: &Path) -> File {
        const SHARE_READ_AND_WRITE: u32 = 3;
        OpenOptions::new().read(true).share_mode(SHARE_READ_AND_WRITE).open(path).expect("it is there")
    }

    #[test]
    fn an_entry_that_another_program_has_open_is_replaced_and_removed_once_it_is_closed() {
        let outer = tempfile::tempdir().expect("a temporary directory");
        let dir = PrivateDir::create(&outer.path().join("cache")).expect("a directory");
        dir.replace("entry", b"one").expect("written");
        for closes_in_time in [true, false] {
            let held = hold(&dir.join("entry"));
            let closing = thread::spawn(move || {
                thread::sleep(if closes_in_time { Duration::from_millis(60) } else { LAST_PAUSE * 6 });
                drop(held);
            });
            let started = Instant::now();
            assert_eq!(dir.replace("entry", b"two").is_ok(), closes_in_time);
            assert_eq!(dir.remove("entry").is_ok(), closes_in_time);
            assert!(started.elapsed() < LAST_PAUSE * 6, "{:?}", started.elapsed());
            closing.join().expect("it ended");
            dir.replace("entry", b"three").expect("written");
            assert_eq!(dir.names().expect("listed"), ["entry"]);
        }
        // A reader of ours shares it with everyone.
        let _reader = File::open(dir.join("entry")).expect("it is there");
        dir.replace("other", b"four").expect("written");
        fs::remove_file(dir.join("entry")).expect("removed");
    }

    #[test]
    fn a_path_longer_than_260_characters_is_as_good_as_another() {
        let outer = tempfile::tempdir().expect("a temporary directory");
        let path = (0..12).fold(outer.path().to_owned(), |path, _| path.join("x".repeat(40)));
        let dir = PrivateDir::create(&path).expect("a directory");
        dir.replace("entry", b"one").expect("written");
        dir.replace("entry", b"two").expect("written");
        assert_eq!(dir.read("entry", 3).expect("readable").as_deref(), Some(&b"two"[..]));
        let lock = dir.open_lock("lock").expect("opened");
        assert!(dir.still_holds("lock", &lock));
        dir.remove("lock").expect("removed");
        dir.remove("entry").expect("removed");
    }

    #[test]
    fn a_directory_outside_of_the_profile_is_for_its_user_the_system_and_administrators() {
        let outer = tempfile::tempdir().expect("a temporary directory");
        let command = format!("{:?}", access_list(&outer.path().join("cache")));
        assert!(command.contains(r"System32\\icacls.exe"), "{command}");
        assert!(command.contains(r#""/inheritance:r" "/grant:r" ""#), "{command}");
        assert!(command.ends_with(r#":(OI)(CI)F" "*S-1-5-18:(OI)(CI)F" "*S-1-5-32-544:(OI)(CI)F""#), "{command}");
        assert!(!is_in_profile(Path::new(r"Z:\elsewhere")));
        create_directories(&outer.path().join("cache")).expect("created");
    }
}
