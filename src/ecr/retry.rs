//! Errors that the SDK must not retry.

use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction, RetryClassifierPriority};

use super::causes::{chain, is_untrusted_certificate};
use super::proxy::ProxyError;

/// Forbids retries after an untrusted certificate and after a proxy rejected the password: neither
/// will change within a second, and some proxies lock accounts after several attempts.
#[derive(Debug)]
pub(super) struct NoFutileRetry;

impl ClassifyRetry for NoFutileRetry {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.output_or_error() {
            Some(Err(error))
                if error.as_connector_error().is_some_and(|error| {
                    is_untrusted_certificate(error) || ProxyError::is_about_password(&chain(error))
                }) =>
            {
                RetryAction::RetryForbidden
            }
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "no retry of untrusted certificates and rejected proxy passwords"
    }

    /// After all others, which would call the error transient.
    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}
