//! The table of sources: where credentials can come from, and which source wins where several are configured.

pub(crate) mod machines;
pub(crate) mod profiles;
pub(crate) mod spellings;
pub(crate) mod sso;

use docker_credential_ecr_login::unstable::{CachePolicy, CredentialSource, MaxAge, ProfileBase};

use super::judge::{Case, Ours, Sdk};
use super::scenario::{Scenario, jwt};

pub(crate) const KEPT: CachePolicy = CachePolicy::Cached(MaxAge::UntilExpiry);
pub(crate) const OPAQUE: CachePolicy = CachePolicy::Cached(MaxAge::OneHour);

const ENVIRONMENT: CredentialSource = CredentialSource::Environment;
const WEB_IDENTITY: CredentialSource = CredentialSource::WebIdentity;
const CONTAINER: CredentialSource = CredentialSource::Container;
const METADATA: CredentialSource = CredentialSource::InstanceMetadata;

/// Why a case follows another program than the SDK for Rust.
const AS_CLI: &str = "the AWS CLI does otherwise";
const AS_BOTH: &str = "the AWS CLI and the Go SDK do otherwise";
const AS_GO: &str = "the AWS CLI refuses it, and the Go SDK does otherwise";

/// The access key IDs that the fake gives its instance, its container and `role/Pull`.
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
        profiles::roles_without_a_source(),
        profiles::roles_that_want_a_code(),
        profiles::broken_chains(),
        profiles::processes(),
        sso::profiles(),
        sso::mistaken_profiles(),
        sso::sessions_of_other_services(),
        machines::web_identity(),
        machines::web_identity_of_two_places(),
        machines::containers(),
        machines::metadata(),
        broken_files(),
        empty_variables(),
        empty_properties(),
        spellings::files(),
        spellings::keys(),
        spellings::older_names(),
    ];
    tables.into_iter().flatten().collect()
}

/// Everything is configured; then the first source is taken away, and so on.
pub(crate) fn precedence() -> Vec<Case> {
    let metadata = Scenario::new();
    let container = metadata.clone().container();
    let web = container.clone().web_identity();
    let profile_too = web.clone().credentials(STATIC_PROFILE);
    let role_too = profile_too.clone().config(&role_on("source_profile = base")).credentials(BASE_OF_CHAIN);
    let keys_too = role_too.clone().keys("AKIAENV");
    vec![
        case("keys win over everything", keys_too.clone(), signs(ENVIRONMENT, KEPT, "AKIAENV")),
        case(
            "keys win over a named profile",
            keys_too.env("AWS_PROFILE", "default"),
            signs(ENVIRONMENT, KEPT, "AKIAENV"),
        ),
        case("a role of a profile wins over web identity", role_too, signs(profile(ProfileBase::Keys), KEPT, PULL)),
        case("web identity wins over keys of a profile", profile_too, signs(WEB_IDENTITY, KEPT, PULL_BY_TOKEN))
            .sdk(Sdk::Finds("AKIAPROFILE", AS_BOTH)),
        case(
            "web identity wins over a program",
            web.clone().config(PROCESS).program("give-keys", PROCESS_SCRIPT),
            signs(WEB_IDENTITY, KEPT, PULL_BY_TOKEN),
        )
        .sdk(Sdk::Finds("AKIAPROCESS", AS_BOTH)),
        case(
            "keys of a profile win over a container",
            container.clone().credentials(STATIC_PROFILE),
            signs(profile(ProfileBase::Keys), KEPT, "AKIAPROFILE"),
        ),
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

/// Files with odd lines. The AWS CLI refuses the whole file, the Go SDK skips the line.
pub(crate) fn broken_files() -> Vec<Case> {
    let config = || Scenario::new().config("[default]\nbroken\n");
    let credentials = || Scenario::new().config(STATIC_PROFILE).credentials("[default\n");
    let directory = || Scenario::new().file(".aws/config/inside", "");
    let latin = || Scenario::new().file(".aws/config", b"# caf\xe9\n".as_slice());
    let from_environment = || signs(ENVIRONMENT, KEPT, "AKIAENV");
    let from_profile = || signs(profile(ProfileBase::Keys), KEPT, "AKIAPROFILE");
    vec![
        case("an odd config file doesn't matter to keys", config().keys("AKIAENV"), from_environment()),
        case("an odd credentials file doesn't matter to keys", credentials().keys("AKIAENV"), from_environment()),
        case("a directory doesn't matter to keys", directory().keys("AKIAENV"), from_environment()),
        case("another encoding doesn't matter to keys", latin().keys("AKIAENV"), from_environment()),
        case("a line without a delimiter", config(), signs(METADATA, OPAQUE, INSTANCE)).sdk(Sdk::Fails(AS_GO)),
        case("a header without an end", credentials(), from_profile()).sdk(Sdk::Fails(AS_GO)),
        case(
            "a line without a delimiter, and web identity",
            config().web_identity(),
            signs(WEB_IDENTITY, KEPT, PULL_BY_TOKEN),
        )
        .sdk(Sdk::Fails(AS_GO)),
        case(
            "a line without a delimiter between keys",
            Scenario::new().credentials(&STATIC_PROFILE.replace("aws_secret", "pasted by mistake\naws_secret")),
            from_profile(),
        )
        .sdk(Sdk::Fails(AS_GO)),
        case(
            "text before the first header",
            Scenario::new().credentials(&format!("aws_access_key_id = AKIANOT\n{STATIC_PROFILE}")),
            from_profile(),
        )
        .sdk(Sdk::Fails(AS_GO)),
        case(
            "a name without a value, and one without a name",
            Scenario::new().credentials(&format!("{STATIC_PROFILE}= made-up\nregion\n")),
            from_profile(),
        )
        .sdk(Sdk::Fails(AS_GO)),
        case("a directory instead of the config file", directory(), signs(METADATA, OPAQUE, INSTANCE)),
        case("a config file in another encoding", latin(), signs(METADATA, OPAQUE, INSTANCE)),
        case(
            "keys in a file in another encoding",
            Scenario::new().file(".aws/credentials", [b"# caf\xe9\n", STATIC_PROFILE.as_bytes()].concat()),
            from_profile(),
        )
        .sdk(Sdk::Finds(INSTANCE, AS_GO)),
    ]
}

/// An empty variable counts as unset; the SDK takes some for a value.
pub(crate) fn empty_variables() -> Vec<Case> {
    let instance = || signs(METADATA, OPAQUE, INSTANCE);
    let from_profile = || signs(profile(ProfileBase::Keys), KEPT, "AKIAPROFILE");
    let why = "CI systems set empty variables for what doesn't exist";
    vec![
        case("keys", Scenario::new().env("AWS_ACCESS_KEY_ID", "").env("AWS_SECRET_ACCESS_KEY", ""), instance()),
        case(
            "session tokens",
            Scenario::new().keys("AKIAENV").env("AWS_SESSION_TOKEN", "").env("AWS_SECURITY_TOKEN", ""),
            signs(ENVIRONMENT, KEPT, "AKIAENV"),
        ),
        case("the switch of the metadata service", Scenario::new().env("AWS_EC2_METADATA_DISABLED", ""), instance()),
        case(
            "a profile",
            Scenario::new().env("AWS_PROFILE", "").env("AWS_DEFAULT_PROFILE", "").credentials(STATIC_PROFILE),
            from_profile(),
        )
        .sdk(Sdk::Finds(INSTANCE, why)),
        case(
            "the path of a profile file",
            Scenario::new()
                .env("AWS_SHARED_CREDENTIALS_FILE", "")
                .env("AWS_CONFIG_FILE", "")
                .credentials(STATIC_PROFILE),
            from_profile(),
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
        case(
            "the relative URI of a container beside a full one",
            Scenario::new().container().env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", ""),
            signs(CONTAINER, OPAQUE, TASK),
        )
        .sdk(Sdk::Fails(AS_GO)),
        case(
            "the token and token file of a container",
            Scenario::new()
                .container()
                .env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")
                .env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", ""),
            signs(CONTAINER, OPAQUE, TASK),
        )
        .sdk(Sdk::Fails(AS_GO)),
        case(
            "the token file of a container beside a token",
            Scenario::new()
                .container()
                .env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "made-up-container-token")
                .env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", ""),
            signs(CONTAINER, OPAQUE, TASK),
        )
        .container_token("made-up-container-token")
        .sdk(Sdk::Fails(AS_GO)),
    ]
}

/// An empty property counts as unset, in either file.
pub(crate) fn empty_properties() -> Vec<Case> {
    let of = |config: &str, credentials: &str| Scenario::new().config(config).credentials(credentials);
    let from_profile = || signs(profile(ProfileBase::Keys), KEPT, "AKIAPROFILE");
    let role = "role_arn =\nsource_profile =\ncredential_source =\nweb_identity_token_file =\n";
    let sso = "sso_session =\nsso_account_id =\nsso_role_name =\nsso_start_url =\nsso_region =\n";
    vec![
        case(
            "session tokens",
            of("", &format!("{STATIC_PROFILE}aws_session_token =\naws_security_token =\n")),
            from_profile(),
        ),
        case("a program", of("[default]\ncredential_process =\n", STATIC_PROFILE), from_profile())
            .sdk(Sdk::Fails(AS_BOTH)),
        case("a role", of(&format!("[default]\n{role}"), STATIC_PROFILE), from_profile()).sdk(Sdk::Fails(AS_GO)),
        case("single sign-on", of(&format!("[default]\n{sso}"), STATIC_PROFILE), from_profile()).sdk(Sdk::Fails(AS_GO)),
        case("a login session", of("[default]\nlogin_session =\n", STATIC_PROFILE), from_profile())
            .sdk(Sdk::Fails(AS_BOTH)),
        case(
            "keys in the credentials file beside those of the config file",
            of(STATIC_PROFILE, "[default]\naws_access_key_id =\naws_secret_access_key =\n"),
            from_profile(),
        )
        .sdk(Sdk::Finds("", "an empty value is no key")),
        case(
            "keys, and a program",
            of(PROCESS, "[default]\naws_access_key_id =\naws_secret_access_key =\n")
                .program("give-keys", PROCESS_SCRIPT),
            signs(profile(ProfileBase::Process), OPAQUE, "AKIAPROCESS"),
        ),
        case(
            "what a role can do without",
            of(
                &role_on(
                    "source_profile = base\nexternal_id =\nmfa_serial =\nrole_session_name =\nduration_seconds =\n",
                ),
                BASE_OF_CHAIN,
            ),
            signs(profile(ProfileBase::Keys), KEPT, PULL),
        )
        .sdk(Sdk::Fails(AS_GO)),
        case(
            "an endpoint URL in the environment",
            of(&format!("{}endpoint_url = {{aws}}\n", role_on("source_profile = base")), BASE_OF_CHAIN)
                .env("AWS_ENDPOINT_URL", "")
                .env("AWS_ENDPOINT_URL_STS", ""),
            signs(profile(ProfileBase::Keys), KEPT, PULL),
        )
        .sdk(Sdk::Fails(AS_BOTH)),
        case(
            "an endpoint URL in a section for services",
            of(
                &format!(
                    "[services local]\nsts =\n  endpoint_url =\n{}endpoint_url = {{aws}}\nservices = local\n",
                    role_on("source_profile = base")
                ),
                BASE_OF_CHAIN,
            )
            .without("AWS_ENDPOINT_URL"),
            signs(profile(ProfileBase::Keys), KEPT, PULL),
        )
        .sdk(Sdk::Fails(AS_BOTH)),
        case(
            "the endpoint of the metadata service",
            of("[default]\nec2_metadata_service_endpoint =\nec2_metadata_service_endpoint_mode =\n", ""),
            signs(METADATA, OPAQUE, INSTANCE),
        ),
    ]
}
