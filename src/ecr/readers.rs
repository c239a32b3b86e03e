//! What reads the answers of AWS, of other services and of processes, as functions of their bytes: see `readers` at the top
//! of the crate.

#[cfg(not(any(windows, target_os = "macos")))]
pub mod names;

use std::num::NonZeroU32;

use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::http::{
    HttpClient as SdkHttpClient, HttpConnector as SdkHttpConnector, HttpConnectorFuture, HttpConnectorSettings,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

use super::client::{self, ApiEndpoint, TokenResponse};
use super::credentials::{received, sdk_credentials};
use super::{classify, credentials, process, session_cache, sts, times, trust};
use crate::clock::Timestamp;
use crate::error::Failure;
use crate::identity::{Keys, RoleOrigin, RoleStep};
use crate::network::Retries;
use crate::redact::Redactor;
use crate::registry::{EndpointVariant, Service};
use crate::secret::Secret;
use crate::token::AuthorizationToken;

/// The secret of the credentials with which the requests are signed, whose answers are read here.
pub const OUR_SECRET: &str = "made/up/secret/of/the/request";

/// An HTTP response, whatever the request is.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// From 100 to 999.
    pub status: u16,
    /// Those that aren't valid are left out.
    pub headers: Vec<(String, String)>,
    /// All of it.
    pub body: Vec<u8>,
}

impl SdkHttpClient for Answer {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl SdkHttpConnector for Answer {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let Self { status, headers, body } = self.clone();
        let response = StatusCode::try_from(status).map(|status| {
            let mut response = HttpResponse::new(status, SdkBody::from(body));
            for (name, value) in headers {
                let _invalid = response.headers_mut().try_append(name, value);
            }
            response
        });
        HttpConnectorFuture::ready(response.map_err(|error| ConnectorError::user(error.into())))
    }
}

/// How the SDK's clients are set to get this answer.
fn config(answer: &Answer) -> SdkConfig {
    let keys = Keys::new("AKIAIOSFODNN7EXAMPLE", OUR_SECRET, None).ok();
    let endpoint = ApiEndpoint::new("eu-west-1", EndpointVariant::default(), None);
    client::sdk_config(endpoint, keys.as_ref().map(sdk_credentials), answer, Retries { attempts: NonZeroU32::MIN })
}

fn run<T>(future: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a thread's own runtime");
    }
    RUNTIME.with(|runtime| runtime.block_on(future))
}

/// The access key ID, the secret access key and the session token.
pub type ReadKeys = [String; 3];

fn parts(keys: Keys) -> ReadKeys {
    let Keys { access_key_id, secret_access_key, session_token } = keys;
    let session_token = session_token.map(|token| token.expose().to_owned());
    [access_key_id, secret_access_key.expose().to_owned(), session_token.unwrap_or_default()]
}

/// The answer to `GetAuthorizationToken` of ECR, or of ECR Public.
pub fn token_answer(is_public: bool, answer: &Answer) -> Result<AuthorizationToken, Failure> {
    let service = if is_public { Service::EcrPublic } else { Service::Ecr };
    let config = config(answer);
    let response = run(client::get_authorization_token(service, &config, &Redactor::knowing(OUR_SECRET)));
    response.map(|TokenResponse { token, .. }| token)
}

/// The answer of STS to `AssumeRole`, or to `AssumeRoleWithWebIdentity`.
pub fn sts_answer(is_of_web_identity: bool, answer: &Answer) -> Result<ReadKeys, Failure> {
    let role = RoleStep {
        origin: RoleOrigin::Rule,
        arn: "arn:aws:iam::111122223333:role/pull".to_owned(),
        external_id: None,
        session_name: None,
        duration_seconds: None,
        mfa: None,
        endpoint_url: None,
    };
    let (config, redactor, now) = (config(answer), Redactor::knowing(OUR_SECRET), Timestamp::from_seconds(0));
    let session = if is_of_web_identity {
        let session = run(sts::assume_role_with_web_identity(&role, &Secret::from(OUR_SECRET), now, &config));
        session.map_err(|error| classify::from_call(&error, &redactor))
    } else {
        let session = run(sts::assume_role(&role, None, now, &config));
        session.map_err(|error| classify::from_call(&error, &redactor))
    };
    session?.keys().map(parts)
}

/// The answer of the SSO portal to `GetRoleCredentials`.
pub fn sso_answer(answer: &Answer) -> Result<ReadKeys, Failure> {
    let token = Secret::from(OUR_SECRET);
    run(credentials::sso::role_credentials(
        "111122223333",
        "pull",
        "dev",
        &token,
        &config(answer),
        &Redactor::knowing(OUR_SECRET),
    ))
    .map(parts)
}

/// The answer of SSO OIDC to `CreateToken`: the token file that it turns another one into.
pub fn sso_refresh_answer(token_file: &[u8], answer: &Answer) -> Option<Result<String, Failure>> {
    let object = credentials::json::Object::parse(token_file)?;
    let output = run(credentials::sso::create_token(&object, &config(answer)))?;
    let output = output.map_err(|error| classify::from_call(&error, &Redactor::knowing(OUR_SECRET)));
    let stored = |output| credentials::sso::refreshed(object, &output, Timestamp::from_seconds(0));
    Some(output.map(|output| stored(output).map_or_else(String::new, |(_, stored)| stored.expose().to_owned())))
}

/// The answer of the metadata service or a container's.
/// Error: what the answer lacks.
pub fn machine_answer(body: &[u8]) -> Result<ReadKeys, String> {
    credentials::json::keys(body).map(parts)
}

/// The output of a `credential_process`.
/// Error: what the output lacks.
pub fn process_output(output: &str) -> Result<ReadKeys, String> {
    let read = process::parse(&Secret::from(output))?;
    let keys = received(read.access_key_id(), read.secret_access_key(), read.session_token());
    keys.map(parts).map_err(|failure| failure.to_string())
}

/// A file of the AWS CLI's session cache.
pub fn session_file(contents: &[u8]) -> Option<ReadKeys> {
    session_cache::parse(contents, Timestamp::from_seconds(0)).map(parts)
}

/// A time in a file of the AWS CLI, in seconds since 1970.
pub fn time(text: &str) -> Option<u64> {
    times::parse(text).map(Timestamp::seconds)
}

/// The certificates of a bundle, and how many of them can't be used.
/// Error: what is wrong with it.
pub fn bundle(pem: &[u8]) -> Result<(Vec<Vec<u8>>, usize), String> {
    let (certificates, unusable) = trust::certificates_of(pem)?;
    Ok((certificates.iter().map(|certificate| certificate.to_vec()).collect(), unusable))
}

/// Whether TLS can be spoken with these root certificates.
pub fn can_be_trusted(certificates: Vec<Vec<u8>>) -> bool {
    trust::is_usable(certificates)
}
