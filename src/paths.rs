//! Where files lie: the home directory, the cache, the configuration file and the AWS CLI's files.
//!
//! The rules for the AWS files are those of <https://docs.aws.amazon.com/sdkref/latest/guide/file-location.html>; the
//! other two lie where the platform keeps such files, as the crate `dirs` knows it.

use std::path::{Path, PathBuf};

use crate::env::{Env, names};

/// The directory with the cached tokens: `AWS_ECR_CACHE_DIR`, else `ecr-login` in the platform's cache directory. `None`
/// without a home directory.
pub(crate) fn cache_dir(env: &Env) -> Option<PathBuf> {
    match env.path(names::CACHE_DIR) {
        Some(path) => Some(expand_tilde(env, &path)),
        None => dirs::cache_dir().map(|caches| caches.join("ecr-login")),
    }
}

/// Our own configuration file: `AWS_ECR_CONFIG`, else `ecr-login/config.toml` in the platform's configuration directory.
/// `None` without a home directory, and if the variable is set to the empty string.
pub(crate) fn config_file(env: &Env) -> Option<PathBuf> {
    if env.is_empty(names::CONFIG) {
        return None;
    }
    match env.path(names::CONFIG) {
        Some(path) => Some(expand_tilde(env, &path)),
        None => dirs::config_dir().map(|directory| directory.join("ecr-login").join("config.toml")),
    }
}

/// `AWS_CONFIG_FILE`, else `~/.aws/config`. `None` without a home directory.
pub(crate) fn shared_config_file(env: &Env) -> Option<PathBuf> {
    aws_file(env, names::CONFIG_FILE, "config")
}

/// `AWS_SHARED_CREDENTIALS_FILE`, else `~/.aws/credentials`. `None` without a home directory.
pub(crate) fn shared_credentials_file(env: &Env) -> Option<PathBuf> {
    aws_file(env, names::SHARED_CREDENTIALS_FILE, "credentials")
}

/// Where the AWS CLI stores the sessions of roles: `~/.aws/cli/cache`. `None` without a home directory.
pub(crate) fn aws_session_cache(env: &Env) -> Option<PathBuf> {
    home(env).map(|home| home.join(".aws").join("cli").join("cache"))
}

/// Where the AWS CLI stores the tokens of SSO sessions: `~/.aws/sso/cache`. `None` without a home directory.
pub(crate) fn sso_token_cache(env: &Env) -> Option<PathBuf> {
    home(env).map(|home| home.join(".aws").join("sso").join("cache"))
}

fn aws_file(env: &Env, variable: &str, name: &str) -> Option<PathBuf> {
    match env.path(variable) {
        Some(path) => Some(expand_tilde(env, &path)),
        None => home(env).map(|home| home.join(".aws").join(name)),
    }
}

/// `HOME` on every platform, as in the AWS SDKs, else `USERPROFILE`, which Windows sets, else the platform's own answer.
fn home(env: &Env) -> Option<PathBuf> {
    env.path(names::HOME).or_else(|| env.path(names::USERPROFILE)).or_else(dirs::home_dir)
}

/// Replaces a leading `~` by the home directory; `~user` stays as it is.
pub(crate) fn expand_tilde(env: &Env, path: &Path) -> PathBuf {
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
            assert_eq!(cache_dir(&env(path)), Some(PathBuf::from(expected)), "{path}");
        }
    }

    #[test]
    fn the_configuration_file_lies_where_its_variable_says_and_the_empty_string_means_none() {
        let file = |value| config_file(&Env::fixed([("HOME", "/home/me"), ("AWS_ECR_CONFIG", value)]));
        assert_eq!(file("~/rules.toml"), Some(PathBuf::from("/home/me/rules.toml")));
        assert_eq!(file(""), None);
    }

    #[test]
    fn the_aws_files_lie_at_home_or_where_their_variables_say() {
        let env = Env::fixed([("HOME", "/home/me")]);
        assert_eq!(shared_config_file(&env), Some(PathBuf::from("/home/me/.aws/config")));
        assert_eq!(shared_credentials_file(&env), Some(PathBuf::from("/home/me/.aws/credentials")));
        let env =
            Env::fixed([("HOME", "/home/me"), ("AWS_CONFIG_FILE", "~/c"), ("AWS_SHARED_CREDENTIALS_FILE", "/etc/aws")]);
        assert_eq!(shared_config_file(&env), Some(PathBuf::from("/home/me/c")));
        assert_eq!(shared_credentials_file(&env), Some(PathBuf::from("/etc/aws")));
    }
}
