//! Whose order of sources counts: the AWS CLI's, or the Go SDK's where the AWS CLI refuses what the profile has.
//!
//! The Go SDK (`resolveCredentialChain` in <https://github.com/aws/aws-sdk-go-v2/blob/main/config/resolve_credentials.go>)
//! asks the web identity of the environment before a role of the profile, and a profile's key pair before all else that it
//! has. What the AWS CLI refuses: a file that it can't read; properties that it runs together with others; a section that it
//! doesn't find; a source profile whose SSO session isn't there or lacks something.

use super::Chain;
use super::keys::own_keys;
use crate::aws::RegistrySettings;
use crate::aws::profile_file::{COMMAND, Profile};
use crate::env::names;
use crate::identity::Keys;

/// The properties of a role that is assumed with the credentials of another source.
const ROLE: &[&str] =
    &["role_arn", "source_profile", "credential_source", "external_id", "role_session_name", "mfa_serial"];

/// The properties of each source that a profile can have without a role.
const WEB_IDENTITY: &[&str] = &["web_identity_token_file", "role_arn", "role_session_name"];
const SSO: &[&str] = &["sso_account_id", "sso_role_name", "sso_session", "sso_start_url", "sso_region"];
const LOGIN: &[&str] = &["login_session"];
const PROCESS: &[&str] = &[COMMAND];
const KEYS: &[&str] = &["aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token"];

impl Chain<'_, '_> {
    /// Notices whether the AWS CLI refuses a profile's role.
    pub(super) fn look_at_role(&mut self, profile: &Profile<'_>) {
        self.look_at(profile, ROLE, has_web_identity_variable(self.settings) || profile.has_any(KEYS));
    }

    /// Notices whether the AWS CLI refuses the credentials that a profile has without a role.
    pub(super) fn look_at_own_sources(&mut self, name: &str, profile: &Profile<'_>) {
        let is_source = self.visited.len() > 1;
        self.is_as_go |= is_source && self.session(name, profile).is_err();
        let mut sources = sources(profile);
        let Some(first) = sources.next() else { return };
        if !is_source && first == KEYS {
            // They come first in both orders.
            return;
        }
        let is_beside_another = sources.next().is_some() || is_source && profile.has_any(&ROLE[..1]);
        self.look_at(profile, first, is_beside_another || is_source && has_web_identity_variable(self.settings));
    }

    /// Whether the key pair of a profile is for its role although it has a web identity too, as in the Go SDK.
    pub(super) fn has_keys_before_web_identity(&mut self, name: &str, profile: &Profile<'_>) -> bool {
        let has_role = WEB_IDENTITY[..2].iter().all(|key| profile.get(key).is_some());
        if !has_role || has_web_identity_variable(self.settings) {
            return false;
        }
        self.look_at_own_sources(name, profile);
        self.keys_first(name, profile).is_some()
    }

    /// The key pair of a profile where the Go SDK's order counts: it is the first source there. Half of a pair doesn't count.
    pub(super) fn keys_first(&self, name: &str, profile: &Profile<'_>) -> Option<Keys> {
        if self.is_as_go { own_keys(name, profile).ok().flatten() } else { None }
    }

    /// Notices whether the AWS CLI can't use these properties, or can't read a file, which is asked only where the order of
    /// sources matters: it takes time.
    fn look_at(&mut self, profile: &Profile<'_>, keys: &[&str], has_choice: bool) {
        self.is_as_go = self.is_as_go
            || profile.is_loose
            || profile.is_run_together(keys)
            || has_choice && self.settings.settings.is_refused_by_the_cli();
    }
}

/// Whether a profile has a source.
type IsThere = fn(&Profile<'_>) -> bool;

/// The properties of the sources that a profile has without a role, in the AWS CLI's order.
fn sources(profile: &Profile<'_>) -> impl Iterator<Item = &'static [&'static str]> {
    let sources: [(&[&str], IsThere); 6] = [
        (WEB_IDENTITY, |profile| profile.has_any(&WEB_IDENTITY[..1])),
        (SSO, |profile| profile.has_any(&SSO[..2])),
        (KEYS, |profile| profile.credentials.get(KEYS[0]).is_some()),
        (LOGIN, |profile| profile.has_any(LOGIN)),
        (PROCESS, |profile| profile.has_any(PROCESS)),
        (KEYS, |profile| profile.config.get(KEYS[0]).is_some()),
    ];
    sources.into_iter().filter(|(_, is_there)| is_there(profile)).map(|(source, _)| source)
}

/// A role that is assumed with the credentials of another profile or of a named source.
pub(super) fn has_sourced_role(profile: &Profile<'_>) -> bool {
    let has = |key| profile.get(key).is_some();
    has("role_arn") && !has("web_identity_token_file") && (has("source_profile") || has("credential_source"))
}

/// A role without a source: neither another profile, nor a named one, nor a token file.
pub(super) fn has_role_alone(profile: &Profile<'_>) -> bool {
    let has = |key| profile.get(key).is_some();
    has("role_arn") && !["web_identity_token_file", "source_profile", "credential_source"].into_iter().any(has)
}

/// What the Go SDK refuses beside a `credential_source`.
pub(super) fn has_other_source(profile: &Profile<'_>) -> bool {
    ["credential_process", "web_identity_token_file"].into_iter().any(|key| profile.get(key).is_some())
}

/// Whether the environment has a web identity.
pub(super) fn has_web_identity_variable(settings: &RegistrySettings<'_>) -> bool {
    !settings.active.overrides_keys() && settings.env.path(names::WEB_IDENTITY_TOKEN_FILE).is_some()
}

#[cfg(test)]
mod tests {
    use crate::aws::AwsSettings;
    use crate::aws::identity::identify;
    use crate::env::Env;
    use crate::identity::{CredentialPlan, CredentialSource, ProfileBase};
    use crate::registry::Registry;
    use crate::rules::Target;

    const KEYS: &str = "aws_access_key_id = AKID\naws_secret_access_key = hush\n";
    const SSO: &str = "sso_account_id = 1\nsso_role_name = R\nsso_start_url = u\nsso_region = r\n";

    fn plan(variables: &[(&str, &str)], config: &str, credentials: &str) -> CredentialPlan {
        let env = Env::fixed(variables.iter().copied());
        let settings = AwsSettings::of_texts(&env, config.to_owned(), credentials.to_owned());
        let registry = Registry::parse("111122223333.dkr.ecr.us-east-1.amazonaws.com").expect("an ECR host");
        let target = Target::of(registry);
        identify(&settings.for_target(&target).expect("one profile")).expect(config).1
    }

    /// What the credentials of the default profile begin with, and the roles from there up.
    fn of_default(config: &str, credentials: &str) -> (ProfileBase, String) {
        let CredentialPlan { source, roles, .. } = plan(&[], config, credentials);
        let CredentialSource::Profile { base, .. } = source else { panic!("{config}") };
        (base, roles.iter().map(|role| &*role.arn).collect::<Vec<_>>().join(" "))
    }

    fn sso(profile: &str) -> ProfileBase {
        ProfileBase::Sso { profile: profile.to_owned() }
    }

    /// Calls `then` with variables for a web identity of the environment.
    fn with_web_identity(then: impl FnOnce(&[(&str, &str)])) {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let file = directory.path().join("token");
        #[expect(clippy::disallowed_methods, reason = "a file of the test's own")]
        std::fs::write(&file, "token\n").expect("written");
        let file = file.to_str().expect("UTF-8");
        then(&[("AWS_WEB_IDENTITY_TOKEN_FILE", file), ("AWS_ROLE_ARN", "r")]);
    }

    /// Credentials files that the AWS CLI can't read, with nothing that is needed.
    const UNREADABLE: [&str; 10] = [
        "what is this\n",
        "[a]\nwhat is this\n",
        "[a]\n= x\n",
        "[a]\nx = 1\nx = 2\n",
        "[a]\n[a]\n",
        "[]\n",
        "[a\n",
        "[a]\nx = y\n  [b]\n",
        "[a]\n# \u{fffd}\n",
        "\u{feff}[a]\n",
    ];

    #[test]
    fn the_keys_of_a_profile_come_first_where_the_aws_cli_cannot_read_a_file() {
        let top = "[default]\nrole_arn = top\nsource_profile = mid\n";
        for (config, aws_cli, go) in [
            (format!("[default]\n{SSO}{KEYS}"), (sso("default"), ""), ""),
            (format!("[default]\ncredential_process = p\n{KEYS}"), (ProfileBase::Process, ""), ""),
            (
                format!("[default]\nrole_arn = top\ncredential_source = Ec2InstanceMetadata\n{KEYS}"),
                (ProfileBase::InstanceMetadata, "top"),
                "top",
            ),
            (
                format!("{top}[profile mid]\nrole_arn = mid\nsource_profile = base\n{KEYS}"),
                (ProfileBase::Keys, "top"),
                "mid top",
            ),
            (format!("{top}[profile mid]\n{SSO}{KEYS}"), (sso("mid"), "top"), "top"),
        ] {
            let (base, roles) = of_default(&config, "[a]\nx = y\n\n# [a]\n");
            assert_eq!((base, &*roles), aws_cli, "{config}");
            for credentials in UNREADABLE {
                let (base, roles) = of_default(&config, credentials);
                assert_eq!((base, &*roles), (ProfileBase::Keys, go), "{config}{credentials}");
            }
        }
    }

    #[test]
    fn the_keys_of_a_profile_come_first_where_another_source_is_indented_below_a_property() {
        let role = "[default]\nrole_arn = top\n";
        for (config, base, roles) in [
            (format!("[default]\n{KEYS}  credential_process = p\n"), ProfileBase::Keys, ""),
            (format!("[default]\n{KEYS}credential_process = p\n"), ProfileBase::Process, ""),
            (format!("[default]\n{KEYS}region = x\n  {SSO}"), ProfileBase::Keys, ""),
            (format!("[default]\n{KEYS}{SSO}  output = json\n"), ProfileBase::Keys, ""),
            // The AWS CLI needs none of these.
            (format!("[default]\n{SSO}{KEYS}  output = json\n"), sso("default"), ""),
            (format!("[default]\n{SSO}region = x\n  output = json\n{KEYS}"), sso("default"), ""),
            (format!("[default]\n{SSO}{KEYS}[profile other]\n{KEYS}  credential_process = p\n"), sso("default"), ""),
            (format!("{role}  credential_source = Ec2InstanceMetadata\n{KEYS}"), ProfileBase::Keys, "top"),
            (format!("{role}  source_profile = b\n[profile b]\nrole_arn = b\n{KEYS}"), ProfileBase::Keys, "b top"),
            (format!("{role}source_profile = b\n[profile b]\nrole_arn = b\n{KEYS}"), ProfileBase::Keys, "top"),
            (
                format!("{role}source_profile = b\n[profile b]\nrole_arn = b\nsso_account_id = 1\n{KEYS}"),
                ProfileBase::Keys,
                "b top",
            ),
        ] {
            let (found, arns) = of_default(&config, "");
            assert_eq!((found, &*arns), (base, roles), "{config}");
        }
    }

    #[test]
    fn the_web_identity_of_the_environment_comes_before_a_role_that_the_aws_cli_refuses() {
        let top = "[default]\nrole_arn = top\nsource_profile = b\n";
        let of_role = CredentialSource::Profile { name: "default".to_owned(), base: ProfileBase::Keys };
        let of_environment = || CredentialSource::WebIdentity;
        with_web_identity(|variables| {
            for (config, credentials, expected) in [
                (format!("{top}[profile b]\n{KEYS}"), "[a]\nx = y\n", of_role.clone()),
                (format!("{top}[profile b]\n{KEYS}"), "[a]\nwhat is this\n", of_environment()),
                (format!("{}[profile b]\n{KEYS}", top.replace("source", "  source")), "", of_environment()),
                (format!("{top}[profile b]\n{}", KEYS.replace("aws_secret", "  aws_secret")), "", of_environment()),
                (format!("{top}[profile b]\n{KEYS}  region = x\n"), "", of_environment()),
                (format!("{top}[profile b]\n{KEYS}region = x\n  output = y\n"), "", of_role.clone()),
                (format!("{}[profile b c]\n{KEYS}", top.replace("= b", "= b c")), "", of_environment()),
            ] {
                assert_eq!(plan(variables, &config, credentials).source, expected, "{config}{credentials}");
            }
        });
    }

    #[test]
    fn a_role_for_a_web_identity_is_assumed_with_keys_beside_it_where_the_aws_cli_refuses_it() {
        with_web_identity(|variables| {
            let file = variables[0].1;
            let config = format!("[default]\nrole_arn = web\nweb_identity_token_file = {file}\n{KEYS}");
            assert_eq!(of_default(&config, ""), (ProfileBase::WebIdentity, String::new()));
            assert_eq!(of_default(&config, "[a]\n[a]\n"), (ProfileBase::Keys, "web".to_owned()));
            assert_eq!(plan(variables, &config, "[a]\n[a]\n").source, CredentialSource::WebIdentity);
        });
    }

    #[test]
    fn half_of_a_pair_is_no_first_source() {
        let half = "aws_access_key_id = AKID\n";
        assert_eq!(of_default(&format!("[default]\n{SSO}{half}"), UNREADABLE[0]).0, sso("default"));
    }
}
