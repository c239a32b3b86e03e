//! The HTTP client that the SDK uses.
//!
//! The SDK's own client lacks three things that users behind proxies need: its errors don't name
//! the proxy; it doesn't trust the user's CA for TLS to the proxy itself; and it ignores ports in
//! `NO_PROXY`. This one is also smaller, because a process that sends one to three requests needs
//! no HTTP/2 and no connection pool.
//!
//! Connecting is in `connect.rs`, connecting ahead in `ahead.rs`. Here are the sending of a request
//! and the classification of its errors, by which the SDK decides whether to retry; it is that of
//! the SDK's own client.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpClient as SdkHttpClient, HttpConnector as SdkHttpConnector, HttpConnectorFuture, HttpConnectorSettings,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::retry::ErrorKind;
use http::header::{HOST, PROXY_AUTHORIZATION};
use http::response::Parts;
use http::uri::PathAndQuery;
use http::{HeaderValue, Request, Response, Uri};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use thiserror::Error;

use super::ahead::Ahead;
use super::causes::find;
use super::connect::{Connection, Connector, LimitPassed, Opened, is_https, within};
use super::proxy::{ActiveProxy, PasswordRejected, ProxyError, UnusableProxy};
use super::trust::{CertificateProblem, UnknownIssuerNote};
use crate::error::Failure;
use crate::network::NetworkConfig;

/// Sends requests over HTTP/1.1, each on its own connection. Clones share the connector and the
/// connection opened ahead.
#[derive(Clone, Debug)]
pub(super) struct HttpClient {
    connector: Arc<Connector>,
    ahead: Arc<Ahead>,
}

impl SdkHttpClient for HttpClient {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(LimitedClient { client: self.clone(), settings: settings.clone() })
    }
}

/// A client with the time limits of a call.
#[derive(Debug)]
struct LimitedClient {
    client: HttpClient,
    settings: HttpConnectorSettings,
}

impl SdkHttpConnector for LimitedClient {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self { client, settings } = self;
        let (client, connect_limit, limit) = (client.clone(), settings.connect_timeout(), settings.read_timeout());
        HttpConnectorFuture::new(async move { client.call(request, connect_limit, limit).await })
    }
}

impl HttpClient {
    /// A client for these network settings.
    /// Error: the certificates or proxies that the user names can't be used.
    pub(super) fn new(network: &NetworkConfig) -> Result<Self, Failure> {
        Ok(Self { connector: Arc::new(Connector::new(network)?), ahead: Arc::default() })
    }

    /// Begins to connect to the server of a URL, to which a request will be sent soon.
    pub(super) fn connect_ahead(&self, uri: Uri) {
        self.ahead.start(&self.connector, uri);
    }

    /// The proxy for requests to this URL.
    /// Error: the variable for it can't be used.
    pub(super) fn proxy_for(&self, uri: &Uri) -> Result<Option<Arc<ActiveProxy>>, ConnectorError> {
        self.connector.proxy_for(uri).map_err(|unusable| connector_error(unusable.into()))
    }

    /// A new connection to the server of a URL; each step has the limit.
    pub(super) async fn connect(&self, uri: &Uri, limit: Option<Duration>) -> Result<Opened, ConnectorError> {
        let opened = self.connector.connect(uri, limit).await;
        opened.map_err(|error| self.explain(connector_error(error)))
    }

    /// Sends a request of our own, and returns the status and the body of the response.
    pub(super) async fn send_plain(
        &self,
        request: Request<SdkBody>,
        limit: Duration,
    ) -> Result<(u16, Vec<u8>), ConnectorError> {
        let request = HttpRequest::try_from(request).map_err(|error| ConnectorError::user(error.into()))?;
        let exchange = async {
            let response = self.call(request, Some(limit), Some(limit)).await?;
            let status = response.status().as_u16();
            let body = ByteStream::new(response.into_body()).collect().await;
            body.map(|body| (status, body.to_vec())).map_err(|error| ConnectorError::io(error.into()))
        };
        within(Some(limit), "response", exchange).await.map_err(connector_error).and_then(|result| result)
    }

    async fn call(
        &self,
        request: HttpRequest,
        connect_limit: Option<Duration>,
        limit: Option<Duration>,
    ) -> Result<HttpResponse, ConnectorError> {
        let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
        let response = match within(limit, "response", Box::pin(self.send(request, connect_limit))).await {
            Ok(response) => response,
            Err(error) => Err(connector_error(error)),
        };
        response.map_err(|error| self.explain(error))
    }

    async fn send(
        &self,
        mut request: Request<SdkBody>,
        connect_limit: Option<Duration>,
    ) -> Result<HttpResponse, ConnectorError> {
        let uri = request.uri().clone();
        // A proxy that is too slow to be ready isn't an error yet: a new connection may be faster.
        let opened_ahead = within(connect_limit, "connection", self.ahead.take(&uri)).await.ok().flatten();
        if let Some(Opened { stream, proxy }) = opened_ahead {
            match exchange(stream, proxy.as_deref(), request).await {
                Ok(response) => return into_sdk_response(response),
                // The server has closed the connection in the meantime.
                Err(ExchangeError { unsent: Some(unsent), .. }) => request = unsent,
                Err(ExchangeError { error, unsent: None }) => return Err(connector_error(error)),
            }
        }
        let Opened { stream, proxy } = self.connector.connect(&uri, connect_limit).await.map_err(connector_error)?;
        let response = exchange(stream, proxy.as_deref(), request).await;
        into_sdk_response(response.map_err(|failed| connector_error(failed.error))?)
    }

    /// Adds to an error what the user must know to understand it: about the certificates.
    fn explain(&self, error: ConnectorError) -> ConnectorError {
        match self.connector.note_on_roots().map(str::to_owned) {
            Some(note) if CertificateProblem::of(&error) == Some(CertificateProblem::UnknownIssuer) => {
                wrap_source(error, |source| Box::new(UnknownIssuerNote { note, source }))
            }
            _ => error,
        }
    }
}

/// Sends a request over a connection, and returns the head of the response.
pub(super) async fn head_of_response(opened: Opened, request: Request<SdkBody>) -> Result<Parts, ConnectorError> {
    let response = exchange(opened.stream, opened.proxy.as_deref(), request).await;
    response.map(|response| response.into_parts().0).map_err(|failed| connector_error(failed.error))
}

/// Why there is no response; with the request, if none of it was sent.
struct ExchangeError {
    error: BoxError,
    unsent: Option<Request<SdkBody>>,
}

/// Sends a request over a connection, and receives the head of the response.
async fn exchange(
    stream: Connection,
    proxy: Option<&ActiveProxy>,
    mut request: Request<SdkBody>,
) -> Result<Response<Incoming>, ExchangeError> {
    let name_proxy = |error: BoxError| match proxy {
        Some(proxy) => ProxyError::new(proxy, error).into(),
        None => error,
    };
    let uri = request.uri().clone();
    let forwarding_proxy = proxy.filter(|proxy| !is_https(&uri) && proxy.forwards_http());
    let failed = |error| ExchangeError { error: name_proxy(error), unsent: None };
    prepare_head(&mut request, forwarding_proxy).map_err(failed)?;
    let (mut sender, driver) = http1::handshake(stream).await.map_err(|error| failed(error.into()))?;
    tokio::spawn(driver);
    sender.try_send_request(request).await.map_err(|mut error| {
        let unsent = error.take_message().map(|mut request| {
            *request.uri_mut() = uri;
            request
        });
        ExchangeError { error: name_proxy(error.into_error().into()), unsent }
    })
}

/// The longest body that is read; those of AWS have a few kilobytes.
const LONGEST_BODY: usize = 1 << 20;

/// A response that AWS doesn't send.
#[derive(Debug, Error)]
pub(super) enum InvalidResponse {
    #[error("the body of the response is too long")]
    BodyTooLong,
    #[error("the response isn't valid HTTP")]
    NotHttp(#[source] BoxError),
}

fn into_sdk_response(response: Response<Incoming>) -> Result<HttpResponse, ConnectorError> {
    let limited = |body| {
        Limited::new(body, LONGEST_BODY)
            .map_err(|error| if error.is::<LengthLimitError>() { InvalidResponse::BodyTooLong.into() } else { error })
    };
    HttpResponse::try_from(response.map(|body| SdkBody::from_body_1_x(limited(body))))
        .map_err(|error| ConnectorError::other(error.into(), None))
}

/// Sets the headers and the target of a request: the path for a server, the whole URL for a proxy
/// that forwards it.
fn prepare_head(request: &mut Request<SdkBody>, forwarding_proxy: Option<&ActiveProxy>) -> Result<(), BoxError> {
    let uri = request.uri().clone();
    let default_port = if is_https(&uri) { 443 } else { 80 };
    let host = uri.host().unwrap_or_default();
    let host = match uri.port_u16() {
        Some(port) if port != default_port => HeaderValue::try_from(format!("{host}:{port}"))?,
        _ => HeaderValue::try_from(host)?,
    };
    request.headers_mut().entry(HOST).or_insert(host);
    if let Some(proxy) = forwarding_proxy {
        if let Some(credentials) = proxy.basic_auth() {
            request.headers_mut().insert(PROXY_AUTHORIZATION, credentials);
        }
    } else {
        // A connection that was opened ahead through a proxy may have been closed.
        request.headers_mut().remove(PROXY_AUTHORIZATION);
        let path = uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        *request.uri_mut() = path.into();
    }
    Ok(())
}

/// Whether there was a connection, on which no response came.
pub(super) fn has_connected(error: &ConnectorError) -> bool {
    find::<LimitPassed>(error).is_some_and(|passed| passed.what == "response") || find::<hyper::Error>(error).is_some()
}

/// Gives an error the kind by which the SDK decides whether to retry.
fn connector_error(error: BoxError) -> ConnectorError {
    if find::<LimitPassed>(&*error).is_some() {
        return ConnectorError::timeout(error);
    }
    if find::<UnusableProxy>(&*error).is_some() {
        return ConnectorError::user(error);
    }
    // A retry changes neither, and some proxies lock accounts after several attempts.
    if find::<PasswordRejected>(&*error).is_some() || CertificateProblem::of(&*error).is_some() {
        return ConnectorError::other(error, None);
    }
    match find::<hyper::Error>(&*error) {
        // Errors that aren't hyper's come from connecting.
        None => ConnectorError::io(error),
        Some(hyper) if hyper.is_parse() => ConnectorError::other(InvalidResponse::NotHttp(error).into(), None),
        Some(hyper) if hyper.is_timeout() => ConnectorError::timeout(error),
        Some(hyper) if hyper.is_user() => ConnectorError::user(error),
        Some(hyper) if hyper.is_closed() || hyper.is_canceled() || find::<io::Error>(hyper).is_some() => {
            ConnectorError::io(error)
        }
        Some(hyper) if hyper.is_incomplete_message() => ConnectorError::other(error, Some(ErrorKind::TransientError)),
        Some(_) => ConnectorError::other(error, None),
    }
}

/// The same error with its source wrapped in another one.
fn wrap_source(error: ConnectorError, wrap: impl FnOnce(BoxError) -> Box<dyn Error + Send + Sync>) -> ConnectorError {
    let connection = error.connection_metadata().cloned();
    let of_kind: fn(BoxError) -> ConnectorError = match &error {
        error if error.is_timeout() => ConnectorError::timeout,
        error if error.is_user() => ConnectorError::user,
        error if error.is_io() => ConnectorError::io,
        _ => |source| ConnectorError::other(source, None),
    };
    let retry_kind = error.as_other();
    let source = wrap(error.into_source());
    let error = if retry_kind.is_some() { ConnectorError::other(source, retry_kind) } else { of_kind(source) };
    match connection {
        Some(connection) => error.with_connection(connection),
        None => error,
    }
}
