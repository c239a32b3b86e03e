//! File systems of Linux, known by their numbers: <https://man7.org/linux/man-pages/man2/statfs.2.html>.

use std::path::Path;

use rustix::fs::statfs;

use super::Volume;

const NOTES: [(u64, &str); 8] = [
    (0x0102_1994, "in memory (tmpfs): empty after a restart"),
    (0x8584_58f6, "in memory (ramfs): empty after a restart"),
    (0x6969, "on a network file system (NFS)"),
    (0xff53_4d42, "on a network file system (CIFS)"),
    (0xfe53_4d42, "on a network file system (SMB)"),
    (0x517b, "on a network file system (SMB)"),
    (0x0102_1997, "on a file system of another machine (9P)"),
    (0x5346_414f, "on a network file system (AFS)"),
];

pub(super) fn volume(path: &Path) -> Option<Volume> {
    let status = statfs(path).ok()?;
    #[expect(clippy::cast_sign_loss, reason = "the numbers are bit patterns")]
    let number = status.f_type as u64 & 0xffff_ffff;
    let note = NOTES.iter().find(|(known, _)| *known == number).map(|(_, note)| *note);
    let size = u64::try_from(status.f_bsize).ok()?;
    // A file system without a limit of its own, such as a tmpfs, may say that it has no blocks at all.
    let free = (status.f_blocks > 0).then(|| status.f_bavail.saturating_mul(size));
    Some(Volume { note, free })
}
