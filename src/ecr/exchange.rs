//! The token service of ECR Public: gives the token that the registry takes, for an authorization token or anonymously
//! (<https://distribution.github.io/distribution/spec/auth/token/>).

use std::time::Duration;

use aws_smithy_types::body::SdkBody;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request};
use serde::Deserialize;
use tokio::time::timeout;

use super::classify;
use super::http::HttpClient;
use crate::error::{Failure, FailureKind};
use crate::fetch::{ExchangeRequest, RegistryToken};
use crate::redact::Redactor;
use crate::secret::Secret;

/// The name of the registry in the request, for both of its hosts.
const SERVICE: &str = "public.ecr.aws";

/// How long a token lasts if the response doesn't say, by the specification.
const USUAL_LIFE: Duration = Duration::from_mins(1);

/// The longest life that is believed: that of the token it was exchanged for, at most.
const LONGEST_LIFE: Duration = Duration::from_hours(1);

/// The longest token: one that clients still take.
const LONGEST_TOKEN: usize = 40 << 10;

/// The response. It has the token under one of two names, or both.
#[derive(Deserialize)]
struct Response {
    token: Option<Secret>,
    access_token: Option<Secret>,
    expires_in: Option<u64>,
}

/// Exchanges a token. The redactor learns the secrets met on the way.
pub(super) fn exchange(request: &ExchangeRequest<'_>, redactor: &mut Redactor) -> Result<RegistryToken, Failure> {
    let ExchangeRequest { host, repository, login, access, limit } = request;
    let scope = repository.map_or_else(String::new, |name| format!("scope=repository:{name}:pull&"));
    let url = format!("https://{host}/token/?{scope}service={SERVICE}");
    let invalid = |error: http::Error| Failure::new(FailureKind::Internal, error.to_string());
    let mut message = Request::builder().uri(url).header("accept", "application/json");
    if let Some(login) = login {
        let basic = login.basic();
        redactor.learn(login.password().expose());
        redactor.learn(basic.expose());
        let mut value =
            HeaderValue::try_from(format!("Basic {}", basic.expose())).map_err(|error| invalid(error.into()))?;
        value.set_sensitive(true);
        message = message.header(AUTHORIZATION, value);
    }
    let message = message.body(SdkBody::empty()).map_err(invalid)?;
    let http = HttpClient::new(&access.network)?;
    let runtime = super::runtime()?;
    let answer = runtime.block_on(async { timeout(*limit, http.send_plain(message, *limit)).await });
    runtime.shutdown_background();
    let (status, body) = match answer {
        Ok(answer) => answer.map_err(|error| classify::from_connector(&error, redactor))?,
        Err(_) => return Err(Failure::new(FailureKind::Timeout, format!("no token from {host} in time"))),
    };
    if status != 200 {
        let kind = match status {
            429 => FailureKind::Throttled,
            500.. => FailureKind::ServerError,
            _ => FailureKind::UnexpectedResponse,
        };
        return Err(Failure::new(kind, format!("the token service of {host}: HTTP status {status}")));
    }
    read(&body)
        .ok_or_else(|| Failure::new(FailureKind::UnexpectedResponse, format!("no token in the response of {host}")))
}

/// The token in a response, unless it couldn't be sent in a header.
fn read(body: &[u8]) -> Option<RegistryToken> {
    let Response { token, access_token, expires_in } = serde_json::from_slice(body).ok()?;
    let token = token.or(access_token)?;
    let text = token.expose();
    let is_sendable = text.bytes().all(|byte| byte.is_ascii_graphic());
    if text.is_empty() || text.len() > LONGEST_TOKEN || !is_sendable {
        return None;
    }
    let lasts = expires_in.map_or(USUAL_LIFE, Duration::from_secs).min(LONGEST_LIFE);
    Some(RegistryToken { token, lasts })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lasts(body: &str) -> Option<(String, u64)> {
        read(body.as_bytes()).map(|read| (read.token.expose().to_owned(), read.lasts.as_secs()))
    }

    #[test]
    fn a_token_has_one_of_two_names_and_lasts_a_minute_unless_told() {
        let found = |token: &str, seconds| Some((token.to_owned(), seconds));
        for (body, expected) in [
            (r#"{"token":"a"}"#, found("a", 60)),
            (r#"{"access_token":"b","expires_in":300,"issued_at":"x"}"#, found("b", 300)),
            (r#"{"token":"a","access_token":"b","expires_in":0}"#, found("a", 0)),
            (r#"{"token":"a","expires_in":999999999}"#, found("a", 3_600)),
            (r#"{"token":""}"#, None),
            (r#"{"token":"a b"}"#, None),
            (r#"{"token":"a\r\nx-other: b"}"#, None),
            (r#"{"errors":[]}"#, None),
            ("", None),
        ] {
            assert_eq!(lasts(body), expected, "{body}");
        }
        assert_eq!(lasts(&format!(r#"{{"token":"{}"}}"#, "x".repeat(LONGEST_TOKEN + 1))), None);
    }
}
