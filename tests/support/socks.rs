//! A recording SOCKS proxy on loopback: version 5 (RFC 1928 and 1929), and version 4 with and without names.
//!
//! Like the HTTP proxy, it never looks a name up: what it forwards goes to the one local port that the test names.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::sync::{Arc, Mutex};
use std::thread;

use super::loopback::{Connection, Server};

/// The running proxy; dropping it closes every connection.
pub struct SocksProxy {
    server: Server,
    asked: Arc<Mutex<Vec<String>>>,
}

impl SocksProxy {
    /// Forwards to a port of 127.0.0.1 whatever is asked for. With a login, it requires that user name and password.
    pub fn start(to: u16, login: Option<(&'static str, &'static str)>) -> Self {
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let record = Arc::clone(&asked);
        let server = Server::start(move |connection, _number, _stop| drop(serve(&connection, to, login, &record)));
        Self { server, asked }
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// What it was asked for: the version and `HOST:PORT`, or `5 login` for a login that it refused.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no holder panics").clone()
    }
}

fn serve(connection: &Connection, to: u16, login: Option<(&str, &str)>, asked: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut stream = connection.clone();
    let version = bytes::<1>(&mut stream)?[0];
    let record = |what: String| asked.lock().expect("no holder panics").push(what);
    if version == 4 {
        let [_command, high, low, a, b, c, d] = bytes::<7>(&mut stream)?;
        until_zero(&mut stream)?;
        let host = if [a, b, c] == [0; 3] { until_zero(&mut stream)? } else { format!("{a}.{b}.{c}.{d}") };
        record(format!("4 {host}:{}", u16::from_be_bytes([high, low])));
        stream.write_all(&[0, 90, 0, 0, 0, 0, 0, 0])?;
    } else {
        let methods = text(&mut stream)?;
        let wanted = if login.is_some() { 2 } else { 0 };
        if !methods.as_bytes().contains(&wanted) {
            record("5 login".to_owned());
            return stream.write_all(&[5, 0xff]);
        }
        stream.write_all(&[5, wanted])?;
        if let Some((user, password)) = login {
            bytes::<1>(&mut stream)?;
            let given = (text(&mut stream)?, text(&mut stream)?);
            let accepted = (given.0.as_str(), given.1.as_str()) == (user, password);
            stream.write_all(&[1, u8::from(!accepted)])?;
            if !accepted {
                record("5 login".to_owned());
                return Ok(());
            }
        }
        let [_version, _command, _reserved, kind] = bytes::<4>(&mut stream)?;
        let host = match kind {
            1 => bytes::<4>(&mut stream)?.map(|part| part.to_string()).join("."),
            _ => text(&mut stream)?,
        };
        record(format!("5 {host}:{}", u16::from_be_bytes(bytes::<2>(&mut stream)?)));
        stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    }
    let server = Connection::to(to)?;
    thread::scope(|scope| {
        scope.spawn(|| {
            io::copy(&mut server.clone(), &mut connection.clone()).ok();
            connection.end(Shutdown::Both);
        });
        io::copy(&mut stream, &mut server.clone()).ok();
        server.end(Shutdown::Write);
    });
    Ok(())
}

fn bytes<const COUNT: usize>(stream: &mut Connection) -> io::Result<[u8; COUNT]> {
    let mut bytes = [0; COUNT];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// A text after its length in one byte.
fn text(stream: &mut Connection) -> io::Result<String> {
    let mut text = vec![0; usize::from(bytes::<1>(stream)?[0])];
    stream.read_exact(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn until_zero(stream: &mut Connection) -> io::Result<String> {
    let mut text = Vec::new();
    loop {
        match bytes::<1>(stream)? {
            [0] => return Ok(String::from_utf8_lossy(&text).into_owned()),
            [byte] => text.push(byte),
        }
    }
}
