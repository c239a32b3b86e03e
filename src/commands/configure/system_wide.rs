//! `--system-wide`: a drop-in file that lets Podman, Buildah and Skopeo of all users ask this helper for every registry.

use std::path::PathBuf;

use super::Stop;
use super::change::Change;
use crate::clients::registries_conf::{self, RegistriesConfError};
use crate::env::{Env, names};
use crate::fs::{Access, UserFile, user_id};

/// The longest file that is replaced.
const LONGEST_FILE: usize = 1 << 20;

/// The change that adds the file.
/// Error: other files aren't valid, or one that is read later has a list without us.
pub(super) fn plan(env: &Env) -> Result<Change, Stop> {
    let path = registries_conf::drop_in(env);
    if !env.is_set(names::REGISTRIES_CONF_DIR) && user_id().is_some_and(|user| user != 0) {
        return Err(Stop::Refused(format!("only root may write `{}`; run this command with sudo", path.display())));
    }
    let before = registries_conf::of_system(env)?;
    let file = UserFile::read(&path, LONGEST_FILE)?;
    if before.has_us() {
        // The list of another file names us already.
        let text = file.contents().map(|contents| String::from_utf8_lossy(contents).into_owned());
        return Ok(Change::of_toml(file, text, Access::Everyone));
    }
    if let Some(later) =
        before.file.as_ref().filter(|other| other.file_name() > path.file_name() && other.parent() == path.parent())
    {
        return Err(Stop::Refused(format!(
            "`{}` is read later and replaces the list; add \"ecr-login\" to its `credential-helpers`",
            later.display()
        )));
    }
    Ok(Change::of_toml(file, Some(registries_conf::with_us(&before)), Access::Everyone))
}

/// The file of the current user that replaces the helpers of the system by a list without us.
/// Error: a file isn't valid.
pub(super) fn replaced_by(env: &Env) -> Result<Option<PathBuf>, Stop> {
    let (own, system) = (registries_conf::of_user(env)?, registries_conf::of_system(env)?);
    let is_other = own.file != system.file && own.file.as_ref() != Some(&registries_conf::drop_in(env));
    Ok(if is_other && !own.has_us() { own.file } else { None })
}

/// The change that removes the file.
/// Error: it can't be read.
pub(super) fn undo(env: &Env) -> Result<Change, Stop> {
    let file = UserFile::read(&registries_conf::drop_in(env), LONGEST_FILE)?;
    Ok(Change::of_toml(file, None, Access::Everyone))
}

impl From<RegistriesConfError> for Stop {
    fn from(error: RegistriesConfError) -> Self {
        match error {
            RegistriesConfError::Unreadable(error) => error.into(),
            RegistriesConfError::Malformed { .. } => Self::Refused(error.to_string()),
        }
    }
}
