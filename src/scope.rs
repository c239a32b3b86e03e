//! What a token is good for, and the key that it is cached under.
//!
//! A [`Scope`] is everything that decides which token `GetAuthorizationToken` would hand out. Its
//! [`CacheKey`] is a SHA-256 over exactly that, so equal keys mean the same identity at the same
//! API. The account in a host name isn't part of it: a token is good for every registry its
//! principal may reach in that region
//! (<https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html>).

use std::fmt;

use sha2::{Digest, Sha256};

use crate::identity::Identity;
use crate::registry::{Api, EndpointVariant};

/// Collects labelled facts into a digest. Lengths are hashed too, so that no two different lists of
/// facts run together.
#[derive(Clone, Debug)]
pub(crate) struct Fingerprint(Sha256);

impl Fingerprint {
    /// Begins with what the digest is for, so that the same facts have another digest elsewhere.
    pub(crate) fn of(purpose: &str) -> Self {
        let mut fingerprint = Self(Sha256::new());
        fingerprint.add(purpose, &[]);
        fingerprint
    }

    pub(crate) fn add(&mut self, label: &str, value: &[u8]) {
        // Nothing is hashed that is longer than 4 GiB: files are read with a limit.
        let length = |of: &[u8]| u32::try_from(of.len()).unwrap_or(u32::MAX).to_le_bytes();
        self.0.update(length(label.as_bytes()));
        self.0.update(length(value));
        self.0.update(label.as_bytes());
        self.0.update(value);
    }

    /// The digest of all facts, in the order they came in.
    pub(crate) fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// Everything that one `GetAuthorizationToken` depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The API that hands out the token.
    pub api: Api,
    /// The kind of API endpoint. Only `fips` is part of the key: the token of a FIPS host must have
    /// come from the FIPS API, while dual-stack hosts share the tokens of plain ones.
    pub variant: EndpointVariant,
    /// An endpoint URL that is configured instead of the API's own.
    pub endpoint_url: Option<String>,
    /// The identity that asks.
    pub identity: Identity,
}

impl Scope {
    /// The name that its token is cached under.
    pub fn key(&self) -> CacheKey {
        let Self { api: Api { service, partition, region }, variant, endpoint_url, identity } = self;
        let EndpointVariant { fips, dual_stack: _ } = variant;
        let Identity { digest, cache_policy: _ } = identity;
        let mut key = Fingerprint::of("scope 2");
        key.add("service", service.as_str().as_bytes());
        key.add("partition", partition.as_str().as_bytes());
        key.add("region", region.as_str().as_bytes());
        key.add("fips", &[u8::from(*fips)]);
        key.add("endpoint_url", endpoint_url.as_deref().unwrap_or_default().as_bytes());
        key.add("identity", digest);
        CacheKey(key.finish())
    }
}

/// The name of a cached token: 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CacheKey([u8; 32]);

impl CacheKey {
    /// The number of digits.
    pub const LENGTH: usize = 64;
}

impl fmt::Display for CacheKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digit = |half: u8| b"0123456789abcdef"[usize::from(half)];
        let digits = self.0.map(|byte| [digit(byte >> 4), digit(byte & 15)]);
        formatter.write_str(str::from_utf8(digits.as_flattened()).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::CachePolicy;
    use crate::registry::{Partition, Region, Service};
    use crate::token::MaxAge;

    fn region(name: &str) -> Region {
        Region::parse(name).expect("a region")
    }

    fn scope() -> Scope {
        Scope {
            api: Api { service: Service::Ecr, partition: Partition::Aws, region: region("eu-west-1") },
            variant: EndpointVariant::default(),
            endpoint_url: None,
            identity: Identity { digest: [7; 32], cache_policy: CachePolicy::Cached(MaxAge::UntilExpiry) },
        }
    }

    #[test]
    fn a_key_is_64_hexadecimal_digits_and_stays_the_same() {
        let key = scope().key().to_string();
        assert_eq!(key.len(), 64);
        assert!(key.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')), "{key}");
        assert_eq!(key, scope().key().to_string());
    }

    #[test]
    fn whatever_decides_the_token_changes_the_key() {
        let changed = |what: &str, change: &dyn Fn(&mut Scope)| {
            let mut scope = scope();
            change(&mut scope);
            assert_ne!(scope.key(), self::scope().key(), "{what}");
        };
        changed("service", &|scope| scope.api.service = Service::EcrPublic);
        changed("partition", &|scope| scope.api.partition = Partition::AwsCn);
        changed("region", &|scope| scope.api.region = region("eu-west-2"));
        changed("fips", &|scope| scope.variant.fips = true);
        changed("endpoint", &|scope| scope.endpoint_url = Some("http://127.0.0.1".to_owned()));
        changed("identity", &|scope| scope.identity.digest[31] = 8);
    }

    #[test]
    fn dual_stack_hosts_share_the_tokens_of_plain_ones() {
        let mut dual = scope();
        dual.variant.dual_stack = true;
        assert_eq!(dual.key(), scope().key());
    }

    #[test]
    fn facts_do_not_run_together() {
        let digest = |facts: &[(&str, &[u8])]| {
            let mut fingerprint = Fingerprint::of("test");
            for (label, value) in facts {
                fingerprint.add(label, value);
            }
            fingerprint.finish()
        };
        assert_ne!(digest(&[("a", b"bc")]), digest(&[("ab", b"c")]));
        assert_ne!(digest(&[("a", b"b"), ("c", b"d")]), digest(&[("a", b"bcd")]));
        assert_ne!(digest(&[("a", b"")]), digest(&[]));
        assert_eq!(digest(&[("a", b"b")]), digest(&[("a", b"b")]));
    }
}
