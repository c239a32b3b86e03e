//! The chain of profiles that `source_profile` makes, by the SDK's rules:
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html>.

use std::path::Path;

use super::active_profile::ProfileOrigin;
use super::endpoint::AwsService;
use super::facts::Facts;
use super::identity::{check_urls, named_source};
use super::profile_file::Section;
use super::{RegistrySettings, mfa};
use crate::error::Failure;
use crate::identity::{ChainStep, ProfileBase, StepKind};
use crate::secret::Secret;

/// Any of these makes a profile an SSO profile.
const SSO_KEYS: [&str; 5] = ["sso_session", "sso_account_id", "sso_role_name", "sso_region", "sso_start_url"];

/// Any of these makes a profile one with credentials, or with a mistake in them.
const CREDENTIAL_KEYS: [&str; 8] = [
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "role_arn",
    "credential_source",
    "web_identity_token_file",
    "login_session",
    "credential_process",
];

/// Follows `source_profile` from the active profile to the base of the chain: keys of a source profile come first, a
/// profile that names itself is its own base. Returns the base and the steps that we perform, from the base up; `None` when
/// the active profile has no credentials at all.
/// Error: a profile of the chain doesn't exist or contradicts itself.
pub(super) fn follow(
    settings: &RegistrySettings<'_>,
    facts: &mut Facts<'_>,
) -> Result<Option<(ProfileBase, Vec<ChainStep>)>, Failure> {
    let Some(active) = &settings.profile else {
        return match settings.active.origin {
            ProfileOrigin::Default => Ok(None),
            ProfileOrigin::Rule(_) | ProfileOrigin::Account | ProfileOrigin::Variable => {
                let described = settings.active.described();
                Err(Failure::misconfigured(format!("{described} is not in the shared configuration files")))
            }
        };
    };
    if !has_credentials(settings, active) {
        return Ok(None);
    }
    facts.add("source", "profile");
    facts.add_endpoints();
    let mut chain = Chain { settings, facts, visited: Vec::new(), steps: Vec::new() };
    let base = chain.walk(&settings.active.name, active)?;
    chain.steps.reverse();
    Ok(Some((base, chain.steps)))
}

/// The chain as far as it has been followed.
struct Chain<'c, 'a> {
    settings: &'c RegistrySettings<'c>,
    facts: &'c mut Facts<'a>,
    /// The names of the profiles, from the active one down.
    visited: Vec<String>,
    /// In the same order.
    steps: Vec<ChainStep>,
}

impl Chain<'_, '_> {
    fn walk(&mut self, name: &str, profile: &Section<'_>) -> Result<ProfileBase, Failure> {
        let dependent = self.visited.last().cloned();
        self.facts.add_profile(name, profile);
        if dependent.is_some() && has_keys(profile) {
            return Ok(ProfileBase::Keys);
        }
        if profile.get("role_arn").is_none() || profile.get("web_identity_token_file").is_some() {
            return self.base(name, dependent, profile);
        }
        check_urls(self.settings, &[AwsService::Sts])?;
        if let Some(role) = mfa::role(self.settings, name, profile)? {
            let (profile, dependent) = (name.to_owned(), dependent.clone());
            self.steps.push(ChainStep { profile, dependent, kind: StepKind::Mfa(Box::new(role)) });
        }
        match (profile.get("source_profile"), profile.get("credential_source")) {
            (None, Some(_)) => self.base(name, dependent, profile),
            (Some(source), None) if source == name => self.base(name, Some(name.to_owned()), profile),
            (Some(source), None) => self.follow_source(name, source),
            (Some(_), Some(_)) => Err(Failure::misconfigured(format!(
                "profile `{name}` has both `source_profile` and `credential_source`"
            ))),
            (None, None) => Err(Failure::misconfigured(format!(
                "profile `{name}` has a `role_arn` but neither `source_profile` nor `credential_source`"
            ))),
        }
    }

    fn follow_source(&mut self, name: &str, source: &str) -> Result<ProfileBase, Failure> {
        self.visited.push(name.to_owned());
        let Some(profile) = self.settings.profiles.profile(source) else {
            return Err(Failure::misconfigured(format!(
                "profile `{name}` names the source profile `{source}`, which does not exist"
            )));
        };
        if self.visited.iter().any(|visited| visited == source) {
            let first = &self.settings.active.name;
            return Err(Failure::misconfigured(format!(
                "profile `{first}` leads back to the source profile `{source}`"
            )));
        }
        self.walk(source, &profile)
    }

    /// The source of credentials in the last profile of the chain.
    fn base(&mut self, name: &str, dependent: Option<String>, profile: &Section<'_>) -> Result<ProfileBase, Failure> {
        if let Some(source) = profile.get("credential_source") {
            return named_source(self.settings, self.facts, source);
        }
        if let (Some(_), Some(file)) = (profile.get("role_arn"), profile.get("web_identity_token_file")) {
            check_urls(self.settings, &[AwsService::Sts])?;
            self.facts.add_token_file(Path::new(file));
            return Ok(ProfileBase::WebIdentity);
        }
        if SSO_KEYS.iter().any(|key| profile.get(key).is_some()) {
            check_urls(self.settings, &[AwsService::Sso, AwsService::SsoOidc])?;
            return Ok(ProfileBase::Sso { profile: name.to_owned() });
        }
        if profile.get("login_session").is_some() {
            check_urls(self.settings, &[AwsService::Signin])?;
            return Ok(ProfileBase::Login { profile: name.to_owned() });
        }
        if let Some(command) = profile.get("credential_process") {
            self.facts.is_opaque();
            let kind = StepKind::Process { command: Secret::from(command) };
            self.steps.push(ChainStep { profile: name.to_owned(), dependent, kind });
            return Ok(ProfileBase::Process);
        }
        Ok(ProfileBase::Keys)
    }
}

/// Whether a profile configures credentials. An SSO session without account and role gives a bearer token for other
/// services and no credentials, unless it is a mistake, at which the SDK stops.
fn has_credentials(settings: &RegistrySettings<'_>, profile: &Section<'_>) -> bool {
    let has_any = |keys: &[&str]| keys.iter().any(|key| profile.get(key).is_some());
    if !has_any(&SSO_KEYS) {
        return has_any(&CREDENTIAL_KEYS);
    }
    let mistaken = profile.get("sso_session").is_some_and(|session| {
        has_any(&["sso_start_url", "sso_region"]) || settings.profiles.sso_session(session).is_none()
    });
    let bearer_only = !has_any(&["sso_account_id", "sso_role_name"]);
    !bearer_only || mistaken || has_any(&["role_arn", "credential_source", "web_identity_token_file"])
}

fn has_keys(profile: &Section<'_>) -> bool {
    profile.get("aws_access_key_id").is_some() && profile.get("aws_secret_access_key").is_some()
}
