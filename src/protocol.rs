//! The docker-credential-helpers protocol, both directions of the wire.
//!
//! A client starts the program with one action, writes a server URL or a JSON object to its stdin, and reads a JSON
//! object or one fixed sentence from its stdout: <https://github.com/docker/docker-credential-helpers>. Input is
//! bounded and output is exact to the byte. This file knows nothing of ECR.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

use crate::env::Env;
use crate::error::Failure;
use crate::secret::Secret;

/// The most that is read from stdin. A password is at most some kilobytes; nothing a client sends comes near.
const MAX_INPUT: u64 = 1 << 20;

/// What a client asks for: the first and only argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The credentials of one server.
    Get,
    /// Keep the credentials of one server.
    Store,
    /// Forget the credentials of one server.
    Erase,
    /// All servers and their user names.
    List,
}

impl Action {
    /// The action of that name, spelled exactly.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Get, Self::Store, Self::Erase, Self::List].into_iter().find(|action| action.as_str() == name)
    }

    /// Its name, as the program's argument.
    #[must_use]
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
    /// Reads stdin to its end.
    ///
    /// # Errors
    /// Something that isn't text, or far too much.
    pub fn read(stdin: &mut dyn Read) -> Result<Self, BadRequest> {
        // Room for a host name and its end: one read for each.
        let mut request = Vec::with_capacity(512);
        stdin.take(MAX_INPUT + 1).read_to_end(&mut request)?;
        if request.len() as u64 > MAX_INPUT {
            return Err(BadRequest::TooLong);
        }
        Ok(Self(Secret::new(String::from_utf8(request).map_err(|_| BadRequest::NotUtf8)?)))
    }

    /// The request as it came, which may hold a password: for another helper.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The server URL that a `get` or `erase` asks for: all of the request, lines joined, white space trimmed.
    ///
    /// # Errors
    /// Nothing was sent.
    pub fn server_url(&self) -> Result<String, BadRequest> {
        let joined: String = self.expose().lines().collect();
        let server_url = joined.trim();
        if server_url.is_empty() {
            return Err(BadRequest::Sentence(Sentence::NoServerUrl));
        }
        Ok(server_url.to_owned())
    }

    /// The credentials that a `store` wants kept.
    ///
    /// # Errors
    /// Not a JSON object, or one without a server URL or user name.
    pub fn credentials(&self) -> Result<StoreRequest, BadRequest> {
        let request = self.expose();
        // serde would take an array for an object of its first fields.
        if !request.trim_start().starts_with('{') {
            return Err(BadRequest::NotJson);
        }
        let Credentials { server_url, username, secret } =
            serde_json::from_str(request).map_err(|_| BadRequest::NotJson)?;
        if server_url.trim().is_empty() {
            return Err(BadRequest::Sentence(Sentence::NoServerUrl));
        }
        if username.is_empty() {
            return Err(BadRequest::Sentence(Sentence::NoUsername));
        }
        Ok(StoreRequest { server_url: server_url.trim().to_owned(), username, secret: Secret::new(secret) })
    }
}

/// The credentials that a `store` wants kept.
#[derive(Debug)]
pub struct StoreRequest {
    /// Whose credentials these are, as the client spells it.
    pub server_url: String,
    /// The user name.
    pub username: String,
    /// The password.
    pub secret: Secret,
}

/// The one JSON object of the protocol, as `store` receives it. Fields we don't know are the client's business.
#[derive(Deserialize)]
struct Credentials {
    #[serde(rename = "ServerURL", default)]
    server_url: String,
    #[serde(rename = "Username", default)]
    username: String,
    #[serde(rename = "Secret", default)]
    secret: String,
}

/// Writes the answer to a `get`: one JSON object and a line end.
///
/// # Errors
/// The client closed its end.
pub fn write_credentials(stdout: &mut dyn Write, server_url: &str, username: &str, secret: &Secret) -> io::Result<()> {
    let secret = secret.expose();
    // Room for all of it at once, unless much has to be escaped.
    let mut line = Vec::with_capacity(64 + server_url.len() + username.len() + secret.len());
    // As `get` answers; the order of the fields is that of the Go helpers.
    for (before, text) in [("{\"ServerURL\":", server_url), (",\"Username\":", username), (",\"Secret\":", secret)] {
        line.extend_from_slice(before.as_bytes());
        push_json_string(&mut line, text)?;
    }
    line.extend_from_slice(b"}\n");
    stdout.write_all(&line)?;
    stdout.flush()
}

/// Appends a text as JSON has it. A password of kilobytes is looked at eight bytes at a time: byte by byte it takes a tenth
/// of all the instructions of a hit.
fn push_json_string(line: &mut Vec<u8>, text: &str) -> io::Result<()> {
    let (chunks, rest) = text.as_bytes().as_chunks::<8>();
    if chunks.iter().all(|chunk| is_plain(*chunk)) && rest.iter().all(|byte| is_plain([*byte; 8])) {
        line.push(b'"');
        line.extend_from_slice(text.as_bytes());
        line.push(b'"');
        Ok(())
    } else {
        Ok(serde_json::to_writer(line, text)?)
    }
}

/// Whether JSON takes these bytes of UTF-8 as they are: no quotation mark, no backslash, no control character. All eight are
/// compared at once: <https://graphics.stanford.edu/~seander/bithacks.html#HasLessInWord>.
fn is_plain(bytes: [u8; 8]) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const TOP_BITS: u64 = u64::from_ne_bytes([0x80; 8]);
    let bytes = u64::from_ne_bytes(bytes);
    let less_than = |bytes: u64, limit: u8| bytes.wrapping_sub(ONES * u64::from(limit)) & !bytes;
    let is = |byte: u8| less_than(bytes ^ (ONES * u64::from(byte)), 1);
    (less_than(bytes, b' ') | is(b'"') | is(b'\\')) & TOP_BITS == 0
}

/// Reads another helper's answer to a `list`; `None` for what isn't one.
#[must_use]
pub fn parse_list(answer: &[u8]) -> Option<BTreeMap<String, String>> {
    serde_json::from_slice(answer).ok()
}

/// Writes the answer to a `list`: `{"SERVER URL":"USER NAME",…}` and a line end.
///
/// # Errors
/// The client closed its end.
pub fn write_list(stdout: &mut dyn Write, usernames: &BTreeMap<String, String>) -> io::Result<()> {
    write_json(stdout, usernames)
}

/// Other credential helpers: processes, or a table in a test.
pub trait Helpers {
    /// Runs `docker-credential-NAME` with an action and a request. Its stdout, stderr and exit status (0 to 255) are the
    /// client's.
    ///
    /// # Errors
    /// There is no such program, it can't be run, or it would lead back here.
    fn pass_on(&self, env: &Env, helper: &str, action: Action, request: &Request) -> Result<u8, Failure>;

    /// Asks `docker-credential-NAME` for its list.
    ///
    /// # Errors
    /// As above, or it failed, or its answer is none.
    fn list(&self, env: &Env, helper: &str) -> Result<BTreeMap<String, String>, Failure>;
}

/// One `write` for the whole line, so that no client sees half of it.
fn write_json(stdout: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    stdout.write_all(&line)?;
    stdout.flush()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn server_url(request: &[u8]) -> Result<String, String> {
        Request::read(&mut &request[..]).and_then(|request| request.server_url()).map_err(|error| error.to_string())
    }

    fn stored(request: &[u8]) -> Result<StoreRequest, BadRequest> {
        Request::read(&mut &request[..])?.credentials()
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
    fn an_empty_server_url_gets_the_fixed_sentence() {
        for request in [&b""[..], b"\n", b" \r\n\t"] {
            assert_eq!(server_url(request), Err("no credentials server URL".to_owned()));
        }
    }

    #[test]
    fn binary_and_endless_input_is_refused() {
        assert_eq!(server_url(b"\xff\xfe"), Err("the request is not valid UTF-8".to_owned()));
        let error = Request::read(&mut io::repeat(b'a')).expect_err("endless");
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
    fn a_store_request_is_read_and_its_secret_does_not_print() {
        let request = br#"{"ServerURL":"https://h/\n","Username":"u","Secret":"hunter2","Extra":true}"#;
        let stored = stored(request).expect("understood");
        assert_eq!((&*stored.server_url, &*stored.username, stored.secret.expose()), ("https://h/", "u", "hunter2"));
        assert!(!format!("{stored:?}").contains("hunter2"));
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
    fn each_character_at_each_place_is_written_as_serde_json_writes_it() {
        for character in (0..=0x7f_u8).map(char::from).chain(['\u{80}', '\u{a0}', '\u{e9}', '\u{2028}', '\u{10ffff}']) {
            for place in 0..20 {
                let text = format!("{}{character}{}", "a".repeat(place), "z".repeat(19 - place));
                let mut line = Vec::new();
                push_json_string(&mut line, &text).expect("written");
                let expected = serde_json::to_vec(&text).expect("JSON");
                assert_eq!(line, expected, "{text:?}");
            }
        }
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
            let read = stored(&wire).expect("understood");
            prop_assert_eq!(read.server_url, url.trim());
            prop_assert_eq!(read.username, name);
            prop_assert_eq!(read.secret.expose(), secret);
        }
    }
}
