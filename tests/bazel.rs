//! Bazel's protocol, as Bazel and other build tools see it
//! (<https://github.com/EngFlow/credential-helper-spec/blob/main/spec.md>): every answer whole.
#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "tests are the outside world: they use the real clock and processes")]

mod support;

use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use support::fake_aws::{Api, Behaviour, FakeAws, password_head};
use support::proxy::{Forward, Proxy};
use support::sandbox::{NOT_FOUND, Reply, Sandbox};
use support::tls::TestCa;

const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
const NOTHING: &str = "{}\n";

fn ask(sandbox: &Sandbox, uri: &str) -> Reply {
    sandbox.run(&["get"], json!({ "uri": uri }).to_string().as_bytes())
}

/// The value of the one header in an answer, and when it expires; the rest of the answer is checked to the letter.
#[track_caller]
fn header(reply: &Reply) -> (String, String) {
    assert_eq!((reply.code, reply.stderr.as_str()), (Some(0), ""), "{}", reply.stdout_text());
    let answer: Value = serde_json::from_slice(&reply.stdout).expect("JSON");
    let value = answer["headers"]["Authorization"][0].as_str().expect("a header").to_owned();
    let expires = answer["expires"].as_str().expect("a time").to_owned();
    let document = format!("{{\"headers\":{{\"Authorization\":[\"{value}\"]}},\"expires\":\"{expires}\"}}\n");
    assert_eq!(reply.stdout_text(), document);
    assert!(document.len() < 64 << 10);
    (value, expires)
}

/// The password in an answer with `Basic`, and how many seconds it is kept.
#[track_caller]
fn password(reply: &Reply) -> (String, i64) {
    let (value, expires) = header(reply);
    let pair = BASE64.decode(value.strip_prefix("Basic ").expect("Basic")).expect("base64");
    let pair = String::from_utf8(pair).expect("text");
    (pair.strip_prefix("AWS:").expect("the user").to_owned(), seconds_until(&expires))
}

/// Seconds from now until a time of RFC 3339 in UTC, told by the `date` of the system.
fn seconds_until(time: &str) -> i64 {
    assert!(time.len() == "2026-11-27T08:00:00Z".len() && time.ends_with('Z'), "{time}");
    let date = |arguments: &[&str]| {
        let output = Command::new("date").args(arguments).output().expect("a date");
        String::from_utf8(output.stdout).expect("text").trim().parse::<i64>().expect("seconds")
    };
    date(&["-u", "-d", time, "+%s"]) - date(&["+%s"])
}

#[test]
fn a_private_registry_takes_basic_until_we_would_refresh_it() {
    let aws = FakeAws::start();
    let sandbox = Sandbox::new().with_aws(&aws).with_keys("AKIABUILD");
    for uri in [
        format!("https://{HOST}/v2/team/app/manifests/latest"),
        format!("https://{HOST}/v2/team/app/blobs/sha256:00?ns=x#y"),
        format!("HTTPS://{}/", HOST.to_uppercase()),
        format!("https://{HOST}:443"),
        format!("https://{HOST}/token/"),
        HOST.to_owned(),
        format!("{HOST}:443"),
        format!("{HOST}/v2/team/app/manifests/latest"),
    ] {
        let (password, kept) = password(&ask(&sandbox, &uri));
        assert_eq!(password_head(&password).access_key_id, "AKIABUILD", "{uri}");
        // Half of twelve hours, less the tenth that spreads a fleet.
        assert!((19_400..=21_600).contains(&kept), "{uri}: {kept}");
    }
    assert_eq!(aws.calls(Api::EcrToken), 1, "and Docker's clients share it");
    assert!(!sandbox.get(HOST).password().is_empty());
    assert_eq!(aws.calls(Api::EcrToken), 1);
}

#[test]
fn all_other_hosts_schemes_and_odd_texts_need_nothing() {
    let sandbox = Sandbox::new().with_keys("AKIABUILD");
    let signed =
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=x%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Signature=0";
    for uri in [
        &format!("https://prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com/a/b?{signed}"),
        &format!("https://d2glxqk2uabbnd.cloudfront.net/a?host={HOST}"),
        "https://api.ecr.eu-west-1.amazonaws.com/",
        "https://s3.amazonaws.com/bucket/key",
        "https://example.com/",
        &format!("https://example.com/{HOST}/v2/"),
        &format!("https://example.com/?x=https://{HOST}/"),
        &format!("https://example.com#{HOST}"),
        &format!("https://{HOST}.example.com/"),
        &format!("http://{HOST}/v2/"),
        &format!("grpcs://{HOST}/v2/"),
        &format!("oci://{HOST}/v2/"),
        &format!("https://user:password@{HOST}/v2/"),
        &format!("https://user@{HOST}/v2/"),
        &format!("https://{HOST}\\@example.com/"),
        &format!("https://example.com\\@{HOST}/"),
        &format!("https:/{HOST}/"),
        &format!("//{HOST}/"),
        &format!("https://{HOST}:x/"),
        &format!(" https://{HOST}/"),
        &format!("https://{HOST}/\u{e9}"),
        "",
    ] {
        let reply = ask(&sandbox, uri);
        assert_eq!((reply.code, reply.stdout_text().as_str(), reply.stderr.as_str()), (Some(0), NOTHING, ""), "{uri}");
    }
}

#[test]
fn a_request_is_a_json_object_with_a_uri_behind_blanks_and_byte_order_marks() {
    let aws = FakeAws::start();
    let sandbox = Sandbox::new().with_aws(&aws).with_keys("AKIABUILD");
    let plain = format!(r#"{{"uri":"https://{HOST}/v2/"}}"#);
    let utf_16 = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        "\u{feff}".encode_utf16().chain(plain.encode_utf16()).flat_map(bytes).collect()
    };
    for stdin in [
        plain.clone().into_bytes(),
        format!("\u{feff}{plain}\r\n").into_bytes(),
        format!(" \t\r\n{plain}").into_bytes(),
        utf_16(u16::to_le_bytes),
        utf_16(u16::to_be_bytes),
        format!(r#"{{"to_come":{{"a":[1,null]}},"uri":"https://{HOST}/v2/","headers":{{}}}}"#).into_bytes(),
    ] {
        password(&sandbox.run(&["get"], &stdin));
    }
    for stdin in ["{", "{}", r#"{"uri":1}"#, r#"{"uri":null}"#, r#"{"ServerURL":"x"}"#, r#"{"uri":"a"} {"uri":"b"}"#] {
        let line = sandbox.run(&["get"], stdin.as_bytes()).failure();
        assert_eq!(line, "ecr-login: the request is not a JSON object with a `uri`", "{stdin}");
    }
    // Everything else is of Docker's protocol.
    for (stdin, expected) in [("[]", NOT_FOUND), ("\"x\"", NOT_FOUND), (" \n", "no credentials server URL\n")] {
        assert_eq!(sandbox.run(&["get"], stdin.as_bytes()).stdout_text(), expected, "{stdin}");
    }
    assert_eq!(aws.calls(Api::EcrToken), 1);
}

#[test]
fn hosts_that_rules_name_are_registries_and_a_mistake_in_the_file_breaks_no_other_download() {
    let aws = FakeAws::start();
    let sandbox = Sandbox::new().with_aws(&aws).with_keys("AKIABUILD");
    let rules =
        format!("[[registry]]\nmatch = 'images.example.com'\nregistry = '{HOST}'\n[fallback]\nhelper = 'nobody'\n");
    sandbox.write(".config/ecr-login/config.toml", rules);
    password(&ask(&sandbox, "https://images.example.com/v2/app/manifests/1"));
    assert_eq!(ask(&sandbox, "https://example.com/").stdout_text(), NOTHING);
    sandbox.write(".config/ecr-login/config.toml", "[[registry]]\nmatch = 1\n");
    let reply = ask(&sandbox, "https://example.com/");
    assert_eq!((reply.code, reply.stdout_text().as_str()), (Some(0), NOTHING));
    assert!(reply.stderr.contains("the configuration file is invalid"), "{}", reply.stderr);
    assert!(ask(&sandbox, &format!("https://{HOST}/")).failure().contains("config.toml:2:"));
}

#[test]
fn a_failure_is_one_line_on_stderr_and_nothing_on_stdout_however_strict() {
    for strict in ["", "true"] {
        let aws = FakeAws::start();
        aws.set(Api::EcrToken, Behaviour::error(400, "AccessDeniedException", "no"));
        let sandbox = Sandbox::new().with_aws(&aws).with_keys("AKIABUILD").env("AWS_ECR_STRICT", strict);
        let reply = ask(&sandbox, &format!("https://{HOST}/v2/"));
        assert_eq!(
            reply.failure(),
            format!(
                "ecr-login: no password for {HOST}: access denied (AccessDeniedException: no); allow \
                 `ecr:GetAuthorizationToken` in a policy of this identity"
            )
        );
        sandbox.assert_no_secret_in(&reply);
    }
    assert!(ask(&Sandbox::new(), HOST).failure().contains("no AWS credentials found"));
}

/// ECR Public as a build machine sees it: its API, and its registry over TLS behind a proxy.
struct Public {
    aws: FakeAws,
    registry: FakeAws,
    proxy: Proxy,
    sandbox: Sandbox,
}

impl Public {
    /// The API gives passwords that the registry knows only if both are the same stand-in.
    fn start() -> Self {
        let ca = TestCa::new();
        let registry = FakeAws::start_tls(&ca, &["public.ecr.aws", "ecr-public.aws.com"]);
        let proxy = Proxy::start(Forward::To(registry.port()));
        let aws = FakeAws::start();
        let sandbox = Sandbox::new().with_keys("AKIABUILD").with_aws(&registry).with_aws(&aws);
        let bundle = sandbox.write("ca.pem", ca.pem());
        let sandbox = sandbox
            .env("AWS_CA_BUNDLE", bundle)
            .env("HTTPS_PROXY", proxy.url())
            .env("AWS_ENDPOINT_URL", registry.url())
            .env("NO_PROXY", "127.0.0.1");
        Self { aws, registry, proxy, sandbox }
    }
}

#[test]
fn ecr_public_takes_basic_for_its_token_service_and_the_bearer_token_of_that_for_its_api() {
    let Public { proxy, registry, sandbox, .. } = Public::start();
    for (host, token_uri) in [
        (
            "public.ecr.aws",
            "https://public.ecr.aws/token/?scope=repository:docker/library/busybox:pull&service=public.ecr.aws",
        ),
        ("ecr-public.aws.com", "https://ecr-public.aws.com/token/"),
    ] {
        for uri in [token_uri, host] {
            let (password, kept) = password(&ask(&sandbox, uri));
            assert_eq!(password_head(&password).service, "ecr-public");
            assert!((19_400..=21_600).contains(&kept), "{kept}");
        }
        for (path, query) in [
            (
                "docker/library/busybox/manifests/1",
                "scope=repository:docker/library/busybox:pull&service=public.ecr.aws",
            ),
            ("a/b/blobs/sha256:00?x=y", "scope=repository:a/b:pull&service=public.ecr.aws"),
            ("", "service=public.ecr.aws"),
        ] {
            let (value, expires) = header(&ask(&sandbox, &format!("https://{host}/v2/{path}")));
            assert!(value.starts_with("Bearer issued/registry/"), "{value:.40}");
            assert!((50..=60).contains(&seconds_until(&expires)), "{expires}");
            let request = registry.requests_to(Api::RegistryToken).pop().expect("a request");
            assert_eq!((request.path, request.host.as_str()), (format!("/token/?{query}"), host));
        }
    }
    assert_eq!((registry.calls(Api::EcrPublicToken), registry.calls(Api::RegistryToken)), (1, 6));
    assert_eq!(proxy.targets().len(), 6, "the exchange goes the way of all requests");
}

#[test]
fn ecr_public_is_pulled_from_anonymously_without_credentials_or_permission() {
    let Public { proxy: _proxy, registry, sandbox, .. } = Public::start();
    let uri = "https://public.ecr.aws/v2/docker/library/busybox/manifests/1";
    registry.set(Api::EcrPublicToken, Behaviour::error(400, "AccessDeniedException", "no"));
    let without_permission = sandbox;
    let (value, _) = header(&ask(&without_permission, uri));
    assert!(value.starts_with("Bearer issued/anonymous/"), "{value:.40}");
    assert_eq!(ask(&without_permission, "https://public.ecr.aws/token/").stdout_text(), NOTHING);
    let without_credentials = without_permission.without("AWS_ACCESS_KEY_ID").without("AWS_SECRET_ACCESS_KEY");
    let (value, _) = header(&ask(&without_credentials, uri));
    assert!(value.starts_with("Bearer issued/anonymous/"), "{value:.40}");
    let reply = ask(&without_credentials, "https://public.ecr.aws/token/");
    assert_eq!((reply.code, reply.stdout_text().as_str(), reply.stderr.as_str()), (Some(0), NOTHING, ""));
}

#[test]
fn an_exchange_that_fails_says_why_and_shows_no_secret() {
    // In this order, the registry goes first, and with it the connection that hangs.
    let Public { proxy: _proxy, aws, registry, sandbox } = Public::start();
    let uri = "https://public.ecr.aws/v2/app/manifests/1";
    let fails = |sandbox: &Sandbox, problem: &str| {
        let reply = ask(sandbox, uri);
        let line = reply.failure();
        assert!(line.starts_with("ecr-login: no password for public.ecr.aws: ") && line.contains(problem), "{line}");
        sandbox.assert_no_secret_in(&reply);
        assert!(reply.elapsed < Duration::from_secs(9), "{:?}", reply.elapsed);
    };
    for (behaviour, problem) in [
        (Behaviour::Status(500), "ECR returned a server error (the token service of public.ecr.aws: HTTP status 500)"),
        (Behaviour::Status(429), "AWS is throttling requests from this account"),
        (Behaviour::Status(404), "unexpected response from the AWS API"),
        (Behaviour::Empty, "no token in the response of public.ecr.aws"),
        (Behaviour::Garbage(br#"{"token":"a b"}"#.to_vec()), "no token in the response of public.ecr.aws"),
        (Behaviour::Close, "the AWS API can't be reached"),
        (Behaviour::Hang, "the AWS API didn't respond in time"),
    ] {
        registry.set(Api::RegistryToken, behaviour);
        fails(&sandbox, problem);
    }
    registry.set(Api::RegistryToken, Behaviour::Answer);
    // A password that the registry doesn't know.
    let other_api = sandbox.with_keys("AKIAOTHER").env("AWS_ENDPOINT_URL", aws.url());
    fails(&other_api, "HTTP status 403");
    fails(&other_api.env("HTTPS_PROXY", "http://127.0.0.1:9"), "through the proxy http://127.0.0.1:9");
}

/// Runs the program as Bazel does: it has ten seconds, its outputs are read after it has ended, and stderr is shown if it
/// fails (`CredentialHelper.java`).
fn as_bazel(mut command: Command, uri: &str) -> Result<String, String> {
    let started = Instant::now();
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
    let (mut stdin, request) = (child.stdin.take().expect("piped"), json!({ "uri": uri }).to_string());
    // A helper that doesn't read isn't a failure.
    std::io::Write::write_all(&mut stdin, request.as_bytes()).ok();
    drop(stdin);
    let status = loop {
        if let Some(status) = child.try_wait().expect("ours") {
            break status;
        }
        if started.elapsed() > Duration::from_secs(10) {
            child.kill().ok();
            return Err("timed out".to_owned());
        }
        thread::sleep(Duration::from_millis(5));
    };
    // Nothing has read the pipes so far: what doesn't fit into one would have kept the helper from ending.
    let output = child.wait_with_output().expect("ended");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    if status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

#[test]
fn bazel_gets_its_answer_after_the_end_and_within_ten_seconds() {
    let aws = FakeAws::start();
    let sandbox = Sandbox::new().with_aws(&aws).with_keys("AKIABUILD");
    let uri = format!("https://{HOST}/v2/app/manifests/1");
    let answer = as_bazel(sandbox.command(&["get"]), &uri).expect("headers");
    assert!(
        answer.starts_with(r#"{"headers":{"Authorization":["Basic "#) && answer.ends_with("Z\"}\n"),
        "{answer:.60}"
    );
    assert_eq!(as_bazel(sandbox.command(&["get"]), "https://example.com/"), Ok(NOTHING.to_owned()));

    // Whatever hangs.
    let silent = FakeAws::start();
    silent.set(Api::EcrToken, Behaviour::Hang);
    let hanging_api = Sandbox::new().with_aws(&silent).with_keys("AKIABUILD").env("AWS_ECR_TIMEOUT", "3600");
    let hanging_process = Sandbox::new().with_aws(&aws);
    let program = hanging_process.program("keys", "#!/bin/sh\necho $$ >\"$HOME/started\"\nsleep 60\n");
    hanging_process.write(".aws/config", format!("[default]\ncredential_process = {}\n", program.display()));
    thread::scope(|scope| {
        for (sandbox, problem) in
            [(&hanging_api, "gave up after 8 s"), (&hanging_process, "`credential_process` timed out after 8 s")]
        {
            let uri = &uri;
            scope.spawn(move || {
                let started = Instant::now();
                let failed = as_bazel(sandbox.command(&["get"]), uri).expect_err("no headers");
                assert!(failed.contains(problem), "{failed}");
                assert!(started.elapsed() < Duration::from_secs(9), "{:?}", started.elapsed());
            });
        }
    });
    assert!(fs::read_to_string(hanging_process.home().join("started")).is_ok());
}

#[test]
fn the_longest_password_makes_an_answer_below_64_kib() {
    let aws = FakeAws::start();
    let sandbox = Sandbox::new().with_aws(&aws).with_keys("AKIABUILD");
    let token = |length: usize| {
        let token = BASE64.encode(format!("AWS:{}", "x".repeat(length)));
        json!({ "authorizationData": [{ "authorizationToken": token, "expiresAt": 4_000_000_000_u64 }] }).to_string()
    };
    aws.set(Api::EcrToken, Behaviour::Garbage(token((32 << 10) - 3).into_bytes()));
    let answer = as_bazel(sandbox.command(&["get"]), HOST).expect("headers");
    assert!(answer.len() > 40 << 10 && answer.len() < 64 << 10, "{}", answer.len());
}
