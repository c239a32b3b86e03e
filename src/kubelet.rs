//! The kubelet's image credential provider protocol: one process for each image whose host the kubelet's configuration
//! names, one request on stdin, one answer on stdout
//! (<https://kubernetes.io/docs/reference/config-api/kubelet-credentialprovider.v1/>).
//!
//! The kubelet keeps an answer for the time that it names, and asks again after a failure: that exits with 1 and writes
//! one line to stderr, which goes to the kubelet's log. An answer without a password lets the kubelet pull anonymously:
//! for ECR Public without permission, and for hosts that aren't ECR's. Nobody sits at a terminal, so a role that needs an
//! MFA code is a failure.
//!
//! Leaves out: the documents (`documents`), the role of a service account (`service_account`), and fallback helpers: it
//! isn't known how long their passwords last.

mod documents;
mod service_account;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::time::Duration;

use self::documents::{Login, Request, Response};
use self::service_account::{RoleRequirement, service_account};
use crate::config;
use crate::error::{Failure, FailureKind};
use crate::options::Options;
use crate::panics;
use crate::protocol;
use crate::redact::{Redactor, clean_line};
use crate::registry::Service;
use crate::rules::{Destination, Target};
use crate::tokens::{self, Attendance, Context, Served};
use crate::world::{Status, World};

/// The limit of a whole answer. The kubelet ends a provider after a minute.
const LIMIT: Duration = Duration::from_secs(48);

/// How long the kubelet pulls anonymously before it asks again.
const ANONYMOUS: Duration = Duration::from_mins(15);

/// Answers a kubelet. The only argument that counts is `--require-role`: configurations have others, such as
/// `get-credentials`, for other programs of the same name.
pub(crate) fn run(arguments: &[OsString], world: &mut World<'_>) -> Status {
    let requirement = RoleRequirement::of(arguments, world.env);
    let answer = panics::catch(|| answer(requirement, world)).unwrap_or_else(|panic| {
        let failure = Failure::new(FailureKind::Internal, Redactor::default().clean(&panic.to_string()));
        Err(failure.sentence(format_args!("no password for the kubelet"), Service::Ecr))
    });
    match answer.map(|response| protocol::write_json(world.stdout, &response)) {
        Ok(Ok(())) => Status::Success,
        Ok(Err(error)) => world.fail_to_answer(&error),
        Err(reason) => {
            world.complain(&reason);
            Status::Failure
        }
    }
}

/// Reads the request, and finds the answer.
/// Error: the line for the kubelet's log.
fn answer(requirement: RoleRequirement, world: &mut World<'_>) -> Result<Response, String> {
    let unusable = |problem: String| clean_line(&format!("ecr-login: unusable request from the kubelet: {problem}"));
    let text = protocol::Request::read(world.stdin, world.clock).map_err(|error| unusable(error.to_string()))?;
    let request = Request::parse(text.expose()).map_err(|error| unusable(error.to_string()))?;
    let (destination, options) = config::destination(world.env, &request.image);
    let target = match destination {
        Destination::Ecr(target) => target,
        Destination::Misconfigured { registry, error } => {
            let service = registry.map_or(Service::Ecr, |registry| registry.api.service);
            return Err(sentence(&error, &request, service));
        }
        Destination::Fallback(_) | Destination::NotFound => return Ok(Response::anonymous(&request, ANONYMOUS)),
    };
    let service = target.service();
    match serve(&request, requirement, target, options, world) {
        Ok(served) => {
            let Served { token, .. } = &served;
            let (username, password) = (token.username().to_owned(), token.password().clone());
            let cache_for = served.time_left(world.clock.now()) / 2;
            Ok(Response::with_login(&request, cache_for, Login { username, password }))
        }
        Err(failure) if service == Service::EcrPublic && failure.kind.permits_anonymous_pull() => {
            Ok(Response::anonymous(&request, ANONYMOUS))
        }
        Err(failure) => Err(sentence(&failure, &request, service)),
    }
}

/// Gets the token for an image.
fn serve(
    request: &Request,
    requirement: RoleRequirement,
    target: Target,
    mut options: Options,
    world: &mut World<'_>,
) -> Result<Served, Failure> {
    options.check().map_err(|invalid| Failure::misconfigured(invalid.to_string()))?;
    options.timeout = options.timeout.min(LIMIT);
    let target = match service_account(request, requirement, world.env)? {
        Some(account) => target.on_behalf_of(account),
        None => target,
    };
    let mut context = Context::new(world, &options, format!("kubelet {}", target.host()));
    context.attendance = Attendance::Unattended;
    tokens::token(&mut context, &target).inspect_err(|failure| {
        context.log.error(format_args!("{}", failure.details()));
    })
}

/// The line for the kubelet's log.
fn sentence(failure: &Failure, request: &Request, service: Service) -> String {
    failure.sentence(format_args!("no password for {}", request.host()), service)
}
