//! The configuration file of this program: found, read, and turned into [`Rules`].
//!
//! It is read for every `get`, so it costs one failed open where there is none. Only its owner may write it: who can name a
//! fallback helper decides which program is started, and who can name a role whose token is handed out. A mistake in it is
//! an error with file, line and column; nothing in it is ever passed over.

mod document;
mod draft;
mod plain;

use std::path::PathBuf;

use crate::env::{Env, names};
use crate::error::{Failure, FailureKind};
use crate::fs::read_unshared;
use crate::rules::Rules;
use crate::settings::directories;

/// The longest file that is read: some thousands of rules.
const LONGEST_FILE: usize = 1 << 20;

/// The file as it was at one moment.
#[derive(Debug)]
pub struct RulesFile {
    path: PathBuf,
    text: Result<String, Failure>,
}

impl RulesFile {
    /// Reads `AWS_ECR_CONFIG`, else `ecr-login/config.toml` in the platform's configuration directory.
    #[must_use]
    pub fn read(env: &Env) -> Self {
        let Some(path) = directories::rules_file(env) else {
            return Self { path: PathBuf::new(), text: Ok(String::new()) };
        };
        let must_exist = env.is_set(names::CONFIG);
        let text = match read_unshared(&path, LONGEST_FILE) {
            Ok(Some(contents)) => {
                String::from_utf8(contents).map_err(|_| wrong(format!("`{}` is not valid UTF-8", path.display())))
            }
            Ok(None) if must_exist => {
                Err(wrong(format!("`{}`, which `{}` names, does not exist", path.display(), names::CONFIG)))
            }
            Ok(None) => Ok(String::new()),
            Err(error) => Err(wrong(format!("{error}: {}", error.source))),
        };
        Self { path, text }
    }

    /// What it says.
    ///
    /// # Errors
    /// The file can't be read, or the first mistake in it.
    pub fn rules(&self) -> Result<Rules<'_>, Failure> {
        let text = self.text.as_deref().map_err(Clone::clone)?;
        if text.is_empty() {
            return Ok(Rules::default());
        }
        if let Some(rules) = plain::parse(text, &self.path) {
            return Ok(rules);
        }
        document::parse(text, &self.path)
            .map_err(|mistake| wrong(format!("{}:{}: {}", self.path.display(), mistake.position(text), mistake.what)))
    }
}

fn wrong(detail: String) -> Failure {
    Failure::new(FailureKind::ConfigFile, detail)
}
