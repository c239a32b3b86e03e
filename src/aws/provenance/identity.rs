//! The settings that a [`CredentialPlan`] was made of.
//!
//! The plan says which source was chosen and through which profiles its roles lead; here each of these is looked up again
//! in the order of the resolution, for the place where it stands.

use super::{Collector, Place};
use crate::aws::active_profile::ProfileOrigin;
use crate::aws::endpoint::AwsService;
use crate::aws::identity::profile_of;
use crate::aws::profile_file::{COMMAND, Profile, Section};
use crate::env::names;
use crate::identity::{Base, CredentialPlan, CredentialSource, ProfileBase, RoleOrigin};

/// What names the secret half of an access key, and the token that belongs to it, in the order in which they count.
const SECRET_VARIABLES: [&str; 3] = [names::SECRET_ACCESS_KEY, names::SECRET_ACCESS_KEY_SHORT, names::SECRET_KEY];
const TOKEN_VARIABLES: [&str; 2] = [names::SECURITY_TOKEN, names::SESSION_TOKEN];

/// The properties of a role.
const ROLE: [&str; 5] = ["role_arn", "external_id", "role_session_name", "duration_seconds", "mfa_serial"];

impl Collector<'_> {
    pub(super) fn add_plan(&mut self, plan: &CredentialPlan) {
        match &plan.source {
            CredentialSource::Environment => self.add_environment_keys(),
            CredentialSource::Profile { base, .. } => {
                self.add_active_profile();
                self.add_chain(plan, base);
            }
            CredentialSource::WebIdentity => self.add_web_identity(),
            // A request of the kubelet brings it; there is no setting of it.
            CredentialSource::ServiceAccount { .. } => {}
            CredentialSource::Container => self.add_container(),
            CredentialSource::InstanceMetadata => {
                self.add_instance_metadata();
                if matches!(plan.base, Base::InstanceMetadata { otherwise: Some(_), .. }) {
                    self.add_environment_keys();
                }
            }
            CredentialSource::Nothing => {
                self.add(names::METADATA_DISABLED, "true", Place::Variable(names::METADATA_DISABLED));
            }
        }
        self.add_rule_s_role(plan);
        let calls_sts = !plan.roles.is_empty() || matches!(plan.base, Base::WebIdentity { .. });
        if calls_sts {
            self.add_endpoint("sts endpoint_url", AwsService::Sts);
        }
    }

    /// The profile whose settings apply, and what selects it.
    pub(super) fn add_active_profile(&mut self) {
        let active = &self.settings.active;
        let target = self.settings.target;
        let place = match &active.origin {
            ProfileOrigin::Rule(_) => target.identity_rule().map_or(Place::Default, |rule| self.rule(rule)),
            ProfileOrigin::Account => Place::AutoProfile { path: target.file().to_owned() },
            ProfileOrigin::Variable => Place::Variable(names::PROFILE),
            ProfileOrigin::DefaultVariable => Place::Variable(names::DEFAULT_PROFILE),
            ProfileOrigin::Default => Place::Default,
        };
        self.add("profile", &active.name, place);
    }

    /// The roles of the profiles from the active one on, and the source of the last profile.
    fn add_chain(&mut self, plan: &CredentialPlan, base: &ProfileBase) {
        let mut last = self.settings.active.name.clone();
        for role in plan.roles.iter().rev() {
            let RoleOrigin::Profile(name) = &role.origin else { continue };
            let Some(profile) = self.settings.profiles.profile(name) else { continue };
            last.clone_from(name);
            for key in ROLE {
                self.add_of_profile(&profile, key);
            }
            if let Some(source) = profile.whole("source_profile") {
                let place = self.locate(profile.line_of("source_profile"));
                self.add("source_profile", source, place);
                let names = [Some(source), profile.get("source_profile")];
                let exists = |name: &&str| self.settings.profiles.profile(name).is_some();
                if let Some(next) = names.into_iter().flatten().find(exists) {
                    next.clone_into(&mut last);
                }
            }
            self.add_of_profile(&profile, "credential_source");
        }
        let profile = self.settings.profiles.profile(&last).unwrap_or_default();
        match base {
            ProfileBase::Keys => self.add_keys(&profile),
            ProfileBase::Sso { .. } => self.add_sso(&profile),
            ProfileBase::Login { .. } => {
                for key in ["login_session", "region"] {
                    self.add_of_profile(&profile, key);
                }
                self.add_endpoint("signin endpoint_url", AwsService::Signin);
            }
            ProfileBase::WebIdentity if last == self.settings.active.name => self.add_web_identity(),
            ProfileBase::WebIdentity => {
                self.add_of_profile(&profile, "web_identity_token_file");
                for key in ROLE {
                    self.add_of_profile(&profile, key);
                }
            }
            ProfileBase::Process => {
                let place = self.locate(profile.line_of(COMMAND));
                self.add_secret(COMMAND, place);
            }
            ProfileBase::Environment => self.add_environment_keys(),
            ProfileBase::Container => self.add_container(),
            ProfileBase::InstanceMetadata => self.add_instance_metadata(),
        }
    }

    /// A property of a profile, if it is there.
    fn add_of_profile(&mut self, profile: &Profile<'_>, key: &'static str) {
        if let Some(value) = profile.get(key) {
            let place = self.locate(profile.line_of(key));
            self.add(key, value, place);
        }
    }

    /// The key pair of a profile: that of the credentials file, else that of the config file.
    fn add_keys(&mut self, profile: &Profile<'_>) {
        let has_keys = |section: &&Section<'_>| section.get("aws_access_key_id").is_some();
        let Some(section) = [&profile.credentials, &profile.config].into_iter().find(has_keys) else { return };
        if let Some(id) = section.get("aws_access_key_id") {
            let place = self.locate(section.line_of("aws_access_key_id"));
            self.add("aws_access_key_id", id, place);
        }
        let token = ["aws_security_token", "aws_session_token"].into_iter().find(|key| section.get(key).is_some());
        for key in ["aws_secret_access_key"].into_iter().chain(token) {
            let place = self.locate(section.line_of(key));
            self.add_secret(key, place);
        }
    }

    /// The parts of an SSO session, which the session's own section gives rather than the profile.
    fn add_sso(&mut self, profile: &Profile<'_>) {
        let (session_name, session) = self.settings.profiles.session_of(profile).unzip();
        if let Some(name) = session_name.or_else(|| profile.whole("sso_session")) {
            let place = self.locate(profile.line_of("sso_session"));
            self.add("sso_session", name, place);
        }
        for key in ["sso_start_url", "sso_region", "sso_account_id", "sso_role_name"] {
            match &session {
                Some(session) if session.get(key).is_some() => {
                    let (value, place) = (session.get(key).unwrap_or_default(), self.locate(session.line_of(key)));
                    self.add(key, value, place);
                }
                _ => self.add_of_profile(profile, key),
            }
        }
        self.add_endpoint("sso endpoint_url", AwsService::Sso);
        self.add_endpoint("sso_oidc endpoint_url", AwsService::SsoOidc);
    }

    /// The web identity of the environment, else of the active profile, setting by setting.
    fn add_web_identity(&mut self) {
        let is_open = !self.settings.active.overrides_keys();
        for (variable, key) in [
            (names::WEB_IDENTITY_TOKEN_FILE, "web_identity_token_file"),
            (names::ROLE_ARN, "role_arn"),
            (names::ROLE_SESSION_NAME, "role_session_name"),
        ] {
            let variables: &[_] = if is_open { &[variable] } else { &[] };
            self.add_setting_of(profile_of(self.settings), variables, key);
        }
    }

    fn add_environment_keys(&mut self) {
        let env = self.settings.env;
        let is_full = |name: &&'static str| env.text(name).is_some_and(|value| !value.trim().is_empty());
        if let Some(variable) = [names::ACCESS_KEY_ID, names::ACCESS_KEY].into_iter().find(|name| is_full(name)) {
            self.add("aws_access_key_id", env.text(variable).unwrap_or_default().trim(), Place::Variable(variable));
        }
        let secret = SECRET_VARIABLES.into_iter().find(|name| is_full(name));
        let token = TOKEN_VARIABLES.into_iter().find(|name| is_full(name));
        for (key, variable) in [("aws_secret_access_key", secret), ("aws_session_token", token)] {
            if let Some(variable) = variable {
                self.add_secret(key, Place::Variable(variable));
            }
        }
    }

    fn add_container(&mut self) {
        let env = self.settings.env;
        if env.is_set(names::CONTAINER_RELATIVE_URI) {
            // The path is all that it takes to ask this service.
            self.add("container endpoint", "http://169.254.170.2", Place::Variable(names::CONTAINER_RELATIVE_URI));
        } else if let Some(url) = env.text(names::CONTAINER_FULL_URI) {
            let authority = url.match_indices('/').nth(2).map_or(&*url, |(at, _)| &url[..at]);
            self.add("container endpoint", authority, Place::Variable(names::CONTAINER_FULL_URI));
        }
        if let Some(file) = env.path(names::CONTAINER_TOKEN_FILE) {
            let (file, place) = (file.display().to_string(), Place::Variable(names::CONTAINER_TOKEN_FILE));
            self.add("container token file", &file, place);
        } else if env.is_set(names::CONTAINER_TOKEN) {
            self.add_secret("container token", Place::Variable(names::CONTAINER_TOKEN));
        }
    }

    fn add_instance_metadata(&mut self) {
        let (url, mode) = ("ec2_metadata_service_endpoint", "ec2_metadata_service_endpoint_mode");
        let is_found = self.add_setting(&[names::METADATA_ENDPOINT], url)
            || self.add_setting(&[names::METADATA_ENDPOINT_MODE], mode);
        if !is_found {
            self.add(url, "http://169.254.169.254", Place::Default);
        }
    }

    /// The role that a rule adds.
    fn add_rule_s_role(&mut self, plan: &CredentialPlan) {
        let Some(role) = plan.roles.iter().find(|role| role.origin == RoleOrigin::Rule) else { return };
        let Some(selected_by) = self.settings.target.identity_rule() else { return };
        let values = [
            ("role_arn", Some(&role.arn)),
            ("external_id", role.external_id.as_ref()),
            ("session_name", role.session_name.as_ref()),
        ];
        for (key, value) in values {
            if let Some(value) = value {
                let place = self.rule(selected_by);
                self.add(key, value, place);
            }
        }
    }
}
