//! Reaching a server step by step, for `doctor`: names, the connection with its proxy and TLS, and one request.
//!
//! The same pieces as for a fetch, so that the result is true for one. Nothing is retried, and each step has the limit of
//! the whole. No credentials are needed: the API answers an unsigned request with an error, whose `Date` header is its
//! clock. Leaves out what the result means.

use std::net::IpAddr;
use std::time::Duration;

use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::date_time::{DateTime, Format};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::header::{AUTHORIZATION, DATE, USER_AGENT};
use http::{HeaderValue, Request, Uri};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::causes::find;
use super::client::ApiEndpoint;
use super::connect::{Opened, is_tls_failure};
use super::http::HttpClient;
use super::proxy::{ProxyError, UnusableProxy};
use super::{ahead, classify, names};
use crate::clock::Timestamp;
use crate::error::{Failure, FailureKind};
use crate::fetch::Access;
use crate::probe::{Answer, Part, Probe, ProbeRequest, ProbeServer, Step};
use crate::redact::Redactor;
use crate::secret::Secret;

/// Probes all servers at the same time, within the limit.
pub(super) fn probe(requests: Vec<ProbeRequest>, limit: Duration) -> Vec<Probe> {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let detail = format!("could not start the async runtime: {error}");
            let refused =
                || Step::Failed { failure: Failure::new(FailureKind::Refused, &*detail), part: Part::Settings };
            return requests.iter().map(|_| Probe { settings: refused(), ..Probe::default() }).collect();
        }
    };
    let probes = runtime.block_on(async {
        let until = Instant::now() + limit;
        let mut tasks = JoinSet::new();
        let count = requests.len();
        for (index, request) in requests.into_iter().enumerate() {
            tasks.spawn(async move { (index, one(request, until).await) });
        }
        let mut probes: Vec<Probe> = (0..count).map(|_| Probe::default()).collect();
        // A task that panics leaves nothing behind, which reads as not tried.
        while let Some(ended) = tasks.join_next().await {
            if let Ok((index, probe)) = ended {
                probes[index] = probe;
            }
        }
        probes
    });
    // Doesn't wait for threads: a name lookup may hang.
    runtime.shutdown_background();
    probes
}

async fn one(request: ProbeRequest, until: Instant) -> Probe {
    let ProbeRequest { server, access: Access { network, redactor } } = request;
    let mut probe = Probe::default();
    let Some((uri, authorization)) = target(server).await else {
        let failure = Failure::misconfigured("there is no API endpoint of this kind, or its URL is invalid");
        probe.settings = Step::Failed { failure, part: Part::Settings };
        return probe;
    };
    probe.host = uri.host().unwrap_or_default().to_owned();
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    // Behind the user and the password, if there are any.
    let address = authority.rsplit_once('@').map_or(authority, |(_, address)| address);
    probe.server = format!("{}://{address}", uri.scheme_str().unwrap_or_default());
    let started = Instant::now();
    let http = match HttpClient::new(&network) {
        Ok(http) => http,
        Err(failure) => {
            probe.settings = Step::Failed { failure, part: Part::Settings };
            return probe;
        }
    };
    let proxy = match http.proxy_for(&uri) {
        Ok(proxy) => proxy,
        Err(error) => {
            probe.settings = failed(&error, Part::Proxy, &redactor);
            return probe;
        }
    };
    probe.settings = Step::Done { value: (), took: started.elapsed() };
    probe.proxy = proxy.as_ref().map(ToString::to_string);
    let first_host = proxy.map_or_else(|| probe.host.clone(), |proxy| proxy.address.host.clone());
    let first_host = first_host.trim_start_matches('[').trim_end_matches(']');
    if first_host.parse::<IpAddr>().is_err() {
        let started = Instant::now();
        probe.addresses = match timeout_at(until, names::look_up(first_host)).await {
            Ok(Ok(addresses)) => Step::Done { value: addresses.all().to_vec(), took: started.elapsed() },
            Ok(Err(error)) => {
                let failure = Failure::new(FailureKind::Unreachable, classify::shorten(&redactor, &error.to_string()));
                Step::Failed { failure, part: Part::Names }
            }
            Err(_) => late(Part::Names, "no answer about the name"),
        };
        if let Step::Failed { .. } = probe.addresses {
            return probe;
        }
    }
    let started = Instant::now();
    // The limit of the whole is enforced here; that of a step tells TCP and TLS apart.
    let limit = until.saturating_duration_since(started);
    let opened = match timeout_at(until, http.connect(&uri, limit.checked_sub(Duration::from_millis(50)))).await {
        Ok(Ok(opened)) => opened,
        Ok(Err(error)) => {
            probe.connection = failed(&error, part_of(&error), &redactor);
            return probe;
        }
        Err(_) => {
            probe.connection = late(Part::Connection, "no connection");
            return probe;
        }
    };
    probe.connection = Step::Done { value: (), took: started.elapsed() };
    probe.answer = answer(opened, uri, authorization.as_ref(), until, &redactor).await;
    probe
}

/// The URL to ask, and the user and password for it.
async fn target(server: ProbeServer) -> Option<(Uri, Option<Secret>)> {
    match server {
        ProbeServer::Api { api, variant, endpoint_url } => {
            let endpoint = ApiEndpoint::new(api.region.as_str(), variant, endpoint_url.as_deref());
            Some((ahead::resolve(api.service, endpoint).await?, None))
        }
        ProbeServer::Registry { host, path, token } => {
            let uri = format!("https://{host}{path}").parse().ok()?;
            Some((uri, Some(Secret::new(format!("{}:{}", token.username(), token.password().expose())))))
        }
    }
}

async fn answer(
    opened: Opened,
    uri: Uri,
    authorization: Option<&Secret>,
    until: Instant,
    redactor: &Redactor,
) -> Step<Answer> {
    let mut request = Request::new(SdkBody::empty());
    *request.uri_mut() = uri;
    request.headers_mut().insert(USER_AGENT, HeaderValue::from_static("docker-credential-ecr-login doctor"));
    if let Some(pair) = authorization
        && let Ok(mut header) = HeaderValue::try_from(format!("Basic {}", BASE64.encode(pair.expose())))
    {
        header.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, header);
    }
    let started = Instant::now();
    match timeout_at(until, super::http::head_of_response(opened, request)).await {
        Ok(Ok(head)) => {
            let date = head.headers.get(DATE).and_then(|date| date.to_str().ok());
            let date = date.and_then(|date| DateTime::from_str(date, Format::HttpDate).ok());
            let date = date.and_then(|date| u64::try_from(date.secs()).ok()).map(Timestamp::from_seconds);
            Step::Done { value: Answer { status: head.status.as_u16(), date }, took: started.elapsed() }
        }
        Ok(Err(error)) => failed(&error, Part::Answer, redactor),
        Err(_) => late(Part::Answer, "no response"),
    }
}

fn failed<T>(error: &ConnectorError, part: Part, redactor: &Redactor) -> Step<T> {
    Step::Failed { failure: classify::from_connector(error, redactor), part }
}

fn late<T>(part: Part, what: &str) -> Step<T> {
    Step::Failed { failure: Failure::new(FailureKind::Timeout, format!("{what} in time")), part }
}

/// Which part of the way a failed connection ended at.
fn part_of(error: &ConnectorError) -> Part {
    if find::<UnusableProxy>(error).is_some() {
        Part::Proxy
    } else if is_tls_failure(error) {
        Part::Tls
    } else if find::<ProxyError>(error).is_some() {
        Part::Proxy
    } else {
        Part::Connection
    }
}
