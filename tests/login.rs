//! Sessions of `aws login`: used while they last, renewed when they don't, and named when they are over.
#![cfg(unix)]

mod support;

use support::fake_aws::{Api, Behaviour, FakeAws, password_head};
use support::proxy::{Forward, Proxy};
use support::sandbox::Sandbox;

const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
const LASTS: &str = "2099-01-01T00:00:00Z";
const OVER: &str = "2020-01-01T00:00:00Z";

fn sandbox(aws: &FakeAws) -> Sandbox {
    Sandbox::new().with_aws(aws).env("AWS_PROFILE", "dev")
}

/// Who signed the call that a `get` was answered with.
#[track_caller]
fn signer(sandbox: &Sandbox) -> String {
    password_head(&sandbox.get(HOST).password()).access_key_id
}

/// Why there is no password.
#[track_caller]
fn reason(sandbox: &Sandbox) -> String {
    let reply = sandbox.get(HOST);
    reply.assert_not_found();
    sandbox.assert_no_secret_in(&reply);
    let line = reply.stderr.strip_prefix(&format!("ecr-login: no password for {HOST}: ")).expect("the registry");
    line.trim_end().to_owned()
}

#[test]
fn a_session_that_lasts_is_used_as_it_is() {
    let aws = FakeAws::start();
    let sandbox = sandbox(&aws);
    sandbox.with_login_session("dev", LASTS);
    assert_eq!(signer(&sandbox), "ASIALOGIN");
    assert_eq!((aws.calls(Api::SigninToken), aws.requests().len()), (0, 1));
}

#[test]
fn a_session_that_has_ended_is_renewed_once_and_kept_renewed() {
    let aws = FakeAws::start();
    let sandbox = sandbox(&aws).env("AWS_ECR_DISABLE_CACHE", "1");
    sandbox.with_login_session("dev", OVER);
    assert_eq!(signer(&sandbox), "ASIA-Dev-login-1");
    assert_eq!(signer(&sandbox), "ASIA-Dev-login-1");
    assert_eq!(aws.calls(Api::SigninToken), 1);
}

#[test]
fn a_role_stands_on_a_session() {
    let aws = FakeAws::start();
    let sandbox = sandbox(&aws).env("AWS_PROFILE", "pull");
    sandbox.with_login_session("dev", LASTS);
    sandbox.write(".aws/credentials", "[pull]\nrole_arn = arn:aws:iam::111122223333:role/pull\nsource_profile = dev\n");
    assert_eq!(signer(&sandbox), "ASIA-pull-assumed-1");
    assert_eq!(aws.requests_to(Api::AssumeRole)[0].access_key_id.as_deref(), Some("ASIALOGIN"));
}

#[test]
fn a_cached_token_outlives_its_session_but_serves_no_other() {
    let aws = FakeAws::start();
    let sandbox = sandbox(&aws);
    let session = sandbox.with_login_session("dev", LASTS);
    assert_eq!(signer(&sandbox), "ASIALOGIN");
    std::fs::remove_file(session).expect("the session was there");
    assert_eq!(signer(&sandbox), "ASIALOGIN");
    sandbox.write(".aws/config", "[profile dev]\nlogin_session = arn:aws:iam::111122223333:user/Other\n");
    assert!(reason(&sandbox).starts_with("the login session of profile `dev` has expired or was never started"));
}

#[test]
fn a_session_that_is_over_is_named_with_the_command_that_starts_one() {
    let run = "; run `aws login --profile dev`";
    let over = "the login session of profile `dev` has expired or was never started (";
    let refused = |code| Behaviour::error(400, code, "no more");
    for (what, file, answer, start, end) in [
        ("never started", false, Behaviour::Answer, over, run),
        ("ended", true, refused("AccessDeniedException/TOKEN_EXPIRED"), over, run),
        ("ended by a new password", true, refused("AccessDeniedException/USER_CREDENTIALS_CHANGED"), over, run),
        (
            "not allowed to be renewed",
            true,
            refused("AccessDeniedException/INSUFFICIENT_PERMISSIONS"),
            "could not get credentials from profile `dev` (",
            "; try `aws sts get-caller-identity` with the same settings",
        ),
        (
            "renewed too often",
            true,
            Behaviour::error(429, "TooManyRequestsError/server_error", "slow down"),
            "AWS is throttling requests from this account (",
            "); try again in a minute",
        ),
        (
            "cut off",
            true,
            Behaviour::Close,
            "the AWS API can't be reached (",
            "; check the network, DNS, VPC endpoints and proxy variables",
        ),
    ] {
        let aws = FakeAws::start();
        aws.set(Api::SigninToken, answer);
        let sandbox = sandbox(&aws);
        let session = sandbox.with_login_session("dev", OVER);
        if !file {
            std::fs::remove_file(session).expect("the session was there");
        }
        let reason = reason(&sandbox);
        assert!(reason.starts_with(start) && reason.ends_with(end), "{what}: {reason}");
        assert_eq!(aws.calls(Api::SigninToken) > 0, file, "{what}");
        assert_eq!(aws.calls(Api::EcrToken), 0, "{what}");
    }
}

#[test]
fn the_command_names_the_profile_that_has_the_session() {
    let aws = FakeAws::start();
    let sandbox = sandbox(&aws).env("AWS_PROFILE", "pull");
    std::fs::remove_file(sandbox.with_login_session("dev", OVER)).expect("the session was there");
    sandbox.write(".aws/credentials", "[pull]\nrole_arn = arn:aws:iam::111122223333:role/pull\nsource_profile = dev\n");
    assert!(reason(&sandbox).ends_with("; run `aws login --profile dev`"));
}

#[test]
fn a_session_is_renewed_in_the_region_of_its_profile() {
    // Any name is looked up by the proxy, and this one refuses them all.
    let proxy = Proxy::start(Forward::Refuse);
    let sandbox = Sandbox::new().without("AWS_ENDPOINT_URL").env("https_proxy", proxy.url());
    let sandbox = sandbox.env("AWS_PROFILE", "dev").env("AWS_MAX_ATTEMPTS", "1").env("AWS_REGION", "eu-central-1");
    sandbox.with_login_session("dev", OVER);
    assert!(reason(&sandbox).contains("it refused the connection"));
    let mut targets = proxy.targets();
    // The API may have been connected to meanwhile, and isn't asked.
    targets.retain(|target| !target.contains("ecr"));
    assert_eq!(targets, ["us-west-2.signin.aws.amazon.com:443"]);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the session is the test's own")]
fn the_sessions_may_be_kept_elsewhere() {
    let aws = FakeAws::start();
    let sandbox = sandbox(&aws);
    let session = sandbox.with_login_session("dev", LASTS);
    let name = session.file_name().expect("a file").to_str().expect("UTF-8");
    let moved = sandbox.write(&format!("elsewhere/{name}"), std::fs::read(&session).expect("the session"));
    std::fs::remove_file(&session).expect("it was there");
    assert!(reason(&sandbox).starts_with("the login session of profile `dev` has expired or was never started"));
    let sandbox = sandbox.env("AWS_LOGIN_CACHE_DIRECTORY", moved.parent().expect("a directory"));
    assert_eq!(signer(&sandbox), "ASIALOGIN");
}
