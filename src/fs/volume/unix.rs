//! File systems of other Unix systems: their room alone.

use std::path::Path;

use rustix::fs::statvfs;

use super::Volume;

pub(super) fn volume(path: &Path) -> Option<Volume> {
    let status = statvfs(path).ok()?;
    Some(Volume { note: None, free: Some(status.f_bavail.saturating_mul(status.f_frsize)) })
}
