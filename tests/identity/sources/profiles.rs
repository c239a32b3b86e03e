//! Profiles: keys, chains of roles and programs.

use docker_credential_ecr_login::unstable::{CachePolicy, ProfileBase};

use super::{
    AS_BOTH, AS_CLI, AS_GO, BASE_OF_CHAIN, CHAIN_OF_THREE, CONTAINER, ENVIRONMENT, INSTANCE, KEPT, METADATA, OPAQUE,
    PROCESS, PROCESS_SCRIPT, PULL, STATIC_PROFILE, TASK, case, named, profile, role_on, signs,
};
use crate::identity::judge::{Case, Ours, Sdk};
use crate::identity::scenario::Scenario;

#[expect(clippy::too_many_lines, reason = "a table")]
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
            "the halves in both files, which are no pair",
            Scenario::new()
                .config("[default]\naws_access_key_id = AKIAPROFILE\n")
                .credentials("[default]\naws_secret_access_key = made/up/secret/of/the/profile\n"),
            Ours::Refused(
                "profile `default` has an `aws_access_key_id` without `aws_secret_access_key` in the same file",
            ),
        )
        .sdk(Sdk::Finds("AKIAPROFILE", AS_BOTH)),
        case(
            "half a pair in the credentials file doesn't hide the pair in the config file",
            Scenario::new().config(STATIC_PROFILE).credentials("[default]\naws_secret_access_key = made/up/other\n"),
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
            Ours::Refused(
                "profile `default` has an `aws_access_key_id` without `aws_secret_access_key` in the same file",
            ),
        ),
        case(
            "only the ID in the credentials file, and a program",
            Scenario::new()
                .config(PROCESS)
                .program("give-keys", PROCESS_SCRIPT)
                .credentials("[default]\naws_access_key_id = AKIAPROFILE\n"),
            Ours::Refused(
                "profile `default` has an `aws_access_key_id` without `aws_secret_access_key` in the same file",
            ),
        )
        .sdk(Sdk::Finds("AKIAPROCESS", AS_BOTH)),
        case(
            "only the secret",
            Scenario::new().credentials("[default]\naws_secret_access_key = made/up/secret\n"),
            falls_through(),
        )
        .sdk(Sdk::Fails(AS_CLI)),
        case(
            "only a session token",
            Scenario::new().credentials("[default]\naws_session_token = made/up/session/token\n"),
            falls_through(),
        )
        .sdk(Sdk::Fails(AS_BOTH)),
        case(
            "`[profile default]` before `[default]`",
            Scenario::new().config(&format!(
                "{}{STATIC_PROFILE}",
                STATIC_PROFILE.replace("default", "profile default").replace("AKIA", "AKIANOT")
            )),
            keys(),
        )
        .sdk(Sdk::Finds("AKIANOTPROFILE", AS_CLI)),
        case(
            "`[default]` before `[profile default]`",
            Scenario::new().config(&format!(
                "{}{}",
                STATIC_PROFILE.replace("AKIA", "AKIANOT"),
                STATIC_PROFILE.replace("default", "profile default")
            )),
            keys(),
        ),
        case(
            "a credential source without a role is ignored",
            Scenario::new().config("[default]\ncredential_source = Ec2InstanceMetadata\n").container(),
            signs(CONTAINER, OPAQUE, TASK),
        )
        .sdk(Sdk::Finds(INSTANCE, AS_CLI)),
        case(
            "a credential source without a role, beside keys",
            Scenario::new()
                .config("[default]\ncredential_source = EcsContainer\n")
                .container()
                .credentials(STATIC_PROFILE),
            signs(profile(ProfileBase::Keys), KEPT, "AKIAPROFILE"),
        )
        .sdk(Sdk::Finds(TASK, AS_CLI)),
        case(
            "a named profile that doesn't exist",
            Scenario::new().env("AWS_PROFILE", "nowhere").credentials(STATIC_PROFILE),
            Ours::Refused("profile `nowhere` is not in the shared configuration files"),
        )
        .sdk(Sdk::Finds(INSTANCE, "the AWS CLI and the Go SDK use the named profile or none")),
        case(
            "the default profile named, but not there",
            Scenario::new().env("AWS_PROFILE", "default").credentials(&dev_in_credentials),
            Ours::Refused("profile `default` is not in the shared configuration files"),
        )
        .sdk(Sdk::Finds(INSTANCE, "the AWS CLI and the Go SDK use the named profile or none")),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
pub(crate) fn chains() -> Vec<Case> {
    let of = |config: &str| Scenario::new().config(config);
    let role = |base: ProfileBase, keeping: CachePolicy| signs(profile(base), keeping, PULL);
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
            of(&format!(
                "{CHAIN_OF_THREE}[profile base]\nrole_arn = arn:aws:iam::111122223333:role/Base\n\
                 credential_source = Ec2InstanceMetadata\n"
            )),
            role(ProfileBase::InstanceMetadata, OPAQUE),
        ),
        case(
            "the instance at the end of a chain without a role on it",
            of(&format!("{CHAIN_OF_THREE}[profile base]\ncredential_source = Ec2InstanceMetadata\n")),
            Ours::Refused("the source profile `base` has no credentials"),
        )
        .sdk(Sdk::Finds(PULL, AS_BOTH)),
        case(
            "a role on the instance, which is switched off",
            of(&role_on("credential_source = Ec2InstanceMetadata")).metadata_disabled(),
            Ours::Refused(
                "`credential_source = Ec2InstanceMetadata`, but the instance metadata service is switched off",
            ),
        ),
        case(
            "a role on a container",
            of(&role_on("credential_source = EcsContainer")).container(),
            role(ProfileBase::Container, OPAQUE),
        ),
        case(
            "a role on a container where there is none",
            of(&role_on("credential_source = EcsContainer")),
            Ours::Refused("`credential_source = EcsContainer`, but no container credentials are configured"),
        ),
        case(
            "a role on the environment, whose keys come first themselves",
            of(&role_on("credential_source = Environment")).keys("AKIAENV"),
            signs(ENVIRONMENT, KEPT, "AKIAENV"),
        ),
        case(
            "a role on the environment without keys there, beside keys",
            of(&role_on(&format!("credential_source = Environment\n{own_keys}"))),
            role(ProfileBase::Keys, KEPT),
        )
        .sdk(Sdk::Fails(AS_GO)),
        case(
            "a role on an unknown source, beside keys",
            of(&role_on(&format!("credential_source = Elsewhere\n{own_keys}"))),
            role(ProfileBase::Keys, KEPT),
        )
        .sdk(Sdk::Fails(AS_GO)),
        case(
            "a role on the environment without keys there, beside keys and a program",
            of(&role_on(&format!("credential_source = Environment\n{own_keys}\ncredential_process = give-keys"))),
            Ours::Refused("`credential_source = Environment`, but the environment has no key pair"),
        ),
        case(
            "a role on the environment without keys there",
            of(&role_on("credential_source = Environment")),
            Ours::Refused("`credential_source = Environment`, but the environment has no key pair"),
        ),
        case(
            "a chain that comes back to a profile with keys",
            of(&format!(
                "{}[profile b]\nrole_arn = arn:aws:iam::111122223333:role/B\nsource_profile = default\n",
                role_on(&format!("source_profile = b\n{own_keys}"))
            )),
            role(ProfileBase::Keys, KEPT),
        )
        .sdk(Sdk::Fails(AS_GO)),
        case(
            "a source profile without credentials",
            of(&format!("{}[profile base]\nregion = eu-west-1\n", role_on("source_profile = base"))),
            Ours::Refused("the source profile `base` has no credentials"),
        ),
    ]
}

/// Roles with neither `source_profile` nor `credential_source`: the AWS CLI refuses them, the Go SDK assumes them.
pub(crate) fn roles_without_a_source() -> Vec<Case> {
    let of = |config: &str| Scenario::new().config(config);
    let role = |base: ProfileBase, keeping: CachePolicy| signs(profile(base), keeping, PULL);
    let own_keys = "aws_access_key_id = AKIABASE\naws_secret_access_key = made/up/secret/of/the/base";
    vec![
        case("on the profile's own keys", of(&role_on(own_keys)), role(ProfileBase::Keys, KEPT)).sdk(Sdk::Fails(AS_GO)),
        case(
            "on the profile's own program",
            of(&role_on("credential_process = give-keys")).program("give-keys", PROCESS_SCRIPT),
            role(ProfileBase::Process, OPAQUE),
        )
        .sdk(Sdk::Fails(AS_GO)),
        case("on the instance", of(&role_on("")), role(ProfileBase::InstanceMetadata, OPAQUE)).sdk(Sdk::Fails(AS_GO)),
        case("on the container", of(&role_on("")).container(), role(ProfileBase::Container, OPAQUE))
            .sdk(Sdk::Fails(AS_GO)),
        case(
            "where there is nothing",
            of(&role_on("")).metadata_disabled(),
            Ours::Refused("profile `default` has a `role_arn` but neither `source_profile` nor `credential_source`"),
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
            "a role on itself alone",
            of(&role_on("source_profile = default")),
            Ours::Refused("profile `default` names itself as `source_profile`, but has no credentials"),
        )
        .sdk(Sdk::Finds(INSTANCE, AS_BOTH)),
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
        .sdk(Sdk::Finds(INSTANCE, AS_BOTH)),
    ]
}

pub(crate) fn processes() -> Vec<Case> {
    let process = |config: &str| Scenario::new().config(config).program("give-keys", PROCESS_SCRIPT);
    let keys = "aws_access_key_id = AKIANOT\naws_secret_access_key = made/up/secret\n";
    let expects_one_argument = "#!/bin/sh\n[ $# = 1 ] && [ \"$1\" = 'team #1 ;x' ] && \
         printf '{\"Version\":1,\"AccessKeyId\":\"AKIAPROCESS\",\"SecretAccessKey\":\"made/up/secret/of/the/process\"}'\n";
    vec![
        case("a program gives keys", process(PROCESS), signs(profile(ProfileBase::Process), OPAQUE, "AKIAPROCESS")),
        case(
            "a program comes before keys of the config file",
            process(&format!("{PROCESS}{keys}")),
            signs(profile(ProfileBase::Process), OPAQUE, "AKIAPROCESS"),
        ),
        case(
            "a program in the credentials file comes before keys of the config file",
            process(&format!("[default]\n{keys}")).credentials(PROCESS),
            signs(profile(ProfileBase::Process), OPAQUE, "AKIAPROCESS"),
        ),
        case(
            "keys of the credentials file come before a program",
            process(PROCESS).credentials(STATIC_PROFILE),
            signs(profile(ProfileBase::Keys), KEPT, "AKIAPROFILE"),
        )
        .sdk(Sdk::Finds("AKIAPROCESS", AS_BOTH)),
        case(
            "keys and a program, both in the credentials file",
            process("").credentials(&format!("{STATIC_PROFILE}credential_process = give-keys\n")),
            signs(profile(ProfileBase::Keys), KEPT, "AKIAPROFILE"),
        )
        .sdk(Sdk::Finds("AKIAPROCESS", AS_BOTH)),
        case(
            "a role on keys that the source profile has beside a program",
            process(&format!("{}[profile base]\ncredential_process = give-keys\n", role_on("source_profile = base")))
                .credentials(BASE_OF_CHAIN),
            signs(profile(ProfileBase::Keys), KEPT, PULL),
        )
        .sdk(Sdk::Finds(PULL, AS_BOTH)),
        case(
            "a command that stands in quotes as a whole",
            process("[default]\ncredential_process = \"give-keys 'team #1 ;x'\"\n")
                .program("give-keys", expects_one_argument),
            signs(profile(ProfileBase::Process), OPAQUE, "AKIAPROCESS"),
        )
        .sdk(Sdk::Fails(AS_GO)),
        case(
            "a program with a blank in its name, in quotes",
            process("[default]\ncredential_process = \"{home}/../bin/give keys\"\n")
                .program("give keys", PROCESS_SCRIPT),
            signs(profile(ProfileBase::Process), OPAQUE, "AKIAPROCESS"),
        ),
        case(
            "a command with what looks like a comment",
            process("[default]\ncredential_process = give-keys \"team #1 ;x\"\n")
                .program("give-keys", expects_one_argument),
            signs(profile(ProfileBase::Process), OPAQUE, "AKIAPROCESS"),
        )
        .sdk(Sdk::Fails(AS_CLI)),
        case(
            "a command that is continued on the next line",
            process("[default]\ncredential_process = give-keys\n    'team #1 ;x'\n")
                .program("give-keys", expects_one_argument),
            signs(profile(ProfileBase::Process), OPAQUE, "AKIAPROCESS"),
        )
        .sdk(Sdk::Fails(AS_CLI)),
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
