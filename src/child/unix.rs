//! Programs, pipes and shells of Unix.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus};

use rustix::fs::{Access, access};
use rustix::io::ioctl_fionbio;
use rustix::process::{Pid, Signal, kill_process};

use crate::fs::read_bounded;

/// At most this many descendants are killed.
const MOST_DESCENDANTS: usize = 1_000;

/// The longest list of children that is read.
const LONGEST_CHILDREN: usize = 64 << 10;

/// The end of a pipe from which is read what is there.
#[derive(Debug)]
pub(super) struct Pipe(File);

impl Pipe {
    pub(super) fn new(pipe: impl Into<OwnedFd>) -> io::Result<Self> {
        let pipe = pipe.into();
        ioctl_fionbio(&pipe, true)?;
        Ok(Self(pipe.into()))
    }

    /// Reads what is there, until there is as much as the limit. Whether the end has come.
    pub(super) fn read_available(&mut self, bytes: &mut Vec<u8>, limit: usize, _has_ended: bool) -> io::Result<bool> {
        let missing = limit.saturating_sub(bytes.len()) as u64;
        match (&self.0).take(missing).read_to_end(bytes) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// The command, run by the shell of the system, wherever `PATH` leads.
pub(crate) fn shell(command: &str) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", command]);
    shell
}

/// The status as shells report it: 128 plus the number of the signal, if one ended the process.
pub(crate) fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}

/// A program has its name.
pub(super) fn names_of(directory: &Path, name: &str) -> Vec<PathBuf> {
    vec![directory.join(name)]
}

/// Whether a file may be run.
pub(super) fn may_run(file: &Path) -> bool {
    access(file, Access::EXEC_OK).is_ok()
}

/// A program that was started.
#[derive(Debug)]
pub(super) struct Program(Child);

impl Program {
    pub(super) fn start(command: &mut Command) -> io::Result<Self> {
        command.spawn().map(Self)
    }

    /// Its stdout and stderr, if they are pipes; only once.
    pub(super) fn outputs(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.0.stdout.take(), self.0.stderr.take())
    }

    /// Its status, if it has ended.
    pub(super) fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.0.try_wait()
    }

    /// Kills it and the processes that it started, one by one: a shell often waits for the program that
    /// does the work.
    pub(super) fn kill(&mut self) {
        // Read first: the children of a process that has ended get another parent.
        let descendants = descendants(self.0.id());
        // It may have ended already.
        self.0.kill().ok();
        for process in descendants {
            kill_process(process, Signal::KILL).ok();
        }
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
