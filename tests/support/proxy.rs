//! A recording HTTP forward proxy on loopback (RFC 9110, sections 7.6 and 9.3.6), for tests of the proxy variables.
//!
//! It never looks a name up and never leaves the machine: whatever host is asked for, what it forwards goes to the one
//! local port the test names.

use std::io::{self, BufReader, Read, Write};
use std::net::Shutdown;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::http::{Request, Response};
use super::loopback::{Connection, Server};
use super::tls::{TestCa, TlsConnection};

/// What becomes of the requests.
#[derive(Debug, Clone, Copy)]
pub enum Forward {
    /// Each is recorded and gets a 403.
    Refuse,
    /// Each is recorded and goes to this port of 127.0.0.1, whatever host it names.
    To(u16),
}

/// A request as the proxy saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxiedRequest {
    /// `CONNECT` for a tunnel, else the method of the plain request.
    pub method: String,
    /// `HOST:PORT` of a tunnel, else the whole URL.
    pub target: String,
    /// The `Proxy-Authorization` header, as sent.
    pub authorization: Option<String>,
}

/// The running proxy; dropping it closes every connection.
pub struct Proxy {
    server: Server,
    state: Arc<Mutex<State>>,
    scheme: &'static str,
}

#[derive(Default)]
struct State {
    requests: Vec<ProxiedRequest>,
    required: Option<String>,
}

impl Proxy {
    /// Starts a proxy that is spoken to in plain HTTP.
    pub fn start(forward: Forward) -> Self {
        Self::serving("http", move |connection, state| serve(&connection, forward, state))
    }

    /// Starts a proxy that is spoken to over TLS, with a certificate of `ca` for `127.0.0.1` and `localhost`. It speaks
    /// these application protocols, the first the best; with none, as most proxies do, it leaves them out of the matter.
    pub fn start_tls(ca: &TestCa, protocols: &[&str], forward: Forward) -> Self {
        let acceptor = ca.acceptor_of(&[], protocols);
        Self::serving("https", move |connection, state| serve(&acceptor.accept(connection), forward, state))
    }

    fn serving(
        scheme: &'static str,
        serve: impl Fn(Connection, &Mutex<State>) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let state = Arc::<Mutex<State>>::default();
        let server = Server::start({
            let state = Arc::clone(&state);
            // A connection that breaks is the client's affair: what it sees is the closed connection.
            move |connection, _number, _stop| drop(serve(connection, &state))
        });
        Self { server, state, scheme }
    }

    /// Requests without this user and password get a 407 from now on.
    pub fn require(&self, user: &str, password: &str) {
        lock(&self.state).required = Some(format!("Basic {}", BASE64.encode(format!("{user}:{password}"))));
    }

    /// `http://127.0.0.1:PORT` or `https://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("{}://127.0.0.1:{}", self.scheme, self.port())
    }

    /// The same with `USER:PASSWORD@` in it, both as given.
    pub fn url_of(&self, user: &str, password: &str) -> String {
        format!("{}://{user}:{password}@127.0.0.1:{}", self.scheme, self.port())
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// Every request so far, the refused ones too.
    pub fn requests(&self) -> Vec<ProxiedRequest> {
        lock(&self.state).requests.clone()
    }

    /// The targets of every request so far.
    pub fn targets(&self) -> Vec<String> {
        self.requests().into_iter().map(|request| request.target).collect()
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().expect("no holder panics")
}

/// A connection with a client, plain or not; two hands may hold it.
trait Client: Clone + Read + Write + Send + Sync {
    fn end(&self, direction: Shutdown);
    fn expects_http_2(&self) -> bool;
}

impl Client for Connection {
    fn end(&self, direction: Shutdown) {
        Self::end(self, direction);
    }

    fn expects_http_2(&self) -> bool {
        false
    }
}

impl Client for TlsConnection {
    fn end(&self, direction: Shutdown) {
        Self::end(self, direction);
    }

    fn expects_http_2(&self) -> bool {
        self.protocol().as_deref() == Some(b"h2")
    }
}

fn serve(connection: &impl Client, forward: Forward, state: &Mutex<State>) -> io::Result<()> {
    let mut stream = BufReader::new(connection.clone());
    while let Some(request) = Request::read(&mut stream)? {
        if connection.expects_http_2() {
            // An empty SETTINGS frame, which is how a server begins (RFC 9113, section 3.4), and no word to HTTP/1.1.
            return stream.get_mut().write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]);
        }
        let authorization = request.header("proxy-authorization").map(str::to_owned);
        let allowed = {
            let mut state = lock(state);
            let (method, target) = (request.method.clone(), request.target.clone());
            state.requests.push(ProxiedRequest { method, target, authorization: authorization.clone() });
            state.required.is_none() || state.required == authorization
        };
        match forward {
            _ if !allowed => {
                let refusal = Response::new(407, "").header("Proxy-Authenticate", "Basic realm=\"proxy\"");
                refusal.write(stream.get_mut())?;
            }
            Forward::Refuse => Response::new(403, "").write(stream.get_mut())?,
            Forward::To(port) => {
                let mut server = Connection::to(port)?;
                if request.method == "CONNECT" {
                    // Not `Response`: a tunnel's answer has no length (RFC 9110, section 9.3.6).
                    stream.get_mut().write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
                } else {
                    server.write_all(&forwarded(&request))?;
                }
                tunnel(stream, connection, &server);
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The request as its server expects it: the path alone, without what was meant for the proxy. The connection serves
/// this one request, so that the answer can be passed on without being understood.
fn forwarded(request: &Request) -> Vec<u8> {
    let path = request
        .target
        .split_once("://")
        .map_or(request.target.as_str(), |(_, rest)| rest.find('/').map_or("/", |slash| &rest[slash..]));
    let mut bytes = format!("{} {path} HTTP/1.1\r\nConnection: close\r\n", request.method).into_bytes();
    for (name, value) in &request.headers {
        if !["connection", "proxy-authorization", "proxy-connection"].contains(&name.to_ascii_lowercase().as_str()) {
            bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(&request.body);
    bytes
}

/// Copies both ways until one side ends.
fn tunnel<C: Client>(mut from_client: BufReader<C>, client: &C, server: &Connection) {
    thread::scope(|scope| {
        scope.spawn(|| {
            io::copy(&mut server.clone(), &mut client.clone()).ok();
            client.end(Shutdown::Both);
        });
        io::copy(&mut from_client, &mut server.clone()).ok();
        server.end(Shutdown::Write);
    });
}
