//! The services that give a container or an instance its credentials, over plain HTTP without signatures:
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html> and
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html>.
//!
//! Unlike the SDK's provider, this one goes on without a session token where the metadata service gives none, as the AWS
//! CLI does: stand-ins such as kube2iam know no such token.

use std::time::Duration;

use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use http::{HeaderValue, Method, Request, StatusCode};

use super::Resolver;
use super::json::keys;
use crate::ecr::classify;
use crate::ecr::http::has_connected;
use crate::error::{Failure, FailureKind};
use crate::identity::Keys;
use crate::redact::Redactor;
use crate::secret::Secret;

/// Of each attempt: the services are on this machine or next to it.
const METADATA_LIMIT: Duration = Duration::from_secs(1);
const CONTAINER_LIMIT: Duration = Duration::from_secs(5);

/// An unreachable service should cost a second or two, and a single failed request shouldn't matter.
const METADATA_ATTEMPTS: u32 = 2;

const PAUSE: Duration = Duration::from_millis(100);
const TOKEN_PATH: &str = "latest/api/token";
const ROLE_PATH: &str = "latest/meta-data/iam/security-credentials/";

/// A response whose status may be any.
struct Response {
    status: StatusCode,
    body: Vec<u8>,
}

/// The credentials of a container.
pub(super) async fn container(
    resolver: &Resolver<'_>,
    url: &str,
    token: Option<&Secret>,
    redactor: &Redactor,
) -> Result<Keys, Failure> {
    let attempts = resolver.network.retries.attempts.get();
    let service = Service { resolver, limit: CONTAINER_LIMIT, attempts };
    let header = token.map(|token| ("authorization", token));
    let response = service.send(Method::GET, url, header).await;
    read(&response.map_err(|error| classify::from_connector(&error, redactor))?, redactor)
}

/// The credentials of the role that is attached to an instance.
pub(super) async fn instance_metadata(
    resolver: &Resolver<'_>,
    url: &str,
    redactor: &Redactor,
) -> Result<Keys, Failure> {
    let service = Service { resolver, limit: METADATA_LIMIT, attempts: METADATA_ATTEMPTS };
    let unreachable = |error: &ConnectorError| {
        let failure = classify::from_connector(error, redactor);
        let is_missing = matches!(failure.kind, FailureKind::Timeout | FailureKind::Unreachable);
        if is_missing { Failure { kind: FailureKind::ImdsUnreachable, ..failure } } else { failure }
    };
    let mut no_token = None;
    let response = service.send(Method::PUT, &format!("{url}/{TOKEN_PATH}"), None).await;
    let token = match response {
        Ok(Response { status: StatusCode::OK, body }) => {
            Some(Secret::new(String::from_utf8_lossy(&body).trim().into()))
        }
        // The service knows tokens, and says that the request is wrong.
        Ok(response) if response.status == StatusCode::BAD_REQUEST => return Err(failed(&response)),
        // A stand-in without tokens.
        Ok(response) => {
            no_token = Some(failed(&response));
            None
        }
        // The response to a request for a token has a hop limit, and may be lost on the way to a container. A stand-in may
        // drop the connection.
        Err(error) if has_connected(&error) => {
            no_token = Some(unreachable(&error));
            None
        }
        Err(error) => return Err(unreachable(&error)),
    };
    let header = token.as_ref().map(|token| ("x-aws-ec2-metadata-token", token));
    let roles = format!("{url}/{ROLE_PATH}");
    let role = service.send(Method::GET, &roles, header).await.map_err(|error| unreachable(&error))?;
    let no_role = || Failure::new(FailureKind::NoCredentials, "this instance has no IAM role attached");
    match role.status {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND => return Err(no_role()),
        // The service insists on a token.
        StatusCode::UNAUTHORIZED => return Err(no_token.unwrap_or_else(|| failed(&role))),
        _ => return Err(failed(&role)),
    }
    let name = String::from_utf8_lossy(&role.body);
    let name = name.lines().next().map(str::trim).filter(|name| !name.is_empty()).ok_or_else(no_role)?;
    let response = service.send(Method::GET, &format!("{roles}{name}"), header).await;
    read(&response.map_err(|error| unreachable(&error))?, redactor)
}

/// A service, and how it is asked.
struct Service<'a> {
    resolver: &'a Resolver<'a>,
    limit: Duration,
    attempts: u32,
}

impl Service<'_> {
    /// Sends a request, again if the service failed or dropped the connection.
    async fn send(
        &self,
        method: Method,
        url: &str,
        header: Option<(&'static str, &Secret)>,
    ) -> Result<Response, ConnectorError> {
        let mut pause = PAUSE;
        let mut left = self.attempts;
        loop {
            left -= 1;
            let response = self.send_once(&method, url, header).await;
            let is_worth_another = match &response {
                Ok(Response { status, .. }) => status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS,
                Err(error) => !error.is_timeout() && !error.is_user(),
            };
            if left == 0 || !is_worth_another {
                return response;
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }

    async fn send_once(
        &self,
        method: &Method,
        url: &str,
        header: Option<(&'static str, &Secret)>,
    ) -> Result<Response, ConnectorError> {
        let user = |error: http::Error| ConnectorError::user(error.into());
        let mut request = Request::builder().method(method.clone()).uri(url).header("accept", "*/*");
        if *method == Method::PUT {
            request = request.header("x-aws-ec2-metadata-token-ttl-seconds", "21600");
        }
        if let Some((name, value)) = header {
            let mut value = HeaderValue::try_from(value.expose()).map_err(|error| user(error.into()))?;
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        let request = request.body(SdkBody::empty()).map_err(user)?;
        let response = self.resolver.http.send_plain(request, self.limit).await?;
        let status = StatusCode::from_u16(response.0).unwrap_or(StatusCode::BAD_GATEWAY);
        Ok(Response { status, body: response.1 })
    }
}

/// Reads the credentials in a response.
fn read(response: &Response, redactor: &Redactor) -> Result<Keys, Failure> {
    if response.status != StatusCode::OK {
        return Err(failed(response));
    }
    keys(&response.body).map_err(|problem| {
        let detail = classify::shorten(redactor, &format!("the response {problem}"));
        Failure::new(FailureKind::UnexpectedResponse, detail)
    })
}

fn failed(response: &Response) -> Failure {
    Failure::new(FailureKind::UnexpectedResponse, format!("HTTP status {}", response.status.as_u16()))
}
