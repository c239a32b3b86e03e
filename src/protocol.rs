//! The docker-credential-helpers protocol, both directions of the wire.
//!
//! A client starts the program with one action, writes a server URL or a JSON object to its stdin, and reads a JSON
//! object or one fixed sentence from its stdout: <https://github.com/docker/docker-credential-helpers>. Input is
//! bounded and output is exact to the byte. ECR isn't part of this file.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read, Write};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::env::Env;
use crate::error::Failure;
use crate::secret::{Secret, wipe};

/// The most that is read from stdin. A password has some kilobytes at most, so no client sends nearly as much.
const MAX_INPUT: u64 = 1 << 20;

/// The bytes of an answer with a password of ECR, which has about 2 KB, and room for one of twice that length.
const USUAL_OUTPUT: usize = 4 << 10;

/// How long to wait at most before a stdin that wasn't ready is read again.
const MAX_PAUSE: Duration = Duration::from_millis(20);

/// What a client asks for: the first and only argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The credentials of one server.
    Get,
    /// Store the credentials of one server.
    Store,
    /// Erase the credentials of one server.
    Erase,
    /// All servers and their user names.
    List,
}

impl Action {
    /// The action of that name, spelled exactly.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Get, Self::Store, Self::Erase, Self::List].into_iter().find(|action| action.as_str() == name)
    }

    /// Its name, as the program's argument.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Store => "store",
            Self::Erase => "erase",
            Self::List => "list",
        }
    }
}

/// The sentences that clients compare, byte for byte:
/// <https://github.com/docker/docker-credential-helpers/blob/v0.9.3/credentials/error.go>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sentence {
    /// There are no credentials for this server; the client goes on without.
    NotFound,
    /// The request named no server.
    NoServerUrl,
    /// The credentials to store have no user name.
    NoUsername,
}

impl fmt::Display for Sentence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NotFound => "credentials not found in native keychain",
            Self::NoServerUrl => "no credentials server URL",
            Self::NoUsername => "no credentials username",
        })
    }
}

/// Why a request can't be understood; the client's fault.
#[derive(Debug, thiserror::Error)]
pub enum BadRequest {
    /// One of the fixed sentences.
    #[error("{0}")]
    Sentence(Sentence),
    /// More than 1 MiB.
    #[error("the request is longer than {MAX_INPUT} bytes")]
    TooLong,
    /// Not text.
    #[error("the request is not valid UTF-8")]
    NotUtf8,
    /// `store` wants a JSON object.
    #[error("the request is not a JSON object with ServerURL, Username and Secret")]
    NotJson,
    /// stdin broke.
    #[error("cannot read the request")]
    Io(#[from] io::Error),
}

/// Everything that a client wrote to stdin.
#[derive(Debug)]
pub struct Request(Secret);

impl Request {
    /// Reads stdin to its end, however long that takes. A stdin that doesn't block is asked again: a client may have set
    /// that on a pipe or terminal that it shares with us.
    /// Error: something that isn't text, or far too much.
    pub(crate) fn read(stdin: &mut dyn Read, clock: &dyn Clock) -> Result<Self, BadRequest> {
        let mut request = Vec::new();
        let mut stdin = stdin.take(MAX_INPUT + 1);
        let mut pause = Duration::from_millis(1);
        while let Err(error) = stdin.read_to_end(&mut request) {
            if error.kind() != io::ErrorKind::WouldBlock {
                return Err(error.into());
            }
            clock.sleep(pause);
            pause = (pause * 2).min(MAX_PAUSE);
        }
        if request.len() as u64 > MAX_INPUT {
            return Err(BadRequest::TooLong);
        }
        decode(request).map(Self).ok_or(BadRequest::NotUtf8)
    }

    /// The request as it came, without a byte order mark, which may hold a password: for another helper.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Whether it begins like a JSON object, which no server URL does: a `get` with one is of Bazel's protocol.
    pub(crate) fn is_json_object(&self) -> bool {
        self.expose().trim_ascii_start().starts_with('{')
    }

    /// The server URL that a `get` or `erase` asks for: all of the request, lines joined, white space trimmed.
    /// Error: nothing was sent.
    pub fn server_url(&self) -> Result<String, BadRequest> {
        let joined: String = self.expose().lines().collect();
        let server_url = joined.trim();
        if server_url.is_empty() {
            return Err(BadRequest::Sentence(Sentence::NoServerUrl));
        }
        Ok(server_url.to_owned())
    }

    /// The server URL that a `store` has credentials for.
    /// Error: not a JSON object, or one without a server URL or user name.
    pub fn stored_server_url(&self) -> Result<String, BadRequest> {
        let request = self.expose();
        // serde would accept an array of the fields' values.
        if !request.trim_start().starts_with('{') {
            return Err(BadRequest::NotJson);
        }
        let StoredCredentials { server_url, username, _secret } =
            serde_json::from_str(request).map_err(|_| BadRequest::NotJson)?;
        if server_url.trim().is_empty() {
            return Err(BadRequest::Sentence(Sentence::NoServerUrl));
        }
        if username.is_empty() {
            return Err(BadRequest::Sentence(Sentence::NoUsername));
        }
        Ok(server_url.trim().to_owned())
    }
}

/// Text in UTF-8, or in what a byte order mark at its beginning says. PowerShell writes one before what it pipes:
/// <https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_character_encoding>.
fn decode(mut text: Vec<u8>) -> Option<Secret> {
    let utf_16 = |units: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, rest) = units.as_chunks::<2>();
        String::from_utf16(&pairs.iter().copied().map(unit).collect::<Vec<_>>()).ok().filter(|_| rest.is_empty())
    };
    let decoded = match &text[..] {
        [0xff, 0xfe, units @ ..] => utf_16(units, u16::from_le_bytes),
        [0xfe, 0xff, units @ ..] => utf_16(units, u16::from_be_bytes),
        _ => {
            if text.starts_with("\u{feff}".as_bytes()) {
                text.drain(.."\u{feff}".len());
            }
            String::from_utf8(text).ok()
        }
    };
    decoded.map(Secret::new)
}

/// The JSON object of the protocol, as `store` receives it. Fields that we don't know are the client's business.
#[derive(Deserialize)]
struct StoredCredentials {
    #[serde(rename = "ServerURL", default)]
    server_url: String,
    #[serde(rename = "Username", default)]
    username: String,
    /// Checked, but not stored here.
    #[serde(rename = "Secret", default)]
    _secret: Secret,
}

/// The JSON object of the protocol, as `get` answers. The order of the fields is that of the Go helpers.
#[derive(Serialize)]
struct Credentials<'a> {
    #[serde(rename = "ServerURL")]
    server_url: &'a str,
    #[serde(rename = "Username")]
    username: &'a str,
    #[serde(rename = "Secret")]
    secret: &'a str,
}

/// Writes the answer to a `get`: one JSON object and a line end.
/// Error: the client closed its end.
pub(crate) fn write_credentials(
    stdout: &mut dyn Write,
    server_url: &str,
    username: &str,
    secret: &Secret,
) -> io::Result<()> {
    write_json(stdout, &Credentials { server_url, username, secret: secret.expose() })
}

/// Reads another helper's answer to a `list`; `None` if it isn't valid.
pub(crate) fn parse_list(answer: &[u8]) -> Option<BTreeMap<String, String>> {
    serde_json::from_slice(answer).ok()
}

/// Writes the answer to a `list`: `{"SERVER URL":"USER NAME",…}` and a line end.
/// Error: the client closed its end.
pub(crate) fn write_list(stdout: &mut dyn Write, usernames: &BTreeMap<String, String>) -> io::Result<()> {
    write_json(stdout, usernames)
}

/// Other credential helpers: processes, or a table in a test.
pub trait Helpers {
    /// Runs `docker-credential-NAME` with an action and a request. Its stdout, stderr and exit status (0 to 255) are the
    /// client's.
    /// Error: there is no such program, it can't be run, or it would lead back here.
    fn pass_on(&self, env: &Env, helper: &str, action: Action, request: &Request) -> Result<u8, Failure>;

    /// Asks `docker-credential-NAME` for its list.
    /// Error: as above, or it failed, its answer isn't valid or too long, or it takes longer than the limit.
    fn list(&self, env: &Env, helper: &str, limit: Duration) -> Result<BTreeMap<String, String>, Failure>;
}

/// Writes a document and a line end, in one `write`, so that no client sees half of it.
/// Error: the client closed its end.
pub(crate) fn write_json(stdout: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    // A buffer that had to grow would leave parts of a password where it was.
    let mut line = Vec::with_capacity(USUAL_OUTPUT);
    serde_json::to_writer(&mut line, value)?;
    line.push(b'\n');
    let written = stdout.write_all(&line).and_then(|()| stdout.flush());
    wipe(line);
    written
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::fake::FakeClock;

    fn server_url(request: &[u8]) -> Result<String, String> {
        Request::read(&mut &request[..], &FakeClock::at(0))
            .and_then(|request| request.server_url())
            .map_err(|error| error.to_string())
    }

    fn stored(request: &[u8]) -> Result<String, BadRequest> {
        Request::read(&mut &request[..], &FakeClock::at(0))?.stored_server_url()
    }

    #[test]
    fn a_server_url_is_all_of_stdin_joined_and_trimmed() {
        for (request, expected) in [
            (&b"registry.example"[..], "registry.example"),
            (b"registry.example\n", "registry.example"),
            (b"registry.example\r\n", "registry.example"),
            (b"  registry.example\t\n\n", "registry.example"),
            (b"registry.\nexample\n", "registry.example"),
            (b"registry.\r\nexample\r\n", "registry.example"),
        ] {
            assert_eq!(server_url(request).as_deref(), Ok(expected), "{request:?}");
        }
    }

    #[test]
    fn a_request_begins_behind_a_byte_order_mark() {
        let utf_16 = |text: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(bytes).collect()
        };
        let marked = |text: &str| ["\u{feff}".to_owned().into_bytes(), text.into()].concat();
        let all = |text: &str| [marked(text), utf_16(text, u16::to_le_bytes), utf_16(text, u16::to_be_bytes)];
        for request in all("registry.example\r\n") {
            assert_eq!(server_url(&request).as_deref(), Ok("registry.example"), "{request:?}");
            let request = Request::read(&mut &request[..], &FakeClock::at(0)).expect("text");
            assert_eq!(request.expose(), "registry.example\r\n", "what another helper gets");
        }
        for request in all("\r\n").into_iter().chain(all("")) {
            assert_eq!(server_url(&request), Err("no credentials server URL".to_owned()), "{request:?}");
        }
        for request in all(r#"{"ServerURL":"h","Username":"u","Secret":"s\u00e9"}"#) {
            assert_eq!(stored(&request).expect("understood"), "h", "{request:?}");
        }
        // Only one, and only at the beginning.
        assert_eq!(server_url(&marked("\u{feff}h")).as_deref(), Ok("\u{feff}h"));
    }

    #[test]
    fn an_empty_server_url_gets_the_fixed_sentence() {
        for request in [&b""[..], b"\n", b" \r\n\t"] {
            assert_eq!(server_url(request), Err("no credentials server URL".to_owned()));
        }
    }

    /// Delivers its parts one at a time, and isn't ready a few times before each.
    struct Unready(Vec<&'static [u8]>, usize);

    impl Read for Unready {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 += 1;
            if !self.1.is_multiple_of(8) {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let Some(part) = self.0.pop() else { return Ok(0) };
            buffer[..part.len()].copy_from_slice(part);
            Ok(part.len())
        }
    }

    struct Broken;

    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("broken"))
        }
    }

    #[test]
    fn a_stdin_that_is_not_ready_is_waited_for() {
        let clock = FakeClock::at(0);
        let request = Request::read(&mut Unready(vec![b"example\n", b"registry."], 0), &clock).expect("text");
        assert_eq!(request.server_url().expect("a server"), "registry.example");
        let waited = clock.elapsed();
        assert!(waited > Duration::from_millis(100) && waited < Duration::from_secs(1), "{waited:?}");
        assert!(matches!(Request::read(&mut Broken, &clock), Err(BadRequest::Io(_))));
    }

    #[test]
    fn binary_and_endless_input_is_refused() {
        for binary in [&b"\xff"[..], b"\xff\xfeh", b"\xfe\xff\xd8\0", b"\xef\xbb\xbf\xff", b"\xef\xbb"] {
            assert_eq!(server_url(binary), Err("the request is not valid UTF-8".to_owned()), "{binary:?}");
        }
        let error = Request::read(&mut io::repeat(b'a'), &FakeClock::at(0)).expect_err("endless");
        assert_eq!(error.to_string(), "the request is longer than 1048576 bytes");
    }

    #[test]
    fn a_store_request_needs_a_server_url_and_a_username() {
        let error = |request: &str| stored(request.as_bytes()).expect_err(request).to_string();
        let not_json = "the request is not a JSON object with ServerURL, Username and Secret";
        for (request, expected) in [
            ("", not_json),
            ("[]", not_json),
            ("registry.example", not_json),
            (r#"{"ServerURL":1}"#, not_json),
            ("{}", "no credentials server URL"),
            (r#"{"ServerURL":" ","Username":"u","Secret":"s"}"#, "no credentials server URL"),
            (r#"{"ServerURL":"h","Secret":"s"}"#, "no credentials username"),
            (r#"{"ServerURL":"h","Username":"","Secret":"s"}"#, "no credentials username"),
        ] {
            assert_eq!(error(request), expected, "{request}");
        }
    }

    #[test]
    fn a_store_request_names_its_server_and_its_secret_does_not_print() {
        let request = br#"{"ServerURL":"https://h/\n","Username":"u","Secret":"hunter2","Extra":true}"#;
        assert_eq!(stored(request).expect("understood"), "https://h/");
        let request = Request::read(&mut &request[..], &FakeClock::at(0)).expect("text");
        assert!(!format!("{request:?}").contains("hunter2"));
    }

    #[test]
    fn an_answer_is_exact_to_the_byte() {
        let mut stdout = Vec::new();
        write_credentials(&mut stdout, "https://h\"", "AWS", &Secret::from("s\\\u{e9}")).expect("written");
        assert_eq!(
            String::from_utf8(stdout).expect("text"),
            "{\"ServerURL\":\"https://h\\\"\",\"Username\":\"AWS\",\"Secret\":\"s\\\\\u{e9}\"}\n"
        );
    }

    #[test]
    fn a_list_is_sorted_and_an_empty_one_is_an_empty_object() {
        let list = |hosts: &[&str]| {
            let mut stdout = Vec::new();
            let hosts = hosts.iter().map(|host| ((*host).to_owned(), "AWS".to_owned())).collect();
            write_list(&mut stdout, &hosts).expect("written");
            String::from_utf8(stdout).expect("text")
        };
        assert_eq!(list(&[]), "{}\n");
        assert_eq!(list(&["https://b", "https://a"]), "{\"https://a\":\"AWS\",\"https://b\":\"AWS\"}\n");
    }

    proptest! {
        #[test]
        fn no_request_makes_a_reader_panic(request in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = server_url(&request).is_ok();
            let _ = stored(&request).is_ok();
        }

        #[test]
        fn what_is_written_reads_back_as_written(url in "\\PC{1,20}", name in "\\PC{1,20}", secret in "\\PC{0,20}") {
            prop_assume!(!url.trim().is_empty());
            let mut wire = Vec::new();
            write_credentials(&mut wire, &url, &name, &Secret::from(&*secret)).expect("written");
            prop_assert_eq!(stored(&wire).expect("understood"), url.trim());
            let read: BTreeMap<String, String> = serde_json::from_slice(&wire).expect("one object of texts");
            let fields = [("ServerURL", &url), ("Username", &name), ("Secret", &secret)];
            prop_assert_eq!(read, fields.map(|(field, text)| (field.to_owned(), text.to_owned())).into());
        }
    }
}
