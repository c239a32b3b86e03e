//! The copies of a file beside it, from before it was changed: `config.json.before-ecr-login`.
//!
//! The first copy is never overwritten. Another one, `….2` and so on, is made only if a change takes away something that no
//! copy has, such as the helper of another program. `--undo` looks into them for what was there before. Where there was no
//! file, the first copy says so in a sentence, which no client has in a file.

use std::path::{Path, PathBuf};

use crate::clients::{self, Document, OWN_NAME};
use crate::fs::{Access, PathError, UserFile};

/// What the name of a copy ends with.
const ENDING: &str = ".before-ecr-login";

/// The first copy, where there was no file: a JSON string, which isn't the file of a client.
const NO_FILE: &str = "\"There was no file before `docker-credential-ecr-login configure`.\"\n";

/// The most copies that are looked for.
const MOST: usize = 100;

/// The longest copy that is read.
const LONGEST: usize = 4 << 20;

/// The copies of a file.
#[derive(Debug)]
pub(super) struct Backups {
    /// The oldest first.
    pub(super) copies: Vec<Backup>,
    /// Where the next one goes.
    pub(super) next: PathBuf,
}

/// One copy.
#[derive(Debug)]
pub(super) struct Backup {
    pub(super) path: PathBuf,
    /// The text of the file; `None` if there was no file.
    pub(super) text: Option<String>,
    /// What it says as the file of a client; that of a new file if it is empty, or there was none.
    pub(super) document: Option<Document>,
}

/// The helper before us.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// There are no copies.
    Unknown,
    /// We were it already when the first copy was made.
    WasUs,
    /// Another one, or none.
    Was(Option<String>),
}

impl Backups {
    /// Of a file.
    pub(super) fn of(path: &Path) -> Self {
        let (mut copies, mut number) = (Vec::new(), 1);
        loop {
            let next = name(path, number);
            if next.symlink_metadata().is_err() || number == MOST {
                return Self { copies, next };
            }
            let contents = UserFile::read(&next, LONGEST).ok().and_then(|file| file.contents().map(<[u8]>::to_vec));
            if let Some(text) = contents.and_then(|contents| String::from_utf8(contents).ok()) {
                let text = Some(text).filter(|text| text != NO_FILE);
                let document = clients::parse(text.as_deref().unwrap_or_default().as_bytes()).ok();
                copies.push(Backup { path: next, text, document });
            }
            number += 1;
        }
    }

    /// The helper that a registry had before it had us, as far as the copies tell.
    pub(super) fn helper_before(&self, key: &str) -> Before {
        self.before(|document| document.helper(key))
    }

    /// The helper of all other registries before it was us, as far as the copies tell.
    pub(super) fn store_before(&self) -> Before {
        self.before(Document::store)
    }

    /// Whether a copy has a login with a secret.
    pub(super) fn have_login(&self, key: &str) -> bool {
        self.documents().any(|document| document.logins().iter().any(|login| login.key == key && login.has_secret))
    }

    /// Whether the first copy has an object of helpers.
    pub(super) fn have_helpers(&self) -> bool {
        self.documents().last().is_some_and(Document::has_helpers)
    }

    /// Of the newest copy in which it wasn't us.
    fn before(&self, helper: impl Fn(&Document) -> Option<String>) -> Before {
        let before = self.documents().map(helper).find(|helper| helper.as_deref() != Some(OWN_NAME));
        match before {
            Some(helper) => Before::Was(helper),
            None if self.copies.is_empty() => Before::Unknown,
            None => Before::WasUs,
        }
    }

    /// What the copies say, the newest first.
    fn documents(&self) -> impl Iterator<Item = &Document> {
        self.copies.iter().rev().filter_map(|copy| copy.document.as_ref())
    }
}

/// Copies a file to a place where there is none, or says there that there is no file to copy.
/// Error: that directory can't be written.
pub(super) fn back_up(file: &UserFile, to: &Path) -> Result<(), PathError> {
    match file.contents() {
        Some(_) => file.back_up(to),
        None => UserFile::read(to, LONGEST)?.replace(NO_FILE.as_bytes(), Access::Owner),
    }
}

fn name(path: &Path, number: usize) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ENDING);
    if number > 1 {
        name.push(format!(".{number}"));
    }
    name.into()
}
