//! This program's own options, the variables `AWS_ECR_*`: read once, as one value.
//!
//! An option whose value isn't valid has its default here, and [`Options::check`] says so: `get`
//! refuses to go on with a value that may mean something else than its user thinks, while the other
//! verbs, which must not fail for it, use the default. `AWS_ECR_CONFIG` isn't here: it is where
//! `config` begins to look.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::env::{Env, names};
use crate::paths;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// The directory with the cached tokens; `None` if nothing is to be cached
    /// (`AWS_ECR_DISABLE_CACHE`, or no home directory).
    pub cache_dir: Option<PathBuf>,
    /// The limit of a whole `get`, `AWS_ECR_TIMEOUT`.
    pub timeout: Duration,
    /// `AWS_ECR_STRICT`.
    pub strictness: Strictness,
    /// `AWS_ECR_IGNORE_CREDS_STORAGE`.
    pub unplaced_passwords: UnplacedPasswords,
    /// The most detailed level that is logged, `AWS_ECR_LOG`; `None` for no log.
    pub log_level: Option<LogLevel>,
    /// The file that the log goes to instead of stderr, `AWS_ECR_LOG_FILE`.
    pub log_file: Option<PathBuf>,
    /// The first value that isn't valid.
    invalid: Option<InvalidOption>,
}

/// Where the reason of a failed `get` goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strictness {
    /// To stderr, with the not-found sentence on stdout: the client goes on without a password.
    Lenient,
    /// To stdout, where newer clients stop, and to stderr, which older ones show.
    Strict,
}

/// What `store` does with a password for a registry that isn't ECR's and that no fallback helper
/// covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnplacedPasswords {
    /// An error, so that no password is lost unnoticed.
    Refuse,
    /// Success, and the password is dropped: the user asked for that.
    Drop,
}

/// How important an event is; a log contains its own level and the levels above it in this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LogLevel {
    /// A request failed.
    Error,
    /// Something is wrong, but the request succeeded.
    Warn,
    /// What was done.
    Info,
    /// Why it was done.
    Debug,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{variable}` must be {expected}")]
pub(crate) struct InvalidOption {
    variable: &'static str,
    expected: &'static str,
}

impl Options {
    pub(crate) fn read(env: &Env) -> Self {
        let log_file = env.path(names::LOG_FILE);
        let (log_level, timeout) = (log_level(env, log_file.is_some()), timeout(env));
        Self {
            cache_dir: if env.is_set(names::DISABLE_CACHE) { None } else { paths::cache_dir(env) },
            log_level: log_level.unwrap_or(None),
            timeout: timeout.unwrap_or(DEFAULT_TIMEOUT),
            strictness: if env.is_on(names::STRICT) { Strictness::Strict } else { Strictness::Lenient },
            unplaced_passwords: if env.is_on(names::IGNORE_CREDS_STORAGE) {
                UnplacedPasswords::Drop
            } else {
                UnplacedPasswords::Refuse
            },
            log_file,
            invalid: log_level.err().or(timeout.err()),
        }
    }

    /// The same, with the log off: opening it may change a file.
    pub(crate) fn without_log(self) -> Self {
        Self { log_level: None, log_file: None, ..self }
    }

    /// Error: the first value that isn't valid.
    pub(crate) fn check(&self) -> Result<(), InvalidOption> {
        self.invalid.map_or(Ok(()), Err)
    }
}

/// A log file without a level logs at `info`.
fn log_level(env: &Env, has_file: bool) -> Result<Option<LogLevel>, InvalidOption> {
    let Some(name) = env.text(names::LOG) else { return Ok(has_file.then_some(LogLevel::Info)) };
    Ok(Some(match &*name.to_ascii_lowercase() {
        "off" => return Ok(None),
        "error" => LogLevel::Error,
        "warn" => LogLevel::Warn,
        "info" => LogLevel::Info,
        // Other programs go one level further; there is nothing more to say here.
        "debug" | "trace" => LogLevel::Debug,
        _ => {
            let expected = "off, error, warn, info, debug or trace";
            return Err(InvalidOption { variable: names::LOG, expected });
        }
    }))
}

fn timeout(env: &Env) -> Result<Duration, InvalidOption> {
    let Some(text) = env.text(names::TIMEOUT) else { return Ok(DEFAULT_TIMEOUT) };
    match text.trim().parse() {
        Ok(seconds @ 1..=3_600) => Ok(Duration::from_secs(seconds)),
        _ => Err(InvalidOption { variable: names::TIMEOUT, expected: "a number of seconds from 1 to 3600" }),
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Options {
        Options::read(&Env::fixed(variables.iter().copied()))
    }

    #[test]
    fn without_variables_every_option_has_its_default() {
        let options = read(&[]);
        assert_eq!((options.timeout, options.strictness), (Duration::from_secs(30), Strictness::Lenient));
        assert_eq!((options.log_level, options.log_file.clone()), (None, None));
        assert_eq!(options.unplaced_passwords, UnplacedPasswords::Refuse);
        assert_eq!(options.check(), Ok(()));
    }

    #[test]
    fn the_time_limit_is_1_to_3600_seconds() {
        for (value, seconds) in [("1", 1), (" 7 ", 7), ("3600", 3_600), ("", 30)] {
            let options = read(&[("AWS_ECR_TIMEOUT", value)]);
            assert_eq!((options.timeout, options.check()), (Duration::from_secs(seconds), Ok(())), "{value:?}");
        }
        for value in ["0", "3601", "-1", "1.5", "soon"] {
            let options = read(&[("AWS_ECR_TIMEOUT", value)]);
            let message = options.check().expect_err(value).to_string();
            assert_eq!(message, "`AWS_ECR_TIMEOUT` must be a number of seconds from 1 to 3600");
            assert_eq!(options.timeout, Duration::from_secs(30), "{value:?}");
        }
    }

    #[test]
    fn a_log_level_is_known_in_any_case_and_a_file_alone_means_info() {
        for (variables, level) in [
            (&[("AWS_ECR_LOG", "")][..], None),
            (&[("AWS_ECR_LOG", "off"), ("AWS_ECR_LOG_FILE", "/x")], None),
            (&[("AWS_ECR_LOG", "Error")], Some(LogLevel::Error)),
            (&[("AWS_ECR_LOG", "warn"), ("AWS_ECR_LOG_FILE", "/x")], Some(LogLevel::Warn)),
            (&[("AWS_ECR_LOG", "TRACE")], Some(LogLevel::Debug)),
            (&[("AWS_ECR_LOG_FILE", "/x")], Some(LogLevel::Info)),
        ] {
            assert_eq!(read(variables).log_level, level, "{variables:?}");
        }
        let options = read(&[("AWS_ECR_LOG", "loud"), ("AWS_ECR_TIMEOUT", "soon")]);
        let message = "`AWS_ECR_LOG` must be off, error, warn, info, debug or trace";
        assert_eq!(options.check().map_err(|invalid| invalid.to_string()), Err(message.to_owned()));
        assert_eq!(options.log_level, None);
    }

    #[test]
    fn the_cache_is_off_when_it_is_disabled_by_any_value() {
        let cache = ("AWS_ECR_CACHE_DIR", "/tokens");
        assert_eq!(read(&[cache]).cache_dir, Some(PathBuf::from("/tokens")));
        assert_eq!(read(&[cache, ("AWS_ECR_DISABLE_CACHE", "")]).cache_dir, Some(PathBuf::from("/tokens")));
        assert_eq!(read(&[cache, ("AWS_ECR_DISABLE_CACHE", "false")]).cache_dir, None);
    }
}
