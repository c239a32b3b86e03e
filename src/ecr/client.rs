//! One `GetAuthorizationToken`: of ECR (<https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html>)
//! or of ECR Public (<https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_GetAuthorizationToken.html>).
//!
//! No registry IDs are sent: the parameter is deprecated and changes nothing. A configured endpoint URL takes the place
//! of the FIPS and dual-stack flags, which the SDK refuses beside it.
//! And `AssumeRole` of STS, with the same pauses and limits.

use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_ecr::config::{Region, StalledStreamProtectionConfig};
use aws_sdk_ecr::operation::RequestId;
use aws_sdk_ecr::primitives::DateTime;
use aws_sdk_sts::operation::assume_role::builders::AssumeRoleFluentBuilder;
use aws_sdk_sts::types::AssumedRoleUser;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use http::Uri;

use super::classify;
use super::http::LazyHttpClient;
use crate::clock::Timestamp;
use crate::error::{Failure, FailureKind};
use crate::fetch::FetchedToken;
use crate::network::{NetworkConfig, Retries};
use crate::registry::Service;
use crate::scope::Scope;
use crate::secret::Redactor;
use crate::token::AuthorizationToken;

/// The SDK's own limit for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(3_100);

/// The limit of one attempt. The API answers in some 100 ms; a connection that went silent is worth another attempt.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// Begins the configuration of one of the SDK crates: their builders have the same methods and no common trait.
macro_rules! config {
    ($sdk:ident, $region:expr, $credentials:expr, $http:expr, $retries:expr) => {
        $sdk::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(String::from($region)))
            .credentials_provider($credentials)
            .http_client($http)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .retry_config($retries)
            .retry_classifier(classify::NoRetryInVain)
            .timeout_config(timeouts())
    };
}

/// Makes a client of ECR or ECR Public.
macro_rules! client {
    ($sdk:ident, $scope:expr, $credentials:expr, $http:expr, $retries:expr) => {{
        let scope: &Scope = $scope;
        let mut config = config!($sdk, scope.api.region.as_str(), $credentials, $http, $retries);
        config.set_endpoint_url(scope.endpoint_url.clone());
        if scope.endpoint_url.is_none() {
            config = config.use_fips(scope.variant.fips).use_dual_stack(scope.variant.dual_stack);
        }
        $sdk::Client::from_conf(config.build())
    }};
}

/// Finds out where one of the SDK's clients is going to ask, by the rules that it has.
macro_rules! endpoint {
    ($sdk:ident, $scope:expr) => {{
        use $sdk::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
        let scope: &Scope = $scope;
        let mut params = Params::builder().region(scope.api.region.as_str()).set_endpoint(scope.endpoint_url.clone());
        if scope.endpoint_url.is_none() {
            params = params.use_fips(scope.variant.fips).use_dual_stack(scope.variant.dual_stack);
        }
        DefaultResolver::new().resolve_endpoint(&params.build().ok()?).await.ok()?
    }};
}

/// Where the service of the scope is going to be asked; `None` where asking is going to say why not.
pub(super) async fn endpoint(scope: &Scope) -> Option<Uri> {
    let endpoint = match scope.api.service {
        Service::Ecr => endpoint!(aws_sdk_ecr, scope),
        Service::EcrPublic => endpoint!(aws_sdk_ecrpublic, scope),
    };
    endpoint.url().parse().ok()
}

/// Asks the service of the scope for a token.
pub(super) async fn fetch(
    scope: &Scope,
    credentials: Credentials,
    http: LazyHttpClient,
    retries: Retries,
    redactor: &Redactor,
) -> Result<FetchedToken, Failure> {
    let access_key_id = credentials.access_key_id().to_owned();
    let (encoded, expires_at, request_id) = match scope.api.service {
        Service::Ecr => {
            let output = client!(aws_sdk_ecr, scope, credentials, http, retry_config(retries))
                .get_authorization_token()
                .send()
                .await
                .map_err(|error| classify::call(&error, redactor))?;
            let request_id = output.request_id().map(str::to_owned);
            let data = output.authorization_data.unwrap_or_default().into_iter().next();
            let (token, expires_at) = data.map(|data| (data.authorization_token, data.expires_at)).unwrap_or_default();
            (token, expires_at, request_id)
        }
        Service::EcrPublic => {
            let output = client!(aws_sdk_ecrpublic, scope, credentials, http, retry_config(retries))
                .get_authorization_token()
                .send()
                .await
                .map_err(|error| classify::call(&error, redactor))?;
            let request_id = output.request_id().map(str::to_owned);
            let data = output.authorization_data;
            let (token, expires_at) = data.map(|data| (data.authorization_token, data.expires_at)).unwrap_or_default();
            (token, expires_at, request_id)
        }
    };
    let malformed = |detail: String| Failure {
        request_id: request_id.clone(),
        ..Failure::new(FailureKind::MalformedAnswer, detail)
    };
    let encoded = encoded.ok_or_else(|| malformed("no authorization token in it".to_owned()))?;
    let token = AuthorizationToken::decode(&encoded, expires_at.map_or(ALREADY, timestamp))
        .map_err(|error| malformed(error.to_string()))?;
    Ok(FetchedToken { token, access_key_id, request_id, warning: None })
}

/// A client of STS, where the URL configured in place of its own wins.
pub(super) fn sts(
    region: &str,
    endpoint_url: Option<&str>,
    user: Credentials,
    http: &LazyHttpClient,
    network: &NetworkConfig,
) -> aws_sdk_sts::Client {
    let mut config = config!(aws_sdk_sts, region, user, http.clone(), retry_config(network.retries));
    config.set_endpoint_url(endpoint_url.map(str::to_owned));
    if endpoint_url.is_none() {
        config = config.use_fips(network.variant.fips).use_dual_stack(network.variant.dual_stack);
    }
    aws_sdk_sts::Client::from_conf(config.build())
}

/// What STS has answered to `AssumeRole`
/// (<https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>).
pub(super) struct Session {
    pub(super) credentials: aws_sdk_sts::types::Credentials,
    pub(super) user: Option<AssumedRoleUser>,
}

impl Session {
    /// The credentials, and who the SDK is told has given them.
    pub(super) fn into_credentials(self, provider: &'static str) -> Credentials {
        let aws_sdk_sts::types::Credentials { access_key_id, secret_access_key, session_token, .. } = self.credentials;
        Credentials::new(access_key_id, secret_access_key, Some(session_token), None, provider)
    }
}

/// Assumes a role.
pub(super) async fn assume(role: AssumeRoleFluentBuilder) -> Result<Session, CredentialsError> {
    let output = role.send().await.map_err(CredentialsError::provider_error)?;
    match output.credentials {
        Some(credentials) => Ok(Session { credentials, user: output.assumed_role_user }),
        None => Err(CredentialsError::provider_error("no credentials in the answer of AWS STS")),
    }
}

/// An answer without a time isn't worth keeping.
const ALREADY: Timestamp = Timestamp::from_seconds(0);

fn timestamp(time: DateTime) -> Timestamp {
    u64::try_from(time.secs()).map_or(ALREADY, Timestamp::from_seconds)
}

/// The SDK's standard pauses, as often as the user wishes.
pub(super) fn retry_config(retries: Retries) -> RetryConfig {
    let Retries { attempts } = retries;
    RetryConfig::standard().with_max_attempts(attempts.get())
}

/// Of each attempt; the whole is limited where the runtime is.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).operation_attempt_timeout(ATTEMPT_TIMEOUT).build()
}
