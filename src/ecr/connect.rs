//! Connections to servers: TCP, the tunnel through a proxy, and TLS.
//!
//! hyper-util looks up names, races IPv4 and IPv6, and makes the tunnel, as it does in the SDK's
//! own client. Here are the choice of the proxy, and TLS with the certificates that the user chose,
//! also to the proxy itself.

use std::fmt;
use std::future::{Ready, ready};
use std::io;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use aws_smithy_runtime_api::box_error::BoxError;
use http::Uri;
use http::uri::Scheme;
use hyper::rt::{Read, Write};
use hyper_util::client::legacy::connect::HttpConnector as TcpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;
use tower_service::Service;

use super::proxy::{ProxyIntercept, ProxyMatcher, ProxyUnreachable};
use super::trust::{self, TlsSettings};
use crate::error::Failure;
use crate::network::NetworkConfig;

/// Connects as the network settings say.
#[derive(Debug)]
pub(super) struct Connector {
    /// With the certificates that the user names; otherwise with the system's, once they are
    /// needed.
    tls: OnceLock<TlsSettings>,
    http_proxy: Option<ProxyMatcher>,
    https_proxy: Option<ProxyMatcher>,
}

impl Connector {
    /// A connector for these settings.
    /// Error: the certificates or proxies that the user names can't be used.
    pub(super) fn new(network: &NetworkConfig) -> Result<Self, Failure> {
        let NetworkConfig { trust, proxies, retries: _, metadata: _, variant: _ } = network;
        Ok(Self {
            http_proxy: ProxyMatcher::for_http(proxies)?,
            https_proxy: ProxyMatcher::for_https(proxies)?,
            tls: trust::from_user(trust)?.map(OnceLock::from).unwrap_or_default(),
        })
    }

    /// The proxy for requests to this URL; `None` if they go there directly.
    pub(super) fn proxy_for(&self, uri: &Uri) -> Option<ProxyIntercept> {
        let matcher = if is_https(uri) { self.https_proxy.as_ref() } else { self.http_proxy.as_ref() };
        matcher.and_then(|matcher| matcher.intercept(uri))
    }

    /// Whether TLS is used with the root certificates that are built into this program.
    pub(super) fn uses_builtin_roots(&self) -> bool {
        self.tls.get().is_some_and(|tls| tls.uses_builtin_roots)
    }

    /// A connection to the server of a URL, or to the proxy that forwards `http` requests to it.
    pub(super) async fn connect(&self, uri: &Uri, proxy: Option<&ProxyIntercept>) -> Result<Connection, BoxError> {
        let Some(proxy) = proxy else { return self.connect_directly(uri).await };
        let stream = self.connect_directly(proxy.uri()).await.map_err(|source| ProxyUnreachable { source })?;
        if !is_https(uri) {
            return Ok(stream);
        }
        let mut tunnel = Tunnel::new(proxy.uri().clone(), Connected(Some(stream)));
        if let Some(credentials) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(credentials.clone());
        }
        let stream = tunnel.call(uri.clone()).await?;
        self.start_tls(stream, uri).await
    }

    async fn connect_directly(&self, uri: &Uri) -> Result<Connection, BoxError> {
        let mut tcp = TcpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let stream: Connection = Box::new(tcp.call(uri.clone()).await?);
        if is_https(uri) { self.start_tls(stream, uri).await } else { Ok(stream) }
    }

    async fn start_tls(&self, stream: Connection, uri: &Uri) -> Result<Connection, BoxError> {
        let tls = Arc::clone(&self.tls.get_or_init(trust::from_system).config);
        let host = uri.host().unwrap_or_default();
        // An IPv6 address has brackets in a URL, but not in a certificate.
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let server = ServerName::try_from(host.to_owned())?;
        Ok(Box::new(TokioIo::new(TlsConnector::from(tls).connect(server, TokioIo::new(stream)).await?)))
    }
}

/// A connection, with or without TLS and tunnels.
pub(super) trait Stream: Read + Write + Send + Unpin {}

pub(super) type Connection = Box<dyn Stream>;

impl<S: Read + Write + Send + Unpin> Stream for S {}

impl fmt::Debug for dyn Stream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Stream(..)")
    }
}

pub(super) fn is_https(uri: &Uri) -> bool {
    uri.scheme() == Some(&Scheme::HTTPS)
}

/// A connection to a proxy, in the form in which [`Tunnel`] takes one.
struct Connected(Option<Connection>);

impl Service<Uri> for Connected {
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
