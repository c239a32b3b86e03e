//! Which identity AWS will see, determined without network, in the order in which the AWS CLI looks for credentials:
//! <https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-authentication.html>, `create_credential_resolver` in
//! <https://github.com/boto/botocore/blob/develop/botocore/credentials.py>. Where the CLI refuses the settings and the Go
//! SDK doesn't, as that one does. `docs/differences.md` lists where this program differs on purpose.
//!
//! The first source that is configured is the one. What it consists of is read here, once, for the digest and for the
//! fetch, so a token's key and the credentials that fetch it can't come from different places.

mod web;

use std::net::IpAddr;

pub(super) use web::{profile_of, token_file_of, web_identity};

use super::RegistrySettings;
use super::active_profile::ProfileOrigin;
use super::endpoint::AwsService;
use super::facts::Facts;
use super::network::metadata_url;
use super::problems::HALF_PAIR;
use super::profile_chain;
use crate::env::{Env, names};
use crate::error::Failure;
use crate::identity::{
    Base, CredentialPlan, CredentialSource, Identity, Keys, ProfileBase, RoleOrigin, RoleStep, ServiceAccount,
};
use crate::rules::Role;

/// The addresses of the services that give containers their credentials over plain HTTP:
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>.
const CONTAINER_SERVICES: [&str; 3] = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"];

/// A source with what its credentials begin with and the roles that are assumed from there.
pub(super) type Found = (CredentialSource, Base, Vec<RoleStep>);

/// Finds the first source of credentials that is configured, and adds the role of a rule.
/// Error: the settings contradict themselves, or name something that doesn't exist.
pub(super) fn identify(settings: &RegistrySettings<'_>) -> Result<(Identity, CredentialPlan), Failure> {
    let mut facts = Facts::new(settings);
    facts.notes.extend(settings.settings.notes.iter().cloned());
    let (source, base, mut roles) = first_source(settings, &mut facts)?;
    if let Some(role) = settings.target.identity_rule().and_then(|rule| rule.role.as_ref()) {
        roles.push(role_of_rule(&mut facts, role)?);
    }
    let (identity, notes) = facts.finish();
    Ok((identity, CredentialPlan { source, base, roles, notes }))
}

fn first_source(settings: &RegistrySettings<'_>, facts: &mut Facts<'_>) -> Result<Found, Failure> {
    let (active, env) = (&settings.active, settings.env);
    if let Some(account) = settings.target.service_account() {
        return service_account(facts, account);
    }
    if !active.overrides_keys()
        && let Some(keys) = environment_keys(settings, facts)?
    {
        return Ok((CredentialSource::Environment, Base::Keys(keys), Vec::new()));
    }
    let may_be_missing = matches!(active.origin, ProfileOrigin::Default | ProfileOrigin::DefaultVariable);
    if settings.profile.is_none() && !may_be_missing {
        let missing = format!("{} is not in the shared configuration files", active.described());
        let notes = settings.settings.notes.iter().cloned();
        return Err(Failure::misconfigured([missing].into_iter().chain(notes).collect::<Vec<_>>().join("; ")));
    }
    if let Some(found) = profile_chain::follow(settings, facts)? {
        return Ok(found);
    }
    if active.overrides_keys() {
        // The user named this profile, so no other source is meant.
        return Err(Failure::misconfigured(format!("{} has no credentials", active.described())));
    }
    let has_container = [names::CONTAINER_RELATIVE_URI, names::CONTAINER_FULL_URI].iter().any(|name| env.is_set(name));
    let older = if has_container { None } else { older_environment_keys(settings, facts)? };
    if let Some(keys) = older {
        if env.is_true(names::METADATA_DISABLED) {
            return Ok((CredentialSource::Environment, Base::Keys(keys), Vec::new()));
        }
        let base = instance_metadata(settings, facts, Some(keys))?;
        return Ok((CredentialSource::InstanceMetadata, base, Vec::new()));
    }
    let (source, base) = machine(settings, facts)?;
    Ok((source, base, Vec::new()))
}

/// The sources of the machine: its container, else the instance.
pub(super) fn machine(
    settings: &RegistrySettings<'_>,
    facts: &mut Facts<'_>,
) -> Result<(CredentialSource, Base), Failure> {
    if let Some(base) = container(settings, facts)? {
        Ok((CredentialSource::Container, base))
    } else if settings.env.is_true(names::METADATA_DISABLED) {
        // There is nothing to fetch, so there is nothing to cache.
        facts.is_unknown();
        Ok((CredentialSource::Nothing, Base::Nothing))
    } else {
        Ok((CredentialSource::InstanceMetadata, instance_metadata(settings, facts, None)?))
    }
}

/// The key pair in the environment, if both halves are there.
pub(super) fn environment_keys(
    settings: &RegistrySettings<'_>,
    facts: &mut Facts<'_>,
) -> Result<Option<Keys>, Failure> {
    let env = settings.env;
    let text = |name| env.text(name).filter(|value| !value.trim().is_empty());
    let secret =
        [names::SECRET_ACCESS_KEY, names::SECRET_ACCESS_KEY_SHORT, names::SECRET_KEY].into_iter().find_map(text);
    match (text(names::ACCESS_KEY_ID), secret) {
        (Some(id), Some(secret)) => keys_of_environment(env, facts, &id, &secret).map(Some),
        (None, None) => Ok(None),
        (None, Some(_)) if text(names::ACCESS_KEY).is_some() => Ok(None),
        _ => {
            facts.notes.push(HALF_PAIR.to_owned());
            Ok(None)
        }
    }
}

/// The key pair under the older name of the ID, which the AWS CLI doesn't know and the Go SDK does.
fn older_environment_keys(settings: &RegistrySettings<'_>, facts: &mut Facts<'_>) -> Result<Option<Keys>, Failure> {
    let env = settings.env;
    let secret = env.text(names::SECRET_ACCESS_KEY).or_else(|| env.text(names::SECRET_KEY));
    match (env.text(names::ACCESS_KEY), secret) {
        (Some(id), Some(secret)) => keys_of_environment(env, facts, &id, &secret).map(Some),
        _ => Ok(None),
    }
}

fn keys_of_environment(env: &Env, facts: &mut Facts<'_>, id: &str, secret: &str) -> Result<Keys, Failure> {
    let text = |name| env.text(name).filter(|value| !value.trim().is_empty());
    let token = text(names::SECURITY_TOKEN).or_else(|| text(names::SESSION_TOKEN));
    let keys = Keys::new(id, secret, token.as_deref())
        .map_err(|invalid| Failure::misconfigured(format!("{invalid}, in the environment")))?;
    facts.add("source", "environment");
    facts.add("access_key_id", &keys.access_key_id);
    Ok(keys)
}

/// A service account, whose token came with the request: no other source makes up for it.
fn service_account(facts: &mut Facts<'_>, account: &ServiceAccount) -> Result<Found, Failure> {
    facts.add("source", "service account");
    let role = RoleStep {
        origin: RoleOrigin::ServiceAccount,
        arn: account.role.as_str().to_owned(),
        external_id: None,
        session_name: None,
        duration_seconds: None,
        mfa: None,
        endpoint_url: facts.endpoint(AwsService::Sts)?,
    };
    facts.add_role(&role);
    facts.service_account_token(&account.token);
    let source = CredentialSource::ServiceAccount { role: role.arn.clone() };
    Ok((source, Base::WebIdentity { role, token: account.token.clone() }, Vec::new()))
}

fn container(settings: &RegistrySettings<'_>, facts: &mut Facts<'_>) -> Result<Option<Base>, Failure> {
    let env = settings.env;
    let url = match (env.text(names::CONTAINER_RELATIVE_URI), env.text(names::CONTAINER_FULL_URI)) {
        (Some(path), _) => format!("http://169.254.170.2/{}", path.trim_start_matches('/')),
        (None, Some(url)) => url,
        (None, None) => return Ok(None),
    };
    let host = http_host(&url);
    if !url.starts_with("https://") && !host.as_deref().is_some_and(is_container_service) {
        let variable = names::CONTAINER_FULL_URI;
        return Err(Failure::misconfigured(format!(
            "`{variable}` must be an `https://` URL, or an `http://` URL of this machine or of a container service"
        )));
    }
    facts.add("source", "container");
    facts.add("uri", &url);
    let token = if let Some(file) = env.path(names::CONTAINER_TOKEN_FILE) {
        Some(facts.token_file(&file)?)
    } else {
        env.text(names::CONTAINER_TOKEN).map(|token| facts.token(token.trim()))
    };
    // A service of this machine gives the credentials of this machine.
    if host.as_deref().is_some_and(is_container_service) {
        facts.add_machine();
    } else {
        facts.is_opaque();
    }
    Ok(Some(Base::Container { url, token }))
}

/// The host of an `http://` URL, without brackets.
fn http_host(url: &str) -> Option<String> {
    let authority = url.strip_prefix("http://")?.split(['/', '?', '#']).next()?;
    let host = if let Some(rest) = authority.strip_prefix('[') {
        rest.split_once(']')?.0
    } else {
        authority.split_once(':').map_or(authority, |(host, _port)| host)
    };
    Some(host.to_ascii_lowercase())
}

/// Whether a host is this machine, or one of the services that give containers their credentials.
fn is_container_service(host: &str) -> bool {
    let address = host.parse::<IpAddr>();
    host == "localhost"
        || address.as_ref().is_ok_and(IpAddr::is_loopback)
        || CONTAINER_SERVICES.iter().any(|service| service.parse() == address)
}

fn instance_metadata(
    settings: &RegistrySettings<'_>,
    facts: &mut Facts<'_>,
    otherwise: Option<Keys>,
) -> Result<Base, Failure> {
    let url = metadata_url(settings)?;
    facts.add("source", "instance metadata");
    facts.add("url", &url);
    facts.add_machine();
    Ok(Base::InstanceMetadata { url, otherwise })
}

/// The source that `credential_source` names.
pub(super) fn named_source(
    settings: &RegistrySettings<'_>,
    facts: &mut Facts<'_>,
    source: &str,
) -> Result<(ProfileBase, Base), Failure> {
    let has_none = |what: &str| Failure::misconfigured(format!("`credential_source = {source}`, but {what}"));
    if source.eq_ignore_ascii_case("Environment") {
        let keys = environment_keys(settings, facts)?.ok_or_else(|| has_none("the environment has no key pair"))?;
        Ok((ProfileBase::Environment, Base::Keys(keys)))
    } else if source.eq_ignore_ascii_case("EcsContainer") {
        let base = container(settings, facts)?.ok_or_else(|| has_none("no container credentials are configured"))?;
        Ok((ProfileBase::Container, base))
    } else if source.eq_ignore_ascii_case("Ec2InstanceMetadata") {
        if settings.env.is_true(names::METADATA_DISABLED) {
            return Err(has_none("the instance metadata service is switched off"));
        }
        Ok((ProfileBase::InstanceMetadata, instance_metadata(settings, facts, None)?))
    } else {
        let expected = "Environment, EcsContainer or Ec2InstanceMetadata";
        Err(Failure::misconfigured(format!("`credential_source = {source}` is not {expected}")))
    }
}

/// The role of a rule. Its STS endpoint is the one that the active profile configures.
fn role_of_rule(facts: &mut Facts<'_>, role: &Role) -> Result<RoleStep, Failure> {
    let Role { arn, external_id, session_name } = role;
    facts.add("rule", "role");
    let role = RoleStep {
        origin: RoleOrigin::Rule,
        arn: arn.as_str().to_owned(),
        external_id: external_id.clone(),
        session_name: session_name.clone(),
        duration_seconds: None,
        mfa: None,
        endpoint_url: facts.endpoint(AwsService::Sts)?,
    };
    facts.add_role(&role);
    Ok(role)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::AwsSettings;
    use crate::aws::fixture::with_settings;
    use crate::error::FailureKind;
    use crate::identity::CachePolicy;
    use crate::registry::Registry;
    use crate::rules::Target;
    use crate::token::MaxAge;

    const HOST: &str = "111122223333.dkr.ecr.us-east-1.amazonaws.com";
    const ID: (&str, &str) = ("AWS_ACCESS_KEY_ID", "AKIA");
    const SECRET: (&str, &str) = ("AWS_SECRET_ACCESS_KEY", "hush");
    const NOT_ON_EC2: (&str, &str) = ("AWS_EC2_METADATA_DISABLED", "true");
    const KEYS: &str = "aws_access_key_id = AKID\naws_secret_access_key = hush\n";

    fn identity(variables: &[(&str, &str)], config: &str) -> Result<(Identity, CredentialPlan), Failure> {
        with_settings(HOST, variables, config, identify)
    }

    fn source(variables: &[(&str, &str)], config: &str) -> CredentialSource {
        identity(variables, config).expect(config).1.source
    }

    fn profile(name: &str, base: ProfileBase) -> CredentialSource {
        CredentialSource::Profile { name: name.to_owned(), base }
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn a_broken_chain_is_an_error_that_names_the_profile_to_fix() {
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
                "[default]\nrole_arn = r\nsource_profile = b\n[profile b]\nregion = r\n",
                "the source profile `b` has no credentials",
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
                "[default]\nrole_arn = r\nsource_profile = default\n",
                "profile `default` names itself as `source_profile`, but has no credentials",
            ),
            (
                &[],
                "[default]\nrole_arn = r\nsource_profile = b\ncredential_source = Environment\n",
                "profile `default` has both `source_profile` and `credential_source`",
            ),
            (
                &[NOT_ON_EC2],
                "[default]\nrole_arn = r\n",
                "profile `default` has a `role_arn` but neither `source_profile` nor `credential_source`",
            ),
            (
                &[],
                "[default]\nrole_arn = r\ncredential_source = Environments\n",
                "`credential_source = Environments` is not Environment, EcsContainer or Ec2InstanceMetadata",
            ),
            (
                &[ID],
                "[default]\nrole_arn = r\ncredential_source = Environment\n",
                "`credential_source = Environment`, but the environment has no key pair",
            ),
            (
                &[],
                "[default]\nrole_arn = r\nmfa_serial = m\ncredential_source = Ec2InstanceMetadata\n",
                "profile `default` has an `mfa_serial` and a `credential_source`; instead, name the profile of the user \
                 with that MFA device as `source_profile`",
            ),
            (&[], "[default]\nsso_account_id = 1\n", "profile `default` lacks `sso_start_url` for SSO"),
            (
                &[],
                "[default]\nsso_account_id = 1\nsso_session = gone\n",
                "profile `default` names the SSO session `gone`, which does not exist",
            ),
            (
                &[],
                "[default]\nsso_account_id = 1\nsso_role_name = r\nsso_session = s\nsso_region = one\n\
                 [sso-session s]\nsso_start_url = u\nsso_region = two\n",
                "`sso_region` of profile `default` differs from that of its SSO session",
            ),
            (
                &[("AWS_WEB_IDENTITY_TOKEN_FILE", "/dev/null/none")],
                "",
                "`AWS_WEB_IDENTITY_TOKEN_FILE` is set, but `AWS_ROLE_ARN` is not",
            ),
            (
                &[("AWS_WEB_IDENTITY_TOKEN_FILE", "/dev/null/none"), ("AWS_ROLE_ARN", "r")],
                "",
                "the token file `/dev/null/none` does not exist",
            ),
            (
                &[],
                "[default]\nweb_identity_token_file = /t\n",
                "profile `default` has a `web_identity_token_file` but no `role_arn`",
            ),
            (
                &[],
                "[default]\naws_access_key_id = x\ncredential_process =\n",
                "profile `default` has an `aws_access_key_id` without `aws_secret_access_key` in the same file",
            ),
            (
                &[],
                "[default]\naws_access_key_id = AK IA\naws_secret_access_key = x\n",
                "the access key ID is empty or contains a blank, a control character or a character outside ASCII, in \
                 profile `default`",
            ),
            (
                &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://10.0.0.1/x")],
                "",
                "`AWS_CONTAINER_CREDENTIALS_FULL_URI` must be an `https://` URL, or an `http://` URL of this machine or \
                 of a container service",
            ),
        ] {
            let failure = identity(variables, config).expect_err(message);
            assert_eq!((failure.kind, failure.detail.as_str()), (FailureKind::Misconfigured, message), "{config}");
        }
    }

    #[test]
    fn a_profile_has_its_credentials_from_the_first_of_its_sources() {
        const SSO: &str = "sso_account_id = 1\nsso_role_name = r\nsso_start_url = u\nsso_region = r\n";
        let sso = || ProfileBase::Sso { profile: "default".to_owned() };
        for (config, base) in [
            (KEYS.to_owned(), ProfileBase::Keys),
            (format!("credential_process = p\n{KEYS}"), ProfileBase::Process),
            (format!("credential_process =\n{KEYS}"), ProfileBase::Keys),
            (
                "login_session = l\ncredential_process = p\n".to_owned(),
                ProfileBase::Login { profile: "default".to_owned() },
            ),
            (format!("{SSO}login_session = l\n{KEYS}"), sso()),
            (format!("sso_account_id = 1\n{KEYS}"), ProfileBase::Keys),
            ("sso_session = s\ncredential_process = p\n".to_owned(), ProfileBase::Process),
            ("credential_source = environment\ncredential_process = p\n".to_owned(), ProfileBase::Process),
            ("role_arn = r\ncredential_source = Ec2InstanceMetadata\n".to_owned(), ProfileBase::InstanceMetadata),
            (format!("role_arn = r\nsource_profile = default\n{KEYS}"), ProfileBase::Keys),
            (format!("role_arn = r\n{KEYS}"), ProfileBase::Keys),
            ("role_arn = r\n".to_owned(), ProfileBase::InstanceMetadata),
        ] {
            assert_eq!(source(&[], &format!("[default]\n{config}")), profile("default", base), "{config}");
        }
    }

    #[test]
    fn keys_of_the_credentials_file_come_before_a_process_and_those_of_the_config_file_after_it() {
        let env = Env::fixed([]);
        let target = Target::of(Registry::parse(HOST).expect("an ECR host"));
        for (config, credentials, base) in [
            ("credential_process = p\n", KEYS, ProfileBase::Keys),
            (KEYS, "credential_process = p\n", ProfileBase::Process),
            ("credential_process = p\n", "aws_secret_access_key = hush\n", ProfileBase::Process),
        ] {
            let [config, credentials] = [config, credentials].map(|text| format!("[default]\n{text}"));
            let settings = AwsSettings { env: &env, config, credentials, notes: Vec::new() };
            let (_, plan) = identify(&settings.for_target(&target).expect("one profile")).expect("a source");
            assert_eq!(plan.source, profile("default", base));
        }
    }

    #[test]
    fn the_web_identity_of_the_environment_comes_after_a_role_of_the_profile_and_before_all_else_in_it() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let file = directory.path().join("token");
        #[expect(clippy::disallowed_methods, reason = "a file of the test's own")]
        std::fs::write(&file, "token\n").expect("written");
        let file = file.to_str().expect("UTF-8");
        let web = [("AWS_WEB_IDENTITY_TOKEN_FILE", file), ("AWS_ROLE_ARN", "r")];
        for config in [KEYS, "credential_process = p\n", "role_arn = r\n", "region = r\n"] {
            assert_eq!(source(&web, &format!("[default]\n{config}")), CredentialSource::WebIdentity, "{config}");
        }
        let role = format!("[default]\nrole_arn = r\nsource_profile = b\n[profile b]\n{KEYS}");
        assert_eq!(source(&web, &role), profile("default", ProfileBase::Keys));
        let itself = "[default]\nrole_arn = r\nsource_profile = default\n";
        assert_eq!(source(&web, &format!("{itself}{KEYS}")), profile("default", ProfileBase::Keys));
        let refused_by_the_cli = format!("{itself}credential_process = p\n");
        assert_eq!(source(&web, &refused_by_the_cli), CredentialSource::WebIdentity);
        assert_eq!(source(&[], &refused_by_the_cli), profile("default", ProfileBase::Process));
        let nothing = "[default]\nrole_arn = r\ncredential_source = Environment\n";
        assert_eq!(source(&web, nothing), CredentialSource::WebIdentity);
        let refused_by_both = identity(&web, &format!("{nothing}credential_process = p\n")).expect_err("two sources");
        assert_eq!(refused_by_both.detail, "`credential_source = Environment`, but the environment has no key pair");
        let own = format!("[default]\nrole_arn = r\nweb_identity_token_file = {file}\n{KEYS}");
        assert_eq!(source(&[], &own), profile("default", ProfileBase::WebIdentity));
        assert_eq!(source(&web[..1], &own), CredentialSource::WebIdentity, "the role is the profile's");
    }

    #[test]
    fn a_role_alone_in_a_source_profile_is_assumed_unless_the_profile_has_keys() {
        let chain = "[default]\nrole_arn = top\nsource_profile = b\n[profile b]\nrole_arn = mid\n";
        for (source, base, roles) in [
            ("credential_process = p\n", ProfileBase::Process, &["mid", "top"][..]),
            (KEYS, ProfileBase::Keys, &["top"]),
        ] {
            let (_, plan) = identity(&[], &format!("{chain}{source}")).expect(source);
            assert_eq!(plan.source, profile("default", base));
            assert_eq!(plan.roles.iter().map(|role| &role.arn).collect::<Vec<_>>(), roles, "{source}");
        }
        let refused = identity(&[], chain).expect_err("no credentials");
        assert_eq!(refused.detail, "the source profile `b` has no credentials");
    }

    #[test]
    fn a_place_in_the_profile_makes_up_for_a_missing_sso_session() {
        let place = ["sso_start_url = u\n", "sso_region = r\n"];
        let of = |place: &str| {
            format!("[default]\nsso_session = gone\nsso_account_id = 1\nsso_role_name = R\n{place}{KEYS}")
        };
        let of_sso = profile("default", ProfileBase::Sso { profile: "default".to_owned() });
        assert_eq!(source(&[], &of(&place.concat())), of_sso);
        for half in place {
            assert_eq!(source(&[], &of(half)), profile("default", ProfileBase::Keys), "{half}");
        }
    }

    #[test]
    fn keys_come_first_in_a_profile_whose_name_has_blanks_and_no_quotes() {
        let sso = "sso_start_url = u\nsso_region = r\nsso_account_id = 111122223333\nsso_role_name = R\n";
        let named = [("AWS_PROFILE", "my team")];
        let base = |config: &str| source(&named, config);
        assert_eq!(base(&format!("[profile my team]\n{sso}{KEYS}")), profile("my team", ProfileBase::Keys));
        let of_sso = profile("my team", ProfileBase::Sso { profile: "my team".to_owned() });
        assert_eq!(base(&format!("[profile my team]\n{sso}")), of_sso);
        assert_eq!(base(&format!("[profile 'my team']\n{sso}{KEYS}")), of_sso);
    }

    #[test]
    fn half_of_a_key_pair_is_passed_over_with_a_note() {
        for (variables, config, note) in [
            (&[ID][..], "", "the environment has half of a key pair only, which is not used"),
            (&[SECRET], "", "the environment has half of a key pair only, which is not used"),
            (
                &[],
                "[default]\naws_secret_access_key = x\n",
                "profile `default` has half of a key pair only, which is not used",
            ),
        ] {
            let (_, plan) = identity(variables, config).expect("another source");
            assert_eq!((plan.source, plan.notes), (CredentialSource::InstanceMetadata, vec![note.to_owned()]));
        }
    }

    #[test]
    fn a_profile_without_credentials_is_skipped() {
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
    fn a_profile_without_credentials_does_not_decide_the_identity() {
        let digest = |config: &str| identity(&[], config).expect(config).0.digest;
        let bare = digest("");
        for config in
            ["[default]\nregion = eu-west-1\n", "[default]\naws_secret_access_key = x\n", "[profile other]\nx = y\n"]
        {
            assert_eq!(digest(config), bare, "{config}");
        }
        assert_ne!(digest("[default]\nec2_metadata_service_endpoint = http://127.0.0.1:1\n"), bare);
        let role = |region: &str| digest(&format!("[default]\nrole_arn = r\nregion = {region}\n"));
        assert_ne!(role("eu-west-1"), role("eu-west-2"), "a role without a source is the profile's");
    }

    #[test]
    fn the_names_that_only_the_go_sdk_knows_count_where_the_aws_cli_has_no_credentials() {
        let (older_id, older_secret) = (("AWS_ACCESS_KEY", "AKIAOLDER"), ("AWS_SECRET_KEY", "hush"));
        let container = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/");
        let profile_keys = format!("[default]\n{KEYS}");
        for (variables, config, expected) in [
            (&[ID, older_secret][..], &*profile_keys, CredentialSource::Environment),
            (&[older_id, older_secret, NOT_ON_EC2], "", CredentialSource::Environment),
            (&[older_id, SECRET, NOT_ON_EC2], "", CredentialSource::Environment),
            (&[older_id, older_secret, NOT_ON_EC2], &*profile_keys, profile("default", ProfileBase::Keys)),
            (&[older_id, older_secret, container], "", CredentialSource::Container),
            (&[older_id, older_secret], "", CredentialSource::InstanceMetadata),
            (&[older_id, NOT_ON_EC2], "", CredentialSource::Nothing),
        ] {
            assert_eq!(source(variables, config), expected, "{variables:?}");
        }
        let (_, plan) = identity(&[older_id, older_secret], "").expect("a source");
        let Base::InstanceMetadata { otherwise: Some(keys), .. } = plan.base else { panic!("{plan:?}") };
        assert_eq!(keys.access_key_id, "AKIAOLDER");
    }

    #[test]
    fn an_empty_value_counts_as_unset() {
        let config = "[default]\ncredential_process = p\n";
        let expected = profile("default", ProfileBase::Process);
        for variables in [
            &[("AWS_PROFILE", "")][..],
            &[("AWS_WEB_IDENTITY_TOKEN_FILE", ""), ("AWS_ROLE_ARN", "r")],
            &[("AWS_ACCESS_KEY_ID", ""), SECRET],
            &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", "")],
            &[("AWS_ENDPOINT_URL", ""), ("AWS_ENDPOINT_URL_STS", "")],
        ] {
            assert_eq!(source(variables, config), expected, "{variables:?}");
        }
    }

    #[test]
    fn a_role_has_what_its_profile_configures() {
        let config = format!(
            "[default]\nrole_arn = r\nsource_profile = b # base\nexternal_id = blue\nrole_session_name = me\n\
             duration_seconds = 03600\nmfa_serial = m\n[profile b]\n{KEYS}"
        );
        let (_, plan) = identity(&[("HOME", "/home/me")], &config).expect("a role");
        let [role] = &plan.roles[..] else { panic!("one role: {plan:?}") };
        assert_eq!((role.external_id.as_deref(), role.session_name.as_deref()), (Some("blue"), Some("me")));
        assert_eq!((role.arn.as_str(), role.duration_seconds), ("r", Some(3_600)));
        let device = role.mfa.as_ref().expect("a device");
        let sessions = Some(std::path::Path::new("/home/me/.aws/cli/cache"));
        assert_eq!((device.serial.as_str(), device.sessions.as_deref()), ("m", sessions));
    }

    #[test]
    fn roles_are_assumed_from_the_base_of_the_chain_up() {
        let config = format!(
            "[default]\nrole_arn = top\nsource_profile = b\n[profile b]\nrole_arn = below\nsource_profile = c\n\
             [profile c]\n{KEYS}"
        );
        let (_, plan) = identity(&[], &config).expect("a chain");
        let arns: Vec<_> = plan.roles.iter().map(|role| role.arn.as_str()).collect();
        assert_eq!(arns, ["below", "top"]);
    }

    #[test]
    fn the_base_of_a_chain_decides_how_its_tokens_are_cached() {
        let top = "[default]\nrole_arn = r\nsource_profile = b\n[profile b]\n";
        let uri = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "https://127.0.0.1/");
        let cached = |max_age| CachePolicy::Cached(max_age);
        for (variables, base, cache_policy) in [
            (&[][..], KEYS, cached(MaxAge::UntilExpiry)),
            (
                &[],
                "sso_account_id = 1\nsso_role_name = r\nsso_start_url = u\nsso_region = r\n",
                cached(MaxAge::UntilExpiry),
            ),
            (&[], "credential_process = p\n", cached(MaxAge::OneHour)),
            (&[uri], "role_arn = r\ncredential_source = EcsContainer\n", cached(MaxAge::OneHour)),
        ] {
            assert_eq!(
                identity(variables, &format!("{top}{base}")).expect(base).0.cache_policy,
                cache_policy,
                "{base}"
            );
        }
    }

    #[test]
    fn the_host_of_a_container_service_is_this_machine_or_one_of_aws() {
        for (url, is_allowed) in [
            ("http://127.0.0.1:1234/x", true),
            ("http://localhost/x", true),
            ("http://[::1]:80/x", true),
            ("http://169.254.170.23/v1/credentials", true),
            ("http://[fd00:ec2::23]/v1/credentials", true),
            ("http://169.254.169.254/x", false),
            ("http://localhost.example.com/x", false),
            ("http://10.0.0.1/x", false),
            ("ftp://127.0.0.1/x", false),
        ] {
            assert_eq!(http_host(url).as_deref().is_some_and(is_container_service), is_allowed, "{url}");
        }
    }
}
