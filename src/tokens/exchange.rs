//! The token that the registry of ECR Public takes, in exchange for an authorization token or for nothing.

use std::time::Duration;

use super::Context;
use crate::aws::AwsSettings;
use crate::error::Failure;
use crate::fetch::{ExchangeRequest, RegistryToken};
use crate::rules::Target;
use crate::token::AuthorizationToken;

/// Gets a token for one repository, or for none in particular. It isn't cached: the clients that ask for it do that.
/// Error: there is none; the failure says why and what to do.
pub(crate) fn exchange(
    context: &mut Context<'_>,
    target: &Target,
    login: Option<&AuthorizationToken>,
    repository: Option<&str>,
    limit: Duration,
) -> Result<RegistryToken, Failure> {
    let settings = AwsSettings::read(context.env);
    let access = settings.for_target(target)?.access()?;
    let host = target.registry().host();
    let started = context.clock.elapsed();
    let exchanged = context.source.exchange(ExchangeRequest { host, repository, login, access, limit });
    let took = context.clock.elapsed().saturating_sub(started).as_millis();
    match &exchanged {
        Ok(token) => context.log.info(format_args!("exchanged in {took} ms, lasts {:?}", token.lasts)),
        Err(failure) => context.log.error(format_args!("failed after {took} ms: {}", failure.details())),
    }
    exchanged
}
