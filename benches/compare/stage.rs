//! What the programs are run in: stand-ins for AWS, and homes with one source of credentials each.
//!
//! The variables that would distort the times (proxies, certificates) aren't those of whoever runs the benchmark: every
//! process gets an environment made here. All contenders share a home; each keeps its cache in a place of its own there.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::clock::{self, Run};
use crate::support::fake_aws::{Api, Behaviour, FakeAws};
use crate::support::proxy::{Forward, Proxy};
use crate::support::sandbox::Sandbox;
use crate::support::tls::TestCa;

/// The registry that is asked for. Its account is the one that the stand-in names in its answers: the Go helper caches by
/// account.
pub const HOST: &str = "000000000000.dkr.ecr.eu-west-1.amazonaws.com";
/// A registry that isn't ECR's.
pub const FOREIGN: &str = "registry.example.com";

/// The names that AWS has for the APIs that are asked over TLS.
const API_HOSTS: [&str; 2] = ["api.ecr.eu-west-1.amazonaws.com", "portal.sso.eu-west-1.amazonaws.com"];

const KEY_ID: &str = "AKIDEXAMPLE";

/// Where the system keeps its certificates in one file.
const SYSTEM_ROOTS: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// The stand-ins, all on loopback.
pub struct Stage {
    /// Speaks HTTP; for whoever lets itself be told an endpoint.
    pub http: FakeAws,
    /// Speaks TLS under AWS's own names; reached through the proxy.
    pub tls: FakeAws,
    proxy: Proxy,
    ca: TestCa,
}

/// Where a cold call goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Roots {
    /// Trusts the authority of the stand-in alone.
    One,
    /// Trusts it, and all that the system trusts.
    System,
}

impl Stage {
    /// Starts the stand-ins.
    pub fn start() -> Self {
        let ca = TestCa::new();
        let tls = FakeAws::start_tls(&ca, &API_HOSTS);
        let proxy = Proxy::start(Forward::To(tls.port()));
        let http = FakeAws::start();
        for aws in [&http, &tls] {
            // The same identity each time: the Go helper's cache tells identities by their keys.
            aws.issue_as(Api::SsoRoleCredentials, "ASIASSO");
            aws.issue_as(Api::MetadataCredentials, "ASIAMETADATA");
        }
        Self { http, tls, proxy, ca }
    }

    /// Both answer a call for a token so much later from now on.
    pub fn delay(&self, delay: Duration) {
        for aws in [&self.http, &self.tls] {
            let behaviour = if delay.is_zero() { Behaviour::Answer } else { Behaviour::Delay(delay) };
            aws.set(Api::EcrToken, behaviour);
        }
    }

    /// The calls for a token that have come, by whichever way.
    pub fn calls(&self) -> usize {
        self.http.calls(Api::EcrToken) + self.tls.calls(Api::EcrToken)
    }

    /// How long the stand-in itself takes for a call over HTTP, asked by a thread that has nothing else to do.
    pub fn ask(&self) -> Duration {
        let request = "POST / HTTP/1.1\r\nHost: api.ecr.eu-west-1.amazonaws.com\r\nConnection: close\r\n\
                       Content-Type: application/x-amz-json-1.1\r\nContent-Length: 2\r\n\
                       X-Amz-Target: AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken\r\n\
                       Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/ecr/aws4_request, \
                       SignedHeaders=host, Signature=00\r\n\r\n{}";
        let mut answer = String::new();
        let started = Instant::now();
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.http.port())).expect("the stand-in listens");
        stream.write_all(request.as_bytes()).expect("the stand-in reads");
        stream.read_to_string(&mut answer).expect("the stand-in answers");
        let took = started.elapsed();
        assert!(answer.contains("authorizationToken"), "{answer}");
        took
    }

    /// A home without credentials. HTTP goes to the endpoint that a variable names; who doesn't know that variable asks
    /// AWS's own names over TLS, and finds the stand-in behind the proxy.
    pub fn home(&self) -> Home {
        Home::of(self.trusting(Sandbox::new().with_aws(&self.http), Roots::One))
    }

    /// With static keys in the environment.
    pub fn static_keys(&self) -> Home {
        self.home().change(|sandbox| sandbox.with_keys(KEY_ID))
    }

    /// With static keys, and no endpoint but AWS's own.
    pub fn over_tls(&self, roots: Roots) -> Home {
        let sandbox = Sandbox::new().without("AWS_ENDPOINT_URL").with_keys(KEY_ID);
        Home::of(self.trusting(sandbox, roots))
    }

    /// With a `credential_process` that takes 100 ms.
    pub fn credential_process(&self) -> Home {
        let home = self.home().change(|sandbox| sandbox.env("AWS_PROFILE", "dev"));
        let program = home.sandbox.program(
            "issue-credentials",
            "#!/bin/sh\nsleep 0.1\n\
             echo '{\"Version\":1,\"AccessKeyId\":\"AKIAPROCESS\",\"SecretAccessKey\":\"a-secret-key-of-the-process\"}'\n",
        );
        home.sandbox.write(".aws/config", format!("[profile dev]\ncredential_process = {}\n", program.display()));
        home
    }

    /// With an SSO session that lasts.
    pub fn sso(&self) -> Home {
        let home = self.home().change(|sandbox| sandbox.env("AWS_PROFILE", "dev"));
        home.sandbox.write(
            ".aws/config",
            "[profile dev]\nsso_start_url = https://example.awsapps.com/start\nsso_region = eu-west-1\n\
             sso_account_id = 111122223333\nsso_role_name = reader\nregion = eu-west-1\n",
        );
        // The SHA-1 of the start URL, as the AWS CLI names the file.
        home.sandbox.write(
            ".aws/sso/cache/e8be5486177c5b5392bd9aa76563515b29358e6e.json",
            r#"{"accessToken":"an-access-token","expiresAt":"2099-01-01T00:00:00Z","region":"eu-west-1","startUrl":"https://example.awsapps.com/start"}"#,
        );
        home
    }

    /// With static keys, and a configuration file with so many rules, none of them for [`HOST`].
    pub fn rules(&self, rules: u64) -> Home {
        let home = self.static_keys();
        let rules = (1..=rules).map(|number| {
            format!(
                "[[registry]]\nmatch   = \"{number:012}.dkr.ecr.*.amazonaws.com\"\nprofile = \"account-{number}\"\n\n"
            )
        });
        home.sandbox.write(".config/ecr-login/config.toml", rules.collect::<String>());
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
        // Go reads the system's directories too unless told others.
        let none = sandbox.path().join("no-certificates");
        fs::create_dir_all(&none).expect("the directory is ours");
        sandbox.env("SSL_CERT_FILE", bundle).env("SSL_CERT_DIR", none).env("HTTPS_PROXY", self.proxy.url())
    }
}

/// All certificates that the system trusts, if it keeps them in a file that is known here.
pub fn system_roots() -> Option<String> {
    SYSTEM_ROOTS.iter().find_map(|path| fs::read_to_string(path).ok())
}

/// A home directory with its environment.
pub struct Home {
    sandbox: Sandbox,
    /// The variables, ready for use: what the harness does for each process is a part of every time.
    environment: Vec<(OsString, OsString)>,
    /// Whether the peer has a token in its cache here.
    pub peer_is_ready: bool,
}

impl Home {
    fn of(sandbox: Sandbox) -> Self {
        let variables = sandbox.command(&[]);
        let variables = variables.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
        Self { environment: variables.collect(), sandbox, peer_is_ready: false }
    }

    fn change(self, change: impl FnOnce(Sandbox) -> Sandbox) -> Self {
        Self::of(change(self.sandbox))
    }

    /// A command that runs a program here.
    pub fn command(&self, program: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).env_clear().envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.current_dir(self.sandbox.path());
        command
    }

    /// Asks a helper for the password of a registry.
    pub fn get(&self, program: &Path, host: &str) -> Run {
        clock::run(self.command(program, &["get"]), host.as_bytes())
    }

    /// A file below the directory of this home that is nobody's.
    pub fn scratch(&self, name: &str) -> PathBuf {
        self.sandbox.path().join(name)
    }

    /// Fills the caches of both helpers with so many tokens, one of them for [`HOST`]. The others are copies of that one,
    /// under names that nobody asks for.
    pub fn fill(&mut self, ours: &Path, peer: Option<&Path>, tokens: usize) {
        let run = self.get(ours, HOST);
        assert!(has_password(&run), "ours: {}", run.stderr);
        copy_entry(&self.sandbox.cache_dir(), tokens);
        if let Some(peer) = peer {
            let run = self.get(peer, HOST);
            self.peer_is_ready = has_password(&run);
            if self.peer_is_ready {
                copy_registry(&self.sandbox.home().join(".ecr/cache.json"), tokens);
            } else {
                println!("  the peer has no password here: {}", run.stderr.trim());
            }
        }
    }

    /// Empties the caches of both.
    pub fn empty(&self) {
        for cache in [self.sandbox.cache_dir(), self.sandbox.home().join(".ecr")] {
            fs::remove_dir_all(cache).ok();
        }
    }
}

/// Whether a `get` was answered with a password.
pub fn has_password(run: &Run) -> bool {
    run.status.success() && run.stdout.starts_with(b"{\"ServerURL\":")
}

/// Gives our cache, a directory with a file for each token, so many of them.
fn copy_entry(cache: &Path, entries: usize) {
    let names = fs::read_dir(cache).expect("ours has just made its cache").map(|entry| entry.expect("an entry").path());
    let token = names.into_iter().find(|path| path.extension() == Some(OsStr::new("token"))).expect("a token");
    for number in 1..entries {
        fs::copy(&token, cache.join(format!("{number:064x}.token"))).expect("the directory is ours");
    }
}

/// Gives the Go helper's cache, one file with all tokens, so many of them.
fn copy_registry(cache: &Path, entries: usize) {
    let text = fs::read_to_string(cache).expect("the peer has just written its cache");
    let mut json: Value = serde_json::from_str(&text).expect("its cache is JSON");
    let registries = json["Registries"].as_object_mut().expect("a map of registries");
    let (key, entry) = registries.iter().next().map(|(key, entry)| (key.clone(), entry.clone())).expect("an entry");
    for number in 1..entries {
        registries.insert(format!("{key}-{number}"), entry.clone());
    }
    fs::write(cache, serde_json::to_vec(&json).expect("it was JSON")).expect("the directory is ours");
}
