//! The credentials of a plan: first those of its base, then those of one role after the other.
//!
//! Each step is performed here, with what the plan contains, and not by the SDK's credential providers: these read
//! variables and files themselves, more strictly than the AWS CLI, and panic on some of them
//! (<https://github.com/awslabs/aws-sdk-rust/issues/1097>). Only a session of `aws login` is left to the SDK.

pub(super) mod json;
mod login;
mod machine;
pub(super) mod sso;

pub(super) use sso::ended as ended_sso_session;

use std::cell::Cell;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_credential_types::Credentials;

use super::client::{self, ApiEndpoint};
use super::http::HttpClient;
use super::mfa::PreparedRoles;
use super::{classify, process, session_cache, sts};
use crate::clock::Timestamp;
use crate::error::{Failure, FailureKind};
use crate::identity::{Base, CredentialPlan, Keys, RoleOrigin, RoleStep};
use crate::network::NetworkConfig;
use crate::redact::Redactor;
use crate::secret::Secret;

/// Everything that getting credentials depends on, except the plan.
pub(super) struct Resolver<'a> {
    pub(super) region: &'a str,
    pub(super) network: &'a NetworkConfig,
    pub(super) http: &'a HttpClient,
    pub(super) now: Timestamp,
    /// The limit of a `credential_process`.
    pub(super) limit: Duration,
    /// What is being waited for, for the message when the time is up.
    pub(super) waiting_for: &'a Cell<Option<String>>,
}

/// Credentials, and a problem that didn't prevent them.
pub(super) struct Resolved {
    pub(super) keys: Keys,
    pub(super) warning: Option<String>,
}

/// Makes the redactor mask the secrets of credentials.
fn learn(redactor: &mut Redactor, keys: &Keys) {
    redactor.learn(keys.secret_access_key.expose());
    redactor.learn(keys.session_token.as_ref().map_or("", Secret::expose));
}

/// The credentials in the SDK's form.
pub(super) fn sdk_credentials(keys: &Keys) -> Credentials {
    let Keys { access_key_id, secret_access_key, session_token } = keys;
    let session_token = session_token.as_ref().map(|token| token.expose().to_owned());
    Credentials::new(access_key_id, secret_access_key.expose(), session_token, None, "docker-credential-ecr-login")
}

impl Resolver<'_> {
    /// Gets the credentials of a plan, whose roles are prepared. The redactor learns all secrets met on the way.
    pub(super) async fn resolve(
        &self,
        plan: &CredentialPlan,
        prepared: PreparedRoles,
        redactor: &mut Redactor,
    ) -> Result<Resolved, Failure> {
        let PreparedRoles { session, codes } = prepared;
        let mut warning = None;
        self.waiting_for.set(Some(plan.source.to_string()));
        let (mut keys, assumed) =
            if let Some(session) = session { session } else { (self.base(plan, redactor, &mut warning).await?, 0) };
        learn(redactor, &keys);
        for (role, code) in plan.roles[assumed..].iter().zip(codes) {
            keys = self.assume(plan, role, code, &keys, redactor, &mut warning).await?;
            learn(redactor, &keys);
        }
        self.waiting_for.set(None);
        Ok(Resolved { keys, warning })
    }

    /// The credentials that the plan begins with.
    async fn base(
        &self,
        plan: &CredentialPlan,
        redactor: &mut Redactor,
        warning: &mut Option<String>,
    ) -> Result<Keys, Failure> {
        let keys = match &plan.base {
            Base::Keys(keys) => Ok(keys.clone()),
            Base::Process { profile, command } => {
                let output = process::run(profile, command, self.limit, redactor).await?;
                received(output.access_key_id(), output.secret_access_key(), output.session_token())
            }
            Base::WebIdentity { role, token } => {
                redactor.learn(token.expose());
                self.waiting_for.set(Some(format!("AWS STS for the role `{}`", role.arn)));
                let config = self.config(self.region, role.endpoint_url.as_deref(), None);
                let session = sts::assume_role_with_web_identity(role, token, self.now, &config).await;
                let session = session.map_err(|error| {
                    let failure = classify::from_call(&error, redactor);
                    let is_refused = failure.kind == FailureKind::AccessDenied || sts::is_about_token(&error);
                    if role.origin == RoleOrigin::ServiceAccount && is_refused {
                        Failure { kind: FailureKind::ServiceAccountRefused { role: role.arn.clone() }, ..failure }
                    } else {
                        failure
                    }
                });
                session.and_then(|session| session.keys())
            }
            Base::Sso(session) => sso::credentials(self, session, redactor, warning).await,
            Base::Login { profile, login_session, region } => {
                login::credentials(self, &plan.source, profile, login_session, region.as_deref(), redactor).await
            }
            Base::Container { url, token } => {
                redactor.learn(token.as_ref().map_or("", Secret::expose));
                machine::container(self, url, token.as_ref(), redactor).await
            }
            Base::InstanceMetadata { url, otherwise } => {
                let keys = machine::instance_metadata(self, url, redactor).await;
                match otherwise {
                    Some(older) if keys.as_ref().is_err_and(|failure| failure.kind.is_no_credentials()) => {
                        Ok(older.clone())
                    }
                    _ => keys,
                }
            }
            Base::Nothing => Err(Failure::new(FailureKind::NoCredentials, "")),
        };
        keys.map_err(|failure| with_notes(classify::blame_source(failure, plan.source.to_string()), plan))
    }

    /// Assumes a role with the credentials of the step before.
    async fn assume(
        &self,
        plan: &CredentialPlan,
        role: &RoleStep,
        code: Option<Secret>,
        keys: &Keys,
        redactor: &mut Redactor,
        warning: &mut Option<String>,
    ) -> Result<Keys, Failure> {
        if let Some(code) = &code {
            redactor.learn_code(code);
        }
        self.waiting_for.set(Some(format!("AWS STS for the role `{}`", role.arn)));
        let config = self.config(self.region, role.endpoint_url.as_deref(), Some(keys));
        let session = sts::assume_role(role, code.as_ref(), self.now, &config).await;
        let source = match role.origin {
            RoleOrigin::Rule => format!("the role `{}`", role.arn),
            RoleOrigin::Environment | RoleOrigin::Profile(_) | RoleOrigin::ServiceAccount => plan.source.to_string(),
        };
        let blamed = |failure| classify::blame_source(failure, source.clone());
        let session = session.map_err(|error| match (&role.origin, code.is_some()) {
            (RoleOrigin::Profile(profile), true) if sts::is_about_code(&error) => {
                let kind = FailureKind::MfaRefused { profile: profile.clone() };
                Failure { kind, ..classify::from_call(&error, redactor) }
            }
            _ => blamed(classify::from_call(&error, redactor)),
        })?;
        if let (Some(device), Some(_)) = (&role.mfa, code)
            && let Err(problem) = session_cache::save(role, device, &session)
        {
            warning.get_or_insert(problem);
        }
        session.keys().map_err(blamed)
    }

    /// How to call a service that gives credentials.
    fn config(&self, region: &str, url: Option<&str>, keys: Option<&Keys>) -> SdkConfig {
        let endpoint = ApiEndpoint::new(region, self.network.variant, url);
        client::sdk_config(endpoint, keys.map(sdk_credentials), self.http, self.network.retries)
    }
}

/// Credentials that were received.
/// Error: they can't be used.
pub(super) fn received(id: &str, secret: &str, token: Option<&str>) -> Result<Keys, Failure> {
    Keys::new(id, secret, token).map_err(|invalid| Failure::new(FailureKind::UnexpectedResponse, invalid.to_string()))
}

/// A failure for lack of credentials, with the settings that were passed over: one of them may have been meant.
fn with_notes(failure: Failure, plan: &CredentialPlan) -> Failure {
    if plan.notes.is_empty() || !failure.kind.is_no_credentials() {
        return failure;
    }
    let details: Vec<&str> = [&*failure.detail].into_iter().filter(|detail| !detail.is_empty()).collect();
    let notes = plan.notes.iter().map(String::as_str);
    let detail = details.into_iter().chain(notes).collect::<Vec<_>>().join("; ");
    Failure { detail, ..failure }
}
