//! AWS: gets credentials from one source, calls `GetAuthorizationToken`, and returns the token or a
//! failure.
//!
//! This is the only module that uses the AWS SDK and async code. The runtime, the root certificates
//! and a client are created only when a request is sent; a cache hit needs none of them. Every wait
//! is bounded by the limit of the request. The module knows neither the cache nor the settings: the
//! [`TokenRequest`] contains everything that it needs.

mod ahead;
mod causes;
mod classify;
mod client;
mod connect;
mod credentials;
mod error_codes;
mod exchange;
mod http;
mod mfa;
mod names;
mod probe;
mod process;
mod proxy;
pub(crate) mod readers;
mod session_cache;
mod signals;
mod sts;
mod times;
mod trust;

use std::cell::Cell;
use std::mem;
use std::pin::pin;
use std::task::{self, Poll, Waker};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::time::timeout;

use crate::clock::Timestamp;
use crate::error::{Failure, FailureKind};
use crate::fetch::{ExchangeRequest, FetchedToken, RegistryToken, TokenRequest, TokenSource};
use crate::identity::{Base, CredentialPlan};
use crate::panics::{self, Panic};
use crate::probe::{Probe, ProbeRequest};
use crate::process::try_resources;
use crate::redact::Redactor;
use crate::scope::Scope;
use crate::terminal;
use client::{ApiEndpoint, TokenResponse};
use credentials::{Resolved, Resolver, sdk_credentials};
use http::HttpClient;

/// Amazon ECR and ECR Public, called by the AWS SDK.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ecr;

impl TokenSource for Ecr {
    fn fetch(&self, mut request: TokenRequest<'_>) -> Result<FetchedToken, Failure> {
        // Here, where little of the stack is used.
        try_resources().map_err(|shortage| Failure::new(FailureKind::Refused, shortage.to_string()))?;
        let mut redactor = mem::take(&mut request.access.redactor);
        panics::catch(|| fetch(request, &mut redactor)).unwrap_or_else(|panic| Err(internal(&panic, &redactor)))
    }

    fn exchange(&self, mut request: ExchangeRequest<'_>) -> Result<RegistryToken, Failure> {
        try_resources().map_err(|shortage| Failure::new(FailureKind::Refused, shortage.to_string()))?;
        let mut redactor = mem::take(&mut request.access.redactor);
        let exchanged = panics::catch(|| exchange::exchange(&request, &mut redactor));
        exchanged.unwrap_or_else(|panic| Err(internal(&panic, &redactor)))
    }

    fn needs_mfa_code(&self, plan: &CredentialPlan, now: Timestamp) -> bool {
        mfa::needs_code(&plan.roles, now)
    }

    fn can_prompt(&self) -> bool {
        terminal::is_at_hand()
    }

    fn probe(&self, requests: Vec<ProbeRequest>, limit: Duration) -> Vec<Probe> {
        let count = requests.len();
        let probes = try_resources().is_ok().then(|| panics::catch(|| probe::probe(requests, limit)).ok()).flatten();
        probes.unwrap_or_else(|| (0..count).map(|_| Probe::default()).collect())
    }

    fn ended_session(&self, plan: &CredentialPlan, now: Timestamp) -> Option<Failure> {
        match &plan.base {
            Base::Sso(session) => credentials::ended_sso_session(session, now),
            _ => None,
        }
    }
}

/// What a panic says, redacted.
fn internal(panic: &Panic, redactor: &Redactor) -> Failure {
    let chain = redactor.clean(&format!("{panic}, at {}", panic.place));
    let detail = classify::shorten(redactor, &panic.to_string());
    Failure { chain, ..Failure::new(FailureKind::Internal, detail) }
}

/// The runtime of one request.
fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(FailureKind::Refused, format!("could not start the async runtime: {error}")))
}

/// The URL of the API that gives the token of a scope, by the SDK's own rules; `None` if they have none. Nothing is sent.
pub(crate) fn api_url(scope: &Scope) -> Option<String> {
    let endpoint = ApiEndpoint::new(scope.api.region.as_str(), scope.variant, scope.endpoint_url.as_deref());
    // The rules wait for nothing.
    let resolving = pin!(ahead::resolve(scope.api.service, endpoint));
    match resolving.poll(&mut task::Context::from_waker(Waker::noop())) {
        Poll::Ready(url) => url.map(|url| url.to_string().trim_end_matches('/').to_owned()),
        Poll::Pending => None,
    }
}

/// Fetches a token. The redactor learns the secrets met on the way.
#[inline(never)]
fn fetch(request: TokenRequest<'_>, redactor: &mut Redactor) -> Result<FetchedToken, Failure> {
    let TokenRequest { scope, plan, access, prompt, now, limit, on_interrupt } = request;
    let network = access.network;
    let http = HttpClient::new(&network)?;
    // The time that a person takes to type doesn't count towards the limit.
    let prepared = mfa::prepare(&plan.roles, now, prompt)?;
    let runtime = runtime()?;
    let waiting_for = Cell::new(None);
    let fetch = async {
        let (service, region) = (scope.api.service, scope.api.region.as_str());
        let endpoint = ApiEndpoint::new(region, scope.variant, scope.endpoint_url.as_deref());
        if ahead::is_worthwhile(plan)
            && let Some(uri) = ahead::resolve(service, endpoint).await
        {
            http.connect_ahead(uri);
        }
        let resolver = Resolver { region, network: &network, http: &http, now, limit, waiting_for: &waiting_for };
        let Resolved { keys, warning } = resolver.resolve(plan, prepared, redactor).await?;
        let config = client::sdk_config(endpoint, Some(sdk_credentials(&keys)), &http, network.retries);
        let response = client::get_authorization_token(service, &config, redactor).await?;
        let TokenResponse { token, request_id } = response;
        Ok(FetchedToken { token, access_key_id: keys.access_key_id, request_id, warning })
    };
    let limited = async { timeout(limit, fetch).await };
    let fetched = runtime.block_on(signals::run_interruptible(on_interrupt, limited));
    // Doesn't wait for threads: a name lookup may hang.
    runtime.shutdown_background();
    fetched.unwrap_or_else(|_| {
        let seconds = limit.as_secs_f32().round();
        let detail = match waiting_for.take() {
            None => format!("gave up after {seconds} s"),
            Some(source) => format!("no credentials from {source} within {seconds} s"),
        };
        Err(Failure::new(FailureKind::Timeout, detail))
    })
}
