//! A report names nobody: no account, host, profile, role, file or user.

use crate::machine::{doctor, machine};
use crate::support::fake_aws::{Api, Behaviour, FakeAws};
use crate::support::sandbox::Sandbox;

const OTHER: &str = "444455556666.dkr.ecr.eu-west-1.amazonaws.com";

const KEYS: &str = "aws_access_key_id = AKIDTAPIR\naws_secret_access_key = made/up/secret/of/a/profile\n";

/// What the machines below are full of.
const NAMES: [&str; 12] = [
    "444455556666",
    "111122223333",
    "zebra",
    "okapi",
    "giraffe",
    "lemur",
    "ocelot",
    "tapir",
    "s3cr3t",
    "AKIDTAPIR",
    "jaguar",
    "ecr-login-test-",
];

#[track_caller]
fn assert_names_nobody(sandbox: &Sandbox, arguments: &[&str]) {
    for more in [&["--report"][..], &["--report", "--json"]] {
        let said = doctor(sandbox, &[arguments, more].concat()).stdout_text();
        for name in NAMES {
            assert!(!said.contains(name), "{name}:\n{said}");
        }
        // It is still of use.
        assert!(said.contains("docker-credential-ecr-login") && said.contains(env!("CARGO_PKG_VERSION")), "{said}");
    }
}

#[test]
fn a_report_of_a_machine_that_is_well_names_nobody() {
    let aws = FakeAws::start();
    let sandbox = machine(&aws);
    assert_names_nobody(&sandbox, &[OTHER]);
    let rule = format!("[[registry]]\nmatch = \"docker.ocelot.example\"\nregistry = \"{OTHER}\"\n");
    let file = sandbox.write("ocelot/rules-of-jaguar.toml", rule);
    let sandbox = sandbox.env("AWS_ECR_CONFIG", file);
    assert_names_nobody(&sandbox, &["docker.ocelot.example"]);
    assert_names_nobody(&sandbox, &["unknown.giraffe.example"]);
    let said = doctor(&sandbox, &[OTHER, "--report"]).stdout_text();
    assert!(said.contains("variables: ") && said.contains("AWS_ECR_CONFIG"), "{said}");
    assert!(said.contains("<account 1>.dkr.ecr.eu-west-1.amazonaws.com\n"), "{said}");
}

#[test]
fn a_report_of_a_broken_machine_names_nobody() {
    let aws = FakeAws::start();
    let profile = |name: &str, config: &str| {
        let sandbox = machine(&aws).without("AWS_ACCESS_KEY_ID").without("AWS_SECRET_ACCESS_KEY");
        sandbox.write(".aws/config", config);
        sandbox.env("AWS_PROFILE", name).env("AWS_MAX_ATTEMPTS", "1")
    };
    let role = "role_arn = arn:aws:iam::111122223333:role/giraffe\nsource_profile = okapi\n";
    for config in [
        format!("[profile zebra]\n{role}"),
        format!("[profile zebra]\n{role}[profile okapi]\n{KEYS}"),
        format!("[profile zebra]\nmfa_serial = arn:aws:iam::111122223333:mfa/lemur\n{role}[profile okapi]\n{KEYS}"),
        format!("[profile zebrah]\n{KEYS}"),
        format!("[profile okapi]\n{KEYS}"),
        "[profile zebra]\ncredential_process = tapir get jaguar\n".to_owned(),
        "[profile zebra]\ncredential_process = /bin/sh -c 'echo giraffe 444455556666 >&2; exit 1'\n".to_owned(),
        "[profile zebra]\nsso_session = lemur\nsso_account_id = 444455556666\nsso_role_name = giraffe\n\
         [sso-session lemur]\nsso_region = eu-west-1\nsso_start_url = https://okapi.awsapps.com/start\n"
            .to_owned(),
    ] {
        assert_names_nobody(&profile("zebra", &config), &[OTHER]);
    }
    let message = "User: arn:aws:sts::444455556666:assumed-role/giraffe/lemur is not authorized";
    aws.set(Api::EcrToken, Behaviour::error(400, "AccessDeniedException", message));
    assert_names_nobody(&machine(&aws), &[OTHER]);
    let proxy = machine(&aws)
        .env("AWS_ENDPOINT_URL", "https://10.255.0.1")
        .env("HTTPS_PROXY", "http://okapi:s3cr3t@127.0.0.1:9");
    assert_names_nobody(&proxy, &[OTHER]);
    let missing = machine(&aws).env("AWS_CA_BUNDLE", "/home/jaguar/ocelot.pem");
    assert_names_nobody(&missing, &[OTHER]);
    let sandbox = machine(&aws);
    sandbox.write(".config/ecr-login/config.toml", "[[registry]]\nmatch = \"444455556666\"\nprofil = \"zebra\"\n");
    assert_names_nobody(&sandbox, &[OTHER]);
    sandbox.write(".config/ecr-login/config.toml", "[[registry]]\nmatch = \"zebra.example\"\n");
    assert_names_nobody(&sandbox.env("AWS_ECR_CACHE_DIR", "/nonexistent/ocelot"), &[OTHER]);
    let clients = machine(&aws);
    let helpers =
        format!("{{\"https://{OTHER}\": \"ecr-login\", \"{OTHER}\": \"jaguar\", \"*.lemur.example\": \"ecr-login\"}}");
    clients.write(".docker/config.json", format!("{{\"credsStore\": \"okapi\", \"credHelpers\": {helpers}}}"));
    assert_names_nobody(&clients, &[OTHER]);
    assert_names_nobody(&clients, &[]);
    clients.write(".docker/config.json", "{\"credHelpers\": {\"giraffe.example\": 1}}");
    assert_names_nobody(&clients, &[OTHER]);
    clients.write(".aws/config", "[profile zebra]\nrole_arn = \"giraffe\"\nokapi\n");
    assert_names_nobody(&clients.env("DOCKER_AUTH_CONFIG", "lemur"), &[OTHER]);
}
