//! `erase`: removes the cached tokens that serve a registry, of every identity, and the failures remembered for it.
//!
//! For ECR it always succeeds, unless the request names no server: some clients crash on anything else. That a token
//! couldn't be removed is told on stderr.

use std::io;

use super::{Asked, other_hosts};
use crate::options::Options;
use crate::protocol::{Action, Request};
use crate::redact::clean_line;
use crate::registry::Api;
use crate::rules::Destination;
use crate::tokens::{self, Context};
use crate::world::{Status, World};

#[cold]
pub(super) fn erase(world: &mut World<'_>) -> io::Result<Status> {
    let asked = match Request::read(world.stdin, world.clock).and_then(|request| Asked::about_server(request, world)) {
        Ok(asked) => asked,
        Err(bad) => return world.refuse(&bad),
    };
    let Asked { request, server_url, destination, options } = asked;
    match destination {
        Destination::Ecr(target) => Ok(erase_tokens(world, &options, target.host(), &target.api())),
        Destination::Misconfigured { registry: Some(registry), .. } => {
            Ok(erase_tokens(world, &options, registry.host(), &registry.api))
        }
        Destination::Misconfigured { registry: None, error } => {
            other_hosts::report_failure(world, Action::Erase, &server_url, &error)
        }
        Destination::Fallback(helper) => {
            other_hosts::pass_on(world, &options, &helper, Action::Erase, &server_url, &request)
        }
        Destination::NotFound => Ok(Status::Success),
    }
}

fn erase_tokens(world: &mut World<'_>, options: &Options, host: &str, api: &Api) -> Status {
    if let Err(error) = tokens::erase(&mut Context::new(world, options, format!("erase {host}")), api) {
        let sentence = format!(
            "ecr-login: a password of {host} may still be cached: {error}: {}; remove the file, or the cache directory",
            error.source
        );
        world.complain(&clean_line(&sentence));
    }
    Status::Success
}
