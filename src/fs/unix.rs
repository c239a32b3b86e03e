//! Owners, modes and open flags of Unix.

use std::fs::{DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Access, OFlags, access};
use rustix::io::Errno;

use super::too_long;

/// A user ID.
pub(super) type Owner = u32;

/// Which user owns it.
pub(super) fn owner(metadata: &Metadata) -> Owner {
    metadata.uid()
}

/// Whether this user may make files in a directory.
pub(super) fn may_write(directory: &Path) -> bool {
    access(directory, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

/// Whether the effective user owns it.
pub(super) fn is_ours(metadata: &Metadata) -> bool {
    metadata.uid() == rustix::process::geteuid().as_raw()
}

/// The effective user; 0 is root.
#[expect(clippy::unnecessary_wraps, reason = "Windows has no numbers for users")]
pub(crate) fn user_id() -> Option<u32> {
    Some(rustix::process::geteuid().as_raw())
}

/// Gives a new file the group and the mode of another one. Its owner is the effective user.
pub(super) fn copy_access(from: &Metadata, to: &File) -> io::Result<()> {
    if to.metadata()?.gid() != from.gid() {
        rustix::fs::fchown(to, None, Some(rustix::fs::Gid::from_raw(from.gid())))?;
    }
    to.set_permissions(Permissions::from_mode(from.mode() & 0o7777))
}

/// Lets everyone read a new file.
pub(super) fn let_everyone_read(file: &File) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(0o644))
}

/// Creates a directory that everyone may enter, and its missing parents.
pub(super) fn create_shared_directories(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o755).create(path)
}

/// Makes a symbolic link.
pub(super) fn link(to: &Path, place: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, place)
}

/// Writes a renamed entry of a directory to the disk.
pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    open_without_waiting(path)?.sync_all()
}

/// Whether the effective user owns it, or root.
pub(super) fn is_ours_or_root_s(metadata: &Metadata) -> bool {
    metadata.uid() == 0 || is_ours(metadata)
}

/// Does something to a file. Other processes that have it open prevent nothing here.
pub(super) fn patiently<T>(mut operation: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    operation()
}

/// Whether there are no descriptors or no memory left.
pub(super) fn is_shortage(error: &io::Error) -> bool {
    let shortages = [Errno::MFILE, Errno::NFILE, Errno::NOMEM].map(|shortage| Some(shortage.raw_os_error()));
    shortages.contains(&error.raw_os_error())
}

/// Whether it is a device without a place on disk, such as `/dev/null`.
pub(super) fn is_character_device(metadata: &Metadata) -> bool {
    metadata.file_type().is_char_device()
}

/// Whether group or others may write it.
pub(super) fn others_may_write(metadata: &Metadata) -> bool {
    metadata.mode() & 0o022 != 0
}

/// Whether group or others have any permission.
pub(super) fn others_may_enter(metadata: &Metadata) -> bool {
    metadata.mode() & 0o077 != 0
}

/// Takes all permissions from group and others.
pub(super) fn tighten_directory(path: &Path) -> io::Result<()> {
    std::fs::set_permissions(path, Permissions::from_mode(0o700))
}

/// Whether a new file or directory would belong to root among the files of another user. A directory that
/// users share, which the sticky bit marks, is nobody's.
pub(super) fn would_lock_out_owner(path: &Path) -> bool {
    rustix::process::geteuid().is_root()
        && path
            .ancestors()
            .skip(1)
            .find_map(|above| above.metadata().ok())
            .is_some_and(|above| above.uid() != 0 && above.mode() & 0o1000 == 0)
}

/// Creates a directory and its missing parents, owner-only whatever the umask.
pub(super) fn create_directories(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes opening a link fail, opening a pipe not block, and a new file owner-only whatever the
/// umask.
pub(super) fn without_following(options: &mut OpenOptions) -> &OpenOptions {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    options.mode(0o600).custom_flags(flags.bits().cast_signed())
}

/// Opens a file to be read. A pipe opens at once, whether or not it has a writer.
pub(super) fn open_without_waiting(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(path)
}

/// Reads a pipe or device to its end, which must come within `wait`.
#[expect(clippy::disallowed_methods, reason = "this leaf waits for a pipe as it waits for a disk")]
pub(super) fn read_pipe(mut file: &File, path: &Path, limit: usize, wait: Duration) -> io::Result<Vec<u8>> {
    let started = Instant::now();
    let (mut contents, mut chunk) = (Vec::new(), [0; 4096]);
    // A pipe with a name may have no writer yet. A nameless one had its writer before us.
    let mut had_writer = !file.metadata()?.file_type().is_fifo() || has_no_name(path);
    loop {
        match file.read(&mut chunk) {
            Ok(0) if had_writer => return Ok(contents),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Ok(read) if read > 0 => {
                contents.extend_from_slice(&chunk[..read]);
                if contents.len() > limit {
                    return Err(too_long(limit));
                }
                had_writer = true;
                continue;
            }
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
            Ok(_) | Err(_) => {}
        }
        let left = wait.saturating_sub(started.elapsed());
        let timeout = Timespec::try_from(left).map_err(io::Error::other)?;
        match poll(&mut [PollFd::new(&file, PollFlags::IN)], Some(&timeout)) {
            Ok(0) => {
                let late = format!("its contents did not end within {} s", wait.as_secs());
                return Err(io::Error::new(io::ErrorKind::TimedOut, late));
            }
            // Contents, or a writer that has come and gone.
            Ok(_) => had_writer = true,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether a path names a descriptor of this process, as a shell writes it for `<(…)`.
fn has_no_name(path: &Path) -> bool {
    ["/dev/fd", "/dev/stdin", "/proc"].iter().any(|descriptors| path.starts_with(descriptors))
}

/// Whether a file [without following](without_following) couldn't be opened because it is a link.
pub(super) fn is_link_refusal(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::LOOP.raw_os_error())
}

/// Whether an open file is the one at a path.
pub(super) fn same_file(file: &File, path: &Path) -> bool {
    let identity = |metadata: &Metadata| (metadata.dev(), metadata.ino());
    match (file.metadata(), path.symlink_metadata()) {
        (Ok(open), Ok(named)) => identity(&open) == identity(&named),
        _ => false,
    }
}
