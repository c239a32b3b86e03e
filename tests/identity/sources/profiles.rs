//! Profiles: keys, chains of roles, programs and single sign-on.

use docker_credential_ecr_login::unstable::{CachePolicy, ProfileBase};

use super::{
    BASE_OF_CHAIN, CHAIN_OF_THREE, ENVIRONMENT, INSTANCE, KEPT, LEGACY_SSO, METADATA, OPAQUE, PROCESS, PROCESS_SCRIPT,
    PULL, SSO_SESSION, STATIC_PROFILE, TASK, case, named, profile, role_on, signs,
};
use crate::identity::judge::{Case, Ours, Sdk};
use crate::identity::scenario::{Scenario, TOKEN_OF_SESSION, TOKEN_OF_START_URL, sso_token};

const DEV_BY_SSO: &str = "ASIA-Dev-sso";
const NEXT_YEARS: &str = "2099-01-01T00:00:00Z";
const PAST_YEARS: &str = "2019-01-01T00:00:00Z";

pub(crate) fn static_profiles() -> Vec<Case> {
    let keys = || signs(profile(ProfileBase::Keys), KEPT, "AKIAPROFILE");
    let dev = || signs(named("dev", ProfileBase::Keys), KEPT, "AKIAPROFILE");
    let falls_through = || signs(METADATA, OPAQUE, INSTANCE);
    let dev_in_credentials = STATIC_PROFILE.replace("default", "dev");
    let dev_in_config = STATIC_PROFILE.replace("default", "profile dev");
    let selected = || Scenario::new().env("AWS_PROFILE", "dev");
    vec![
        case("in the credentials file", Scenario::new().credentials(STATIC_PROFILE), keys()),
        case("in the config file", Scenario::new().config(STATIC_PROFILE), keys()),
        case(
            "as `[profile default]`",
            Scenario::new().config(&STATIC_PROFILE.replace("default", "profile default")),
            keys(),
        ),
        case(
            "the halves in both files",
            Scenario::new()
                .config("[default]\naws_access_key_id = AKIAPROFILE\n")
                .credentials("[default]\naws_secret_access_key = made/up/secret/of/the/profile\n"),
            keys(),
        ),
        case(
            "the credentials file wins",
            Scenario::new().config(&STATIC_PROFILE.replace("AKIA", "AKIANOT")).credentials(STATIC_PROFILE),
            keys(),
        ),
        case(
            "files elsewhere",
            Scenario::new()
                .env("AWS_SHARED_CREDENTIALS_FILE", "~/elsewhere")
                .env("AWS_CONFIG_FILE", "{home}/not-there")
                .config(&STATIC_PROFILE.replace("AKIA", "AKIANOT"))
                .file("elsewhere", STATIC_PROFILE),
            keys(),
        ),
        case("a named one in the credentials file", selected().credentials(&dev_in_credentials), dev()),
        case("a named one in the config file", selected().config(&dev_in_config), dev()),
        case("no `[default]`, but others", Scenario::new().credentials(&dev_in_credentials), falls_through()),
        case(
            "a default profile without credentials",
            Scenario::new().config("[default]\nregion = eu-west-1\nsource_profile = base\n").credentials(BASE_OF_CHAIN),
            falls_through(),
        ),
        case(
            "only the ID",
            Scenario::new().credentials("[default]\naws_access_key_id = AKIAPROFILE\n"),
            Ours::Fails(profile(ProfileBase::Keys), KEPT),
        ),
        case(
            "only a session token",
            Scenario::new().credentials("[default]\naws_session_token = made/up/session/token\n"),
            Ours::Fails(profile(ProfileBase::Keys), KEPT),
        ),
        case(
            "a named profile that doesn't exist",
            Scenario::new().env("AWS_PROFILE", "nowhere").credentials(STATIC_PROFILE),
            Ours::Refused("profile `nowhere` is not in the shared configuration files"),
        )
        .sdk(Sdk::Finds(INSTANCE, "who names a profile wants that one, as with the AWS CLI")),
        case(
            "the default profile named, but not there",
            Scenario::new().env("AWS_PROFILE", "default").credentials(&dev_in_credentials),
            Ours::Refused("profile `default` is not in the shared configuration files"),
        )
        .sdk(Sdk::Finds(INSTANCE, "who names a profile wants that one, as with the AWS CLI")),
    ]
}

pub(crate) fn chains() -> Vec<Case> {
    let of = |config: &str| Scenario::new().config(config);
    let role = |base: ProfileBase, keeping: CachePolicy| signs(profile(base), keeping, PULL);
    let fails = |base: ProfileBase, keeping: CachePolicy| Ours::Fails(profile(base), keeping);
    let own_keys = "aws_access_key_id = AKIABASE\naws_secret_access_key = made/up/secret/of/the/base";
    vec![
        case("three profiles", of(CHAIN_OF_THREE).credentials(BASE_OF_CHAIN), role(ProfileBase::Keys, KEPT)),
        case(
            "keys of a source profile come before its role",
            of(&role_on("source_profile = base")).credentials(&format!(
                "{BASE_OF_CHAIN}role_arn = arn:aws:iam::111122223333:role/Not\nsource_profile = x\n"
            )),
            role(ProfileBase::Keys, KEPT),
        ),
        case(
            "keys of the first profile don't come before its role",
            of(&role_on("source_profile = base\naws_access_key_id = AKIANOT\naws_secret_access_key = made/up/secret"))
                .credentials(BASE_OF_CHAIN),
            role(ProfileBase::Keys, KEPT),
        ),
        case(
            "a profile that is its own source",
            of(&role_on(&format!("source_profile = default\n{own_keys}"))),
            role(ProfileBase::Keys, KEPT),
        ),
        case(
            "a source profile that is its own source",
            of(&format!(
                "{}[profile base]\nrole_arn = arn:aws:iam::111122223333:role/Middle\nsource_profile = base\n\
                 credential_process = give-keys\n",
                role_on("source_profile = base")
            ))
            .program("give-keys", PROCESS_SCRIPT),
            role(ProfileBase::Process, OPAQUE),
        ),
        case(
            "a role on the instance",
            of(&role_on("credential_source = Ec2InstanceMetadata")),
            role(ProfileBase::InstanceMetadata, OPAQUE),
        ),
        case(
            "a role on the instance, in other letters",
            of(&role_on("credential_source = ec2instancemetadata")),
            role(ProfileBase::InstanceMetadata, OPAQUE),
        ),
        case(
            "a role on the instance at the end of a chain",
            of(&format!("{CHAIN_OF_THREE}[profile base]\ncredential_source = Ec2InstanceMetadata\n")),
            role(ProfileBase::InstanceMetadata, OPAQUE),
        ),
        case(
            "a role on the instance, which is switched off",
            of(&role_on("credential_source = Ec2InstanceMetadata")).metadata_disabled(),
            fails(ProfileBase::InstanceMetadata, OPAQUE),
        ),
        case(
            "a role on a container",
            of(&role_on("credential_source = EcsContainer")).container(),
            role(ProfileBase::Container, OPAQUE),
        ),
        case(
            "a role on a container where there is none",
            of(&role_on("credential_source = EcsContainer")),
            fails(ProfileBase::Container, OPAQUE),
        ),
        case(
            "a role on the environment, whose keys come first themselves",
            of(&role_on("credential_source = Environment")).keys("AKIAENV"),
            signs(ENVIRONMENT, KEPT, "AKIAENV"),
        ),
        case(
            "a role on the environment without keys there",
            of(&role_on("credential_source = Environment")),
            fails(ProfileBase::Environment, KEPT),
        ),
        case(
            "a credential source without a role",
            of("[default]\ncredential_source = EcsContainer\n").container(),
            signs(profile(ProfileBase::Container), OPAQUE, TASK),
        ),
        case(
            "a source profile without credentials",
            of(&format!("{}[profile base]\nregion = eu-west-1\n", role_on("source_profile = base"))),
            fails(ProfileBase::Keys, KEPT),
        ),
    ]
}

/// Roles with an `mfa_serial`, whose session the AWS CLI has kept. That a code is asked for without one is in `mfa`.
pub(crate) fn roles_that_want_a_code() -> Vec<Case> {
    const DEVICE: &str = "mfa_serial = arn:aws:iam::111122223333:mfa/dev";
    let role = || {
        let session = r#"{"Credentials":{"AccessKeyId":"ASIASESSION","SecretAccessKey":"made/up/secret","SessionToken":"made/up/token","Expiration":"2099-01-01T00:00:00UTC"}}"#;
        Scenario::new()
            .config(&role_on(&format!("source_profile = base\n{DEVICE}")))
            .credentials(BASE_OF_CHAIN)
            .file(".aws/cli/cache/fac8b53a2c3c345e147e0b9f94fed69646f7d9b4.json", session)
    };
    vec![
        case("a role with a device", role(), signs(profile(ProfileBase::Keys), KEPT, "ASIASESSION"))
            .sdk(Sdk::Finds(PULL, "it knows no codes, and asks without one; the AWS CLI asks with one")),
        case(
            "a role with a device of nobody",
            role().config(&role_on(&format!("credential_source = Ec2InstanceMetadata\n{DEVICE}"))),
            Ours::Refused(
                "profile `default` has an `mfa_serial` and a `credential_source`; instead, name the profile of the \
                 user with that MFA device as `source_profile`",
            ),
        )
        .sdk(Sdk::Finds(PULL, "it knows no codes, and asks without one; the AWS CLI asks with one")),
    ]
}

/// Chains that lead nowhere.
pub(crate) fn broken_chains() -> Vec<Case> {
    let of = |config: &str| Scenario::new().config(config);
    vec![
        case(
            "a loop",
            of("[default]\nrole_arn = arn:aws:iam::111122223333:role/A\nsource_profile = b\n\
                [profile b]\nrole_arn = arn:aws:iam::111122223333:role/B\nsource_profile = default\n"),
            Ours::Refused("profile `default` leads back to the source profile `default`"),
        ),
        case(
            "two sources",
            of(&role_on("source_profile = base\ncredential_source = EcsContainer")).credentials(BASE_OF_CHAIN),
            Ours::Refused("profile `default` has both `source_profile` and `credential_source`"),
        ),
        case(
            "a role on nothing",
            of(&role_on("aws_access_key_id = AKIANOT\naws_secret_access_key = made/up/secret")),
            Ours::Refused("profile `default` has a `role_arn` but neither `source_profile` nor `credential_source`"),
        ),
        case(
            "an unknown credential source",
            of(&role_on("credential_source = Wishes")),
            Ours::Refused("`credential_source = Wishes` is not Environment, EcsContainer or Ec2InstanceMetadata"),
        ),
        case(
            "a source profile that doesn't exist",
            of(&role_on("source_profile = base")),
            Ours::Refused("profile `default` names the source profile `base`, which does not exist"),
        )
        .sdk(Sdk::Finds(INSTANCE, "who names a profile wants that one, as with the AWS CLI")),
    ]
}

pub(crate) fn processes() -> Vec<Case> {
    let process = |config: &str| Scenario::new().config(config).program("give-keys", PROCESS_SCRIPT);
    let keys = "aws_access_key_id = AKIANOT\naws_secret_access_key = made/up/secret\n";
    vec![
        case("a program gives keys", process(PROCESS), signs(profile(ProfileBase::Process), OPAQUE, "AKIAPROCESS")),
        case(
            "a program comes before keys of the same profile",
            process(&format!("{PROCESS}{keys}")),
            signs(profile(ProfileBase::Process), OPAQUE, "AKIAPROCESS"),
        ),
        case(
            "a role on what a program gives",
            process(&format!("{}[profile base]\ncredential_process = give-keys\n", role_on("source_profile = base"))),
            signs(profile(ProfileBase::Process), OPAQUE, PULL),
        ),
        case(
            "a role on what a program gives, in one profile",
            process(&format!("{}credential_process = give-keys\n", role_on("source_profile = default"))),
            signs(profile(ProfileBase::Process), OPAQUE, PULL),
        ),
        case(
            "two roles on what a program gives, which the credentials file names",
            process(&format!(
                "{}[profile middle]\nrole_arn = arn:aws:iam::111122223333:role/middle\nsource_profile = base\n",
                role_on("source_profile = middle")
            ))
            .credentials("# no line end\n[base]\ncredential_process = give-keys"),
            signs(profile(ProfileBase::Process), OPAQUE, PULL),
        ),
        case(
            "a program that fails",
            process(PROCESS).program("give-keys", "#!/bin/sh\nexit 3\n"),
            Ours::Fails(profile(ProfileBase::Process), OPAQUE),
        ),
    ]
}

fn sso_of(profile: &str) -> ProfileBase {
    ProfileBase::Sso { profile: profile.to_owned() }
}

pub(crate) fn sso() -> Vec<Case> {
    let session = |config: &str| {
        Scenario::new().config(config).file(TOKEN_OF_SESSION, sso_token("made-up-access-token", NEXT_YEARS))
    };
    let legacy = |config: &str| {
        Scenario::new().config(config).file(TOKEN_OF_START_URL, sso_token("made-up-access-token", NEXT_YEARS))
    };
    let signs_in = || signs(profile(sso_of("default")), KEPT, DEV_BY_SSO);
    let fails = || Ours::Fails(profile(sso_of("default")), KEPT);
    let falls_through = || signs(METADATA, OPAQUE, INSTANCE);
    vec![
        case("a session", session(SSO_SESSION), signs_in()),
        case("without a session, the old way", legacy(LEGACY_SSO), signs_in()),
        case(
            "before keys and a program of the same profile",
            legacy(&format!("{LEGACY_SSO}credential_process = give-keys\naws_access_key_id = AKIANOT\n")),
            signs_in(),
        ),
        case(
            "a role on a session",
            session(&format!("{}{}", role_on("source_profile = dev"), SSO_SESSION.replace("default", "profile dev"))),
            signs(profile(sso_of("dev")), KEPT, PULL),
        ),
        case("nobody has logged in", session(SSO_SESSION).without_file(TOKEN_OF_SESSION), fails()),
        case(
            "a session that is over",
            session(SSO_SESSION).file(TOKEN_OF_SESSION, sso_token("made-up-access-token", PAST_YEARS)),
            fails(),
        ),
        case(
            "a session for other services than credentials",
            session(
                "[default]\nsso_session = corp\n[sso-session corp]\nsso_region = eu-west-1\n\
                     sso_start_url = https://example.awsapps.com/start\n",
            ),
            falls_through(),
        ),
        case(
            "such a session in a profile with keys",
            session(
                "[default]\nsso_session = corp\naws_access_key_id = AKIANOT\naws_secret_access_key = made/up/secret\n\
                     [sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://example.awsapps.com/start\n",
            ),
            falls_through(),
        ),
        case(
            "without a session, and without account and role",
            legacy("[default]\nsso_region = eu-west-1\nsso_start_url = https://example.awsapps.com/start\n"),
            falls_through(),
        ),
        case("an account without a role", legacy(&LEGACY_SSO.replace("sso_role_name = Dev\n", "")), fails()),
        case(
            "a session that isn't in the file",
            session(&SSO_SESSION.replace("[sso-session corp]", "[sso-session other]")),
            fails(),
        ),
        case(
            "a session and a start URL",
            session(&SSO_SESSION.replace("[sso-session", "sso_start_url = x\n[sso-session")),
            fails(),
        ),
        case(
            "without a session and without a region",
            legacy(&LEGACY_SSO.replace("sso_region = eu-west-1\n", "")),
            fails(),
        )
        .sdk(Sdk::Finds(INSTANCE, "an SSO profile that lacks a line is a mistake, no wish for the instance's role")),
    ]
}

/// Profiles that name an SSO session, no account and no role, and have a mistake that the SDK stops at.
pub(crate) fn mistaken_sessions() -> Vec<Case> {
    let with = |config: &str| {
        Scenario::new().config(config).file(TOKEN_OF_SESSION, sso_token("made-up-access-token", NEXT_YEARS))
    };
    let fails = || Ours::Fails(profile(sso_of("default")), KEPT);
    vec![
        case("a session that isn't in the file", with("[default]\nsso_session = corp\n"), fails()),
        case(
            "a session and a web identity token without a role",
            with(
                "[default]\nsso_session = corp\nweb_identity_token_file = {home}/token\n[sso-session corp]\n\
                 sso_region = eu-west-1\nsso_start_url = https://example.awsapps.com/start\n",
            ),
            fails(),
        ),
        case(
            "a session and a start URL",
            with(
                "[default]\nsso_session = corp\nsso_start_url = x\n[sso-session corp]\nsso_region = eu-west-1\n\
                  sso_start_url = https://example.awsapps.com/start\n",
            ),
            fails(),
        ),
    ]
}
