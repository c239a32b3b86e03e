//! Responses that AWS never sends: endless ones, and such as tempt a parser to crash.
#![cfg(unix)]

mod support;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use support::fake_aws::{Api, Behaviour, FakeAws};
use support::sandbox::{Reply, Sandbox};

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

/// A server that reads the head of a request and says this, and how many requests it has had.
fn says(reply: &[u8]) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it listens"));
    let (requests, reply) = (Arc::new(AtomicUsize::new(0)), reply.to_vec());
    let counter = Arc::clone(&requests);
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            counter.fetch_add(1, Ordering::SeqCst);
            let request = BufReader::new(stream.try_clone().expect("it is open"));
            request.lines().map_while(Result::ok).find(String::is_empty);
            // A client that has heard enough may have gone.
            let _: std::io::Result<()> = stream.write_all(&reply);
        }
    });
    (url, requests)
}

/// Homes that ask this server for a token, and for credentials.
fn asking(url: &str) -> [(&'static str, Sandbox); 4] {
    let role = Sandbox::new().env("AWS_PROFILE", "dev").env("AWS_ENDPOINT_URL", url);
    role.write(".aws/config", ROLE);
    let container = Sandbox::new().env("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{url}/get"));
    let metadata = Sandbox::new().without("AWS_EC2_METADATA_DISABLED").env("AWS_EC2_METADATA_SERVICE_ENDPOINT", url);
    [
        ("a token", Sandbox::new().with_keys("AKIDODD").env("AWS_ENDPOINT_URL", url)),
        ("a role", role),
        ("a container", container),
        ("an instance", metadata),
    ]
    .map(|(what, home)| (what, home.env("AWS_MAX_ATTEMPTS", "1")))
}

/// The reason on stderr: one line that moves nothing.
#[track_caller]
fn reason(what: &str, reply: &Reply) -> String {
    reply.assert_not_found();
    let line = reply.stderr.strip_suffix('\n').expect("a whole line");
    assert!(!line.chars().any(char::is_control) && line.chars().count() < 1_000, "{what}: {line:?}");
    let reason = line.strip_prefix(&format!("ecr-login: no password for {HOST}: "));
    reason.unwrap_or_else(|| panic!("{what}: {line:?}")).to_owned()
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

#[test]
fn a_redirection_is_not_followed() {
    let (elsewhere, visits) = says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    for status in ["300 Multiple", "301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
        let head = format!("HTTP/1.1 {status}\r\nLocation: {elsewhere}/x\r\nRefresh: 0; url={elsewhere}\r\n");
        let (url, requests) = says(format!("{head}Content-Length: 0\r\n\r\n").as_bytes());
        for (what, home) in asking(&url) {
            let reason = reason(what, &home.get(HOST));
            assert!(reason.contains("HTTP status 30") || what == "a role", "{what} {status}: {reason}");
        }
        assert!(requests.load(Ordering::SeqCst) >= 4, "{status}");
    }
    assert_eq!(visits.load(Ordering::SeqCst), 0);
}

#[test]
fn a_compressed_body_is_not_unpacked() {
    // 1 GiB of blanks would come out of the whole of this.
    let mut bomb = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff".to_vec();
    bomb.extend(b"\xec\xc1\x01\x01\x00\x00\x00\x80\x90\xfe\xaf\xee\x08\x0a".repeat(10_000));
    for encoding in ["gzip", "deflate", "br", "zstd", "gzip, gzip", "x-unknown"] {
        for transfer in ["", "Transfer-Encoding: gzip, chunked\r\n"] {
            let length = bomb.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Encoding: {encoding}\r\n\
                 {transfer}Content-Length: {length}\r\nConnection: close\r\n\r\n"
            );
            let (url, _) = says(&[head.as_bytes(), &bomb].concat());
            for (what, home) in asking(&url) {
                let reply = home.get(HOST);
                reason(what, &reply);
                assert!(reply.elapsed < Duration::from_secs(20), "{what} {encoding}");
            }
        }
    }
}

/// What no server of HTTP says.
const NONSENSE: &[(&str, &[u8])] = &[
    ("nothing", b""),
    ("a line", b"\n"),
    ("zeros", &[0; 4096]),
    ("another protocol", b"SSH-2.0-OpenSSH_9.2p1\r\n"),
    ("TLS", b"\x15\x03\x01\x00\x02\x02\x28"),
    ("the controls of a terminal", b"\x1b[2J\x1b]0;title\x07 HTTP/1.1 200 OK\r\n\r\n"),
    ("controls in its reason", b"HTTP/1.1 500 \x1b[31mno\x07\r\nContent-Length: 0\r\n\r\n"),
    ("controls in a header", b"HTTP/1.1 400 no\r\nx-amzn-requestid: \x1b[31m\r\nContent-Length: 0\r\n\r\n"),
    ("an ID that isn't text", b"HTTP/1.1 400 no\r\nx-amzn-requestid: \xff\xfe\r\nContent-Length: 0\r\n\r\n"),
    ("a status of four digits", b"HTTP/1.1 2000 OK\r\n\r\n"),
    ("a status of zero", b"HTTP/1.1 000 OK\r\n\r\n"),
    ("status 999", b"HTTP/1.1 999 OK\r\nContent-Length: 0\r\n\r\n"),
    ("an older version", b"HTTP/0.9 200 OK\r\n\r\n{}"),
    ("a newer version", b"HTTP/2.0 200 OK\r\n\r\n{}"),
    ("two lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}"),
    ("a negative length", b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}"),
    ("an endless chunk", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{}"),
    ("a switch of protocols", b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"),
    ("only the beginning", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"),
    ("two answers", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
];

#[test]
fn whatever_a_server_or_proxy_says_is_a_reason_on_one_line() {
    for (said, reply) in NONSENSE {
        let (url, _) = says(reply);
        for (what, home) in asking(&url) {
            reason(&format!("{said} for {what}"), &home.get(HOST));
        }
        // A proxy that forwards, one that tunnels, and one of SOCKS.
        for (endpoint, variable, proxy) in [
            ("http://ecr.test", "HTTP_PROXY", url.clone()),
            ("https://ecr.test", "HTTPS_PROXY", url.clone()),
            ("https://ecr.test", "HTTPS_PROXY", url.replace("http://", "https://")),
            ("https://ecr.test", "HTTPS_PROXY", url.replace("http://", "socks5://")),
        ] {
            let home = Sandbox::new().with_keys("AKIDODD").env("AWS_ENDPOINT_URL", endpoint).env(variable, &proxy);
            let home = home.env("AWS_MAX_ATTEMPTS", "1").env("AWS_ECR_TIMEOUT", "4");
            reason(&format!("{said} from {proxy} for {endpoint}"), &home.get(HOST));
        }
    }
}

#[test]
fn a_proxy_that_never_stops_is_given_up() {
    for (head, piece) in [
        ("HTTP/1.1 200 OK\r\n", "X-Header: value\r\n"),
        ("HTTP/1.1 200 OK\r\nX-Header: ", "value"),
        ("HTTP/1.1 ", "2"),
        ("HTTP/1.1 407 No\r\nContent-Length: 9999999999\r\n\r\n", "x"),
        ("HTTP/1.1 200 OK\r\n\r\n", "not TLS "),
        ("", "HTTP/1.1 100 Continue\r\n\r\n"),
    ] {
        for (endpoint, variable, scheme) in [
            ("http://ecr.test", "HTTP_PROXY", "http"),
            ("https://ecr.test", "HTTPS_PROXY", "http"),
            ("https://ecr.test", "HTTPS_PROXY", "socks5"),
        ] {
            let (url, taken) = endless(head, piece);
            let home = Sandbox::new().with_keys("AKIDODD").env("AWS_ENDPOINT_URL", endpoint);
            let home = home.env(variable, url.replace("http", scheme)).env("AWS_MAX_ATTEMPTS", "1");
            reason(&format!("{head:?} {piece:?} {endpoint}"), &home.env("AWS_ECR_TIMEOUT", "4").get(HOST));
            let sent = taken.load(Ordering::SeqCst);
            // Answers that announce another one are read and forgotten until the time is up.
            assert!(sent < MOST || head.is_empty(), "{head:?} {piece:?} {endpoint}: {sent} bytes were taken");
        }
    }
}
