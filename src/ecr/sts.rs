//! Roles, assumed by STS: `AssumeRole`
//! (<https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>) and `AssumeRoleWithWebIdentity`
//! (<https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>).

use aws_config::SdkConfig;
use aws_sdk_sts::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;
use aws_sdk_sts::types::AssumedRoleUser;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::credentials::received;
use crate::clock::Timestamp;
use crate::error::{Failure, FailureKind};
use crate::identity::{Keys, RoleOrigin, RoleStep};
use crate::secret::Secret;

/// A session of an assumed role.
pub(super) struct Session {
    pub(super) credentials: Option<aws_sdk_sts::types::Credentials>,
    pub(super) user: Option<AssumedRoleUser>,
}

impl Session {
    /// Its credentials.
    /// Error: there are none in the response, or they can't be used.
    pub(super) fn keys(&self) -> Result<Keys, Failure> {
        let missing = "no credentials in the response of AWS STS";
        let credentials = self.credentials.as_ref();
        let credentials = credentials.ok_or_else(|| Failure::new(FailureKind::UnexpectedResponse, missing))?;
        let token = credentials.session_token();
        received(credentials.access_key_id(), credentials.secret_access_key(), Some(token))
    }
}

/// Assumes a role, with the code of its MFA device if it has one.
pub(super) async fn assume_role(
    role: &RoleStep,
    code: Option<&Secret>,
    now: Timestamp,
    config: &SdkConfig,
) -> Result<Session, SdkError<AssumeRoleError, HttpResponse>> {
    let RoleStep { origin: _, arn, external_id, session_name: _, duration_seconds, mfa, endpoint_url: _ } = role;
    let call = client(config)
        .assume_role()
        .role_arn(arn)
        .role_session_name(session_name(role, now))
        .set_external_id(external_id.clone())
        .set_duration_seconds(*duration_seconds)
        .set_serial_number(mfa.as_ref().map(|device| device.serial.clone()))
        .set_token_code(code.map(|code| code.expose().to_owned()));
    let output = call.send().await?;
    Ok(Session { credentials: output.credentials, user: output.assumed_role_user })
}

/// Assumes a role with the token of an identity provider; the call isn't signed.
pub(super) async fn assume_role_with_web_identity(
    role: &RoleStep,
    token: &Secret,
    now: Timestamp,
    config: &SdkConfig,
) -> Result<Session, SdkError<AssumeRoleWithWebIdentityError, HttpResponse>> {
    let call = client(config)
        .assume_role_with_web_identity()
        .role_arn(&role.arn)
        .role_session_name(session_name(role, now))
        .web_identity_token(token.expose());
    let output = call.send().await?;
    Ok(Session { credentials: output.credentials, user: output.assumed_role_user })
}

/// Whether a role was refused because of the MFA code. STS has the same error code for every refusal; only its message
/// tells (<https://github.com/aws/aws-cli/issues/6325>).
pub(super) fn is_about_code(error: &SdkError<AssumeRoleError, HttpResponse>) -> bool {
    error.message().is_some_and(|message| message.starts_with("MultiFactorAuthentication failed"))
}

/// Whether a role was refused because of the token of an identity provider.
pub(super) fn is_about_token(error: &SdkError<AssumeRoleWithWebIdentityError, HttpResponse>) -> bool {
    error.as_service_error().is_some_and(|refusal| {
        refusal.is_invalid_identity_token_exception()
            || refusal.is_idp_rejected_claim_exception()
            || refusal.is_expired_token_exception()
    })
}

/// The name of a session in `CloudTrail`.
fn session_name(role: &RoleStep, now: Timestamp) -> String {
    let default = || match role.origin {
        RoleOrigin::Rule => "docker-credential-ecr-login".to_owned(),
        // As the reference plugin names it, since trust policies may ask for the name.
        RoleOrigin::ServiceAccount => "ecr-credential-provider".to_owned(),
        RoleOrigin::Environment | RoleOrigin::Profile(_) => format!("ecr-login-{}", now.seconds()),
    };
    role.session_name.clone().unwrap_or_else(default)
}

fn client(config: &SdkConfig) -> aws_sdk_sts::Client {
    let config = aws_sdk_sts::config::Builder::from(config).build();
    aws_sdk_sts::Client::from_conf(config)
}
