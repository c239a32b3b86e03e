//! Turns the SDK's errors into a [`Failure`]: its kind, and what AWS said about it, redacted.

use std::error::Error;

use aws_config::imds::client::error::ImdsError;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_signin::operation::create_o_auth2_token::CreateOAuth2TokenError;
use aws_sdk_signin::types::OAuth2ErrorCode;
use aws_sdk_sso::operation::get_role_credentials::GetRoleCredentialsError;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::causes::{chain, find, find_where, is_untrusted_certificate, root};
use super::error_codes::kind_of;
use super::proxy::{ProxyError, ProxyUnreachable};
use super::trust::NoSystemCertificates;
use crate::error::{Failure, FailureKind};
use crate::identity::{CredentialSource, ProfileBase};
use crate::redact::Redactor;

/// A detail must fit on a line of a terminal. Jib reads stderr only after stdout has ended.
const LONGEST_DETAIL: usize = 400;

/// A call failed: `GetAuthorizationToken`, or another one that says no by an error code.
pub(super) fn from_call<E>(error: &SdkError<E, HttpResponse>, redactor: &Redactor) -> Failure
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let kind = match error {
        SdkError::TimeoutError(_) => FailureKind::Timeout,
        SdkError::DispatchFailure(failure) => {
            failure.as_connector_error().map_or(FailureKind::Unreachable, connection_kind)
        }
        SdkError::ServiceError(refusal) => {
            let metadata = refusal.err().meta();
            return match (metadata.code(), metadata.message()) {
                (None, None) => from_response_without_code(error, refusal.raw(), redactor),
                (code, message) => from_response(code, message, refusal.raw(), redactor),
            };
        }
        SdkError::ResponseError(invalid) => return from_response_without_code(error, invalid.raw(), redactor),
        // The SDK can't build the request: the region, the endpoint or the clock is wrong.
        _ => FailureKind::Misconfigured,
    };
    from_causes(kind, error, redactor)
}

/// The source of the credentials failed.
pub(super) fn from_source(error: &CredentialsError, source: &CredentialSource, redactor: &Redactor) -> Failure {
    if let Some(failure) = from_refusal(error, source, redactor) {
        return failure;
    }
    let connection = find::<ConnectorError>(error).map(connection_kind);
    let kind = match (error, source, connection) {
        (_, CredentialSource::Nothing, _) => return Failure::new(FailureKind::NoCredentials, ""),
        // Only the text of the provider's error shows that the service answered 404: no role is
        // attached.
        (CredentialsError::CredentialsNotLoaded(_), CredentialSource::InstanceMetadata, _)
            if chain(error).contains("404") =>
        {
            return Failure::new(FailureKind::NoCredentials, "this instance has no IAM role attached");
        }
        (CredentialsError::CredentialsNotLoaded(_), CredentialSource::InstanceMetadata, _) => {
            FailureKind::ImdsUnreachable
        }
        (_, _, Some(kind)) => kind,
        (_, CredentialSource::Profile { name: _, base: ProfileBase::Login { profile } }, None) => {
            login_kind(error, profile, source)
        }
        (CredentialsError::InvalidConfiguration(_), ..) => FailureKind::Misconfigured,
        (_, CredentialSource::Profile { name: _, base: ProfileBase::Sso { .. } }, None)
            if is_incomplete_response(error) =>
        {
            FailureKind::UnexpectedResponse
        }
        (_, CredentialSource::Profile { name: _, base: ProfileBase::Sso { profile } }, None) => {
            FailureKind::SsoExpired { profile: profile.clone() }
        }
        (
            _,
            CredentialSource::Environment
            | CredentialSource::Profile { .. }
            | CredentialSource::WebIdentity
            | CredentialSource::Container
            | CredentialSource::InstanceMetadata,
            None,
        ) => FailureKind::CredentialSource { source: source.to_string() },
    };
    // The metadata service's own error shows the whole response in its `Debug` form.
    if let Some(ImdsError::ErrorResponse(refusal)) = find::<ImdsError>(error) {
        return Failure::new(kind, format!("HTTP status {}", refusal.response().status()));
    }
    from_causes(kind, error, redactor)
}

/// A role could not be assumed with an MFA code. STS has the same error code for every refusal;
/// only its message shows whether the code was the reason
/// (<https://github.com/aws/aws-cli/issues/6325>).
pub(super) fn from_mfa(
    error: &CredentialsError,
    source: &CredentialSource,
    profile: &str,
    redactor: &Redactor,
) -> Failure {
    let failure = from_source(error, source, redactor);
    let message = find::<AssumeRoleError>(error).and_then(ProvideErrorMetadata::message);
    if message.is_some_and(|message| message.starts_with("MultiFactorAuthentication failed")) {
        return Failure { kind: FailureKind::MfaRefused { profile: profile.to_owned() }, ..failure };
    }
    failure
}

/// The role that a rule names could not be assumed with the credentials found.
pub(super) fn from_role(error: &CredentialsError, arn: &str, redactor: &Redactor) -> Failure {
    let source = format!("the role `{arn}`");
    if let Some(failure) = refusal::<AssumeRoleError>(error, redactor) {
        return blame_source(failure, source);
    }
    let connection = find::<ConnectorError>(error).map(connection_kind);
    from_causes(connection.unwrap_or(FailureKind::CredentialSource { source }), error, redactor)
}

/// The redacted text, shortened to the length of a detail.
pub(super) fn shorten(redactor: &Redactor, text: &str) -> String {
    let text = redactor.clean(text.trim());
    if text.chars().count() <= LONGEST_DETAIL {
        return text;
    }
    text.chars().take(LONGEST_DETAIL).chain("…".chars()).collect()
}

/// AWS, or a server on the way, responded without an error code. If the status is a success, the
/// SDK's error says what is wrong with the response; otherwise the status is all there is.
fn from_response_without_code(error: &(dyn Error + 'static), response: &HttpResponse, redactor: &Redactor) -> Failure {
    if response.status().is_success() {
        let failure = from_causes(FailureKind::UnexpectedResponse, error, redactor);
        return Failure { request_id: request_id(response, redactor), ..failure };
    }
    Failure { chain: redactor.clean(&chain(error)), ..from_response(None, None, response, redactor) }
}

/// There is no response with an error code: the detail is the innermost cause; the log gets the
/// whole chain.
fn from_causes(kind: FailureKind, error: &(dyn Error + 'static), redactor: &Redactor) -> Failure {
    let mut detail = root(error).to_string();
    if let Some(through_proxy) = find::<ProxyError>(error) {
        detail = format!("{through_proxy}: {}", ProxyError::explain(&detail));
    }
    if let Some(no_certificates) = find::<NoSystemCertificates>(error) {
        detail = format!("{detail}; {no_certificates}");
    }
    let chain = redactor.clean(&chain(error));
    Failure { chain, ..Failure::new(kind, shorten(redactor, &detail)) }
}

/// AWS responded with an error.
fn from_response(code: Option<&str>, message: Option<&str>, response: &HttpResponse, redactor: &Redactor) -> Failure {
    let status = response.status().as_u16();
    let request_id = request_id(response, redactor);
    let kind = match (code.unwrap_or_default(), status) {
        // Responses of AWS have an ID. Those of a proxy that refuses the request or wants a
        // password have none.
        ("", 407) => FailureKind::Unreachable,
        ("", 401 | 403) if request_id.is_none() => FailureKind::Unreachable,
        (code, status) => kind_of(code, status),
    };
    let detail = match (code, message) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(only), None) | (None, Some(only)) => only.to_owned(),
        (None, None) if kind == FailureKind::Unreachable => format!("HTTP status {status}, not from AWS"),
        (None, None) => format!("HTTP status {status}"),
    };
    Failure { request_id, ..Failure::new(kind, shorten(redactor, &detail)) }
}

fn request_id(response: &HttpResponse, redactor: &Redactor) -> Option<String> {
    response.headers().get("x-amzn-requestid").map(|id| redactor.clean(id))
}

/// STS or the SSO portal refused the request for credentials.
fn from_refusal(error: &CredentialsError, source: &CredentialSource, redactor: &Redactor) -> Option<Failure> {
    let failure = refusal::<AssumeRoleError>(error, redactor)
        .or_else(|| refusal::<AssumeRoleWithWebIdentityError>(error, redactor))
        .or_else(|| refusal::<GetRoleCredentialsError>(error, redactor))?;
    // The portal's status is 401 for an expired session, and 403 for a valid one without that
    // account or role.
    let session_has_expired = find::<SdkError<GetRoleCredentialsError, HttpResponse>>(error)
        .and_then(SdkError::raw_response)
        .is_some_and(|response| response.status().as_u16() == 401);
    Some(match source {
        CredentialSource::Profile { name: _, base: ProfileBase::Sso { profile } } if session_has_expired => {
            Failure { kind: FailureKind::SsoExpired { profile: profile.clone() }, ..failure }
        }
        source => blame_source(failure, source.to_string()),
    })
}

fn refusal<E>(error: &CredentialsError, redactor: &Redactor) -> Option<Failure>
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    match find::<SdkError<E, HttpResponse>>(error)? {
        refusal @ SdkError::ServiceError(_) => Some(from_call(refusal, redactor)),
        _ => None,
    }
}

/// The failure of a call to another service than ECR, for which the remedies for ECR would be
/// wrong.
fn blame_source(failure: Failure, source: String) -> Failure {
    let kind = match failure.kind {
        FailureKind::AccessDenied
        | FailureKind::UnexpectedResponse
        | FailureKind::Unsupported
        | FailureKind::ServerError => FailureKind::CredentialSource { source },
        kind => kind,
    };
    Failure { kind, ..failure }
}

/// Whether the portal or STS responded successfully, but without credentials.
fn is_incomplete_response(error: &CredentialsError) -> bool {
    find_where(error, |error| matches!(error, CredentialsError::Unhandled(_))).is_some()
}

/// A session of `aws login` results in no credentials, although AWS can be reached. The SDK's error
/// about the file of the session has a private type; without a response from AWS it is always that
/// one.
fn login_kind(error: &CredentialsError, profile: &str, source: &CredentialSource) -> FailureKind {
    let expired = FailureKind::LoginExpired { profile: profile.to_owned() };
    match find::<CreateOAuth2TokenError>(error) {
        None => expired,
        Some(CreateOAuth2TokenError::AccessDeniedException(refusal))
            if refusal.error != OAuth2ErrorCode::InsufficientPermissions =>
        {
            expired
        }
        Some(CreateOAuth2TokenError::TooManyRequestsError(_)) => FailureKind::Throttled,
        Some(_) => FailureKind::CredentialSource { source: source.to_string() },
    }
}

/// Why there is no connection.
fn connection_kind(error: &ConnectorError) -> FailureKind {
    if error.is_timeout() {
        FailureKind::Timeout
    } else if is_untrusted_certificate(error) {
        match find::<ProxyUnreachable>(error) {
            Some(_) => FailureKind::UntrustedProxy,
            None => FailureKind::UntrustedCertificate,
        }
    } else {
        FailureKind::Unreachable
    }
}
