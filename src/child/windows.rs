//! Programs, pipes and shells of Windows.

use std::io::{self, Read};
use std::mem;
use std::os::windows::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{ChildStderr, ChildStdout, Command, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use process_wrap::std::{ChildWrapper, CommandWrap, JobObject};

/// How long the rest of an output is waited for after the end of the program: others may hold it open.
const REST: Duration = Duration::from_millis(100);

/// An output that a thread reads, since reading it waits.
#[derive(Debug)]
pub(super) struct Pipe(Receiver<Vec<u8>>);

impl Pipe {
    pub(super) fn new(mut pipe: impl Read + Send + 'static) -> io::Result<Self> {
        let (pieces, received) = sync_channel(16);
        thread::Builder::new().spawn(move || {
            let mut piece = vec![0; 16 << 10];
            while let Ok(length @ 1..) = pipe.read(&mut piece) {
                if pieces.send(piece[..length].to_vec()).is_err() {
                    break;
                }
            }
        })?;
        Ok(Self(received))
    }

    /// Reads what is there, until there is as much as the limit. Whether the end has come.
    #[expect(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
    pub(super) fn read_available(&mut self, bytes: &mut Vec<u8>, limit: usize, has_ended: bool) -> io::Result<bool> {
        let wait = if has_ended { REST } else { Duration::ZERO };
        while bytes.len() < limit {
            match self.0.recv_timeout(wait) {
                Ok(piece) => bytes.extend_from_slice(&piece),
                Err(RecvTimeoutError::Timeout) => return Ok(false),
                Err(RecvTimeoutError::Disconnected) => return Ok(true),
            }
        }
        Ok(false)
    }
}

/// The command, run by the shell of the system, wherever `PATH` leads. `cmd.exe` has its own rules for quotes: it gets the
/// command as it is, in one more pair of quotes.
#[expect(clippy::disallowed_methods, reason = "the system says where it is in a variable of its own")]
pub(crate) fn shell(command: &str) -> Command {
    let system = std::env::var_os("SystemRoot").map_or_else(|| PathBuf::from(r"C:\Windows"), PathBuf::from);
    let mut shell = Command::new(system.join("System32").join("cmd.exe"));
    shell.arg("/C").raw_arg(format!("\"{command}\""));
    shell
}

/// The status, or 1 if it doesn't fit into a byte.
pub(crate) fn exit_code(status: ExitStatus) -> u8 {
    status.code().map_or(1, |code| u8::try_from(code).unwrap_or(1))
}

/// A program has its name and an extension.
pub(super) fn names_of(directory: &Path, name: &str) -> Vec<PathBuf> {
    ["exe", "cmd", "bat"].iter().map(|extension| directory.join(format!("{name}.{extension}"))).collect()
}

/// The extension says that.
pub(super) fn may_run(_file: &Path) -> bool {
    true
}

/// A program that was started, in a job object: the processes that it starts belong to the job too.
#[derive(Debug)]
pub(super) struct Program(Box<dyn ChildWrapper>);

impl Program {
    /// Takes the command: the crate wants to own it.
    pub(super) fn start(command: &mut Command) -> io::Result<Self> {
        let command = mem::replace(command, Command::new(""));
        CommandWrap::from(command).wrap(JobObject).spawn().map(Self)
    }

    /// Its stdout and stderr, if they are pipes; only once.
    pub(super) fn outputs(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.0.stdout().take(), self.0.stderr().take())
    }

    /// Its status, if it has ended; the processes that it started may still run.
    pub(super) fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.0.inner_mut().try_wait()
    }

    /// Kills it and the processes that it started.
    pub(super) fn kill(&mut self) {
        // They may have ended already.
        self.0.start_kill().ok();
    }
}
