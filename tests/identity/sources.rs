//! The table of sources: where credentials can come from, and which source wins where several are configured.

pub(crate) mod machines;
pub(crate) mod profiles;

use docker_credential_ecr_login::unstable::{CachePolicy, CredentialSource, MaxAge, ProfileBase};

use super::judge::{Case, Ours, Sdk};
use super::scenario::{Scenario, jwt};

pub(crate) const KEPT: CachePolicy = CachePolicy::Cached(MaxAge::UntilExpiry);
pub(crate) const OPAQUE: CachePolicy = CachePolicy::Cached(MaxAge::OneHour);

const ENVIRONMENT: CredentialSource = CredentialSource::Environment;
const WEB_IDENTITY: CredentialSource = CredentialSource::WebIdentity;
const CONTAINER: CredentialSource = CredentialSource::Container;
const METADATA: CredentialSource = CredentialSource::InstanceMetadata;

/// Who the fake makes of its instance, of its container and of `role/Pull`.
const INSTANCE: &str = "ASIA-instance-role-metadata";
const TASK: &str = "ASIA-task-role-container";
const PULL: &str = "ASIA-Pull-assumed";
const PULL_BY_TOKEN: &str = "ASIA-Pull-web";

pub(crate) const STATIC_PROFILE: &str =
    "[default]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = made/up/secret/of/the/profile\n";

pub(crate) const CHAIN_OF_THREE: &str = "[default]\nrole_arn = arn:aws:iam::111122223333:role/Pull\nsource_profile = middle\n\
     external_id = blue\n[profile middle]\nrole_arn = arn:aws:iam::111122223333:role/Middle\nsource_profile = base\n";
pub(crate) const BASE_OF_CHAIN: &str =
    "[base]\naws_access_key_id = AKIABASE\naws_secret_access_key = made/up/secret/of/the/base\n";

pub(crate) const SSO_SESSION: &str = "[default]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Dev\n\
     [sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://example.awsapps.com/start\n";
pub(crate) const LEGACY_SSO: &str = "[default]\nsso_start_url = https://example.awsapps.com/start\nsso_region = eu-west-1\n\
     sso_account_id = 111122223333\nsso_role_name = Dev\n";

pub(crate) const PROCESS: &str = "[default]\ncredential_process = give-keys --for ecr\n";
pub(crate) const PROCESS_SCRIPT: &str = "#!/bin/sh\n\
     printf '{\"Version\":1,\"AccessKeyId\":\"AKIAPROCESS\",\"SecretAccessKey\":\"made/up/secret/of/the/process\"}'\n";

pub(crate) fn profile(base: ProfileBase) -> CredentialSource {
    named("default", base)
}

fn named(name: &str, base: ProfileBase) -> CredentialSource {
    CredentialSource::Profile { name: name.to_owned(), base }
}

/// A role of `[default]` on top of something else in it.
pub(crate) fn role_on(rest: &str) -> String {
    format!("[default]\nrole_arn = arn:aws:iam::111122223333:role/Pull\n{rest}\n")
}

impl Scenario {
    pub(crate) fn web_identity(self) -> Self {
        self.env("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/Pull")
            .env("AWS_WEB_IDENTITY_TOKEN_FILE", "{home}/token")
            .file("token", jwt("https://issuer", "repo:app", 1))
    }

    pub(crate) fn container(self) -> Self {
        self.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "{aws}/container/credentials")
    }

    pub(crate) fn metadata_disabled(self) -> Self {
        self.env("AWS_EC2_METADATA_DISABLED", "true")
    }
}

fn case(name: &'static str, scenario: Scenario, ours: Ours) -> Case {
    Case { name, scenario, ours, sdk: Sdk::Agrees, container_token: None }
}

impl Case {
    fn sdk(self, sdk: Sdk) -> Self {
        Self { sdk, ..self }
    }

    fn container_token(self, token: &'static str) -> Self {
        Self { container_token: Some(token), ..self }
    }
}

fn signs(source: CredentialSource, keeping: CachePolicy, access_key_id: &'static str) -> Ours {
    Ours::Signs(source, keeping, access_key_id)
}

/// All tables, for what must hold across them.
pub(crate) fn all() -> Vec<Case> {
    let tables = [
        precedence(),
        environment(),
        profiles::static_profiles(),
        profiles::chains(),
        profiles::roles_that_want_a_code(),
        profiles::broken_chains(),
        profiles::processes(),
        profiles::sso(),
        profiles::mistaken_sessions(),
        machines::web_identity(),
        machines::containers(),
        machines::metadata(),
        broken_files(),
        empty_variables(),
        empty_variables_beside_a_container(),
    ];
    tables.into_iter().flatten().collect()
}

/// Everything is configured; then the first source is taken away, and so on.
pub(crate) fn precedence() -> Vec<Case> {
    let metadata = Scenario::new();
    let container = metadata.clone().container();
    let web = container.clone().web_identity();
    let profile_too = web.clone().credentials(STATIC_PROFILE);
    let keys_too = profile_too.clone().keys("AKIAENV");
    vec![
        case("keys win over everything", keys_too.clone(), signs(ENVIRONMENT, KEPT, "AKIAENV")),
        case(
            "keys win over a named profile",
            keys_too.env("AWS_PROFILE", "default"),
            signs(ENVIRONMENT, KEPT, "AKIAENV"),
        ),
        case("a profile wins over web identity", profile_too, signs(profile(ProfileBase::Keys), KEPT, "AKIAPROFILE")),
        case("web identity wins over a container", web, signs(WEB_IDENTITY, KEPT, PULL_BY_TOKEN)),
        case("a container wins over the instance", container, signs(CONTAINER, OPAQUE, TASK)),
        case("the instance is the last", metadata.clone(), signs(METADATA, OPAQUE, INSTANCE)),
        case(
            "nothing is left",
            metadata.metadata_disabled(),
            Ours::Fails(CredentialSource::Nothing, CachePolicy::Never),
        ),
    ]
}

pub(crate) fn environment() -> Vec<Case> {
    let id = || Scenario::new().env("AWS_ACCESS_KEY_ID", "AKIAENV");
    let secret = |scenario: Scenario| scenario.env("AWS_SECRET_ACCESS_KEY", "made/up/secret");
    let from_environment = || signs(ENVIRONMENT, KEPT, "AKIAENV");
    let falls_through = || signs(METADATA, OPAQUE, INSTANCE);
    vec![
        case("both keys", secret(id()), from_environment()),
        case("temporary keys", secret(id()).env("AWS_SESSION_TOKEN", "made/up/session/token"), from_environment()),
        case("the other name of the secret", id().env("SECRET_ACCESS_KEY", "made/up/secret"), from_environment()),
        case(
            "a blank secret and one under its other name",
            id().env("AWS_SECRET_ACCESS_KEY", " ").env("SECRET_ACCESS_KEY", "made/up/secret"),
            from_environment(),
        ),
        case("a blank session token", secret(id()).env("AWS_SESSION_TOKEN", " "), from_environment()),
        case("only the ID", id(), falls_through()),
        case("only the secret", secret(Scenario::new()), falls_through()),
        case("a blank secret", id().env("AWS_SECRET_ACCESS_KEY", " \t"), falls_through()),
        case("a blank secret under its other name", id().env("SECRET_ACCESS_KEY", "  "), falls_through()),
        case("a blank ID", secret(Scenario::new().env("AWS_ACCESS_KEY_ID", "  ")), falls_through()),
        case(
            "only a session token",
            Scenario::new().env("AWS_SESSION_TOKEN", "made/up/session/token"),
            falls_through(),
        ),
        case(
            "only the ID, and a profile",
            id().credentials(STATIC_PROFILE),
            signs(profile(ProfileBase::Keys), KEPT, "AKIAPROFILE"),
        ),
    ]
}

pub(crate) fn broken_files() -> Vec<Case> {
    let config = || Scenario::new().config("[default]\nbroken\n");
    let credentials = || Scenario::new().config(STATIC_PROFILE).credentials("[default\n");
    let directory = || Scenario::new().file(".aws/config/inside", "");
    let latin = || Scenario::new().file(".aws/config", b"# caf\xe9\n".as_slice());
    let from_environment = || signs(ENVIRONMENT, KEPT, "AKIAENV");
    vec![
        case("a broken config file doesn't matter to keys", config().keys("AKIAENV"), from_environment()),
        case("a broken credentials file doesn't matter to keys", credentials().keys("AKIAENV"), from_environment()),
        case("a directory doesn't matter to keys", directory().keys("AKIAENV"), from_environment()),
        case("another encoding doesn't matter to keys", latin().keys("AKIAENV"), from_environment()),
        case(
            "a broken config file",
            config(),
            Ours::Refused("{home}/.aws/config:2: expected `name = value`, but there is no `=`"),
        ),
        case(
            "a broken credentials file",
            credentials(),
            Ours::Refused("{home}/.aws/credentials:1: a section header must end with `]`"),
        ),
        case(
            "a broken config file and web identity",
            config().web_identity(),
            Ours::Refused("{home}/.aws/config:2: expected `name = value`, but there is no `=`"),
        ),
        case("a directory in place of the config file", directory(), signs(METADATA, OPAQUE, INSTANCE)),
        case("a config file in another encoding", latin(), Ours::Refused("`{home}/.aws/config` is not valid UTF-8"))
            .sdk(Sdk::Finds(INSTANCE, "a file that can't be read may say who we are")),
    ]
}

/// Here an empty variable counts as unset; the SDK takes it for a value.
pub(crate) fn empty_variables() -> Vec<Case> {
    let instance = || signs(METADATA, OPAQUE, INSTANCE);
    let why = "CI systems set empty variables for what doesn't exist";
    vec![
        case("keys", Scenario::new().env("AWS_ACCESS_KEY_ID", "").env("AWS_SECRET_ACCESS_KEY", ""), instance()),
        case(
            "a session token",
            Scenario::new().keys("AKIAENV").env("AWS_SESSION_TOKEN", ""),
            signs(ENVIRONMENT, KEPT, "AKIAENV"),
        ),
        case("the switch of the metadata service", Scenario::new().env("AWS_EC2_METADATA_DISABLED", ""), instance()),
        case(
            "a profile",
            Scenario::new().env("AWS_PROFILE", "").credentials(STATIC_PROFILE),
            signs(profile(ProfileBase::Keys), KEPT, "AKIAPROFILE"),
        )
        .sdk(Sdk::Finds(INSTANCE, why)),
        case(
            "the path of a profile file",
            Scenario::new().env("AWS_SHARED_CREDENTIALS_FILE", "").credentials(STATIC_PROFILE),
            signs(profile(ProfileBase::Keys), KEPT, "AKIAPROFILE"),
        )
        .sdk(Sdk::Finds(INSTANCE, why)),
        case(
            "a web identity token file",
            Scenario::new().web_identity().env("AWS_WEB_IDENTITY_TOKEN_FILE", ""),
            instance(),
        )
        .sdk(Sdk::Fails(why)),
        case(
            "the URIs of a container",
            Scenario::new()
                .env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "")
                .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", ""),
            instance(),
        )
        .sdk(Sdk::Fails(why)),
    ]
}

/// Here the SDK's provider reads the empty variables itself, so the mistake is named instead.
pub(crate) fn empty_variables_beside_a_container() -> Vec<Case> {
    let container = || Scenario::new().container();
    let why = "it takes the empty string for a value";
    vec![
        case(
            "the relative URI of a container",
            container().env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", ""),
            Ours::Refused("`AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` is set to the empty string; unset it"),
        )
        .sdk(Sdk::Fails(why)),
        case(
            "the token file of a container",
            container().env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", ""),
            Ours::Refused("`AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE` is set to the empty string; unset it"),
        )
        .sdk(Sdk::Fails(why)),
    ]
}
