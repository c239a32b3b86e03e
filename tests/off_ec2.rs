//! Where no credentials are configured and there is no EC2: how long it takes to find that out, how long it is
//! remembered, and that whoever logs in meanwhile doesn't wait for it to be forgotten.
//!
//! Linux alone: elsewhere nothing tells one machine from another, so nothing is kept of an instance, not even that there
//! is none.
#![cfg(target_os = "linux")]

mod support;

use std::time::Duration;

use support::fake_aws::{Api, Behaviour, FakeAws, password_head};
use support::sandbox::{Reply, Sandbox};

const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

/// The first failure may take this long; the process itself is some 50 ms of it in a debug build.
const FIRST: Duration = Duration::from_millis(1_500);

/// The next ones, in a debug build on a busy machine; a release build takes a few milliseconds.
const NEXT: Duration = Duration::from_millis(250);

/// A service that answers 500 may cost this much: a pause of at most a second before each of two questions is repeated.
const BROKEN: Duration = Duration::from_millis(2_500);

const NOT_REACHED: &str = "no AWS credentials found, and the EC2 instance metadata service can't be reached (";

/// A machine with nothing configured, whose metadata service never answers.
fn silent() -> (FakeAws, Sandbox) {
    let aws = FakeAws::start();
    aws.set(Api::MetadataToken, Behaviour::Hang);
    let home = Sandbox::new().with_aws(&aws).with_metadata(&aws);
    (aws, home)
}

/// Checks what the person is told, and within which time.
#[track_caller]
fn fails(what: &str, reply: &Reply, reason: &str, limit: Duration) {
    println!("{what}: {:?}", reply.elapsed);
    reply.assert_not_found();
    let line = format!("ecr-login: no password for {HOST}: {reason}");
    assert!(reply.stderr.starts_with(&line), "{what}: {}", reply.stderr);
    assert!(reply.elapsed < limit, "{what}: {:?}", reply.elapsed);
}

#[test]
fn a_metadata_service_that_never_answers_is_waited_for_once() {
    let (aws, home) = silent();
    fails("never answers, first", &home.get(HOST), NOT_REACHED, FIRST);
    let requests = aws.requests().len();
    assert!(requests > 0, "it was asked");
    for _ in 0..3 {
        fails("never answers, next", &home.get(HOST), NOT_REACHED, NEXT);
    }
    assert_eq!(aws.requests().len(), requests, "it was asked again");

    home.run(&["erase"], HOST.as_bytes());
    fails("never answers, after `erase`", &home.get(HOST), NOT_REACHED, FIRST);
    assert!(aws.requests().len() > requests, "it wasn't asked again");
}

#[test]
fn a_metadata_service_that_isnt_there_is_looked_for_once() {
    let home = Sandbox::new().without("AWS_EC2_METADATA_DISABLED");
    fails("refuses, first", &home.get(HOST), NOT_REACHED, FIRST);
    for _ in 0..3 {
        fails("refuses, next", &home.get(HOST), NOT_REACHED, NEXT);
    }
}

#[test]
fn a_metadata_service_that_is_switched_off_isnt_asked() {
    let (aws, home) = silent();
    for value in ["true", "TRUE"] {
        let home = Sandbox::new().with_aws(&aws).with_metadata(&aws).env("AWS_EC2_METADATA_DISABLED", value);
        fails("switched off", &home.get(HOST), "no AWS credentials found; ", NEXT);
    }
    fails("switched off later", &home.env("AWS_EC2_METADATA_DISABLED", "true").get(HOST), "no AWS credentials", NEXT);
    assert_eq!(aws.requests().len(), 0);
}

#[test]
fn credentials_that_appear_meanwhile_are_used_at_once() {
    let (aws, home) = silent();
    fails("before", &home.get(HOST), NOT_REACHED, FIRST);
    home.write(
        ".aws/credentials",
        "[default]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = made/up/secret/of/a/profile\n",
    );
    assert_eq!(password_head(&home.get(HOST).password()).access_key_id, "AKIAPROFILE");
    let home = home.with_keys("AKIAENV");
    assert_eq!(password_head(&home.get(HOST).password()).access_key_id, "AKIAENV");

    // A metadata service that is somewhere else isn't the one that was remembered.
    let (_silent, home) = silent();
    fails("before", &home.get(HOST), NOT_REACHED, FIRST);
    let home = home.with_aws(&aws).with_metadata(&aws);
    aws.set(Api::MetadataToken, Behaviour::Answer);
    let head = password_head(&home.get(HOST).password());
    assert_eq!(head.access_key_id, "ASIA-instance-role-metadata-1");
}

#[test]
fn an_answer_of_the_metadata_service_is_never_remembered() {
    for (what, api, behaviour, reason) in [
        (
            "no role",
            Api::MetadataRole,
            Behaviour::Status(404),
            "no AWS credentials found (this instance has no IAM role attached); ",
        ),
        (
            "forbidden",
            Api::MetadataRole,
            Behaviour::Status(403),
            "could not get credentials from the instance metadata service (HTTP status 403); ",
        ),
        (
            "broken",
            Api::MetadataCredentials,
            Behaviour::Garbage(b"not JSON".to_vec()),
            "could not get credentials from the instance metadata service (",
        ),
    ] {
        let aws = FakeAws::start();
        let home = Sandbox::new().with_aws(&aws).with_metadata(&aws);
        aws.set(api, behaviour);
        for times in 1..=2 {
            let calls = aws.calls(api);
            fails(what, &home.get(HOST), reason, FIRST);
            assert!(aws.calls(api) > calls, "{what}: not asked the {times}. time");
        }
        aws.set(api, Behaviour::Answer);
        let head = password_head(&home.get(HOST).password());
        assert!(head.access_key_id.starts_with("ASIA-instance-role-metadata-"), "{what}: {head:?}");
    }
}

#[test]
fn a_metadata_service_that_fails_is_asked_once_more_and_not_for_long() {
    let in_chain =
        "[default]\nrole_arn = arn:aws:iam::111122223333:role/pull\ncredential_source = Ec2InstanceMetadata\n";
    for (source, config) in [("the instance metadata service", ""), ("profile `default`", in_chain)] {
        for api in [Api::MetadataRole, Api::MetadataCredentials] {
            let aws = FakeAws::start();
            let home = Sandbox::new().with_aws(&aws).with_metadata(&aws);
            home.write(".aws/config", config);
            aws.set(api, Behaviour::Status(500));
            let what = format!("{source}, {api:?}");
            fails(
                &what,
                &home.get(HOST),
                &format!("could not get credentials from {source} (HTTP status 500); "),
                BROKEN,
            );
            assert_eq!(aws.calls(api), 2, "{what}");
            aws.set(api, Behaviour::FailTimes(1, Box::new(Behaviour::Status(500))));
            home.get(HOST).password();
        }
        let aws = FakeAws::start();
        let home = Sandbox::new().with_aws(&aws).with_metadata(&aws);
        home.write(".aws/config", config);
        aws.set(Api::MetadataToken, Behaviour::Status(500));
        let what = format!("{source}, no session");
        let said = format!("could not get credentials from {source} (HTTP status 500); ");
        fails(&what, &home.get(HOST), &said, BROKEN);
    }
}

#[test]
fn an_empty_variable_doesnt_say_where_the_metadata_service_is() {
    let aws = FakeAws::start();
    let home = Sandbox::new().with_aws(&aws).with_metadata(&aws);
    let home = home.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", "").env("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "");
    home.write(".aws/config", format!("[default]\nec2_metadata_service_endpoint = {}\n", aws.url()));
    let head = password_head(&home.get(HOST).password());
    assert_eq!(head.access_key_id, "ASIA-instance-role-metadata-1");
}

/// What stand-ins such as kube2iam answer to the request for a token, which they don't know.
const NO_TOKENS: [u16; 6] = [401, 403, 404, 405, 500, 501];

#[test]
fn a_metadata_service_without_tokens_is_asked_without_one() {
    let lost = [Behaviour::Hang, Behaviour::Close];
    for refusal in NO_TOKENS.map(Behaviour::Status).into_iter().chain(lost) {
        let aws = FakeAws::start();
        aws.answer_without_metadata_token();
        aws.set(Api::MetadataToken, refusal.clone());
        let home = Sandbox::new().with_aws(&aws).with_metadata(&aws);
        let head = password_head(&home.get(HOST).password());
        assert_eq!(head.access_key_id, "ASIA-instance-role-metadata-1", "{refusal:?}");
        let asked = &aws.requests_to(Api::MetadataCredentials)[0];
        assert_eq!(asked.header("x-aws-ec2-metadata-token"), None, "{refusal:?}");
    }
}

#[test]
fn a_metadata_service_that_insists_on_a_token_says_why_it_gave_none() {
    for (what, refusal, reason, limit) in [
        // The response to the request for a token doesn't reach a container that is one hop too far away.
        ("lost on the way", Behaviour::Hang, NOT_REACHED, FIRST),
        ("connection closed", Behaviour::Close, NOT_REACHED, BROKEN),
        (
            "refused",
            Behaviour::Status(403),
            "could not get credentials from the instance metadata service (HTTP status 403); ",
            BROKEN,
        ),
        (
            "no such request",
            Behaviour::Status(400),
            "could not get credentials from the instance metadata service (HTTP status 400); ",
            BROKEN,
        ),
    ] {
        let aws = FakeAws::start();
        aws.set(Api::MetadataToken, refusal);
        let home = Sandbox::new().with_aws(&aws).with_metadata(&aws);
        let reply = home.get(HOST);
        fails(what, &reply, reason, limit);
        let hint = reply.stderr.ends_with("; in a container on EC2, raise the metadata hop limit to 2\n");
        assert_eq!(hint, reason == NOT_REACHED, "{what}: {}", reply.stderr);
        assert_eq!(aws.calls(Api::MetadataCredentials), 0, "{what}");
    }
}

#[test]
fn a_token_that_isnt_accepted_is_named() {
    let aws = FakeAws::start();
    aws.set(Api::MetadataToken, Behaviour::Garbage(b"made-up-token".to_vec()));
    let home = Sandbox::new().with_aws(&aws).with_metadata(&aws);
    let said = "could not get credentials from the instance metadata service (HTTP status 401); ";
    fails("not accepted", &home.get(HOST), said, FIRST);
}

#[test]
fn credentials_of_the_metadata_service_are_used_whatever_their_expiration_says() {
    for expiration in ["\"2099-01-01 00:00:00\"", "\"2001-01-01T00:00:00Z\"", "\"soon\"", "4070908800", "null"] {
        let aws = FakeAws::start();
        let body = format!(
            "{{\"Code\":\"Success\",\"AccessKeyId\":\"AKIAODD\\n\",\"SecretAccessKey\":\"made/up/secret\",\
             \"Token\":\"made/up/token\",\"Expiration\":{expiration}}}"
        );
        aws.set(Api::MetadataCredentials, Behaviour::Garbage(body.into_bytes()));
        let home = Sandbox::new().with_aws(&aws).with_metadata(&aws);
        assert_eq!(password_head(&home.get(HOST).password()).access_key_id, "AKIAODD", "{expiration}");
    }
}

#[test]
fn a_place_that_is_none_is_named() {
    let home = Sandbox::new().without("AWS_EC2_METADATA_DISABLED");
    let url = home.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://no url");
    fails(
        "no URL",
        &url.get(HOST),
        "the AWS settings are invalid (the endpoint of the instance metadata service is not an `http://` or `https://` \
         URL); ",
        NEXT,
    );
    let home = Sandbox::new().without("AWS_EC2_METADATA_DISABLED").without("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    let mode = home.env("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv5");
    let said = "the AWS settings are invalid (`AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE` must be `IPv4` or `IPv6`); ";
    fails("no mode", &mode.get(HOST), said, NEXT);
}
