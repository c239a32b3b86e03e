//! The operator's log: off by default, to stderr or to a file, one line an event.
//!
//! Only our own events are logged, not those of the SDK, whose trace level prints whole requests; so nothing secret gets
//! in by type. The file is owner-only and bounded: past 1 MiB it moves to `FILE.old`, in place of the one
//! before. A log that can't be written is no reason to fail a pull.

use std::fmt;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::clock::Clock;
use crate::env::{Env, names};
use crate::error::{Failure, FailureKind};
use crate::fs::open_append;

/// How long the log file may grow before it moves aside.
const LONGEST_FILE: u64 = 1 << 20;

/// How much an event matters; a log shows its level and those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A `get` failed.
    Error,
    /// Something is wrong, and went well all the same.
    Warn,
    /// What was done.
    Info,
    /// Why it was done.
    Debug,
    /// Each step.
    Trace,
}

impl Level {
    const ALL: [(&'static str, Self); 5] = [
        ("error", Self::Error),
        ("warn", Self::Warn),
        ("info", Self::Info),
        ("debug", Self::Debug),
        ("trace", Self::Trace),
    ];

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, level)| *level)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL.iter().find(|(_, level)| level == self).map_or("", |(name, _)| name);
        formatter.pad(name)
    }
}

/// Where events go.
#[derive(Debug)]
enum Sink {
    Nowhere,
    Stderr,
    File(File),
}

/// The log of one process.
#[derive(Debug)]
pub struct Log {
    level: Level,
    sink: Sink,
}

impl Log {
    /// The log that shows nothing.
    pub const OFF: Self = Self { level: Level::Error, sink: Sink::Nowhere };

    /// Opens the log that `AWS_ECR_LOG` and `AWS_ECR_LOG_FILE` ask for. A file without a level logs at `info`.
    ///
    /// # Errors
    /// The level isn't one. A file that can't be opened is none: the log then goes to stderr.
    pub fn open(env: &Env) -> Result<Self, Failure> {
        let file = env.path(names::LOG_FILE);
        let level = match (env.text(names::LOG), &file) {
            (None, None) => return Ok(Self::OFF),
            (Some(name), _) if name.eq_ignore_ascii_case("off") => return Ok(Self::OFF),
            (Some(name), _) => Level::parse(&name).ok_or_else(|| {
                let words = Level::ALL.map(|(name, _)| name).join(", ");
                Failure::new(FailureKind::Misconfigured, format!("`{}` is one of off, {words}", names::LOG))
            })?,
            (None, Some(_)) => Level::Info,
        };
        let sink = file.and_then(|path| open_bounded(&path)).map_or(Sink::Stderr, Sink::File);
        Ok(Self { level, sink })
    }

    /// Writes one event, if the log shows its level.
    pub fn write(&mut self, stderr: &mut dyn Write, clock: &dyn Clock, level: Level, event: fmt::Arguments<'_>) {
        if level > self.level {
            return;
        }
        let line = || format!("{} {level:5} [{}] {event}\n", clock.now(), std::process::id());
        // A log that can't be written must not fail a pull.
        let _ = match &mut self.sink {
            Sink::Nowhere => Ok(()),
            Sink::Stderr => stderr.write_all(line().as_bytes()),
            Sink::File(file) => file.write_all(line().as_bytes()),
        };
    }
}

/// Opens a log file, moving aside one that has grown too long.
fn open_bounded(path: &Path) -> Option<File> {
    let file = open_append(path).ok()?;
    if file.metadata().ok()?.len() < LONGEST_FILE {
        return Some(file);
    }
    let mut aside = path.as_os_str().to_owned();
    aside.push(".old");
    match std::fs::rename(path, PathBuf::from(aside)) {
        Ok(()) => open_append(path).ok(),
        Err(_) => None,
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::clock::fake::FakeClock;

    fn logged(variables: &[(&str, &str)], level: Level) -> Result<String, String> {
        let mut stderr = Vec::new();
        let mut log = Log::open(&Env::fixed(variables.iter().copied())).map_err(|failure| failure.detail)?;
        log.write(&mut stderr, &FakeClock::at(0), level, format_args!("event"));
        Ok(String::from_utf8(stderr).expect("text"))
    }

    #[test]
    fn the_log_is_off_unless_asked_for() {
        assert_eq!(logged(&[], Level::Error), Ok(String::new()));
        assert_eq!(logged(&[("AWS_ECR_LOG", "off")], Level::Error), Ok(String::new()));
        assert_eq!(logged(&[("AWS_ECR_LOG", "")], Level::Error), Ok(String::new()));
    }

    #[test]
    fn a_level_shows_itself_and_those_before_it() {
        let line = format!("1970-01-01T00:00:00Z warn  [{}] event\n", std::process::id());
        assert_eq!(logged(&[("AWS_ECR_LOG", "warn")], Level::Warn), Ok(line.clone()));
        assert_eq!(logged(&[("AWS_ECR_LOG", "TRACE")], Level::Warn), Ok(line));
        assert_eq!(logged(&[("AWS_ECR_LOG", "error")], Level::Warn), Ok(String::new()));
    }

    #[test]
    fn a_level_that_is_none_is_a_mistake() {
        assert_eq!(
            logged(&[("AWS_ECR_LOG", "loud")], Level::Error),
            Err("`AWS_ECR_LOG` is one of off, error, warn, info, debug, trace".to_owned())
        );
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test looks at the file")]
    fn a_log_file_is_owner_only_and_moves_aside_when_it_has_grown() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("log");
        let text = path.to_str().expect("UTF-8");
        assert_eq!(logged(&[("AWS_ECR_LOG_FILE", text)], Level::Info), Ok(String::new()));
        assert_eq!(logged(&[("AWS_ECR_LOG_FILE", text)], Level::Debug), Ok(String::new()));
        assert_eq!(std::fs::read_to_string(&path).expect("a file").lines().count(), 1);
        assert_eq!(path.metadata().expect("metadata").permissions().mode() & 0o777, 0o600);

        std::fs::write(&path, vec![b'x'; 1 << 20]).expect("grown");
        logged(&[("AWS_ECR_LOG_FILE", text)], Level::Info).expect("logged");
        assert_eq!(std::fs::read_to_string(&path).expect("a file").lines().count(), 1);
        assert_eq!(directory.path().join("log.old").metadata().expect("metadata").len(), 1 << 20);
    }

    #[test]
    fn a_log_file_that_cannot_be_opened_gives_way_to_stderr() {
        let line = logged(&[("AWS_ECR_LOG_FILE", "/nonexistent/log")], Level::Info).expect("logged");
        assert!(line.ends_with("event\n"), "{line}");
    }
}
