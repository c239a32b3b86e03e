//! One run of a program: its streams, its end, and what it answered.

use std::io::{self, Read, Write as _};
use std::iter;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// What a helper answers for a registry it has no credentials for, as its clients compare it
/// (<https://github.com/docker/docker-credential-helpers/blob/v0.9.3/credentials/error.go>).
pub const NOT_FOUND: &str = "credentials not found in native keychain\n";

/// How long one run may take before it counts as hung.
const LIMIT: Duration = Duration::from_mins(1);

/// How a run ended.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Every byte of stdout.
    pub stdout: Vec<u8>,
    /// Stderr as text.
    pub stderr: String,
    /// The exit status; none when a signal ended it.
    pub code: Option<i32>,
    /// From the start to the end of stdout or of the process, whichever came first.
    pub elapsed: Duration,
}

impl Reply {
    /// Stdout as text.
    pub fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// The password of a successful `get`, after checking all that comes with it.
    ///
    /// # Panics
    /// It was no success: another exit status, another user name, no password, or anything on stderr.
    #[track_caller]
    pub fn password(&self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "stdout: {}", self.stdout_text());
        let reply: serde_json::Value = serde_json::from_slice(&self.stdout).expect("the answer to `get` is JSON");
        assert_eq!(reply["Username"], "AWS");
        let password = reply["Secret"].as_str().unwrap_or_default();
        assert!(!password.is_empty(), "the password is missing");
        password.to_owned()
    }

    /// Checks that this is a failure with nothing on stdout, and returns its line on stderr.
    #[track_caller]
    pub fn failure(&self) -> String {
        assert_eq!((self.code, self.stdout_text().as_str()), (Some(1), ""), "{}", self.stderr);
        let line = self.stderr.strip_suffix('\n').expect("a line");
        assert!(!line.contains('\n') && line.starts_with("ecr-login: ") && line.chars().count() < 1_000, "{line}");
        line.to_owned()
    }

    /// Checks that the answer is "not found", byte for byte.
    ///
    /// # Panics
    /// It is another.
    #[track_caller]
    pub fn assert_not_found(&self) {
        assert_eq!((self.code, self.stdout_text().as_str()), (Some(1), NOT_FOUND), "stderr: {}", self.stderr);
    }
}

/// Starts it; again, if wine can't: a new process that ends before it has told wine's server that it runs is "Internal error",
/// which neither Windows nor Unix answers.
fn spawn(command: &mut Command) -> io::Result<Child> {
    const INTERNAL_ERROR: i32 = 1359;
    let mut attempts = iter::repeat_with(|| command.spawn()).take(5);
    let is_of_wine =
        |started: &io::Result<Child>| started.as_ref().is_err_and(|it| it.raw_os_error() == Some(INTERNAL_ERROR));
    attempts.find(|started| !is_of_wine(started)).unwrap_or_else(|| Err(io::Error::from_raw_os_error(INTERNAL_ERROR)))
}

/// A helper that was started; dropping it kills it.
pub struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Output,
    stderr: Output,
    started: Instant,
}

impl Running {
    /// Starts a command of [`Sandbox::command`], with stdin open and both outputs caught.
    ///
    /// # Panics
    /// It can't be started.
    pub fn start(mut command: Command) -> Self {
        let started = Instant::now();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = spawn(&mut command).unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let stdout = Output::of(child.stdout.take().expect("stdout is piped"));
        let stderr = Output::of(child.stderr.take().expect("stderr is piped"));
        Self { stdin: child.stdin.take(), child, stdout, stderr, started }
    }

    /// Writes these bytes to its stdin and closes it, without waiting for either.
    pub fn write_all_and_close(&mut self, bytes: &[u8]) {
        let (pipe, bytes) = (self.stdin.take(), bytes.to_owned());
        // On a thread: a helper that doesn't read must not block the test. Nor is it a fault to end without reading.
        thread::spawn(move || pipe.map(|mut pipe| pipe.write_all(&bytes)));
    }

    /// The process ID, to send it signals.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("the child is ours").is_some()
    }

    /// Ends it at once (SIGKILL).
    pub fn kill(&mut self) {
        self.child.kill().expect("the child is ours");
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// It hasn't ended after a minute; it is killed then, and the message has what it wrote.
    pub fn wait(mut self) -> Reply {
        let code = loop {
            if let Some(status) = self.child.try_wait().expect("the child is ours") {
                break status.code();
            }
            if self.started.elapsed() > LIMIT {
                self.kill();
                panic!("hung for {LIMIT:?}; stdout: {:?}; stderr: {:?}", self.stdout.text(), self.stderr.text());
            }
            thread::sleep(Duration::from_millis(1));
        };
        let exit_seen = Instant::now();
        let stdout_ended = self.stdout.end();
        self.stderr.end();
        let ended = stdout_ended.map_or(exit_seen, |ended| ended.min(exit_seen));
        Reply { stdout: self.stdout.bytes(), stderr: self.stderr.text(), code, elapsed: ended - self.started }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail when it has ended, which is as good.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// One output of a helper, read on a thread of its own so that neither can block the other.
struct Output {
    bytes: Arc<Mutex<Vec<u8>>>,
    ended: Receiver<Instant>,
}

impl Output {
    fn of(mut pipe: impl Read + Send + 'static) -> Self {
        let (end, ended) = mpsc::channel();
        let bytes = Arc::<Mutex<Vec<u8>>>::default();
        thread::spawn({
            let bytes = Arc::clone(&bytes);
            move || {
                let mut buffer = [0; 8192];
                while let Ok(read @ 1..) = pipe.read(&mut buffer) {
                    bytes.lock().expect("no holder panics").extend_from_slice(&buffer[..read]);
                }
                end.send(Instant::now()).ok();
            }
        });
        Self { bytes, ended }
    }

    /// When the output ended. A process that the helper left behind may hold it open; it isn't waited for.
    fn end(&self) -> Option<Instant> {
        self.ended.recv_timeout(Duration::from_secs(2)).ok()
    }

    fn bytes(&self) -> Vec<u8> {
        self.bytes.lock().expect("no holder panics").clone()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }
}
