//! Responses that AWS never sends: endless ones, and such as tempt a parser to crash.
#![cfg(unix)]

mod support;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use support::fake_aws::{Api, Behaviour, FakeAws};
use support::sandbox::Sandbox;

const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

/// The most that may be taken from a server that never stops: what is read, and the buffers of the system, for the few
/// requests that one fetch may send.
const MOST: usize = 4 * (8 << 20);

/// A server that sends a head, and then a piece again and again; and how much of it was taken.
fn endless(head: &'static str, piece: &'static str) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it listens"));
    let taken = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&taken);
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let counter = Arc::clone(&counter);
            thread::spawn(move || {
                let request = BufReader::new(stream.try_clone().expect("it is open"));
                request.lines().map_while(Result::ok).find(String::is_empty);
                let pieces = piece.repeat(4096 / piece.len());
                let mut sent = stream.write_all(head.as_bytes());
                while sent.is_ok() {
                    sent = stream.write_all(pieces.as_bytes());
                    counter.fetch_add(pieces.len(), Ordering::SeqCst);
                }
            });
        }
    });
    (url, taken)
}

/// A profile whose role STS gives.
const ROLE: &str = "[profile dev]\nrole_arn = arn:aws:iam::111122223333:role/pull\nsource_profile = base\n\
    [profile base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = made/up/secret/of/the/base/0000\n";

#[test]
fn an_endless_response_ends_in_an_error() {
    const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\n";
    for (what, head, piece, said) in [
        (
            "a body",
            format!("{OK}\r\n"),
            "{\"a\":",
            "unexpected response from the AWS API (the body of the response is too long)",
        ),
        (
            "a body in chunks",
            format!("{OK}Transfer-Encoding: chunked\r\n\r\n"),
            "8\r\n{\"abcd\":\r\n",
            "unexpected response from the AWS API (the body of the response is too long)",
        ),
        (
            "a body of a length",
            format!("{OK}Content-Length: 999999999999\r\n\r\n"),
            " ",
            "unexpected response from the AWS API (the body of the response is too long)",
        ),
        (
            "headers",
            OK.to_owned(),
            "X-Header: value\r\n",
            "unexpected response from the AWS API (message head is too large)",
        ),
        (
            "one header",
            format!("{OK}X-Header: "),
            "value",
            "unexpected response from the AWS API (message head is too large)",
        ),
        (
            "an error",
            format!("{}\r\n", OK.replace("200 OK", "400 Bad Request")),
            "{",
            "unexpected response from the AWS API (",
        ),
        ("a failure", format!("{}\r\n", OK.replace("200 OK", "500 No")), "{", "ECR returned a server error ("),
    ] {
        let (url, taken) = endless(Box::leak(head.into_boxed_str()), piece);
        let sandbox = Sandbox::new().with_keys("AKIDODD").env("AWS_ENDPOINT_URL", &url).env("AWS_MAX_ATTEMPTS", "1");
        let reply = sandbox.get(HOST);
        reply.assert_not_found();
        assert!(
            reply.stderr.starts_with(&format!("ecr-login: no password for {HOST}: {said}")),
            "{what}: {}",
            reply.stderr
        );
        let sent = taken.swap(0, Ordering::SeqCst);
        assert!(sent < MOST, "{what}: {sent} bytes were taken");
        // The services that give credentials.
        let role = || Sandbox::new().env("AWS_PROFILE", "dev").env("AWS_ENDPOINT_URL", &url);
        let sandbox = role();
        sandbox.write(".aws/config", ROLE);
        let container = Sandbox::new().env("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{url}/get"));
        let metadata =
            Sandbox::new().without("AWS_EC2_METADATA_DISABLED").env("AWS_EC2_METADATA_SERVICE_ENDPOINT", &url);
        // An instance's service is asked again after a second or two, so once is enough.
        let sources = if what == "a body" { 3 } else { 2 };
        for (source, sandbox) in
            [("a role", sandbox), ("a container", container), ("an instance", metadata)].into_iter().take(sources)
        {
            let reply = sandbox.env("AWS_MAX_ATTEMPTS", "1").get(HOST);
            reply.assert_not_found();
            let sent = taken.swap(0, Ordering::SeqCst);
            assert!(sent < MOST, "{what} of {source}: {sent} bytes were taken");
        }
    }
}

#[test]
fn no_body_makes_a_parser_crash() {
    let token = "QVdTOnBhc3N3b3Jk";
    let times =
        ["1e308", "-1e308", "9223372036854775807", "-9223372036854775808", "1e999", "\"NaN\"", "\"Infinity\"", "{}"];
    let mut bodies: Vec<Vec<u8>> = times
        .map(|time| {
            format!("{{\"authorizationData\":[{{\"authorizationToken\":\"{token}\",\"expiresAt\":{time}}}]}}")
                .into_bytes()
        })
        .to_vec();
    for (piece, count) in
        [("[", 1 << 19), ("{\"a\":", 1 << 17), ("<a>", 1 << 18), ("{\"authorizationData\":[", 1 << 15)]
    {
        bodies.push(piece.repeat(count).into_bytes());
    }
    bodies.push(b"\xff\xfe\x00\x80".repeat(1 << 16));
    bodies.push(b"{\"authorizationData\":[{\"authorizationToken\":\"\\ud800\"}]}".to_vec());
    bodies.push(
        b"<AssumeRoleResponse><AssumeRoleResult><Credentials><Expiration>99999999-99-99T99:99:99Z</Expiration>"
            .to_vec(),
    );
    for (number, body) in bodies.into_iter().enumerate() {
        let aws = FakeAws::start();
        for api in [Api::EcrToken, Api::AssumeRole, Api::MetadataToken, Api::MetadataRole, Api::ContainerCredentials] {
            aws.set(api, Behaviour::Garbage(body.clone()));
        }
        let role = Sandbox::new().with_aws(&aws).env("AWS_PROFILE", "dev");
        role.write(".aws/config", ROLE);
        let sandboxes = [
            Sandbox::new().with_aws(&aws).with_keys("AKIDODD"),
            role,
            Sandbox::new().with_aws(&aws).with_container(&aws),
            Sandbox::new().with_aws(&aws).with_metadata(&aws),
        ];
        let sources = if number % 4 == 0 { 4 } else { 3 };
        for sandbox in sandboxes.into_iter().take(sources) {
            let reply = sandbox.env("AWS_MAX_ATTEMPTS", "1").get(HOST);
            let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
            assert!(matches!(reply.code, Some(0 | 1)), "{shown}: {:?} {}", reply.code, reply.stderr);
        }
    }
}

#[test]
fn no_compressed_body_is_asked_for() {
    let aws = FakeAws::start();
    Sandbox::new().with_aws(&aws).with_keys("AKIDODD").get(HOST).password();
    for request in aws.requests() {
        let names = request.headers.iter().map(|(name, _)| name.to_ascii_lowercase());
        assert!(!names.collect::<Vec<_>>().contains(&"accept-encoding".to_owned()), "{:?}", request.headers);
    }
}
