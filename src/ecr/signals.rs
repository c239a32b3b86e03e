//! Signals that end a fetch: Ctrl-C, and those that service managers and terminals send.
//!
//! Before a fetch they end the process as usual. During a fetch they are caught: the fetch is
//! dropped, which ends the processes that it started; the lock is released; and then the process
//! ends by the same signal, so that a shell script ends with it. After the fetch the process
//! finishes its remaining work, unless a second signal comes. A signal that was ignored when the
//! process started, as with `nohup`, stays ignored where the system reports that.

#[cfg_attr(unix, path = "signals/unix.rs")]
#[cfg_attr(windows, path = "signals/windows.rs")]
mod os;

pub(super) use os::run_interruptible;
