//! Who AWS will think we are, found out without network, in the order of the SDK's provider chain:
//! <https://docs.aws.amazon.com/sdk-for-rust/latest/dg/credproviders.html>.
//!
//! The first source that is configured is the one; the `ecr` adapter asks that one and no other, so the key of a token and
//! the credentials it is fetched with can't come from two places. Where the SDK would quietly go on to the next source
//! although the user named a profile that doesn't exist, this is a mistake worth an error, as it is for the AWS CLI.
//! Everything that can be seen of the source goes into the fingerprint; secrets only as part of a SHA-256.

use std::path::Path;

use crate::env::{Env, names};
use crate::error::Failure;
use crate::fs::read_bounded;
use crate::scope::{CredentialSource, Fingerprint, Identity, Keeping, ProfileBase};
use crate::settings::profile_file::{Profiles, Section};
use crate::settings::{subject, wrong};
use crate::token::Reuse;

/// A token of a running Kubernetes pod is about 1 KB, a CI provider's about 2.
const LONGEST_TOKEN: usize = 64 << 10;

/// Changes with every start of the machine, and no two machines share it:
/// <https://docs.kernel.org/admin-guide/sysctl/kernel.html#random>.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// The profile that is asked: `AWS_PROFILE`, else `default`.
pub(super) fn selected_profile(env: &Env) -> String {
    env.text(names::PROFILE).unwrap_or_else(|| "default".to_owned())
}

/// Finds the first source of credentials that is configured. `broken` says why the profiles are empty when their files
/// can't be used: fatal only to who needs a profile.
///
/// # Errors
/// The profile chain is broken, or the profile named by `AWS_PROFILE` doesn't exist.
pub(super) fn identify(env: &Env, profiles: &Profiles<'_>, broken: Option<Failure>) -> Result<Identity, Failure> {
    let mut facts =
        Facts { env, profiles, fingerprint: Fingerprint::of("identity"), keeping: Keeping::Cached(Reuse::UntilExpiry) };
    let source = facts.first_source(broken)?;
    let Facts { fingerprint, keeping, .. } = facts;
    Ok(Identity { source, fingerprint: fingerprint.finish(), keeping })
}

/// What has been seen so far.
struct Facts<'a> {
    env: &'a Env,
    profiles: &'a Profiles<'a>,
    fingerprint: Fingerprint,
    keeping: Keeping,
}

impl Facts<'_> {
    fn first_source(&mut self, broken: Option<Failure>) -> Result<CredentialSource, Failure> {
        if self.environment_keys() {
            return Ok(CredentialSource::Environment);
        }
        if let Some(broken) = broken {
            return Err(broken);
        }
        let name = selected_profile(self.env);
        if let Some(base) = self.profile_chain(&name)? {
            return Ok(CredentialSource::Profile { name, base });
        }
        if self.web_identity() {
            return Ok(CredentialSource::WebIdentity);
        }
        if self.container() {
            return Ok(CredentialSource::Container);
        }
        if self.env.is_true(names::METADATA_DISABLED) {
            // There is nothing to fetch, so nothing to keep.
            self.keeping = Keeping::Never;
            return Ok(CredentialSource::Nothing);
        }
        self.instance_metadata();
        Ok(CredentialSource::InstanceMetadata)
    }

    fn environment_keys(&mut self) -> bool {
        let set = |name| self.env.text(name).filter(|value| !value.trim().is_empty());
        let Some(access_key_id) = set(names::ACCESS_KEY_ID) else { return false };
        if set(names::SECRET_ACCESS_KEY).or_else(|| set(names::SECRET_ACCESS_KEY_SHORT)).is_none() {
            return false;
        }
        self.fingerprint.add("source", b"environment");
        self.fingerprint.add("access_key_id", access_key_id.as_bytes());
        true
    }

    /// Follows `source_profile` to the base of the chain, by the SDK's rules: keys of a source profile come first, a
    /// profile that names itself is its own base. `None` when the profile has no credentials at all.
    fn profile_chain(&mut self, first: &str) -> Result<Option<ProfileBase>, Failure> {
        let mut visited: Vec<String> = Vec::new();
        let mut name = first.to_owned();
        loop {
            let Some(profile) = self.profiles.profile(&name) else {
                return match visited.last() {
                    None if self.env.text(names::PROFILE).is_none() => Ok(None),
                    None => Err(wrong(format!("profile `{name}` is not in the shared configuration files"))),
                    Some(from) => {
                        Err(wrong(format!("profile `{from}` names the source profile `{name}`, which does not exist")))
                    }
                };
            };
            if visited.contains(&name) {
                return Err(wrong(format!("profile `{first}` leads back to the source profile `{name}`")));
            }
            let base = |facts: &mut Self| facts.profile_base(&profile);
            if visited.is_empty() {
                if !has_credentials(&profile) {
                    return Ok(None);
                }
                self.fingerprint.add("source", b"profile");
            }
            self.profile(&name, &profile);
            if !visited.is_empty() && has_keys(&profile) {
                return Ok(Some(ProfileBase::Keys));
            }
            let is_role = profile.get("role_arn").is_some() && profile.get("web_identity_token_file").is_none();
            let next = match (is_role, profile.get("source_profile"), profile.get("credential_source")) {
                (false, _, _) | (true, None, Some(_)) => return base(self).map(Some),
                (true, Some(next), None) if next == name => return base(self).map(Some),
                (true, Some(next), None) => next.to_owned(),
                (true, Some(_), Some(_)) => {
                    return Err(wrong(format!("profile `{name}` has both `source_profile` and `credential_source`")));
                }
                (true, None, None) => {
                    return Err(wrong(format!(
                        "profile `{name}` has a `role_arn` but neither `source_profile` nor `credential_source`"
                    )));
                }
            };
            visited.push(name);
            name = next;
        }
    }

    fn profile_base(&mut self, profile: &Section<'_>) -> Result<ProfileBase, Failure> {
        if let Some(source) = profile.get("credential_source") {
            return self.named_source(source);
        }
        if let (Some(_), Some(file)) = (profile.get("role_arn"), profile.get("web_identity_token_file")) {
            self.token_file(Path::new(file));
            return Ok(ProfileBase::WebIdentity);
        }
        if SSO_KEYS.iter().any(|key| profile.get(key).is_some()) {
            return Ok(ProfileBase::Sso);
        }
        if profile.get("login_session").is_some() {
            return Ok(ProfileBase::Login);
        }
        if profile.get("credential_process").is_some() {
            self.keeping = Keeping::Cached(Reuse::Opaque);
            return Ok(ProfileBase::Process);
        }
        Ok(ProfileBase::Keys)
    }

    fn named_source(&mut self, source: &str) -> Result<ProfileBase, Failure> {
        if source.eq_ignore_ascii_case("Environment") {
            // Without keys there the SDK says so; the key then belongs to a failure.
            self.environment_keys();
            Ok(ProfileBase::Environment)
        } else if source.eq_ignore_ascii_case("EcsContainer") {
            self.container();
            Ok(ProfileBase::Container)
        } else if source.eq_ignore_ascii_case("Ec2InstanceMetadata") {
            self.instance_metadata();
            Ok(ProfileBase::InstanceMetadata)
        } else {
            Err(wrong(format!(
                "`credential_source = {source}` is not Environment, EcsContainer or Ec2InstanceMetadata"
            )))
        }
    }

    fn web_identity(&mut self) -> bool {
        let (Some(role_arn), Some(file)) =
            (self.env.text(names::ROLE_ARN), self.env.path(names::WEB_IDENTITY_TOKEN_FILE))
        else {
            return false;
        };
        self.fingerprint.add("source", b"web identity");
        self.fingerprint.add("role_arn", role_arn.as_bytes());
        self.token_file(&file);
        true
    }

    fn container(&mut self) -> bool {
        let uri = self.env.text(names::CONTAINER_RELATIVE_URI);
        let Some(uri) = uri.or_else(|| self.env.text(names::CONTAINER_FULL_URI)) else { return false };
        self.fingerprint.add("source", b"container");
        self.fingerprint.add("uri", uri.as_bytes());
        self.keeping = Keeping::Cached(Reuse::Opaque);
        if let Some(file) = self.env.path(names::CONTAINER_TOKEN_FILE) {
            self.token_file(&file);
        } else if let Some(token) = self.env.text(names::CONTAINER_TOKEN) {
            subject::add(&mut self.fingerprint, token.as_bytes());
        }
        true
    }

    fn instance_metadata(&mut self) {
        self.fingerprint.add("source", b"instance metadata");
        for variable in [names::METADATA_ENDPOINT, names::METADATA_ENDPOINT_MODE] {
            self.fingerprint.add(variable, self.env.text(variable).unwrap_or_default().as_bytes());
        }
        if let Some(profile) = self.profiles.profile(&selected_profile(self.env)) {
            for key in ["ec2_metadata_service_endpoint", "ec2_metadata_service_endpoint_mode"] {
                self.fingerprint.add(key, profile.get(key).unwrap_or_default().as_bytes());
            }
        }
        match read_bounded(Path::new(BOOT_ID), 64) {
            Ok(Some(boot_id)) => {
                self.fingerprint.add("boot_id", &boot_id);
                self.keeping = Keeping::Cached(Reuse::Opaque);
            }
            // Not Linux: no two machines could be told apart.
            Ok(None) | Err(_) => self.keeping = Keeping::Never,
        }
    }

    /// The path of a token file and the subject of the token in it. What can't be read can't be told from another.
    fn token_file(&mut self, path: &Path) {
        self.fingerprint.add("token_file", path.as_os_str().as_encoded_bytes());
        match read_bounded(path, LONGEST_TOKEN) {
            Ok(Some(token)) => subject::add(&mut self.fingerprint, &token),
            Ok(None) | Err(_) => self.keeping = Keeping::Never,
        }
    }

    /// The contents of a profile, and of the sections that it names.
    fn profile(&mut self, name: &str, profile: &Section<'_>) {
        self.section("profile", name, profile);
        if let Some(name) = profile.get("sso_session")
            && let Some(session) = self.profiles.sso_session(name)
        {
            self.section("sso-session", name, &session);
        }
        if let Some(name) = profile.get("services")
            && let Some(services) = self.profiles.services(name)
        {
            self.section("services", name, &services);
        }
    }

    fn section(&mut self, kind: &str, name: &str, section: &Section<'_>) {
        self.fingerprint.add(kind, name.as_bytes());
        for (key, value) in section.entries() {
            self.fingerprint.add(key, value.as_bytes());
        }
    }
}

/// Any of these makes a profile an SSO profile.
const SSO_KEYS: [&str; 5] = ["sso_session", "sso_account_id", "sso_role_name", "sso_region", "sso_start_url"];

fn has_keys(profile: &Section<'_>) -> bool {
    profile.get("aws_access_key_id").is_some() && profile.get("aws_secret_access_key").is_some()
}

/// Whether a profile says anything about credentials. An SSO session without account and role gives a bearer token for
/// other services, no credentials.
fn has_credentials(profile: &Section<'_>) -> bool {
    let has = |key| profile.get(key).is_some();
    let sso = SSO_KEYS.iter().any(|key| has(key));
    let bearer_only = sso && !has("sso_account_id") && !has("sso_role_name");
    let other = [
        "aws_access_key_id",
        "aws_secret_access_key",
        "aws_session_token",
        "role_arn",
        "credential_source",
        "web_identity_token_file",
        "login_session",
        "credential_process",
    ];
    if bearer_only { has("role_arn") || has("credential_source") } else { sso || other.iter().any(|key| has(key)) }
}
