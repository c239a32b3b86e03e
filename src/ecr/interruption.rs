//! Ctrl-C and what service managers and terminals send: they end a fetch at once, and leave nothing of it behind.
//!
//! Until the fetch begins they end the process as they always do. While it runs they are caught: what it has started is
//! ended, the lock goes, and only then does the process end, by that very signal, so that a shell script ends with it.
//! After it, the little that is left to do is done; a second signal doesn't wait for that. A signal that we were started
//! to ignore, as with `nohup`, stays ignored where the system tells that it is.

use std::io;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::task::Poll;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, low_level};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::fetch::OnInterrupt;
use crate::fs::read_bounded;

/// Runs a fetch to its end, unless a signal comes first: then this doesn't return.
pub(super) async fn guarded<F: Future>(cleanup: OnInterrupt<'_>, fetch: F) -> F::Output {
    let mut signals = listen();
    let interrupted = {
        let mut fetch = pin!(fetch);
        std::future::poll_fn(|context| {
            let mut polled = signals.iter_mut().map(|(number, signal)| (*number, signal.poll_recv(context)));
            match polled.find(|(_, came)| came.is_ready()) {
                Some((number, _)) => Poll::Ready(Err(number)),
                None => fetch.as_mut().poll(context).map(Ok),
            }
        })
        .await
        // The fetch is dropped here, and ends what it has started.
    };
    match interrupted {
        Ok(output) => output,
        Err(number) => {
            cleanup.run();
            end_by(number)
        }
    }
}

/// Catches the signals from now on. One that can't be caught ends the process as it always did.
fn listen() -> Vec<(i32, Signal)> {
    let ignored = ignored();
    let caught = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|number| ignored & 1 << (number - 1) == 0);
    caught.filter_map(|number| Some((number, listen_to(number).ok()?))).collect()
}

fn listen_to(number: i32) -> io::Result<Signal> {
    let caught = signal(SignalKind::from_raw(number))?;
    // In this order: what the first signal sets, only the second finds set.
    let came = Arc::new(AtomicBool::new(false));
    flag::register_conditional_default(number, Arc::clone(&came))?;
    flag::register(number, came)?;
    Ok(caught)
}

/// The signals that this process ignores, the first as the lowest bit; none where the system doesn't say:
/// <https://man7.org/linux/man-pages/man5/proc_pid_status.5.html>.
fn ignored() -> u64 {
    let status = read_bounded(Path::new("/proc/self/status"), 16 << 10).ok().flatten().unwrap_or_default();
    mask(&String::from_utf8_lossy(&status))
}

fn mask(status: &str) -> u64 {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// Ends the process as the signal would have.
fn end_by(number: i32) -> ! {
    // It returns only when it knows no such signal.
    low_level::emulate_default_handler(number).ok();
    low_level::exit(128 + number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_signals_are_read_as_linux_writes_them() {
        let status = "Name:\tx\nSigBlk:\t00000000000000ff\nSigIgn:\t0000000000001003\nSigCgt:\t0000000000000004\n";
        for (number, is_ignored) in [(SIGHUP, true), (SIGINT, true), (SIGTERM, false), (13, true)] {
            assert_eq!(mask(status) & 1 << (number - 1) != 0, is_ignored, "{number}");
        }
        assert_eq!((mask(""), mask("SigIgn:\tnonsense\n")), (0, 0));
    }
}
