//! The whole output of `status` for a home directory, a clock that stands still, and no AWS.

#![expect(clippy::disallowed_methods, reason = "the tests look at the files of a home directory")]

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::path::{MAIN_SEPARATOR, Path};
use std::time::Duration;

use crate::clock::fake::FakeClock;
use crate::clock::{Clock, Timestamp, boot_id};
use crate::commands;
use crate::env::Env;
use crate::error::{Failure, FailureKind};
use crate::fetch::{ExchangeRequest, FetchedToken, RegistryToken, TokenRequest, TokenSource};
use crate::identity::CredentialPlan;
use crate::protocol::{Action, Helpers, Request};
use crate::secret::Secret;
use crate::terminal::Screen;
use crate::token::AuthorizationToken;
use crate::world::{Status, World};

const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
const OTHER_ACCOUNT: &str = "444455556666.dkr.ecr.eu-west-1.amazonaws.com";
const AMERICA: &str = "111122223333.dkr.ecr.us-east-1.amazonaws.com";
const NOW: u64 = 1_795_315_680;
const HOUR: u64 = 3_600;

/// Gives a token of twelve hours, or a failure; or must not be asked.
struct Source<'a> {
    clock: &'a FakeClock,
    failure: Option<FailureKind>,
    needs_code: Cell<bool>,
    is_closed: Cell<bool>,
}

impl TokenSource for Source<'_> {
    fn fetch(&self, _: TokenRequest<'_>) -> Result<FetchedToken, Failure> {
        assert!(!self.is_closed.get(), "`status` asks AWS nothing");
        if let Some(kind) = &self.failure {
            return Err(Failure::new(kind.clone(), ""));
        }
        let expires = self.clock.now().after(Duration::from_hours(12));
        let password = Secret::from("hush-password");
        let token = AuthorizationToken::new("AWS".to_owned(), password, expires).expect("two full parts");
        Ok(FetchedToken { token, access_key_id: "AKIA".to_owned(), request_id: None, warning: None })
    }

    fn exchange(&self, _: ExchangeRequest<'_>) -> Result<RegistryToken, Failure> {
        panic!("`status` exchanges no token")
    }

    fn needs_mfa_code(&self, _: &CredentialPlan, _: Timestamp) -> bool {
        self.needs_code.get()
    }
}

struct NoHelpers;

impl Helpers for NoHelpers {
    fn pass_on(&self, _: &Env, _: &str, _: Action, _: &Request) -> Result<u8, Failure> {
        panic!("`status` runs no process")
    }

    fn list(&self, _: &Env, _: &str, _: Duration) -> Result<BTreeMap<String, String>, Failure> {
        panic!("`status` runs no process")
    }
}

/// A home directory.
struct Stage {
    home: tempfile::TempDir,
    clock: FakeClock,
    variables: Vec<(String, String)>,
    failure: Option<FailureKind>,
    needs_code: bool,
    screen: fn() -> Screen,
}

const TERMINAL: Screen = Screen { stdin: true, stdout: true, stderr: true, columns: Some(100) };

impl Stage {
    fn new(variables: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().expect("a temporary directory");
        let own = [("HOME", ""), ("AWS_ECR_CACHE_DIR", "/cache"), ("AWS_ECR_CONFIG", "/config.toml")];
        let own = own.map(|(name, below)| (name.to_owned(), format!("{}{below}", home.path().display())));
        let given = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let stage = Self {
            clock: FakeClock::at(NOW),
            variables: own.into_iter().chain(given).collect(),
            failure: None,
            needs_code: false,
            screen: Screen::none,
            home,
        };
        stage.write("config.toml", "");
        stage
    }

    fn set(&mut self, name: &str, value: &str) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    fn write(&self, below_home: &str, text: &str) {
        let path = self.home.path().join(below_home);
        fs::create_dir_all(path.parent().expect("below the home")).expect("made");
        fs::write(path, text).expect("written");
    }

    fn run(&self, arguments: &[&str], stdin: &str, is_status: bool) -> (Status, String, String) {
        let env = Env::fixed(self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let source = Source {
            clock: &self.clock,
            failure: self.failure.clone(),
            needs_code: Cell::new(self.needs_code),
            is_closed: Cell::new(is_status),
        };
        let (mut stdin, mut stdout, mut stderr) = (stdin.as_bytes(), Vec::new(), Vec::new());
        let mut world = World {
            env: &env,
            clock: &self.clock,
            source: &source,
            helpers: &NoHelpers,
            random: || 100,
            screen: self.screen,
            stdin: &mut stdin,
            stdout: &mut stdout,
            stderr: &mut stderr,
        };
        let status = if is_status {
            let arguments: Vec<OsString> = ["status"].iter().chain(arguments).map(OsString::from).collect();
            commands::run(&arguments, &mut world)
        } else {
            crate::docker::run(Action::Get, &mut world)
        };
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        (status, text(stdout), text(stderr))
    }

    /// Runs a `get`, which fills the cache.
    fn get(&self, host: &str) {
        let _ = self.run(&[], host, false);
    }

    /// What `status` writes, with `~` for the home directory and `/` in all paths. It changes nothing and shows no secret.
    fn status(&self, arguments: &[&str]) -> String {
        let before = listing(self.home.path());
        let (status, stdout, stderr) = self.run(arguments, "", true);
        assert_eq!((status, stderr.as_str()), (Status::Success, ""), "{arguments:?}");
        assert_eq!(listing(self.home.path()), before);
        assert!(!stdout.contains("hush"), "{stdout}");
        let home = self.home.path().display().to_string();
        let home_in_json = home.escape_default().to_string();
        let stdout = stdout.replace(&home_in_json, "~").replace(&home, "~");
        stdout.replace(r"\\", "/").replace(MAIN_SEPARATOR, "/")
    }
}

/// Every file below a directory, with its contents and the time of its last change.
fn listing(directory: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        let metadata = path.symlink_metadata().expect("metadata");
        lines.push(format!("{} {:?} {:?}", path.display(), metadata.modified(), metadata.permissions()));
        if metadata.is_dir() {
            lines.extend(listing(&path));
        } else {
            lines.push(format!("{:?}", fs::read(&path)));
        }
    }
    lines.sort();
    lines
}

const KEYS: &str = "aws_access_key_id = AKIAFILE\naws_secret_access_key = hush-secret\n";

/// Profiles `prod`, with keys, and `pull`, a role that is assumed with them.
fn with_profiles(profile: &str) -> Stage {
    let stage = Stage::new(&[("AWS_PROFILE", profile)]);
    stage.write(".aws/credentials", &format!("[prod]\n{KEYS}"));
    stage.write(
        ".aws/config",
        "# mine\n[profile pull]\nrole_arn = arn:aws:iam::111122223333:role/pull\nsource_profile = prod\n",
    );
    stage
}

#[test]
fn an_empty_cache_says_so() {
    let stage = Stage::new(&[]);
    assert_eq!(
        stage.status(&[]),
        "\
No token is cached.

cache     ~/cache (0 tokens, 0 B)
config    ~/config.toml (0 rules)
"
    );
}

#[test]
fn the_table_has_every_token_with_its_identity_its_times_and_its_hosts() {
    let mut stage = with_profiles("prod");
    stage.get(HOST);
    stage.get(OTHER_ACCOUNT);
    stage.clock.pass(Duration::from_secs(7 * HOUR));
    stage.set("AWS_PROFILE", "pull");
    stage.get(AMERICA);
    stage.clock.pass(Duration::from_secs(90));
    stage.get("public.ecr.aws");
    let expected = "\
REGION              IDENTITY      AGE      LEFT     STATE
eu-west-1           profile prod  7h 01m   4h 58m   ! stale
  111122223333.dkr.ecr.eu-west-1.amazonaws.com
  444455556666.dkr.ecr.eu-west-1.amazonaws.com
  (the settings select another identity now)
us-east-1 (public)  profile pull  0s       12h 00m  \u{2713} fresh
  public.ecr.aws
us-east-1           profile pull  1m       11h 58m  \u{2713} fresh
  111122223333.dkr.ecr.us-east-1.amazonaws.com

cache     ~/cache (3 tokens, 2 KB)
config    ~/config.toml (0 rules)
";
    assert_eq!(stage.status(&[]), expected);
    // The narrowest terminal, and one without UTF-8.
    stage.set("LANG", "C");
    let ascii = expected.replace("! stale", "!  stale").replace('\u{2713}', "ok");
    assert_eq!(stage.status(&[]), ascii);
}

#[test]
fn an_identity_that_is_too_long_is_cut_in_the_middle_and_a_terminal_has_colours() {
    let mut stage = Stage::new(&[
        ("AWS_WEB_IDENTITY_TOKEN_FILE", concat!(env!("CARGO_MANIFEST_DIR"), "/LICENSE")),
        ("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/pull-for-the-cluster-in-ireland"),
    ]);
    stage.get(HOST);
    let piped = stage.status(&[]);
    let lines: Vec<_> = piped.lines().take(2).collect();
    assert_eq!(
        lines,
        [
            "REGION     IDENTITY                                 AGE      LEFT     STATE",
            "eu-west-1  web identity arn:aw\u{2026}-cluster-in-ireland  0s       12h 00m  \u{2713} fresh",
        ]
    );
    assert!(piped.lines().all(|line| line.chars().count() <= 80));
    stage.screen = || TERMINAL;
    let shown = stage.status(&[]);
    let lines: Vec<_> = shown.lines().take(3).collect();
    assert_eq!(
        lines,
        [
            "\u{1b}[1mREGION     IDENTITY                                                     AGE      LEFT     STATE\u{1b}[0m",
            "eu-west-1  web identity arn:aws:iam::111\u{2026}ll-for-the-cluster-in-ireland  0s       12h 00m  \u{1b}[32m\u{2713}\u{1b}[0m fresh",
            "  \u{1b}[2m111122223333.dkr.ecr.eu-west-1.amazonaws.com\u{1b}[0m",
        ]
    );
    stage.set("NO_COLOR", "1");
    assert!(!stage.status(&[]).contains('\u{1b}'));
}

/// A scenario: its name, its home directory, and the arguments.
type Scenario = (&'static str, Stage, Vec<&'static str>);

/// One registry, in every state that a token and an identity can be in.
fn scenarios() -> Vec<Scenario> {
    let with = |name: &'static str, stage: Stage| (name, stage, vec![HOST]);
    let no_metadata = [("AWS_EC2_METADATA_DISABLED", "true")];
    let keys = [("AWS_ACCESS_KEY_ID", "AKIAENV"), ("AWS_SECRET_ACCESS_KEY", "hush-secret")];
    let mut all = vec![
        with("a role that has never asked", with_profiles("pull")),
        with("keys of the environment", Stage::new(&keys)),
        with("a missing profile", Stage::new(&[("AWS_PROFILE", "gone")])),
        with("no credentials", Stage::new(&no_metadata)),
        ("no credentials for ECR Public", Stage::new(&no_metadata), vec!["public.ecr.aws"]),
        ("a host that isn't ECR's", Stage::new(&[]), vec!["https://Docker.io/v1/"]),
    ];

    let stage = with_profiles("prod");
    stage.get(HOST);
    stage.clock.pass(Duration::from_secs(HOUR));
    all.push(with("a fresh token", stage));

    let stage = with_profiles("prod");
    stage.get(HOST);
    stage.clock.pass(Duration::from_secs(8 * HOUR));
    all.push(with("a stale token", stage));

    let mut stage = with_profiles("prod");
    stage.get(HOST);
    stage.clock.pass(Duration::from_secs(8 * HOUR));
    stage.failure = Some(FailureKind::AccessDenied);
    stage.get(HOST);
    stage.clock.pass(Duration::from_secs(5));
    all.push(with("a stale token after a failure", stage));

    let stage = with_profiles("prod");
    stage.get(HOST);
    stage.clock.pass(Duration::from_secs(13 * HOUR));
    all.push(with("an expired token", stage));

    let mut stage = Stage::new(&[("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9")]);
    stage.failure = Some(FailureKind::ImdsUnreachable);
    stage.get(HOST);
    stage.clock.pass(Duration::from_secs(30));
    all.push(with("a remembered failure", stage));

    let mut stage = with_profiles("pull");
    stage.write(
        ".aws/config",
        "[profile pull]\nrole_arn = arn:aws:iam::111122223333:role/pull\nsource_profile = prod\n\
         mfa_serial = arn:aws:iam::111122223333:mfa/me\n",
    );
    stage.needs_code = true;
    all.push(with("a role that needs a code", stage));

    let stage = with_profiles("pull");
    stage.write(
        ".aws/config",
        "[profile pull]\nrole_arn = arn:aws:iam::111122223333:role/pull\nsource_profile = prod\n\
         mfa_serial = arn:aws:iam::111122223333:mfa/me\n",
    );
    stage.get(HOST);
    all.push(with("a role with a session, and a fresh token", stage));
    let stage = &mut all.last_mut().expect("just pushed").1;
    stage.clock.pass(Duration::from_secs(8 * HOUR));
    stage.needs_code = true;

    let stage = Stage::new(&[("AWS_PROFILE", "dev")]);
    stage.write(".aws/config", "[profile dev]\ncredential_process = key --password hush-password\n");
    all.push(with("a program", stage));

    let stage = Stage::new(&[("AWS_PROFILE", "dev")]);
    stage.write(
        ".aws/config",
        "[profile dev]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = pull\n\
         [sso-session corp]\nsso_start_url = https://corp.example/start\nsso_region = us-east-1\n",
    );
    all.push(with("an SSO session", stage));

    let stage = Stage::new(&keys);
    stage.write(
        "config.toml",
        "[[registry]]\nmatch = \"docker.example.com\"\nregistry = \"444455556666.dkr.ecr-fips.us-east-1.amazonaws.com\"\n\
         profile = \"base\"\nrole_arn = \"arn:aws:iam::444455556666:role/pull\"\n\
         endpoint_url = \"https://user:hush-password@vpce.example\"\n\n[fallback]\nhelper = \"pass\"\n",
    );
    stage.write(".aws/credentials", &format!("[base]\n{KEYS}"));
    all.push(("another name of a registry, by a rule", stage, vec!["docker.example.com"]));

    let stage = Stage::new(&[]);
    stage.write("config.toml", "[fallback]\nhelper = \"pass\"\n");
    all.push(("a host for a fallback", stage, vec!["ghcr.io"]));

    for (name, host) in [("a mistake in the configuration file", HOST), ("a mistake, and a foreign host", "ghcr.io")] {
        let stage = Stage::new(&keys);
        stage.write("config.toml", "[[registry]]\nmatch = \"x.example.com\"\nprofil = \"y\"\n");
        all.push((name, stage, vec![host]));
    }

    let stage = Stage::new(&[keys[0], keys[1], ("AWS_ECR_DISABLE_CACHE", "1"), ("AWS_ECR_CONFIG", "")]);
    all.push(with("without a cache and without a configuration file", stage));

    let stage = Stage::new(&[keys[0], keys[1], ("AWS_ECR_TIMEOUT", "soon"), ("AWS_ECR_STRICT", "true")]);
    all.push(with("a value that is not valid", stage));
    all
}

/// A text whose wrapped lines are joined.
fn one_line_each(text: &str) -> String {
    let mut joined = String::new();
    for line in text.split_inclusive('\n') {
        if line.starts_with("            ") && !line.contains("std") {
            joined.truncate(joined.trim_end().len());
            joined.push(' ');
        }
        joined.push_str(if joined.ends_with(' ') { line.trim_start() } else { line });
    }
    joined
}

/// A text with `N B` for the size of the cache.
fn without_size(text: &str) -> String {
    let line = |line: &str| match line.strip_suffix(" B)").and_then(|line| line.rsplit_once(", ")) {
        Some((before, _)) if line.starts_with("cache") => format!("{before}, N B)\n"),
        _ => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

#[test]
fn a_host_is_told_what_a_get_would_do_and_why() {
    const OF_THE_MACHINE: &str = "a remembered failure";
    let expected = include_str!("../../../tests/status/told.txt").split_inclusive("\n=== ");
    // What instance metadata gave is kept for the machine, on systems that say which one it is.
    let is_told = |name: &str| boot_id().is_some() || !name.starts_with(OF_THE_MACHINE);
    let expected: String = expected.filter(|told| is_told(told)).collect();
    let mut told = String::new();
    for (name, stage, arguments) in scenarios().into_iter().filter(|(name, ..)| is_told(name)) {
        let text = stage.status(&arguments);
        // A single word may be longer than a line.
        let long = text.lines().find(|line| line.chars().count() > 80 && line.trim().contains("  "));
        assert_eq!(long, None, "{text}");
        // Paths are longer than `~`, and the numbers in an entry have more or less digits.
        let text = if name.contains("mistake") { one_line_each(&text) } else { text };
        let _ = write!(told, "=== {name}\n{}\n", without_size(&text));
    }
    assert_eq!(told, expected, "what is told now:\n{told}");
}

#[test]
fn a_cache_that_cannot_be_used_and_entries_that_are_not_are_part_of_the_answer() {
    let mut stage = with_profiles("prod");
    stage.get(HOST);
    stage.get(AMERICA);
    let entries: Vec<_> = fs::read_dir(stage.home.path().join("cache")).expect("a cache").flatten().collect();
    let tokens: Vec<_> = entries
        .iter()
        .map(fs::DirEntry::path)
        .filter(|path| path.extension().is_some_and(|ending| ending == "token"))
        .collect();
    assert_eq!(tokens.len(), 2);
    let mut damaged = fs::read(&tokens[0]).expect("read");
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    fs::write(&tokens[0], damaged).expect("written");
    let text = stage.status(&[]);
    assert_eq!(text.lines().filter(|line| line.contains("fresh")).count(), 1);
    assert!(text.contains("cache     ~/cache (1 token, 1 unusable, "), "{text}");
    // Files of another program, among ours.
    stage.write("cache/notes.token", "hush-hush");
    stage.write("cache/0000000000000000000000000000000000000000000000000000000000000000.token", "hush-hush");
    assert!(stage.status(&[]).contains("cache     ~/cache (1 token, 2 unusable, "));
    // No directory at all.
    stage.set("AWS_ECR_CACHE_DIR", &format!("{}/config.toml", stage.home.path().display()));
    let text = one_line_each(&stage.status(&[]));
    assert_eq!(text.lines().next(), Some("No token is cached."));
    assert!(text.contains("cache     \u{2717} not used: `~/config.toml` is not a directory\n"), "{text}");
    assert!(stage.status(&[HOST]).contains("token     none cached\nget       fetches a token:"));
}

#[test]
fn an_entry_without_a_noted_identity_has_that_of_the_settings_if_they_select_it() {
    let mut stage = with_profiles("prod");
    stage.get(HOST);
    let entries = fs::read_dir(stage.home.path().join("cache")).expect("a cache").flatten();
    for entry in entries.filter(|entry| entry.path().extension().is_some_and(|ending| ending == "hosts")) {
        fs::remove_file(entry.path()).expect("removed");
    }
    assert!(stage.status(&[]).contains("eu-west-1  profile prod  "));
    stage.set("AWS_PROFILE", "pull");
    assert!(stage.status(&[]).contains("eu-west-1  unknown   "));
}

#[test]
fn the_json_has_the_documented_fields() {
    let mut stage = with_profiles("pull");
    stage.get(HOST);
    stage.set("AWS_ECR_DISABLE_CACHE", "");
    stage.clock.pass(Duration::from_secs(7 * HOUR));
    assert_eq!(without_bytes(&stage.status(&["--json"])), include_str!("../../../tests/status/overview.json"));
    assert_eq!(without_bytes(&stage.status(&["--json", HOST])), include_str!("../../../tests/status/host.json"));
}

/// JSON with 0 for the size of the cache.
fn without_bytes(json: &str) -> String {
    let line = |line: &str| match line.split_once("\"bytes\": ") {
        Some((before, _)) => format!("{before}\"bytes\": 0\n"),
        None => format!("{line}\n"),
    };
    json.lines().map(line).collect()
}

#[test]
fn json_is_the_same_facts_in_every_scenario_and_parses() {
    for (name, stage, arguments) in scenarios() {
        let arguments: Vec<_> = arguments.into_iter().chain(["--json"]).collect();
        let json: serde_json::Value = serde_json::from_str(&stage.status(&arguments)).expect(name);
        let state = json["token"]["state"].as_str();
        let expected = ["fresh", "stale", "expired"].into_iter().find(|state| name.contains(&format!("{state} token")));
        if name != "a role with a session, and a fresh token" {
            assert_eq!(state, expected, "{name}");
        }
        assert!(json["get"]["action"].is_string() && json["now"].is_string(), "{name}");
    }
}

#[test]
fn what_is_not_a_host_is_wrong_usage_and_is_not_repeated() {
    let stage = Stage::new(&[]);
    for host in ["https://user:hush@111122223333.dkr.ecr.eu-west-1.amazonaws.com", "", "a b", "ftp://x"] {
        let (status, stdout, stderr) = stage.run(&[host], "", true);
        let usage = "error: HOST must be the host of a registry, such as \
                     `123456789012.dkr.ecr.eu-west-1.amazonaws.com`\n";
        assert_eq!((status, stdout.as_str(), stderr.as_str()), (Status::WrongUsage, "", usage), "{host}");
    }
    let (status, stdout, _) = stage.run(&[HOST, HOST], "", true);
    assert_eq!((status, stdout.as_str()), (Status::WrongUsage, ""));
}

#[test]
fn the_readme_shows_what_a_person_sees() {
    let host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
    let mut stage = Stage::new(&[]);
    let place = |stage: &Stage, name: &str| format!("{}/{name}", stage.home.path().display());
    stage.set("AWS_ECR_CACHE_DIR", &place(&stage, ".cache/ecr-login"));
    stage.set("AWS_ECR_CONFIG", &place(&stage, ".config/ecr-login/config.toml"));
    stage.write(".config/ecr-login/config.toml", "");
    stage.set("AWS_PROFILE", "prod");
    stage.write(".aws/credentials", &format!("[prod]\n{KEYS}"));
    stage.get(host);
    stage.clock.pass(Duration::from_mins(130));
    assert_eq!(stage.status(&[]), crate::commands::transcript("status"));
}
