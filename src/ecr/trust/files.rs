//! The certificates of Linux and the BSDs: files in the places that OpenSSL reads.
//!
//! Some systems have the same certificates in one bundle and in a directory (Debian: about 150
//! files). Then only the bundle is read, as curl does.

use std::path::{Path, PathBuf};

use openssl_probe::ProbeResult;
use rustls::pki_types::CertificateDer;
use rustls_native_certs::load_certs_from_paths;

/// The certificates of the system, without those that can't be read.
pub(super) fn system_certificates() -> Vec<CertificateDer<'static>> {
    let ProbeResult { cert_file, cert_dir } = openssl_probe::probe();
    bundle_or_directories(cert_file.as_deref(), &cert_dir)
}

fn bundle_or_directories(bundle: Option<&Path>, directories: &[PathBuf]) -> Vec<CertificateDer<'static>> {
    let certificates = load_certs_from_paths(bundle, None).certs;
    if !certificates.is_empty() {
        return certificates;
    }
    directories.iter().flat_map(|directory| load_certs_from_paths(None, Some(directory)).certs).collect()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD as BASE64;
    use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

    use super::*;

    #[test]
    fn directories_are_read_only_without_a_bundle() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let pem = |name: &str, certificate: &CertificateDer<'static>| {
            let path = directory.path().join(name);
            let body = BASE64.encode(certificate);
            let pem = format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
            #[expect(clippy::disallowed_methods, reason = "a file of the test's own")]
            std::fs::write(&path, pem).expect("it can be written");
            path
        };
        let [one, two, ..] = TLS_SERVER_ROOT_CERTS else { panic!("there are more than two") };
        let bundle = pem("bundle.pem", one);
        pem("other.pem", two);
        let directories = [directory.path().to_owned()];
        assert_eq!(bundle_or_directories(Some(&bundle), &directories), std::slice::from_ref(one));
        let all = bundle_or_directories(None, &directories);
        assert!(all.len() == 2 && all.contains(one) && all.contains(two), "{all:?}");
        let missing = directory.path().join("missing");
        assert_eq!(bundle_or_directories(Some(&missing), &directories).len(), 2);
        assert_eq!(bundle_or_directories(None, &[missing]).len(), 0);
    }
}
