//! The addresses of a host.
//!
//! Names are looked up as glibc and Go do. The resolver of musl, with which the static binary is
//! built, doesn't: it gives a name up when the question for either kind of address fails or a search
//! domain fails, and takes the first answer of several name servers, even if that one doesn't know
//! the name. What the system's resolver knows besides (other sources of names) is asked last.

#[cfg_attr(any(windows, target_os = "macos"), path = "names/system.rs")]
#[cfg_attr(not(any(windows, target_os = "macos")), path = "names/files.rs")]
pub(super) mod os;

use std::future::{Ready, ready};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::task::{Context, Poll};
use std::vec;

use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

/// The addresses of a host, which is a name or an address; the one to try first comes first.
pub(super) async fn look_up(host: &str) -> io::Result<Addresses> {
    if let Ok(address) = host.parse() {
        return Ok(Addresses(vec![address]));
    }
    let addresses = match os::look_up(host).await? {
        Some(addresses) => addresses,
        None if is_this_machine(host) => vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
        None => tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect(),
    };
    Ok(Addresses(addresses))
}

/// By <https://www.rfc-editor.org/rfc/rfc6761#section-6.3>.
fn is_this_machine(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

/// Addresses that are known, in the form in which hyper-util takes a resolver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Addresses(Vec<IpAddr>);

impl Addresses {
    /// All of them, the one to try first being the first.
    pub(super) fn all(&self) -> &[IpAddr] {
        &self.0
    }

    /// The first of IPv4.
    pub(super) fn first_v4(&self) -> Option<Ipv4Addr> {
        self.0.iter().find_map(|address| match address {
            IpAddr::V4(address) => Some(*address),
            IpAddr::V6(_) => None,
        })
    }
}

impl Service<Name> for Addresses {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Ready<Result<Self::Response, io::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Name) -> Self::Future {
        let addresses: Vec<_> = self.0.iter().map(|&address| SocketAddr::new(address, 0)).collect();
        ready(Ok(addresses.into_iter()))
    }
}
