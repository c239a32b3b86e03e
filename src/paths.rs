//! Where files lie: the home directory, the cache, the configuration file and the AWS CLI's files.
//!
//! The rules for the AWS files are those of
//! <https://docs.aws.amazon.com/sdkref/latest/guide/file-location.html>. The other two lie where
//! the platform keeps such files, as the crate `dirs` knows it. Without a home directory, a place
//! that no variable names is `None`.

use std::path::{Path, PathBuf};

use crate::env::{Env, names};
use crate::redact::one_line;

/// The directory with the cached tokens: `AWS_ECR_CACHE_DIR`, else what the configuration file says,
/// else `ecr-login` in the platform's cache directory.
pub(crate) fn cache_dir(env: &Env, in_file: Option<&Path>) -> Option<PathBuf> {
    place(env, names::CACHE_DIR, || match in_file {
        Some(path) => Some(expand_tilde(env, path)),
        None => Some(dirs::cache_dir()?.join("ecr-login")),
    })
}

/// The file for the log, if any: `AWS_ECR_LOG_FILE`, else what the configuration file says.
pub(crate) fn log_file(env: &Env, in_file: Option<&Path>) -> Option<PathBuf> {
    place(env, names::LOG_FILE, || in_file.map(|path| expand_tilde(env, path)))
}

/// Our own configuration file: `AWS_ECR_CONFIG`, else `ecr-login/config.toml` in the platform's
/// configuration directory. `None` also if the variable is set to the empty string.
pub(crate) fn config_file(env: &Env) -> Option<PathBuf> {
    let default = || Some(dirs::config_dir()?.join("ecr-login").join("config.toml"));
    if env.is_empty(names::CONFIG) { None } else { place(env, names::CONFIG, default) }
}

/// `AWS_CONFIG_FILE`, else `~/.aws/config`.
pub(crate) fn shared_config_file(env: &Env) -> Option<PathBuf> {
    aws_place(env, names::CONFIG_FILE, || Some(home(env)?.join(".aws").join("config")))
}

/// `AWS_SHARED_CREDENTIALS_FILE`, else `~/.aws/credentials`.
pub(crate) fn shared_credentials_file(env: &Env) -> Option<PathBuf> {
    aws_place(env, names::SHARED_CREDENTIALS_FILE, || Some(home(env)?.join(".aws").join("credentials")))
}

/// Where the AWS CLI stores the sessions of roles: `~/.aws/cli/cache`.
pub(crate) fn aws_session_cache(env: &Env) -> Option<PathBuf> {
    Some(home(env)?.join(".aws").join("cli").join("cache"))
}

/// Where the AWS CLI stores the tokens of SSO sessions: `~/.aws/sso/cache`.
pub(crate) fn sso_token_cache(env: &Env) -> Option<PathBuf> {
    Some(home(env)?.join(".aws").join("sso").join("cache"))
}

/// `XDG_CONFIG_HOME`, else `~/.config`, on every platform, as Podman and its relatives have it.
pub(crate) fn dot_config(env: &Env) -> Option<PathBuf> {
    env.path(names::XDG_CONFIG_HOME).or_else(|| Some(home(env)?.join(".config")))
}

/// `XDG_CONFIG_HOME`, else the platform's directory for preferences, as Helm has it.
pub(crate) fn preferences(env: &Env) -> Option<PathBuf> {
    env.path(names::XDG_CONFIG_HOME).or_else(dirs::preference_dir)
}

fn place(env: &Env, variable: &str, default: impl FnOnce() -> Option<PathBuf>) -> Option<PathBuf> {
    env.path(variable).map(|path| expand_tilde(env, &path)).or_else(default)
}

/// As [`place`], with variables in the path, which the AWS CLI replaces.
fn aws_place(env: &Env, variable: &str, default: impl FnOnce() -> Option<PathBuf>) -> Option<PathBuf> {
    let Some(path) = env.text(variable).filter(|path| path.contains('$')) else { return place(env, variable, default) };
    Some(expand_tilde(env, Path::new(&expand_variables(env, &path))))
}

/// Replaces `$NAME` and `${NAME}` by the variable; one that isn't set stays as it is
/// (<https://docs.python.org/3/library/os.path.html#os.path.expandvars>).
fn expand_variables(env: &Env, path: &str) -> String {
    let mut parts = path.split('$');
    let mut expanded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_of_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
        let (name, rest) = match part.strip_prefix('{').and_then(|part| part.split_once('}')) {
            Some(braced) => braced,
            None => part.split_at(part.find(|character| !is_of_name(character)).unwrap_or(part.len())),
        };
        match env.text(name) {
            Some(value) => expanded.extend([&value, rest]),
            None => expanded.extend(["$", part]),
        }
    }
    expanded
}

/// `HOME` on every platform, as in the AWS SDKs, else `USERPROFILE`, which Windows sets, else the
/// platform's own answer.
pub(crate) fn home(env: &Env) -> Option<PathBuf> {
    env.path(names::HOME).or_else(|| env.path(names::USERPROFILE)).or_else(dirs::home_dir)
}

/// Replaces a leading `~` by the home directory; `~user` stays as it is.
pub(crate) fn expand_tilde(env: &Env, path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), home(env)) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

/// A path as a person reads it: with `~` for the home directory.
pub(crate) fn with_tilde(env: &Env, path: &Path) -> String {
    let below_home = home(env).filter(|home| home.parent().is_some()).and_then(|home| path.strip_prefix(home).ok());
    let shown = below_home.map_or_else(|| path.to_owned(), |below| Path::new("~").join(below));
    one_line(&shown.display().to_string())
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
            assert_eq!(cache_dir(&env(path), Some(Path::new("/in-file"))), Some(PathBuf::from(expected)), "{path}");
        }
    }

    #[test]
    fn variables_in_the_place_of_a_profile_file_are_replaced() {
        for (path, expected) in [
            ("$HOME/.aws/x", "/home/me/.aws/x"),
            ("${HOME}/x$HOME", "/home/me/x/home/me"),
            ("/a/$UNSET/${UNSET}/$/${", "/a/$UNSET/${UNSET}/$/${"),
            ("$HOMER/x", "$HOMER/x"),
            ("~/$NAME.conf", "/home/me/name.conf"),
        ] {
            let env = Env::fixed([("HOME", "/home/me"), ("NAME", "name"), ("AWS_CONFIG_FILE", path)]);
            assert_eq!(shared_config_file(&env), Some(PathBuf::from(expected)), "{path}");
            let env = Env::fixed([("HOME", "/home/me"), ("NAME", "name"), ("AWS_SHARED_CREDENTIALS_FILE", path)]);
            assert_eq!(shared_credentials_file(&env), Some(PathBuf::from(expected)), "{path}");
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
