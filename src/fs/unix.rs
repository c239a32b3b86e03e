//! Owners, modes and open flags of Unix.

use std::fs::{DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;

/// Whether the effective user owns it.
pub(super) fn is_ours(metadata: &Metadata) -> bool {
    metadata.uid() == rustix::process::geteuid().as_raw()
}

/// Whether it is a directory that users share, which the sticky bit marks.
pub(super) fn is_shared(metadata: &Metadata) -> bool {
    metadata.mode() & 0o1000 != 0
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
