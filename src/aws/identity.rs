//! Which identity AWS will see, determined without network, in the order of the SDK's provider chain:
//! <https://docs.aws.amazon.com/sdk-for-rust/latest/dg/credproviders.html>.
//!
//! The first source that is configured is the one; the `ecr` adapter asks that source and no other, so a token's key and
//! the credentials that fetch it can't come from different places. Where the SDK would silently go on to the next source
//! although the user named a profile that doesn't exist, this is an error, as in the AWS CLI.

use super::RegistrySettings;
use super::endpoint::AwsService;
use super::facts::Facts;
use super::profile_chain;
use crate::env::names;
use crate::error::Failure;
use crate::identity::{AssumedRole, ChainStep, CredentialPlan, CredentialSource, Identity, ProfileBase};
use crate::rules::Role;

/// Finds the first source of credentials that is configured, and adds the role of a rule.
/// Error: the profile chain is broken, or the profile that a rule or `AWS_PROFILE` names doesn't
/// exist.
pub(super) fn identify(settings: &RegistrySettings<'_>) -> Result<(Identity, CredentialPlan), Failure> {
    let mut facts = Facts::new(settings);
    let (source, steps) = first_source(settings, &mut facts)?;
    let role = settings.target.identity_rule().and_then(|rule| rule.role.as_ref());
    let role = role.map(|role| assumed_role(settings, &mut facts, role)).transpose()?;
    Ok((facts.finish(), CredentialPlan { source, steps, role }))
}

fn first_source(
    settings: &RegistrySettings<'_>,
    facts: &mut Facts<'_>,
) -> Result<(CredentialSource, Vec<ChainStep>), Failure> {
    let active = &settings.active;
    let alone = |source| Ok((source, Vec::new()));
    if !active.overrides_keys() && environment_keys(settings, facts) {
        return alone(CredentialSource::Environment);
    }
    if let Some(broken) = &settings.broken {
        return Err(broken.clone());
    }
    if let Some((base, steps)) = profile_chain::follow(settings, facts)? {
        return Ok((CredentialSource::Profile { name: active.name.clone(), base }, steps));
    }
    if active.overrides_keys() {
        // The user named this profile, so no other source is meant.
        return Err(Failure::misconfigured(format!("{} has no credentials", active.described())));
    }
    if web_identity(settings, facts)? {
        return alone(CredentialSource::WebIdentity);
    }
    if container(settings, facts)? {
        return alone(CredentialSource::Container);
    }
    if settings.env.is_true(names::METADATA_DISABLED) {
        // There is nothing to fetch, so there is nothing to cache.
        facts.is_unknown();
        return alone(CredentialSource::Nothing);
    }
    instance_metadata(settings, facts);
    alone(CredentialSource::InstanceMetadata)
}

/// Whether both halves of a key pair are in the environment.
fn environment_keys(settings: &RegistrySettings<'_>, facts: &mut Facts<'_>) -> bool {
    let set = |name| settings.env.text(name).filter(|value| !value.trim().is_empty());
    let Some(access_key_id) = set(names::ACCESS_KEY_ID) else { return false };
    if set(names::SECRET_ACCESS_KEY).or_else(|| set(names::SECRET_ACCESS_KEY_SHORT)).is_none() {
        return false;
    }
    facts.add("source", "environment");
    facts.add("access_key_id", &access_key_id);
    true
}

fn web_identity(settings: &RegistrySettings<'_>, facts: &mut Facts<'_>) -> Result<bool, Failure> {
    let env = settings.env;
    let (Some(role_arn), Some(file)) = (env.text(names::ROLE_ARN), env.path(names::WEB_IDENTITY_TOKEN_FILE)) else {
        return Ok(false);
    };
    check_urls(settings, &[AwsService::Sts])?;
    facts.add("source", "web identity");
    facts.add("role_arn", &role_arn);
    facts.add_variables(&[names::ROLE_SESSION_NAME]);
    facts.add_endpoints();
    if let Some(profile) = &settings.profile {
        facts.add("endpoint_url", profile.get("endpoint_url").unwrap_or_default());
        facts.add_services(profile);
    }
    facts.add_token_file(&file);
    Ok(true)
}

fn container(settings: &RegistrySettings<'_>, facts: &mut Facts<'_>) -> Result<bool, Failure> {
    let env = settings.env;
    let uri = env.text(names::CONTAINER_RELATIVE_URI).or_else(|| env.text(names::CONTAINER_FULL_URI));
    let Some(uri) = uri else { return Ok(false) };
    // The SDK's provider reads these itself, and takes an empty string for a value.
    for variable in [names::CONTAINER_RELATIVE_URI, names::CONTAINER_TOKEN_FILE] {
        if env.is_empty(variable) {
            return Err(is_empty(variable));
        }
    }
    facts.add("source", "container");
    facts.add("uri", &uri);
    facts.is_opaque();
    if let Some(file) = env.path(names::CONTAINER_TOKEN_FILE) {
        facts.add_token_file(&file);
    } else if let Some(token) = env.text(names::CONTAINER_TOKEN) {
        facts.add_token(&token);
    }
    Ok(true)
}

fn instance_metadata(settings: &RegistrySettings<'_>, facts: &mut Facts<'_>) {
    facts.add("source", "instance metadata");
    facts.add_variables(&[names::METADATA_ENDPOINT, names::METADATA_ENDPOINT_MODE]);
    if let Some(profile) = &settings.profile {
        for key in ["ec2_metadata_service_endpoint", "ec2_metadata_service_endpoint_mode"] {
            facts.add(key, profile.get(key).unwrap_or_default());
        }
    }
    facts.add_machine();
}

/// The source that `credential_source` names.
pub(super) fn named_source(
    settings: &RegistrySettings<'_>,
    facts: &mut Facts<'_>,
    source: &str,
) -> Result<ProfileBase, Failure> {
    if source.eq_ignore_ascii_case("Environment") {
        // If there are no keys, the SDK says so, and the key belongs to a failure.
        environment_keys(settings, facts);
        Ok(ProfileBase::Environment)
    } else if source.eq_ignore_ascii_case("EcsContainer") {
        facts.is_opaque();
        container(settings, facts)?;
        Ok(ProfileBase::Container)
    } else if source.eq_ignore_ascii_case("Ec2InstanceMetadata") {
        instance_metadata(settings, facts);
        Ok(ProfileBase::InstanceMetadata)
    } else {
        let expected = "Environment, EcsContainer or Ec2InstanceMetadata";
        Err(Failure::misconfigured(format!("`credential_source = {source}` is not {expected}")))
    }
}

/// The role of a rule. Its STS endpoint is the one that the active profile configures.
fn assumed_role(settings: &RegistrySettings<'_>, facts: &mut Facts<'_>, role: &Role) -> Result<AssumedRole, Failure> {
    let Role { arn, external_id, session_name } = role;
    facts.add("rule", "role");
    facts.add("role_arn", arn.as_str());
    facts.add("external_id", external_id.as_deref().unwrap_or_default());
    facts.add("session_name", session_name.as_deref().unwrap_or_default());
    facts.add_endpoints();
    if let Some(profile) = &settings.profile {
        facts.add_profile(&settings.active.name, profile);
    }
    Ok(AssumedRole {
        arn: arn.as_str().to_owned(),
        external_id: external_id.clone(),
        session_name: session_name.clone(),
        endpoint_url: settings.url(AwsService::Sts)?,
    })
}

/// Checks the endpoint URLs that the SDK reads itself: it panics on an empty one.
pub(super) fn check_urls(settings: &RegistrySettings<'_>, services: &[AwsService]) -> Result<(), Failure> {
    for &service in services {
        let general = [names::ENDPOINT_URL].into_iter().filter(|_| settings.env.text(service.variable()).is_none());
        let mut read = [service.variable()].into_iter().chain(general);
        if let Some(variable) = read.find(|variable| settings.env.is_empty(variable)) {
            return Err(is_empty(variable));
        }
        settings.url(service)?;
    }
    Ok(())
}

fn is_empty(variable: &str) -> Failure {
    Failure::misconfigured(format!("`{variable}` is set to the empty string; unset it"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::fixture::with_settings;
    use crate::aws::{AwsSettings, ProfileTexts};
    use crate::env::Env;
    use crate::error::FailureKind;
    use crate::identity::CachePolicy;
    use crate::registry::Registry;
    use crate::rules::Target;
    use crate::token::MaxAge;

    const HOST: &str = "111122223333.dkr.ecr.us-east-1.amazonaws.com";

    fn identity(variables: &[(&str, &str)], config: &str) -> Result<(Identity, CredentialPlan), Failure> {
        with_settings(HOST, variables, config, identify)
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
    fn a_profile_file_that_cannot_be_used_is_an_error_only_where_a_profile_is_needed() {
        let broken = || Failure::misconfigured("line 1");
        let identify = |variables: &[(&str, &str)]| {
            let env = Env::fixed(variables.iter().copied());
            let settings = AwsSettings { env: &env, texts: ProfileTexts::default(), broken: Some(broken()) };
            let target = Target::of(Registry::parse(HOST).expect("an ECR host"));
            identify(&settings.for_target(&target).expect("one profile is meant"))
        };
        assert_eq!(identify(&[ID, SECRET]).expect("keys").1.source, CredentialSource::Environment);
        for variables in [&[][..], &[ID], &[("AWS_PROFILE", "a")], &[NOT_ON_EC2]] {
            assert_eq!(identify(variables).expect_err("no keys"), broken(), "{variables:?}");
        }
    }

    #[test]
    fn the_first_of_its_settings_decides_what_a_profile_is() {
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
    fn an_empty_profile_name_counts_as_unset() {
        let config = "[default]\ncredential_process = p\n";
        assert_eq!(source(&[("AWS_PROFILE", "")], config), profile("default", ProfileBase::Process));
    }

    #[test]
    fn the_base_of_a_chain_decides_how_its_tokens_are_cached() {
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
