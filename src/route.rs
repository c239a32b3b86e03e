//! The way to AWS, as far as the user decides it: whom to trust.
//!
//! It doesn't decide who we are, so nothing of it is part of a cache key. No I/O here: `settings` reads what the user
//! says, `ecr` does it.

use std::path::PathBuf;

/// How AWS is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// Whose certificates are good.
    pub trust: Trust,
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
