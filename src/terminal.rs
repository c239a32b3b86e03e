//! Asks the person at the terminal for one line.
//!
//! The standard streams belong to the client, so the terminal itself is opened: `/dev/tty`, or the
//! console on Windows. Input typed before the prompt is discarded. The answer is echoed while it is
//! typed, so the terminal's settings stay as they are, and nothing must be restored if Ctrl-C ends
//! the process: use it only for codes that are good for one use. A process in the background
//! doesn't prompt, because the system would stop it for that.

#[cfg_attr(unix, path = "terminal/unix.rs")]
#[cfg_attr(windows, path = "terminal/windows.rs")]
mod os;

use std::io::{self, BufReader, IsTerminal as _, Read, Write as _};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crate::redact::one_line;
use crate::secret::Secret;

/// Terminals deliver a line in one piece of at most this length. More than that is left unread.
const LONGEST_ANSWER: u64 = 4 << 10;

/// Which of the standard streams are terminals, and how wide the terminal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Whether a person can answer on stdin.
    pub stdin: bool,
    /// Whether a person reads stdout.
    pub stdout: bool,
    /// Whether a person reads stderr.
    pub stderr: bool,
    /// The columns of the terminal, if one of the streams is one.
    pub columns: Option<usize>,
}

impl Screen {
    /// Of this process.
    #[expect(clippy::disallowed_methods, reason = "the streams are asked what they are, and not used")]
    pub fn of_process() -> Self {
        let [stdin, stdout, stderr] =
            [io::stdin().is_terminal(), io::stdout().is_terminal(), io::stderr().is_terminal()];
        Self { stdin, stdout, stderr, columns: os::columns() }
    }

    /// No terminal anywhere.
    pub const fn none() -> Self {
        Self { stdin: false, stdout: false, stderr: false, columns: None }
    }
}

/// Whether a person sees our stderr, and with it that of the programs that inherit it.
#[expect(clippy::disallowed_methods, reason = "it is asked what it is, and not written")]
pub(crate) fn is_stderr() -> bool {
    io::stderr().is_terminal()
}

/// Whether [`prompt_for_code`] could prompt.
pub(crate) fn is_at_hand() -> bool {
    os::open().is_ok_and(|(input, _)| !os::is_in_background(&input))
}

/// A sign on stderr that something is under way, for what takes longer than a second. It is gone when it is dropped.
#[derive(Debug)]
pub(crate) struct Spinner {
    /// Closing it ends the thread.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// When the sign appears, and how fast it turns.
const SPINNER_DELAY: Duration = Duration::from_secs(1);
const SPINNER_TURN: Duration = Duration::from_millis(120);

impl Spinner {
    /// Begins. Without a thread there is no sign.
    pub(crate) fn start(what: &'static str) -> Self {
        let (stop, stopped) = channel();
        let thread = Builder::new().name("spinner".to_owned()).spawn(move || spin(what, &stopped)).ok();
        Self { stop: Some(stop), thread }
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // It only writes; if that failed, there is nothing to do about it.
            thread.join().ok();
        }
    }
}

/// Writes to a copy of stderr: the stream itself belongs to the main thread.
fn spin(what: &str, stopped: &Receiver<()>) {
    let mut stderr = None;
    let mut delay = SPINNER_DELAY;
    for sign in ["|", "/", "-", "\\"].into_iter().cycle() {
        if stopped.recv_timeout(delay) != Err(RecvTimeoutError::Timeout) {
            break;
        }
        delay = SPINNER_TURN;
        stderr = stderr.or_else(|| os::stderr().ok());
        let written = stderr.as_mut().map(|stderr| stderr.write_all(format!("\r{sign} {what}\u{2026}").as_bytes()));
        if !matches!(written, Some(Ok(()))) {
            break;
        }
    }
    if let Some(mut stderr) = stderr {
        let _ = stderr.write_all(b"\r\x1b[K");
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PromptError {
    #[error("no terminal to prompt on")]
    NoTerminal(#[source] io::Error),
    /// Another job is in the terminal's foreground.
    #[error("cannot prompt from a background job")]
    InBackground,
    /// An empty line, or the end of input (Ctrl-D).
    #[error("no code was entered")]
    Nothing,
    #[error("the terminal failed")]
    Broken(#[source] io::Error),
}

/// Prompts for a code, and waits for a line without a limit. Blanks in the answer are ignored.
/// Error: there is no usable terminal, or the answer is empty.
pub(crate) fn prompt_for_code(prompt: &str) -> Result<Secret, PromptError> {
    let (mut input, mut output) = os::open().map_err(PromptError::NoTerminal)?;
    if os::is_in_background(&input) {
        return Err(PromptError::InBackground);
    }
    os::discard_pending_input(&input);
    let line = output.write_all(one_line(prompt).as_bytes()).and_then(|()| read_line(&mut input));
    let (line, has_ended) = line.map_err(PromptError::Broken)?;
    if !has_ended {
        // The cursor is still behind the prompt.
        output.write_all(b"\n").map_err(PromptError::Broken)?;
    }
    let code: String = line.expose().split_whitespace().collect();
    if code.is_empty() { Err(PromptError::Nothing) } else { Ok(Secret::new(code)) }
}

/// A line of input, and whether it ended with Enter.
fn read_line(input: &mut impl Read) -> io::Result<(Secret, bool)> {
    let mut bytes = BufReader::new(input.take(LONGEST_ANSWER)).bytes();
    let mut line = Vec::new();
    let has_ended = loop {
        match bytes.next().transpose()? {
            Some(b'\r' | b'\n') => break true,
            Some(byte) => line.push(byte),
            None => break false,
        }
    };
    let line = String::from_utf8(line).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    Ok((Secret::new(line), has_ended))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_with_enter_whatever_the_terminal_sends_for_it_or_with_the_input() {
        for (typed, text, ended) in [
            (&b"123456\n"[..], "123456", true),
            (b"123456\r\nls\n", "123456", true),
            (b"123456", "123456", false),
            (b"\n", "", true),
            (b"", "", false),
            (b"\xff\n", "\u{fffd}", true),
        ] {
            let (line, has_ended) = read_line(&mut &typed[..]).expect("bytes in memory");
            assert_eq!((line.expose(), has_ended), (text, ended), "{typed:?}");
        }
    }

    #[test]
    fn an_endless_line_is_read_to_a_limit() {
        let (line, has_ended) = read_line(&mut io::repeat(b'1')).expect("bytes in memory");
        assert_eq!((line.expose().len(), has_ended), (4 << 10, false));
    }
}
