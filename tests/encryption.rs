//! The cache with `cache_encryption = "os"`: tokens are sealed with a key of the real kernel keyring, or not cached at all.
#![cfg(target_os = "linux")]

#[cfg(feature = "os-encryption")]
#[path = "encryption/keyring.rs"]
mod keyring;
mod support;

use std::fs;
use std::path::PathBuf;

use support::fake_aws::{Api, FakeAws};
use support::sandbox::Sandbox;

const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

fn home(aws: &FakeAws) -> Sandbox {
    let sandbox = Sandbox::new().with_aws(aws).with_keys("AKIDEXAMPLE");
    sandbox.write(".config/ecr-login/config.toml", "[options]\ncache_encryption = 'os'\n");
    sandbox
}

/// The files with tokens.
fn tokens(sandbox: &Sandbox) -> Vec<PathBuf> {
    let entries = fs::read_dir(sandbox.cache_dir()).map(|entries| entries.flatten().map(|entry| entry.path()));
    entries
        .map_or(Vec::new(), |paths| paths.filter(|path| path.extension().is_some_and(|end| end == "token")).collect())
}

/// Which call to AWS gave a password.
fn call_of(password: &str) -> usize {
    password.split('.').nth(4).and_then(|number| number.parse().ok()).expect("a password of the fake")
}

#[cfg(not(feature = "os-encryption"))]
#[test]
fn a_build_without_encryption_caches_nothing_where_it_is_asked_for_and_says_why() {
    let aws = FakeAws::start();
    let sandbox = home(&aws).env("AWS_ECR_CACHE_ENCRYPTION", "off");
    // A plain token, which isn't served later.
    let first = sandbox.get(HOST).password();
    assert_eq!((sandbox.get(HOST).password(), aws.calls(Api::EcrToken)), (first, 1));
    let sandbox = sandbox.env("AWS_ECR_CACHE_ENCRYPTION", "");
    let calls = [(); 2].map(|()| call_of(&sandbox.get(HOST).password()));
    assert_eq!((calls, aws.calls(Api::EcrToken)), ([2, 3], 3));
    let reason = "tokens can't be encrypted: this program was built without the feature `os-encryption`";
    let sandbox = sandbox.env("AWS_ECR_LOG", "warn");
    let reply = sandbox.get(HOST);
    assert!(reply.stderr.ends_with(&format!("] get {HOST}: the cache is not used: {reason}\n")), "{}", reply.stderr);
    // Without line breaks.
    let words = |command| {
        let text = sandbox.run(&[command], b"").stdout_text();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let doctor = words("doctor");
    let warning = "cache: tokens can't be encrypted, so nothing is cached: this program was built without the feature \
                   `os-encryption` Install a build with that feature, or set `AWS_ECR_CACHE_ENCRYPTION=off` to cache them in \
                   plain text";
    assert!(doctor.contains(warning), "{doctor}");
    let status = words("status");
    assert!(status.contains(reason), "{status}");
    assert_eq!(sandbox.run(&["erase"], HOST.as_bytes()).code, Some(0));
    assert_eq!(tokens(&sandbox), Vec::<PathBuf>::new(), "the plain token is erased");
    let reply = sandbox.run(&["token", HOST], b"");
    assert_eq!((reply.code, aws.calls(Api::EcrToken), tokens(&sandbox)), (Some(0), 5, Vec::new()));
}

#[test]
fn another_word_is_a_mistake_and_not_a_plain_cache() {
    let aws = FakeAws::start();
    let sandbox = home(&aws).env("AWS_ECR_CACHE_ENCRYPTION", "yes");
    let reply = sandbox.get(HOST);
    reply.assert_not_found();
    assert!(reply.stderr.contains("`AWS_ECR_CACHE_ENCRYPTION` must be os or off"), "{}", reply.stderr);
    assert_eq!(sandbox.run(&["token", HOST], b"").code, Some(1));
    assert_eq!((tokens(&sandbox).len(), aws.calls(Api::EcrToken)), (0, 0));
}
