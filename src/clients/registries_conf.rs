//! `credential-helpers` of Podman, Buildah and Skopeo: the helpers that are asked for every registry.
//!
//! The key is in `registries.conf` or a drop-in file in `registries.conf.d`, and the last file that has it replaces the
//! list: <https://github.com/containers/image/blob/main/docs/containers-registries.conf.5.md>. A user's
//! `registries.conf` replaces the system's together with its drop-ins. Without the key the list is
//! `containers-auth.json`, which stands for the files with logins.

use std::path::{Path, PathBuf};

use thiserror::Error;
use toml::de::{DeTable, DeValue};

use super::OWN_NAME;
use crate::env::{Env, names};
use crate::fs::{PathError, read_bounded};
use crate::paths;

/// The drop-in file that we write. Of those of a directory it is read last.
const DROP_IN: &str = "99-ecr-login.conf";

/// The list if no file has the key.
const LOGINS: &str = "containers-auth.json";

const KEY: &str = "credential-helpers";

const SYSTEM_FILE: &str = "/etc/containers/registries.conf";
const SYSTEM_DIRECTORY: &str = "/etc/containers/registries.conf.d";

/// The longest file that is read.
const LONGEST_FILE: usize = 4 << 20;

/// Why a `registries.conf` or a drop-in file can't be used.
#[derive(Debug, Error)]
pub(crate) enum RegistriesConfError {
    /// It can't be read.
    #[error(transparent)]
    Unreadable(#[from] PathError),
    /// It isn't TOML, or the key isn't a list of names.
    #[error("`{}` can't be used: {problem}", path.display())]
    Malformed { path: PathBuf, problem: String },
}

/// The helpers that are asked for every registry.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CredentialHelpers {
    /// In the order in which they are asked.
    pub(crate) helpers: Vec<String>,
    /// The file that the list is in; `None` if no file has one.
    pub(crate) file: Option<PathBuf>,
}

impl CredentialHelpers {
    /// Whether we are one of them.
    pub(crate) fn has_us(&self) -> bool {
        self.helpers.iter().any(|helper| helper == OWN_NAME)
    }
}

/// The drop-in file that we write for all users.
pub(crate) fn drop_in(env: &Env) -> PathBuf {
    system_directory(env).join(DROP_IN)
}

/// The text of that file: the helpers so far, and us. The logins are asked first, as if there was no list.
pub(crate) fn with_us(before: &CredentialHelpers) -> String {
    let helpers = before.helpers.iter().filter(|helper| *helper != OWN_NAME).map(String::as_str).chain([OWN_NAME]);
    let quoted: Vec<_> = helpers.map(toml_string).collect();
    format!(
        "# Written by `docker-credential-{OWN_NAME} configure --system-wide`.\n\
         # This list replaces those of other files, so it repeats what was in them.\n\
         {KEY} = [{}]\n",
        quoted.join(", ")
    )
}

/// The helpers that a user of this machine has who has no files of that kind, without our drop-in file.
/// Error: a file can't be read, or isn't valid.
pub(crate) fn of_system(env: &Env) -> Result<CredentialHelpers, RegistriesConfError> {
    let directory = system_directory(env);
    let drop_ins = drop_ins_in(&directory).into_iter().filter(|path| *path != directory.join(DROP_IN));
    last(std::iter::once(system_file(env)).chain(drop_ins))
}

/// The helpers that the current user has.
/// Error: a file can't be read, or isn't valid.
pub(crate) fn of_user(env: &Env) -> Result<CredentialHelpers, RegistriesConfError> {
    let own = paths::home(env).map(|home| home.join(".config").join("containers"));
    let own_file = own.as_ref().map(|own| own.join("registries.conf")).filter(|file| file.exists());
    let mut files = Vec::new();
    if let Some(file) = own_file.filter(|_| !env.is_set(names::REGISTRIES_CONF)) {
        files.push(file);
        if env.is_set(names::REGISTRIES_CONF_DIR) {
            files.extend(drop_ins_in(&system_directory(env)));
        }
    } else {
        files.push(system_file(env));
        files.extend(drop_ins_in(&system_directory(env)));
    }
    if let Some(own) = own.filter(|_| !env.is_set(names::REGISTRIES_CONF_DIR)) {
        files.extend(drop_ins_in(&own.join("registries.conf.d")));
    }
    last(files)
}

fn system_file(env: &Env) -> PathBuf {
    env.path(names::REGISTRIES_CONF).unwrap_or_else(|| SYSTEM_FILE.into())
}

fn system_directory(env: &Env) -> PathBuf {
    env.path(names::REGISTRIES_CONF_DIR).unwrap_or_else(|| SYSTEM_DIRECTORY.into())
}

/// The drop-in files of a directory, in the order in which they are read.
fn drop_ins_in(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "conf"))
        .collect();
    files.sort();
    files
}

/// The list of the last file that has one.
fn last(files: impl IntoIterator<Item = PathBuf>) -> Result<CredentialHelpers, RegistriesConfError> {
    let mut found = CredentialHelpers { helpers: vec![LOGINS.to_owned()], file: None };
    for file in files {
        if let Some(helpers) = read(&file)? {
            found = CredentialHelpers { helpers, file: Some(file) };
        }
    }
    Ok(found)
}

fn read(path: &Path) -> Result<Option<Vec<String>>, RegistriesConfError> {
    let Some(contents) = read_bounded(path, LONGEST_FILE)? else { return Ok(None) };
    let malformed = |problem: String| RegistriesConfError::Malformed { path: path.to_owned(), problem };
    let text = String::from_utf8(contents).map_err(|_| malformed("it is not valid UTF-8".to_owned()))?;
    let table =
        DeTable::parse(&text).map_err(|error| malformed(format!("it is not valid TOML: {}", error.message())))?;
    let Some(value) = table.get_ref().get(KEY) else { return Ok(None) };
    let wrong = || malformed(format!("`{KEY}` must be an array of strings"));
    let DeValue::Array(items) = value.get_ref() else { return Err(wrong()) };
    let name = |item: &toml::Spanned<DeValue<'_>>| item.get_ref().as_str().map(str::to_owned).ok_or_else(wrong);
    items.iter().map(name).collect::<Result<_, _>>().map(Some)
}

/// A basic string: <https://toml.io/en/v1.0.0#string>. JSON escapes no less, and nothing in another way.
fn toml_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "the tests write the files")]

    use std::fs;

    use super::*;

    /// The helpers of the system with these drop-in files, and of a user with these files.
    fn helpers(system: &[(&str, &str)], user: &[(&str, &str)]) -> (CredentialHelpers, CredentialHelpers, PathBuf) {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let (etc, own) = (directory.path().join("etc"), directory.path().join(".config/containers"));
        for (place, files) in [(&etc, system), (&own, user)] {
            fs::create_dir_all(place.join("registries.conf.d")).expect("a directory");
            for (name, text) in files {
                fs::write(place.join(name), text).expect("written");
            }
        }
        let path = |name: &str| etc.join(name).to_str().expect("UTF-8").to_owned();
        let home = directory.path().to_str().expect("UTF-8");
        let (file, drop_ins) = (path("registries.conf"), path("registries.conf.d"));
        let env = Env::fixed([
            ("HOME", home),
            ("CONTAINERS_REGISTRIES_CONF", &*file),
            ("CONTAINERS_REGISTRIES_CONF_DIR", &*drop_ins),
        ]);
        (of_system(&env).expect("valid"), of_user(&env).expect("valid"), etc)
    }

    #[test]
    fn the_last_file_that_has_the_list_counts_and_our_own_is_left_out() {
        for (files, expected, from) in [
            (&[][..], &["containers-auth.json"][..], None),
            (
                &[("registries.conf", "unqualified-search-registries = [\"docker.io\"]\n[[registry]]\nprefix = 'x'\n")],
                &["containers-auth.json"],
                None,
            ),
            (&[("registries.conf", "credential-helpers = [\"a\"]")], &["a"], Some("registries.conf")),
            (
                &[
                    ("registries.conf", "credential-helpers = [\"a\"]"),
                    ("registries.conf.d/10.conf", "credential-helpers = [\"b\", 'c']"),
                    ("registries.conf.d/20.conf", "# nothing\n"),
                ],
                &["b", "c"],
                Some("registries.conf.d/10.conf"),
            ),
            (
                &[
                    ("registries.conf.d/99-ecr-login.conf", "credential-helpers = [\"ecr-login\"]"),
                    ("registries.conf.d/x.txt", "credential-helpers = [\"x\"]"),
                ],
                &["containers-auth.json"],
                None,
            ),
            (&[("registries.conf", "credential-helpers = []")], &[], Some("registries.conf")),
        ] {
            let (found, _, etc) = helpers(files, &[]);
            assert_eq!(found.helpers, expected, "{files:?}");
            assert_eq!(found.file, from.map(|name| etc.join(name)), "{files:?}");
        }
    }

    #[test]
    fn our_file_repeats_the_list_and_is_read_back() {
        let text =
            with_us(&CredentialHelpers { helpers: vec!["containers-auth.json".into(), "o\"dd".into()], file: None });
        assert_eq!(
            text,
            "# Written by `docker-credential-ecr-login configure --system-wide`.\n\
             # This list replaces those of other files, so it repeats what was in them.\n\
             credential-helpers = [\"containers-auth.json\", \"o\\\"dd\", \"ecr-login\"]\n"
        );
        let (_, user, _) = helpers(&[("registries.conf.d/99-ecr-login.conf", &text)], &[]);
        assert_eq!(user.helpers, ["containers-auth.json", "o\"dd", "ecr-login"]);
        assert!(user.has_us());
    }

    #[test]
    fn a_file_that_is_not_valid_is_an_error() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        for (text, problem) in [
            ("credential-helpers = \"a\"", "`credential-helpers` must be an array of strings"),
            ("credential-helpers = [1]", "`credential-helpers` must be an array of strings"),
            ("credential-helpers = [", "it is not valid TOML: unclosed array, expected `]`"),
        ] {
            let path = directory.path().join("registries.conf");
            fs::write(&path, text).expect("written");
            let env = Env::fixed([
                ("CONTAINERS_REGISTRIES_CONF", path.to_str().expect("UTF-8")),
                ("CONTAINERS_REGISTRIES_CONF_DIR", "/nonexistent"),
            ]);
            let error = of_system(&env).expect_err(text).to_string();
            assert_eq!(error, format!("`{}` can't be used: {problem}", path.display()));
        }
    }
}
