//! The last resort: a panic, of a library or of our own, becomes a reason on one line instead of a signal.
//!
//! It replaces no check: whatever input or the system can cause is an error where it is noticed. A panic unwinds, so that
//! a stale token is still served, a lock is released, and the client gets its sentence.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};

thread_local! {
    /// Where the last panic was, in a file that a report of it needs.
    static PLACE: Cell<Option<String>> = const { Cell::new(None) };
}

/// A panic that was caught. It prints what it said; redact that, for it may quote anything.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Panic {
    message: String,
    /// The file and line in the source.
    pub(crate) place: String,
}

/// Has panics print nothing: clients show every line of stderr, and the reason comes from [`catch`].
pub(crate) fn silence() {
    panic::set_hook(Box::new(|panic| PLACE.set(panic.location().map(ToString::to_string))));
}

/// Runs an action to its end, or to a panic in this thread.
pub(crate) fn catch<T>(action: impl FnOnce() -> T) -> Result<T, Panic> {
    // What the action leaves half-done isn't used afterwards, except for the streams, which have no state of ours.
    panic::catch_unwind(AssertUnwindSafe(action)).map_err(|payload| Panic {
        message: message(&*payload),
        place: PLACE.take().unwrap_or_else(|| "an unknown place".to_owned()),
    })
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a message").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_what_it_said() {
        let number = 7;
        let panicked = |action: fn(i32)| catch(move || action(number)).expect_err("a panic").to_string();
        assert_eq!(panicked(|_| panic!("plain")), "plain");
        assert_eq!(panicked(|number| panic!("number {number}")), "number 7");
        assert_eq!(panicked(|_| panic::panic_any(())), "a panic without a message");
        assert_eq!(catch(|| number).expect("no panic"), 7);
    }
}
