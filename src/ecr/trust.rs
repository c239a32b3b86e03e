//! The certificates that AWS's must lead to.
//!
//! What the user names is read when a fetch starts, so that a mistake in it is told as one, before anything is sent. The
//! system's are read when the first https request is sent; those that can't be used are left out.
//!
//! Of a system that has its certificates both in one bundle and in a directory (Debian: the same ones, in some 150
//! files), the bundle is read, as curl does it.

use std::path::Path;
use std::sync::Arc;

use aws_smithy_runtime_api::box_error::BoxError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rustls::client::Resumption;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{Error as PemError, PemObject as _};
use rustls::{ClientConfig, RootCertStore};
use rustls_native_certs::load_certs_from_paths;
use thiserror::Error;
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

use crate::error::{Failure, FailureKind};
use crate::fs::read_bounded;
use crate::network::{CertificatePlace, Trust};

/// The longest bundle that is read: some ten thousand certificates.
const LONGEST_BUNDLE: usize = 16 << 20;

type Certificates = Vec<CertificateDer<'static>>;

/// TLS with those whom certificates vouch for, and whose choice these are.
#[derive(Clone, Debug)]
pub(super) struct Trusted {
    pub(super) config: Arc<ClientConfig>,
    /// They are those that are built in.
    pub(super) for_lack_of_others: bool,
}

/// Somebody isn't trusted, and all there is to judge by are the certificates that are built in.
#[derive(Debug, Error)]
#[error("the system has no certificates, so Mozilla's serve")]
pub(super) struct NoSystemCertificates {
    pub(super) source: BoxError,
}

/// TLS with those whom the certificates vouch for that the user names; `None` when it is to be the system's.
///
/// # Errors
/// A file is missing or isn't what it should be, or there is no certificate at all.
pub(super) fn named(trust: &Trust) -> Result<Option<Trusted>, Failure> {
    let Trust::Only(places) = trust else { return Ok(None) };
    let mut roots = RootCertStore::empty();
    for place in places {
        match place {
            CertificatePlace::File { setting, path } => add_bundle(&mut roots, setting, path)?,
            CertificatePlace::Directory(path) => add(&mut roots, load_certs_from_paths(None, Some(path)).certs),
        }
    }
    if roots.is_empty() {
        return Err(wrong("no certificate is in the directories that `SSL_CERT_DIR` names"));
    }
    Ok(Some(Trusted { config: tls(roots), for_lack_of_others: false }))
}

/// TLS with those whom the system's certificates vouch for, else Mozilla's.
pub(super) fn of_system() -> Trusted {
    let (roots, for_lack_of_others) = system_or_mozilla(system_certificates());
    Trusted { config: tls(roots), for_lack_of_others }
}

fn tls(roots: RootCertStore) -> Arc<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("ring speaks TLS 1.2 and 1.3").with_root_certificates(roots);
    let mut config = config.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // Nobody comes back to a server in the life of this process.
    config.resumption = Resumption::disabled();
    Arc::new(config)
}

/// The second value says whether it is Mozilla's, for lack of others.
fn system_or_mozilla(system: Certificates) -> (RootCertStore, bool) {
    let mut roots = RootCertStore::empty();
    add(&mut roots, system);
    let none = roots.is_empty();
    if none {
        add(&mut roots, TLS_SERVER_ROOT_CERTS.to_vec());
    }
    (roots, none)
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
    let contents = file.and_then(|file| read_bounded(file, LONGEST_BUNDLE).ok().flatten());
    let certificates = contents.and_then(|contents| certificates(&contents).ok());
    // Of a bundle with a mistake in it, what stands before and after the mistake.
    let certificates = certificates.unwrap_or_else(|| load_certs_from_paths(file, None).certs);
    if !certificates.is_empty() {
        return certificates;
    }
    directories.iter().flat_map(|directory| load_certs_from_paths(None, Some(directory)).certs).collect()
}

fn add_bundle(roots: &mut RootCertStore, setting: &str, path: &Path) -> Result<(), Failure> {
    let unfit = |why: &str| wrong(format!("`{setting}` names `{}`, which {why}", path.display()));
    let contents = match read_bounded(path, LONGEST_BUNDLE) {
        Ok(Some(contents)) => contents,
        Ok(None) => return Err(unfit("is no file")),
        Err(error) => return Err(unfit(&format!("can't be read: {}", error.source))),
    };
    let certificates = certificates(&contents).map_err(|error| unfit(&format!("isn't in PEM form: {error}")))?;
    let before = roots.len();
    add(roots, certificates);
    if roots.len() == before { Err(unfit("has no certificate in PEM form")) } else { Ok(()) }
}

/// Adds those of the certificates that can be used.
fn add(roots: &mut RootCertStore, certificates: Certificates) {
    for certificate in certificates {
        let _ = roots.add(certificate);
    }
}

/// The certificates in a text in PEM form.
fn certificates(pem: &[u8]) -> Result<Certificates, PemError> {
    plain_certificates(pem).map_or_else(|| CertificateDer::pem_slice_iter(pem).collect(), Ok)
}

/// The same, of a text as programs write it; `None` for another one. The careful reader takes the same time for every
/// byte, as a private key would need it: eight times as long, half of a call with the system's 140 certificates.
fn plain_certificates(pem: &[u8]) -> Option<Certificates> {
    let mut certificates = Certificates::new();
    let mut open: Option<Vec<u8>> = None;
    // As text the lines are found a word at a time.
    for line in std::str::from_utf8(pem).ok()?.lines() {
        match (line, &mut open) {
            ("-----BEGIN CERTIFICATE-----", None) => open = Some(Vec::with_capacity(2_048)),
            ("-----END CERTIFICATE-----", Some(base64)) => {
                certificates.push(BASE64.decode(base64).ok()?.into());
                open = None;
            }
            (_, Some(base64)) => base64.extend_from_slice(line.as_bytes()),
            (_, None) if line.starts_with("-----") => return None,
            (_, None) => {}
        }
    }
    if open.is_some() { None } else { Some(certificates) }
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
        let found = |system: Certificates| {
            let (roots, for_lack_of_others) = system_or_mozilla(system);
            (roots.len(), for_lack_of_others)
        };
        assert_eq!(found(Certificates::new()), (TLS_SERVER_ROOT_CERTS.len(), true));
        assert_eq!(found(TLS_SERVER_ROOT_CERTS[..1].to_vec()), (1, false));
    }

    #[test]
    fn both_readers_of_pem_see_the_same_certificates() {
        let [one, two, ..] = TLS_SERVER_ROOT_CERTS else { panic!("there are more than two") };
        let pem = |certificate: &CertificateDer<'static>, end: &str| {
            let body = BASE64.encode(certificate);
            let lines: Vec<_> =
                body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("ASCII")).collect();
            format!("-----BEGIN CERTIFICATE-----{end}{}{end}-----END CERTIFICATE-----{end}", lines.join(end))
        };
        let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        for (text, plain) in [
            (String::new(), true),
            (format!("# a note\n{}\n{}", pem(one, "\n"), pem(two, "\n")), true),
            (pem(one, "\r\n") + &pem(two, "\r\n"), true),
            (format!("{}{key}{}", pem(one, "\n"), pem(two, "\n")), false),
            (pem(one, "\n").replace("CERTIFICATE-----\n", "CERTIFICATE-----  \n"), false),
            (pem(one, "\n").replacen('\n', "\n!", 1), false),
            (pem(one, "\n").replace("-----END", "-----"), false),
        ] {
            let fast = plain_certificates(text.as_bytes());
            assert_eq!(fast.is_some(), plain, "{text}");
            let careful: Result<Certificates, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
            assert_eq!(format!("{:?}", certificates(text.as_bytes())), format!("{careful:?}"), "{text}");
        }
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
