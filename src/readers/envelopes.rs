//! Whole requests of the kubelet and of Bazel, to an AWS that gives every identity the same password.

use std::time::Duration;

use crate::bazel;
use crate::clock::SystemClock;
use crate::env::Env;
use crate::error::Failure;
use crate::fallback::Programs;
use crate::fetch::{ExchangeRequest, FetchedToken, RegistryToken, TokenRequest, TokenSource};
use crate::kubelet;
use crate::protocol::Request;
use crate::secret::Secret;
use crate::terminal::Screen;
use crate::token::AuthorizationToken;
use crate::world::{Status, World};

/// The password that AWS gives.
pub const PASSWORD: &str = "the-password";

/// What a program gets for a request: whether it was a success, stdout, and stderr.
pub type Written = (bool, Vec<u8>, Vec<u8>);

struct Aws;

impl TokenSource for Aws {
    fn fetch(&self, request: TokenRequest<'_>) -> Result<FetchedToken, Failure> {
        let expires_at = request.now.after(Duration::from_hours(12));
        let token =
            AuthorizationToken::new("AWS".to_owned(), Secret::from(PASSWORD), expires_at).expect("two full parts");
        Ok(FetchedToken { token, access_key_id: "AKIA".to_owned(), request_id: None, warning: None })
    }

    fn exchange(&self, _: ExchangeRequest<'_>) -> Result<RegistryToken, Failure> {
        Ok(RegistryToken { token: Secret::from(PASSWORD), lasts: Duration::from_mins(5) })
    }
}

/// What the kubelet gets for what it writes to stdin.
pub fn kubelet_answer(stdin: &[u8]) -> Written {
    answer(stdin, |world| kubelet::run(&[], world))
}

/// What Bazel gets for what it writes to stdin; `None` if it isn't a request of Bazel's.
pub fn bazel_answer(stdin: &[u8]) -> Option<Written> {
    let request = Request::read(&mut &*stdin, &SystemClock::start()).ok()?;
    request.is_json_object().then(|| answer(b"", |world| bazel::get(&request, world)))
}

fn answer(mut stdin: &[u8], ask: impl FnOnce(&mut World<'_>) -> Status) -> Written {
    let env = Env::fixed([
        ("AWS_ECR_CONFIG", ""),
        ("AWS_ECR_DISABLE_CACHE", "1"),
        ("AWS_ACCESS_KEY_ID", "AKIA"),
        ("AWS_SECRET_ACCESS_KEY", "the-secret-key"),
    ]);
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let status = ask(&mut World {
        env: &env,
        clock: &SystemClock::start(),
        source: &Aws,
        helpers: &Programs,
        random: || 0,
        screen: Screen::none,
        stdin: &mut stdin,
        stdout: &mut stdout,
        stderr: &mut stderr,
    });
    (status == Status::Success, stdout, stderr)
}
