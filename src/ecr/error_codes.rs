//! The error codes of AWS: those of
//! <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/CommonErrors.html>, of the two
//! `GetAuthorizationToken` calls, of `AssumeRole` and of the SSO portal.

use crate::error::FailureKind;

/// The kind of an error code, or of the status if there is no code or an unknown one.
pub(super) fn kind_of(code: &str, status: u16) -> FailureKind {
    match (code, status) {
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
        _ => FailureKind::UnexpectedResponse,
    }
}
