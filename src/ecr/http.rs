//! The HTTP client of the SDK: HTTP/1.1, one connection for each request, and nothing before one is to be sent.
//!
//! The SDK's own client brings HTTP/2, a pool of connections and a reader of certificates along, of which a process that
//! sends one request or three has no use: 0.3 MB of the program, and the greater part of the time of a call over TLS. The
//! certificates of the system are read for the first https request, if ever. Of the TLS backends it takes `ring`: aws-lc-rs
//! gathers entropy for 28 ms at start.
//!
//! The connection for the last request may be opened ahead, while whoever gives the credentials for it is asked.
//!
//! Connecting (looking up the name, racing IPv4 and IPv6) and the tunnel through a proxy are hyper-util's, as they are in
//! the SDK's client. Whether an error is one of time, of the network or of somebody else is told here, as that client
//! tells it: the SDK tries again by that.

use std::error::Error;
use std::fmt;
use std::future::{Ready, ready};
use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::ErrorKind;
use http::header::{HOST, PROXY_AUTHORIZATION};
use http::uri::{PathAndQuery, Scheme};
use http::{HeaderValue, Request, Response, Uri};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::rt::{Read, Write};
use hyper_util::client::legacy::connect::HttpConnector as TcpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tower_service::Service;

use super::classify::{find, is_distrust};
use super::proxy::{NotReached, ProxyError, ProxyIntercept, ProxyMatcher, wrapped};
use super::trust::{self, NoSystemCertificates, Trusted};
use crate::error::Failure;
use crate::network::NetworkConfig;

/// How to connect. All its copies share what it's made of.
#[derive(Clone, Debug)]
pub(super) struct LazyHttpClient {
    /// With the certificates that the user named, else with those of the system once they are needed.
    tls: Arc<OnceLock<Trusted>>,
    /// The proxies, `http` and `https`.
    detours: Arc<ProxyMatchers>,
    /// The connection that was opened ahead, until a request takes it.
    ahead: Arc<Mutex<Option<Ahead>>>,
}

/// A connection for a request that is still to come.
#[derive(Debug)]
struct Ahead {
    to: Uri,
    since: Instant,
    stream: JoinHandle<Result<Connection, BoxError>>,
}

/// How long a connection is worth having before a request comes: a server closes one that stays silent.
const LONGEST_AHEAD: Duration = Duration::from_secs(5);

#[derive(Debug)]
struct ProxyMatchers {
    http: Option<ProxyMatcher>,
    https: Option<ProxyMatcher>,
}

impl HttpClient for LazyHttpClient {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(LazyConnector { client: self.clone(), settings: settings.clone() })
    }
}

#[derive(Debug)]
struct LazyConnector {
    client: LazyHttpClient,
    settings: HttpConnectorSettings,
}

impl HttpConnector for LazyConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self { client, settings } = self;
        let (client, connect, whole) = (client.clone(), settings.connect_timeout(), settings.read_timeout());
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let detour = client.detour(request.uri());
            let proxy = detour.and_then(|detour| detour.intercept(request.uri()));
            let answer = client.send(request, proxy.as_ref(), connect);
            let error = match within(whole, "answer", answer).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => error,
                Err(error) => sort(error),
            };
            let error = match client.tls.get() {
                Some(Trusted { config: _, for_lack_of_others: true }) if is_distrust(&error) => {
                    wrapped(error, |source| Box::new(NoSystemCertificates { source }))
                }
                _ => error,
            };
            Err(match proxy {
                Some(proxy) => ProxyError::name(&proxy, error),
                None => error,
            })
        })
    }
}

impl LazyHttpClient {
    /// A client for this way to AWS.
    ///
    /// # Errors
    /// The certificates or proxies that the user named are none.
    pub(super) fn new(route: &NetworkConfig) -> Result<Self, Failure> {
        let NetworkConfig { trust, proxies, retries: _, metadata: _, variant: _ } = route;
        let detours = ProxyMatchers { http: ProxyMatcher::of_http(proxies)?, https: ProxyMatcher::of_https(proxies)? };
        let tls = trust::named(trust)?.map(OnceLock::from).unwrap_or_default();
        Ok(Self { tls: Arc::new(tls), detours: Arc::new(detours), ahead: Arc::default() })
    }

    /// Begins to connect to the server of a URL, which is going to be asked when the credentials are there.
    pub(super) fn connect_ahead(&self, to: Uri) {
        let (client, server) = (self.clone(), to.clone());
        let stream = tokio::spawn(async move {
            let proxy = client.detour(&server).and_then(|detour| detour.intercept(&server));
            client.connect(&server, proxy.as_ref()).await
        });
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) = Some(Ahead { to, since: Instant::now(), stream });
    }

    /// The connection that was opened ahead, if it is to the server of this URL; whatever went wrong with it, a new one may do
    /// better.
    async fn opened_ahead(&self, uri: &Uri) -> Option<Connection> {
        let same = |ahead: &mut Ahead| ahead.to.scheme() == uri.scheme() && ahead.to.authority() == uri.authority();
        let taken = self.ahead.lock().unwrap_or_else(PoisonError::into_inner).take_if(same)?;
        if taken.since.elapsed() > LONGEST_AHEAD {
            return None;
        }
        taken.stream.await.ok()?.ok()
    }

    fn detour(&self, uri: &Uri) -> Option<&ProxyMatcher> {
        if is_https(uri) { self.detours.https.as_ref() } else { self.detours.http.as_ref() }
    }

    async fn send(
        &self,
        mut request: Request<SdkBody>,
        proxy: Option<&ProxyIntercept>,
        limit: Option<Duration>,
    ) -> Result<HttpResponse, ConnectorError> {
        let uri = request.uri().clone();
        // A proxy that reads the request is told where it is to go, and who we are.
        let forwarded = proxy.filter(|_| !is_https(&uri));
        address(&mut request, forwarded).map_err(ConnectorError::user)?;
        if let Some(stream) = within(limit, "connection", self.opened_ahead(&uri)).await.map_err(sort)? {
            match deliver(stream, request).await {
                Ok(response) => return answer(response),
                // The server has closed it in the meantime.
                Err(NoAnswer { unsent: Some(unsent), .. }) => request = unsent,
                Err(NoAnswer { error, unsent: None }) => return Err(sort(error)),
            }
        }
        let connecting = self.connect(&uri, proxy);
        let stream = within(limit, "connection", connecting).await.and_then(|result| result).map_err(sort)?;
        deliver(stream, request).await.map_or_else(|no_answer| Err(sort(no_answer.error)), answer)
    }

    /// A connection on which the server of a URL, or the proxy that forwards to it, listens.
    async fn connect(&self, uri: &Uri, proxy: Option<&ProxyIntercept>) -> Result<Connection, BoxError> {
        let Some(proxy) = proxy else {
            let stream = open(uri).await?;
            return if is_https(uri) { self.secure(stream, uri).await } else { Ok(stream) };
        };
        let stream = self.reach(proxy.uri()).await.map_err(|source| NotReached { source })?;
        if !is_https(uri) {
            return Ok(stream);
        }
        let mut tunnel = Tunnel::new(proxy.uri().clone(), Opened(Some(stream)));
        if let Some(password) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(password.clone());
        }
        let stream = tunnel.call(uri.clone()).await?;
        self.secure(stream, uri).await
    }

    /// A connection with a proxy.
    async fn reach(&self, proxy: &Uri) -> Result<Connection, BoxError> {
        let stream = open(proxy).await?;
        if is_https(proxy) { self.secure(stream, proxy).await } else { Ok(stream) }
    }

    /// TLS, with the server that a URL names.
    async fn secure(&self, stream: Connection, uri: &Uri) -> Result<Connection, BoxError> {
        let tls = Arc::clone(&self.tls.get_or_init(trust::of_system).config);
        let host = uri.host().unwrap_or_default();
        // An IPv6 address has brackets in a URL and none in a certificate.
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let server = ServerName::try_from(host.to_owned())?;
        Ok(Box::new(TokioIo::new(TlsConnector::from(tls).connect(server, TokioIo::new(stream)).await?)))
    }
}

/// A connection, with or without TLS and tunnels.
trait Stream: Read + Write + Send + Unpin {}

type Connection = Box<dyn Stream>;

impl<S: Read + Write + Send + Unpin> Stream for S {}

impl fmt::Debug for dyn Stream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Stream(..)")
    }
}

/// Connects to the host of a URL.
async fn open(uri: &Uri) -> Result<Connection, BoxError> {
    let mut tcp = TcpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    Ok(Box::new(tcp.call(uri.clone()).await?))
}

/// Why there is no answer; with the request, if the server hasn't seen any of it.
struct NoAnswer {
    error: BoxError,
    unsent: Option<Request<SdkBody>>,
}

/// Sends a request over a connection.
async fn deliver(stream: Connection, request: Request<SdkBody>) -> Result<Response<Incoming>, NoAnswer> {
    let (mut sender, connection) =
        http1::handshake(stream).await.map_err(|error| NoAnswer { error: error.into(), unsent: None })?;
    tokio::spawn(connection);
    sender.try_send_request(request).await.map_err(|mut error| {
        let unsent = error.take_message();
        NoAnswer { error: error.into_error().into(), unsent }
    })
}

fn answer(response: Response<Incoming>) -> Result<HttpResponse, ConnectorError> {
    HttpResponse::try_from(response.map(SdkBody::from_body_1_x))
        .map_err(|error| ConnectorError::other(error.into(), None))
}

/// Hands out a connection to a proxy that is there already.
struct Opened(Option<Connection>);

impl Service<Uri> for Opened {
    type Response = Connection;
    type Error = io::Error;
    type Future = Ready<Result<Connection, io::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        ready(self.0.take().ok_or_else(|| io::ErrorKind::NotConnected.into()))
    }
}

/// Writes the host into a request, and takes it out of its first line, unless that is for a proxy to read.
fn address(request: &mut Request<SdkBody>, forwarded_by: Option<&ProxyIntercept>) -> Result<(), BoxError> {
    let uri = request.uri().clone();
    let host = match (uri.host().unwrap_or_default(), uri.port_u16()) {
        (host, None) => HeaderValue::try_from(host)?,
        (host, Some(port)) if port == if is_https(&uri) { 443 } else { 80 } => HeaderValue::try_from(host)?,
        (host, Some(port)) => HeaderValue::try_from(format!("{host}:{port}"))?,
    };
    request.headers_mut().entry(HOST).or_insert(host);
    if let Some(proxy) = forwarded_by {
        if let Some(password) = proxy.basic_auth() {
            request.headers_mut().insert(PROXY_AUTHORIZATION, password.clone());
        }
    } else {
        let path = uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        *request.uri_mut() = path.into();
    }
    Ok(())
}

fn is_https(uri: &Uri) -> bool {
    uri.scheme() == Some(&Scheme::HTTPS)
}

/// Something took longer than the SDK allows it to.
#[derive(Debug)]
struct Timeout {
    what: &'static str,
    limit: Duration,
}

impl fmt::Display for Timeout {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, limit } = self;
        write!(formatter, "no {what} within {limit:?}")
    }
}

impl Error for Timeout {}

/// Waits for a future, within the limit if there is one.
async fn within<F: Future>(limit: Option<Duration>, what: &'static str, future: F) -> Result<F::Output, BoxError> {
    match limit {
        None => Ok(future.await),
        Some(limit) => tokio::time::timeout(limit, future).await.map_err(|_| Timeout { what, limit }.into()),
    }
}

/// The kind of an error, by which the SDK tries again or not.
fn sort(error: BoxError) -> ConnectorError {
    if find::<Timeout>(&*error).is_some() {
        return ConnectorError::timeout(error);
    }
    match find::<hyper::Error>(&*error) {
        // What isn't hyper's comes from connecting.
        None => ConnectorError::io(error),
        Some(of_hyper) if of_hyper.is_timeout() => ConnectorError::timeout(error),
        Some(of_hyper) if of_hyper.is_user() => ConnectorError::user(error),
        Some(of_hyper) if of_hyper.is_closed() || of_hyper.is_canceled() || find::<io::Error>(of_hyper).is_some() => {
            ConnectorError::io(error)
        }
        Some(of_hyper) if of_hyper.is_incomplete_message() => {
            ConnectorError::other(error, Some(ErrorKind::TransientError))
        }
        Some(_) => ConnectorError::other(error, None),
    }
}
