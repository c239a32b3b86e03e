//! Hosts that aren't ECR's: their requests go unchanged to the fallback helper that the rules name, and so does its answer.
//! If that isn't possible, the client is told so; it is never told that a password was stored or erased when it wasn't.

use std::io;

use super::get::fail;
use crate::error::Failure;
use crate::options::Options;
use crate::protocol::{Action, Request, Sentence};
use crate::registry::Service;
use crate::server_url::ServerUrl;
use crate::tokens::Context;
use crate::world::{Status, World};

/// Hands a request to `docker-credential-HELPER`.
pub(super) fn pass_on(
    world: &mut World<'_>,
    options: &Options,
    helper: &str,
    action: Action,
    server_url: &str,
    request: &Request,
) -> io::Result<Status> {
    let host = displayed(server_url);
    let mut context = Context::new(world, options, format!("{} {host}", action.as_str()));
    context.log.info(format_args!("passed on to docker-credential-{helper}"));
    match world.helpers.pass_on(world.env, helper, action, request) {
        Ok(0) => Ok(Status::Success),
        Ok(status) => Ok(Status::OfHelper(status)),
        Err(failure) if action == Action::Get => fail(world, options, &failure, &host, Service::Ecr),
        Err(failure) => report_failure(world, action, server_url, &failure),
    }
}

/// Answers a `get` for a host that a fallback might cover, when the configuration file is invalid. The image may be public.
pub(super) fn not_found(world: &mut World<'_>, server_url: &str, failure: &Failure) -> io::Result<Status> {
    let host = displayed(server_url);
    world.complain(&failure.sentence(format_args!("no password for {host}"), Service::Ecr));
    world.answer_sentence(Sentence::NotFound)
}

/// Reports that a password wasn't stored or erased.
///
/// The person is told of an `erase` too: `docker logout HOST` doesn't show the answer and says that it removed the login,
/// because it counts the answers for one host twice:
/// <https://github.com/docker/cli/blob/master/cli/command/registry/logout.go>.
pub(super) fn report_failure(
    world: &mut World<'_>,
    action: Action,
    server_url: &str,
    failure: &Failure,
) -> io::Result<Status> {
    let (verb, host) = (action.as_str(), displayed(server_url));
    let sentence = failure.sentence(format_args!("cannot {verb} the password for {host}"), Service::Ecr);
    if action == Action::Erase {
        world.complain(&sentence);
    }
    writeln!(world.stdout, "{sentence}")?;
    Ok(Status::Failure)
}

/// A host as it may be displayed: a text that isn't one may contain a password.
fn displayed(server_url: &str) -> String {
    ServerUrl::parse(server_url).map_or_else(|| "this server".to_owned(), |server_url| server_url.host().to_owned())
}
