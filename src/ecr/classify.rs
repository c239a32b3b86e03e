//! Turns the SDK's errors into a [`Failure`]: its kind, and what AWS said about it, redacted.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_signin::operation::create_o_auth2_token::CreateOAuth2TokenError;
use aws_sdk_signin::types::OAuth2ErrorCode;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::causes::{chain, find, root};
use super::error_codes::kind_of;
use super::http::InvalidResponse;
use super::proxy::{ProxyError, ProxyUnreachable, UnusableProxy};
use super::trust::{CertificateProblem, UnknownIssuerNote};
use crate::error::{Failure, FailureKind};
use crate::identity::CredentialSource;
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

/// A service that isn't called through an SDK client could not be reached.
pub(super) fn from_connector(error: &ConnectorError, redactor: &Redactor) -> Failure {
    from_causes(connection_kind(error), error, redactor)
}

/// A session of `aws login` results in no credentials. The SDK's error about the file of the session has a private type;
/// without a response from AWS, or an error of the connection, it is always that one.
pub(super) fn from_login(
    error: &CredentialsError,
    profile: &str,
    source: &CredentialSource,
    redactor: &Redactor,
) -> Failure {
    let expired = FailureKind::LoginExpired { profile: profile.to_owned() };
    let kind = match (connection_kind_of_source(error), find::<CreateOAuth2TokenError>(error)) {
        (Some(kind), _) => kind,
        (None, None) => expired,
        (None, Some(CreateOAuth2TokenError::AccessDeniedException(refusal)))
            if refusal.error != OAuth2ErrorCode::InsufficientPermissions =>
        {
            expired
        }
        (None, Some(CreateOAuth2TokenError::TooManyRequestsError(_))) => FailureKind::Throttled,
        (None, Some(_)) => FailureKind::CredentialSource { source: source.to_string() },
    };
    from_causes(kind, error, redactor)
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
    if let Some(problem) = CertificateProblem::of(error)
        && !problem.detail().is_empty()
    {
        problem.detail().clone_into(&mut detail);
    }
    if let Some(through_proxy) = find::<ProxyError>(error) {
        detail = format!("{through_proxy}: {}", ProxyError::explain(&detail));
    }
    if let Some(note) = find::<UnknownIssuerNote>(error) {
        detail = format!("{detail}; {note}");
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
    response.headers().get("x-amzn-requestid").map(|id| shorten(redactor, id))
}

/// The failure of a call to another service than ECR, for which the remedies for ECR would be
/// wrong.
pub(super) fn blame_source(failure: Failure, source: String) -> Failure {
    let kind = match failure.kind {
        FailureKind::AccessDenied
        | FailureKind::UnexpectedResponse
        | FailureKind::Unsupported
        | FailureKind::ServerError => FailureKind::CredentialSource { source },
        kind => kind,
    };
    Failure { kind, ..failure }
}

/// Why a source has no connection, or none that can be used.
fn connection_kind_of_source(error: &(dyn Error + 'static)) -> Option<FailureKind> {
    if find::<InvalidResponse>(error).is_some() {
        return Some(FailureKind::UnexpectedResponse);
    }
    find::<ConnectorError>(error).map(connection_kind)
}

/// Why there is no connection.
fn connection_kind(error: &ConnectorError) -> FailureKind {
    if error.is_timeout() {
        FailureKind::Timeout
    } else if find::<InvalidResponse>(error).is_some() {
        FailureKind::UnexpectedResponse
    } else if find::<UnusableProxy>(error).is_some() {
        FailureKind::Misconfigured
    } else if let Some(problem) = CertificateProblem::of(error) {
        let is_of_proxy = find::<ProxyUnreachable>(error).is_some();
        problem.kind(if is_of_proxy { "the proxy" } else { "the AWS API" })
    } else {
        FailureKind::Unreachable
    }
}
