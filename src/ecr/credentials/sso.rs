//! Credentials of the SSO portal (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-sso-credentials.html>), with the
//! token that `aws sso login` has stored, refreshed if it can be: `SSOTokenProvider` in
//! <https://github.com/boto/botocore/blob/develop/botocore/tokens.py>.
//!
//! A token that can't be refreshed is tried all the same, unless it has expired. One whose refreshed form can't be stored
//! still serves.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_ssooidc::operation::create_token::{CreateTokenError, CreateTokenOutput};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use serde_json::Value;

use super::json::Object;
use super::{Resolver, received};
use crate::clock::Timestamp;
use crate::ecr::{classify, times};
use crate::error::{Failure, FailureKind};
use crate::fs::{PrivateDir, read_bounded};
use crate::identity::{Keys, SsoSession};
use crate::redact::Redactor;
use crate::secret::Secret;

/// A token file has some 3 KB.
const MAX_TOKEN_FILE_SIZE: usize = 64 << 10;

/// A token that expires within this time is refreshed.
const REFRESH_WINDOW: Duration = Duration::from_mins(15);

/// Gets the credentials of a session's account and role.
pub(super) async fn credentials(
    resolver: &Resolver<'_>,
    session: &SsoSession,
    redactor: &mut Redactor,
    warning: &mut Option<String>,
) -> Result<Keys, Failure> {
    let expired = |detail: &str| Failure::new(FailureKind::SsoExpired { profile: session.profile.clone() }, detail);
    let token = load(session).ok_or_else(|| expired("there is no token of the session"))?;
    token.learn(redactor);
    let left = token.expires_at.map(|expires_at| expires_at.since(resolver.now));
    let refreshed = match left {
        Some(left) if left < REFRESH_WINDOW && session.is_refreshable => {
            refresh(resolver, session, token.object, redactor, warning).await
        }
        _ => None,
    };
    let access_token = match (refreshed, left) {
        (Some(refreshed), _) => refreshed,
        (None, Some(Duration::ZERO)) => return Err(expired("the token of the session has expired")),
        (None, _) => token.value,
    };
    let config = resolver.config(&session.region, session.portal_url.as_deref(), None);
    let SsoSession { profile, account_id, role_name, .. } = session;
    role_credentials(account_id, role_name, profile, &access_token, &config, redactor).await
}

/// Calls the portal.
pub(in crate::ecr) async fn role_credentials(
    account_id: &str,
    role_name: &str,
    profile: &str,
    access_token: &Secret,
    config: &SdkConfig,
    redactor: &Redactor,
) -> Result<Keys, Failure> {
    let config = aws_sdk_sso::config::Builder::from(config).build();
    let call = aws_sdk_sso::Client::from_conf(config)
        .get_role_credentials()
        .account_id(account_id)
        .role_name(role_name)
        .access_token(access_token.expose());
    let output = call.send().await.map_err(|error| {
        let failure = classify::from_call(&error, redactor);
        // The status is 401 for an expired session, and 403 for a valid one without that account or role.
        if status_of(&error) == Some(401) {
            Failure { kind: FailureKind::SsoExpired { profile: profile.to_owned() }, ..failure }
        } else {
            failure
        }
    })?;
    let credentials = output.role_credentials.unwrap_or_else(|| aws_sdk_sso::types::RoleCredentials::builder().build());
    let (Some(id), Some(secret)) = (credentials.access_key_id(), credentials.secret_access_key()) else {
        let detail = "no credentials in the response of the SSO portal";
        return Err(Failure::new(FailureKind::UnexpectedResponse, detail));
    };
    received(id, secret, credentials.session_token())
}

/// Why a session gives no credentials, as far as its stored token tells: there is none, or it has expired and can't be
/// refreshed.
pub(in crate::ecr) fn ended(session: &SsoSession, now: Timestamp) -> Option<Failure> {
    let expired = |detail: &str| Failure::new(FailureKind::SsoExpired { profile: session.profile.clone() }, detail);
    let Some(token) = load(session) else { return Some(expired("there is no token of the session")) };
    let has_expired = token.expires_at.is_some_and(|expires_at| expires_at <= now);
    let is_refreshable = session.is_refreshable && is_registered(&token.object, now);
    (has_expired && !is_refreshable).then(|| expired("the token of the session has expired"))
}

/// Whether a token has what refreshing it takes.
fn is_registered(object: &Object, now: Timestamp) -> bool {
    let ends = object.text("registrationExpiresAt").map(times::parse);
    let has = |name: &str| object.text(name).is_some();
    ends.is_some_and(|ends| ends.is_none_or(|ends| ends > now))
        && ["clientId", "clientSecret", "refreshToken"].into_iter().all(has)
}

fn status_of<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// A stored token, with the rest of its file.
struct Token {
    value: Secret,
    /// `None` if the time can't be read: then the portal decides.
    expires_at: Option<Timestamp>,
    object: Object,
}

impl Token {
    fn learn(&self, redactor: &mut Redactor) {
        redactor.learn(self.value.expose());
        for secret in ["refreshToken", "clientSecret"] {
            redactor.learn(self.object.text(secret).unwrap_or_default());
        }
    }
}

fn load(session: &SsoSession) -> Option<Token> {
    let path = session.token_dir.as_ref()?.join(times::sha1_json(&session.token_key));
    let object = Object::parse(&read_bounded(&path, MAX_TOKEN_FILE_SIZE).ok()??)?;
    Some(Token {
        value: Secret::from(object.text("accessToken")?),
        expires_at: times::parse(object.text("expiresAt")?),
        object,
    })
}

/// Gets a new token with the refresh token, and stores it as the AWS CLI does. `None` if that isn't possible.
async fn refresh(
    resolver: &Resolver<'_>,
    session: &SsoSession,
    object: Object,
    redactor: &mut Redactor,
    warning: &mut Option<String>,
) -> Option<Secret> {
    if !is_registered(&object, resolver.now) {
        return None;
    }
    let config = resolver.config(&session.region, session.oidc_url.as_deref(), None);
    let output = match create_token(&object, &config).await? {
        Ok(output) => output,
        Err(error) => {
            let failure = classify::from_call(&error, redactor);
            warning.get_or_insert(format!("the SSO token could not be refreshed: {}", failure.details()));
            return None;
        }
    };
    redactor.learn(output.access_token().unwrap_or_default());
    redactor.learn(output.refresh_token().unwrap_or_default());
    let (access_token, stored) = refreshed(object, &output, resolver.now)?;
    let directory = PrivateDir::open_as_it_is(session.token_dir.as_ref()?);
    let name = times::sha1_json(&session.token_key);
    let problem = match directory.map(|directory| directory.replace(&name, stored.expose().as_bytes())) {
        Ok(Ok(())) => return Some(access_token),
        Ok(Err(error)) => format!("{error}: {}", error.source),
        Err(unusable) => unusable.to_string(),
    };
    warning.get_or_insert(format!("the refreshed SSO token was not saved: {problem}"));
    Some(access_token)
}

/// Asks for a new token; `None` if the old one lacks what that takes.
pub(in crate::ecr) async fn create_token(
    object: &Object,
    config: &SdkConfig,
) -> Option<Result<CreateTokenOutput, SdkError<CreateTokenError, HttpResponse>>> {
    let config = aws_sdk_ssooidc::config::Builder::from(config).build();
    let call = aws_sdk_ssooidc::Client::from_conf(config)
        .create_token()
        .grant_type("refresh_token")
        .client_id(object.text("clientId")?)
        .client_secret(object.text("clientSecret")?)
        .refresh_token(object.text("refreshToken")?);
    Some(call.send().await)
}

/// The new token, and the file that it makes of the old one's.
pub(in crate::ecr) fn refreshed(
    object: Object,
    output: &CreateTokenOutput,
    now: Timestamp,
) -> Option<(Secret, Secret)> {
    let access_token = Secret::from(output.access_token()?);
    let lifetime = Duration::from_secs(u64::try_from(output.expires_in()).unwrap_or_default());
    let mut stored = object.into_map();
    stored.insert("accessToken".to_owned(), Value::from(access_token.expose()));
    stored.insert("expiresAt".to_owned(), Value::from(now.after(lifetime).to_string()));
    if let Some(refresh_token) = output.refresh_token() {
        stored.insert("refreshToken".to_owned(), Value::from(refresh_token));
    }
    Some((access_token, Secret::new(Value::Object(stored).to_string())))
}
