//! The policy: what each verb of the protocol means for ECR, one file a verb.
//!
//! It takes its world as values (streams, environment, clock, token source), so a whole `get` runs in a unit test on two
//! byte buffers. It decides and leaves doing to the adapters: who asks AWS, when a cached token will do, what is said to
//! whom. Only the rules are read for every host; other registries than ECR's are told "not found", or handed over to the
//! fallback helper, before any setting of AWS is looked at.

mod erase;
mod foreign;
mod get;
mod list;
mod store;
#[cfg(test)]
mod tests;

use std::io::{self, Read, Write};

use crate::clock::Clock;
use crate::env::Env;
use crate::error::{Failure, Reply};
use crate::fetch::TokenSource;
use crate::protocol::{Action, BadRequest, Helpers, Sentence};
use crate::rules::{Destination, Rules};

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
    /// A random number, to spread refreshes and to tell one failure from the next.
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
#[must_use]
pub fn run(action: Action, world: &mut World<'_>) -> Status {
    let answered = match action {
        Action::Get => get::get(world),
        Action::Store => store::store(world),
        Action::Erase => erase::erase(world),
        Action::List => list::list(world),
    };
    // A client that closed its end doesn't read why it got no answer.
    answered.unwrap_or(Status::Failure)
}

/// Who answers for the text of a client. Without rules that can be used, ECR's own names are all that is known.
fn destination<'r>(rules: &'r Result<Rules<'_>, Failure>, server_url: &str) -> Destination<'r> {
    match rules {
        Ok(rules) => rules.destination(server_url),
        Err(_) => Destination::by_name(server_url),
    }
}

impl World<'_> {
    /// Says one of the fixed sentences, which clients compare.
    fn say(&mut self, sentence: Sentence) -> io::Result<Status> {
        writeln!(self.stdout, "{sentence}")?;
        Ok(Status::Failure)
    }

    /// Says what a failed `get` comes to.
    fn tell(&mut self, reply: &Reply) -> io::Result<Status> {
        let Reply { stdout, stderr } = reply;
        if let Some(sentence) = stderr {
            self.complain(sentence);
        }
        match stdout {
            Some(sentence) => writeln!(self.stdout, "{sentence}")?,
            None => writeln!(self.stdout, "{}", Sentence::NotFound)?,
        }
        Ok(Status::Failure)
    }

    /// Tells the person. One write, and no matter of the client's: a closed stderr keeps no answer from it.
    fn complain(&mut self, sentence: &str) {
        let _ = self.stderr.write_all(format!("{sentence}\n").as_bytes());
    }

    /// Refuses a request that can't be understood.
    fn refuse(&mut self, request: &BadRequest) -> io::Result<Status> {
        writeln!(self.stdout, "{request}")?;
        Ok(Status::Failure)
    }
}
