//! The policy: what each verb of the protocol means for ECR, one file a verb.
//!
//! It takes its world as values (streams, environment, clock, token source), so a whole `get` runs in a unit test on two
//! byte buffers. It decides and leaves doing to the adapters: who asks AWS, when a cached token will do, what is said to
//! whom. Foreign registries are told "not found" before any setting is read.

mod erase;
mod get;
mod list;
mod store;
#[cfg(test)]
mod tests;

use std::io::{self, Read, Write};

use crate::clock::Clock;
use crate::env::Env;
use crate::protocol::{Action, BadRequest, Sentence};
use crate::registry::{Registry, ServerUrl};
use crate::scope::TokenSource;

/// Everything outside that a verb may touch.
pub struct World<'a> {
    /// The variables.
    pub env: &'a Env,
    /// The time.
    pub clock: &'a dyn Clock,
    /// AWS.
    pub source: &'a dyn TokenSource,
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

/// The ECR registry that a client's text names; `None` for every other one.
fn registry_of(server_url: &str) -> Option<Registry> {
    Registry::parse(ServerUrl::parse(server_url).ok()?.host())
}

impl World<'_> {
    /// Says one of the fixed sentences, which clients compare.
    fn say(&mut self, sentence: Sentence) -> io::Result<Status> {
        writeln!(self.stdout, "{sentence}")?;
        Ok(Status::Failure)
    }

    /// Refuses a request that can't be understood.
    fn refuse(&mut self, request: &BadRequest) -> io::Result<Status> {
        writeln!(self.stdout, "{request}")?;
        Ok(Status::Failure)
    }
}
