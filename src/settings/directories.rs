//! Where things lie: the cache, and the shared configuration files.
//!
//! The rules for the AWS files are those of
//! <https://docs.aws.amazon.com/sdkref/latest/guide/file-location.html>; those for the cache are the platform's, as the
//! crate `dirs` knows them.

use std::path::{Path, PathBuf};

use crate::env::{Env, names};
use crate::settings::profile_file::{ProfileFile, ProfileFileError};

/// `AWS_ECR_CACHE_DIR`, else `ecr-login` in the platform's cache directory. `None` without any home.
pub(super) fn cache(env: &Env) -> Option<PathBuf> {
    match env.path(names::CACHE_DIR) {
        Some(path) => Some(expand_tilde(env, &path)),
        None => dirs::cache_dir().map(|caches| caches.join("ecr-login")),
    }
}

/// `AWS_ECR_CONFIG`, else `ecr-login/config.toml` in the platform's configuration directory. `None` without any home, and
/// where the variable is the empty string.
pub(super) fn rules_file(env: &Env) -> Option<PathBuf> {
    if env.is_empty(names::CONFIG) {
        return None;
    }
    match env.path(names::CONFIG) {
        Some(path) => Some(expand_tilde(env, &path)),
        None => dirs::config_dir().map(|configuration| configuration.join("ecr-login").join("config.toml")),
    }
}

/// `AWS_CONFIG_FILE`, else `~/.aws/config`. `None` without any home.
pub(super) fn config_file(env: &Env) -> Option<PathBuf> {
    shared_file(env, names::CONFIG_FILE, "config")
}

/// `AWS_SHARED_CREDENTIALS_FILE`, else `~/.aws/credentials`. `None` without any home.
pub(super) fn credentials_file(env: &Env) -> Option<PathBuf> {
    shared_file(env, names::SHARED_CREDENTIALS_FILE, "credentials")
}

/// Where the AWS CLI keeps the sessions of roles: `~/.aws/cli/cache`. `None` without any home.
pub(super) fn cli_cache(env: &Env) -> Option<PathBuf> {
    home(env).map(|home| home.join(".aws").join("cli").join("cache"))
}

/// A mistake in a profile file, with the path and line to look at.
pub(super) fn locate(env: &Env, error: &ProfileFileError) -> String {
    let path = match error.file {
        ProfileFile::Config => config_file(env),
        ProfileFile::Credentials => credentials_file(env),
    };
    format!("{}:{}: {}", path.unwrap_or_default().display(), error.line, error.problem)
}

fn shared_file(env: &Env, variable: &str, name: &str) -> Option<PathBuf> {
    match env.path(variable) {
        Some(path) => Some(expand_tilde(env, &path)),
        None => home(env).map(|home| home.join(".aws").join(name)),
    }
}

/// `HOME` on every platform, as the SDKs do, else what the platform says.
fn home(env: &Env) -> Option<PathBuf> {
    let set = env.path(names::HOME);
    let set = if cfg!(windows) { set.or_else(|| env.path(names::USERPROFILE)) } else { set };
    set.or_else(dirs::home_dir)
}

/// Puts the home directory in place of a leading `~`; `~user` is left alone.
pub(super) fn expand_tilde(env: &Env, path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), home(env)) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leading_tilde_is_the_home_directory() {
        let env = |path| Env::fixed([("HOME", "/home/me"), ("AWS_ECR_CACHE_DIR", path)]);
        for (path, expected) in
            [("~/tokens", "/home/me/tokens"), ("~", "/home/me"), ("/a/~/b", "/a/~/b"), ("~you/x", "~you/x")]
        {
            assert_eq!(cache(&env(path)), Some(PathBuf::from(expected)), "{path}");
        }
    }

    #[test]
    fn the_rules_lie_where_their_variable_says_and_the_empty_string_means_none() {
        let file = |value| rules_file(&Env::fixed([("HOME", "/home/me"), ("AWS_ECR_CONFIG", value)]));
        assert_eq!(file("~/rules.toml"), Some(PathBuf::from("/home/me/rules.toml")));
        assert_eq!(file(""), None);
    }

    #[test]
    fn the_aws_files_lie_at_home_or_where_their_variables_say() {
        let env = Env::fixed([("HOME", "/home/me")]);
        assert_eq!(config_file(&env), Some(PathBuf::from("/home/me/.aws/config")));
        assert_eq!(credentials_file(&env), Some(PathBuf::from("/home/me/.aws/credentials")));
        let env =
            Env::fixed([("HOME", "/home/me"), ("AWS_CONFIG_FILE", "~/c"), ("AWS_SHARED_CREDENTIALS_FILE", "/etc/aws")]);
        assert_eq!(config_file(&env), Some(PathBuf::from("/home/me/c")));
        assert_eq!(credentials_file(&env), Some(PathBuf::from("/etc/aws")));
    }
}
