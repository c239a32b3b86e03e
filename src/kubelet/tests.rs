//! Time: what depends on the clock and on limits, with a clock moved by hand.

use std::cell::RefCell;
use std::time::Duration;

use super::run;
use crate::clock::Clock as _;
use crate::clock::Timestamp;
use crate::clock::fake::FakeClock;
use crate::env::Env;
use crate::error::{Failure, FailureKind};
use crate::fallback::Programs;
use crate::fetch::{ExchangeRequest, FetchedToken, MfaPrompt, RegistryToken, TokenRequest, TokenSource};
use crate::identity::CredentialPlan;
use crate::secret::Secret;
use crate::terminal::Screen;
use crate::token::AuthorizationToken;
use crate::world::{Status, World};

const START: u64 = 1_000_000;
const HOUR: u64 = 3_600;

/// Gives passwords that last twelve hours until it is told to fail.
struct Source<'a> {
    clock: &'a FakeClock,
    failure: RefCell<Option<FailureKind>>,
    limits: RefCell<Vec<Duration>>,
    prompts: RefCell<Vec<MfaPrompt>>,
}

impl TokenSource for Source<'_> {
    fn fetch(&self, request: TokenRequest<'_>) -> Result<FetchedToken, Failure> {
        self.limits.borrow_mut().push(request.limit);
        self.prompts.borrow_mut().push(request.prompt);
        if let Some(kind) = &*self.failure.borrow() {
            return Err(Failure::new(kind.clone(), ""));
        }
        let expires = self.clock.now().after(Duration::from_hours(12));
        let token = AuthorizationToken::new("AWS".to_owned(), Secret::from("p"), expires).expect("two full parts");
        Ok(FetchedToken { token, access_key_id: "AKIDEXAMPLE".to_owned(), request_id: None, warning: None })
    }

    fn exchange(&self, _: ExchangeRequest<'_>) -> Result<RegistryToken, Failure> {
        unreachable!("the container runtime exchanges tokens itself")
    }

    fn needs_mfa_code(&self, _: &CredentialPlan, _: Timestamp) -> bool {
        true
    }
}

/// The duration in the answer of a kubelet's request, or the line on stderr.
fn ask(source: &Source<'_>, home: &std::path::Path, timeout: &str) -> Result<String, String> {
    let cache = home.join("tokens");
    let env = Env::fixed([
        ("AWS_ECR_CACHE_DIR", cache.to_str().expect("UTF-8")),
        ("AWS_ECR_CONFIG", ""),
        ("AWS_ECR_TIMEOUT", timeout),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("HOME", home.to_str().expect("UTF-8")),
    ]);
    let request = r#"{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1","image":"111122223333.dkr.ecr.eu-west-1.amazonaws.com/app"}"#;
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let status = run(
        &[],
        &mut World {
            env: &env,
            clock: source.clock,
            source,
            helpers: &Programs,
            random: || 0,
            screen: Screen::none,
            stdin: &mut request.as_bytes(),
            stdout: &mut stdout,
            stderr: &mut stderr,
        },
    );
    let text = |bytes| String::from_utf8(bytes).expect("text");
    match status {
        Status::Success => {
            let answer: serde_json::Value = serde_json::from_slice(&stdout).expect("JSON");
            Ok(answer["cacheDuration"].as_str().expect("a duration").to_owned())
        }
        _ => Err(text(stderr)),
    }
}

fn source(clock: &FakeClock) -> Source<'_> {
    Source { clock, failure: RefCell::default(), limits: RefCell::default(), prompts: RefCell::default() }
}

#[test]
fn a_stale_token_is_kept_for_half_of_what_is_left_of_it() {
    let clock = FakeClock::at(START);
    let (source, home) = (source(&clock), tempfile::tempdir().expect("a temporary directory"));
    let asked = |at: u64| {
        clock.jump_to(START + at);
        ask(&source, home.path(), "")
    };
    assert_eq!(asked(0), Ok("6h0m0s".to_owned()));
    assert_eq!(asked(2 * HOUR), Ok("5h0m0s".to_owned()));
    *source.failure.borrow_mut() = Some(FailureKind::Unreachable);
    assert_eq!(asked(8 * HOUR), Ok("2h0m0s".to_owned()));
    assert_eq!(asked(12 * HOUR - 3), Ok("1s".to_owned()));
    assert_eq!(asked(12 * HOUR - 1), Ok("0s".to_owned()));
    let failed = asked(12 * HOUR).expect_err("dead");
    assert!(failed.contains("the AWS API can't be reached"), "{failed}");
    // A clock that was set back: the token came in the future, and nobody knows how old it is.
    assert_eq!(ask_at(&clock, &source, home.path(), START - HOUR), Ok("6h0m0s".to_owned()));
}

fn ask_at(clock: &FakeClock, source: &Source<'_>, home: &std::path::Path, at: u64) -> Result<String, String> {
    clock.jump_to(at);
    ask(source, home, "")
}

#[test]
fn no_limit_reaches_the_kubelet_s_minute_and_nobody_is_asked_for_a_code() {
    let clock = FakeClock::at(START);
    for (timeout, limit) in [("", 30), ("5", 5), ("48", 48), ("49", 48), ("3600", 48)] {
        let (source, home) = (source(&clock), tempfile::tempdir().expect("a temporary directory"));
        assert_eq!(ask(&source, home.path(), timeout), Ok("6h0m0s".to_owned()));
        assert_eq!(*source.limits.borrow(), [Duration::from_secs(limit)], "{timeout}");
        assert_eq!(*source.prompts.borrow(), [MfaPrompt::Unattended]);
    }
}
