//! The tables of changes: what gives another key, and what doesn't.

use std::collections::BTreeMap;

use docker_credential_ecr_login::unstable::CacheKey;

use super::scenario::{Scenario, TOKEN_OF_SESSION, jwt, sso_token};
use super::sources::{BASE_OF_CHAIN, CHAIN_OF_THREE, LEGACY_SSO, PROCESS, SSO_SESSION, STATIC_PROFILE, role_on};
use crate::support::sandbox::{NOBODY, Sandbox};

/// One scenario, and what is changed in it.
pub(crate) struct Table {
    of: &'static str,
    base: Scenario,
    same: Vec<Change>,
    other: Vec<Change>,
}

type Change = (&'static str, fn(Scenario) -> Scenario);

impl Table {
    /// What is wrong with the keys. All keys that differ from the first must differ from one another, too.
    pub(crate) fn faults(&self) -> Vec<String> {
        let sandbox = Sandbox::new();
        let key = |scenario: Scenario| -> CacheKey {
            let variables = scenario.lay_out(&sandbox, NOBODY);
            scenario.scope(&variables).unwrap_or_else(|failure| panic!("{}: {failure:?}", self.of)).0.key()
        };
        let mut seen = BTreeMap::from([(key(self.base.clone()), "what it was")]);
        let mut faults = Vec::new();
        for (what, change) in &self.other {
            if let Some(known) = seen.insert(key(change(self.base.clone())), what) {
                faults.push(format!("{}: {what} gives the key of {known}", self.of));
            }
        }
        for (what, change) in &self.same {
            if key(change(self.base.clone())) != key(self.base.clone()) {
                faults.push(format!("{}: {what} gives another key", self.of));
            }
        }
        faults
    }
}

fn web(scenario: Scenario, issuer: &str, subject: &str, serial: u32) -> Scenario {
    scenario.file("token", jwt(issuer, subject, serial))
}

/// A change of the source gives another key; a change of anything else doesn't.
pub(crate) fn of_sources() -> Vec<Table> {
    let mut tables = of_environment_and_profiles();
    tables.extend(of_sso());
    tables.extend(of_token_files_and_machines());
    tables
}

fn of_environment_and_profiles() -> Vec<Table> {
    let environment = Table {
        of: "keys in the environment",
        base: Scenario::new().keys("AKIAENV").env("AWS_SESSION_TOKEN", "made-up").credentials(STATIC_PROFILE),
        same: vec![
            ("another session token", |s| s.env("AWS_SESSION_TOKEN", "refreshed")),
            ("another profile, which doesn't matter", |s| s.edit_credentials("AKIAPROFILE", "AKIAOTHER")),
            ("another name of a profile, which doesn't matter", |s| s.env("AWS_PROFILE", "nowhere")),
        ],
        other: vec![
            ("another access key ID", |s| s.env("AWS_ACCESS_KEY_ID", "AKIAOTHER")),
            ("no access key ID, so the profile", |s| s.without("AWS_ACCESS_KEY_ID")),
        ],
    };
    let profile = Table {
        of: "a static profile",
        base: Scenario::new()
            .config("# mine\n[default]\nregion = eu-west-1\noutput = json\n[profile dev]\nregion = eu-west-2\n")
            .credentials(&format!("{STATIC_PROFILE}{BASE_OF_CHAIN}")),
        same: vec![
            ("another value of an unrelated profile", |s| s.edit("eu-west-2", "eu-west-3")),
            ("other keys of an unrelated profile", |s| s.edit_credentials("AKIABASE", "AKIAOTHER")),
            ("an unrelated profile more", |s| s.edit("# mine\n", "[profile more]\nrole_arn = x\n")),
            ("an unrelated profile less", |s| s.edit("[profile dev]\nregion = eu-west-2\n", "")),
            ("another comment", |s| s.edit("# mine", "; ours\n\n# all of us")),
            ("another order of the lines", |s| {
                s.edit("region = eu-west-1\noutput = json", "output = json\nregion = eu-west-1")
            }),
            ("another order of the sections", |s| {
                s.config("[profile dev]\nregion = eu-west-2\n[default]\nregion = eu-west-1\noutput = json\n")
            }),
            ("another spelling", |s| s.edit("region = eu-west-1", "Region:eu-west-1")),
            ("an indented file", |s| s.edit("region", "  region").edit("output", "  output")),
            ("a line that can't be read", |s| s.edit("output = json", "output = json\nbroken")),
            ("other line ends", |s| s.edit("\n", "\r\n")),
            ("its name in the environment", |s| s.env("AWS_PROFILE", "default")),
            ("its name in the older variable", |s| s.env("AWS_DEFAULT_PROFILE", "default")),
            ("half a pair in the environment", |s| s.env("AWS_ACCESS_KEY_ID", "AKIAENV")),
            ("a container, which comes later", Scenario::container),
        ],
        other: vec![
            ("another access key ID", |s| s.edit_credentials("AKIAPROFILE", "AKIAOTHER")),
            ("another secret", |s| s.edit_credentials("secret/of/the/profile", "other/of/the/profile")),
            ("a session token", |s| s.edit_credentials("[default]\n", "[default]\naws_session_token = made-up\n")),
            ("another region in it", |s| s.edit("eu-west-1", "eu-west-4")),
            ("another name", |s| s.env("AWS_PROFILE", "base")),
            ("keys in the environment", |s| s.keys("AKIAENV")),
            ("web identity, which comes first", Scenario::web_identity),
            // The file decides: keys of the credentials file come before a program, those of the config file after it.
            ("a line that moves to the other file", |s| {
                s.edit("output = json\n", "").edit_credentials("[default]\n", "[default]\noutput = json\n")
            }),
            // Part of the value for the AWS CLI.
            ("a comment behind a value", |s| s.edit("region = eu-west-1", "region = eu-west-1  # near")),
        ],
    };
    let names = Table {
        of: "two profiles with equal contents",
        base: Scenario::new().credentials(&format!("{STATIC_PROFILE}{}", STATIC_PROFILE.replace("default", "twin"))),
        same: vec![("the twin's secret", |s| s.edit_credentials("[twin]", "[twin]\nregion = eu-west-1"))],
        other: vec![("the twin", |s| s.env("AWS_PROFILE", "twin"))],
    };
    let chain = Table {
        of: "a chain of three profiles",
        base: Scenario::new().config(CHAIN_OF_THREE).credentials(&format!("{BASE_OF_CHAIN}[other]\nregion = x\n")),
        same: vec![
            ("an unrelated profile", |s| s.edit_credentials("region = x", "region = y")),
            ("a comment", |s| s.edit("[profile middle]", "# in the middle\n[profile middle]")),
        ],
        other: vec![
            ("another role at the top", |s| s.edit("role/Pull", "role/Push")),
            ("another external ID", |s| s.edit("blue", "red")),
            ("a session name", |s| s.edit("external_id", "role_session_name = me\nexternal_id")),
            ("another role in the middle", |s| s.edit("role/Middle", "role/Center")),
            ("the role of another account", |s| s.edit("111122223333:role/Middle", "444455556666:role/Middle")),
            ("another access key ID at the base", |s| s.edit_credentials("AKIABASE", "AKIAOTHER")),
            ("another secret at the base", |s| s.edit_credentials("secret/of/the/base", "other/of/the/base")),
            ("no middle", |s| s.edit("source_profile = middle", "source_profile = base")),
        ],
    };
    let process = Table {
        of: "a program",
        base: Scenario::new().config(&format!("{PROCESS}[profile dev]\ncredential_process = other\n")),
        same: vec![("an unrelated program", |s| s.edit("other", "another"))],
        other: vec![
            ("another argument", |s| s.edit("--for ecr", "--for s3")),
            ("another program", |s| s.edit("give-keys", "take-keys")),
            ("a role on it", |s| {
                s.edit("[default]\n", "[default]\nrole_arn = arn:aws:iam::1:role/a\nsource_profile = default\n")
            }),
        ],
    };
    vec![environment, profile, names, chain, process]
}

fn of_sso() -> Vec<Table> {
    let session = Table {
        of: "an SSO session",
        base: Scenario::new()
            .config(&format!("{SSO_SESSION}[sso-session other]\nsso_region = us-east-1\n"))
            .file(TOKEN_OF_SESSION, sso_token("made-up-access-token", "2099-01-01T00:00:00Z")),
        same: vec![
            ("an unrelated session", |s| s.edit("us-east-1", "us-east-2")),
            ("a session that is over", |s| s.file(TOKEN_OF_SESSION, sso_token("made-up", "2019-01-01T00:00:00Z"))),
            ("nobody logged in any more", |s| s.without_file(TOKEN_OF_SESSION)),
        ],
        other: vec![
            ("another account", |s| s.edit("111122223333", "444455556666")),
            ("another role", |s| s.edit("= Dev", "= Admin")),
            ("another start URL", |s| s.edit("example.awsapps", "other.awsapps")),
            ("another region", |s| s.edit("eu-west-1", "eu-west-2")),
            ("another session of equal contents", |s| s.edit("corp", "company")),
        ],
    };
    let legacy = Table {
        of: "SSO without a session",
        base: Scenario::new().config(LEGACY_SSO),
        same: vec![("a session that nobody names", |s| {
            s.edit("[default]", "[sso-session corp]\nsso_region = x\n[default]")
        })],
        other: vec![
            ("another account", |s| s.edit("111122223333", "444455556666")),
            ("another role", |s| s.edit("= Dev", "= Admin")),
            ("another start URL", |s| s.edit("example.awsapps", "other.awsapps")),
            ("another region", |s| s.edit("eu-west-1", "eu-west-2")),
        ],
    };
    vec![session, legacy]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn of_token_files_and_machines() -> Vec<Table> {
    let web_identity = Table {
        of: "web identity in the environment",
        base: Scenario::new().web_identity(),
        same: vec![
            ("a rotated token of the same subject", |s| web(s, "https://issuer", "repo:app", 2)),
            ("a line end behind the token", |s| s.file("token", jwt("https://issuer", "repo:app", 2) + "\n")),
            ("a container, which comes later", Scenario::container),
            ("a profile that isn't asked", |s| s.credentials(BASE_OF_CHAIN)),
        ],
        other: vec![
            ("another subject", |s| web(s, "https://issuer", "repo:other", 1)),
            ("another issuer", |s| web(s, "https://other", "repo:app", 1)),
            ("a token that is no JWT", |s| s.file("token", "made-up-token")),
            ("another token that is no JWT", |s| s.file("token", "other-made-up-token")),
            ("another role", |s| s.env("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/Push")),
            ("another token file", |s| {
                let moved = s.env("AWS_WEB_IDENTITY_TOKEN_FILE", "{home}/moved");
                moved.file("moved", jwt("https://issuer", "repo:app", 1))
            }),
        ],
    };
    let web_identity_of_profile = Table {
        of: "web identity in a profile",
        base: web(
            Scenario::new().config(&role_on("web_identity_token_file = {home}/token")),
            "https://issuer",
            "repo:app",
            1,
        ),
        same: vec![("a rotated token of the same subject", |s| web(s, "https://issuer", "repo:app", 2))],
        other: vec![
            ("another subject", |s| web(s, "https://issuer", "repo:other", 1)),
            ("another issuer", |s| web(s, "https://other", "repo:app", 1)),
            ("another role", |s| s.edit("role/Pull", "role/Push")),
            ("a session name", |s| s.edit("role_arn", "role_session_name = me\nrole_arn")),
            ("another token file", |s| {
                s.edit("{home}/token", "{home}/moved").file("moved", jwt("https://issuer", "repo:app", 1))
            }),
        ],
    };
    let container = Table {
        of: "a container",
        base: web(
            Scenario::new().container().env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "{home}/token"),
            "https://issuer",
            "pod:app",
            1,
        ),
        same: vec![
            ("a rotated token of the same subject", |s| web(s, "https://issuer", "pod:app", 2)),
            ("a token beside the file", |s| s.env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "made-up")),
            ("another metadata service, which comes later", |s| {
                s.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1")
            }),
        ],
        other: vec![
            ("another subject", |s| web(s, "https://issuer", "pod:other", 1)),
            ("another issuer", |s| web(s, "https://other", "pod:app", 1)),
            ("another URI", |s| s.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "{aws}/other")),
            ("a relative URI", |s| s.env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/made-up")),
            ("another relative URI", |s| s.env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/other")),
            ("no token", |s| s.without("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")),
            ("a token in the environment", |s| {
                let without = s.without("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
                without.env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "made-up")
            }),
            ("another token in the environment", |s| {
                let without = s.without("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
                without.env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "other")
            }),
        ],
    };
    let metadata = Table {
        of: "the metadata service",
        base: Scenario::new().config("[default]\nregion = eu-west-1\n"),
        same: vec![
            ("another region of the profile", |s| s.edit("eu-west-1", "eu-west-2")),
            ("half a pair in the profile", |s| s.edit("region", "aws_secret_access_key")),
            ("an endpoint of the profile, which the variable wins over", |s| {
                s.edit("region =", "ec2_metadata_service_endpoint =")
            }),
            ("a mode of the endpoint, which the URL wins over", |s| {
                s.env("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6")
            }),
        ],
        other: vec![
            ("another endpoint", |s| s.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1")),
            ("another mode of the endpoint", |s| {
                let without = s.without("AWS_EC2_METADATA_SERVICE_ENDPOINT");
                without.env("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6")
            }),
            ("another endpoint of the profile", |s| {
                let without = s.without("AWS_EC2_METADATA_SERVICE_ENDPOINT");
                without.edit("region = eu-west-1", "ec2_metadata_service_endpoint = http://127.0.0.1:2")
            }),
            ("switched off", |s| s.metadata_disabled()),
            ("a role on it", |s| {
                s.edit(
                    "region = eu-west-1",
                    "role_arn = arn:aws:iam::1:role/a\ncredential_source = Ec2InstanceMetadata",
                )
            }),
        ],
    };
    vec![web_identity, web_identity_of_profile, container, metadata]
}

/// What is asked of whom: the registry's side of the key.
pub(crate) fn of_registries() -> Vec<Table> {
    let fips = Table {
        of: "a FIPS host",
        base: Scenario::new().keys("AKIAENV").host("111122223333.dkr.ecr-fips.us-east-1.amazonaws.com"),
        same: vec![
            ("the dual-stack FIPS host", |s| s.host("111122223333.dkr-ecr-fips.us-east-1.on.aws")),
            ("the switch in the environment and a plain host", |s| {
                s.env("AWS_USE_FIPS_ENDPOINT", "true").host("111122223333.dkr.ecr.us-east-1.amazonaws.com")
            }),
            ("the switch in the profile and a plain host", |s| {
                let switched = s.config("[default]\nuse_fips_endpoint = true\n");
                switched.host("111122223333.dkr.ecr.us-east-1.amazonaws.com")
            }),
        ],
        other: vec![("a plain host", |s| s.host("111122223333.dkr.ecr.us-east-1.amazonaws.com"))],
    };
    let private = Table {
        of: "a private registry",
        base: Scenario::new().keys("AKIAENV").config("[services ecr]\necr =\n  endpoint_url = http://127.0.0.1:1\n"),
        same: vec![
            ("another account", |s| s.host("444455556666.dkr.ecr.us-east-1.amazonaws.com")),
            ("the dual-stack host", |s| s.host("111122223333.dkr-ecr.us-east-1.on.aws")),
            ("dual-stack by the environment", |s| s.env("AWS_USE_DUALSTACK_ENDPOINT", "true")),
            ("the endpoint of the other service", |s| s.env("AWS_ENDPOINT_URL_ECR_PUBLIC", "http://127.0.0.1:1")),
        ],
        other: vec![
            ("another region", |s| s.host("111122223333.dkr.ecr.us-east-2.amazonaws.com")),
            ("another partition", |s| s.host("111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn")),
            ("the other service", |s| s.host("public.ecr.aws")),
            ("the FIPS host", |s| s.host("111122223333.dkr.ecr-fips.us-east-1.amazonaws.com")),
            ("another endpoint", |s| s.env("AWS_ENDPOINT_URL_ECR", "http://127.0.0.1:1")),
            ("no endpoint", |s| s.without("AWS_ENDPOINT_URL")),
            ("another endpoint of the profile", |s| {
                s.without("AWS_ENDPOINT_URL")
                    .edit("[services", "[default]\nendpoint_url = http://127.0.0.1:2\n[services")
            }),
            ("another endpoint of a services section", |s| {
                s.without("AWS_ENDPOINT_URL").edit("[services", "[default]\nservices = ecr\n[services").edit(":1", ":3")
            }),
        ],
    };
    vec![private, fips]
}

/// What decides on the session at STS, beside the role and the token.
pub(crate) fn of_role_sessions() -> Vec<Table> {
    vec![Table {
        of: "web identity in the environment",
        base: Scenario::new().web_identity().env("AWS_ENDPOINT_URL_ECR", "http://127.0.0.1:1"),
        same: vec![
            ("the same endpoint of STS by its own variable", |s| s.env("AWS_ENDPOINT_URL_STS", NOBODY)),
            ("the same endpoint of STS by the profile", |s| {
                s.without("AWS_ENDPOINT_URL").config(&format!("[default]\nendpoint_url = {NOBODY}\n"))
            }),
            ("the same endpoint of STS by a services section", |s| {
                let section =
                    format!("[default]\nservices = local\n[services local]\nsts =\n  endpoint_url = {NOBODY}\n");
                s.without("AWS_ENDPOINT_URL").config(&section)
            }),
            ("an empty endpoint of STS", |s| s.env("AWS_ENDPOINT_URL_STS", "")),
        ],
        other: vec![
            ("the name of the session", |s| s.env("AWS_ROLE_SESSION_NAME", "me")),
            ("another name of the session", |s| s.env("AWS_ROLE_SESSION_NAME", "you")),
            ("another endpoint of STS", |s| s.env("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:2")),
            ("another endpoint of every service but ECR", |s| s.env("AWS_ENDPOINT_URL", "http://127.0.0.1:3")),
        ],
    }]
}
