//! A program that is run for its output.
//!
//! Its outputs are read while it runs, up to a limit. They are complete once it has ended, whatever the processes that it
//! started hold open. It needs no thread and no signal, so that it works where the system refuses them: the caller looks
//! again after a [pause](Running::pause). A program that is dropped before its end is killed, on Linux and Windows together
//! with the processes that it started.
//!
//! Programs are found without the working directory, whose files may be anybody's.

#[cfg_attr(unix, path = "child/unix.rs")]
#[cfg_attr(windows, path = "child/windows.rs")]
mod os;

use std::ffi::OsStr;
use std::io;
use std::mem;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::process::keep_exit_statuses;
use os::{Pipe, Program};

pub(crate) use os::{exit_code, shell};

/// The first pause and the longest one. A program that runs for milliseconds costs one of them at most; one that runs for
/// seconds costs ten.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(10);

/// A program that was started.
#[derive(Debug)]
pub(crate) struct Running {
    program: Program,
    stdout: Captured,
    stderr: Captured,
    status: Option<ExitStatus>,
    pause: Duration,
}

/// What was read of an output.
#[derive(Debug)]
struct Captured {
    /// Until its end, or its limit.
    pipe: Option<Pipe>,
    bytes: Vec<u8>,
    limit: usize,
    is_too_long: bool,
}

/// Starts a program whose exit status counts.
pub(crate) fn spawn(command: &mut Command) -> io::Result<Child> {
    keep_exit_statuses();
    command.spawn()
}

impl Running {
    /// Starts a program without stdin. Its stdout, and its stderr unless the command passes that on, are read up to a
    /// limit in bytes.
    pub(crate) fn start(command: &mut Command, limit: usize) -> io::Result<Self> {
        keep_exit_statuses();
        let mut program = Program::start(command.stdin(Stdio::null()).stdout(Stdio::piped()))?;
        let (stdout, stderr) = program.outputs();
        let (stdout, stderr) = (stdout.map(Pipe::new).transpose(), stderr.map(Pipe::new).transpose());
        let captured = |pipe| Captured { pipe, bytes: Vec::new(), limit, is_too_long: false };
        let mut running =
            Self { program, stdout: captured(None), stderr: captured(None), status: None, pause: FIRST_PAUSE };
        // The program is killed if this fails.
        running.stdout.pipe = stdout?;
        running.stderr.pipe = stderr?;
        Ok(running)
    }

    /// Reads what the program has written, and whether it has ended.
    /// Error: the system can't tell.
    pub(crate) fn look(&mut self) -> io::Result<Option<ExitStatus>> {
        // First: what it wrote before its end is in the pipes then.
        let ended = self.program.try_wait();
        for output in [&mut self.stdout, &mut self.stderr] {
            output.read(matches!(ended, Ok(Some(_))));
        }
        self.status = ended?;
        Ok(self.status)
    }

    /// How long to wait before the next look.
    pub(crate) fn pause(&mut self) -> Duration {
        let pause = self.pause;
        self.pause = (pause * 2).min(LONGEST_PAUSE);
        pause
    }

    /// Whether it has written more to stdout than the limit.
    pub(crate) fn is_too_long(&self) -> bool {
        self.stdout.is_too_long
    }

    /// What it has written to stdout since it was taken last.
    pub(crate) fn take_stdout(&mut self) -> Vec<u8> {
        mem::take(&mut self.stdout.bytes)
    }

    /// What it has written to stderr since it was taken last.
    pub(crate) fn take_stderr(&mut self) -> Vec<u8> {
        mem::take(&mut self.stderr.bytes)
    }

    /// Kills it, and those that it started.
    pub(crate) fn kill(&mut self) {
        if self.status.is_none() {
            self.program.kill();
            // Killed, it ends at once, unless the system holds it; then it isn't waited for.
            self.status = self.program.try_wait().ok().flatten();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Captured {
    fn read(&mut self, has_ended: bool) {
        let Some(pipe) = &mut self.pipe else { return };
        // What was read before an error counts.
        let is_at_end = pipe.read_available(&mut self.bytes, self.limit + 1, has_ended).unwrap_or(true);
        self.is_too_long |= self.bytes.len() > self.limit;
        self.bytes.truncate(self.limit);
        if is_at_end || self.is_too_long {
            self.pipe = None;
        }
    }
}

/// The program of a name in the directories of a `PATH`, else a file of that name that can't be run, which starting it
/// explains. Empty and relative entries, which stand for the working directory or lie in it, are left out.
pub(crate) fn find(name: &str, path: Option<&OsStr>) -> Option<PathBuf> {
    let files = files(name, path?);
    files.iter().find(|file| os::may_run(file)).or(files.first()).cloned()
}

/// All programs of a name in the directories of a `PATH`; the first one is the one that is run.
pub(crate) fn find_all(name: &str, path: Option<&OsStr>) -> Vec<PathBuf> {
    let files = path.map(|path| files(name, path)).unwrap_or_default();
    files.into_iter().filter(|file| os::may_run(file)).collect()
}

fn files(name: &str, path: &OsStr) -> Vec<PathBuf> {
    let directories = std::env::split_paths(path).filter(|directory| directory.is_absolute());
    directories.flat_map(|directory| os::names_of(&directory, name)).filter(|file| file.is_file()).collect()
}

#[cfg(all(test, unix))]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "the tests wait for real processes")]

    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::thread::sleep;

    use super::*;

    fn run(script: &str, limit: usize) -> (ExitStatus, (Vec<u8>, bool), Vec<u8>) {
        let mut running = Running::start(shell(script).stderr(Stdio::piped()), limit).expect("started");
        loop {
            if let Some(status) = running.look().expect("ours") {
                let stdout = (running.take_stdout(), running.is_too_long());
                return (status, stdout, running.take_stderr());
            }
            sleep(running.pause());
        }
    }

    #[test]
    fn the_outputs_are_whole_once_the_program_has_ended_whoever_holds_them_open() {
        let started = std::time::Instant::now();
        let (status, stdout, stderr) = run("echo one; echo two >&2; sleep 60 & exit 3", 100);
        assert_eq!((status.code(), &*stdout.0, &*stderr), (Some(3), &b"one\n"[..], &b"two\n"[..]));
        assert!(started.elapsed() < Duration::from_secs(20));
        let (_, stdout, _) = run("head -c 300000 /dev/zero", 300_000);
        assert_eq!((stdout.0.len(), stdout.1), (300_000, false));
    }

    #[test]
    fn more_than_the_limit_is_not_read() {
        let (_, stdout, _) = run("head -c 101 /dev/zero", 100);
        assert_eq!((stdout.0.len(), stdout.1), (100, true));
        let (_, stdout, _) = run("yes", 100);
        assert_eq!((stdout.0.len(), stdout.1), (100, true));
    }

    #[test]
    fn a_program_is_found_in_absolute_directories_only() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let (here, there) = (directory.path().join("here"), directory.path().join("there"));
        for (place, mode) in [(&here, 0o600), (&there, 0o700)] {
            fs::create_dir(place).expect("a directory");
            fs::write(place.join("tool"), "").expect("a file");
            fs::set_permissions(place.join("tool"), fs::Permissions::from_mode(mode)).expect("chmod");
        }
        fs::create_dir(here.join("folder")).expect("a directory");
        let both = std::env::join_paths([&here, &there]).expect("no colons");
        assert_eq!(find("tool", Some(&both)), Some(there.join("tool")));
        assert_eq!(find("tool", Some(here.as_os_str())), Some(here.join("tool")));
        assert_eq!(find("folder", Some(&both)), None);
        assert_eq!(find("tool", None), None);
        // A test runs in the package's directory, where `src/lib.rs` is.
        for path in ["", ":", ".", "src", "./src:", "/nonexistent:src"] {
            assert_eq!(find("lib.rs", Some(OsStr::new(path))), None, "{path}");
        }
    }
}
