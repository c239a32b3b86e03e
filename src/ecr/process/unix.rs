//! Shells and processes of Unix.

use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use crate::fs::read_bounded;

/// At most this many descendants are killed.
const MOST_DESCENDANTS: usize = 1_000;

/// The longest list of children that is read.
const LONGEST_CHILDREN: usize = 64 << 10;

/// The command, run by the shell.
pub(super) fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]);
    shell
}

/// Kills a process and those that it started, one by one: a shell often waits for the program that
/// does the work.
pub(super) fn kill(child: &mut Child) {
    // Read first: the children of a process that has ended get another parent.
    let descendants = child.id().map(descendants).unwrap_or_default();
    // A process may have ended already.
    child.start_kill().ok();
    for process in descendants {
        kill_process(process, Signal::KILL).ok();
    }
}

/// The children of a process, their children, and so on
/// (<https://man7.org/linux/man-pages/man5/proc_tid_children.5.html>); none if the system doesn't
/// report them.
fn descendants(process: u32) -> Vec<Pid> {
    let mut found = Vec::new();
    let mut parents = vec![process];
    while let Some(parent) = parents.pop().filter(|_| found.len() < MOST_DESCENDANTS) {
        let path = format!("/proc/{parent}/task/{parent}/children");
        let children = read_bounded(Path::new(&path), LONGEST_CHILDREN).ok().flatten().unwrap_or_default();
        for child in String::from_utf8_lossy(&children).split_ascii_whitespace() {
            if let (Ok(child), Some(id)) = (child.parse(), child.parse().ok().and_then(Pid::from_raw)) {
                parents.push(child);
                found.push(id);
            }
        }
    }
    found
}
