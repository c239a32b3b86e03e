//! The `[options]` of the configuration file, which say what the variables `AWS_ECR_*` say: for programs that don't pass
//! variables on.

use std::path::{Path, PathBuf};

use super::toml::{DeTable, DeValue, Key, Problem, Value, entries, flag, keys, parsed, string};
use crate::options::{CacheEncryption, EXPECTED_TIMEOUT, FileOptions, LogSetting, parse_timeout};

keys! {
    /// In `[options]`.
    OptionKey {
        Cache = "cache",
        CacheDir = "cache_dir",
        CacheEncryption = "cache_encryption",
        Timeout = "timeout",
        Strict = "strict",
        IgnoreCredsStorage = "ignore_creds_storage",
        Log = "log",
        LogFile = "log_file",
    }
}

/// Reads the value of `options`.
/// Error: the first mistake in it.
pub(super) fn options(value: &Value<'_>) -> Result<FileOptions, Problem> {
    let DeValue::Table(table) = value.get_ref() else {
        return Err(Problem::at(value, "`options` must be a table; write `[options]`"));
    };
    in_table(table)
}

fn in_table(table: &DeTable<'_>) -> Result<FileOptions, Problem> {
    let mut options = FileOptions::default();
    for entry in entries(table) {
        let (key, value) = entry?;
        match key {
            OptionKey::Cache => options.cache = Some(flag(key, value)?.into_inner()),
            OptionKey::CacheDir => options.cache_dir = Some(path(key, value)?),
            OptionKey::CacheEncryption => {
                let encryption = parsed(&string(key, value)?, parse_encryption)?;
                options.cache_encryption = Some(encryption.into_inner());
            }
            OptionKey::Timeout => {
                let problem = || Problem::at(value, format!("`{}` must be {EXPECTED_TIMEOUT}", key.name()));
                options.timeout = Some(whole_number(value).and_then(parse_timeout).ok_or_else(problem)?);
            }
            OptionKey::Strict => options.strict = Some(flag(key, value)?.into_inner()),
            OptionKey::IgnoreCredsStorage => options.ignore_creds_storage = Some(flag(key, value)?.into_inner()),
            OptionKey::Log => options.log = Some(parsed(&string(key, value)?, parse_log)?.into_inner()),
            OptionKey::LogFile => options.log_file = Some(path(key, value)?),
        }
    }
    Ok(options)
}

fn whole_number(value: &Value<'_>) -> Option<u64> {
    let number = value.get_ref().as_integer()?;
    u64::from_str_radix(number.as_str(), number.radix()).ok()
}

fn path(key: OptionKey, value: &Value<'_>) -> Result<PathBuf, Problem> {
    Ok(parsed(&string(key, value)?, parse_path)?.into_inner())
}

/// The working directory is another one for each client.
fn parse_path(text: &str) -> Result<PathBuf, String> {
    let path = Path::new(text);
    if path.is_absolute() || path.starts_with("~") {
        Ok(path.to_owned())
    } else {
        Err("is not an absolute path, nor one that begins with `~/`".to_owned())
    }
}

fn parse_encryption(word: &str) -> Result<CacheEncryption, String> {
    CacheEncryption::parse(word).ok_or_else(|| format!("is not a form of encryption: {}", CacheEncryption::EXPECTED))
}

fn parse_log(name: &str) -> Result<LogSetting, String> {
    LogSetting::parse(name).ok_or_else(|| format!("is not a log level: {}", LogSetting::EXPECTED))
}
