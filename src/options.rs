//! This program's own options, the variables `AWS_ECR_*` and the `[options]` of the configuration
//! file: read once, as one value. A variable wins; one that is empty is unset.
//!
//! A mistake in the file is an error of the file. An option of a variable whose value isn't valid has
//! its default here (the cache is encrypted then), and [`Options::check`] says so: `get` refuses to go
//! on with a value that may mean something else than its user thinks, while the other verbs, which must
//! not fail for it, use the default. `AWS_ECR_CONFIG` isn't here: it is where `config` begins to look.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::env::{Env, names};
use crate::paths;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// What the configuration file says of the options.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FileOptions {
    /// Whether tokens are cached.
    pub cache: Option<bool>,
    /// As `AWS_ECR_CACHE_DIR`.
    pub cache_dir: Option<PathBuf>,
    /// As `AWS_ECR_CACHE_ENCRYPTION`.
    pub cache_encryption: Option<CacheEncryption>,
    /// As `AWS_ECR_TIMEOUT`.
    pub timeout: Option<Duration>,
    /// As `AWS_ECR_STRICT`.
    pub strict: Option<bool>,
    /// As `AWS_ECR_IGNORE_CREDS_STORAGE`.
    pub ignore_creds_storage: Option<bool>,
    /// As `AWS_ECR_LOG`.
    pub log: Option<LogSetting>,
    /// As `AWS_ECR_LOG_FILE`.
    pub log_file: Option<PathBuf>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// The directory with the cached tokens; `None` if nothing is to be cached
    /// (`AWS_ECR_DISABLE_CACHE`, or no home directory).
    pub cache_dir: Option<PathBuf>,
    /// How tokens are cached, `AWS_ECR_CACHE_ENCRYPTION`.
    pub cache_encryption: CacheEncryption,
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

/// How tokens are cached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum CacheEncryption {
    /// As they are, in files that only their owner may read.
    #[default]
    Off,
    /// Encrypted with a key that the operating system keeps for the user; where it can't, not at all.
    Os,
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

/// How much is to be logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogSetting {
    /// Nothing.
    Off,
    /// Events of this level and of those above it.
    From(LogLevel),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{variable}` must be {expected}")]
pub(crate) struct InvalidOption {
    variable: &'static str,
    expected: &'static str,
}

impl InvalidOption {
    /// The variable that has the value.
    pub(crate) fn variable(self) -> &'static str {
        self.variable
    }
}

impl Options {
    /// The variables, else what the file says, else the defaults.
    pub(crate) fn read(env: &Env, file: &FileOptions) -> Self {
        let is_on = |variable, in_file: Option<bool>| {
            if env.is_set(variable) { env.is_on(variable) } else { in_file.unwrap_or_default() }
        };
        let log_file = paths::log_file(env, file.log_file.as_deref());
        let (log, timeout, encryption) = (log(env), timeout(env), cache_encryption(env));
        let has_cache = !env.is_set(names::DISABLE_CACHE) && file.cache.unwrap_or(true);
        Self {
            cache_dir: if has_cache { paths::cache_dir(env, file.cache_dir.as_deref()) } else { None },
            // What may have been meant to encrypt must not write plain text.
            cache_encryption: encryption
                .unwrap_or(Some(CacheEncryption::Os))
                .or(file.cache_encryption)
                .unwrap_or_default(),
            log_level: match log.unwrap_or(Some(LogSetting::Off)).or(file.log) {
                Some(LogSetting::Off) => None,
                Some(LogSetting::From(level)) => Some(level),
                // A log file without a level.
                None => log_file.as_ref().map(|_| LogLevel::Info),
            },
            timeout: timeout.unwrap_or_default().or(file.timeout).unwrap_or(DEFAULT_TIMEOUT),
            strictness: if is_on(names::STRICT, file.strict) { Strictness::Strict } else { Strictness::Lenient },
            unplaced_passwords: if is_on(names::IGNORE_CREDS_STORAGE, file.ignore_creds_storage) {
                UnplacedPasswords::Drop
            } else {
                UnplacedPasswords::Refuse
            },
            log_file,
            invalid: log.err().or(timeout.err()).or(encryption.err()),
        }
    }

    /// The same, with the log off: opening it may change a file.
    pub(crate) fn without_log(self) -> Self {
        Self { log_level: None, log_file: None, ..self }
    }

    /// The same without a cache, and with this limit if it is shorter.
    pub(crate) fn uncached(&self, limit: Duration) -> Self {
        Self { cache_dir: None, timeout: self.timeout.min(limit), ..self.clone() }
    }

    /// Error: the first value that isn't valid.
    pub(crate) fn check(&self) -> Result<(), InvalidOption> {
        self.invalid.map_or(Ok(()), Err)
    }
}

impl LogSetting {
    /// What [`LogSetting::parse`] knows.
    pub(crate) const EXPECTED: &str = "off, error, warn, info, debug or trace";

    /// A level in any case.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(Self::From(match &*name.to_ascii_lowercase() {
            "off" => return Some(Self::Off),
            "error" => LogLevel::Error,
            "warn" => LogLevel::Warn,
            "info" => LogLevel::Info,
            // Other programs go one level further; there is nothing more to say here.
            "debug" | "trace" => LogLevel::Debug,
            _ => return None,
        }))
    }
}

impl CacheEncryption {
    /// What [`CacheEncryption::parse`] knows.
    pub(crate) const EXPECTED: &str = "os or off";

    /// A word in any case.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        match &*word.to_ascii_lowercase() {
            "off" => Some(Self::Off),
            "os" => Some(Self::Os),
            _ => None,
        }
    }
}

/// A time limit in seconds.
pub(crate) fn parse_timeout(seconds: u64) -> Option<Duration> {
    (1..=3_600).contains(&seconds).then(|| Duration::from_secs(seconds))
}

/// What [`parse_timeout`] accepts.
pub(crate) const EXPECTED_TIMEOUT: &str = "a number of seconds from 1 to 3600";

fn log(env: &Env) -> Result<Option<LogSetting>, InvalidOption> {
    let Some(name) = env.text(names::LOG) else { return Ok(None) };
    let invalid = InvalidOption { variable: names::LOG, expected: LogSetting::EXPECTED };
    LogSetting::parse(&name).ok_or(invalid).map(Some)
}

fn cache_encryption(env: &Env) -> Result<Option<CacheEncryption>, InvalidOption> {
    let Some(word) = env.text(names::CACHE_ENCRYPTION) else { return Ok(None) };
    let invalid = InvalidOption { variable: names::CACHE_ENCRYPTION, expected: CacheEncryption::EXPECTED };
    CacheEncryption::parse(&word).ok_or(invalid).map(Some)
}

fn timeout(env: &Env) -> Result<Option<Duration>, InvalidOption> {
    let Some(text) = env.text(names::TIMEOUT) else { return Ok(None) };
    let invalid = InvalidOption { variable: names::TIMEOUT, expected: EXPECTED_TIMEOUT };
    text.trim().parse().ok().and_then(parse_timeout).ok_or(invalid).map(Some)
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
        read_with(variables, &FileOptions::default())
    }

    fn read_with(variables: &[(&str, &str)], file: &FileOptions) -> Options {
        Options::read(&Env::fixed(variables.iter().copied()), file)
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

    #[test]
    fn encryption_of_the_cache_is_off_unless_it_is_asked_for_and_another_word_is_a_mistake() {
        for (value, encryption) in
            [("", CacheEncryption::Off), ("off", CacheEncryption::Off), ("OS", CacheEncryption::Os)]
        {
            let options = read(&[("AWS_ECR_CACHE_ENCRYPTION", value)]);
            assert_eq!((options.cache_encryption, options.check()), (encryption, Ok(())), "{value:?}");
        }
        for value in ["on", "true", "1", "o", "aes"] {
            let options = read(&[("AWS_ECR_CACHE_ENCRYPTION", value)]);
            let message = options.check().expect_err(value).to_string();
            assert_eq!(message, "`AWS_ECR_CACHE_ENCRYPTION` must be os or off");
            assert_eq!(options.cache_encryption, CacheEncryption::Os, "what doesn't check must not write plain text");
        }
    }

    #[test]
    fn what_the_file_says_counts_where_no_variable_is_set() {
        let file = FileOptions {
            cache: None,
            cache_dir: Some("/in-file".into()),
            cache_encryption: Some(CacheEncryption::Os),
            timeout: Some(Duration::from_secs(7)),
            strict: Some(true),
            ignore_creds_storage: Some(true),
            log: Some(LogSetting::From(LogLevel::Debug)),
            log_file: Some("~/in-file".into()),
        };
        let variables = [
            "CACHE_DIR",
            "DISABLE_CACHE",
            "CACHE_ENCRYPTION",
            "TIMEOUT",
            "STRICT",
            "IGNORE_CREDS_STORAGE",
            "LOG",
            "LOG_FILE",
        ];
        let variables = variables.map(|name| format!("AWS_ECR_{name}"));
        let mut unset = variables.iter().map(|name| (&**name, "")).collect::<Vec<_>>();
        unset.push(("HOME", "/home/me"));
        let by_file = Options {
            cache_dir: Some("/in-file".into()),
            cache_encryption: CacheEncryption::Os,
            timeout: Duration::from_secs(7),
            strictness: Strictness::Strict,
            unplaced_passwords: UnplacedPasswords::Drop,
            log_level: Some(LogLevel::Debug),
            log_file: Some("/home/me/in-file".into()),
            invalid: None,
        };
        assert_eq!(read_with(&unset, &file), by_file);
        let set = ["/in-variable", "", "off", "8", "false", "0", "error", "/in-variable"];
        let set: Vec<_> = variables.iter().map(|name| &**name).zip(set).collect();
        let by_variables = Options {
            cache_dir: Some("/in-variable".into()),
            cache_encryption: CacheEncryption::Off,
            timeout: Duration::from_secs(8),
            strictness: Strictness::Lenient,
            unplaced_passwords: UnplacedPasswords::Refuse,
            log_level: Some(LogLevel::Error),
            log_file: Some("/in-variable".into()),
            invalid: None,
        };
        assert_eq!(read_with(&set, &file), by_variables);
    }

    #[test]
    fn either_turns_the_cache_off_and_the_variable_the_log() {
        let file = |cache| FileOptions { cache, cache_dir: Some("/tokens".into()), ..FileOptions::default() };
        for (cache, disabled, has_cache) in
            [(Some(true), "", true), (Some(false), "", false), (Some(true), "1", false), (None, "1", false)]
        {
            let options = read_with(&[("AWS_ECR_DISABLE_CACHE", disabled)], &file(cache));
            assert_eq!(options.cache_dir.is_some(), has_cache, "{cache:?} {disabled}");
        }
        let log_file = FileOptions { log_file: Some("/log".into()), ..FileOptions::default() };
        let off = FileOptions { log: Some(LogSetting::Off), ..log_file.clone() };
        for (file, variable, level) in [
            (&log_file, "", Some(LogLevel::Info)),
            (&log_file, "off", None),
            (&off, "", None),
            (&off, "warn", Some(LogLevel::Warn)),
            // Said by `check`.
            (&log_file, "loud", None),
        ] {
            assert_eq!(read_with(&[("AWS_ECR_LOG", variable)], file).log_level, level, "{file:?} {variable}");
        }
    }
}
