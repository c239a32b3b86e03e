//! Symbolic links to programs.

use std::path::Path;

use super::{PathError, os};

/// Makes a link, with the missing directories of its place.
/// Error: something is at that place, or its directory can't be written.
pub(crate) fn link(program: &Path, place: &Path) -> Result<(), PathError> {
    if let Some(directory) = place.parent().filter(|directory| !directory.exists()) {
        os::create_shared_directories(directory).map_err(|error| PathError::new("create", directory, error))?;
    }
    os::link(program, place).map_err(|error| PathError::new("create", place, error))
}

/// Removes a link, and nothing else.
/// Error: it isn't one, or its directory can't be written.
pub(crate) fn remove_link(place: &Path) -> Result<(), PathError> {
    let removed = place.read_link().and_then(|_| std::fs::remove_file(place));
    removed.map_err(|error| PathError::new("remove", place, error))
}
