//! A private certificate authority and the server side of TLS, for the stand-ins.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::sync::{Arc, Mutex, MutexGuard};

use rcgen::{BasicConstraints, CertificateParams, DnType, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection};

use super::loopback::Connection;

pub use rcgen::IsCa;

/// A certificate authority that nobody trusts unless told; it lives as long as the value.
pub struct TestCa {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    server: ServerCertificate,
}

/// What its servers present.
enum ServerCertificate {
    /// A certificate for this machine and the hosts of the server, valid between two years.
    Signed { from: i32, until: i32 },
    /// A certificate for these hosts alone.
    For(Vec<String>),
    /// This certificate with this key.
    Fixed { certificate: CertificateDer<'static>, key: PrivateKeyDer<'static> },
}

impl TestCa {
    /// Makes a new authority.
    pub fn new() -> Self {
        let mut params = params("test authority", &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().expect("ring makes keys");
        let pem = params.self_signed(&key).expect("the parameters are complete").pem();
        Self { issuer: Issuer::new(params, key), pem, server: ServerCertificate::Signed { from: 1975, until: 4096 } }
    }

    /// An authority whose servers have certificates that are valid between two years.
    pub fn with_years(from: i32, until: i32) -> Self {
        Self { server: ServerCertificate::Signed { from, until }, ..Self::new() }
    }

    /// An authority whose servers have certificates for these hosts alone.
    pub fn for_hosts(hosts: &[&str]) -> Self {
        Self { server: ServerCertificate::For(hosts.iter().map(|&host| host.to_owned()).collect()), ..Self::new() }
    }

    /// Servers with one self-signed certificate for these hosts, marked as a CA or not, until a year.
    pub fn self_signed(hosts: &[&str], is_ca: IsCa, until: i32) -> Self {
        let mut params = params("test server", hosts);
        params.is_ca = is_ca;
        params.not_after = date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().expect("ring makes keys");
        let certificate = params.self_signed(&key).expect("the parameters are complete");
        let (pem, certificate) = (certificate.pem(), certificate.der().clone());
        let server = ServerCertificate::Fixed { certificate, key: pkcs8(&key) };
        Self { pem, server, ..Self::new() }
    }

    /// An authority with a key on a curve, and a server's certificate for this machine, signed with a hash that ring doesn't
    /// know for it. Neither rcgen nor rustls can make one: `tests/support/curves/make.sh` did.
    pub fn on_curve(curve_and_hash: &str) -> Self {
        let (p256, p384) = (include_str!("curves/p256.pem"), include_str!("curves/p384.pem"));
        let p521 = include_str!("curves/p521.pem");
        let (pem, certificate) = match curve_and_hash {
            "P-256 and SHA-512" => (p256, include_bytes!("curves/p256-sha512.pem").as_slice()),
            "P-384 and SHA-512" => (p384, include_bytes!("curves/p384-sha512.pem").as_slice()),
            "P-521 and SHA-256" => (p521, include_bytes!("curves/p521-sha256.pem").as_slice()),
            "P-521 and SHA-384" => (p521, include_bytes!("curves/p521-sha384.pem").as_slice()),
            "P-521 and SHA-512" => (p521, include_bytes!("curves/p521-sha512.pem").as_slice()),
            other => panic!("no certificate with {other}"),
        };
        let certificate = CertificateDer::from_pem_slice(certificate).expect("a certificate");
        let key = PrivateKeyDer::from_pem_slice(include_bytes!("curves/key.pem")).expect("a key");
        Self { pem: pem.to_owned(), server: ServerCertificate::Fixed { certificate, key }, ..Self::new() }
    }

    /// Its certificate, as `AWS_CA_BUNDLE` and `SSL_CERT_FILE` take it.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The server side for `127.0.0.1`, `localhost` and these hosts.
    pub(super) fn acceptor(&self, hosts: &[&str]) -> Acceptor {
        self.acceptor_of(hosts, &[])
    }

    /// The same, choosing among these application protocols the first that the client offers too.
    pub(super) fn acceptor_of(&self, hosts: &[&str], protocols: &[&str]) -> Acceptor {
        let signed = |hosts: &[&str], from: i32, until: i32| {
            let key = KeyPair::generate().expect("ring makes keys");
            let mut params = params("test server", hosts);
            (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(until, 1, 1));
            let certificate = params.signed_by(&key, &self.issuer).expect("the parameters are complete");
            (certificate.der().clone(), pkcs8(&key))
        };
        let (certificate, key) = match &self.server {
            ServerCertificate::Signed { from, until } => {
                signed(&[&["127.0.0.1", "localhost"], hosts].concat(), *from, *until)
            }
            ServerCertificate::For(hosts) => signed(&hosts.iter().map(String::as_str).collect::<Vec<_>>(), 1975, 4096),
            ServerCertificate::Fixed { certificate, key } => (certificate.clone(), key.clone_key()),
        };
        let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has the default versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .expect("the key is the certificate's");
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
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
    /// The handshake runs with the first reads.
    pub(super) fn accept(&self, connection: Connection) -> TlsConnection {
        let session = ServerConnection::new(Arc::clone(&self.0)).expect("the configuration is complete");
        TlsConnection { session: Arc::new(Mutex::new(session)), connection }
    }
}

/// The server's end of a TLS connection. As with a plain one, two hands may hold it, one reading while the other writes:
/// nobody holds the session while waiting for bytes.
#[derive(Clone)]
pub(super) struct TlsConnection {
    session: Arc<Mutex<ServerConnection>>,
    connection: Connection,
}

impl TlsConnection {
    /// Ends one direction or both, for every hand.
    pub(super) fn end(&self, direction: Shutdown) {
        let mut session = self.lock();
        session.send_close_notify();
        // The client may be gone, which is as good.
        self.send(&mut session).ok();
        self.connection.end(direction);
    }

    /// The application protocol that was agreed on; none before the first read.
    pub(super) fn protocol(&self) -> Option<Vec<u8>> {
        self.lock().alpn_protocol().map(<[u8]>::to_vec)
    }

    fn lock(&self) -> MutexGuard<'_, ServerConnection> {
        self.session.lock().expect("no holder panics")
    }

    fn send(&self, session: &mut ServerConnection) -> io::Result<()> {
        while session.wants_write() {
            session.write_tls(&mut self.connection.clone())?;
        }
        Ok(())
    }
}

impl Read for TlsConnection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.lock().reader().read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return done,
            }
            let mut encrypted = [0; 16 << 10];
            let length = self.connection.read(&mut encrypted)?;
            let mut arrived = &encrypted[..length];
            let mut session = self.lock();
            // Zero bytes are the end of the stream, which the session has to hear of too.
            loop {
                session.read_tls(&mut arrived)?;
                let heard = session.process_new_packets();
                self.send(&mut session)?;
                heard.map_err(io::Error::other)?;
                if arrived.is_empty() {
                    break;
                }
            }
        }
    }
}

impl Write for TlsConnection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut session = self.lock();
        let written = session.writer().write(bytes)?;
        self.send(&mut session)?;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn pkcs8(key: &KeyPair) -> PrivateKeyDer<'static> {
    PrivatePkcs8KeyDer::from(key.serialize_der()).into()
}

fn params(name: &str, hosts: &[&str]) -> CertificateParams {
    let hosts: Vec<String> = hosts.iter().map(|&host| host.to_owned()).collect();
    let mut params = CertificateParams::new(hosts).expect("host names are ASCII");
    params.distinguished_name.push(DnType::CommonName, name);
    params
}
