//! The policy on two byte buffers, a clock moved by hand, and a source of tokens that answers what a test says.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::run;
use crate::aws::AwsSettings;
use crate::cache::{Cache, LockGuard, TryLock};
use crate::clock::fake::FakeClock;
use crate::clock::{Clock, Timestamp};
use crate::env::Env;
use crate::error::{Failure, FailureKind};
use crate::fetch::{ExchangeRequest, FetchedToken, MfaPrompt, RegistryToken, TokenRequest, TokenSource};
use crate::identity::CredentialPlan;
use crate::options::CacheEncryption;
use crate::protocol::{Action, Helpers, Request};
use crate::registry::Registry;
use crate::rules::Target;
use crate::secret::Secret;
use crate::terminal::Screen;
use crate::token::AuthorizationToken;
use crate::world::{Status, World};

const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
const OTHER_ACCOUNT: &str = "444455556666.dkr.ecr.eu-west-1.amazonaws.com";
const PUBLIC: &str = "public.ecr.aws";
const NOT_FOUND: &str = "credentials not found in native keychain\n";
const START: u64 = 1_000_000;
const HOUR: u64 = 3_600;

/// Answers each fetch with a token `password-N` of a given lifetime, or with a failure.
struct Script<'a> {
    clock: &'a FakeClock,
    lifetime: u64,
    failure: RefCell<Option<Failure>>,
    /// How long a fetch takes on both clocks.
    takes: RefCell<Duration>,
    /// The limit that each fetch was given.
    limits: RefCell<Vec<Duration>>,
    /// Until when a person would have to be asked for a code.
    code_needed_until: Cell<Duration>,
    /// Whether there is a terminal.
    has_terminal: Cell<bool>,
    /// Whether a person might be asked, of each fetch.
    prompts: RefCell<Vec<MfaPrompt>>,
}

impl Script<'_> {
    fn calls(&self) -> usize {
        self.limits.borrow().len()
    }

    fn fail(&self, kind: FailureKind) {
        *self.failure.borrow_mut() = Some(Failure::new(kind, ""));
    }
}

impl TokenSource for Script<'_> {
    fn fetch(&self, request: TokenRequest<'_>) -> Result<FetchedToken, Failure> {
        self.limits.borrow_mut().push(request.limit);
        self.prompts.borrow_mut().push(request.prompt);
        self.clock.pass(*self.takes.borrow());
        if let Some(failure) = &*self.failure.borrow() {
            return Err(failure.clone());
        }
        let expires = self.clock.now().after(Duration::from_secs(self.lifetime));
        let password = Secret::new(format!("password-{}", self.calls()));
        let token = AuthorizationToken::new("AWS".to_owned(), password, expires).expect("two full parts");
        Ok(FetchedToken { token, access_key_id: "AKIDEXAMPLE".to_owned(), request_id: None, warning: None })
    }

    fn exchange(&self, _: ExchangeRequest<'_>) -> Result<RegistryToken, Failure> {
        unreachable!("clients of Docker's protocol exchange tokens themselves")
    }

    fn needs_mfa_code(&self, _: &CredentialPlan, _: Timestamp) -> bool {
        self.clock.elapsed() < self.code_needed_until.get()
    }

    fn can_prompt(&self) -> bool {
        self.has_terminal.get()
    }
}

/// Other helpers: what each does with a request is written down.
#[derive(Default)]
struct Others {
    /// Helper, action and request of each run.
    runs: RefCell<Vec<(String, Action, String)>>,
    /// The status that each run ends with; or the failure that it is.
    status: RefCell<Option<Result<u8, Failure>>>,
    /// What each helper lists.
    lists: BTreeMap<&'static str, Vec<(&'static str, &'static str)>>,
}

impl Helpers for Others {
    fn pass_on(&self, _: &Env, helper: &str, action: Action, request: &Request) -> Result<u8, Failure> {
        self.runs.borrow_mut().push((helper.to_owned(), action, request.expose().to_owned()));
        self.status.borrow().clone().expect("the test says how it ends")
    }

    fn list(&self, _: &Env, helper: &str, _: Duration) -> Result<BTreeMap<String, String>, Failure> {
        let Some(list) = self.lists.get(helper) else {
            return Err(Failure::new(FailureKind::FallbackMissing { helper: helper.to_owned() }, ""));
        };
        Ok(list.iter().map(|(server, name)| ((*server).to_owned(), (*name).to_owned())).collect())
    }
}

/// A home directory, a clock and a script.
struct Stage<'a> {
    home: tempfile::TempDir,
    clock: &'a FakeClock,
    script: Script<'a>,
    others: Others,
    variables: Vec<(String, String)>,
}

/// What a client and a person saw.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    status: Status,
    stdout: String,
    stderr: String,
}

impl<'a> Stage<'a> {
    fn new(clock: &'a FakeClock) -> Self {
        let home = tempfile::tempdir().expect("a temporary directory");
        let variables = [
            ("HOME", home.path().to_str().expect("UTF-8")),
            ("AWS_ECR_CACHE_DIR", "~/tokens"),
            ("AWS_ECR_CONFIG", ""),
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let script = Script {
            clock,
            lifetime: 12 * HOUR,
            failure: RefCell::default(),
            takes: RefCell::default(),
            limits: RefCell::default(),
            code_needed_until: Cell::default(),
            has_terminal: Cell::default(),
            prompts: RefCell::default(),
        };
        Self { home, clock, script, others: Others::default(), variables }
    }

    fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// From now on there are these rules.
    fn rules(&mut self, text: &str) {
        let file = tempfile::Builder::new().prefix("rules").tempfile_in(self.home.path()).expect("a file");
        let (mut file, path) = file.keep().expect("kept");
        std::io::Write::write_all(&mut file, text.as_bytes()).expect("written");
        self.variables.retain(|(name, _)| name != "AWS_ECR_CONFIG");
        self.set("AWS_ECR_CONFIG", path.to_str().expect("UTF-8"));
    }

    fn env(&self) -> Env {
        Env::fixed(self.variables.iter().map(|(name, value)| (&**name, &**value)))
    }

    fn cache_directory(&self) -> PathBuf {
        self.home.path().join("tokens")
    }

    fn run(&self, action: Action, request: &str) -> Seen {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let status = run(
            action,
            &mut World {
                env: &self.env(),
                clock: self.clock,
                source: &self.script,
                helpers: &self.others,
                random: || 0,
                screen: Screen::none,
                stdin: &mut request.as_bytes(),
                stdout: &mut stdout,
                stderr: &mut stderr,
            },
        );
        let text = |bytes| String::from_utf8(bytes).expect("text");
        Seen { status, stdout: text(stdout), stderr: text(stderr) }
    }

    /// A `get` that must succeed, silently; the password.
    fn password(&self, host: &str) -> String {
        let seen = self.run(Action::Get, host);
        assert_eq!((seen.status, &*seen.stderr), (Status::Success, ""), "{seen:?}");
        let start = format!("{{\"ServerURL\":\"{host}\",\"Username\":\"AWS\",\"Secret\":\"");
        let rest = seen.stdout.strip_prefix(&start).expect(&seen.stdout);
        rest.strip_suffix("\"}\n").expect(&seen.stdout).to_owned()
    }
}

#[test]
fn a_whole_get_runs_on_two_byte_buffers_and_the_next_one_is_a_hit() {
    let clock = FakeClock::at(START);
    let stage = Stage::new(&clock);
    assert_eq!(stage.password(HOST), "password-1");
    assert_eq!(stage.password(HOST), "password-1");
    assert_eq!(stage.password(OTHER_ACCOUNT), "password-1");
    assert_eq!(stage.password(PUBLIC), "password-2");
    assert_eq!(stage.script.calls(), 2);
}

#[test]
fn a_foreign_host_is_not_found_before_any_setting_is_read() {
    let clock = FakeClock::at(START);
    let mut stage = Stage::new(&clock);
    stage.set("AWS_ECR_TIMEOUT", "nonsense");
    stage.set("AWS_ECR_LOG", "nonsense");
    for host in ["docker.io", "https://index.docker.io/v1/", "AWS:x@public.ecr.aws"] {
        let seen = stage.run(Action::Get, host);
        assert_eq!(seen, Seen { status: Status::Failure, stdout: NOT_FOUND.to_owned(), stderr: String::new() });
    }
    assert!(!stage.cache_directory().exists());
}

#[test]
fn a_stale_token_is_refreshed_and_an_over_one_is_too() {
    let clock = FakeClock::at(START);
    let stage = Stage::new(&clock);
    assert_eq!(stage.password(HOST), "password-1");
    clock.jump_to(START + 6 * HOUR);
    assert_eq!(stage.password(HOST), "password-2");
    clock.jump_to(START + 20 * HOUR);
    assert_eq!(stage.password(HOST), "password-3");
}

/// A stale token, whose refresh has just failed.
fn with_failed_refresh(clock: &FakeClock) -> Stage<'_> {
    let stage = Stage::new(clock);
    assert_eq!(stage.password(HOST), "password-1");
    stage.script.fail(FailureKind::Unreachable);
    clock.jump_to(START + 7 * HOUR);
    assert_eq!(stage.password(HOST), "password-1");
    stage
}

#[test]
fn a_stale_token_is_served_when_no_newer_one_can_be_had_and_asking_pauses_for_a_minute() {
    let clock = FakeClock::at(START);
    let stage = with_failed_refresh(&clock);
    assert_eq!(stage.script.calls(), 2);
    clock.jump_to(START + 7 * HOUR + 59);
    assert_eq!(stage.password(HOST), "password-1");
    assert_eq!(stage.script.calls(), 2);
    clock.jump_to(START + 7 * HOUR + 60);
    assert_eq!(stage.password(HOST), "password-1");
    assert_eq!(stage.script.calls(), 3);
}

#[test]
fn a_refresh_that_failed_keeps_nobody_from_fetching_once_the_stale_token_is_gone() {
    let clock = FakeClock::at(START);
    let stage = with_failed_refresh(&clock);
    stage.script.failure.take();
    for entry in std::fs::read_dir(stage.home.path().join("tokens")).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "token") {
            std::fs::remove_file(path).expect("removed");
        }
    }
    assert_eq!(stage.password(HOST), "password-3");
}

#[test]
fn a_token_is_never_served_past_its_end_even_if_it_ended_while_a_newer_one_was_tried_for() {
    let clock = FakeClock::at(START);
    let stage = Stage::new(&clock);
    assert_eq!(stage.password(HOST), "password-1");
    stage.script.fail(FailureKind::Timeout);
    *stage.script.takes.borrow_mut() = Duration::from_secs(5);
    clock.jump_to(START + 12 * HOUR - 3);
    assert_eq!(stage.run(Action::Get, HOST).stdout, NOT_FOUND);
    clock.jump_to(START + 13 * HOUR);
    assert_eq!(stage.run(Action::Get, HOST).stdout, NOT_FOUND);
    assert_eq!(stage.script.calls(), 3, "a failure is remembered no longer than the token it spared");
}

#[test]
fn a_clock_that_jumps_back_makes_a_token_stale_not_fresh_for_longer() {
    // Of a machine that doesn't tell how long it has been running.
    let clock = FakeClock::at(START);
    clock.boot(None);
    let stage = Stage::new(&clock);
    assert_eq!(stage.password(HOST), "password-1");
    clock.jump_to(START - 100 * HOUR);
    assert_eq!(stage.password(HOST), "password-2");
    clock.jump_to(START);
    assert_eq!(stage.password(HOST), "password-3", "its end by the wrong clock has passed");
}

#[test]
fn a_clock_that_is_set_back_makes_no_token_younger() {
    let clock = FakeClock::at(START);
    let stage = Stage::new(&clock);
    assert_eq!(stage.password(HOST), "password-1");
    // Three hours are lost each time; the machine knows better.
    for (hours, expected) in [(3, "password-1"), (2, "password-1"), (3, "password-2"), (13, "password-3")] {
        clock.pass(Duration::from_hours(hours));
        clock.jump_to(clock.now().seconds() - 3 * HOUR);
        assert_eq!(stage.password(HOST), expected, "{hours}");
    }
    // Set back by half a day, when there is no newer one to be had.
    stage.script.fail(FailureKind::Timeout);
    clock.pass(Duration::from_hours(11));
    clock.jump_to(clock.now().seconds() - 12 * HOUR);
    assert_eq!(stage.password(HOST), "password-3");
    clock.pass(Duration::from_hours(1));
    assert_eq!(stage.run(Action::Get, HOST).stdout, NOT_FOUND);
}

#[test]
fn a_token_that_has_ended_by_our_clock_is_served_and_not_kept() {
    let clock = FakeClock::at(START);
    let mut stage = Stage::new(&clock);
    stage.script.lifetime = 0;
    assert_eq!(stage.password(HOST), "password-1");
    assert_eq!(stage.password(HOST), "password-2");
}

#[test]
fn only_a_missing_metadata_service_is_remembered_and_erase_forgets_it() {
    let clock = FakeClock::at(START);
    let stage = Stage::new(&clock);
    stage.script.fail(FailureKind::ImdsUnreachable);
    for _ in 0..10 {
        assert_eq!(stage.run(Action::Get, HOST).stdout, NOT_FOUND);
    }
    assert_eq!(stage.script.calls(), 1);
    assert_eq!(stage.run(Action::Erase, HOST).status, Status::Success);
    assert_eq!(stage.run(Action::Get, HOST).stdout, NOT_FOUND);
    assert_eq!(stage.script.calls(), 2);
    clock.jump_to(START - 10);
    assert_eq!(stage.run(Action::Get, HOST).stdout, NOT_FOUND);
    assert_eq!(stage.script.calls(), 3, "a clock that went back doesn't make a failure last");

    stage.script.fail(FailureKind::AccessDenied);
    clock.jump_to(START + HOUR);
    for _ in 0..3 {
        assert_eq!(stage.run(Action::Get, HOST).stdout, NOT_FOUND);
    }
    assert_eq!(stage.script.calls(), 6);
}

#[test]
fn a_failure_counts_only_under_the_circumstances_that_it_happened_in() {
    for (variable, value) in [
        ("AWS_ECR_TIMEOUT", "7"),
        ("HTTPS_PROXY", "http://me:one@127.0.0.1:9"),
        ("HTTPS_PROXY", "http://me:two@127.0.0.1:9"),
        ("NO_PROXY", "example.com"),
        ("AWS_CA_BUNDLE", "/none.pem"),
        ("AWS_MAX_ATTEMPTS", "1"),
        ("AWS_USE_DUALSTACK_ENDPOINT", "true"),
        ("AWS_SECRET_ACCESS_KEY", "another"),
        ("PATH", "/opt/bin"),
    ] {
        let clock = FakeClock::at(START);
        let mut stage = Stage::new(&clock);
        stage.set("HTTPS_PROXY", "http://me:hush@127.0.0.1:9");
        stage.script.fail(FailureKind::ImdsUnreachable);
        for _ in 0..2 {
            stage.run(Action::Get, HOST);
        }
        assert_eq!(stage.script.calls(), 1, "{variable}");
        stage.set(variable, value);
        for _ in 0..2 {
            stage.run(Action::Get, HOST);
        }
        assert_eq!(stage.script.calls(), 2, "{variable}={value}");
    }
}

#[test]
fn a_failure_without_a_terminal_is_not_that_of_a_process_with_one_if_a_code_is_needed() {
    for (is_needed, calls) in [(false, 1), (true, 2)] {
        let clock = FakeClock::at(START);
        let stage = Stage::new(&clock);
        if is_needed {
            stage.script.code_needed_until.set(Duration::MAX);
        }
        stage.script.fail(FailureKind::ImdsUnreachable);
        for has_terminal in [false, false, true, true] {
            stage.script.has_terminal.set(has_terminal);
            assert_eq!(stage.run(Action::Get, HOST).stdout, NOT_FOUND);
        }
        assert_eq!(stage.script.calls(), calls, "needed: {is_needed}");
    }
}

#[test]
fn what_the_system_refuses_one_process_keeps_no_other_from_asking() {
    let clock = FakeClock::at(START);
    let stage = Stage::new(&clock);
    assert_eq!(stage.password(HOST), "password-1");
    clock.pass(Duration::from_hours(7));
    for (kind, calls) in [(FailureKind::Refused, 3), (FailureKind::Timeout, 4)] {
        stage.script.fail(kind);
        for _ in 0..2 {
            assert_eq!(stage.password(HOST), "password-1");
        }
        assert_eq!(stage.script.calls(), calls);
    }
}

#[test]
fn a_fetch_gets_the_whole_limit_or_a_short_one_when_a_stale_token_is_in_hand() {
    let clock = FakeClock::at(START);
    let mut stage = Stage::new(&clock);
    stage.password(HOST);
    clock.jump_to(START + 7 * HOUR);
    stage.password(HOST);
    stage.set("AWS_ECR_TIMEOUT", "7");
    stage.password(PUBLIC);
    assert_eq!(*stage.script.limits.borrow(), [30, 5, 7].map(Duration::from_secs));
}

/// The lock of the key that a host needs.
fn lock_of(stage: &Stage<'_>, host: &str) -> LockGuard {
    let env = stage.env();
    let target = Target::of(Registry::parse(host).expect("ECR"));
    let settings = AwsSettings::read(&env);
    let (scope, _) = settings.for_target(&target).and_then(|settings| settings.resolve()).expect("good settings");
    let TryLock::Held(guard) = cache_of(stage).try_lock(&scope.key()) else { panic!("nobody else is here") };
    guard
}

fn cache_of(stage: &Stage<'_>) -> Cache {
    let (mut cache, _) = Cache::open(Some(&stage.cache_directory()), CacheEncryption::Off);
    cache.prepare().expect("a directory");
    cache
}

#[test]
fn a_lock_that_is_never_given_back_costs_half_the_limit_and_not_the_login() {
    let clock = FakeClock::at(START);
    let stage = Stage::new(&clock);
    let _guard = lock_of(&stage, HOST);

    assert_eq!(stage.password(HOST), "password-1");
    assert_eq!(clock.elapsed(), Duration::from_secs(15));
    assert_eq!(*stage.script.limits.borrow(), [Duration::from_secs(15)]);

    // A stale token doesn't wait at all, and nobody else is asked.
    clock.jump_to(START + 7 * HOUR);
    assert_eq!(stage.password(HOST), "password-1");
    assert_eq!(clock.elapsed(), Duration::from_secs(15));
    assert_eq!(stage.script.calls(), 1);
}

#[test]
fn without_any_source_of_credentials_nothing_is_kept() {
    let clock = FakeClock::at(START);
    let mut stage = Stage::new(&clock);
    stage.variables.retain(|(name, _)| name != "AWS_ACCESS_KEY_ID");
    stage.set("AWS_EC2_METADATA_DISABLED", "true");
    assert_eq!(stage.password(HOST), "password-1");
    assert_eq!(stage.password(HOST), "password-2");
    assert!(!stage.cache_directory().exists());
}

#[test]
fn list_names_the_hosts_that_were_asked_for_within_30_days_whatever_becomes_of_their_tokens() {
    let clock = FakeClock::at(START);
    let mut stage = Stage::new(&clock);
    let list = |stage: &Stage<'_>| stage.run(Action::List, "").stdout;
    assert_eq!(list(&stage), "{}\n");
    stage.password(HOST);
    stage.password(OTHER_ACCOUNT);
    stage.password(PUBLIC);
    let all =
        format!("{{\"https://{HOST}\":\"AWS\",\"https://{OTHER_ACCOUNT}\":\"AWS\",\"https://{PUBLIC}\":\"AWS\"}}\n");
    assert_eq!(list(&stage), all);

    // Neither a refresh nor the end of a token nor an erase forgets a host.
    clock.jump_to(START + 7 * HOUR);
    stage.password(HOST);
    assert_eq!(list(&stage), all);
    clock.jump_to(START + 30 * HOUR);
    assert_eq!(list(&stage), all);
    for host in [HOST, PUBLIC] {
        stage.run(Action::Erase, host);
    }
    assert_eq!(list(&stage), all);

    // A hit renews the note of its host, once a day.
    clock.jump_to(START + 20 * 24 * HOUR);
    stage.password(HOST);
    clock.jump_to(START + 31 * 24 * HOUR);
    let left = format!("{{\"https://{HOST}\":\"AWS\"}}\n");
    assert_eq!(list(&stage), left, "the other two weren't asked for again");
    clock.jump_to(START);
    assert_eq!(list(&stage), all, "the clock went back");
    clock.jump_to(START + 31 * 24 * HOUR);
    stage.password(OTHER_ACCOUNT);
    clock.jump_to(START + 51 * 24 * HOUR);
    assert_eq!(list(&stage), left.replace(HOST, OTHER_ACCOUNT));

    clock.jump_to(START + 32 * 24 * HOUR);
    stage.set("AWS_ACCESS_KEY_ID", "AKIDOTHER");
    assert_eq!(list(&stage), "{}\n", "they are another identity's");
}

#[test]
fn a_hit_for_a_new_host_or_on_another_day_is_noted_once() {
    let clock = FakeClock::at(START);
    let mut stage = Stage::new(&clock);
    stage.script.lifetime = 12 * HOUR;
    stage.password(HOST);
    let written = |stage: &Stage<'_>| {
        let mut entries: Vec<_> = std::fs::read_dir(stage.cache_directory()).expect("a directory").flatten().collect();
        entries.sort_by_key(std::fs::DirEntry::file_name);
        let file = |entry: &std::fs::DirEntry| entry.metadata().and_then(|file| file.modified()).expect("there");
        entries.iter().map(|entry| (entry.file_name(), file(entry))).collect::<Vec<_>>()
    };
    let first = written(&stage);
    clock.jump_to(START + 5 * HOUR);
    stage.password(HOST);
    assert_eq!(written(&stage), first);
    stage.password(OTHER_ACCOUNT);
    let second = written(&stage);
    assert_ne!(second, first);
    stage.password(OTHER_ACCOUNT);
    assert_eq!(written(&stage), second);
    assert_eq!(stage.script.calls(), 1);
}

#[test]
fn list_names_the_registry_of_the_caller_before_anything_was_asked_for() {
    let clock = FakeClock::at(START);
    let mut stage = Stage::new(&clock);
    let list = |stage: &Stage<'_>| stage.run(Action::List, "").stdout;
    stage.set("AWS_ACCESS_KEY_ID", "ASIAQNZGKIQY56JQ7WML");
    assert_eq!(list(&stage), "{}\n", "the region is unknown");
    stage.set("AWS_DEFAULT_REGION", "eu-west-1");
    let own = "{\"https://029608264753.dkr.ecr.eu-west-1.amazonaws.com\":\"AWS\"}\n";
    assert_eq!(list(&stage), own);
    assert!(!stage.cache_directory().exists(), "list writes nothing");
    assert_eq!(stage.script.calls(), 0);
    stage.set("AWS_ECR_DISABLE_CACHE", "1");
    assert_eq!(list(&stage), own);

    // A rule that applies to every account selects the identity, and so does one for the region.
    std::fs::create_dir_all(stage.home.path().join(".aws")).expect("a directory");
    let profile = |name: &str, account: &str| {
        format!("[profile {name}]\ncredential_process = p\nregion = cn-north-1\naws_account_id = {account}\n")
    };
    let config = [profile("all", "111122223333"), profile("china", "444455556666")].concat();
    write(&stage.home.path().join(".aws/config"), &config);
    stage.variables.retain(|(name, _)| name != "AWS_DEFAULT_REGION");
    let china = |account: &str| format!("{{\"https://{account}.dkr.ecr.cn-north-1.amazonaws.com.cn\":\"AWS\"}}\n");
    stage.rules("[[registry]]\nmatch = '*.amazonaws.*'\nprofile = 'all'\n");
    assert_eq!(list(&stage), china("111122223333"));
    stage.rules(
        "[[registry]]\nmatch = '*.cn-north-1.*'\nprofile = 'china'\n[[registry]]\nmatch = '*.amazonaws.*'\n\
         profile = 'all'\n",
    );
    assert_eq!(list(&stage), china("444455556666"));
}

#[test]
fn erase_drops_the_tokens_of_every_identity_and_only_those_that_serve_the_host() {
    let clock = FakeClock::at(START);
    let mut stage = Stage::new(&clock);
    stage.password(HOST);
    stage.password(PUBLIC);
    stage.set("AWS_ACCESS_KEY_ID", "AKIDOTHER");
    stage.password(HOST);
    assert_eq!(stage.script.calls(), 3);

    let seen = stage.run(Action::Erase, &format!("https://{OTHER_ACCOUNT}:443/v2/\n"));
    assert_eq!(seen, Seen { status: Status::Success, stdout: String::new(), stderr: String::new() });
    stage.password(HOST);
    stage.set("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
    stage.password(HOST);
    stage.password(PUBLIC);
    assert_eq!(stage.script.calls(), 5, "the token of ECR Public is still there");
}

#[test]
fn store_keeps_nothing_and_loses_nothing() {
    let clock = FakeClock::at(START);
    let mut stage = Stage::new(&clock);
    let store = |stage: &Stage<'_>, host: &str| {
        stage.run(Action::Store, &format!("{{\"ServerURL\":\"{host}\",\"Username\":\"u\",\"Secret\":\"s\"}}"))
    };
    let success = || Seen { status: Status::Success, stdout: String::new(), stderr: String::new() };
    assert_eq!(store(&stage, HOST), success());
    assert_eq!(store(&stage, "https://public.ecr.aws/"), success());
    assert_eq!(
        store(&stage, "docker.io"),
        Seen {
            status: Status::Failure,
            stdout: "ecr-login stores no passwords, and this is not an ECR registry; name another helper for it in \
                     `credHelpers`, or a fallback in the configuration file\n"
                .to_owned(),
            stderr: String::new()
        }
    );
    stage.set("AWS_ECR_IGNORE_CREDS_STORAGE", "true");
    assert_eq!(store(&stage, "docker.io"), success());
    assert!(!stage.cache_directory().exists());
}

/// Names of ours, a helper for GHCR and one for the rest.
const RULES: &str = "[[registry]]\nmatch = 'docker.example.com'\nregistry = \
                     '111122223333.dkr.ecr.eu-west-1.amazonaws.com'\n\
                     [[registry]]\nmatch = ['*.example.net', '444455556666']\nregion = 'eu-west-1'\n\
                     [[fallback]]\nmatch = 'ghcr.io'\nhelper = 'one'\n[[fallback]]\nhelper = 'two'\n";

#[test]
fn a_name_of_your_own_has_the_token_of_the_registry_behind_it() {
    let clock = FakeClock::at(START);
    let mut stage = Stage::new(&clock);
    stage.rules(RULES);
    for server_url in ["docker.example.com", "https://Docker.Example.com:8443/v2/", HOST, OTHER_ACCOUNT] {
        assert_eq!(stage.password(server_url), "password-1", "{server_url}");
    }
    assert_eq!(stage.script.calls(), 1);
    // By whichever name, all is forgotten.
    assert_eq!(stage.run(Action::Erase, "docker.example.com").status, Status::Success);
    assert_eq!(stage.password(HOST), "password-2");
    assert!(stage.others.runs.borrow().is_empty());
}

#[test]
fn other_hosts_are_handed_over_whole_and_end_as_their_helper_ends() {
    let clock = FakeClock::at(START);
    let mut stage = Stage::new(&clock);
    stage.rules(RULES);
    // On any other host even this switch loses no password when there is a helper to keep it.
    stage.set("AWS_ECR_IGNORE_CREDS_STORAGE", "true");
    let login = r#"{"ServerURL":"https://index.docker.io/v1/","Username":"u","Secret":"s"}"#;
    for (action, request, helper) in [
        (Action::Get, "ghcr.io\n", "one"),
        (Action::Get, "https://index.docker.io/v1/", "two"),
        (Action::Get, "https://user@ghcr.io", "two"),
        (Action::Store, login, "two"),
        (Action::Erase, " https://ghcr.io \r\n", "one"),
    ] {
        for (ended, status) in [(0, Status::Success), (1, Status::OfHelper(1)), (42, Status::OfHelper(42))] {
            *stage.others.status.borrow_mut() = Some(Ok(ended));
            let seen = stage.run(action, request);
            assert_eq!(seen, Seen { status, stdout: String::new(), stderr: String::new() }, "{request}");
            let run = stage.others.runs.borrow_mut().pop().expect("it was run");
            assert_eq!(run, (helper.to_owned(), action, request.to_owned()));
        }
    }
    assert_eq!(stage.script.calls(), 0);
    assert!(!stage.cache_directory().exists());
}

#[test]
fn a_fallback_that_cannot_be_asked_is_a_clear_error_and_no_password_is_said_to_be_kept() {
    let clock = FakeClock::at(START);
    let mut stage = Stage::new(&clock);
    stage.rules(RULES);
    let missing = Failure::new(FailureKind::FallbackMissing { helper: "one".to_owned() }, "");
    *stage.others.status.borrow_mut() = Some(Err(missing));
    let why = "the fallback helper `docker-credential-one` isn't on the `PATH`; install it, or name another helper in \
               the configuration file\n";
    let reason = format!("ecr-login: no password for ghcr.io: {why}");
    let failed = |stdout: &str, stderr: &str| Seen {
        status: Status::Failure,
        stdout: stdout.to_owned(),
        stderr: stderr.to_owned(),
    };
    assert_eq!(stage.run(Action::Get, "ghcr.io"), failed(NOT_FOUND, &reason));
    let login = r#"{"ServerURL":"ghcr.io","Username":"u","Secret":"s"}"#;
    let said = format!("ecr-login: cannot store the password for ghcr.io: {why}");
    assert_eq!(stage.run(Action::Store, login), failed(&said, ""));
    // Docker's logout shows what is on stderr alone.
    let said = format!("ecr-login: cannot erase the password for ghcr.io: {why}");
    assert_eq!(stage.run(Action::Erase, "ghcr.io"), failed(&said, &said));
    stage.set("AWS_ECR_STRICT", "true");
    assert_eq!(stage.run(Action::Get, "ghcr.io"), failed(&reason, &reason));
}

#[test]
fn a_mistake_in_the_rules_stops_ecr_and_leaves_other_registries_their_sentence() {
    let clock = FakeClock::at(START);
    let mut stage = Stage::new(&clock);
    stage.password(HOST);
    stage.rules("[[registry]]\nmatch = '*'\nprofil = 'dev'\n");
    let file = stage.env().text("AWS_ECR_CONFIG").expect("a path");
    let why = format!(
        "the configuration file is invalid ({file}:3:1: unknown key `profil`; did you mean `profile`?); fix it and \
         try again\n"
    );
    let failed = |stdout: &str, stderr: String| Seen { status: Status::Failure, stdout: stdout.to_owned(), stderr };
    for (server_url, host) in
        [(HOST, HOST), ("https://ghcr.io/v2/", "ghcr.io"), ("https://user:hunter2@ghcr.io", "this server")]
    {
        let reason = format!("ecr-login: no password for {host}: {why}");
        assert_eq!(stage.run(Action::Get, server_url), failed(NOT_FOUND, reason));
    }
    let login = |host: &str| format!(r#"{{"ServerURL":"{host}","Username":"u","Secret":"s"}}"#);
    let said = format!("ecr-login: cannot store the password for ghcr.io: {why}");
    assert_eq!(stage.run(Action::Store, &login("ghcr.io")), failed(&said, String::new()));
    let said = format!("ecr-login: cannot erase the password for ghcr.io: {why}");
    assert_eq!(stage.run(Action::Erase, "ghcr.io"), failed(&said, said.clone()));
    let nothing = format!("ecr-login: nothing to list: {why}");
    let listed = Seen { status: Status::Success, stdout: "{}\n".to_owned(), stderr: nothing };
    assert_eq!(stage.run(Action::List, ""), listed);

    // What needs no rule works.
    assert_eq!(stage.run(Action::Store, &login(HOST)).status, Status::Success);
    assert_eq!(stage.run(Action::Erase, HOST).status, Status::Success);
    stage.variables.retain(|(name, _)| name != "AWS_ECR_CONFIG");
    stage.set("AWS_ECR_CONFIG", "");
    assert_eq!(stage.password(HOST), "password-2");
}

#[test]
fn list_has_what_was_asked_for_what_rules_name_and_what_each_helper_would_be_asked_for() {
    let clock = FakeClock::at(START);
    let mut stage = Stage::new(&clock);
    stage.rules(RULES);
    stage.others.lists.insert("one", vec![("ghcr.io", "me"), ("quay.io", "not asked for this")]);
    stage.others.lists.insert(
        "two",
        vec![
            ("https://index.docker.io/v1/", "you"),
            ("https://ghcr.io", "not asked for this"),
            (HOST, "nor for this"),
            ("docker.example.com", "nor this"),
        ],
    );
    stage.password(OTHER_ACCOUNT);
    let seen = stage.run(Action::List, "");
    assert_eq!((seen.status, &*seen.stderr), (Status::Success, ""));
    let expected = format!(
        "{{\"ghcr.io\":\"me\",\"https://{OTHER_ACCOUNT}\":\"AWS\",\"https://docker.example.com\":\"AWS\",\
         \"https://index.docker.io/v1/\":\"you\"}}\n"
    );
    assert_eq!(seen.stdout, expected);

    stage.others.lists.remove("one");
    let seen = stage.run(Action::List, "");
    assert_eq!(seen.status, Status::Success);
    assert_eq!(seen.stdout, expected.replace("\"ghcr.io\":\"me\",", ""));
    assert_eq!(
        seen.stderr,
        "ecr-login: the list is incomplete: the fallback helper `docker-credential-one` isn't on the `PATH`; \
         install it, or name another helper in the configuration file\n"
    );
}

#[test]
fn each_rule_has_a_token_of_its_own_and_wins_over_keys_in_the_environment() {
    let clock = FakeClock::at(START);
    let mut stage = Stage::new(&clock);
    std::fs::create_dir_all(stage.home.path().join(".aws")).expect("a directory");
    let config = "[profile prod]\naws_access_key_id = AKIDPROD\naws_secret_access_key = hush\n\
                  [profile region]\nregion = eu-west-1\n";
    write(&stage.home.path().join(".aws/config"), config);
    let rule = |pattern: &str, lines: &str| format!("[[registry]]\nmatch = '{pattern}'\n{lines}\n");
    let arn = "role_arn = 'arn:aws:iam::444455556666:role/pull'";
    let rules = [
        rule("111122223333", "profile = 'prod'"),
        rule("444455556666", arn),
        rule("555566667777", &format!("{arn}\nexternal_id = 'blue'")),
        rule("666677778888", &format!("{arn}\nsession_name = 'ci'")),
        rule("777788889999", &format!("profile = 'prod'\n{arn}")),
        rule("888899990000", "profile = 'nobody'"),
        rule("999900001111", "profile = 'region'"),
    ];
    stage.rules(&rules.concat());
    let host = |account: &str| format!("{account}.dkr.ecr.eu-west-1.amazonaws.com");
    let accounts = ["111122223333", "444455556666", "555566667777", "666677778888", "777788889999", "123456789012"];
    for round in 0..2 {
        for (number, account) in accounts.iter().enumerate() {
            assert_eq!(stage.password(&host(account)), format!("password-{}", number + 1), "{account} {round}");
        }
    }
    let file = stage.env().text("AWS_ECR_CONFIG").expect("a path");
    let lines_before = rules[..5].concat().lines().count();
    for (account, line, why) in [
        ("888899990000", lines_before + 1, "is not in the shared configuration files"),
        ("999900001111", lines_before + 4, "has no credentials"),
    ] {
        let name = if account.starts_with('8') { "nobody" } else { "region" };
        let reason = format!(
            "ecr-login: no password for {}: the AWS settings are invalid (profile `{name}`, selected by the rule at \
             `{file}:{line}:1`, {why}); fix them and try again\n",
            host(account)
        );
        assert_eq!(stage.run(Action::Get, &host(account)).stderr, reason);
    }
}

#[test]
fn a_rule_that_cannot_hold_for_the_host_that_its_glob_matches_is_named() {
    let clock = FakeClock::at(START);
    let mut stage = Stage::new(&clock);
    stage.rules("[[registry]]\nmatch = '*'\nrole_arn = 'arn:aws:iam::111122223333:role/pull'\n");
    let file = stage.env().text("AWS_ECR_CONFIG").expect("a path");
    let china = "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn";
    assert_eq!(
        stage.run(Action::Get, china).stderr,
        format!(
            "ecr-login: no password for {china}: the configuration file is invalid ({file}:1:1: the role \
             `arn:aws:iam::111122223333:role/pull` is in another partition than `{china}`, which is in `aws-cn`); \
             fix it and try again\n"
        )
    );
    stage.password(HOST);
}

#[test]
fn with_auto_profile_each_account_is_asked_as_its_one_profile() {
    let clock = FakeClock::at(START);
    let mut stage = Stage::new(&clock);
    std::fs::create_dir_all(stage.home.path().join(".aws")).expect("a directory");
    let sso = "sso_start_url = https://x\nsso_region = eu-west-1\nsso_role_name = r\n";
    let config = format!(
        "[profile one]\nsso_account_id = 111122223333\n{sso}[profile two]\nsso_account_id = 444455556666\n{sso}\
         [profile three]\nsso_account_id = 444455556666\n{sso}"
    );
    write(&stage.home.path().join(".aws/config"), &config);
    assert_eq!(stage.password(HOST), "password-1");
    stage.rules("auto_profile = true\n");
    assert_eq!(stage.password(HOST), "password-2", "another identity than the keys");
    assert_eq!(stage.password("555566667777.dkr.ecr.eu-west-1.amazonaws.com"), "password-1", "no profile fits");
    let seen = stage.run(Action::Get, OTHER_ACCOUNT);
    let reason = format!(
        "ecr-login: no password for {OTHER_ACCOUNT}: several profiles match account `444455556666`: `three`, `two`; \
         select one of them with a rule in the configuration file\n"
    );
    assert_eq!(seen, Seen { status: Status::Failure, stdout: NOT_FOUND.to_owned(), stderr: reason });
}

fn write(path: &std::path::Path, text: &str) {
    #[expect(clippy::disallowed_methods, reason = "the test plants a file")]
    std::fs::write(path, text).expect("written");
}

#[test]
fn a_person_is_asked_by_whoever_has_the_lock_for_it_and_spared_while_there_is_a_token() {
    let clock = FakeClock::at(START);
    let stage = Stage::new(&clock);
    stage.password(HOST);
    assert!(!stage.cache_directory().join("prompt.lock").exists(), "no code, no question");
    stage.script.code_needed_until.set(Duration::MAX);
    stage.password(PUBLIC);
    assert!(stage.cache_directory().join("prompt.lock").exists());
    clock.jump_to(START + 7 * HOUR);
    stage.password(HOST);
    assert_eq!(*stage.script.prompts.borrow(), [MfaPrompt::Allowed, MfaPrompt::Allowed, MfaPrompt::Suppressed]);
}

#[test]
fn a_question_of_another_process_is_waited_for_and_its_answer_used() {
    let clock = FakeClock::at(START);
    let stage = Stage::new(&clock);
    let TryLock::Held(_prompt) = cache_of(&stage).try_lock_prompt() else { panic!("nobody else is here") };
    // After 40 seconds, more than the whole limit, the session is there.
    stage.script.code_needed_until.set(Duration::from_secs(40));
    stage.password(HOST);
    assert_eq!(clock.elapsed(), Duration::from_secs(40));
    assert_eq!(*stage.script.limits.borrow(), [Duration::from_secs(30)], "the time of a person isn't counted");
    assert_eq!(*stage.script.prompts.borrow(), [MfaPrompt::Allowed]);
}

#[test]
fn a_question_that_nobody_answers_keeps_others_for_two_minutes_and_is_not_repeated() {
    let clock = FakeClock::at(START);
    let stage = Stage::new(&clock);
    let TryLock::Held(_prompt) = cache_of(&stage).try_lock_prompt() else { panic!("nobody else is here") };
    stage.script.code_needed_until.set(Duration::MAX);
    stage.password(HOST);
    assert_eq!(clock.elapsed(), Duration::from_mins(2));
    assert_eq!(*stage.script.prompts.borrow(), [MfaPrompt::InOtherProcess]);
}

#[test]
fn whoever_waits_for_the_token_that_a_question_is_about_waits_for_the_answer_and_the_call() {
    for (answered, waited) in [(0, 15), (10, 25), (40, 55), (u64::MAX, 135)] {
        let clock = FakeClock::at(START);
        let stage = Stage::new(&clock);
        let _key = lock_of(&stage, HOST);
        let TryLock::Held(_prompt) = cache_of(&stage).try_lock_prompt() else { panic!("nobody else is here") };
        stage.script.code_needed_until.set(Duration::from_secs(answered));
        stage.password(HOST);
        // To within one look.
        let took = clock.elapsed().as_secs_f32().round();
        assert_eq!(took.to_string(), waited.to_string(), "answered after {answered} s");
        assert_eq!(*stage.script.limits.borrow(), [Duration::from_secs(15)]);
    }
}

#[test]
fn a_panic_is_an_answer_on_one_line() {
    let clock = FakeClock::at(START);
    let mut stage = Stage::new(&clock);
    stage.rules("[fallback]\nhelper = 'one'\n");
    // The stand-in for the helper panics unless it knows how to end.
    let reason = |verb: &str| {
        format!(
            "ecr-login: `{verb}` failed: internal error (the test says how it ends); check the limits of this process \
             (`ulimit -a`); if they are usual, please report this\n"
        )
    };
    let login = r#"{"ServerURL":"ghcr.io","Username":"u","Secret":"s"}"#;
    for (action, request, stdout) in [
        (Action::Get, "ghcr.io", NOT_FOUND.to_owned()),
        (Action::Store, login, reason("store")),
        (Action::Erase, "ghcr.io", reason("erase")),
    ] {
        let seen = stage.run(action, request);
        assert_eq!(seen, Seen { status: Status::Failure, stdout, stderr: reason(action.as_str()) });
    }
}
