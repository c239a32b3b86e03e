//! Owners, modes and open flags, as far as Windows has them.
//!
//! The cache is in the user's profile. Its access list admits that user, the system and
//! administrators, and new files inherit it, so there is nothing to check or tighten. An
//! `AWS_ECR_CACHE_DIR` elsewhere is as private as the access list of the directory that its user
//! chose.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::path::Path;
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

pub(super) fn create_directories(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
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
