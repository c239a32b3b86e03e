//! The certificates of Windows: its certificate store, and Mozilla's roots.
//!
//! The store of a new Windows holds a few roots. The others, Amazon's among them, are fetched by Windows's own TLS the
//! first time that it meets them, which other programs can't ask it to do.

use rustls::pki_types::CertificateDer;
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

/// The certificates of the system, without those that can't be read, and Mozilla's.
pub(super) fn system_certificates() -> Vec<CertificateDer<'static>> {
    let mut certificates = rustls_native_certs::load_native_certs().certs;
    certificates.extend_from_slice(TLS_SERVER_ROOT_CERTS);
    certificates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mozilla_s_roots_are_there_whatever_the_store_holds() {
        let certificates = system_certificates();
        assert!(TLS_SERVER_ROOT_CERTS.iter().all(|root| certificates.contains(root)));
    }
}
