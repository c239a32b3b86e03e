//! The root certificates that the certificates of servers must lead to.
//!
//! Certificates that the user names are read before a fetch sends anything, so that a mistake is
//! reported as one. The system's are read for the first https connection. Certificates that can't
//! be used are left out.

mod algorithms;
#[cfg_attr(target_os = "macos", path = "trust/macos.rs")]
#[cfg_attr(windows, path = "trust/windows.rs")]
#[cfg_attr(not(any(windows, target_os = "macos")), path = "trust/files.rs")]
mod os;
mod problem;
mod verifier;

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

use self::verifier::ServerVerifier;
use crate::error::{Failure, FailureKind};
use crate::fs::read_bounded;
use crate::network::{CertificatePlace, Trust};

/// The longest bundle that is read: about ten thousand certificates.
const LONGEST_BUNDLE: usize = 16 << 20;

pub(super) use self::problem::CertificateProblem;

/// How to speak TLS.
#[derive(Clone, Debug)]
pub(super) struct TlsSettings {
    pub(super) config: Arc<ClientConfig>,
    /// What the user must know when the issuer of a certificate is unknown.
    pub(super) note: Option<String>,
}

/// The issuer of a certificate is unknown, and there is more to know about the root certificates.
#[derive(Debug, Error)]
#[error("{note}")]
pub(super) struct UnknownIssuerNote {
    pub(super) note: String,
    pub(super) source: BoxError,
}

/// TLS with the root certificates that the user names; `None` if they are to be the system's.
/// Error: a file is missing or isn't valid PEM, or there is no certificate at all.
pub(super) fn from_user(trust: &Trust) -> Result<Option<TlsSettings>, Failure> {
    let Trust::Only(places) = trust else { return Ok(None) };
    let (mut certificates, mut note) = (Vec::new(), None);
    for place in places {
        match place {
            CertificatePlace::File { setting, path } => {
                let (usable, problem) = read_bundle(setting, path)?;
                certificates.extend(usable);
                note = note.or(problem);
            }
            CertificatePlace::Directory(path) => {
                certificates.extend(load_certs_from_paths(None, Some(path)).certs);
            }
        }
    }
    let no_certificates = || misconfigured("no certificates in the directories that `SSL_CERT_DIR` names");
    let config = tls_config(certificates).ok_or_else(no_certificates)?;
    Ok(Some(TlsSettings { config, note }))
}

/// TLS with the root certificates of the system, or with Mozilla's if the system has none.
/// Error: neither can be used.
pub(super) fn from_system() -> Result<TlsSettings, BoxError> {
    if let Some(config) = tls_config(os::system_certificates()) {
        return Ok(TlsSettings { config, note: None });
    }
    let note = Some("the system has no certificates, so the built-in Mozilla roots are used".to_owned());
    let config = tls_config(TLS_SERVER_ROOT_CERTS.to_vec()).ok_or("there are no root certificates")?;
    Ok(TlsSettings { config, note })
}

/// TLS with these root certificates, without those that can't be used; `None` if there are no
/// others.
fn tls_config(certificates: Vec<CertificateDer<'static>>) -> Option<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates.iter().cloned());
    // Of the TLS backends, `ring`: aws-lc-rs spends 28 ms on entropy at the start of a process.
    let provider = Arc::new(algorithms::ring_and_more());
    let verifier = ServerVerifier::new(roots, certificates, Arc::clone(&provider)).ok()?;
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("ring supports TLS 1.2 and 1.3").dangerous();
    let mut config = config.with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // The process ends before it could resume a session.
    config.resumption = Resumption::disabled();
    Some(Arc::new(config))
}

/// The certificates of a bundle; and what is wrong with it, if some can't be used.
/// Error: none can, or it isn't valid PEM.
fn read_bundle(setting: &str, path: &Path) -> Result<(Vec<CertificateDer<'static>>, Option<String>), Failure> {
    let unusable = |problem: &str| misconfigured(format!("`{setting}` names `{}`, which {problem}", path.display()));
    let pem = match read_bounded(path, LONGEST_BUNDLE) {
        Ok(Some(pem)) => pem,
        Ok(None) => return Err(unusable("is not a file")),
        Err(error) => return Err(unusable(&format!("cannot be read: {}", error.source))),
    };
    let (certificates, unreadable) = certificates_of(&pem).map_err(|problem| unusable(&problem))?;
    let note = || format!("`{setting}` names `{}`, in which some certificates can't be read", path.display());
    Ok((certificates, (unreadable > 0).then(note)))
}

/// The certificates in a text, and how many of them can't be used.
/// Error: none can, or it isn't valid PEM; what it does, to follow its name.
pub(super) fn certificates_of(pem: &[u8]) -> Result<(Vec<CertificateDer<'static>>, usize), String> {
    // `cat` makes this of files without a line end. OpenSSL and Go skip both certificates.
    if pem.windows(GLUED.len()).any(|window| window == GLUED) {
        return Err("has two certificates on one line: a line must end after `END CERTIFICATE-----`".to_owned());
    }
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let certificates = certificates.map_err(|error| format!("is not valid PEM: {error}"))?;
    // Go leaves out what isn't a certificate.
    match RootCertStore::empty().add_parsable_certificates(certificates.iter().cloned()) {
        (0, _) => Err("contains no certificate in PEM form".to_owned()),
        (_, unreadable) => Ok((certificates, unreadable)),
    }
}

/// Whether there is TLS with these root certificates.
pub(super) fn is_usable(certificates: Vec<Vec<u8>>) -> bool {
    tls_config(certificates.into_iter().map(CertificateDer::from).collect()).is_some()
}

/// Between two certificates that lack a line end.
const GLUED: &[u8] = b"-----END CERTIFICATE----------BEGIN ";

fn misconfigured(detail: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Misconfigured, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mozilla_s_certificates_are_all_usable_and_none_is_too_few() {
        let mut roots = RootCertStore::empty();
        let (usable, unusable) = roots.add_parsable_certificates(TLS_SERVER_ROOT_CERTS.iter().cloned());
        assert!(usable > 100 && unusable == 0, "{usable} and {unusable}");
        assert!(tls_config(Vec::new()).is_none());
        assert!(tls_config(vec![CertificateDer::from(b"hello".to_vec())]).is_none());
        assert!(tls_config(TLS_SERVER_ROOT_CERTS[..1].to_vec()).is_some());
    }
}
