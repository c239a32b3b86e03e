//! One real token, through the same policy as that of a client; and the question to the registry whether it takes it.

use std::time::Duration;

use super::check::Check;
use super::remedy;
use super::text::Text;
use crate::error::{Failure, FailureKind};
use crate::options::Options;
use crate::probe::ProbeServer;
use crate::registry::Service;
use crate::rules::Target;
use crate::token::AuthorizationToken;
use crate::tokens::{self, Context};
use crate::world::World;

const NAME: &str = "token";

/// Less time than this isn't worth an attempt.
const SHORTEST: Duration = Duration::from_secs(1);

/// ECR Public exchanges the token for another one, for any of its repositories.
const EXCHANGE: &str = "/token/?service=public.ecr.aws&scope=repository:docker/library/busybox:pull";

/// Fetches a token within the limit.
pub(super) fn check(
    world: &mut World<'_>,
    options: &Options,
    target: &Target,
    limit: Duration,
) -> (Check, Option<AuthorizationToken>) {
    if limit < SHORTEST {
        return (Check::skipped(NAME, "no time is left for it"), None);
    }
    // Without the cache, it is AWS that answers.
    let options = options.uncached(limit);
    let (clock, host) = (world.clock, target.host());
    let started = clock.elapsed();
    let token = tokens::token(&mut Context::new(world, &options, format!("doctor {host}")), target);
    let took = clock.elapsed().saturating_sub(started).as_millis();
    match token {
        Ok(served) => {
            let what = format!("AWS gives one ({took} ms), valid until {}", served.expires_at);
            (Check::good(NAME, what), Some(served.token))
        }
        Err(failure) => (failed(&failure, target.service()), None),
    }
}

fn failed(failure: &Failure, service: Service) -> Check {
    let is_anonymous = service == Service::EcrPublic && failure.kind.is_no_credentials();
    if is_anonymous {
        return Check::good(NAME, "none, as there are no credentials: pulls from ECR Public are anonymous");
    }
    let remedy = match &failure.kind {
        FailureKind::Misconfigured => super::check::Remedy::advice("Correct the setting that is named"),
        _ => remedy::of(failure, service),
    };
    Check::bad(NAME, Text::new("").failure(failure), remedy)
}

/// The question to the registry, at the host that clients ask.
pub(super) fn registry(target: &Target, token: AuthorizationToken) -> ProbeServer {
    let path = match target.service() {
        Service::Ecr => "/v2/",
        Service::EcrPublic => EXCHANGE,
    };
    ProbeServer::Registry { host: target.host().to_owned(), path, token }
}
