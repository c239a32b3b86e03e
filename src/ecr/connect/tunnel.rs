//! The tunnel through a proxy: `CONNECT` of HTTP, or SOCKS, both by hyper-util.

use std::error::Error;
use std::future::{Ready, ready};
use std::io;
use std::task::{Context, Poll};

use aws_smithy_runtime_api::box_error::BoxError;
use http::Uri;
use hyper_util::client::legacy::connect::proxy::{SocksV4, SocksV5, Tunnel};
use tower_service::Service;

use super::{Connection, is_https, without_brackets};
use crate::ecr::names;
use crate::ecr::proxy::{ActiveProxy, PasswordRejected};
use crate::network::{ProxyLogin, ProxyProtocol};

/// Makes a tunnel of a connection to a proxy.
pub(super) async fn open(stream: Connection, uri: &Uri, proxy: &ActiveProxy) -> Result<Connection, BoxError> {
    let (via, stream) = (proxy.uri()?, Connected(Some(stream)));
    let uri = with_port(uri)?;
    match proxy.address.protocol {
        ProxyProtocol::Http | ProxyProtocol::Https => {
            let mut tunnel = Tunnel::new(via, stream);
            if let Some(credentials) = proxy.basic_auth() {
                tunnel = tunnel.with_auth(credentials);
            }
            tunnel.call(uri).await.map_err(proxy_refusal)
        }
        ProxyProtocol::Socks5 => {
            let mut tunnel = SocksV5::new(via, stream);
            if let Some(ProxyLogin { user, password }) = &proxy.address.login {
                tunnel = tunnel.with_auth(user.expose().to_owned(), password.expose().to_owned());
            }
            tunnel.call(uri).await.map_err(proxy_refusal)
        }
        ProxyProtocol::Socks4a => SocksV4::new(via, stream).call(uri).await.map_err(proxy_refusal),
        ProxyProtocol::Socks4 => {
            let addresses = names::look_up(without_brackets(&uri)).await?;
            let address = addresses.first_v4().ok_or("the host has no IPv4 address, which SOCKS 4 needs")?;
            let uri = with_authority(&format!("{address}:{}", uri.port_u16().unwrap_or_default()))?;
            SocksV4::new(via, stream).call(uri).await.map_err(proxy_refusal)
        }
    }
}

/// hyper-util tunnels to port 443 where a URL has none.
fn with_port(uri: &Uri) -> Result<Uri, http::Error> {
    let port = uri.port_u16().unwrap_or(if is_https(uri) { 443 } else { 80 });
    with_authority(&format!("{}:{port}", uri.host().unwrap_or_default()))
}

fn with_authority(authority: &str) -> Result<Uri, http::Error> {
    Uri::builder().scheme("https").authority(authority).path_and_query("/").build()
}

/// The refusal of a proxy. The types are private to hyper-util.
fn proxy_refusal(error: impl Error + Send + Sync + 'static) -> BoxError {
    let message = error.to_string();
    if PASSWORD_REJECTED.iter().any(|rejection| message.contains(rejection)) {
        return PasswordRejected.into();
    }
    error.into()
}

/// hyper-util's texts for status 407 of HTTP and for a failed login of SOCKS 5.
const PASSWORD_REJECTED: [&str; 2] = ["proxy authorization required", "credentials not accepted"];

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
