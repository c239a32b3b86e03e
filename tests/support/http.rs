//! As much of HTTP/1.1 (RFC 9112) as the stand-ins need: requests and answers with a `Content-Length`, kept alive.
//!
//! No chunked bodies, no trailers, no `Expect`: the SDK sends none of them for these APIs, and a request that needs them
//! ends its connection with an error.

use std::io::{self, BufRead, Read as _, Write};

/// The longest head and the longest body taken; far more than any of these APIs needs.
const LIMIT: u64 = 1 << 20;

/// A request as it came in.
#[derive(Debug, Clone)]
pub struct Request {
    /// `GET`, `POST`, `PUT`, `CONNECT`.
    pub method: String,
    /// The request target as written: `/path?query`, `http://host/path` or `host:port`.
    pub target: String,
    /// Names as written, in the order they came.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Request {
    /// Reads the next request of a connection; `None` when the client has closed it.
    ///
    /// # Errors
    /// The connection broke, or what came isn't a request of the kind described above.
    pub fn read(stream: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut head = stream.take(LIMIT);
        let mut line = String::new();
        if head.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let mut words = line.split_ascii_whitespace().map(str::to_owned);
        let (Some(method), Some(target)) = (words.next(), words.next()) else { return Err(malformed("request line")) };
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            if head.read_line(&mut line)? == 0 {
                return Err(malformed("end of the head"));
            }
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').ok_or_else(|| malformed("header"))?;
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        let mut request = Self { method, target, headers, body: Vec::new() };
        if request.header("transfer-encoding").is_some() {
            return Err(malformed("body: only bodies with a length are understood"));
        }
        let length = request.header("content-length").unwrap_or("0");
        let length = length.parse::<u64>().ok().filter(|&length| length <= LIMIT);
        let length = length.ok_or_else(|| malformed("length"))?;
        stream.take(length).read_to_end(&mut request.body)?;
        if request.body.len() as u64 == length { Ok(Some(request)) } else { Err(malformed("end of the body")) }
    }

    /// The first header of this name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// The target without its query.
    pub fn path(&self) -> &str {
        self.target.split_once('?').map_or(self.target.as_str(), |(path, _)| path)
    }

    /// A parameter of the query, decoded.
    pub fn query(&self, name: &str) -> Option<String> {
        form(self.target.split_once('?').map_or("", |(_, query)| query), name)
    }

    /// A parameter of a body of the type `application/x-www-form-urlencoded`, decoded.
    pub fn form(&self, name: &str) -> Option<String> {
        form(&String::from_utf8_lossy(&self.body), name)
    }

    /// Whether the client wants the connection closed after the answer.
    pub fn ends_connection(&self) -> bool {
        self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }
}

/// An answer; its `Content-Length` is added when it is written.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Headers beside `Content-Length`.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Response {
    /// An answer without headers.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Writes the answer in one go.
    ///
    /// # Errors
    /// The connection broke.
    pub fn write(&self, stream: &mut impl Write) -> io::Result<()> {
        // Clients take the reason phrase for decoration (RFC 9112, section 4), so one does for all.
        let mut bytes =
            format!("HTTP/1.1 {} Answer\r\nContent-Length: {}\r\n", self.status, self.body.len()).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        stream.write_all(&bytes)?;
        stream.flush()
    }
}

/// The first header of this name in a list, whatever its case.
pub fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn form(encoded: &str, name: &str) -> Option<String> {
    let pair = encoded.split('&').filter_map(|pair| pair.split_once('=')).find(|(known, _)| *known == name);
    pair.map(|(_, value)| percent_decoded(value))
}

fn percent_decoded(encoded: &str) -> String {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex =
            tail.get(..2).and_then(|hex| str::from_utf8(hex).ok()).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (*first, hex) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            (b'+', _) => {
                bytes.push(b' ');
                rest = tail;
            }
            (byte, _) => {
                bytes.push(byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("unexpected {what}"))
}
