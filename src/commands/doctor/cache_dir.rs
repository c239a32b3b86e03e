//! The directory of the cache: owner, modes, file system, room and locks.

use std::io::ErrorKind;
use std::path::Path;

use super::check::{Check, Remedy};
use super::text::Text;
use crate::cache::{Directory, Inspection};
use crate::env::names;
use crate::fs::{UnusableDir, Volume};
use crate::options::CacheEncryption;
use crate::os_key::NoKey;

const NAME: &str = "cache";

/// A token and its notes have some 10 KB, and there may be some of them.
const ROOM: u64 = 1 << 20;

/// The cache is off.
pub(super) fn off(is_disabled: bool) -> Check {
    if is_disabled {
        return Check::good(NAME, format!("turned off by `{}`: each pull asks AWS", names::DISABLE_CACHE));
    }
    let what = "there is no home directory, so nothing is cached";
    Check::warning(NAME, what, Remedy::run(elsewhere()))
}

/// The directory at a path.
pub(super) fn check(path: &Path, inspection: &Inspection) -> Check {
    let Inspection { directory, volume, encryption } = inspection;
    let at = || Text::new("").path(path);
    let warning = |what: Text, remedy: Text| Check::warning(NAME, what, Remedy::run(remedy));
    let usable = |what: Text| match encryption {
        Ok(CacheEncryption::Off) => fine(what, *volume),
        Ok(CacheEncryption::Os) => fine(what.then(", encrypted"), *volume),
        Err(no_key) => not_encrypted(no_key),
    };
    match directory {
        Directory::Missing => usable(at().then(" will be made by the first pull")),
        Directory::Loose => usable(at().then(" is writable by others until the next pull")),
        Directory::Usable => usable(at()),
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
        Directory::Unusable(UnusableDir::LocksOut(_)) => {
            let what = at().then(" isn't made: it would be root's, in a directory of another user");
            warning(what, elsewhere())
        }
        Directory::Unusable(UnusableDir::NotOurs(_)) => {
            let what = at().then(" is owned by another user, so it isn't used");
            warning(what, Text::new("sudo chown -R \"$(id -un)\" ").path_argument(path))
        }
        Directory::Unusable(UnusableDir::Missing(_) | UnusableDir::Io(_)) => {
            let above = path.parent().unwrap_or(path);
            warning(at().then(" can't be entered"), Text::new("chmod u+rwx ").path_argument(above))
        }
        Directory::NotWritable(error) => {
            let what = at().then(" can't be written: ").then(error.source.to_string());
            match error.source.kind() {
                ErrorKind::PermissionDenied => warning(what, Text::new("chmod u+rwx ").path_argument(path)),
                _ => warning(what, elsewhere()),
            }
        }
        Directory::WithoutLocks => {
            let what = at().then(" has no locks, so processes may fetch the same token at once");
            warning(what, elsewhere())
        }
    }
}

/// Tokens are to be encrypted and can't be.
fn not_encrypted(no_key: &NoKey) -> Check {
    let what = format!("tokens can't be encrypted, so nothing is cached: {no_key}");
    let plain = format!("set `{}=off` to cache them in plain text", names::CACHE_ENCRYPTION);
    let advice = no_key.remedy.map_or_else(|| plain.replacen('s', "S", 1), |remedy| format!("{remedy}, or {plain}"));
    Check::warning(NAME, what, Remedy::advice(advice))
}

/// Another place for the cache.
fn elsewhere() -> Text {
    Text::new(format!("export {}=/var/tmp/ecr-login-\"$(id -u)\"", names::CACHE_DIR))
}

/// A directory that can be used, on a file system that may be full.
fn fine(what: Text, volume: Option<Volume>) -> Check {
    match volume {
        Some(Volume { free: Some(free), .. }) if free < ROOM => {
            Check::warning(NAME, what.then(": the disk is full"), Remedy::run(elsewhere()))
        }
        Some(Volume { note: Some(note), .. }) => Check::good(NAME, what.then(format!(", {note}"))),
        Some(Volume { note: None, .. }) | None => Check::good(NAME, what),
    }
}

fn moved_away(what: Text, file: &Path) -> Check {
    let mut moved = file.as_os_str().to_owned();
    moved.push(".old");
    let command = Text::new("mv ").path_argument(file).then(" ").path_argument(Path::new(&moved));
    Check::warning(NAME, what.then(", so nothing is cached"), Remedy::run(command))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::Value;

    use super::super::render::{Names, Results};
    use super::*;
    use crate::commands::output::Style;
    use crate::fs::PathError;

    const PATH: &str = "/c";

    fn failed(action: &'static str, code: ErrorKind) -> PathError {
        PathError::new(action, Path::new(PATH), code.into())
    }

    const fn volume(free: u64) -> Volume {
        Volume { note: None, free: Some(free) }
    }

    #[test]
    fn a_cache_is_encrypted_or_the_reason_is_said_with_what_to_do() {
        let look = |encryption| {
            let inspection = Inspection { directory: Directory::Usable, volume: Some(volume(ROOM)), encryption };
            let checks = vec![check(Path::new(PATH), &inspection)];
            Results { checks, variables: Vec::new() }.text(Style::plain(), &Names::Shown)
        };
        assert_eq!(look(Ok(CacheEncryption::Os)), "\u{2713} cache: `/c`, encrypted\n\nAll is well.\n");
        let what = "! cache: tokens can't be encrypted, so nothing is cached: no reason\n";
        for (remedy, advice) in [
            (Some("Wait"), "Wait, or set `AWS_ECR_CACHE_ENCRYPTION=off` to cache them in plain text"),
            (None, "Set `AWS_ECR_CACHE_ENCRYPTION=off` to cache them in plain text"),
        ] {
            let text = look(Err(NoKey::because("no reason", remedy)));
            assert_eq!(text, format!("{what}    {advice}\n\n1 warning.\n"));
        }
    }

    #[test]
    fn every_state_of_the_directory_has_its_line_and_its_remedy() {
        const ELSEWHERE: &str = "export AWS_ECR_CACHE_DIR=/var/tmp/ecr-login-\"$(id -u)\"";
        let path = || PathBuf::from(PATH);
        let unusable = Directory::Unusable;
        let in_memory = Some(Volume { note: Some("in memory (tmpfs): empty after a restart"), free: Some(ROOM) });
        let no_entry = || failed("read", ErrorKind::PermissionDenied);
        let read_only = || failed("write", ErrorKind::ReadOnlyFilesystem);
        let states = [
            (Directory::Missing, None, "good `/c` will be made by the first pull", ""),
            (Directory::Loose, None, "good `/c` is writable by others until the next pull", ""),
            (Directory::Usable, Some(volume(ROOM)), "good `/c`", ""),
            (Directory::Usable, in_memory, "good `/c`, in memory (tmpfs): empty after a restart", ""),
            (Directory::Usable, Some(volume(ROOM - 1)), "warning `/c`: the disk is full", ELSEWHERE),
            (
                Directory::CannotBeMade("/".into()),
                None,
                "warning `/c` can't be made in `/`",
                "sudo chown \"$(id -un)\" /",
            ),
            (
                Directory::CannotBeMade("/no/file".into()),
                None,
                "warning `/no/file` is not a directory, so nothing is cached",
                "mv /no/file /no/file.old",
            ),
            (
                unusable(UnusableDir::NotADirectory(path())),
                None,
                "warning `/c` is not a directory, so nothing is cached",
                "mv /c /c.old",
            ),
            (
                unusable(UnusableDir::WritableByOthers(path())),
                None,
                "warning `/c` is writable by others, so it isn't used",
                "chmod go-w /c",
            ),
            (
                unusable(UnusableDir::NotOurs(path())),
                None,
                "warning `/c` is owned by another user, so it isn't used",
                "sudo chown -R \"$(id -un)\" /c",
            ),
            (
                unusable(UnusableDir::LocksOut(path())),
                None,
                "warning `/c` isn't made: it would be root's, in a directory of another user",
                ELSEWHERE,
            ),
            (unusable(UnusableDir::Io(no_entry())), None, "warning `/c` can't be entered", "chmod u+rwx /"),
            (
                Directory::NotWritable(read_only()),
                Some(volume(ROOM)),
                "warning `/c` can't be written: read-only filesystem or storage medium",
                ELSEWHERE,
            ),
            (
                Directory::NotWritable(failed("write", ErrorKind::PermissionDenied)),
                Some(volume(ROOM)),
                "warning `/c` can't be written: permission denied",
                "chmod u+rwx /c",
            ),
            (
                Directory::NotWritable(failed("write", ErrorKind::StorageFull)),
                Some(volume(0)),
                "warning `/c` can't be written: no storage space",
                ELSEWHERE,
            ),
            (
                Directory::WithoutLocks,
                Some(volume(ROOM)),
                "warning `/c` has no locks, so processes may fetch the same token at once",
                ELSEWHERE,
            ),
        ];
        for (directory, volume, said, remedy) in states {
            let checks =
                vec![check(Path::new(PATH), &Inspection { directory, volume, encryption: Ok(CacheEncryption::Off) })];
            let results = Results { checks, variables: Vec::new() };
            let (outcome, what) = said.split_once(' ').expect("an outcome, and what is said");
            let (mark, end) = if outcome == "good" { ("\u{2713}", "All is well.") } else { ("!", "1 warning.") };
            let remedy_line = if remedy.is_empty() { String::new() } else { format!("    {remedy}\n") };
            let text = results.text(Style::plain(), &Names::Shown);
            assert_eq!(text, format!("{mark} cache: {what}\n{remedy_line}\n{end}\n"));
            let json = results.json(&Names::Shown);
            let run = if remedy.is_empty() { Value::Null } else { remedy.into() };
            let expected = serde_json::json!({
                "name": "cache", "host": null, "outcome": outcome, "what": what, "run": run, "advice": null,
            });
            assert_eq!(json["checks"], Value::Array(vec![expected]));
        }
    }
}
