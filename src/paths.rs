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

/// Where a file is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FilePlace {
    pub path: PathBuf,
    /// The variable that says so.
    pub named_by: Option<&'static str>,
}

/// Our own configuration file: `AWS_ECR_CONFIG`, else `ecr-login/config.toml` in the platform's
/// configuration directory. `None` also if the variable is set to the empty string.
pub(crate) fn config_place(env: &Env) -> Option<FilePlace> {
    let Some(path) = env.path_or_empty(names::CONFIG) else {
        let path = dirs::config_dir()?.join("ecr-login").join("config.toml");
        return Some(FilePlace { path, named_by: None });
    };
    let place = FilePlace { path: expand_tilde(env, &path), named_by: Some(names::CONFIG) };
    (!path.as_os_str().is_empty()).then_some(place)
}

/// The path of [`config_place`].
pub(crate) fn config_file(env: &Env) -> Option<PathBuf> {
    Some(config_place(env)?.path)
}

/// The profile files, `config` and `credentials`: as `AWS_CONFIG_FILE` and
/// `AWS_SHARED_CREDENTIALS_FILE` say, else in `~/.aws`.
pub(crate) fn profile_files(env: &Env) -> [Option<FilePlace>; 2] {
    let default = |name| Some(home(env)?.join(".aws").join(name));
    [(names::CONFIG_FILE, "config"), (names::SHARED_CREDENTIALS_FILE, "credentials")].map(|(variable, name)| {
        let named = env.path(variable).map(|path| expand_tilde(env, &expand_variables(env, path)));
        let named_by = named.is_some().then_some(variable);
        Some(FilePlace { path: named.or_else(|| default(name))?, named_by })
    })
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

/// Replaces `$NAME` and `${NAME}` by the variable, as the AWS CLI does; one that isn't set stays as it is
/// (<https://docs.python.org/3/library/os.path.html#os.path.expandvars>).
fn expand_variables(env: &Env, path: PathBuf) -> PathBuf {
    let Some(text) = path.to_str().filter(|text| text.contains('$')) else { return path };
    let mut parts = text.split('$');
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
    PathBuf::from(expanded)
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
            for (index, variable) in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"].into_iter().enumerate() {
                let env = Env::fixed([("HOME", "/home/me"), ("NAME", "name"), (variable, path)]);
                let expected = FilePlace { path: PathBuf::from(expected), named_by: Some(variable) };
                assert_eq!(profile_files(&env)[index], Some(expected), "{path}");
            }
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
        let file = |path: &str, named_by| Some(FilePlace { path: PathBuf::from(path), named_by });
        let env = Env::fixed([("HOME", "/home/me")]);
        assert_eq!(profile_files(&env), [file("/home/me/.aws/config", None), file("/home/me/.aws/credentials", None)]);
        let (config, credentials) = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE");
        let env = Env::fixed([("HOME", "/home/me"), (config, "~/c"), (credentials, "/etc/aws")]);
        let expected = [file("/home/me/c", Some(config)), file("/etc/aws", Some(credentials))];
        assert_eq!(profile_files(&env), expected);
    }
}
