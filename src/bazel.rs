//! The credential helper protocol of Bazel, which other build tools speak, too
//! (<https://github.com/EngFlow/credential-helper-spec/blob/main/spec.md>): one process for each URI, a JSON object on
//! stdin, and the headers for this URI on stdout.
//!
//! A private registry takes the password as `Basic`; its layers are at presigned URLs of Amazon S3, which refuse a second
//! way to sign in and therefore get no headers, like all hosts that aren't ECR's. ECR Public takes the password at
//! `/token/` alone, and everywhere else the token that it gives for it. That token is good for one repository and for
//! minutes; Bazel keeps it for as long, so it isn't cached here.
//!
//! Leaves out: fallback helpers, which speak Docker's protocol.

#[cfg(test)]
mod tests;
mod uri;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::uri::Uri;
use crate::clock::{Deadline, Timestamp};
use crate::config;
use crate::error::{Failure, FailureKind};
use crate::options::Options;
use crate::panics;
use crate::protocol::{self, Request};
use crate::redact::Redactor;
use crate::registry::Service;
use crate::rules::{Destination, Target};
use crate::secret::Secret;
use crate::tokens::{self, Attendance, Context, Served};
use crate::world::{Status, World};

/// The limit of a whole answer. Bazel ends a helper after ten seconds.
const LIMIT: Duration = Duration::from_secs(8);

/// The part of it in which there must be a password of ECR Public; the rest is for the exchange.
const BEFORE_EXCHANGE: Duration = Duration::from_secs(5);

/// How long Bazel keeps a password whose refresh has just failed or is under way elsewhere.
const STALE: Duration = Duration::from_mins(1);

/// Bazel's request. Properties to come are ignored.
#[derive(Deserialize)]
struct Asked {
    uri: String,
}

/// Headers for a URI, and until when they are good.
struct Headers {
    authorization: Secret,
    expires: Timestamp,
}

/// Answers with the headers for a URI. The request has been found to be a JSON object.
pub(crate) fn get(request: &Request, world: &mut World<'_>) -> Status {
    let answer = panics::catch(|| answer(request, world)).unwrap_or_else(|panic| {
        let failure = Failure::new(FailureKind::Internal, Redactor::default().clean(&panic.to_string()));
        Err(failure.sentence(format_args!("no headers"), Service::Ecr))
    });
    match answer.map(|headers| write(headers.as_ref(), world)) {
        Ok(Ok(())) => Status::Success,
        Ok(Err(error)) => world.fail_to_answer(&error),
        Err(reason) => {
            world.complain(&reason);
            Status::Failure
        }
    }
}

fn write(headers: Option<&Headers>, world: &mut World<'_>) -> std::io::Result<()> {
    #[derive(Serialize)]
    struct Authorization<'a> {
        #[serde(rename = "Authorization")]
        authorization: [&'a str; 1],
    }
    #[derive(Default, Serialize)]
    struct Response<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        headers: Option<Authorization<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        expires: Option<String>,
    }
    let response = headers.map_or_else(Response::default, |headers| Response {
        headers: Some(Authorization { authorization: [headers.authorization.expose()] }),
        expires: Some(headers.expires.to_string()),
    });
    protocol::write_json(world.stdout, &response)
}

/// The headers for the URI of a request; `None` if it needs none from us.
/// Error: the line for stderr.
fn answer(request: &Request, world: &mut World<'_>) -> Result<Option<Headers>, String> {
    let asked = serde_json::from_str::<Asked>(request.expose());
    let Asked { uri } = asked.map_err(|_| "ecr-login: the request is not a JSON object with a `uri`".to_owned())?;
    let Some(uri) = Uri::parse(&uri) else { return Ok(None) };
    let (destination, options) = config::destination(world.env, uri.authority);
    match destination {
        Destination::Ecr(target) => {
            let failed = |failure: Failure| {
                failure.sentence(format_args!("no password for {}", target.host()), target.service())
            };
            headers(&target, &uri, options, world).map_err(failed)
        }
        Destination::Misconfigured { registry: Some(registry), error } => {
            Err(error.sentence(format_args!("no password for {}", registry.host()), registry.api.service))
        }
        // The host may be anybody's, whose downloads must not fail for our mistake.
        Destination::Misconfigured { registry: None, error } => {
            world.complain(&error.sentence(format_args!("no headers"), Service::Ecr));
            Ok(None)
        }
        Destination::Fallback(_) | Destination::NotFound => Ok(None),
    }
}

/// The headers for a URI of a registry.
fn headers(
    target: &Target,
    uri: &Uri<'_>,
    mut options: Options,
    world: &mut World<'_>,
) -> Result<Option<Headers>, Failure> {
    let deadline = Deadline::within(world.clock, LIMIT);
    options.check().map_err(|invalid| Failure::misconfigured(invalid.to_string()))?;
    let wants_exchange = target.service() == Service::EcrPublic && uri.is_api();
    options.timeout = options.timeout.min(if wants_exchange { BEFORE_EXCHANGE } else { LIMIT });
    let clock = world.clock;
    let mut context = Context::new(world, &options, format!("get {} for Bazel", target.host()));
    context.attendance = Attendance::Unattended;
    let served = match tokens::token(&mut context, target) {
        Ok(served) => Some(served),
        Err(failure) => {
            context.log.error(format_args!("{}", failure.details()));
            let is_anonymous = target.service() == Service::EcrPublic && failure.kind.permits_anonymous_pull();
            if is_anonymous { None } else { return Err(failure) }
        }
    };
    let now = clock.now();
    if !wants_exchange {
        return Ok(served.map(|served| Headers {
            authorization: Secret::new(format!("Basic {}", served.token.basic().expose())),
            expires: refresh_time(&served, now),
        }));
    }
    let login = served.map(|served| served.token);
    let limit = deadline.left(clock);
    let exchanged = tokens::exchange(&mut context, target, login.as_ref(), uri.repository(), limit)?;
    Ok(Some(Headers {
        authorization: Secret::new(format!("Bearer {}", exchanged.token.expose())),
        expires: clock.now().after(exchanged.lasts),
    }))
}

/// When Bazel should ask again.
fn refresh_time(served: &Served, now: Timestamp) -> Timestamp {
    let lifetime = &served.lifetime;
    if lifetime.refresh > now { lifetime.refresh } else { now.after(STALE).min(lifetime.expires) }
}
