//! The directory of the cache: owner, modes, file system, room and locks.

use std::path::Path;

use super::check::{Check, Remedy};
use super::text::Text;
use crate::cache::{Directory, Inspection};
use crate::env::names;
use crate::fs::{UnusableDir, Volume};

const NAME: &str = "cache";

/// A token and its notes have some 10 KB, and there may be some of them.
const ROOM: u64 = 1 << 20;

/// The cache is off.
pub(super) fn off(is_disabled: bool) -> Check {
    if is_disabled {
        return Check::good(NAME, format!("turned off by `{}`: each pull asks AWS", names::DISABLE_CACHE));
    }
    let what = "there is no home directory, so nothing is cached";
    Check::warning(NAME, what, Remedy::run(format!("export {}=/var/tmp/ecr-login-\"$(id -u)\"", names::CACHE_DIR)))
}

/// The directory at a path.
pub(super) fn check(path: &Path, inspection: &Inspection) -> Check {
    let Inspection { directory, volume } = inspection;
    let at = || Text::new("").path(path);
    let warning = |what: Text, remedy: Text| Check::warning(NAME, what, Remedy::run(remedy));
    match directory {
        Directory::Missing => fine(at().then(" will be made by the first pull"), *volume),
        Directory::Loose => fine(at().then(" is writable by others until the next pull"), *volume),
        Directory::Usable => fine(at(), *volume),
        Directory::CannotBeMade(above) if above.is_dir() => warning(
            at().then(" can't be made in ").path(above),
            Text::new("sudo chown \"$(id -un)\" ").path_argument(above),
        ),
        Directory::CannotBeMade(file) => moved_away(Text::new("").path(file).then(" is not a directory"), file),
        Directory::Unusable(UnusableDir::NotADirectory(_)) => moved_away(at().then(" is not a directory"), path),
        Directory::Unusable(UnusableDir::WritableByOthers(_)) => {
            let what = at().then(" is writable by others, so it isn't used");
            warning(what, Text::new("chmod go-w ").path_argument(path))
        }
        Directory::Unusable(UnusableDir::NotOurs(_) | UnusableDir::LocksOut(_)) => {
            let what = at().then(" is owned by another user, so it isn't used");
            warning(what, Text::new("sudo chown -R \"$(id -un)\" ").path_argument(path))
        }
        Directory::Unusable(UnusableDir::Missing(_) | UnusableDir::Io(_)) => {
            let above = path.parent().unwrap_or(path);
            warning(at().then(" can't be entered"), Text::new("chmod u+rwx ").path_argument(above))
        }
        Directory::NotWritable(error) => {
            let what = at().then(" can't be written: ").then(error.source.to_string());
            match volume {
                Some(Volume { free: Some(free), .. }) if *free < ROOM => full(what),
                _ => warning(what, Text::new("chmod u+rwx ").path_argument(path)),
            }
        }
        Directory::WithoutLocks => {
            let what = at().then(" has no locks, so processes may fetch the same token at once");
            warning(what, Text::new(format!("export {}=/var/tmp/ecr-login-\"$(id -u)\"", names::CACHE_DIR)))
        }
    }
}

/// A directory that can be used, on a file system that may be full.
fn fine(what: Text, volume: Option<Volume>) -> Check {
    match volume {
        Some(Volume { free: Some(free), .. }) if free < ROOM => full(what.then(": the disk is full")),
        Some(Volume { note: Some(note), .. }) => Check::good(NAME, what.then(format!(", {note}"))),
        Some(Volume { note: None, .. }) | None => Check::good(NAME, what),
    }
}

fn full(what: Text) -> Check {
    let elsewhere = format!("export {}=/var/tmp/ecr-login-\"$(id -u)\"", names::CACHE_DIR);
    Check::warning(NAME, what, Remedy::run(elsewhere))
}

fn moved_away(what: Text, file: &Path) -> Check {
    let mut moved = file.as_os_str().to_owned();
    moved.push(".old");
    let command = Text::new("mv ").path_argument(file).then(" ").path_argument(Path::new(&moved));
    Check::warning(NAME, what.then(", so nothing is cached"), Remedy::run(command))
}
