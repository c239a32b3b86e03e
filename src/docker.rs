//! Docker's credential helper protocol: what each verb means for ECR, one file for each verb.
//!
//! It takes its world as values (streams, environment, clock, token source), so a whole `get` runs in a unit test on two
//! byte buffers. A verb reads its request, finds out what the host is, and then either asks `tokens` or, for a host that
//! isn't ECR's, the fallback helper. Such a host never costs more than a look at the configuration file.

mod erase;
mod get;
mod list;
mod other_hosts;
mod store;
#[cfg(test)]
mod tests;

use std::io::{self, Read, Write};

use crate::clock::Clock;
use crate::config;
use crate::env::Env;
use crate::error::{Failure, FailureKind};
use crate::fetch::TokenSource;
use crate::log::Log;
use crate::options::Options;
use crate::panics::{self, Panic};
use crate::protocol::{Action, BadRequest, Helpers, Request, Sentence};
use crate::redact::Redactor;
use crate::registry::Service;
use crate::rules::Destination;
use crate::tokens::Context;

/// Everything outside that a verb may touch.
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
    /// That of a fallback helper.
    OfHelper(u8),
}

/// Does what a client asks for.
pub(crate) fn run(action: Action, world: &mut World<'_>) -> Status {
    let answered = panics::catch(|| match action {
        Action::Get => get::get(world),
        Action::Store => store::store(world),
        Action::Erase => erase::erase(world),
        Action::List => list::list(world),
    });
    match answered.unwrap_or_else(|panic| world.answer_panic(action, &panic)) {
        Ok(status) => status,
        Err(error) => world.fail_to_answer(&error),
    }
}

/// A request about one server, and what its host is.
struct Asked {
    request: Request,
    server_url: String,
    destination: Destination,
}

impl Asked {
    /// Reads the request of a `get` or `erase`.
    fn about_server(world: &mut World<'_>) -> Result<Self, BadRequest> {
        let request = Request::read(world.stdin, world.clock)?;
        let server_url = request.server_url()?;
        Ok(Self { destination: config::destination(world.env, &server_url), request, server_url })
    }

    /// Reads the request of a `store`.
    fn with_credentials(world: &mut World<'_>) -> Result<Self, BadRequest> {
        let request = Request::read(world.stdin, world.clock)?;
        let server_url = request.stored_server_url()?;
        Ok(Self { destination: config::destination(world.env, &server_url), request, server_url })
    }
}

impl World<'_> {
    /// The world of the token policy, with the log that the options ask for.
    fn context<'c>(&'c mut self, options: &'c Options, subject: String) -> Context<'c> {
        let log = Log::open(options, self.stderr, self.clock, subject);
        Context { env: self.env, clock: self.clock, source: self.source, random: self.random, options, log }
    }

    /// Writes one of the fixed sentences, which clients compare, and fails.
    fn answer_sentence(&mut self, sentence: Sentence) -> io::Result<Status> {
        writeln!(self.stdout, "{sentence}")?;
        Ok(Status::Failure)
    }

    /// Refuses a request that can't be understood.
    fn refuse(&mut self, request: &BadRequest) -> io::Result<Status> {
        writeln!(self.stdout, "{request}")?;
        Ok(Status::Failure)
    }

    /// Answers after a panic, which came before the answer: that is written last, at once.
    fn answer_panic(&mut self, action: Action, panic: &Panic) -> io::Result<Status> {
        let failure = Failure::new(FailureKind::Internal, Redactor::default().clean(&panic.to_string()));
        let sentence = failure.sentence(format_args!("`{}` failed", action.as_str()), Service::Ecr);
        self.complain(&sentence);
        match action {
            Action::Get => self.answer_sentence(Sentence::NotFound),
            Action::Store | Action::Erase | Action::List => {
                writeln!(self.stdout, "{sentence}")?;
                Ok(Status::Failure)
            }
        }
    }

    /// Fails because the answer couldn't be written.
    pub(crate) fn fail_to_answer(&mut self, error: &io::Error) -> Status {
        // A client that closed its end doesn't read why it got no answer.
        if error.kind() != io::ErrorKind::BrokenPipe {
            self.complain(&format!("ecr-login: cannot write the answer: {error}"));
        }
        Status::Failure
    }

    /// Tells the person. It is one write, and if stderr is closed the client still gets its answer.
    fn complain(&mut self, sentence: &str) {
        let _ = self.stderr.write_all(format!("{sentence}\n").as_bytes());
    }
}
