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
use crate::identity::{
    AssumedRole, CachePolicy, ChainStep, CredentialPlan, CredentialSource, Identity, ProfileBase, StepKind,
};
use crate::rules::Role;
use crate::scope::Fingerprint;
use crate::secret::Secret;
use crate::settings::profile_file::{Profiles, Section};
use crate::settings::selected::{ActiveProfile, ProfileOrigin};
use crate::settings::{endpoint, mfa, subject, wrong};
use crate::token::MaxAge;

/// A token of a running Kubernetes pod is about 1 KB, a CI provider's about 2.
const LONGEST_TOKEN: usize = 64 << 10;

/// Changes with every start of the machine, and no two machines share it:
/// <https://docs.kernel.org/admin-guide/sysctl/kernel.html#random>.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// Finds the first source of credentials that is configured, and puts the role of a rule on top of it. `broken` says why
/// the profiles are empty when their files can't be used: fatal only to who needs a profile.
///
/// # Errors
/// The profile chain is broken, or the profile that a rule or `AWS_PROFILE` names doesn't exist.
pub(super) fn identify(
    env: &Env,
    profiles: &Profiles<'_>,
    selected: &ActiveProfile,
    role: Option<&Role<'_>>,
    broken: Option<Failure>,
) -> Result<(Identity, CredentialPlan), Failure> {
    let mut facts = Facts {
        env,
        profiles,
        selected,
        fingerprint: Fingerprint::of("identity"),
        cache_policy: CachePolicy::Cached(MaxAge::UntilExpiry),
        steps: Vec::new(),
    };
    let source = facts.first_source(broken)?;
    let role = role.map(|role| facts.assumed_role(role)).transpose()?;
    let Facts { fingerprint, cache_policy, mut steps, env: _, profiles: _, selected: _ } = facts;
    steps.reverse();
    let identity = Identity { digest: fingerprint.finish(), cache_policy };
    Ok((identity, CredentialPlan { source, steps, role }))
}

/// What has been seen so far.
struct Facts<'a> {
    env: &'a Env,
    profiles: &'a Profiles<'a>,
    selected: &'a ActiveProfile,
    fingerprint: Fingerprint,
    cache_policy: CachePolicy,
    /// From the profile that was asked for down.
    steps: Vec<ChainStep>,
}

impl Facts<'_> {
    fn first_source(&mut self, broken: Option<Failure>) -> Result<CredentialSource, Failure> {
        if !self.selected.is_more_specific_than_keys() && self.environment_keys() {
            return Ok(CredentialSource::Environment);
        }
        if let Some(broken) = broken {
            return Err(broken);
        }
        let name = self.selected.name.clone();
        if let Some(base) = self.profile_chain(&name)? {
            return Ok(CredentialSource::Profile { name, base });
        }
        if self.selected.is_more_specific_than_keys() {
            // Whoever named this profile doesn't mean another source.
            return Err(wrong(format!("{} has no credentials", self.selected.with_its_origin())));
        }
        if self.web_identity()? {
            return Ok(CredentialSource::WebIdentity);
        }
        if self.container()? {
            return Ok(CredentialSource::Container);
        }
        if self.env.is_true(names::METADATA_DISABLED) {
            // There is nothing to fetch, so nothing to keep.
            self.cache_policy = CachePolicy::Never;
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
                    None if self.selected.by == ProfileOrigin::Nobody => Ok(None),
                    None => Err(wrong(format!(
                        "{} is not in the shared configuration files",
                        self.selected.with_its_origin()
                    ))),
                    Some(from) => {
                        Err(wrong(format!("profile `{from}` names the source profile `{name}`, which does not exist")))
                    }
                };
            };
            if visited.contains(&name) {
                return Err(wrong(format!("profile `{first}` leads back to the source profile `{name}`")));
            }
            let child = visited.last().cloned();
            let base = |facts: &mut Self, child| facts.profile_base(&name, child, &profile);
            if visited.is_empty() {
                if !self.has_credentials(&profile) {
                    return Ok(None);
                }
                self.fingerprint.add("source", b"profile");
                self.variables(&STS_AND_SSO_ENDPOINTS);
            }
            self.profile(&name, &profile);
            if !visited.is_empty() && has_keys(&profile) {
                return Ok(Some(ProfileBase::Keys));
            }
            let is_role = profile.get("role_arn").is_some() && profile.get("web_identity_token_file").is_none();
            if is_role {
                self.good_urls(&[(names::ENDPOINT_URL_STS, "sts")])?;
            }
            if is_role && let Some(role) = mfa::role(self.env, self.profiles, self.selected, &name, &profile)? {
                self.steps.push(ChainStep {
                    profile: name.clone(),
                    dependent: child.clone(),
                    kind: StepKind::Mfa(Box::new(role)),
                });
            }
            let next = match (is_role, profile.get("source_profile"), profile.get("credential_source")) {
                (false, _, _) | (true, None, Some(_)) => return base(self, child).map(Some),
                (true, Some(next), None) if next == name => return base(self, Some(name.clone())).map(Some),
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

    fn profile_base(
        &mut self,
        name: &str,
        child: Option<String>,
        profile: &Section<'_>,
    ) -> Result<ProfileBase, Failure> {
        if let Some(source) = profile.get("credential_source") {
            return self.named_source(source);
        }
        if let (Some(_), Some(file)) = (profile.get("role_arn"), profile.get("web_identity_token_file")) {
            self.good_urls(&[(names::ENDPOINT_URL_STS, "sts")])?;
            self.token_file(Path::new(file));
            return Ok(ProfileBase::WebIdentity);
        }
        if SSO_KEYS.iter().any(|key| profile.get(key).is_some()) {
            self.good_urls(&[(names::ENDPOINT_URL_SSO, "sso"), (names::ENDPOINT_URL_SSO_OIDC, "sso_oidc")])?;
            return Ok(ProfileBase::Sso { profile: name.to_owned() });
        }
        if profile.get("login_session").is_some() {
            self.good_urls(&[(names::ENDPOINT_URL_SIGNIN, "signin")])?;
            return Ok(ProfileBase::Login { profile: name.to_owned() });
        }
        if let Some(command) = profile.get("credential_process") {
            self.cache_policy = CachePolicy::Cached(MaxAge::OneHour);
            self.steps.push(ChainStep {
                profile: name.to_owned(),
                dependent: child,
                kind: StepKind::Process { command: Secret::from(command) },
            });
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
            self.cache_policy = CachePolicy::Cached(MaxAge::OneHour);
            self.container()?;
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

    fn web_identity(&mut self) -> Result<bool, Failure> {
        let (Some(role_arn), Some(file)) =
            (self.env.text(names::ROLE_ARN), self.env.path(names::WEB_IDENTITY_TOKEN_FILE))
        else {
            return Ok(false);
        };
        self.good_urls(&[(names::ENDPOINT_URL_STS, "sts")])?;
        self.fingerprint.add("source", b"web identity");
        self.fingerprint.add("role_arn", role_arn.as_bytes());
        self.variables(&[names::ROLE_SESSION_NAME]);
        self.variables(&STS_AND_SSO_ENDPOINTS);
        if let Some(profile) = self.profiles.profile(&self.selected.name) {
            self.fingerprint.add("endpoint_url", profile.get("endpoint_url").unwrap_or_default().as_bytes());
            self.services(&profile);
        }
        self.token_file(&file);
        Ok(true)
    }

    /// Checks what the SDK reads itself of the endpoints of services: it takes the empty string for a URL, and panics.
    fn good_urls(&self, services: &[(&str, &str)]) -> Result<(), Failure> {
        for &(variable, service) in services {
            let general = [names::ENDPOINT_URL].into_iter().filter(|_| self.env.text(variable).is_none());
            if let Some(empty) = [variable].into_iter().chain(general).find(|variable| self.env.is_empty(variable)) {
                return Err(wrong(format!("`{empty}` is set to the empty string; unset it")));
            }
            endpoint::configured_url(self.env, self.profiles, self.selected, variable, service)?;
        }
        Ok(())
    }

    fn container(&mut self) -> Result<bool, Failure> {
        let uri = self.env.text(names::CONTAINER_RELATIVE_URI);
        let Some(uri) = uri.or_else(|| self.env.text(names::CONTAINER_FULL_URI)) else { return Ok(false) };
        // The SDK's provider reads these itself, and takes the empty string for a value.
        for variable in [names::CONTAINER_RELATIVE_URI, names::CONTAINER_TOKEN_FILE] {
            if self.env.is_empty(variable) {
                return Err(wrong(format!("`{variable}` is set to the empty string; unset it")));
            }
        }
        self.fingerprint.add("source", b"container");
        self.fingerprint.add("uri", uri.as_bytes());
        self.cache_policy = CachePolicy::Cached(MaxAge::OneHour);
        if let Some(file) = self.env.path(names::CONTAINER_TOKEN_FILE) {
            self.token_file(&file);
        } else if let Some(token) = self.env.text(names::CONTAINER_TOKEN) {
            subject::add(&mut self.fingerprint, token.as_bytes());
        }
        Ok(true)
    }

    fn instance_metadata(&mut self) {
        self.fingerprint.add("source", b"instance metadata");
        self.variables(&[names::METADATA_ENDPOINT, names::METADATA_ENDPOINT_MODE]);
        if let Some(profile) = self.profiles.profile(&self.selected.name) {
            for key in ["ec2_metadata_service_endpoint", "ec2_metadata_service_endpoint_mode"] {
                self.fingerprint.add(key, profile.get(key).unwrap_or_default().as_bytes());
            }
        }
        match read_bounded(Path::new(BOOT_ID), 64) {
            Ok(Some(boot_id)) => {
                self.fingerprint.add("boot_id", &boot_id);
                self.cache_policy = CachePolicy::Cached(MaxAge::OneHour);
            }
            // Not Linux: no two machines could be told apart.
            Ok(None) | Err(_) => self.cache_policy = CachePolicy::Never,
        }
    }

    /// The role of a rule, and who answers on behalf of STS for it: whatever the profile in use says.
    fn assumed_role(&mut self, role: &Role<'_>) -> Result<AssumedRole, Failure> {
        let Role { arn, external_id, session_name } = role;
        self.fingerprint.add("rule", b"role");
        self.fingerprint.add("role_arn", arn.as_bytes());
        self.fingerprint.add("external_id", external_id.as_deref().unwrap_or_default().as_bytes());
        self.fingerprint.add("session_name", session_name.as_deref().unwrap_or_default().as_bytes());
        self.variables(&STS_AND_SSO_ENDPOINTS);
        if let Some(profile) = self.profiles.profile(&self.selected.name) {
            self.profile(&self.selected.name.clone(), &profile);
        }
        Ok(AssumedRole {
            arn: arn.clone().into_owned(),
            external_id: external_id.clone().map(Into::into),
            session_name: session_name.clone().map(Into::into),
            endpoint_url: endpoint::url_of_sts(self.env, self.profiles, self.selected)?,
        })
    }

    /// The values of those of the variables that are set, none of them secret.
    fn variables(&mut self, variables: &[&str]) {
        for variable in variables {
            if let Some(value) = self.env.text(variable) {
                self.fingerprint.add(variable, value.as_bytes());
            }
        }
    }

    /// Whether a profile says anything about credentials. An SSO session without account and role gives a bearer token
    /// for other services, no credentials; unless it is a mistake, at which the SDK stops.
    fn has_credentials(&self, profile: &Section<'_>) -> bool {
        let has_any = |keys: &[&str]| keys.iter().any(|key| profile.get(key).is_some());
        if !has_any(&SSO_KEYS) {
            return has_any(&CREDENTIAL_KEYS);
        }
        let mistaken = profile.get("sso_session").is_some_and(|session| {
            has_any(&["sso_start_url", "sso_region"]) || self.profiles.sso_session(session).is_none()
        });
        let bearer_only = !has_any(&["sso_account_id", "sso_role_name"]);
        !bearer_only || mistaken || has_any(&["role_arn", "credential_source", "web_identity_token_file"])
    }

    /// The path of a token file and the subject of the token in it. What can't be read can't be told from another.
    fn token_file(&mut self, path: &Path) {
        self.fingerprint.add("token_file", path.as_os_str().as_encoded_bytes());
        match read_bounded(path, LONGEST_TOKEN) {
            Ok(Some(token)) => subject::add(&mut self.fingerprint, &token),
            Ok(None) | Err(_) => self.cache_policy = CachePolicy::Never,
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
        self.services(profile);
    }

    /// The section of a profile that names endpoints.
    fn services(&mut self, profile: &Section<'_>) {
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

/// Who answers on behalf of STS and SSO decides who we are.
const STS_AND_SSO_ENDPOINTS: [&str; 5] = [
    names::ENDPOINT_URL,
    names::ENDPOINT_URL_STS,
    names::ENDPOINT_URL_SSO,
    names::ENDPOINT_URL_SSO_OIDC,
    names::ENDPOINT_URL_SIGNIN,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::FailureKind;

    fn identity(variables: &[(&str, &str)], config: &str) -> Result<(Identity, CredentialPlan), Failure> {
        let profiles = Profiles::parse(config, "").expect("a good file");
        let env = Env::fixed(variables.iter().copied());
        identify(&env, &profiles, &ActiveProfile::of_environment(&env), None, None)
    }

    fn source(variables: &[(&str, &str)], config: &str) -> CredentialSource {
        identity(variables, config).expect(config).1.source
    }

    fn profile(name: &str, base: ProfileBase) -> CredentialSource {
        CredentialSource::Profile { name: name.to_owned(), base }
    }

    const ID: (&str, &str) = ("AWS_ACCESS_KEY_ID", "AKIA");
    const SECRET: (&str, &str) = ("AWS_SECRET_ACCESS_KEY", "hush");
    const NOT_ON_EC2: (&str, &str) = ("AWS_EC2_METADATA_DISABLED", "true");

    #[test]
    fn a_chain_that_leads_nowhere_is_named_with_the_profile_to_mend() {
        let a = ("AWS_PROFILE", "a");
        for (variables, config, message) in [
            (&[a][..], "", "profile `a` is not in the shared configuration files"),
            (&[a], "[a]\naws_access_key_id = x\n", "profile `a` is not in the shared configuration files"),
            (&[a, SECRET], "[default]\n", "profile `a` is not in the shared configuration files"),
            (
                &[("AWS_PROFILE", "default")],
                "[profile a]\n",
                "profile `default` is not in the shared configuration files",
            ),
            (
                &[],
                "[default]\nrole_arn = r\nsource_profile = gone\n",
                "profile `default` names the source profile `gone`, which does not exist",
            ),
            (
                &[],
                "[default]\nrole_arn = r\nsource_profile = b\n[profile b]\nrole_arn = r\nsource_profile = gone\n",
                "profile `b` names the source profile `gone`, which does not exist",
            ),
            (
                &[],
                "[default]\nrole_arn = r\nsource_profile = b\n[profile b]\nrole_arn = r\nsource_profile = default\n",
                "profile `default` leads back to the source profile `default`",
            ),
            (
                &[a],
                "[profile a]\nrole_arn = r\nsource_profile = b\n[profile b]\nrole_arn = r\nsource_profile = c\n\
                 [profile c]\nrole_arn = r\nsource_profile = b\n",
                "profile `a` leads back to the source profile `b`",
            ),
            (
                &[],
                "[default]\nrole_arn = r\nsource_profile = b\ncredential_source = Environment\n",
                "profile `default` has both `source_profile` and `credential_source`",
            ),
            (
                &[],
                "[default]\nrole_arn = r\nsource_profile = default\ncredential_source = Environment\n",
                "profile `default` has both `source_profile` and `credential_source`",
            ),
            (
                &[],
                "[default]\nrole_arn = r\naws_access_key_id = x\naws_secret_access_key = hush\n",
                "profile `default` has a `role_arn` but neither `source_profile` nor `credential_source`",
            ),
            (
                &[],
                "[default]\nrole_arn = r\nsource_profile = b\n[profile b]\nrole_arn = r\nsso_session = s\n",
                "profile `b` has a `role_arn` but neither `source_profile` nor `credential_source`",
            ),
            (
                &[],
                "[default]\nrole_arn = r\ncredential_source = Environments\n",
                "`credential_source = Environments` is not Environment, EcsContainer or Ec2InstanceMetadata",
            ),
            (
                &[],
                "[default]\nrole_arn = r\ncredential_source =\n",
                "`credential_source = ` is not Environment, EcsContainer or Ec2InstanceMetadata",
            ),
        ] {
            let failure = identity(variables, config).expect_err(message);
            assert_eq!((failure.kind, failure.detail.as_str()), (FailureKind::Misconfigured, message), "{config}");
        }
    }

    #[test]
    fn a_profile_file_that_cannot_be_used_stops_only_who_needs_a_profile() {
        let none = Profiles::default();
        let identify = |variables: &[(&str, &str)]| {
            let env = Env::fixed(variables.iter().copied());
            identify(&env, &none, &ActiveProfile::of_environment(&env), None, Some(wrong("line 1")))
        };
        assert_eq!(identify(&[ID, SECRET]).expect("keys").1.source, CredentialSource::Environment);
        for variables in [&[][..], &[ID], &[("AWS_PROFILE", "a")], &[NOT_ON_EC2]] {
            assert_eq!(identify(variables).expect_err("no keys"), wrong("line 1"), "{variables:?}");
        }
    }

    #[test]
    fn a_profile_says_by_the_first_of_its_settings_what_it_is() {
        let sso = || ProfileBase::Sso { profile: "default".to_owned() };
        for (config, base) in [
            ("aws_access_key_id = x\naws_secret_access_key = hush\n", ProfileBase::Keys),
            ("aws_session_token = hush\n", ProfileBase::Keys),
            ("credential_process = p\naws_access_key_id = x\n", ProfileBase::Process),
            ("login_session = l\ncredential_process = p\n", ProfileBase::Login { profile: "default".to_owned() }),
            ("sso_account_id = 1\nlogin_session = l\n", sso()),
            ("sso_role_name = r\nsso_session = s\n", sso()),
            (
                "role_arn = r\nweb_identity_token_file = /t\nsource_profile = gone\nsso_role_name = s\n",
                ProfileBase::WebIdentity,
            ),
            ("credential_source = environment\ncredential_process = p\n", ProfileBase::Environment),
            ("role_arn = r\ncredential_source = ECSCONTAINER\n", ProfileBase::Container),
            ("role_arn = r\ncredential_source = Ec2InstanceMetadata\n", ProfileBase::InstanceMetadata),
            ("role_arn = r\nsource_profile = default\ncredential_process = p\n", ProfileBase::Process),
        ] {
            assert_eq!(source(&[], &format!("[default]\n{config}")), profile("default", base), "{config}");
        }
    }

    #[test]
    fn a_profile_that_says_nothing_about_credentials_is_passed_over() {
        for config in [
            "",
            "[profile other]\naws_access_key_id = x\naws_secret_access_key = hush\n",
            "[default]\n",
            "[default]\nregion = eu-west-1\nsource_profile = gone\nexternal_id = x\nmfa_serial = x\n",
            "[default]\nsso_session = s\n[sso-session s]\nsso_region = r\nsso_start_url = u\n",
        ] {
            assert_eq!(source(&[NOT_ON_EC2], config), CredentialSource::Nothing, "{config}");
            assert_eq!(source(&[], config), CredentialSource::InstanceMetadata, "{config}");
        }
    }

    #[test]
    fn an_empty_profile_name_counts_as_none() {
        let config = "[default]\ncredential_process = p\n";
        assert_eq!(source(&[("AWS_PROFILE", "")], config), profile("default", ProfileBase::Process));
    }

    #[test]
    fn whatever_a_chain_ends_in_says_how_its_tokens_are_kept() {
        let top = "[default]\nrole_arn = r\nsource_profile = b\n[profile b]\n";
        let uri = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/");
        let no_file = ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/dev/null/none");
        let cached = |reuse| CachePolicy::Cached(reuse);
        for (variables, base, cache_policy) in [
            (&[][..], "aws_access_key_id = x\naws_secret_access_key = y\n", cached(MaxAge::UntilExpiry)),
            (&[], "sso_account_id = 1\n", cached(MaxAge::UntilExpiry)),
            (&[], "credential_process = p\n", cached(MaxAge::OneHour)),
            (&[uri], "credential_source = EcsContainer\n", cached(MaxAge::OneHour)),
            (&[uri, no_file], "credential_source = EcsContainer\n", CachePolicy::Never),
            (&[], "role_arn = r\nweb_identity_token_file = /dev/null/none\n", CachePolicy::Never),
        ] {
            assert_eq!(
                identity(variables, &format!("{top}{base}")).expect(base).0.cache_policy,
                cache_policy,
                "{base}"
            );
        }
    }
}
