//! Time: what depends on the clock and on limits, with a clock moved by hand.

use std::cell::RefCell;
use std::path::Path;
use std::time::Duration;

use super::get;
use crate::clock::fake::FakeClock;
use crate::clock::{Clock as _, Timestamp};
use crate::env::Env;
use crate::error::{Failure, FailureKind};
use crate::fallback::Programs;
use crate::fetch::{ExchangeRequest, FetchedToken, MfaPrompt, RegistryToken, TokenRequest, TokenSource};
use crate::identity::CredentialPlan;
use crate::protocol::Request;
use crate::secret::Secret;
use crate::terminal::Screen;
use crate::token::AuthorizationToken;
use crate::world::{Status, World};

const PRIVATE: &str = "https://111122223333.dkr.ecr.eu-west-1.amazonaws.com/v2/app/manifests/1";
const PUBLIC: &str = "https://public.ecr.aws/v2/team/app/manifests/1";
const START: u64 = 1_000_000;
const HOUR: u64 = 3_600;

/// Gives passwords that last twelve hours until it is told to fail, and takes its time.
struct Source<'a> {
    clock: &'a FakeClock,
    failure: RefCell<Option<FailureKind>>,
    takes: Duration,
    /// The limits of fetches and exchanges, in their order.
    limits: RefCell<Vec<Duration>>,
    /// What the exchanges were asked for.
    exchanges: RefCell<Vec<Exchange>>,
}

impl TokenSource for Source<'_> {
    fn fetch(&self, request: TokenRequest<'_>) -> Result<FetchedToken, Failure> {
        assert!(matches!(request.prompt, MfaPrompt::Unattended | MfaPrompt::Suppressed));
        self.limits.borrow_mut().push(request.limit);
        self.clock.pass(self.takes);
        if let Some(kind) = &*self.failure.borrow() {
            return Err(Failure::new(kind.clone(), ""));
        }
        let expires = self.clock.now().after(Duration::from_hours(12));
        let token = AuthorizationToken::new("AWS".to_owned(), Secret::from("p"), expires).expect("two full parts");
        Ok(FetchedToken { token, access_key_id: "AKIDEXAMPLE".to_owned(), request_id: None, warning: None })
    }

    fn exchange(&self, request: ExchangeRequest<'_>) -> Result<RegistryToken, Failure> {
        let ExchangeRequest { host, repository, login, access: _, limit } = request;
        self.limits.borrow_mut().push(limit);
        let login = login.map(|token| token.password().expose().to_owned());
        self.exchanges.borrow_mut().push((host.to_owned(), repository.map(str::to_owned), login));
        Ok(RegistryToken { token: Secret::from("bearer"), lasts: Duration::from_mins(5) })
    }

    fn needs_mfa_code(&self, _: &CredentialPlan, _: Timestamp) -> bool {
        true
    }
}

/// The host, the repository and the password.
type Exchange = (String, Option<String>, Option<String>);

fn source(clock: &FakeClock, takes: u64) -> Source<'_> {
    let (failure, limits, exchanges) = (RefCell::default(), RefCell::default(), RefCell::default());
    Source { clock, failure, takes: Duration::from_secs(takes), limits, exchanges }
}

/// The answer to a request for a URI, or the line on stderr.
fn ask(source: &Source<'_>, home: &Path, uri: &str) -> Result<String, String> {
    let cache = home.join("tokens");
    let env = Env::fixed([
        ("AWS_ECR_CACHE_DIR", cache.to_str().expect("UTF-8")),
        ("AWS_ECR_CONFIG", ""),
        ("AWS_ECR_TIMEOUT", "3600"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("HOME", home.to_str().expect("UTF-8")),
    ]);
    let request = format!("{{\"uri\":\"{uri}\"}}");
    let request = Request::read(&mut request.as_bytes(), source.clock).expect("text");
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut world = World {
        env: &env,
        clock: source.clock,
        source,
        helpers: &Programs,
        random: || 0,
        screen: Screen::none,
        stdin: &mut &b""[..],
        stdout: &mut stdout,
        stderr: &mut stderr,
    };
    let status = get(&request, &mut world);
    let [stdout, stderr] = [stdout, stderr].map(|bytes| String::from_utf8(bytes).expect("text"));
    if status == Status::Success { Ok(stdout) } else { Err(stderr) }
}

/// An answer with the password `p`.
fn basic(expires: u64) -> String {
    let expires = Timestamp::from_seconds(expires);
    format!("{{\"headers\":{{\"Authorization\":[\"Basic QVdTOnA=\"]}},\"expires\":\"{expires}\"}}\n")
}

#[test]
fn a_password_is_kept_until_its_refresh_and_a_stale_one_for_a_minute() {
    let clock = FakeClock::at(START);
    let (source, home) = (source(&clock, 0), tempfile::tempdir().expect("a temporary directory"));
    let asked = |at: u64| {
        clock.jump_to(START + at);
        ask(&source, home.path(), PRIVATE)
    };
    assert_eq!(asked(0), Ok(basic(START + 6 * HOUR)));
    assert_eq!(asked(HOUR), Ok(basic(START + 6 * HOUR)));
    *source.failure.borrow_mut() = Some(FailureKind::Unreachable);
    assert_eq!(asked(7 * HOUR), Ok(basic(START + 7 * HOUR + 60)));
    assert_eq!(asked(12 * HOUR - 10), Ok(basic(START + 12 * HOUR)));
    let failed = asked(12 * HOUR).expect_err("dead");
    assert!(failed.contains("the AWS API can't be reached"), "{failed}");
}

#[test]
fn all_of_it_ends_before_bazel_s_ten_seconds() {
    let clock = FakeClock::at(START);
    for (uri, takes, limits) in [(PRIVATE, 1, &[8][..]), (PUBLIC, 1, &[5, 7]), (PUBLIC, 5, &[5, 3])] {
        let (source, home) = (source(&clock, takes), tempfile::tempdir().expect("a temporary directory"));
        ask(&source, home.path(), uri).expect("headers");
        let limits: Vec<_> = limits.iter().copied().map(Duration::from_secs).collect();
        assert_eq!(*source.limits.borrow(), limits, "{uri}");
    }
}

#[test]
fn the_token_of_the_registry_is_for_the_repository_and_expires_by_our_clock() {
    let clock = FakeClock::at(START);
    let (source, home) = (source(&clock, 0), tempfile::tempdir().expect("a temporary directory"));
    let expires = Timestamp::from_seconds(START + 300);
    let bearer = format!("{{\"headers\":{{\"Authorization\":[\"Bearer bearer\"]}},\"expires\":\"{expires}\"}}\n");
    assert_eq!(ask(&source, home.path(), PUBLIC), Ok(bearer.clone()));
    let other = tempfile::tempdir().expect("a temporary directory");
    *source.failure.borrow_mut() = Some(FailureKind::AccessDenied);
    assert_eq!(ask(&source, other.path(), PUBLIC), Ok(bearer));
    let repository = || Some("team/app".to_owned());
    let host = || "public.ecr.aws".to_owned();
    let with_password = (host(), repository(), Some("p".to_owned()));
    assert_eq!(*source.exchanges.borrow(), [with_password, (host(), repository(), None)]);
    // What may pass is a failure, and nothing is exchanged.
    *source.failure.borrow_mut() = Some(FailureKind::Throttled);
    let third = tempfile::tempdir().expect("a temporary directory");
    assert!(ask(&source, third.path(), PUBLIC).is_err());
    assert_eq!(source.exchanges.borrow().len(), 2);
}
