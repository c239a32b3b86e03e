//! The network settings: which certificates to trust, which proxies to use, and how often to retry.
//!
//! No I/O here: `aws` reads the settings, `ecr` applies them. The URL of the metadata service
//! decides the identity, and is part of its fingerprint; nothing else here is part of a cache key.

use std::num::NonZeroU32;
use std::path::PathBuf;

use crate::error::Failure;
use crate::registry::EndpointVariant;
use crate::secret::Secret;

/// How to reach AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkConfig {
    pub trust: Trust,
    pub proxies: Proxies,
    pub retries: Retries,
    /// The URL of the instance metadata service, or the mistake in its settings, which concerns
    /// only a fetch that uses the service.
    pub metadata: Result<String, Failure>,
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

/// An HTTP proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// The variable that names it.
    pub setting: &'static str,
    /// `http://` or `https://`, optionally a user and a password, and the host.
    pub url: Secret,
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
