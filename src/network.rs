//! The way to AWS, as far as the user decides it: whom to trust, through which proxy, and how often to try.
//!
//! Only the metadata service decides who we are; the identity has that in its fingerprint, and nothing else of this is part
//! of a cache key. No I/O here: `settings` reads what the user says, `ecr` does it.

use std::num::NonZeroU32;
use std::path::PathBuf;

use crate::error::Failure;
use crate::registry::EndpointVariant;
use crate::secret::Secret;

/// How AWS is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkConfig {
    /// Whose certificates are good.
    pub trust: Trust,
    /// What stands between.
    pub proxies: Proxies,
    /// What to do when it fails.
    pub retries: Retries,
    /// The URL of the instance metadata service, or what is wrong with it: that matters only to who needs the service.
    pub metadata: Result<String, Failure>,
    /// Which endpoints of STS and SSO are asked for credentials.
    pub variant: EndpointVariant,
}

/// Where the certificates come from that a server's own must lead to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// The system; where that has none at all, Mozilla's roots.
    #[default]
    System,
    /// These places and no other.
    Only(Vec<CertificatePlace>),
}

/// A place of certificates in PEM form, named by the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificatePlace {
    /// A file, which must have at least one.
    File {
        /// The setting that names it, such as `AWS_CA_BUNDLE`.
        setting: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// A directory of such files.
    Directory(PathBuf),
}

/// The proxies, by the scheme of the request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    /// For `https://` requests, which it only passes on.
    pub https: Option<Proxy>,
    /// For `http://` requests, which it reads.
    pub http: Option<Proxy>,
    /// What is reached without one.
    pub direct: Vec<NoProxy>,
}

/// Something that is reached without a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoProxy {
    /// A name, which stands for its subdomains too, `*` for every name, an address or a network (`10.0.0.0/8`).
    pub host: String,
    /// At this port alone, or at every one.
    pub port: Option<u16>,
}

/// An HTTP proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// The variable that names it.
    pub setting: &'static str,
    /// `http://` or `https://`, perhaps a user and a password, and the host.
    pub url: Secret,
}

/// How often a call is tried, with pauses that double.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// The first attempt and those after it.
    pub attempts: NonZeroU32,
}

impl Default for Retries {
    /// As in every AWS SDK.
    fn default() -> Self {
        Self { attempts: NonZeroU32::MIN.saturating_add(2) }
    }
}
