//! Docker's credential helper protocol: what each verb means for ECR, one file for each verb.
//!
//! It takes its world as values (streams, environment, clock, token source), so a whole `get` runs in a unit test on two
//! byte buffers. A verb reads its request, finds out what the host is, and then either asks `tokens` or, for a host that
//! isn't ECR's, the fallback helper. Such a host never costs more than a look at the configuration file.
//!
//! The verbs other than `get` are `#[cold]`: the linker puts their code apart from that of a hit.

mod erase;
mod get;
mod list;
mod other_hosts;
mod store;
#[cfg(test)]
mod tests;

use std::io;

use crate::config;
use crate::error::{Failure, FailureKind};
use crate::options::Options;
use crate::panics::{self, Panic};
use crate::protocol::{Action, BadRequest, Request, Sentence};
use crate::redact::Redactor;
use crate::registry::Service;
use crate::rules::Destination;
use crate::world::{Status, World};

/// Does what a client asks for.
pub(crate) fn run(action: Action, world: &mut World<'_>) -> Status {
    match action {
        Action::Get => {
            let request = Request::read(world.stdin, world.clock);
            get(request, world)
        }
        Action::Store => finish(action, world, store::store),
        Action::Erase => finish(action, world, erase::erase),
        Action::List => finish(action, world, list::list),
    }
}

/// Answers a `get` whose request has been read, to find out whose protocol it is of.
pub(crate) fn get(request: Result<Request, BadRequest>, world: &mut World<'_>) -> Status {
    finish(Action::Get, world, |world| get::get(request, world))
}

fn finish<'w>(
    action: Action,
    world: &mut World<'w>,
    verb: impl FnOnce(&mut World<'w>) -> io::Result<Status>,
) -> Status {
    let answered = panics::catch(|| verb(world));
    match answered.unwrap_or_else(|panic| world.answer_panic(action, &panic)) {
        Ok(status) => status,
        Err(error) => world.fail_to_answer(&error),
    }
}

/// A request about one server, what its host is, and the options.
struct Asked {
    request: Request,
    server_url: String,
    destination: Destination,
    options: Options,
}

impl Asked {
    /// Understands the request of a `get` or `erase`.
    fn about_server(request: Request, world: &World<'_>) -> Result<Self, BadRequest> {
        let server_url = request.server_url()?;
        Ok(Self::new(world, request, server_url))
    }

    /// Reads the request of a `store`.
    fn with_credentials(world: &mut World<'_>) -> Result<Self, BadRequest> {
        let request = Request::read(world.stdin, world.clock)?;
        let server_url = request.stored_server_url()?;
        Ok(Self::new(world, request, server_url))
    }

    fn new(world: &World<'_>, request: Request, server_url: String) -> Self {
        let (destination, options) = config::destination(world.env, &server_url);
        Self { request, server_url, destination, options }
    }
}

impl World<'_> {
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
}
