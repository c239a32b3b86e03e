//! The certificates that AWS's must lead to.
//!
//! What the user names is read when a fetch starts, so that a mistake in it is told as one, before anything is sent. The
//! system's are read when the first https request is sent. Every certificate is tried here first: the SDK's connector
//! panics on one that it can't use, and skips none.
//!
//! Of a system that has its certificates both in one bundle and in a directory (Debian: the same ones, in some 150
//! files), the bundle is read, as curl does it.

use std::path::Path;

use aws_smithy_http_client::tls::TrustStore;
use aws_smithy_runtime_api::box_error::BoxError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls_native_certs::load_certs_from_paths;
use thiserror::Error;
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

use crate::error::{Failure, FailureKind};
use crate::fs::read_bounded;
use crate::route::{CertificatePlace, Trust};

/// The longest bundle that is read: some ten thousand certificates.
const LONGEST_BUNDLE: usize = 16 << 20;

type Certificates = Vec<CertificateDer<'static>>;

/// Certificates, and whose choice they are.
#[derive(Clone, Debug)]
pub(super) struct Trusted {
    pub(super) store: TrustStore,
    /// They are those that are built in.
    pub(super) for_lack_of_others: bool,
}

/// Somebody isn't trusted, and all there is to judge by are the certificates that are built in.
#[derive(Debug, Error)]
#[error("the system has no certificates, so Mozilla's serve")]
pub(super) struct NoSystemCertificates {
    pub(super) source: BoxError,
}

/// The certificates that the user names; `None` when it is to be the system's.
///
/// # Errors
/// A file is missing or isn't what it should be, or there is no certificate at all.
pub(super) fn named(trust: &Trust) -> Result<Option<Trusted>, Failure> {
    let Trust::Only(places) = trust else { return Ok(None) };
    let mut certificates = Certificates::new();
    for place in places {
        match place {
            CertificatePlace::File { setting, path } => certificates.extend(bundle(setting, path)?),
            CertificatePlace::Directory(path) => certificates.extend(load_certs_from_paths(None, Some(path)).certs),
        }
    }
    match store(certificates) {
        Some(store) => Ok(Some(Trusted { store, for_lack_of_others: false })),
        None => Err(wrong("no certificate is in the directories that `SSL_CERT_DIR` names")),
    }
}

/// Those of the system, else Mozilla's.
pub(super) fn of_system() -> Trusted {
    system_or_mozilla(system_certificates())
}

fn system_or_mozilla(system: Certificates) -> Trusted {
    match store(system) {
        Some(store) => Trusted { store, for_lack_of_others: false },
        None => Trusted {
            store: store(TLS_SERVER_ROOT_CERTS.to_vec()).unwrap_or_else(TrustStore::empty),
            for_lack_of_others: true,
        },
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
fn system_certificates() -> Certificates {
    let openssl_probe::ProbeResult { cert_file, cert_dir } = openssl_probe::probe();
    file_or_directories(cert_file.as_deref(), &cert_dir)
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn system_certificates() -> Certificates {
    rustls_native_certs::load_native_certs().certs
}

#[cfg(all(unix, not(target_os = "macos")))]
fn file_or_directories(file: Option<&Path>, directories: &[std::path::PathBuf]) -> Certificates {
    let certificates = load_certs_from_paths(file, None).certs;
    if !certificates.is_empty() {
        return certificates;
    }
    directories.iter().flat_map(|directory| load_certs_from_paths(None, Some(directory)).certs).collect()
}

fn bundle(setting: &str, path: &Path) -> Result<Certificates, Failure> {
    let unfit = |why: &str| wrong(format!("`{setting}` names `{}`, which {why}", path.display()));
    let contents = match read_bounded(path, LONGEST_BUNDLE) {
        Ok(Some(contents)) => contents,
        Ok(None) => return Err(unfit("is no file")),
        Err(error) => return Err(unfit(&format!("can't be read: {}", error.source))),
    };
    let certificates: Result<Certificates, _> = CertificateDer::pem_slice_iter(&contents).collect();
    let certificates = certificates.map_err(|error| unfit(&format!("isn't in PEM form: {error}")))?;
    if store(certificates.clone()).is_none() {
        return Err(unfit("has no certificate in PEM form"));
    }
    Ok(certificates)
}

/// Those of the certificates that can be used, in the one form that the SDK takes; `None` when there are none.
fn store(certificates: Certificates) -> Option<TrustStore> {
    let mut usable = RootCertStore::empty();
    let mut pem = String::new();
    for certificate in certificates {
        let encoded = BASE64.encode(&certificate);
        if usable.add(certificate).is_ok() {
            for line in ["-----BEGIN CERTIFICATE-----", &encoded, "-----END CERTIFICATE-----"] {
                pem.push_str(line);
                pem.push('\n');
            }
        }
    }
    if usable.is_empty() { None } else { Some(TrustStore::empty().with_pem_certificate(pem)) }
}

fn wrong(detail: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Misconfigured, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mozilla_s_certificates_can_all_be_used_and_serve_where_there_are_no_others() {
        let mut roots = RootCertStore::empty();
        let (usable, odd) = roots.add_parsable_certificates(TLS_SERVER_ROOT_CERTS.iter().cloned());
        assert!(usable > 100 && odd == 0, "{usable} and {odd}");
        let mozilla = format!("{:?}", store(TLS_SERVER_ROOT_CERTS.to_vec()).expect("some"));
        let none = system_or_mozilla(Certificates::new());
        assert_eq!((format!("{:?}", none.store), none.for_lack_of_others), (mozilla.clone(), true));
        let one = system_or_mozilla(TLS_SERVER_ROOT_CERTS[..1].to_vec());
        assert!(format!("{:?}", one.store) != mozilla && !one.for_lack_of_others);
    }

    #[test]
    #[cfg(all(unix, not(target_os = "macos")))]
    fn directories_are_read_only_where_no_bundle_is() {
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
        assert_eq!(file_or_directories(Some(&bundle), &directories), std::slice::from_ref(one));
        let all = file_or_directories(None, &directories);
        assert!(all.len() == 2 && all.contains(one) && all.contains(two), "{all:?}");
        let missing = directory.path().join("missing");
        assert_eq!(file_or_directories(Some(&missing), &directories).len(), 2);
        assert_eq!(file_or_directories(None, &[missing]).len(), 0);
    }
}
