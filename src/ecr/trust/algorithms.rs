//! The signature algorithms that are accepted: those of `ring`, and those that it lacks and OpenSSL and
//! Go have: ECDSA by keys on the curve P-521, which company CAs have, with SHA-256, SHA-384 and
//! SHA-512, and by keys on P-256 and P-384 with SHA-512.

use std::sync::LazyLock;

use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use rustls::SignatureScheme;
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring};
use rustls::pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};
use sha2::{Sha256, Sha384, Sha512};

type Algorithm = &'static dyn SignatureVerificationAlgorithm;

/// The algorithms of `ring`, and those of this file.
pub(super) fn ring_and_more() -> CryptoProvider {
    let mut provider = ring::default_provider();
    provider.signature_verification_algorithms = WebPkiSupportedAlgorithms { all: &ALL, mapping: &MAPPING };
    provider
}

static ALL: LazyLock<Vec<Algorithm>> = LazyLock::new(|| {
    let of_ring = ring::default_provider().signature_verification_algorithms.all;
    of_ring.iter().copied().chain([P256_SHA512, P384_SHA512, P521_SHA256, P521_SHA384, P521_SHA512]).collect()
});

static MAPPING: LazyLock<Vec<(SignatureScheme, &'static [Algorithm])>> = LazyLock::new(|| {
    let of_ring = ring::default_provider().signature_verification_algorithms.mapping;
    let p521: (_, &'static [_]) = (SignatureScheme::ECDSA_NISTP521_SHA512, &[P521_SHA512]);
    of_ring.iter().copied().chain([p521]).collect()
});

const P256_SHA512: Algorithm =
    &Ecdsa { verify: verify_p256, hash: pad::<Sha512>, key: alg_id::ECDSA_P256, id: alg_id::ECDSA_SHA512 };
const P384_SHA512: Algorithm =
    &Ecdsa { verify: verify_p384, hash: pad::<Sha512>, key: alg_id::ECDSA_P384, id: alg_id::ECDSA_SHA512 };
const P521_SHA256: Algorithm =
    &Ecdsa { verify: verify_p521, hash: pad::<Sha256>, key: alg_id::ECDSA_P521, id: alg_id::ECDSA_SHA256 };
const P521_SHA384: Algorithm =
    &Ecdsa { verify: verify_p521, hash: pad::<Sha384>, key: alg_id::ECDSA_P521, id: alg_id::ECDSA_SHA384 };
const P521_SHA512: Algorithm =
    &Ecdsa { verify: verify_p521, hash: pad::<Sha512>, key: alg_id::ECDSA_P521, id: alg_id::ECDSA_SHA512 };

/// A hash after zeros, as long as a coordinate of P-521.
type PaddedHash = [u8; 66];

/// SHA-512 has two bytes less.
const SHA512_START: usize = 2;

#[derive(Debug)]
struct Ecdsa {
    verify: fn(&[u8], &PaddedHash, &[u8]) -> Option<()>,
    hash: fn(&[u8]) -> PaddedHash,
    key: AlgorithmIdentifier,
    id: AlgorithmIdentifier,
}

impl SignatureVerificationAlgorithm for Ecdsa {
    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        (self.verify)(public_key, &(self.hash)(message), signature).ok_or(InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.key
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.id
    }
}

/// Of a hash that is longer than a coordinate, the first bytes count.
fn verify_p256(key: &[u8], hash: &PaddedHash, signature: &[u8]) -> Option<()> {
    let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(key).ok()?;
    let signature = p256::ecdsa::Signature::from_der(signature).ok()?;
    key.verify_prehash(&hash[SHA512_START..], &signature).ok()
}

fn verify_p384(key: &[u8], hash: &PaddedHash, signature: &[u8]) -> Option<()> {
    let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(key).ok()?;
    let signature = p384::ecdsa::Signature::from_der(signature).ok()?;
    key.verify_prehash(&hash[SHA512_START..], &signature).ok()
}

fn verify_p521(key: &[u8], hash: &PaddedHash, signature: &[u8]) -> Option<()> {
    let key = p521::ecdsa::VerifyingKey::from_sec1_bytes(key).ok()?;
    let signature = p521::ecdsa::Signature::from_der(signature).ok()?;
    key.verify_prehash(hash, &signature).ok()
}

/// The hash of a message after zeros, which don't change the number that it stands for. The crate refuses
/// hashes of less than half the length of a coordinate.
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
        let mut roots = RootCertStore::empty();
        for root in [
            include_bytes!("../../../tests/support/curves/p256.pem").as_slice(),
            include_bytes!("../../../tests/support/curves/p384.pem"),
            include_bytes!("../../../tests/support/curves/p521.pem"),
        ] {
            roots.add(read(root)).expect("a root");
        }
        let verifier = ServerVerifier::new(roots, Vec::new(), Arc::new(ring_and_more())).expect("there is a root");
        let verify = |certificate: &[u8]| {
            let host = ServerName::try_from("localhost").expect("a name");
            verifier.verify_server_cert(&certificate.into(), &[], &host, &[], UnixTime::now()).map(|_| ())
        };
        for pem in [
            include_bytes!("../../../tests/support/curves/p256-sha512.pem").as_slice(),
            include_bytes!("../../../tests/support/curves/p384-sha512.pem"),
            include_bytes!("../../../tests/support/curves/p521-sha256.pem"),
            include_bytes!("../../../tests/support/curves/p521-sha384.pem"),
            include_bytes!("../../../tests/support/curves/p521-sha512.pem"),
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
