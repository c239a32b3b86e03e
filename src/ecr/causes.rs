//! An error and its causes: searching them, and writing them on one line.

use std::error::Error;
use std::io;
use std::iter::successors;

/// An error and its causes, from the outside in.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(error), |&error| {
        // The error within an error of I/O isn't its source.
        let inner = error.downcast_ref().and_then(io::Error::get_ref);
        inner.map_or_else(|| error.source(), |inner| Some(inner))
    })
}

/// The first error of a type among an error and its causes.
pub(super) fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    find_where(error, |_| true)
}

/// The first error of a type among an error and its causes that meets a condition.
pub(super) fn find_where<'a, E: Error + 'static>(
    error: &'a (dyn Error + 'static),
    condition: impl Fn(&E) -> bool,
) -> Option<&'a E> {
    causes(error).filter_map(|error| error.downcast_ref()).find(|error| condition(error))
}

/// The innermost cause.
pub(super) fn root<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    causes(error).last().unwrap_or(error)
}

/// The messages of an error and its causes, without empty and repeated ones.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    for message in causes(error).map(ToString::to_string) {
        // Errors that only wrap another one have no message, or repeat that of their cause.
        if !message.is_empty() && !text.contains(&message) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&message);
        }
    }
    text
}
