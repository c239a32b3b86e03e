//! What a request comes with: streams, variables, time, AWS, other helpers; and the status that it ends with.
//!
//! All of it is values, so that a whole request runs in a unit test on two byte buffers.

use std::io::{self, Read, Write};

use crate::clock::Clock;
use crate::env::Env;
use crate::fetch::TokenSource;
use crate::protocol::Helpers;
use crate::terminal::Screen;

/// Everything outside that a request may touch.
pub struct World<'a> {
    /// The variables.
    pub env: &'a Env,
    /// The time.
    pub clock: &'a dyn Clock,
    /// AWS.
    pub source: &'a dyn TokenSource,
    /// Other credential helpers.
    pub helpers: &'a dyn Helpers,
    /// A random number, to spread refreshes and to distinguish one failure from the next.
    pub random: fn() -> u64,
    /// Which of the streams are terminals. Asked only by the commands for people.
    pub screen: fn() -> Screen,
    /// The request.
    pub stdin: &'a mut dyn Read,
    /// What the client reads.
    pub stdout: &'a mut dyn Write,
    /// What the person reads.
    pub stderr: &'a mut dyn Write,
}

/// The exit status that a client sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// 0.
    Success,
    /// 1, whatever it was: clients look at stdout for the reason.
    Failure,
    /// 2: the arguments of a command for people aren't valid.
    WrongUsage,
    /// That of a fallback helper.
    OfHelper(u8),
}

impl World<'_> {
    /// Fails because the answer couldn't be written.
    pub(crate) fn fail_to_answer(&mut self, error: &io::Error) -> Status {
        // A client that closed its end doesn't read why it got no answer.
        if error.kind() != io::ErrorKind::BrokenPipe {
            self.complain(&format!("ecr-login: cannot write the answer: {error}"));
        }
        Status::Failure
    }

    /// Tells the person. It is one write, and if stderr is closed the client still gets its answer.
    pub(crate) fn complain(&mut self, sentence: &str) {
        let _ = self.stderr.write_all(format!("{sentence}\n").as_bytes());
    }
}
