//! The limit of a check that only looks at this machine: a file system or a program may keep it waiting for ever.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;
use std::time::Duration;

/// Looks within the limit. `None` if that has passed: the thread is left to itself, and ends with this process.
pub(super) fn within<T: Send + 'static>(limit: Duration, look: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (send, receive) = channel();
    let look = Arc::new(Mutex::new(Some(look)));
    let on_thread = Arc::clone(&look);
    let taken = move || on_thread.lock().unwrap_or_else(PoisonError::into_inner).take();
    let started = Builder::new().name("check".to_owned()).spawn(move || {
        if let Some(look) = taken() {
            // The limit may have passed meanwhile.
            send.send(look()).ok();
        }
    });
    match started {
        Ok(_) => receive.recv_timeout(limit).ok(),
        // Without threads there is no limit.
        Err(_) => look.lock().unwrap_or_else(PoisonError::into_inner).take().map(|look| look()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_too_long_is_left() {
        assert_eq!(within(Duration::from_mins(1), || 7), Some(7));
        let (_open, closed) = channel::<()>();
        assert_eq!(within(Duration::from_millis(20), move || closed.recv().is_ok()), None);
    }
}
