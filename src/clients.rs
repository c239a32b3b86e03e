//! The files in which registry clients are told who gives a password: where they are, what is in them, and how they are
//! changed.
//!
//! Each client is read by its own rules. Its secrets are never taken out of its text.
//!
//! Leaves out: what is written into them, and why (`commands::configure`); what is wrong with them
//! (`commands::doctor`).

#[cfg(test)]
pub(crate) mod any_json;
mod document;
mod edit;
mod mask;
mod places;
pub(crate) mod registries_conf;
mod syntax;

pub(crate) use document::{Document, Helper, Login};
pub(crate) use places::{Client, ClientFile, file_of, files_read};
pub(crate) use syntax::Malformed;

use crate::fs::{PathError, UserFile};
use std::path::Path;
use thiserror::Error;

/// This program's own name after `docker-credential-`, as it stands in the files of clients.
pub(crate) const OWN_NAME: &str = "ecr-login";

/// A file as Docker begins it, without its last brace's line end, as Docker writes it.
const NEW_FILE: &str = "{\n\t\"auths\": {}\n}";

/// The longest file that is read. Docker's own has no limit.
const LONGEST_FILE: usize = 4 << 20;

/// Why the file of a client can't be used.
#[derive(Debug, Error)]
pub(crate) enum ClientFileError {
    /// It can't be read.
    #[error(transparent)]
    Unreadable(#[from] PathError),
    /// The client can't read it either.
    #[error("`{}` can't be used: {problem}", path.display())]
    Malformed { path: std::path::PathBuf, problem: Malformed },
}

/// Reads the file of a client. Where there is none, or an empty one, the document is that of a new file.
/// Error: it can't be read, isn't a file of the user's own, or the client can't read it either.
pub(crate) fn read(path: &Path) -> Result<(UserFile, Document), ClientFileError> {
    let file = UserFile::read(path, LONGEST_FILE)?;
    let document = parse(file.contents().unwrap_or_default());
    let malformed = |problem| ClientFileError::Malformed { path: path.to_owned(), problem };
    Ok((file, document.map_err(malformed)?))
}

/// The document in the bytes of a file, or that of a new file if there is nothing in it.
pub(crate) fn parse(bytes: &[u8]) -> Result<Document, Malformed> {
    let is_empty = bytes.iter().all(u8::is_ascii_whitespace);
    Document::parse(if is_empty { NEW_FILE.as_bytes() } else { bytes })
}
