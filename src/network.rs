//! The network settings: which certificates to trust, which proxies to use, and how often to retry.
//!
//! No I/O here: `aws` reads the settings, `ecr` applies them. Nothing here is part of a cache key.

use std::num::NonZeroU32;
use std::path::PathBuf;

use crate::registry::EndpointVariant;
use crate::secret::Secret;

/// How to reach AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkConfig {
    pub trust: Trust,
    pub proxies: Proxies,
    pub retries: Retries,
    /// Which endpoints of STS and SSO to ask for credentials.
    pub variant: EndpointVariant,
}

/// The root certificates to trust.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// The system's; if the system has none, Mozilla's.
    #[default]
    System,
    /// Only those in these places.
    Only(Vec<CertificatePlace>),
}

/// A place with certificates in PEM form, named by the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificatePlace {
    /// A file with at least one of them, and the setting that names it, such as `AWS_CA_BUNDLE`.
    File { setting: &'static str, path: PathBuf },
    /// A directory of such files.
    Directory(PathBuf),
}

/// The proxies, by the scheme of the request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    /// For `https://` requests, which it tunnels.
    pub https: Option<Proxy>,
    /// For `http://` requests, which it reads and forwards.
    pub http: Option<Proxy>,
    /// The hosts to connect to directly.
    pub direct: Vec<NoProxy>,
}

/// Hosts to connect to without a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoProxy {
    /// A host name, which includes its subdomains; `*` for every name; an address; or a network
    /// (`10.0.0.0/8`).
    pub host: String,
    /// The only port that this applies to; `None` for every port.
    pub port: Option<u16>,
}

/// A proxy that a variable names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// The variable.
    pub setting: &'static str,
    /// Where the proxy is, or why the variable can't be used. A mistake concerns only the requests
    /// that would go through this proxy.
    pub address: Result<ProxyAddress, ProxyMistake>,
    /// What to do when the proxy doesn't work.
    pub otherwise: WithoutProxy,
}

/// What happens to a request whose proxy gives no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithoutProxy {
    /// It fails.
    Fail,
    /// It is sent directly. This is for `ALL_PROXY`, which the AWS CLI and the Go helper don't read.
    ConnectDirectly,
}

/// Where a proxy is, and how to speak to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyAddress {
    /// Its protocol.
    pub protocol: ProxyProtocol,
    /// A name or an address; an IPv6 address is in brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The user and the password for it.
    pub login: Option<ProxyLogin>,
}

/// A user and a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyLogin {
    /// The name of the user; some proxies take a key for it.
    pub user: Secret,
    /// The password; may be empty.
    pub password: Secret,
}

/// The protocol of a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyProtocol {
    /// HTTP.
    Http,
    /// HTTP over TLS.
    Https,
    /// SOCKS version 4: addresses only.
    Socks4,
    /// SOCKS version 4 with names.
    Socks4a,
    /// SOCKS version 5. The proxy looks names up, as in Go.
    Socks5,
}

/// Why a variable doesn't name a usable proxy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyMistake {
    /// There is no host in it.
    #[error("is not the URL of a proxy")]
    NotAUrl,
    /// It begins with another scheme.
    #[error("names a proxy of an unsupported kind, `{0}`; HTTP and SOCKS proxies are supported")]
    UnsupportedScheme(String),
}

/// How often a call is tried, the first attempt included; the pauses between attempts double.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    pub attempts: NonZeroU32,
}

impl Default for Retries {
    /// Three attempts, as in every AWS SDK.
    fn default() -> Self {
        Self { attempts: NonZeroU32::MIN.saturating_add(2) }
    }
}
