//! The one place that talks to AWS: credentials from one source, one `GetAuthorizationToken`, one answer or failure.
//!
//! Async stays in here. The runtime, the TLS roots and the one client that is needed come into being only when a request is
//! really sent; a hit never gets here. Every wait is bounded by the limit of the request. This adapter knows neither the
//! cache nor the settings: what it needs is in the [`TokenRequest`].

mod classify;
mod client;
mod credentials;
mod http;
#[cfg_attr(unix, path = "ecr/interruption.rs")]
#[cfg_attr(windows, path = "ecr/no_interruption.rs")]
mod interruption;
mod mfa;
mod process;
mod proxy;
mod trust;

use std::cell::Cell;

use crate::clock::Timestamp;
use crate::error::{Failure, FailureKind};
use crate::fetch::{FetchedToken, TokenRequest, TokenSource};
use crate::identity::{CredentialPlan, CredentialSource};
use credentials::Resolved;

/// Amazon ECR and ECR Public, by way of the AWS SDK.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ecr;

impl TokenSource for Ecr {
    fn fetch(&self, request: TokenRequest<'_>) -> Result<FetchedToken, Failure> {
        let http = http::LazyHttpClient::new(&request.access.network)?;
        // The time that a person takes isn't limited.
        let plan = mfa::plan(&request.plan.steps, request.now, request.prompt)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
            Failure::new(FailureKind::Unreachable, format!("cannot start the network runtime: {error}"))
        })?;
        let (limit, cleanup) = (request.limit, request.on_interrupt);
        let waiting_for = Cell::new(None);
        let fetch = async { tokio::time::timeout(limit, token(request, plan, http, &waiting_for)).await };
        let fetched = runtime.block_on(interruption::guarded(cleanup, fetch));
        // A name lookup that hangs in its thread must not keep us.
        runtime.shutdown_background();
        fetched.unwrap_or_else(|_| {
            let seconds = limit.as_secs_f32().round();
            let detail = match waiting_for.take() {
                Some(source) => format!("{source} gave no credentials in {seconds} s"),
                None => format!("gave up after {seconds} s"),
            };
            Err(Failure::new(FailureKind::TimedOut, detail))
        })
    }

    fn needs_mfa_code(&self, plan: &CredentialPlan, now: Timestamp) -> bool {
        mfa::needs_code(&plan.steps, now)
    }
}

async fn token(
    request: TokenRequest<'_>,
    plan: mfa::Plan<'_>,
    http: http::LazyHttpClient,
    waiting_for: &Cell<Option<String>>,
) -> Result<FetchedToken, Failure> {
    let (scope, credential_plan, retries) = (request.scope, request.plan, request.access.network.retries);
    // Whoever is asked for credentials takes a while.
    let at_once = matches!(credential_plan.source, CredentialSource::Environment | CredentialSource::Nothing);
    let somebody_is_asked = !at_once || credential_plan.role.is_some();
    if somebody_is_asked && let Some(endpoint) = client::endpoint(scope).await {
        http.connect_ahead(endpoint);
    }
    waiting_for.set(Some(credential_plan.source.to_string()));
    let Resolved { credentials, mut redactor, warning } = credentials::resolve(request, plan, &http).await?;
    waiting_for.set(None);
    credentials::learn(&mut redactor, &credentials);
    let fetched = client::fetch(scope, credentials, http, retries, &redactor).await?;
    Ok(FetchedToken { warning, ..fetched })
}
