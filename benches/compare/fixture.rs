//! What the programs run against: fakes of AWS on loopback, and homes with one source of credentials each.
//!
//! Proxies and certificates set in the environment of the benchmark would distort the times, so every
//! process gets an environment made here. All programs share a home; each has its own cache there.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use crate::home::Home;
use crate::support::fake_aws::{Api, Behaviour, FakeAws};
use crate::support::proxy::{Forward, Proxy};
use crate::support::sandbox::Sandbox;
use crate::support::tls::TestCa;

/// The registry that is requested. The fake's answers name its account, because the Go helper caches by account.
pub const HOST: &str = "000000000000.dkr.ecr.eu-west-1.amazonaws.com";
/// A registry other than ECR.
pub const FOREIGN: &str = "registry.example.com";

/// AWS's own names for the APIs that are called over TLS.
const API_HOSTS: [&str; 2] = ["api.ecr.eu-west-1.amazonaws.com", "portal.sso.eu-west-1.amazonaws.com"];

const KEY_ID: &str = "AKIDEXAMPLE";

/// Files in which systems keep their root certificates.
const SYSTEM_ROOTS: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// The fakes of AWS, on loopback.
pub struct Fixture {
    /// Speaks HTTP, for programs that accept an endpoint URL.
    pub http: FakeAws,
    /// Speaks TLS under AWS's own names; the proxy leads to it.
    pub tls: FakeAws,
    proxy: Proxy,
    ca: TestCa,
}

/// The root certificates that a home trusts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Roots {
    /// Only that of the fake.
    One,
    /// That of the fake and all of the system.
    System,
}

impl Fixture {
    /// Starts the fakes.
    pub fn start() -> Self {
        let ca = TestCa::new();
        let tls = FakeAws::start_tls(&ca, &API_HOSTS);
        let proxy = Proxy::start(Forward::To(tls.port()));
        let http = FakeAws::start();
        for aws in [&http, &tls] {
            // The same key ID each time: the Go helper's cache distinguishes identities by it.
            aws.issue_as(Api::SsoRoleCredentials, "ASIASSO");
            aws.issue_as(Api::MetadataCredentials, "ASIAMETADATA");
        }
        Self { http, tls, proxy, ca }
    }

    /// Delays the answers to token requests from now on.
    pub fn delay(&self, delay: Duration) {
        for aws in [&self.http, &self.tls] {
            let behaviour = if delay.is_zero() { Behaviour::Answer } else { Behaviour::Delay(delay) };
            aws.set(Api::EcrToken, behaviour);
        }
    }

    /// The token requests that have arrived so far.
    pub fn calls(&self) -> usize {
        self.http.calls(Api::EcrToken) + self.tls.calls(Api::EcrToken)
    }

    /// The time of one token request over HTTP without any helper: the fake's own share of a cold call.
    pub fn request_time(&self) -> Duration {
        let request = "POST / HTTP/1.1\r\nHost: api.ecr.eu-west-1.amazonaws.com\r\nConnection: close\r\n\
                       Content-Type: application/x-amz-json-1.1\r\nContent-Length: 2\r\n\
                       X-Amz-Target: AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken\r\n\
                       Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/ecr/aws4_request, \
                       SignedHeaders=host, Signature=00\r\n\r\n{}";
        let mut answer = String::new();
        let started = Instant::now();
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.http.port())).expect("the fake listens");
        stream.write_all(request.as_bytes()).expect("the fake reads");
        stream.read_to_string(&mut answer).expect("the fake answers");
        let took = started.elapsed();
        assert!(answer.contains("authorizationToken"), "{answer}");
        took
    }

    /// A home without credentials. A variable names the fake's HTTP endpoint; programs that ignore the variable
    /// call AWS's own names over TLS, and the proxy leads them to the fake.
    pub fn home(&self) -> Home {
        Home::new(self.trusting(Sandbox::new().with_aws(&self.http), Roots::One))
    }

    /// With static keys in the environment.
    pub fn static_keys(&self) -> Home {
        self.home().change(|sandbox| sandbox.with_keys(KEY_ID))
    }

    /// With static keys and AWS's own endpoints.
    pub fn over_tls(&self, roots: Roots) -> Home {
        let sandbox = Sandbox::new().without("AWS_ENDPOINT_URL").with_keys(KEY_ID);
        Home::new(self.trusting(sandbox, roots))
    }

    /// With a `credential_process` that takes 100 ms.
    pub fn credential_process(&self) -> Home {
        let home = self.home().change(|sandbox| sandbox.env("AWS_PROFILE", "dev"));
        let program = home.sandbox().program(
            "issue-credentials",
            "#!/bin/sh\nsleep 0.1\n\
             echo '{\"Version\":1,\"AccessKeyId\":\"AKIAPROCESS\",\"SecretAccessKey\":\"a-secret-key-of-the-process\"}'\n",
        );
        home.sandbox().write(".aws/config", format!("[profile dev]\ncredential_process = {}\n", program.display()));
        home
    }

    /// With a valid SSO session.
    pub fn sso(&self) -> Home {
        let home = self.home().change(|sandbox| sandbox.env("AWS_PROFILE", "dev"));
        home.sandbox().write(
            ".aws/config",
            "[profile dev]\nsso_start_url = https://example.awsapps.com/start\nsso_region = eu-west-1\n\
             sso_account_id = 111122223333\nsso_role_name = reader\nregion = eu-west-1\n",
        );
        // The SHA-1 of the start URL, as the AWS CLI names the file.
        home.sandbox().write(
            ".aws/sso/cache/e8be5486177c5b5392bd9aa76563515b29358e6e.json",
            r#"{"accessToken":"an-access-token","expiresAt":"2099-01-01T00:00:00Z","region":"eu-west-1","startUrl":"https://example.awsapps.com/start"}"#,
        );
        home
    }

    /// With static keys, and a configuration file with this many rules for registries other than [`HOST`].
    pub fn rules(&self, rules: u64) -> Home {
        let home = self.static_keys();
        let rules = (1..=rules).map(|number| {
            format!(
                "[[registry]]\nmatch   = \"{number:012}.dkr.ecr.*.amazonaws.com\"\nprofile = \"account-{number}\"\n\n"
            )
        });
        home.sandbox().write(".config/ecr-login/config.toml", rules.collect::<String>());
        home
    }

    /// With the role of an EC2 instance.
    pub fn metadata(&self) -> Home {
        self.home().change(|sandbox| sandbox.with_metadata(&self.http))
    }

    fn trusting(&self, sandbox: Sandbox, roots: Roots) -> Sandbox {
        let mut bundle = match roots {
            Roots::One => String::new(),
            Roots::System => system_roots().unwrap_or_default(),
        };
        bundle.push_str(self.ca.pem());
        let bundle = sandbox.write("roots.pem", bundle);
        // Without this variable, Go also reads the system's directories.
        let none = sandbox.path().join("no-certificates");
        fs::create_dir_all(&none).expect("the directory is ours");
        sandbox.env("SSL_CERT_FILE", bundle).env("SSL_CERT_DIR", none).env("HTTPS_PROXY", self.proxy.url())
    }
}

/// The system's root certificates, if they are in one of the known files.
pub fn system_roots() -> Option<String> {
    SYSTEM_ROOTS.iter().find_map(|path| fs::read_to_string(path).ok())
}
