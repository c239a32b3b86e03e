//! The signature algorithms that are accepted: those of `ring`, and ECDSA by keys on the curve P-521,
//! which company CAs have and `ring` doesn't know, with SHA-256, SHA-384 and SHA-512.

use std::sync::LazyLock;

use p521::ecdsa::signature::hazmat::PrehashVerifier as _;
use p521::ecdsa::{Signature, VerifyingKey};
use rustls::SignatureScheme;
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring};
use rustls::pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};
use sha2::{Sha256, Sha384, Sha512};

type Algorithm = &'static dyn SignatureVerificationAlgorithm;

/// The algorithms of `ring`, and those of this file.
pub(super) fn ring_and_p521() -> CryptoProvider {
    let mut provider = ring::default_provider();
    provider.signature_verification_algorithms = WebPkiSupportedAlgorithms { all: &ALL, mapping: &MAPPING };
    provider
}

static ALL: LazyLock<Vec<Algorithm>> = LazyLock::new(|| {
    let of_ring = ring::default_provider().signature_verification_algorithms.all;
    of_ring.iter().copied().chain([SHA256, SHA384, SHA512]).collect()
});

static MAPPING: LazyLock<Vec<(SignatureScheme, &'static [Algorithm])>> = LazyLock::new(|| {
    let of_ring = ring::default_provider().signature_verification_algorithms.mapping;
    let p521: (_, &'static [_]) = (SignatureScheme::ECDSA_NISTP521_SHA512, &[SHA512]);
    of_ring.iter().copied().chain([p521]).collect()
});

const SHA256: Algorithm = &EcdsaP521 { hash: pad::<Sha256>, id: alg_id::ECDSA_SHA256 };
const SHA384: Algorithm = &EcdsaP521 { hash: pad::<Sha384>, id: alg_id::ECDSA_SHA384 };
const SHA512: Algorithm = &EcdsaP521 { hash: pad::<Sha512>, id: alg_id::ECDSA_SHA512 };

/// As long as a coordinate of the curve.
type PaddedHash = [u8; 66];

#[derive(Debug)]
struct EcdsaP521 {
    hash: fn(&[u8]) -> PaddedHash,
    id: AlgorithmIdentifier,
}

impl SignatureVerificationAlgorithm for EcdsaP521 {
    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let key = VerifyingKey::from_sec1_bytes(public_key).map_err(|_| InvalidSignature)?;
        let signature = Signature::from_der(signature).map_err(|_| InvalidSignature)?;
        key.verify_prehash(&(self.hash)(message), &signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P521
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.id
    }
}

/// The hash of a message with zeros before it, which don't change the number that it stands for. The
/// crate refuses hashes of less than half the length.
fn pad<Hash: sha2::Digest>(message: &[u8]) -> PaddedHash {
    let hash = Hash::digest(message);
    let mut padded = [0; 66];
    let start = padded.len().saturating_sub(hash.len());
    padded[start..].copy_from_slice(&hash);
    padded
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::client::danger::ServerCertVerifier as _;
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
    use rustls::{CertificateError, Error, RootCertStore};

    use super::super::verifier::ServerVerifier;
    use super::*;

    #[test]
    fn a_signature_of_another_certificate_isn_t_accepted() {
        let read = |pem: &[u8]| CertificateDer::from_pem_slice(pem).expect("a certificate");
        let root = read(include_bytes!("../../../tests/support/p521/ca.pem"));
        let mut roots = RootCertStore::empty();
        roots.add(root).expect("a root");
        let verifier = ServerVerifier::new(roots, Vec::new(), Arc::new(ring_and_p521())).expect("there is a root");
        let verify = |certificate: &[u8]| {
            let host = ServerName::try_from("localhost").expect("a name");
            verifier.verify_server_cert(&certificate.into(), &[], &host, &[], UnixTime::now()).map(|_| ())
        };
        for pem in [
            include_bytes!("../../../tests/support/p521/sha256.pem").as_slice(),
            include_bytes!("../../../tests/support/p521/sha384.pem"),
            include_bytes!("../../../tests/support/p521/sha512.pem"),
        ] {
            let certificate = read(pem).to_vec();
            assert_eq!(verify(&certificate), Ok(()));
            // The last byte belongs to the signature, and one in the middle to the key.
            for index in [certificate.len() - 1, certificate.len() / 2] {
                let mut changed = certificate.clone();
                changed[index] ^= 1;
                let error = verify(&changed).expect_err("it was changed");
                let wrong = matches!(
                    error,
                    Error::InvalidCertificate(CertificateError::BadSignature | CertificateError::BadEncoding)
                );
                assert!(wrong, "{index}: {error:?}");
            }
        }
    }
}
