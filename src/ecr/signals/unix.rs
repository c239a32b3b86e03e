//! Signals of Unix.

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

/// Runs a fetch to its end. If a signal comes first, the process ends and this doesn't return.
pub(in crate::ecr) async fn run_interruptible<F: Future>(on_interrupt: OnInterrupt<'_>, fetch: F) -> F::Output {
    let mut signals = catch_signals();
    let result = {
        let mut fetch = pin!(fetch);
        std::future::poll_fn(|context| {
            let mut polled = signals.iter_mut().map(|(number, signal)| (*number, signal.poll_recv(context)));
            match polled.find(|(_, received)| received.is_ready()) {
                Some((number, _)) => Poll::Ready(Err(number)),
                None => fetch.as_mut().poll(context).map(Ok),
            }
        })
        .await
        // The fetch is dropped here, which ends the processes that it started.
    };
    match result {
        Ok(output) => output,
        Err(number) => {
            on_interrupt.run();
            end_by_signal(number)
        }
    }
}

/// Catches the signals from now on. A signal that can't be caught ends the process as usual.
fn catch_signals() -> Vec<(i32, Signal)> {
    let ignored = ignored_signals();
    let handled = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|number| ignored & 1 << (number - 1) == 0);
    handled.filter_map(|number| Some((number, catch(number).ok()?))).collect()
}

fn catch(number: i32) -> io::Result<Signal> {
    let signal = signal(SignalKind::from_raw(number))?;
    // In this order: the first signal sets the flag after it is checked, so only the second signal
    // finds it set.
    let received = Arc::new(AtomicBool::new(false));
    flag::register_conditional_default(number, Arc::clone(&received))?;
    flag::register(number, received)?;
    Ok(signal)
}

/// The signals that this process ignores, as a mask whose lowest bit is signal 1; 0 if the system
/// doesn't report them: <https://man7.org/linux/man-pages/man5/proc_pid_status.5.html>.
fn ignored_signals() -> u64 {
    let status = read_bounded(Path::new("/proc/self/status"), 16 << 10).ok().flatten().unwrap_or_default();
    parse_ignored(&String::from_utf8_lossy(&status))
}

fn parse_ignored(status: &str) -> u64 {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// Ends the process as the signal would have done.
fn end_by_signal(number: i32) -> ! {
    // Returns only if it doesn't know the signal.
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
            assert_eq!(parse_ignored(status) & 1 << (number - 1) != 0, is_ignored, "{number}");
        }
        assert_eq!((parse_ignored(""), parse_ignored("SigIgn:\tnonsense\n")), (0, 0));
    }
}
