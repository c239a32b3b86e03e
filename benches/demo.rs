//! `cargo demo`: shows what the helper does, without an AWS account.
//!
//! Starts a fake of the ECR and ECR Public APIs on loopback and runs the real helper against it, as
//! Docker would, in a temporary home directory. Prints what Docker receives, with the secret masked,
//! and how long it took. It is in `benches/` because cargo builds the helper for benches, but not for
//! examples.

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::Duration;

use support::fake_aws::{Api, FakeAws};
use support::sandbox::{Reply, Sandbox};

const PRIVATE: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
const OTHER_ACCOUNT: &str = "210987654321.dkr.ecr.eu-west-1.amazonaws.com";
const PUBLIC: &str = "public.ecr.aws";

/// How many characters of a secret are printed.
const SHOWN: usize = 12;

fn main() {
    let aws = FakeAws::start();
    // About the time of the real API.
    aws.set(Api::EcrToken, support::fake_aws::Behaviour::Delay(Duration::from_millis(100)));
    aws.set(Api::EcrPublicToken, support::fake_aws::Behaviour::Delay(Duration::from_millis(100)));
    let sandbox = Sandbox::new().with_aws(&aws).with_keys("AKIDEXAMPLE");

    println!(
        "A fake of the ECR and ECR Public APIs listens at {} and takes 100 ms to answer, like the real ones.",
        aws.url()
    );
    println!("The helper runs in an empty home directory. Nothing leaves this machine.");
    if cfg!(debug_assertions) {
        println!("This is a debug build, as for the tests; a release build is several times faster.");
    }
    for (host, what) in [
        (PRIVATE, "a private registry, first request: one API call"),
        (PRIVATE, "the same registry again: from the cache, no network"),
        (OTHER_ACCOUNT, "another account in the same region: the same token is valid"),
        (PUBLIC, "ECR Public, first request: one API call"),
        (PUBLIC, "ECR Public again: from the cache"),
        ("registry.example.com", "a registry other than ECR: no password, and Docker continues without one"),
    ] {
        let calls = calls(&aws);
        let reply = sandbox.get(host);
        println!("\n# {what}");
        show(&format!("echo {host} | docker-credential-ecr-login get"), &reply);
        println!("  took {:.1} ms, API calls: {}", reply.elapsed.as_secs_f64() * 1_000.0, self::calls(&aws) - calls);
    }
    println!("\n# the cached registries");
    show("docker-credential-ecr-login list", &sandbox.run(&["list"], b""));
    assert_eq!(calls(&aws), 2, "one call for each token");
}

fn calls(aws: &FakeAws) -> usize {
    aws.calls(Api::EcrToken) + aws.calls(Api::EcrPublicToken)
}

/// Prints a command and its output like a terminal.
fn show(command: &str, reply: &Reply) {
    println!("$ {command}");
    println!("{}", masked(reply.stdout_text().trim_end()));
    if !reply.stderr.is_empty() {
        println!("{}", reply.stderr.trim_end());
    }
}

/// The output of a `get` with most of its secret masked.
fn masked(answer: &str) -> String {
    const SECRET: &str = "\"Secret\":\"";
    let Some((before, secret)) = answer.split_once(SECRET) else { return answer.to_owned() };
    let secret = secret.trim_end_matches("\"}");
    let shown: String = secret.chars().take(SHOWN).collect();
    format!("{before}{SECRET}{shown}… ({} characters)\"}}", secret.chars().count())
}
