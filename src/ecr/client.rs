//! The SDK's clients: the settings that all of them share, and `GetAuthorizationToken` of ECR
//! (<https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html>) and
//! of ECR Public
//! (<https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_GetAuthorizationToken.html>).
//!
//! No registry IDs are sent: the parameter is deprecated and has no effect.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_ecr::config::StalledStreamProtectionConfig;
use aws_sdk_ecr::operation::RequestId as _;
use aws_sdk_ecr::primitives::DateTime;
use aws_smithy_runtime_api::client::http::HttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use super::classify;
use crate::clock::Timestamp;
use crate::error::{Failure, FailureKind};
use crate::network::Retries;
use crate::redact::Redactor;
use crate::registry::{EndpointVariant, Service};
use crate::token::AuthorizationToken;

/// The SDK's own limit for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(3_100);

/// The limit of one attempt. The API responds within about 100 ms, so a silent connection is worth
/// another attempt.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// Tokens without an expiry time can't be cached.
const EXPIRED: Timestamp = Timestamp::from_seconds(0);

/// Which endpoint of a service to call.
#[derive(Clone, Copy, Debug)]
pub(super) struct ApiEndpoint<'a> {
    pub(super) region: &'a str,
    pub(super) variant: EndpointVariant,
    pub(super) url: Option<&'a str>,
}

impl<'a> ApiEndpoint<'a> {
    /// The endpoint at the configured URL, otherwise the service's own of this variant. The SDK
    /// refuses FIPS and dual-stack flags together with a URL.
    pub(super) fn new(region: &'a str, variant: EndpointVariant, url: Option<&'a str>) -> Self {
        let variant = if url.is_none() { variant } else { EndpointVariant::default() };
        Self { region, variant, url }
    }
}

/// The settings of a client; without credentials for calls that aren't signed.
pub(super) fn sdk_config(
    endpoint: ApiEndpoint<'_>,
    credentials: Option<Credentials>,
    http: &(impl HttpClient + Clone + 'static),
    retries: Retries,
) -> SdkConfig {
    let ApiEndpoint { region, variant, url } = endpoint;
    // Each attempt is limited here, the whole fetch by its caller.
    let timeouts =
        TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).operation_attempt_timeout(ATTEMPT_TIMEOUT).build();
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .use_fips(variant.fips)
        .use_dual_stack(variant.dual_stack)
        .http_client(http.clone())
        .retry_config(retry_config(retries))
        .timeout_config(timeouts)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    config.set_endpoint_url(url.map(str::to_owned));
    config.set_credentials_provider(credentials.map(SharedCredentialsProvider::new));
    config.build()
}

/// The SDK's standard pauses, with the configured number of attempts.
pub(super) fn retry_config(retries: Retries) -> RetryConfig {
    let Retries { attempts } = retries;
    RetryConfig::standard().with_max_attempts(attempts.get())
}

/// A token, and the request ID of the response that it came in.
pub(super) struct TokenResponse {
    pub(super) token: AuthorizationToken,
    pub(super) request_id: Option<String>,
}

/// The parts of a response that both services have.
struct Response {
    encoded_token: Option<String>,
    expires_at: Option<DateTime>,
    request_id: Option<String>,
}

/// Calls `GetAuthorizationToken` of a service.
pub(super) async fn get_authorization_token(
    service: Service,
    config: &SdkConfig,
    redactor: &Redactor,
) -> Result<TokenResponse, Failure> {
    let Response { encoded_token, expires_at, request_id } = match service {
        Service::Ecr => call_ecr(config, redactor).await?,
        Service::EcrPublic => call_ecr_public(config, redactor).await?,
    };
    let expires_at = expires_at.and_then(|time| u64::try_from(time.secs()).ok());
    let token = match encoded_token {
        None => Err("no authorization token in the response".to_owned()),
        Some(encoded) => AuthorizationToken::decode(&encoded, expires_at.map_or(EXPIRED, Timestamp::from_seconds))
            .map_err(|error| error.to_string()),
    };
    match token {
        Ok(token) => Ok(TokenResponse { token, request_id }),
        Err(detail) => Err(Failure { request_id, ..Failure::new(FailureKind::UnexpectedResponse, detail) }),
    }
}

async fn call_ecr(config: &SdkConfig, redactor: &Redactor) -> Result<Response, Failure> {
    let config = aws_sdk_ecr::config::Builder::from(config).build();
    let call = aws_sdk_ecr::Client::from_conf(config).get_authorization_token();
    let output = call.send().await.map_err(|error| classify::from_call(&error, redactor))?;
    let request_id = output.request_id().map(|id| classify::shorten(redactor, id));
    let data = output.authorization_data.unwrap_or_default().into_iter().next();
    let (encoded_token, expires_at) = data.map(|data| (data.authorization_token, data.expires_at)).unwrap_or_default();
    Ok(Response { encoded_token, expires_at, request_id })
}

async fn call_ecr_public(config: &SdkConfig, redactor: &Redactor) -> Result<Response, Failure> {
    let config = aws_sdk_ecrpublic::config::Builder::from(config).build();
    let call = aws_sdk_ecrpublic::Client::from_conf(config).get_authorization_token();
    let output = call.send().await.map_err(|error| classify::from_call(&error, redactor))?;
    let request_id = output.request_id().map(|id| classify::shorten(redactor, id));
    let data = output.authorization_data;
    let (encoded_token, expires_at) = data.map(|data| (data.authorization_token, data.expires_at)).unwrap_or_default();
    Ok(Response { encoded_token, expires_at, request_id })
}
