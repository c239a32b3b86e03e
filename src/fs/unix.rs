//! Owners, modes and open flags of Unix.

use std::fs::{DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::OnceLock;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

/// Whether our effective user owns it.
pub(super) fn is_ours(metadata: &Metadata) -> bool {
    // Nobody changes the user of this process.
    static OURSELVES: OnceLock<u32> = OnceLock::new();
    metadata.uid() == *OURSELVES.get_or_init(|| rustix::process::geteuid().as_raw())
}

/// Opens a file for reading, whatever stands at its path.
pub(super) fn open(path: &Path) -> io::Result<File> {
    open_with(path, OFlags::empty())
}

/// Opens an entry of ours for reading; the link itself where there is one, which is an error, and a pipe without waiting.
pub(super) fn open_entry(path: &Path) -> io::Result<File> {
    open_with(path, OFlags::NOFOLLOW | OFlags::NONBLOCK)
}

/// One system call: musl's `open` needs a second for the flag that keeps a file from child processes.
fn open_with(path: &Path, flags: OFlags) -> io::Result<File> {
    match rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC | flags, Mode::empty()) {
        Ok(file) => Ok(file.into()),
        Err(Errno::INTR) => open_with(path, flags),
        Err(error) => Err(error.into()),
    }
}

/// Whether it is a directory that several users share, as the sticky bit says.
pub(super) fn is_shared(metadata: &Metadata) -> bool {
    metadata.mode() & 0o1000 != 0
}

/// Whether group or others may write it.
pub(super) fn others_may_write(metadata: &Metadata) -> bool {
    metadata.mode() & 0o022 != 0
}

/// Whether group or others may do anything with it.
pub(super) fn others_may_enter(metadata: &Metadata) -> bool {
    metadata.mode() & 0o077 != 0
}

/// Takes everything from group and others.
pub(super) fn tighten_directory(path: &Path) -> io::Result<()> {
    std::fs::set_permissions(path, Permissions::from_mode(0o700))
}

/// Makes a directory and its parents, owner-only whatever the umask.
pub(super) fn create_directories(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Opens the file itself, not what it points to; a pipe without a writer doesn't block; a file that is made is
/// owner-only whatever the umask.
pub(super) fn without_following(options: &mut OpenOptions) -> &OpenOptions {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    options.mode(0o600).custom_flags(flags.bits().cast_signed())
}

/// Whether an error of [`open_entry`] says that a link was in the way.
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
