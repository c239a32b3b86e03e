//! A process of a schedule: it takes one step after another, until it is killed or stopped.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::Directory;

/// A process, and what is to become of it.
#[derive(Debug)]
pub(crate) struct Process {
    steps: AtomicUsize,
    fate: Fate,
}

/// What happens to a process at one of its steps, counted from 1.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    /// Nothing.
    Ends,
    /// It is killed before this step.
    IsKilled(usize),
    /// It is stopped before this step, until this time has passed for the others.
    IsStopped(usize, Duration),
}

/// What a killed process is unwound with.
pub(crate) struct Killed;

impl Process {
    pub(super) fn new(fate: Fate) -> Self {
        Self { steps: AtomicUsize::new(0), fate }
    }

    /// One step of the process. Its fate may be fulfilled here.
    pub(crate) fn step(&self, directory: &Directory) {
        directory.offer_turn();
        let steps = self.steps.fetch_add(1, Ordering::SeqCst) + 1;
        match self.fate {
            Fate::IsKilled(at) if at == steps => std::panic::resume_unwind(Box::new(Killed)),
            Fate::IsStopped(at, span) if at == steps => {
                let tick = Duration::from_millis(20);
                let mut stopped = Duration::ZERO;
                while stopped < span {
                    directory.pass(tick);
                    stopped += tick;
                    shuttle::thread::yield_now();
                }
            }
            _ => {}
        }
    }
}
