//! What a machine is given: web identity tokens, container credentials, the metadata service.

use docker_credential_ecr_login::unstable::{CachePolicy, CredentialSource, ProfileBase};

use super::{
    AS_BOTH, AS_CLI, AS_GO, BASE_OF_CHAIN, CONTAINER, INSTANCE, KEPT, METADATA, OPAQUE, PULL, PULL_BY_TOKEN,
    STATIC_PROFILE, TASK, WEB_IDENTITY, case, profile, role_on, signs,
};
use crate::identity::judge::{Case, Ours, Sdk};
use crate::identity::scenario::{Scenario, jwt};

/// A profile with a role, a token file and more.
fn in_profile(rest: &str) -> Scenario {
    Scenario::new()
        .config(&role_on(&format!("web_identity_token_file = {{home}}/token\n{rest}")))
        .file("token", jwt("https://issuer", "repo:app", 1))
}

pub(crate) fn web_identity_of_two_places() -> Vec<Case> {
    vec![
        case(
            "a token file of the environment, and the role of a profile",
            in_profile("").edit("{home}/token", "{home}/not-there").env("AWS_WEB_IDENTITY_TOKEN_FILE", "{home}/token"),
            signs(WEB_IDENTITY, KEPT, PULL_BY_TOKEN),
        )
        .sdk(Sdk::Fails(AS_CLI)),
        case(
            "a token file of the environment, and the role of a profile without a token file",
            Scenario::new().web_identity().without("AWS_ROLE_ARN").config(&role_on("")),
            Ours::Refused("`AWS_WEB_IDENTITY_TOKEN_FILE` is set, but `AWS_ROLE_ARN` is not"),
        ),
        case(
            "a token file of the environment, and the role of a profile with two sources",
            Scenario::new()
                .web_identity()
                .without("AWS_ROLE_ARN")
                .config(&role_on("source_profile = base\ncredential_source = Ec2InstanceMetadata"))
                .credentials(BASE_OF_CHAIN),
            Ours::Refused("`AWS_WEB_IDENTITY_TOKEN_FILE` is set, but `AWS_ROLE_ARN` is not"),
        ),
    ]
}

pub(crate) fn web_identity() -> Vec<Case> {
    let no_token_file = || Ours::Refused("the token file `{home}/token` does not exist");
    vec![
        case("by the environment", Scenario::new().web_identity(), signs(WEB_IDENTITY, KEPT, PULL_BY_TOKEN)),
        case(
            "by the environment, with a token that is no JWT",
            Scenario::new().web_identity().file("token", "made-up-token"),
            signs(WEB_IDENTITY, KEPT, PULL_BY_TOKEN),
        ),
        case(
            "a role without a token file",
            Scenario::new().web_identity().without("AWS_WEB_IDENTITY_TOKEN_FILE"),
            signs(METADATA, OPAQUE, INSTANCE),
        ),
        case(
            "a token file without a role",
            Scenario::new().web_identity().without("AWS_ROLE_ARN"),
            Ours::Refused("`AWS_WEB_IDENTITY_TOKEN_FILE` is set, but `AWS_ROLE_ARN` is not"),
        )
        .sdk(Sdk::Finds(INSTANCE, AS_BOTH)),
        case("a token file that isn't there", Scenario::new().web_identity().without_file("token"), no_token_file()),
        case(
            "a token file that isn't there, and keys of a profile",
            Scenario::new().web_identity().without_file("token").credentials(STATIC_PROFILE),
            no_token_file(),
        )
        .sdk(Sdk::Finds("AKIAPROFILE", AS_BOTH)),
        case(
            "a token file that is a directory",
            Scenario::new().web_identity().without_file("token").file("token/inside", "x"),
            no_token_file(),
        ),
        case(
            "an empty token file",
            Scenario::new().web_identity().file("token", " \n"),
            Ours::Refused("the token file `{home}/token` is empty"),
        )
        .sdk(Sdk::Finds(PULL_BY_TOKEN, "AWS would refuse the empty token")),
        case(
            "a token with a line end",
            Scenario::new().web_identity().file("token", jwt("https://issuer", "repo:app", 1) + "\r\n"),
            signs(WEB_IDENTITY, KEPT, PULL_BY_TOKEN),
        ).sdk(Sdk::Finds(PULL_BY_TOKEN, "a token has no line end")),
        case("by a profile", in_profile(""), signs(profile(ProfileBase::WebIdentity), KEPT, PULL_BY_TOKEN)),
        case(
            "by a profile, with path and role in quotes",
            Scenario::new()
                .config("[default]\nrole_arn = \"arn:aws:iam::111122223333:role/Pull\"\nweb_identity_token_file = \"{home}/token\"\n")
                .file("token", jwt("https://issuer", "repo:app", 1)),
            signs(profile(ProfileBase::WebIdentity), KEPT, PULL_BY_TOKEN),
        )
        .sdk(Sdk::Fails(AS_GO)),
        case(
            "by a profile, before its source profile",
            in_profile("source_profile = base").credentials(BASE_OF_CHAIN),
            signs(profile(ProfileBase::WebIdentity), KEPT, PULL_BY_TOKEN),
        ),
        case(
            "by a profile, whose token file isn't there",
            in_profile("").without_file("token"),
            no_token_file(),
        ),
        case(
            "by a source profile",
            Scenario::new()
                .config(&format!(
                    "{}[profile ci]\nrole_arn = arn:aws:iam::111122223333:role/Ci\nweb_identity_token_file = {{home}}/token\n",
                    role_on("source_profile = ci")
                ))
                .file("token", jwt("https://issuer", "repo:app", 1)),
            signs(profile(ProfileBase::WebIdentity), KEPT, PULL),
        ),
        case(
            "by a source profile, whose token file isn't there",
            Scenario::new().config(&format!(
                "{}[profile ci]\nrole_arn = arn:aws:iam::111122223333:role/Ci\nweb_identity_token_file = {{home}}/token\n",
                role_on("source_profile = ci")
            )),
            no_token_file(),
        ),
        case(
            "by a profile without a role",
            Scenario::new().config("[default]\nweb_identity_token_file = {home}/token\n").file("token", "x"),
            Ours::Refused("profile `default` has a `web_identity_token_file` but no `role_arn`"),
        ),
    ]
}

pub(crate) fn containers() -> Vec<Case> {
    let container = || Scenario::new().container();
    let task = || signs(CONTAINER, OPAQUE, TASK);
    let relative = || container().env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/made-up");
    vec![
        case("a full URI", container(), task()),
        case("a token", container().env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "made-up-container-token"), task())
            .container_token("made-up-container-token"),
        case(
            "a token file",
            container()
                .env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "{home}/token")
                .file("token", "made-up-container-token"),
            task(),
        )
        .container_token("made-up-container-token"),
        case(
            "a token file wins over a token",
            container()
                .env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "not-this-made-up-token")
                .env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "{home}/token")
                .file("token", "made-up-container-token"),
            task(),
        )
        .container_token("made-up-container-token"),
        case("the token is missing", container(), Ours::Fails(CONTAINER, OPAQUE))
            .container_token("made-up-container-token"),
        case(
            "the token file isn't there",
            container().env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "{home}/token"),
            Ours::Refused("the token file `{home}/token` does not exist"),
        ),
        case(
            "a role on a container whose token file isn't there",
            container()
                .env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "{home}/token")
                .config(&role_on("credential_source = EcsContainer")),
            Ours::Refused("the token file `{home}/token` does not exist"),
        ),
        case(
            "a token file with a line end",
            container()
                .env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "{home}/token")
                .file("token", "made-up-container-token\n"),
            task(),
        )
        .container_token("made-up-container-token")
        .sdk(Sdk::Fails("no token has a line end")),
        case(
            "a service on another machine",
            container().env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://192.0.2.1/container/credentials"),
            Ours::Refused(
                "`AWS_CONTAINER_CREDENTIALS_FULL_URI` must be an `https://` URL, or an `http://` URL of this machine or \
                 of a container service",
            ),
        ),
        case("a relative URI wins over a full one", relative(), signs(CONTAINER, OPAQUE, TASK)).sdk(Sdk::NotAsked),
        case(
            "a relative URI alone",
            relative().without("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
            signs(CONTAINER, OPAQUE, TASK),
        )
        .sdk(Sdk::NotAsked),
    ]
}

pub(crate) fn metadata() -> Vec<Case> {
    let disabled = |value: &str| Scenario::new().env("AWS_EC2_METADATA_DISABLED", value);
    let nothing = || Ours::Fails(CredentialSource::Nothing, CachePolicy::Never);
    let instance = || signs(METADATA, OPAQUE, INSTANCE);
    vec![
        case("switched off", disabled("true"), nothing()),
        case("switched off in other letters", disabled("True"), nothing()),
        case("not switched off by another word", disabled("1"), instance()),
        case(
            "at the endpoint of the profile",
            Scenario::new()
                .without("AWS_EC2_METADATA_SERVICE_ENDPOINT")
                .config("[default]\nec2_metadata_service_endpoint = {aws}\n"),
            instance(),
        ),
        case(
            "at the endpoint of a named profile",
            Scenario::new()
                .without("AWS_EC2_METADATA_SERVICE_ENDPOINT")
                .env("AWS_PROFILE", "here")
                .config("[profile here]\nec2_metadata_service_endpoint = {aws}\n"),
            instance(),
        ),
    ]
}
