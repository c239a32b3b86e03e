//! One file as it is and as it will be.

use std::path::{Path, PathBuf};

use super::Stop;
use super::backup::back_up;
use crate::clients;
use crate::env::Env;
use crate::fs::{Access, UserFile};
use crate::paths;
use crate::redact::one_line;

/// The change of a file.
#[derive(Debug)]
pub(super) struct Change {
    file: UserFile,
    /// The whole text; `None` for no file.
    after: Option<String>,
    access: Access,
    /// Where the file is copied to first.
    pub(super) backup: Option<PathBuf>,
    /// Copies that say what the file says again.
    pub(super) obsolete: Vec<PathBuf>,
    /// The texts as they may be shown. They have the same lines.
    shown: [String; 2],
}

impl Change {
    /// Of a client's JSON file.
    pub(super) fn of_json(file: UserFile, after: Option<String>) -> Self {
        Self::new(file, after, Access::Owner, |text| {
            // What isn't JSON is empty: other files were refused.
            clients::parse(text.as_bytes())
                .ok()
                .filter(|_| !text.trim().is_empty())
                .map_or_else(String::new, |document| document.masked())
        })
    }

    /// Of a TOML file, which holds no secrets.
    pub(super) fn of_toml(file: UserFile, after: Option<String>, access: Access) -> Self {
        Self::new(file, after, access, str::to_owned)
    }

    fn new(file: UserFile, after: Option<String>, access: Access, shown: impl Fn(&str) -> String) -> Self {
        let before = String::from_utf8_lossy(file.contents().unwrap_or_default()).into_owned();
        let shown = [shown(&before), shown(after.as_deref().unwrap_or_default())];
        Self { file, after, access, backup: None, obsolete: Vec::new(), shown }
    }

    /// Whether there is anything to do.
    pub(super) fn is_open(&self) -> bool {
        self.file.contents() != self.after.as_deref().map(str::as_bytes)
    }

    /// The texts before and after.
    pub(super) fn texts(&self) -> [String; 2] {
        let before = String::from_utf8_lossy(self.file.contents().unwrap_or_default()).into_owned();
        [before, self.after.clone().unwrap_or_default()]
    }

    /// The texts before and after, as they may be shown.
    pub(super) fn shown_texts(&self) -> &[String; 2] {
        &self.shown
    }

    /// The path for a person, with `~` for the home directory.
    pub(super) fn shown_path(&self, env: &Env) -> String {
        shown_path(self.file.path(), env)
    }

    /// Makes the change, and says so. The copy is made first.
    /// Error: the file is as it was.
    pub(super) fn make(&self, env: &Env) -> Result<String, Stop> {
        if let Some(backup) = &self.backup {
            back_up(&self.file, backup)?;
        }
        let path = self.shown_path(env);
        let said = if let Some(text) = &self.after {
            self.file.replace(text.as_bytes(), self.access)?;
            let copy = self.backup.as_ref().filter(|_| self.file.contents().is_some());
            let copy = copy.map(|copy| format!("\n  old file: {}", shown_path(copy, env)));
            format!("Wrote {path}{}", copy.unwrap_or_default())
        } else {
            self.file.remove()?;
            format!("Removed {path}")
        };
        for copy in &self.obsolete {
            // A copy that stays does no harm.
            std::fs::remove_file(copy).ok();
        }
        Ok(said)
    }
}

/// A path for a person, with `~` for the home directory.
pub(super) fn shown_path(path: &Path, env: &Env) -> String {
    let below_home = paths::home(env).and_then(|home| path.strip_prefix(home).ok().map(Path::to_owned));
    one_line(&match below_home {
        Some(rest) => Path::new("~").join(rest).display().to_string(),
        None => path.display().to_string(),
    })
}
