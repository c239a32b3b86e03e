//! The certificates of macOS: its certificate store.

use rustls::pki_types::CertificateDer;

/// The certificates of the system, without those that can't be read.
pub(super) fn system_certificates() -> Vec<CertificateDer<'static>> {
    rustls_native_certs::load_native_certs().certs
}
