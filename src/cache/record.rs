//! The entries of the cache, as text: what is remembered of a token or a failure, and its seal.
//!
//! An entry is one line `ecr-login 1 CHECKSUM`, then a JSON object. The checksum (CRC-32 of the JSON, eight hexadecimal
//! digits) finds damage, not forgery: whoever may write here may read the tokens anyway. Another number in the first line
//! is a newer or older program's entry and counts as none. Fields that this version doesn't know make a new number.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::error::Failure;
use crate::registry::Registry;
use crate::scope::Scope;
use crate::secret::Secret;
use crate::token::{AuthorizationToken, Lifetime};

const MAGIC: &[u8] = b"ecr-login 1 ";

/// The most hosts remembered for one token; enough for every account that a person works with.
const MOST_HOSTS: usize = 100;

/// A token with what `list` and `erase` need to know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRecord {
    /// What the token is good for.
    pub place: Place,
    /// The registry hosts that it was asked for.
    pub hosts: BTreeSet<String>,
    /// When it came and how long it may be used.
    pub lifetime: Lifetime,
    /// The token.
    pub token: AuthorizationToken,
}

/// A failure with how long it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RememberedFailure {
    /// What couldn't be reached.
    pub place: Place,
    /// Tells one failure from the next: whoever waited while it changed, waited for this one.
    pub serial: u64,
    /// When it happened.
    pub at: Timestamp,
    /// Until when those who come take it for theirs.
    pub until: Timestamp,
    /// The failure.
    pub failure: Failure,
}

/// The API that a record belongs to, by the names that are also in its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    service: String,
    partition: String,
    region: String,
}

impl Place {
    /// The place of a scope.
    #[must_use]
    pub fn of(scope: &Scope) -> Self {
        Self {
            service: scope.service.as_str().to_owned(),
            partition: scope.partition.as_str().to_owned(),
            region: scope.region.clone(),
        }
    }

    fn is_of(&self, registry: &Registry) -> bool {
        let Self { service, partition, region } = self;
        service == registry.service().as_str()
            && partition == registry.partition().as_str()
            && region == registry.region()
    }
}

/// A token as JSON. Times are seconds since 1970.
#[derive(Serialize, Deserialize)]
struct TokenEntry {
    place: Place,
    hosts: BTreeSet<String>,
    received: u64,
    refresh: u64,
    end: u64,
    expires: u64,
    username: String,
    password: String,
}

/// A failure as JSON. Times are seconds since 1970.
#[derive(Serialize, Deserialize)]
struct FailureEntry {
    place: Place,
    serial: u64,
    at: u64,
    until: u64,
    failure: Failure,
}

impl TokenRecord {
    /// Whether the token opens a registry.
    #[must_use]
    pub fn serves(&self, registry: &Registry) -> bool {
        self.place.is_of(registry)
    }

    /// Adds a host that the token was asked for. `false` when nothing changed.
    pub fn note_host(&mut self, host: &str) -> bool {
        self.hosts.len() < MOST_HOSTS && !self.hosts.contains(host) && self.hosts.insert(host.to_owned())
    }

    pub(super) fn seal(&self) -> Vec<u8> {
        let Self { place, hosts, lifetime: Lifetime { received, refresh, end }, token } = self;
        seal(&TokenEntry {
            place: place.clone(),
            hosts: hosts.clone(),
            received: received.seconds(),
            refresh: refresh.seconds(),
            end: end.seconds(),
            expires: token.expires_at().seconds(),
            username: token.username().to_owned(),
            password: token.password().expose().to_owned(),
        })
    }

    pub(super) fn unseal(contents: &[u8]) -> Option<Self> {
        let TokenEntry { place, hosts, received, refresh, end, expires, username, password } = unseal(contents)?;
        let [received, refresh, end, expires] = [received, refresh, end, expires].map(Timestamp::from_seconds);
        let token = AuthorizationToken::new(username, Secret::new(password), expires).ok()?;
        // Whatever a file says, an expired token is over.
        let lifetime = Lifetime { received, refresh, end: end.min(expires) };
        Some(Self { place, hosts, lifetime, token })
    }
}

impl RememberedFailure {
    /// Whether it is about the API of a registry.
    #[must_use]
    pub fn concerns(&self, registry: &Registry) -> bool {
        self.place.is_of(registry)
    }

    pub(super) fn seal(&self) -> Vec<u8> {
        let Self { place, serial, at, until, failure } = self.clone();
        seal(&FailureEntry { place, serial, at: at.seconds(), until: until.seconds(), failure })
    }

    pub(super) fn unseal(contents: &[u8]) -> Option<Self> {
        let FailureEntry { place, serial, at, until, failure } = unseal(contents)?;
        let [at, until] = [at, until].map(Timestamp::from_seconds);
        Some(Self { place, serial, at, until, failure })
    }
}

fn seal(entry: &impl Serialize) -> Vec<u8> {
    let json = serde_json::to_vec(entry).expect("strings, numbers and lists of them are JSON");
    let mut sealed = Vec::with_capacity(MAGIC.len() + 9 + json.len());
    sealed.extend_from_slice(MAGIC);
    sealed.extend_from_slice(format!("{:08x}\n", crc32fast::hash(&json)).as_bytes());
    sealed.extend_from_slice(&json);
    sealed
}

fn unseal<'a, Entry: Deserialize<'a>>(contents: &'a [u8]) -> Option<Entry> {
    let (checksum, rest) = contents.strip_prefix(MAGIC)?.split_at_checked(8)?;
    let json = rest.strip_prefix(b"\n")?;
    let checksum = u32::from_str_radix(std::str::from_utf8(checksum).ok()?, 16).ok()?;
    if crc32fast::hash(json) != checksum {
        return None;
    }
    serde_json::from_slice(json).ok()
}
