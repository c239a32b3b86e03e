//! From the SDK's errors to a [`Failure`]: what happened, whose fault it is, and what AWS said about it, redacted.
//!
//! Error codes: <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/CommonErrors.html> and the errors of the two
//! `GetAuthorizationToken` calls, of `AssumeRole` and of the SSO portal.

use std::error::Error;

use aws_config::imds::client::error::ImdsError;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_signin::operation::create_o_auth2_token::CreateOAuth2TokenError;
use aws_sdk_signin::types::OAuth2ErrorCode;
use aws_sdk_sso::operation::get_role_credentials::GetRoleCredentialsError;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction, RetryClassifierPriority};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::proxy::{NotReached, ProxyError};
use super::trust::NoSystemCertificates;
use crate::error::{Failure, FailureKind};
use crate::identity::{CredentialSource, ProfileBase};
use crate::secret::Redactor;

/// A detail is for one line of a terminal; Jib reads stderr only after stdout has ended.
const LONGEST_DETAIL: usize = 400;

/// A failed call of `GetAuthorizationToken`.
pub(super) fn call<E>(error: &SdkError<E, HttpResponse>, redactor: &Redactor) -> Failure
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let kind = match error {
        SdkError::TimeoutError(_) => FailureKind::TimedOut,
        SdkError::DispatchFailure(failure) => failure.as_connector_error().map_or(FailureKind::Unreachable, connection),
        SdkError::ServiceError(answer) => {
            let metadata = answer.err().meta();
            return match (metadata.code(), metadata.message()) {
                (None, None) => wordless(error, answer.raw(), redactor),
                (code, message) => answered(code, message, answer.raw(), redactor),
            };
        }
        SdkError::ResponseError(answer) => return wordless(error, answer.raw(), redactor),
        // The SDK refuses to build the request: region, endpoint or clock make no sense.
        _ => FailureKind::Misconfigured,
    };
    unanswered(kind, error, redactor)
}

/// AWS, or something between, answered without a code: what the SDK says of a success that it can't read is the cause, of
/// an error its status.
fn wordless(error: &(dyn Error + 'static), response: &HttpResponse, redactor: &Redactor) -> Failure {
    if response.status().is_success() {
        let failure = unanswered(FailureKind::MalformedAnswer, error, redactor);
        return Failure { request_id: request_id(response, redactor), ..failure };
    }
    Failure { chain: redactor.clean(&chain(error)), ..answered(None, None, response, redactor) }
}

fn request_id(response: &HttpResponse, redactor: &Redactor) -> Option<String> {
    response.headers().get("x-amzn-requestid").map(|id| redactor.clean(id))
}

/// There was no answer that names a code: the person is told the cause at the root, the operator the way there.
fn unanswered(kind: FailureKind, error: &(dyn Error + 'static), redactor: &Redactor) -> Failure {
    let mut root = error;
    while let Some(source) = root.source() {
        root = source;
    }
    let root = root.to_string();
    let said = match find::<ProxyError>(error) {
        Some(by_proxy) => format!("{by_proxy}: {}", ProxyError::explain(&root)),
        None => root,
    };
    let said = match find::<NoSystemCertificates>(error) {
        Some(note) => format!("{said}; {note}"),
        None => said,
    };
    let chain = redactor.clean(&chain(error));
    Failure { chain, ..Failure::new(kind, detail(redactor, &said)) }
}

/// AWS answered, with an error.
fn answered(code: Option<&str>, message: Option<&str>, response: &HttpResponse, redactor: &Redactor) -> Failure {
    let status = response.status().as_u16();
    let request_id = request_id(response, redactor);
    let kind = match (code.unwrap_or_default(), status) {
        // Every answer of AWS has an ID. A proxy that reads the request has none to give: it refuses, or wants a password.
        ("", 407) => FailureKind::Unreachable,
        ("", 401 | 403) if request_id.is_none() => FailureKind::Unreachable,
        (
            "AccessDeniedException"
            | "AccessDenied"
            | "NotAuthorized"
            | "UnauthorizedOperation"
            | "AuthorizationErrorException",
            _,
        )
        | ("", 401 | 403) => FailureKind::AccessDenied,
        ("ExpiredTokenException" | "ExpiredToken" | "RequestExpired", _) => FailureKind::CredentialsExpired,
        (
            "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "IncompleteSignature"
            | "IncompleteSignatureException"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException"
            | "InvalidAccessKeyId"
            | "AuthFailure",
            _,
        ) => FailureKind::CredentialsRefused,
        (
            "ThrottlingException"
            | "Throttling"
            | "TooManyRequestsException"
            | "RequestLimitExceeded"
            | "RequestThrottled"
            | "RequestThrottledException"
            | "SlowDown",
            _,
        )
        | (_, 429) => FailureKind::Throttled,
        (
            "UnsupportedCommandException"
            | "InvalidParameterException"
            | "OptInRequired"
            | "SubscriptionRequiredException"
            | "ValidationException",
            _,
        ) => FailureKind::Unsupported,
        (_, 500..) => FailureKind::ServerError,
        _ => FailureKind::MalformedAnswer,
    };
    let said = match (code, message) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(only), None) | (None, Some(only)) => only.to_owned(),
        (None, None) if kind == FailureKind::Unreachable => format!("HTTP status {status}, not from AWS"),
        (None, None) => format!("HTTP status {status}"),
    };
    Failure { request_id, ..Failure::new(kind, detail(redactor, &said)) }
}

/// The source gave no credentials.
pub(super) fn credentials(error: &CredentialsError, source: &CredentialSource, redactor: &Redactor) -> Failure {
    if let Some(failure) = refused_by_service(error, source, redactor) {
        return failure;
    }
    let text = chain(error);
    let connection = find::<ConnectorError>(error).map(connection);
    let kind = match (error, source, connection) {
        (_, CredentialSource::Nothing, _) => return Failure::new(FailureKind::NoCredentials, ""),
        // The provider doesn't say "not there" but by its text: an answer of 404 means that no role is attached.
        (CredentialsError::CredentialsNotLoaded(_), CredentialSource::InstanceMetadata, _) if text.contains("404") => {
            return Failure::new(FailureKind::NoCredentials, "this instance has no IAM role attached");
        }
        (CredentialsError::CredentialsNotLoaded(_), CredentialSource::InstanceMetadata, _) => {
            FailureKind::ImdsUnreachable
        }
        (_, _, Some(kind)) => kind,
        (_, CredentialSource::Profile { name: _, base: ProfileBase::Login { profile } }, None) => {
            login(error, profile, source)
        }
        (CredentialsError::InvalidConfiguration(_), ..) => FailureKind::Misconfigured,
        (_, CredentialSource::Profile { name: _, base: ProfileBase::Sso { .. } }, None) if answer_lacks_part(error) => {
            FailureKind::MalformedAnswer
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
    // The metadata service's own error prints its whole answer, as Rust would write it.
    if let Some(ImdsError::ErrorResponse(answer)) = find::<ImdsError>(error) {
        return Failure::new(kind, format!("HTTP status {}", answer.response().status()));
    }
    unanswered(kind, error, redactor)
}

/// A role wasn't assumed with an MFA code. STS has one error code for every refusal; only its message tells whether it is
/// about the MFA code (<https://github.com/aws/aws-cli/issues/6325>).
pub(super) fn mfa(error: &CredentialsError, source: &CredentialSource, profile: &str, redactor: &Redactor) -> Failure {
    let failure = credentials(error, source, redactor);
    let refused = find::<AssumeRoleError>(error).and_then(ProvideErrorMetadata::message);
    if refused.is_some_and(|message| message.starts_with("MultiFactorAuthentication failed")) {
        return Failure { kind: FailureKind::MfaRefused { profile: profile.to_owned() }, ..failure };
    }
    failure
}

/// The portal, or STS, answered well and without credentials.
fn answer_lacks_part(error: &CredentialsError) -> bool {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        if matches!(error.downcast_ref(), Some(CredentialsError::Unhandled(_))) {
            return true;
        }
        next = error.source();
    }
    false
}

/// A session of `aws login` that gives nothing, although AWS can be reached. What the SDK says of the session's file has a
/// type of its own that isn't public; without an answer from AWS it is always that.
fn login(error: &CredentialsError, profile: &str, source: &CredentialSource) -> FailureKind {
    let over = FailureKind::LoginExpired { profile: profile.to_owned() };
    match find::<CreateOAuth2TokenError>(error) {
        None => over,
        Some(CreateOAuth2TokenError::AccessDeniedException(refusal))
            if refusal.error != OAuth2ErrorCode::InsufficientPermissions =>
        {
            over
        }
        Some(CreateOAuth2TokenError::TooManyRequestsError(_)) => FailureKind::Throttled,
        Some(_) => FailureKind::CredentialSource { source: source.to_string() },
    }
}

/// The role of a rule can't be assumed, by whoever there are credentials of.
pub(super) fn role(error: &CredentialsError, arn: &str, redactor: &Redactor) -> Failure {
    let source = format!("the role `{arn}`");
    if let Some(refused) = refusal::<AssumeRoleError>(error, redactor) {
        return not_by_ecr(refused, source);
    }
    let connection = find::<ConnectorError>(error).map(connection);
    unanswered(connection.unwrap_or(FailureKind::CredentialSource { source }), error, redactor)
}

/// It isn't ECR that failed, and the remedy isn't a policy for ECR.
fn not_by_ecr(refused: Failure, source: String) -> Failure {
    let kind = match refused.kind {
        FailureKind::AccessDenied
        | FailureKind::MalformedAnswer
        | FailureKind::Unsupported
        | FailureKind::ServerError => FailureKind::CredentialSource { source },
        kind => kind,
    };
    Failure { kind, ..refused }
}

/// STS or the SSO portal said no.
fn refused_by_service(error: &CredentialsError, source: &CredentialSource, redactor: &Redactor) -> Option<Failure> {
    let refused = refusal::<AssumeRoleError>(error, redactor)
        .or_else(|| refusal::<AssumeRoleWithWebIdentityError>(error, redactor))
        .or_else(|| refusal::<GetRoleCredentialsError>(error, redactor))?;
    // The portal says 401 to a session that is over, and 403 to a good one of somebody without that account or role.
    let session_is_over = find::<SdkError<GetRoleCredentialsError, HttpResponse>>(error)
        .and_then(SdkError::raw_response)
        .is_some_and(|response| response.status().as_u16() == 401);
    Some(match source {
        CredentialSource::Profile { name: _, base: ProfileBase::Sso { profile } } if session_is_over => {
            Failure { kind: FailureKind::SsoExpired { profile: profile.clone() }, ..refused }
        }
        source => not_by_ecr(refused, source.to_string()),
    })
}

fn refusal<E>(error: &CredentialsError, redactor: &Redactor) -> Option<Failure>
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    match find::<SdkError<E, HttpResponse>>(error)? {
        answer @ SdkError::ServiceError(_) => Some(call(answer, redactor)),
        _ => None,
    }
}

/// No connection, for one of four reasons.
fn connection(error: &ConnectorError) -> FailureKind {
    if error.is_timeout() {
        FailureKind::TimedOut
    } else if is_distrust(error) {
        match find::<NotReached>(error) {
            Some(_) => FailureKind::UntrustedProxy,
            None => FailureKind::UntrustedCertificate,
        }
    } else {
        FailureKind::Unreachable
    }
}

/// rustls says `invalid peer certificate: REASON` (<https://docs.rs/rustls/latest/rustls/enum.Error.html>); its type is
/// wrapped away by the layers between.
pub(super) fn is_distrust(error: &(dyn Error + 'static)) -> bool {
    chain(error).contains("invalid peer certificate")
}

fn is_in_vain(error: &(dyn Error + 'static)) -> bool {
    is_distrust(error) || ProxyError::is_about_password(&chain(error))
}

/// A certificate that isn't trusted now won't be in a second, nor will a proxy take the same password; the SDK would try
/// three times, and some proxies lock accounts.
#[derive(Debug)]
pub(super) struct NoRetryInVain;

impl ClassifyRetry for NoRetryInVain {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.output_or_error() {
            Some(Err(error)) if error.as_connector_error().is_some_and(|error| is_in_vain(error)) => {
                RetryAction::RetryForbidden
            }
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "no retry of what stays refused"
    }

    /// After all others: theirs would say "transient".
    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

/// The first error of a type among an error and its causes.
pub(super) fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// An error and its causes, each said once.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let this = error.to_string();
        // Layers that only wrap say nothing, or repeat their cause.
        if !this.is_empty() && !text.contains(&this) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&this);
        }
        next = error.source();
    }
    text
}

pub(super) fn detail(redactor: &Redactor, text: &str) -> String {
    let mut detail = redactor.clean(text.trim());
    if detail.chars().count() > LONGEST_DETAIL {
        detail = detail.chars().take(LONGEST_DETAIL).chain("…".chars()).collect();
    }
    detail
}
