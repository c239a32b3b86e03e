//! Hosts that aren't ECR's: their requests go to the fallback helper that the rules name, untouched, and so does its
//! answer. Where that can't be, the client is told so; a password is never said to be kept or gone when it isn't.

use std::io;

use super::{Status, World};
use crate::error::{Failure, Reply};
use crate::log::{Level, Log};
use crate::protocol::{Action, Request, Sentence};
use crate::registry::{ServerUrl, Service};
use crate::settings;

/// Hands a request over to `docker-credential-HELPER`.
pub(super) fn pass_on(
    world: &mut World<'_>,
    helper: &str,
    action: Action,
    server_url: &str,
    request: &Request,
) -> io::Result<Status> {
    let mut log = Log::open(world.env).unwrap_or(Log::OFF);
    let (verb, host) = (action.as_str(), shown(server_url));
    let event = format_args!("{verb} {host}: handed over to docker-credential-{helper}");
    log.write(world.stderr, world.clock, Level::Info, event);
    match world.helpers.pass_on(world.env, helper, action, request) {
        Ok(0) => Ok(Status::Success),
        Ok(status) => Ok(Status::OfHelper(status)),
        Err(failure) if action == Action::Get => {
            world.tell(&Reply::to(&failure, &host, Service::Ecr, settings::strictness(world.env)))
        }
        Err(failure) => undone(world, action, server_url, &failure),
    }
}

/// Answers a `get` for a host that may have a helper, in a configuration file that can't be used. Whatever that says,
/// the image may be one that everybody may pull.
pub(super) fn not_found(world: &mut World<'_>, server_url: &str, failure: &Failure) -> io::Result<Status> {
    let host = shown(server_url);
    let sentence = failure.sentence(format_args!("no password for {host}"), Service::Ecr);
    world.complain(&sentence);
    world.say(Sentence::NotFound)
}

/// Says that a password wasn't kept or forgotten.
///
/// Of the latter the person is told too: `docker logout HOST` doesn't show what it is answered, and says that it has removed
/// the login, as it counts the answers of one host twice:
/// <https://github.com/docker/cli/blob/master/cli/command/registry/logout.go>.
pub(super) fn undone(world: &mut World<'_>, action: Action, server_url: &str, failure: &Failure) -> io::Result<Status> {
    let (verb, host) = (action.as_str(), shown(server_url));
    let sentence = failure.sentence(format_args!("cannot {verb} the password for {host}"), Service::Ecr);
    if action == Action::Erase {
        world.complain(&sentence);
    }
    writeln!(world.stdout, "{sentence}")?;
    Ok(Status::Failure)
}

/// A host as it may be shown: what isn't one may hold a password.
fn shown(server_url: &str) -> String {
    ServerUrl::parse(server_url).map_or_else(|_| "this server".to_owned(), |server_url| server_url.host().to_owned())
}
