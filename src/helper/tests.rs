//! The policy on two byte buffers, a clock moved by hand, and a source of tokens that answers what a test says.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::time::Duration;

use super::{Action, Status, World, run};
use crate::cache::{Attempt, Cache, Guard};
use crate::clock::fake::FakeClock;
use crate::clock::{Clock, Timestamp};
use crate::env::Env;
use crate::error::{Failure, FailureKind};
use crate::registry::Registry;
use crate::scope::{Fetched, Person, Scope, TokenRequest, TokenSource};
use crate::secret::Secret;
use crate::settings::AwsSettings;
use crate::token::AuthorizationToken;

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
    /// Whether a person might be asked, of each fetch.
    persons: RefCell<Vec<Person>>,
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
    fn fetch(&self, request: TokenRequest<'_>) -> Result<Fetched, Failure> {
        self.limits.borrow_mut().push(request.limit);
        self.persons.borrow_mut().push(request.person);
        self.clock.pass(*self.takes.borrow());
        if let Some(failure) = &*self.failure.borrow() {
            return Err(failure.clone());
        }
        let expires = self.clock.now().after(Duration::from_secs(self.lifetime));
        let password = Secret::new(format!("password-{}", self.calls()));
        let token = AuthorizationToken::new("AWS".to_owned(), password, expires).expect("two full parts");
        Ok(Fetched { token, access_key_id: "AKIDEXAMPLE".to_owned(), request_id: None, remark: None })
    }

    fn needs_code(&self, _: &Scope, _: Timestamp) -> bool {
        self.clock.elapsed() < self.code_needed_until.get()
    }
}

/// A home directory, a clock and a script.
struct Stage<'a> {
    home: tempfile::TempDir,
    clock: &'a FakeClock,
    script: Script<'a>,
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
            persons: RefCell::default(),
        };
        Self { home, clock, script, variables }
    }

    fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
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
                random: || 0,
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

#[test]
fn a_stale_token_is_served_when_no_newer_one_can_be_had_and_asking_pauses_for_a_minute() {
    let clock = FakeClock::at(START);
    let stage = Stage::new(&clock);
    assert_eq!(stage.password(HOST), "password-1");
    stage.script.fail(FailureKind::Unreachable);
    clock.jump_to(START + 7 * HOUR);
    assert_eq!(stage.password(HOST), "password-1");
    assert_eq!(stage.script.calls(), 2);
    clock.jump_to(START + 7 * HOUR + 59);
    assert_eq!(stage.password(HOST), "password-1");
    assert_eq!(stage.script.calls(), 2);
    clock.jump_to(START + 7 * HOUR + 60);
    assert_eq!(stage.password(HOST), "password-1");
    assert_eq!(stage.script.calls(), 3);
}

#[test]
fn a_token_is_never_served_past_its_end_even_if_it_ended_while_a_newer_one_was_tried_for() {
    let clock = FakeClock::at(START);
    let stage = Stage::new(&clock);
    assert_eq!(stage.password(HOST), "password-1");
    stage.script.fail(FailureKind::TimedOut);
    *stage.script.takes.borrow_mut() = Duration::from_secs(5);
    clock.jump_to(START + 12 * HOUR - 3);
    assert_eq!(stage.run(Action::Get, HOST).stdout, NOT_FOUND);
    clock.jump_to(START + 13 * HOUR);
    assert_eq!(stage.run(Action::Get, HOST).stdout, NOT_FOUND);
    assert_eq!(stage.script.calls(), 3, "a failure is remembered no longer than the token it spared");
}

#[test]
fn a_clock_that_jumps_back_makes_a_token_stale_not_fresh_for_longer() {
    let clock = FakeClock::at(START);
    let stage = Stage::new(&clock);
    assert_eq!(stage.password(HOST), "password-1");
    clock.jump_to(START - 100 * HOUR);
    assert_eq!(stage.password(HOST), "password-2");
    clock.jump_to(START);
    assert_eq!(stage.password(HOST), "password-3", "its end by the wrong clock has passed");
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
    stage.script.fail(FailureKind::NoMetadata);
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
fn lock_of(stage: &Stage<'_>, host: &str) -> Guard {
    let env = stage.env();
    let scope = AwsSettings::read(&env).scope(&Registry::parse(host).expect("ECR")).expect("good settings");
    let Attempt::Held(guard) = cache_of(stage).try_lock(&scope.key()) else { panic!("nobody else is here") };
    guard
}

fn cache_of(stage: &Stage<'_>) -> Cache {
    let (mut cache, _) = Cache::open(Some(&stage.cache_directory()));
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
fn list_names_the_hosts_that_were_asked_for_until_their_token_ends() {
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

    // A refresh forgets no host.
    clock.jump_to(START + 7 * HOUR);
    stage.password(HOST);
    assert_eq!(list(&stage), all);
    clock.jump_to(START + 13 * HOUR);
    assert_eq!(
        list(&stage),
        format!("{{\"https://{HOST}\":\"AWS\",\"https://{OTHER_ACCOUNT}\":\"AWS\"}}\n"),
        "the token of ECR Public has ended"
    );

    stage.set("AWS_ACCESS_KEY_ID", "AKIDOTHER");
    assert_eq!(list(&stage), "{}\n", "they are another identity's");
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
            stdout: "ecr-login keeps no passwords, and this is not an ECR registry; name another helper for it in \
                     `credHelpers`\n"
                .to_owned(),
            stderr: String::new()
        }
    );
    stage.set("AWS_ECR_IGNORE_CREDS_STORAGE", "true");
    assert_eq!(store(&stage, "docker.io"), success());
    assert!(!stage.cache_directory().exists());
}

#[test]
fn a_person_is_asked_by_whoever_has_the_lock_for_it_and_spared_while_there_is_a_token() {
    let clock = FakeClock::at(START);
    let stage = Stage::new(&clock);
    stage.password(HOST);
    assert!(!stage.cache_directory().join("question.lock").exists(), "no code, no question");
    stage.script.code_needed_until.set(Duration::MAX);
    stage.password(PUBLIC);
    assert!(stage.cache_directory().join("question.lock").exists());
    clock.jump_to(START + 7 * HOUR);
    stage.password(HOST);
    assert_eq!(*stage.script.persons.borrow(), [Person::MayBeAsked, Person::MayBeAsked, Person::IsSpared]);
}

#[test]
fn a_question_of_another_process_is_waited_for_and_its_answer_used() {
    let clock = FakeClock::at(START);
    let stage = Stage::new(&clock);
    let Attempt::Held(_question) = cache_of(&stage).try_lock_question() else { panic!("nobody else is here") };
    // After 40 seconds, more than the whole limit, the session is there.
    stage.script.code_needed_until.set(Duration::from_secs(40));
    stage.password(HOST);
    assert_eq!(clock.elapsed(), Duration::from_secs(40));
    assert_eq!(*stage.script.limits.borrow(), [Duration::from_secs(30)], "the time of a person isn't counted");
    assert_eq!(*stage.script.persons.borrow(), [Person::MayBeAsked]);
}

#[test]
fn a_question_that_nobody_answers_keeps_others_for_two_minutes_and_is_not_repeated() {
    let clock = FakeClock::at(START);
    let stage = Stage::new(&clock);
    let Attempt::Held(_question) = cache_of(&stage).try_lock_question() else { panic!("nobody else is here") };
    stage.script.code_needed_until.set(Duration::MAX);
    stage.password(HOST);
    assert_eq!(clock.elapsed(), Duration::from_mins(2));
    assert_eq!(*stage.script.persons.borrow(), [Person::IsAskedElsewhere]);
}

#[test]
fn whoever_waits_for_the_token_that_a_question_is_about_waits_for_the_answer_and_the_call() {
    for (answered, waited) in [(0, 15), (10, 25), (40, 55), (u64::MAX, 135)] {
        let clock = FakeClock::at(START);
        let stage = Stage::new(&clock);
        let _key = lock_of(&stage, HOST);
        let Attempt::Held(_question) = cache_of(&stage).try_lock_question() else { panic!("nobody else is here") };
        stage.script.code_needed_until.set(Duration::from_secs(answered));
        stage.password(HOST);
        // To within one look.
        let took = clock.elapsed().as_secs_f32().round();
        assert_eq!(took.to_string(), waited.to_string(), "answered after {answered} s");
        assert_eq!(*stage.script.limits.borrow(), [Duration::from_secs(15)]);
    }
}
