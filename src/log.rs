//! The operator's log: off by default, to stderr or to a file, one line for each event.
//!
//! It contains our own events only, not those of the SDK, whose trace level prints whole requests; so no secret reaches it.
//! What an event quotes may come from anywhere, so each line is cleaned once more where it is made.
//! The file is owner-only and bounded: when it has grown to 1 MiB it is renamed to `FILE.old`, replacing the previous one.
//! A log that can't be written is no reason to fail a pull.

use std::fmt;
use std::fs::File;
use std::io::Write;

use crate::clock::Clock;
use crate::fs::open_log;
use crate::options::{LogLevel, Options};
use crate::redact::{clean_line, shorten};

/// How large the log file may grow before it is renamed.
const MAX_FILE_SIZE: u64 = 1 << 20;

/// The longest line that clients show a person, its end not counted, and the longest one in a file.
const LONGEST_ON_STDERR: usize = 999;
const LONGEST_IN_FILE: usize = 16 << 10;

/// The log of one request.
pub(crate) struct Log<'w> {
    /// The most detailed level that is written; `None` for no log at all.
    level: Option<LogLevel>,
    sink: Sink<'w>,
    clock: &'w dyn Clock,
    /// What the events are about, such as `get HOST`.
    subject: String,
}

/// Where events go.
enum Sink<'w> {
    Stderr(&'w mut dyn Write),
    File(File),
}

impl<'w> Log<'w> {
    /// Opens the log that the options ask for. If its file can't be opened, it goes to stderr.
    pub(crate) fn open(options: &Options, stderr: &'w mut dyn Write, clock: &'w dyn Clock, subject: String) -> Self {
        let Options { log_level, log_file, .. } = options;
        let file = log_level.and(log_file.as_deref()).and_then(|path| open_log(path, MAX_FILE_SIZE).ok());
        Self { level: *log_level, sink: file.map_or(Sink::Stderr(stderr), Sink::File), clock, subject }
    }

    /// A request failed.
    pub(crate) fn error(&mut self, event: fmt::Arguments<'_>) {
        self.write(LogLevel::Error, event);
    }

    /// Something is wrong, but the request goes on.
    pub(crate) fn warn(&mut self, event: fmt::Arguments<'_>) {
        self.write(LogLevel::Warn, event);
    }

    /// What was done.
    pub(crate) fn info(&mut self, event: fmt::Arguments<'_>) {
        self.write(LogLevel::Info, event);
    }

    /// Why it was done.
    pub(crate) fn debug(&mut self, event: fmt::Arguments<'_>) {
        self.write(LogLevel::Debug, event);
    }

    fn write(&mut self, level: LogLevel, event: fmt::Arguments<'_>) {
        if self.level.is_none_or(|most_detailed| level > most_detailed) {
            return;
        }
        let line = format!("{} {level:5} [{}] {}: {event}", self.clock.now(), std::process::id(), self.subject);
        let (sink, longest): (&mut dyn Write, _) = match &mut self.sink {
            Sink::Stderr(stderr) => (stderr, LONGEST_ON_STDERR),
            Sink::File(file) => (file, LONGEST_IN_FILE),
        };
        let line = shorten(&clean_line(&line), longest) + "\n";
        // A log that can't be written must not fail a pull.
        let _ = sink.write_all(line.as_bytes());
    }
}

impl fmt::Debug for Log<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Log")
            .field("level", &self.level)
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::clock::fake::FakeClock;
    use crate::env::Env;
    use crate::options::FileOptions;

    /// What a log with these variables writes to stderr for one event.
    fn logged(variables: &[(&str, &str)], level: LogLevel) -> String {
        let mut stderr = Vec::new();
        let options = Options::read(&Env::fixed(variables.iter().copied()), &FileOptions::default());
        let clock = FakeClock::at(0);
        Log::open(&options, &mut stderr, &clock, "get HOST".to_owned()).write(level, format_args!("event"));
        String::from_utf8(stderr).expect("text")
    }

    #[test]
    fn the_log_is_off_unless_asked_for() {
        assert_eq!(logged(&[], LogLevel::Error), "");
        assert_eq!(logged(&[("AWS_ECR_LOG", "off")], LogLevel::Error), "");
        assert_eq!(logged(&[("AWS_ECR_LOG", "")], LogLevel::Error), "");
    }

    #[test]
    fn a_level_contains_itself_and_those_above_it() {
        let line = format!("1970-01-01T00:00:00Z warn  [{}] get HOST: event\n", std::process::id());
        assert_eq!(logged(&[("AWS_ECR_LOG", "warn")], LogLevel::Warn), line);
        assert_eq!(logged(&[("AWS_ECR_LOG", "TRACE")], LogLevel::Warn), line);
        assert_eq!(logged(&[("AWS_ECR_LOG", "error")], LogLevel::Warn), "");
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test looks at the file")]
    fn a_log_file_is_owner_only_and_is_renamed_when_it_has_grown() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("log");
        let text = path.to_str().expect("UTF-8");
        assert_eq!(logged(&[("AWS_ECR_LOG_FILE", text)], LogLevel::Info), "");
        assert_eq!(logged(&[("AWS_ECR_LOG_FILE", text)], LogLevel::Debug), "");
        assert_eq!(std::fs::read_to_string(&path).expect("a file").lines().count(), 1);
        assert_eq!(path.metadata().expect("metadata").permissions().mode() & 0o777, 0o600);

        std::fs::write(&path, vec![b'x'; 1 << 20]).expect("grown");
        logged(&[("AWS_ECR_LOG_FILE", text)], LogLevel::Info);
        assert_eq!(std::fs::read_to_string(&path).expect("a file").lines().count(), 1);
        assert_eq!(directory.path().join("log.old").metadata().expect("metadata").len(), 1 << 20);
    }

    #[test]
    fn an_event_is_one_clean_line_of_bounded_length() {
        let mut stderr = Vec::new();
        let options = Options::read(&Env::fixed([("AWS_ECR_LOG", "debug")]), &FileOptions::default());
        let clock = FakeClock::at(0);
        let mut log = Log::open(&options, &mut stderr, &clock, "get a\nb".to_owned());
        log.warn(format_args!("one\r\n\u{1b}[2J\u{2028}\u{202e}two http://u:p@h proxy u:p@h {}", "x y ".repeat(500)));
        log.warn(format_args!("next"));
        let text = String::from_utf8(stderr).expect("text");
        let lines: Vec<&str> = text.split_terminator('\n').collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert!(lines[0].contains("] get a b: one   [2J  two http://***@h proxy ***@h x y"), "{text}");
        assert_eq!(lines[0].chars().count(), LONGEST_ON_STDERR);
        assert!(!text.contains(['\r', '\u{1b}', '\u{2028}', '\u{202e}']), "{text:?}");
    }

    #[test]
    fn a_log_whose_file_cannot_be_opened_goes_to_stderr() {
        let line = logged(&[("AWS_ECR_LOG_FILE", "/nonexistent/log")], LogLevel::Info);
        assert!(line.ends_with("event\n"), "{line}");
    }
}
