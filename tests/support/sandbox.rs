//! A home directory of its own, and the helper run inside it with nothing of the outside environment.
//!
//! Every run starts from an empty environment plus what the test added. Nothing can leave the machine by mistake: unless a
//! test says otherwise, the AWS endpoint and the metadata service are a loopback port where nobody listens.

#[cfg_attr(unix, path = "sandbox/unix.rs")]
#[cfg_attr(windows, path = "sandbox/windows.rs")]
mod platform;
mod run;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::fake_aws::{FakeAws, IssuedSecrets};

pub use run::{NOT_FOUND, Reply, Running};

/// A loopback URL that refuses connections: the discard port, where nobody has listened for decades.
pub const NOBODY: &str = "http://127.0.0.1:9";

/// The directories, the environment and the known secrets of one test; the directories go when it is dropped.
pub struct Sandbox {
    directory: TempDir,
    environment: BTreeMap<OsString, OsString>,
    secrets: Mutex<Vec<String>>,
    issued: Vec<IssuedSecrets>,
}

impl Sandbox {
    /// An empty home, and an environment of `HOME`, `PATH` and the addresses where nobody listens.
    pub fn new() -> Self {
        let directory = tempfile::Builder::new().prefix("ecr-login-test-").tempdir().expect("a temporary directory");
        for name in ["home", "bin"] {
            fs::create_dir(directory.path().join(name)).expect("the directory is new");
        }
        let home = directory.path().join("home");
        let [first, second] = platform::PROGRAMS.map(Path::new);
        let path = std::env::join_paths([&directory.path().join("bin"), first, second]);
        let sandbox = Self { directory, environment: BTreeMap::new(), secrets: Mutex::default(), issued: Vec::new() };
        let cache = home.join(".cache").join("ecr-login");
        platform::with_system(sandbox, &cache)
            .env("HOME", home)
            .env("PATH", path.expect("a temporary directory has no colon in its name"))
            .env("AWS_ENDPOINT_URL", NOBODY)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", NOBODY)
    }

    /// Sets a variable for the runs from now on. The values of variables that hold secrets are remembered as such.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        let (name, value) = (name.as_ref(), value.as_ref());
        if SECRET_VARIABLES.iter().any(|&secret| secret == name) {
            self.secret(&value.to_string_lossy());
        }
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Removes a variable, one of the safety net included.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.environment.remove(OsStr::new(name));
        self
    }

    /// All AWS APIs are this fake (`AWS_ENDPOINT_URL`); what it issues counts as secret.
    #[must_use]
    pub fn with_aws(mut self, aws: &FakeAws) -> Self {
        self.issued.push(aws.secrets());
        self.env("AWS_ENDPOINT_URL", aws.url())
    }

    /// The metadata service is this fake, and is not disabled.
    #[must_use]
    pub fn with_metadata(mut self, aws: &FakeAws) -> Self {
        self.issued.push(aws.secrets());
        self.without("AWS_EC2_METADATA_DISABLED").env("AWS_EC2_METADATA_SERVICE_ENDPOINT", aws.url())
    }

    /// The container credentials are this fake's.
    #[must_use]
    pub fn with_container(mut self, aws: &FakeAws) -> Self {
        self.issued.push(aws.secrets());
        self.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{}/container/credentials", aws.url()))
    }

    /// Static keys in the environment: this access key ID and a secret made up for it.
    #[must_use]
    pub fn with_keys(self, access_key_id: &str) -> Self {
        self.env("AWS_ACCESS_KEY_ID", access_key_id).env("AWS_SECRET_ACCESS_KEY", secret_key_of(access_key_id))
    }

    /// A profile with a session of `aws login` that began with `ASIALOGIN` as its access key ID; its file, as the AWS CLI
    /// leaves it, is returned.
    pub fn with_login_session(&self, profile: &str, expires_at: &str) -> PathBuf {
        const SECRET: &str = "made/up/secret/of/the/login/session/0000";
        const SESSION: &str = "made/up/session/token/of/the/login/session";
        const REFRESH: &str = "made/up/refresh/token/of/the/login/session";
        // Made for this test alone: `openssl ecparam -name prime256v1 -genkey -noout`.
        const KEY: &str = "MHcCAQEEIFmrW/F0Hgh2TK20hEMbSlpl6crNf3peezhZpb9ZevH3oAoGCCqGSM49\n\
                           AwEHoUQDQgAE/btzd3nBQrA6mUbDfX/CgZf9GWb/ZB2K7/KF5IAysanXf6u8deg7\n\
                           VoSq71m9j6KDB62JnKhGu+uHSvUat3bdOw==";
        for secret in [SECRET, SESSION, REFRESH].into_iter().chain(KEY.lines()) {
            self.secret(secret);
        }
        self.write(
            ".aws/config",
            format!("[profile {profile}]\nlogin_session = arn:aws:iam::111122223333:user/Dev\nregion = us-west-2\n"),
        );
        let session = serde_json::json!({
            "accessToken": {
                "accessKeyId": "ASIALOGIN",
                "secretAccessKey": SECRET,
                "sessionToken": SESSION,
                "accountId": "111122223333",
                "expiresAt": expires_at,
            },
            "tokenType": "aws_sigv4",
            "refreshToken": REFRESH,
            "clientId": "arn:aws:signin:::devtools/same-device",
            "dpopKey": format!("-----BEGIN EC PRIVATE KEY-----\n{KEY}\n-----END EC PRIVATE KEY-----\n"),
        });
        // Named by the SHA-256 of the session's ARN.
        let name = "1511961a27eb93a9d2e51b32bdc48424ba941492536ac8fc5094a45cd84ceee0.json";
        self.write(&format!(".aws/login/cache/{name}"), session.to_string())
    }

    /// Remembers a secret, for [`assert_no_secret_in`](Self::assert_no_secret_in).
    pub fn secret(&self, secret: &str) {
        self.lock_secrets().push(secret.to_owned());
    }

    /// The directory that holds everything of this sandbox, `home` and `bin` among it.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The home directory.
    pub fn home(&self) -> PathBuf {
        self.path().join("home")
    }

    /// Where the helper keeps its cache unless told otherwise; made by the helper, not by the sandbox.
    pub fn cache_dir(&self) -> PathBuf {
        self.home().join(".cache").join("ecr-login")
    }

    /// Makes the tokens in the cache look as if they had come this much earlier, and as if they end as much earlier.
    pub fn age_tokens(&self, by: Duration) {
        let entries = fs::read_dir(self.cache_dir()).expect("the helper made it");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        let tokens: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|it| it == "token")).collect();
        assert!(!tokens.is_empty(), "there is no token to age");
        for path in tokens {
            let entry = fs::read_to_string(&path).expect("an entry");
            let (_, json) = entry.split_once('\n').expect("a first line");
            let mut fields: Value = serde_json::from_str(json).expect("JSON");
            let times = ["received", "refresh", "expires", "token_expires"].map(|time| format!("/{time}"));
            for pointer in times.iter().map(String::as_str).chain(["/uptime/seconds"]) {
                let Some(time) = fields.pointer_mut(pointer) else { continue };
                // The machine may have been running for less.
                *time = time.as_u64().expect("seconds").saturating_sub(by.as_secs()).into();
            }
            let json = fields.to_string();
            let key = path.file_stem().and_then(OsStr::to_str).expect("a digest");
            let checksum = crc32fast::hash(format!("{key}{json}").as_bytes());
            fs::write(&path, format!("ecr-login 3 {checksum:08x}\n{json}")).expect("it is ours");
        }
    }

    /// Writes an owner-only file below the home directory, replacing what was there. Secrets in lines such as
    /// `aws_secret_access_key = …` are remembered.
    pub fn write(&self, relative: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let text = String::from_utf8_lossy(contents.as_ref());
        for (name, value) in text.lines().filter_map(|line| line.split_once('=')) {
            if SECRET_SETTINGS.contains(&name.trim()) {
                self.secret(value.trim());
            }
        }
        self.put(&self.home().join(relative), contents.as_ref())
    }

    /// Writes a program that runs find on their `PATH`, such as a fallback helper or a `credential_process`. The script is a
    /// shell's, or a batch file on Windows.
    pub fn program(&self, name: &str, script: &str) -> PathBuf {
        platform::write_program(self, name, script)
    }

    /// A command that runs the helper in this sandbox: the one that cargo built for these tests, or the one that the
    /// variable `ECR_LOGIN_BINARY` names, so that the same tests can judge a release build.
    pub fn command(&self, args: &[&str]) -> Command {
        let binary = std::env::var_os("ECR_LOGIN_BINARY");
        let mut command =
            Command::new(binary.unwrap_or_else(|| env!("CARGO_BIN_EXE_docker-credential-ecr-login").into()));
        command.args(args).env_clear().envs(&self.environment).current_dir(self.home());
        command
    }

    /// Runs the helper to its end.
    pub fn run(&self, args: &[&str], stdin: &[u8]) -> Reply {
        self.spawn(args, stdin).wait()
    }

    /// Runs `get` for a registry host, as Docker does.
    pub fn get(&self, host: &str) -> Reply {
        self.run(&["get"], host.as_bytes())
    }

    /// Starts the helper, with stdin closed after these bytes.
    pub fn spawn(&self, args: &[&str], stdin: &[u8]) -> Running {
        let mut running = self.spawn_with_open_stdin(args);
        running.write_all_and_close(stdin);
        running
    }

    /// Starts the helper and leaves its stdin open and silent until it has ended, as docker-py does for `list`.
    pub fn spawn_with_open_stdin(&self, args: &[&str]) -> Running {
        Running::start(self.command(args))
    }

    /// Checks that nothing this sandbox knows as secret is on stderr, nor on stdout if the run failed.
    ///
    /// # Panics
    /// A secret is there; the message shows the text, whose secrets are made up.
    #[track_caller]
    pub fn assert_no_secret_in(&self, reply: &Reply) {
        self.assert_no_secret_in_text("stderr", reply.stderr.as_bytes());
        if reply.code != Some(0) {
            self.assert_no_secret_in_text("stdout", &reply.stdout);
        }
    }

    /// Checks that nothing this sandbox knows as secret, nor a good part of it, is in a text such as a log file.
    ///
    /// # Panics
    /// A secret is there; the message shows the text, whose secrets are made up.
    #[track_caller]
    pub fn assert_no_secret_in_text(&self, what: &str, text: &[u8]) {
        let text = String::from_utf8_lossy(text);
        for secret in self.known_secrets() {
            for piece in pieces(&secret) {
                assert!(!text.contains(piece), "{what} holds a secret that begins with `{secret:.8}`:\n{text}");
            }
        }
    }

    fn known_secrets(&self) -> Vec<String> {
        let issued = self.issued.iter().flat_map(IssuedSecrets::all);
        self.lock_secrets().iter().cloned().chain(issued).filter(|secret| !secret.is_empty()).collect()
    }

    fn lock_secrets(&self) -> MutexGuard<'_, Vec<String>> {
        self.secrets.lock().expect("no holder panics")
    }

    fn put(&self, path: &Path, contents: &[u8]) -> PathBuf {
        assert!(path.starts_with(self.path()), "{} is outside of the sandbox", path.display());
        fs::create_dir_all(path.parent().expect("a file has a directory")).expect("the directory can be made");
        // Anew, so that the mode holds whatever was there.
        fs::remove_file(path).ok();
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        platform::owner_only(&mut options);
        let written = options.open(path).and_then(|mut file| file.write_all(contents));
        written.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path.to_owned()
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

/// The secret access key that [`Sandbox::with_keys`] makes up.
pub fn secret_key_of(access_key_id: &str) -> String {
    format!("made/up/secret/of/{access_key_id}/{}", "x".repeat(20))
}

const SECRET_VARIABLES: [&str; 5] = [
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
];
const SECRET_SETTINGS: [&str; 3] = ["aws_secret_access_key", "aws_session_token", "aws_security_token"];

/// Parts of a secret that betray it even when it was cut short: its beginning, its middle and its end.
fn pieces(secret: &str) -> impl Iterator<Item = &str> {
    const LENGTH: usize = 20;
    let last = secret.len().saturating_sub(LENGTH);
    [0, last / 2, last]
        .into_iter()
        .map(move |start| secret.get(start..(start + LENGTH).min(secret.len())).unwrap_or(secret))
}
