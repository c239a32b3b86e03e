//! `get`: the password of a registry.

use std::io;

use super::{Asked, other_hosts};
use crate::error::{Failure, Reply};
use crate::options::Options;
use crate::protocol::{Action, BadRequest, Request, Sentence, write_credentials};
use crate::registry::Service;
use crate::rules::{Destination, Target};
use crate::tokens::{self, Context, Served};
use crate::world::{Status, World};

pub(super) fn get(request: Result<Request, BadRequest>, world: &mut World<'_>) -> io::Result<Status> {
    let asked = match request.and_then(|request| Asked::about_server(request, world)) {
        Ok(asked) => asked,
        Err(bad) => return world.refuse(&bad),
    };
    let Asked { request, server_url, destination, options } = asked;
    match destination {
        Destination::Ecr(target) => serve(world, &options, &target, &server_url),
        Destination::Misconfigured { registry: Some(registry), error } => {
            fail(world, &options, &error, registry.host(), registry.api.service)
        }
        Destination::Misconfigured { registry: None, error } => other_hosts::not_found(world, &server_url, &error),
        Destination::Fallback(helper) => {
            other_hosts::pass_on(world, &options, &helper, Action::Get, &server_url, &request)
        }
        Destination::NotFound => world.answer_sentence(Sentence::NotFound),
    }
}

/// Answers with the token of an ECR registry.
fn serve(world: &mut World<'_>, options: &Options, target: &Target, server_url: &str) -> io::Result<Status> {
    let checked = options.check().map_err(|invalid| Failure::misconfigured(invalid.to_string()));
    let token = checked.and_then(|()| {
        let mut context = Context::new(world, options, format!("get {}", target.host()));
        tokens::token(&mut context, target)
    });
    match token {
        Ok(Served { token, .. }) => {
            write_credentials(world.stdout, server_url, token.username(), token.password())?;
            Ok(Status::Success)
        }
        Err(failure) => fail(world, options, &failure, target.host(), target.service()),
    }
}

/// Tells the client, the person and the log that there is no token for a registry.
pub(super) fn fail(
    world: &mut World<'_>,
    options: &Options,
    failure: &Failure,
    host: &str,
    service: Service,
) -> io::Result<Status> {
    Context::new(world, options, format!("get {host}")).log.error(format_args!("{}", failure.details()));
    let Reply { stdout, stderr } = Reply::to(failure, host, service, options.strictness);
    if let Some(sentence) = stderr {
        world.complain(&sentence);
    }
    match stdout {
        Some(sentence) => writeln!(world.stdout, "{sentence}")?,
        None => writeln!(world.stdout, "{}", Sentence::NotFound)?,
    }
    Ok(Status::Failure)
}
