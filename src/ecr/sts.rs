//! `AssumeRole` of STS (<https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>),
//! for the roles that the SDK doesn't assume: those of rules, and those that need an MFA code.

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::operation::assume_role::builders::AssumeRoleFluentBuilder;
use aws_sdk_sts::types::AssumedRoleUser;

use super::retry::NoFutileRetry;
use crate::clock::Timestamp;
use crate::identity::{AssumedRole, MfaRole};
use crate::secret::Secret;

/// The name of a session in `CloudTrail`, if the rule doesn't set one.
const SESSION_NAME: &str = "docker-credential-ecr-login";

/// The response to `AssumeRole`.
pub(super) struct Session {
    pub(super) credentials: aws_sdk_sts::types::Credentials,
    pub(super) user: Option<AssumedRoleUser>,
}

impl Session {
    /// The credentials, with the name of the provider that the SDK is told.
    pub(super) fn into_credentials(self, provider: &'static str) -> Credentials {
        let aws_sdk_sts::types::Credentials { access_key_id, secret_access_key, session_token, .. } = self.credentials;
        Credentials::new(access_key_id, secret_access_key, Some(session_token), None, provider)
    }
}

/// Assumes the role of a rule.
pub(super) async fn assume_role(role: &AssumedRole, config: &SdkConfig) -> Result<Session, CredentialsError> {
    let AssumedRole { arn, external_id, session_name, endpoint_url: _ } = role;
    let call = client(config)
        .assume_role()
        .role_arn(arn)
        .role_session_name(session_name.as_deref().unwrap_or(SESSION_NAME))
        .set_external_id(external_id.clone());
    send(call).await
}

/// Assumes a role with an MFA code.
pub(super) async fn assume_role_with_mfa(
    role: &MfaRole,
    code: &Secret,
    now: Timestamp,
    config: &SdkConfig,
) -> Result<Session, CredentialsError> {
    let MfaRole { role_arn, serial, external_id, session_name, duration_seconds, .. } = role;
    let call = client(config)
        .assume_role()
        .role_arn(role_arn)
        .serial_number(serial)
        .token_code(code.expose())
        .role_session_name(session_name.clone().unwrap_or_else(|| format!("ecr-login-{}", now.seconds())))
        .set_external_id(external_id.clone())
        .set_duration_seconds(*duration_seconds);
    send(call).await
}

fn client(config: &SdkConfig) -> aws_sdk_sts::Client {
    let config = aws_sdk_sts::config::Builder::from(config).retry_classifier(NoFutileRetry).build();
    aws_sdk_sts::Client::from_conf(config)
}

async fn send(call: AssumeRoleFluentBuilder) -> Result<Session, CredentialsError> {
    let output = call.send().await.map_err(CredentialsError::provider_error)?;
    match output.credentials {
        Some(credentials) => Ok(Session { credentials, user: output.assumed_role_user }),
        None => Err(CredentialsError::provider_error("no credentials in the response of AWS STS")),
    }
}
