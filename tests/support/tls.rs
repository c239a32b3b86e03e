//! A private certificate authority and the server side of TLS, for the stand-ins.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::loopback::Connection;

/// A certificate authority that nobody trusts unless told; it lives as long as the value.
pub struct TestCa {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl TestCa {
    /// Makes a new authority.
    pub fn new() -> Self {
        let mut params = params("test authority", &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().expect("ring makes keys");
        let pem = params.self_signed(&key).expect("the parameters are complete").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Its certificate, as `AWS_CA_BUNDLE` and `SSL_CERT_FILE` take it.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The server side for `127.0.0.1`, `localhost` and these hosts.
    pub(super) fn acceptor(&self, hosts: &[&str]) -> Acceptor {
        let key = KeyPair::generate().expect("ring makes keys");
        let names = [&["127.0.0.1", "localhost"], hosts].concat();
        let certificate =
            params("test server", &names).signed_by(&key, &self.issuer).expect("the parameters are complete");
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has the default versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
            .expect("the key is the certificate's");
        Acceptor(Arc::new(config))
    }
}

impl Default for TestCa {
    fn default() -> Self {
        Self::new()
    }
}

/// Turns accepted connections into TLS ones.
pub(super) struct Acceptor(Arc<ServerConfig>);

impl Acceptor {
    /// The handshake runs with the first read.
    pub(super) fn accept(&self, connection: Connection) -> StreamOwned<ServerConnection, Connection> {
        let session = ServerConnection::new(Arc::clone(&self.0)).expect("the configuration is complete");
        StreamOwned::new(session, connection)
    }
}

fn params(name: &str, hosts: &[&str]) -> CertificateParams {
    let hosts: Vec<String> = hosts.iter().map(|&host| host.to_owned()).collect();
    let mut params = CertificateParams::new(hosts).expect("host names are ASCII");
    params.distinguished_name.push(DnType::CommonName, name);
    params
}
