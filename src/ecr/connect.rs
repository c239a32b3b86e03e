//! Connections to servers: TCP, the tunnel through a proxy, and TLS.
//!
//! `names.rs` looks up hosts; hyper-util races IPv4 and IPv6. Here are the choice of the proxy, and
//! TLS with the certificates that the user chose, also to the proxy itself.

mod tunnel;

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use http::Uri;
use http::uri::Scheme;
use hyper::rt::{Read, Write};
use hyper_util::client::legacy::connect::HttpConnector as TcpConnector;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use thiserror::Error;
use tokio_rustls::TlsConnector;
use tower_service::Service;

use super::causes::find;
use super::names;
use super::proxy::{
    ActiveProxy, LoginState, PasswordRejected, ProxyError, ProxyMatcher, ProxyUnreachable, UnusableProxy,
};
use super::trust::{self, TlsSettings};
use crate::error::Failure;
use crate::network::NetworkConfig;

/// What is waited for once there is a connection.
const TLS_CONNECTION: &str = "TLS connection";

/// Connects as the network settings say.
#[derive(Debug)]
pub(super) struct Connector {
    /// With the certificates that the user names; otherwise with the system's, once they are
    /// needed.
    tls: OnceLock<TlsSettings>,
    http_proxy: Option<ProxyMatcher>,
    https_proxy: Option<ProxyMatcher>,
}

/// A connection for a request, and the proxy that it goes through.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) stream: Connection,
    pub(super) proxy: Option<Arc<ActiveProxy>>,
}

impl Connector {
    /// A connector for these settings.
    /// Error: the certificates that the user names can't be used.
    pub(super) fn new(network: &NetworkConfig) -> Result<Self, Failure> {
        let NetworkConfig { trust, proxies, retries: _, variant: _ } = network;
        Ok(Self {
            http_proxy: ProxyMatcher::for_http(proxies),
            https_proxy: ProxyMatcher::for_https(proxies),
            tls: trust::from_user(trust)?.map(OnceLock::from).unwrap_or_default(),
        })
    }

    /// The proxy for requests to this URL; `None` if they go there directly.
    /// Error: the variable for it can't be used.
    pub(super) fn proxy_for(&self, uri: &Uri) -> Result<Option<Arc<ActiveProxy>>, UnusableProxy> {
        let matcher = if is_https(uri) { self.https_proxy.as_ref() } else { self.http_proxy.as_ref() };
        matcher.map_or(Ok(None), |matcher| matcher.intercept(uri))
    }

    /// What the user must know when the issuer of a certificate is unknown.
    pub(super) fn note_on_roots(&self) -> Option<&str> {
        self.tls.get()?.note.as_deref()
    }

    /// A connection to the server of a URL, or to the proxy that forwards `http` requests to it.
    /// Each step has the limit.
    pub(super) async fn connect(&self, uri: &Uri, limit: Option<Duration>) -> Result<Opened, BoxError> {
        let Some(proxy) = self.proxy_for(uri)? else { return self.connect_without_proxy(uri, limit).await };
        if !proxy.may_be_bypassed() {
            return self.connect_through(uri, proxy, limit).await;
        }
        // After a failure, the other way is tried first.
        let was_working = !proxy.has_failed();
        if !was_working && let Ok(opened) = self.connect_without_proxy(uri, limit).await {
            return Ok(opened);
        }
        match self.connect_through(uri, proxy, limit).await {
            Err(error) if was_working && find::<ProxyRefusal>(&*error).is_some() => {
                self.connect_without_proxy(uri, limit).await.or(Err(error))
            }
            result => result,
        }
    }

    async fn connect_through(
        &self,
        uri: &Uri,
        proxy: Arc<ActiveProxy>,
        limit: Option<Duration>,
    ) -> Result<Opened, BoxError> {
        let attempt = proxy.is_tried();
        let stream = Box::pin(self.connect_to_proxy(uri, &proxy, limit)).await;
        let stream = stream.map_err(|source| ProxyError::new(&proxy, ProxyRefusal { source }.into()))?;
        attempt.succeed();
        let stream = if is_https(uri) {
            let stream = self.start_tls(stream, uri, limit).await;
            stream.map_err(|error| ProxyError::new(&proxy, error))?
        } else {
            stream
        };
        Ok(Opened { stream, proxy: Some(proxy) })
    }

    async fn connect_without_proxy(&self, uri: &Uri, limit: Option<Duration>) -> Result<Opened, BoxError> {
        Ok(Opened { stream: self.connect_directly(uri, limit).await?, proxy: None })
    }

    /// A connection to the proxy if it forwards the request, otherwise through the proxy to the
    /// server.
    async fn connect_to_proxy(
        &self,
        uri: &Uri,
        proxy: &ActiveProxy,
        limit: Option<Duration>,
    ) -> Result<Connection, BoxError> {
        let connect = async {
            let stream = self.connect_directly(&proxy.uri()?, limit).await;
            stream.map_err(|source| BoxError::from(ProxyUnreachable { source }))
        };
        if !is_https(uri) && proxy.forwards_http() {
            return connect.await;
        }
        let open = async |stream| within(limit, "connection", tunnel::open(stream, uri, proxy)).await?;
        if proxy.address.login.is_none() {
            return open(connect.await?).await;
        }
        let mut state = proxy.login_state().lock().await;
        match *state {
            LoginState::Rejected => return Err(PasswordRejected.into()),
            LoginState::Accepted => {
                drop(state);
                return open(connect.await?).await;
            }
            LoginState::Unknown => {}
        }
        let result = open(connect.await?).await;
        match &result {
            Ok(_) => *state = LoginState::Accepted,
            Err(error) if error.is::<PasswordRejected>() => *state = LoginState::Rejected,
            Err(_) => {}
        }
        result
    }

    async fn connect_directly(&self, uri: &Uri, limit: Option<Duration>) -> Result<Connection, BoxError> {
        // Looking a name up has limits of its own.
        let addresses = names::look_up(without_brackets(uri)).await?;
        let mut tcp = TcpConnector::new_with_resolver(addresses);
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let stream: Connection = Box::new(within(limit, "connection", tcp.call(uri.clone())).await??);
        if is_https(uri) { self.start_tls(stream, uri, limit).await } else { Ok(stream) }
    }

    async fn start_tls(&self, stream: Connection, uri: &Uri, limit: Option<Duration>) -> Result<Connection, BoxError> {
        if self.tls.get().is_none() {
            // Another connection may have been faster, which is as good.
            self.tls.set(trust::from_system()?).ok();
        }
        let tls = Arc::clone(&self.tls.get().ok_or("there are no root certificates")?.config);
        let server = ServerName::try_from(without_brackets(uri).to_owned())?;
        let handshake = TlsConnector::from(tls).connect(server, TokioIo::new(stream));
        Ok(Box::new(TokioIo::new(within(limit, TLS_CONNECTION, handshake).await??)))
    }
}

/// The host of a URL. An IPv6 address has brackets in a URL, but not in a certificate.
fn without_brackets(uri: &Uri) -> &str {
    let host = uri.host().unwrap_or_default();
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// The proxy gives no connection.
#[derive(Debug, Error)]
#[error("no connection through the proxy")]
struct ProxyRefusal {
    source: BoxError,
}

/// A limit has passed.
#[derive(Debug, Error)]
#[error("no {what} within {limit:?}")]
pub(super) struct LimitPassed {
    pub(super) what: &'static str,
    limit: Duration,
}

/// Whether a connection failed in TLS: at its handshake, or for a certificate.
pub(super) fn is_tls_failure(error: &(dyn std::error::Error + 'static)) -> bool {
    find::<rustls::Error>(error).is_some()
        || find::<LimitPassed>(error).is_some_and(|passed| passed.what == TLS_CONNECTION)
}

/// Waits for a future, within the limit if there is one.
pub(super) async fn within<F: Future>(
    limit: Option<Duration>,
    what: &'static str,
    future: F,
) -> Result<F::Output, BoxError> {
    match limit {
        None => Ok(future.await),
        Some(limit) => tokio::time::timeout(limit, future).await.map_err(|_| LimitPassed { what, limit }.into()),
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
