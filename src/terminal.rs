//! The person at the terminal: one question, and one line for an answer.
//!
//! The streams of the process are its client's, so the terminal itself is opened: `/dev/tty`, or the console on Windows.
//! What was typed before the question is dropped: it was no answer to it. The answer is shown while it's typed, so that
//! the terminal's settings stay as they are and nothing is left to be put right if Ctrl-C ends us meanwhile; ask for
//! nothing that lasts longer than a code which is good for one use. Nobody is asked by a process in the background, which
//! the system would stop in the middle of it.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Write};

use crate::secret::Secret;

/// The system hands over a line in one piece, and a longer one isn't typed. What is pasted beyond it is left unread.
const LONGEST_ANSWER: u64 = 4 << 10;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// The process has no terminal.
    #[error("there is no terminal to ask for it")]
    NoTerminal(#[source] io::Error),
    /// The terminal belongs to another job.
    #[error("the terminal can't be asked for it from the background")]
    InBackground,
    /// An empty line, or the end of input (Ctrl-D).
    #[error("no code was typed")]
    Nothing,
    /// The terminal is there, and fails.
    #[error("the terminal can't be asked for it")]
    Broken(#[source] io::Error),
}

/// Asks for a code, and waits for a line as long as it takes. Blanks around and within it are no part of it.
///
/// # Errors
/// Nobody is there, or nothing was typed.
pub fn ask_for_code(question: &str) -> Result<Secret, PromptError> {
    let (mut answers, mut questions) = open().map_err(PromptError::NoTerminal)?;
    if is_in_background(&answers) {
        return Err(PromptError::InBackground);
    }
    drop_typed_ahead(&answers);
    let line = questions.write_all(question.as_bytes()).and_then(|()| read_line(&mut answers));
    let line = line.map_err(PromptError::Broken)?;
    if !line.ended {
        // The cursor stands behind the question still.
        questions.write_all(b"\n").map_err(PromptError::Broken)?;
    }
    let code: String = line.text.expose().split_whitespace().collect();
    if code.is_empty() { Err(PromptError::Nothing) } else { Ok(Secret::new(code)) }
}

/// Where a person types, and where they read.
fn open() -> io::Result<(File, File)> {
    let (answers, questions) = if cfg!(windows) { ("CONIN$", "CONOUT$") } else { ("/dev/tty", "/dev/tty") };
    let open = |name| OpenOptions::new().read(true).write(true).open(name);
    Ok((open(answers)?, open(questions)?))
}

/// What was typed, and whether it ended with Enter.
struct Line {
    text: Secret,
    ended: bool,
}

fn read_line(answers: &mut impl Read) -> io::Result<Line> {
    let mut text = Vec::new();
    let mut ended = false;
    for byte in BufReader::new(answers.take(LONGEST_ANSWER)).bytes() {
        match byte? {
            b'\r' | b'\n' => {
                ended = true;
                break;
            }
            byte => text.push(byte),
        }
    }
    let text = String::from_utf8(text).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    Ok(Line { text: Secret::new(text), ended })
}

/// Whether another job has the terminal: reading from it would stop us (`SIGTTIN`).
#[cfg(unix)]
fn is_in_background(terminal: &File) -> bool {
    rustix::termios::tcgetpgrp(terminal).is_ok_and(|foreground| foreground != rustix::process::getpgrp())
}

#[cfg(unix)]
fn drop_typed_ahead(terminal: &File) {
    // What can't be dropped is read as the answer, and refused.
    rustix::termios::tcflush(terminal, rustix::termios::QueueSelector::IFlush).ok();
}

#[cfg(windows)]
fn is_in_background(_: &File) -> bool {
    false
}

#[cfg(windows)]
fn drop_typed_ahead(_: &File) {}

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
            let line = read_line(&mut &typed[..]).expect("bytes in memory");
            assert_eq!((line.text.expose(), line.ended), (text, ended), "{typed:?}");
        }
    }

    #[test]
    fn an_endless_line_is_read_to_a_limit() {
        let line = read_line(&mut io::repeat(b'1')).expect("bytes in memory");
        assert_eq!((line.text.expose().len(), line.ended), (4 << 10, false));
    }
}
