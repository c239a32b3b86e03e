//! The configuration file, `config.toml`: found, read, and turned into [`Rules`].
//!
//! Every `get` reads it, so a missing file costs one failed open. Only its owner may write it: a
//! fallback helper is a program that this one starts, and a rule selects the role whose token a
//! client gets. Every mistake in it is an error with file, line and column; nothing is silently
//! ignored.
//!
//! Leaves out: what the rules mean for a request (`rules`), and which keys there are (`schema`).

mod fallback_entry;
mod options;
mod schema;
#[cfg(test)]
mod tests;
mod toml;

use std::path::PathBuf;

use thiserror::Error;

use crate::env::{Env, names};
use crate::error::{Failure, FailureKind};
use crate::fs::{PathError, read_unshared};
use crate::options::{FileOptions, Options};
use crate::paths::{self, FilePlace};
use crate::registry::Registry;
use crate::rules::{Destination, Position, Rules};
use crate::server_url::ServerUrl;
pub(crate) use fallback_entry::{FallbackEntryError, with_fallback, without_fallback};
pub(crate) use schema::parse;

/// The longest file that is read: some thousands of rules.
pub(crate) const LONGEST_FILE: usize = 1 << 20;

/// Why the configuration file can't be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// It, or something on the path to it, can't be read, or others may write it.
    #[error(transparent)]
    Unreadable(#[from] PathError),
    /// The variable names a file that doesn't exist.
    #[error("`{}`, which `{}` names, does not exist", .0.display(), names::CONFIG)]
    Missing(PathBuf),
    /// It isn't text.
    #[error("`{}` is not valid UTF-8", .0.display())]
    NotUtf8(PathBuf),
    /// It isn't TOML, or a value in it isn't valid.
    #[error("{}:{position}: {problem}", file.display())]
    Invalid {
        /// Its path.
        file: PathBuf,
        /// Where the problem is.
        position: Position,
        /// What is wrong there, on one line.
        problem: String,
        /// What to write instead, if that is certain.
        correction: Option<Correction>,
    },
}

/// A misspelled key, and the one that is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// As it stands in the file.
    pub written: String,
    /// As it must be.
    pub meant: &'static str,
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let kind = match &error {
            ConfigError::Unreadable(error) if error.is_shortage() => FailureKind::Refused,
            ConfigError::Unreadable(_)
            | ConfigError::Missing(_)
            | ConfigError::NotUtf8(_)
            | ConfigError::Invalid { .. } => FailureKind::ConfigFile,
        };
        let detail = match &error {
            ConfigError::Unreadable(PathError { source, .. }) => format!("{error}: {source}"),
            ConfigError::Missing(_) | ConfigError::NotUtf8(_) | ConfigError::Invalid { .. } => error.to_string(),
        };
        Self::new(kind, detail)
    }
}

/// What answers for the server URL of a client, by the rules of the configuration file, and the options. If the file can't
/// be used, they are those of the variables.
pub(crate) fn destination(env: &Env, server_url: &str) -> (Destination, Options) {
    match read(env) {
        Ok(rules) => (rules.destination(server_url), Options::read(env, &rules.options)),
        Err(error) => {
            let registry = ServerUrl::parse(server_url).and_then(|server_url| Registry::parse(server_url.host()));
            let destination = Destination::Misconfigured { registry, error: error.into() };
            (destination, Options::read(env, &FileOptions::default()))
        }
    }
}

/// Reads `AWS_ECR_CONFIG`, else `ecr-login/config.toml` in the platform's configuration directory.
/// A file that is missing, or whose directory can't be searched, has no rules, unless the variable
/// names it.
/// Error: the file can't be read, or the first mistake in it.
pub(crate) fn read(env: &Env) -> Result<Rules, ConfigError> {
    let Some(FilePlace { path, named_by }) = paths::config_place(env) else { return Ok(Rules::default()) };
    let contents = match read_unshared(&path, LONGEST_FILE) {
        Err(error) if error.is_unreachable() && named_by.is_none() => None,
        read => read?,
    };
    let Some(contents) = contents else {
        return if named_by.is_some() { Err(ConfigError::Missing(path)) } else { Ok(Rules::default()) };
    };
    match String::from_utf8(contents) {
        Ok(text) => parse(&text, &path),
        Err(_) => Err(ConfigError::NotUtf8(path)),
    }
}
