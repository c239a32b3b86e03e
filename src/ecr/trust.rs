//! The root certificates that the certificates of servers must lead to.
//!
//! Certificates that the user names are read before a fetch sends anything, so that a mistake is
//! reported as one. The system's are read for the first https connection. Certificates that can't
//! be used are left out.

#[cfg_attr(any(windows, target_os = "macos"), path = "trust/store.rs")]
#[cfg_attr(not(any(windows, target_os = "macos")), path = "trust/files.rs")]
mod os;

use std::path::Path;
use std::sync::Arc;

use aws_smithy_runtime_api::box_error::BoxError;
use rustls::client::Resumption;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use rustls_native_certs::load_certs_from_paths;
use thiserror::Error;
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

use crate::error::{Failure, FailureKind};
use crate::fs::read_bounded;
use crate::network::{CertificatePlace, Trust};

/// The longest bundle that is read: about ten thousand certificates.
const LONGEST_BUNDLE: usize = 16 << 20;

/// How to speak TLS.
#[derive(Clone, Debug)]
pub(super) struct TlsSettings {
    pub(super) config: Arc<ClientConfig>,
    /// Whether the root certificates are those built into this program.
    pub(super) uses_builtin_roots: bool,
}

/// A certificate isn't trusted, and the only root certificates are those built into this program.
#[derive(Debug, Error)]
#[error("the system has no certificates, so the built-in Mozilla roots are used")]
pub(super) struct NoSystemCertificates {
    pub(super) source: BoxError,
}

/// TLS with the root certificates that the user names; `None` if they are to be the system's.
/// Error: a file is missing or isn't valid PEM, or there is no certificate at all.
pub(super) fn from_user(trust: &Trust) -> Result<Option<TlsSettings>, Failure> {
    let Trust::Only(places) = trust else { return Ok(None) };
    let mut roots = RootCertStore::empty();
    for place in places {
        match place {
            CertificatePlace::File { setting, path } => add_bundle(&mut roots, setting, path)?,
            CertificatePlace::Directory(path) => {
                roots.add_parsable_certificates(load_certs_from_paths(None, Some(path)).certs);
            }
        }
    }
    if roots.is_empty() {
        return Err(misconfigured("no certificates in the directories that `SSL_CERT_DIR` names"));
    }
    Ok(Some(TlsSettings { config: tls_config(roots), uses_builtin_roots: false }))
}

/// TLS with the root certificates of the system, or with Mozilla's if the system has none.
pub(super) fn from_system() -> TlsSettings {
    let (roots, uses_builtin_roots) = system_or_mozilla(os::system_certificates());
    TlsSettings { config: tls_config(roots), uses_builtin_roots }
}

fn tls_config(roots: RootCertStore) -> Arc<ClientConfig> {
    // Of the TLS backends, `ring`: aws-lc-rs spends 28 ms on entropy at the start of a process.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("ring supports TLS 1.2 and 1.3").with_root_certificates(roots);
    let mut config = config.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // The process ends before it could resume a session.
    config.resumption = Resumption::disabled();
    Arc::new(config)
}

/// The root certificates, and whether they are Mozilla's.
fn system_or_mozilla(system: Vec<CertificateDer<'static>>) -> (RootCertStore, bool) {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(system);
    let is_empty = roots.is_empty();
    if is_empty {
        roots.add_parsable_certificates(TLS_SERVER_ROOT_CERTS.iter().cloned());
    }
    (roots, is_empty)
}

fn add_bundle(roots: &mut RootCertStore, setting: &str, path: &Path) -> Result<(), Failure> {
    let unusable = |problem: &str| misconfigured(format!("`{setting}` names `{}`, which {problem}", path.display()));
    let pem = match read_bounded(path, LONGEST_BUNDLE) {
        Ok(Some(pem)) => pem,
        Ok(None) => return Err(unusable("is not a file")),
        Err(error) => return Err(unusable(&format!("cannot be read: {}", error.source))),
    };
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let certificates = certificates.map_err(|error| unusable(&format!("is not valid PEM: {error}")))?;
    match roots.add_parsable_certificates(certificates) {
        (0, _) => Err(unusable("contains no certificate in PEM form")),
        _ => Ok(()),
    }
}

fn misconfigured(detail: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Misconfigured, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mozilla_s_certificates_are_all_usable_and_replace_missing_ones() {
        let mut roots = RootCertStore::empty();
        let (usable, unusable) = roots.add_parsable_certificates(TLS_SERVER_ROOT_CERTS.iter().cloned());
        assert!(usable > 100 && unusable == 0, "{usable} and {unusable}");
        let found = |system: Vec<CertificateDer<'static>>| {
            let (roots, uses_builtin_roots) = system_or_mozilla(system);
            (roots.len(), uses_builtin_roots)
        };
        assert_eq!(found(Vec::new()), (TLS_SERVER_ROOT_CERTS.len(), true));
        assert_eq!(found(TLS_SERVER_ROOT_CERTS[..1].to_vec()), (1, false));
    }
}
