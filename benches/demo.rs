//! The main job, shown without an AWS account: `cargo demo`.
//!
//! Starts a stand-in for the ECR and ECR Public APIs on loopback, runs the real helper against it as Docker would, in a home
//! directory of its own, and shows what Docker receives, with the secret masked, and how long it took. Not a benchmark:
//! it lives here because cargo builds the helper for benchmarks, and not for examples.

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::Duration;

use support::fake_aws::{Api, FakeAws};
use support::sandbox::{Reply, Sandbox};

const PRIVATE: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
const OTHER_ACCOUNT: &str = "210987654321.dkr.ecr.eu-west-1.amazonaws.com";
const PUBLIC: &str = "public.ecr.aws";

/// How much of a secret is shown.
const SHOWN: usize = 12;

fn main() {
    let aws = FakeAws::start();
    // A real API is some 100 ms away.
    aws.set(Api::EcrToken, support::fake_aws::Behaviour::Delay(Duration::from_millis(100)));
    aws.set(Api::EcrPublicToken, support::fake_aws::Behaviour::Delay(Duration::from_millis(100)));
    let sandbox = Sandbox::new().with_aws(&aws).with_keys("AKIDEXAMPLE");

    println!("A stand-in for the ECR and ECR Public APIs answers at {}, 100 ms late like the real ones.", aws.url());
    println!("The helper runs in an empty home directory; nothing leaves this machine.");
    if cfg!(debug_assertions) {
        println!("It was built without optimisation, as for the tests: a release build is several times faster.");
    }
    for (host, what) in [
        (PRIVATE, "a private registry, for the first time: one API call"),
        (PRIVATE, "the same again: from the cache, no network"),
        (OTHER_ACCOUNT, "another account in that region: the same token opens it"),
        (PUBLIC, "ECR Public, for the first time: one API call"),
        (PUBLIC, "the same again: from the cache"),
        ("registry.example.com", "not an ECR registry: left alone, so that Docker goes on without"),
    ] {
        let calls = calls(&aws);
        let reply = sandbox.get(host);
        println!("\n# {what}");
        show(&format!("echo {host} | docker-credential-ecr-login get"), &reply);
        println!("  took {:.1} ms, API calls: {}", reply.elapsed.as_secs_f64() * 1_000.0, self::calls(&aws) - calls);
    }
    println!("\n# what is cached");
    show("docker-credential-ecr-login list", &sandbox.run(&["list"], b""));
    assert_eq!(calls(&aws), 2, "one call for each token");
}

fn calls(aws: &FakeAws) -> usize {
    aws.calls(Api::EcrToken) + aws.calls(Api::EcrPublicToken)
}

/// A command and its answer, as a terminal shows them.
fn show(command: &str, reply: &Reply) {
    println!("$ {command}");
    println!("{}", masked(reply.stdout_text().trim_end()));
    if !reply.stderr.is_empty() {
        println!("{}", reply.stderr.trim_end());
    }
}

/// The answer of a `get` with the greater part of its secret hidden.
fn masked(answer: &str) -> String {
    const SECRET: &str = "\"Secret\":\"";
    let Some((before, secret)) = answer.split_once(SECRET) else { return answer.to_owned() };
    let secret = secret.trim_end_matches("\"}");
    let shown: String = secret.chars().take(SHOWN).collect();
    format!("{before}{SECRET}{shown}… ({} characters in all)\"}}", secret.chars().count())
}
