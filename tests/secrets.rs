//! Where no secret may be: every source of credentials, with everything logged, while it works and while it fails; then all
//! output, the log, every file and the processes that were started are searched for every secret of the scenario.
//!
//! Two things hold secrets on purpose: the password in an answer, and the files of their owners: the cached password, and
//! sessions as the AWS CLI keeps them.
#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "tests are the outside world: they use real files")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use support::fake_aws::{Api, Behaviour, FakeAws};
use support::sandbox::{Reply, Sandbox};

const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
const FOREIGN: &str = "https://index.docker.io/v1/";

/// Writes down what can be seen of a process and of the one that started it.
const SEEN: &str = "tr '\\0' '\\n' </proc/$$/environ >>\"$0.seen\"; tr '\\0' '\\n' </proc/$$/cmdline >>\"$0.seen\"; \
                    tr '\\0' '\\n' </proc/$PPID/cmdline >>\"$0.seen\"\n";

const ROLE: &str = "role_arn = arn:aws:iam::111122223333:role/pull\n";
const KEYS: &str = "aws_access_key_id = AKIAPROFILE\naws_secret_access_key = made/up/secret/of/a/profile/0123456789\n";

/// A home whose credentials come from one source.
struct Scenario {
    name: &'static str,
    aws: FakeAws,
    home: Sandbox,
    /// What the test wrote, with the secrets that a user has there.
    given: BTreeSet<PathBuf>,
}

/// Prepares a home.
type Prepare = fn(&FakeAws, Sandbox) -> Sandbox;

const SCENARIOS: &[(&str, Prepare)] = &[
    ("keys in the environment", |_, home| {
        home.with_keys("AKIAENV").env("AWS_SESSION_TOKEN", "made/up/session/token/of/the/environment/0123456789")
    }),
    ("keys of a profile", |_, home| {
        home.write(
            ".aws/credentials",
            format!("[default]\n{KEYS}aws_session_token = made-up-session-token-of-a-profile\n"),
        );
        home
    }),
    ("a chain of roles", |_, home| {
        home.write(
            ".aws/config",
            format!("[default]\n{ROLE}source_profile = b\nexternal_id = blue\n[profile b]\n{ROLE}source_profile = c\n[profile c]\n{KEYS}"),
        );
        home
    }),
    ("a web identity", |_, home| {
        // The signature is what makes it a secret.
        let token = "e30.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwic3ViIjoicmVwbzphcHAifQ.bWFkZS11cC1zaWduYXR1cmUtb2YtYS10b2tlbg";
        home.secret("bWFkZS11cC1zaWduYXR1cmUtb2YtYS10b2tlbg");
        let file = home.write("token", token);
        home.env("AWS_WEB_IDENTITY_TOKEN_FILE", file).env("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/pull")
    }),
    ("a session of SSO that is refreshed", |_, home| {
        home.write(
            ".aws/config",
            "[default]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Dev\n[sso-session corp]\n\
             sso_region = eu-west-1\nsso_start_url = https://example.awsapps.com/start\n",
        );
        let secrets = ["made-up-old-access-token", "made-up-client-secret-0123", "made-up-refresh-token-0123"];
        for secret in secrets {
            home.secret(secret);
        }
        let session = json!({
            "accessToken": secrets[0],
            "expiresAt": "2020-01-01T00:00:00Z",
            "region": "eu-west-1",
            "startUrl": "https://example.awsapps.com/start",
            "clientId": "made-up-client",
            "clientSecret": secrets[1],
            "refreshToken": secrets[2],
            "registrationExpiresAt": "2099-01-01T00:00:00Z",
        });
        home.write(".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json", session.to_string());
        home
    }),
    ("a session of `aws login` that is renewed", |_, home| {
        home.with_login_session("dev", "2020-01-01T00:00:00Z");
        home.env("AWS_PROFILE", "dev")
    }),
    ("a container", |aws, home| {
        aws.require_container_token("made-up-token-for-the-container");
        home.with_container(aws).env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "made-up-token-for-the-container")
    }),
    ("an instance", |aws, home| home.with_metadata(aws)),
    ("a process", |_, home| {
        home.secret("made/up/secret/of/a/process/0123456789");
        home.secret("made-up-session-token-of-a-process");
        let keys = json!({
            "Version": 1,
            "AccessKeyId": "ASIAPROCESS",
            "SecretAccessKey": "made/up/secret/of/a/process/0123456789",
            "SessionToken": "made-up-session-token-of-a-process",
        });
        home.program("issue", &format!("#!/bin/sh\n{SEEN}echo '{keys}'\n"));
        home.write(
            ".aws/config",
            format!("[default]\n{ROLE}source_profile = p\n[profile p]\ncredential_process = issue --for pull\n"),
        );
        home
    }),
    ("a process that fails and says its secrets", |_, home| {
        home.secret("made-up-password-on-the-command-line");
        home.program("issue", &format!("#!/bin/sh\n{SEEN}echo \"can't log in with $2 or $API_TOKEN\" >&2; exit 1\n"));
        home.write(
            ".aws/config",
            "[default]\ncredential_process = issue --password made-up-password-on-the-command-line\n",
        );
        home.secret("made-up-session-token-for-the-process");
        home.env("API_TOKEN", "unrelated").env("AWS_SESSION_TOKEN", "made-up-session-token-for-the-process")
    }),
    ("a proxy with a password that isn't there", |_, home| {
        home.secret("made-up-password-of-the-proxy");
        let proxy = "http://someone:made-up-password-of-the-proxy@127.0.0.1:9";
        home.with_keys("AKIAPROXY")
            .env("AWS_ENDPOINT_URL", "http://ecr.test")
            .env("HTTP_PROXY", proxy)
            .env("HTTPS_PROXY", proxy)
    }),
    ("an endpoint with a password", |_, home| {
        home.secret("made-up-password-of-the-endpoint");
        home.with_keys("AKIAENDPOINT")
            .env("AWS_ENDPOINT_URL_ECR", "http://someone:made-up-password-of-the-endpoint@127.0.0.1:9/x")
    }),
    ("another helper", |_, home| {
        home.secret("made-up-password-of-another-registry");
        let answer = json!({
            "ServerURL": FOREIGN,
            "Username": "someone",
            "Secret": "made-up-password-of-another-registry",
        });
        home.program(
            "docker-credential-vault",
            &format!(
                "#!/bin/sh\n{SEEN}case $1 in get) echo '{answer}';; list) echo '{{}}';; *) cat >/dev/null;; esac\n"
            ),
        );
        home.write(".config/ecr-login/config.toml", "[fallback]\nhelper = \"vault\"\n");
        home.with_keys("AKIAFALLBACK")
    }),
];

/// Every file below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let entry = entry.expect("an entry");
        if entry.file_type().expect("a type").is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}

impl Scenario {
    fn new(name: &'static str, prepare: Prepare) -> Self {
        let aws = FakeAws::start();
        let home = prepare(&aws, Sandbox::new().with_aws(&aws));
        let log = home.home().join("ecr-login.log");
        let home = home.env("AWS_ECR_LOG", "trace").env("AWS_ECR_LOG_FILE", log).env("AWS_MAX_ATTEMPTS", "1");
        let given = files(home.path()).into_iter().collect();
        Self { name, aws, home, given }
    }

    fn run(&self, verb: &str, stdin: &str) -> Reply {
        let reply = self.home.run(&[verb], stdin.as_bytes());
        let what = format!("{}: {verb}", self.name);
        self.home.assert_no_secret_in_text(&format!("{what}: stderr"), reply.stderr.as_bytes());
        // The password is what was asked for, and nothing else is.
        let mut answer = serde_json::from_slice(&reply.stdout).unwrap_or(Value::Null);
        let rest = match answer.as_object_mut().and_then(|answer| answer.remove("Secret")) {
            Some(_) if reply.code == Some(0) => answer.to_string().into_bytes(),
            _ => reply.stdout.clone(),
        };
        self.home.assert_no_secret_in_text(&format!("{what}: stdout"), &rest);
        reply
    }

    /// Searches what is left behind.
    fn search_files(&self) {
        let mut tokens = 0;
        for path in files(self.home.path()) {
            let relative = path.strip_prefix(self.home.path()).expect("below").display().to_string();
            let what = format!("{}: {relative}", self.name);
            let contents = fs::read(&path).expect("a file");
            if relative.starts_with("home/.cache/") && path.extension().is_some_and(|ending| ending == "token") {
                let json = contents.split(|byte| *byte == b'\n').next_back().expect("a second line");
                let mut entry: Value = serde_json::from_slice(json).expect("an entry");
                assert!(entry["password"].take().is_string(), "{what}");
                self.home.assert_no_secret_in_text(&what, entry.to_string().as_bytes());
                // The search finds it where it is.
                let found = catch_unwind(AssertUnwindSafe(|| self.home.assert_no_secret_in_text(&what, &contents)));
                assert!(found.is_err(), "{what}: the search is blind");
                tokens += 1;
            } else if path.extension().is_some_and(|extension| extension == "seen") {
                let given: Vec<String> = self
                    .home
                    .command(&[])
                    .get_envs()
                    .map(|(name, value)| {
                        format!("{}={}", name.to_string_lossy(), value.unwrap_or_default().to_string_lossy())
                    })
                    .collect();
                let seen = String::from_utf8_lossy(&contents).into_owned();
                assert!(seen.contains("docker-credential-ecr-login") || seen.contains("issue"), "{what}: {seen}");
                // What the client gave, a process has too; and its own command line.
                let own = |line: &&str| given.iter().any(|given| given == line) || line.contains("issue --password");
                let new: Vec<&str> = seen.lines().filter(|line| !own(line)).collect();
                let new = new.join("\n").replace("--password\nmade-up-password-on-the-command-line", "");
                self.home.assert_no_secret_in_text(&what, new.as_bytes());
            } else if !self.given.contains(&path) {
                self.home.assert_no_secret_in_text(&what, &contents);
            }
        }
        println!("{}: {tokens} tokens are cached", self.name);
    }
}

#[test]
fn no_secret_of_any_source_is_in_output_logs_files_or_processes() {
    let mut served = 0;
    for &(name, prepare) in SCENARIOS {
        let scenario = Scenario::new(name, prepare);
        for (verb, stdin) in
            [("get", HOST), ("get", HOST), ("list", ""), ("get", FOREIGN), ("erase", HOST), ("get", HOST)]
        {
            served += usize::from(scenario.run(verb, stdin).code == Some(0) && verb == "get");
        }
        scenario.run("store", &json!({ "ServerURL": FOREIGN, "Username": "u", "Secret": "x" }).to_string());
        scenario.search_files();

        // The same where everything fails, and says what it was asked with.
        let mut echo = "refused".to_owned();
        for request in scenario.aws.requests() {
            let headers = request.headers.iter().map(|(name, value)| format!(" {name}: {value}"));
            echo.extend(headers);
            echo.push_str(&String::from_utf8_lossy(&request.body));
        }
        for secret in scenario.aws.secrets().all() {
            echo.extend([" '", &*secret, "'"]);
        }
        // The signatures in it are opaque, and long after they were good for anything.
        for api in [
            Api::EcrToken,
            Api::AssumeRole,
            Api::AssumeRoleWithWebIdentity,
            Api::SsoRoleCredentials,
            Api::SsoCreateToken,
            Api::SigninToken,
            Api::ContainerCredentials,
            Api::MetadataCredentials,
        ] {
            scenario.run("erase", HOST);
            scenario.aws.set(api, Behaviour::error(400, "ValidationException", &echo));
            scenario.run("get", HOST);
            scenario.aws.set(api, Behaviour::Garbage(echo.clone().into_bytes()));
            scenario.run("get", HOST);
            scenario.aws.set(api, Behaviour::Answer);
        }
        scenario.search_files();
    }
    assert!(served > 20, "only {served} passwords were served");
}
