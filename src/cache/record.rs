//! The entries of the cache, as text: what is remembered of a token or a failure, and its seal.
//!
//! An entry is one line `ecr-login 1 CHECKSUM`, then a JSON object. The checksum (CRC-32 of the key's name and the JSON,
//! eight hexadecimal digits) finds damage and entries under another key's name, not forgery: whoever may write here may
//! read the tokens anyway. Another number in the first line is a newer or older program's entry and counts as none. Fields
//! that this version doesn't know make a new number.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::error::Failure;
use crate::registry::{Api, Partition, Region, Service};
use crate::secret::Secret;
use crate::token::{AuthorizationToken, Lifetime};

/// How the entries of every version begin.
const NAME: &[u8] = b"ecr-login ";

/// How ours begin.
const MAGIC: &[u8] = b"ecr-login 1 ";

/// Whether this is another version's entry, which only that one can judge.
pub(super) fn is_of_another_version(contents: &[u8]) -> bool {
    contents.starts_with(NAME) && !contents.starts_with(MAGIC)
}

/// The most hosts remembered for one token; enough for every account that a person works with.
const MOST_HOSTS: usize = 100;

/// A token with what `list` and `erase` need to know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRecord {
    /// What the token is good for.
    pub place: Api,
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
    pub place: Api,
    /// Tells one failure from the next: whoever waited while it changed, waited for this one.
    pub serial: u64,
    /// When it happened.
    pub at: Timestamp,
    /// Until when those who come take it for theirs.
    pub until: Timestamp,
    /// The failure.
    pub failure: Failure,
}

/// The API of a record as JSON.
#[derive(Serialize, Deserialize)]
struct ApiEntry {
    service: String,
    partition: String,
    region: String,
}

impl ApiEntry {
    fn of(api: &Api) -> Self {
        let Api { service, partition, region } = api;
        Self {
            service: service.as_str().to_owned(),
            partition: partition.as_str().to_owned(),
            region: region.as_str().to_owned(),
        }
    }

    fn api(&self) -> Option<Api> {
        let Self { service, partition, region } = self;
        let (service, partition) = (Service::parse(service)?, Partition::parse(partition)?);
        Some(Api { service, partition, region: Region::parse(region)? })
    }
}

/// A token as JSON. Times are seconds since 1970.
#[derive(Serialize, Deserialize)]
struct TokenEntry {
    place: ApiEntry,
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
    place: ApiEntry,
    serial: u64,
    at: u64,
    until: u64,
    failure: Failure,
}

impl TokenRecord {
    /// Adds a host that the token was asked for. `false` when nothing changed.
    pub fn note_host(&mut self, host: &str) -> bool {
        self.hosts.len() < MOST_HOSTS && !self.hosts.contains(host) && self.hosts.insert(host.to_owned())
    }

    pub(super) fn seal(&self, key: &str) -> Vec<u8> {
        let Self { place, hosts, lifetime: Lifetime { received, refresh, end }, token } = self;
        seal(
            key,
            &TokenEntry {
                place: ApiEntry::of(place),
                hosts: hosts.clone(),
                received: received.seconds(),
                refresh: refresh.seconds(),
                end: end.seconds(),
                expires: token.expires_at().seconds(),
                username: token.username().to_owned(),
                password: token.password().expose().to_owned(),
            },
        )
    }

    pub(super) fn unseal(key: &str, contents: &[u8]) -> Option<Self> {
        let TokenEntry { place, hosts, received, refresh, end, expires, username, password } = unseal(key, contents)?;
        let [received, refresh, end, expires] = [received, refresh, end, expires].map(Timestamp::from_seconds);
        let token = AuthorizationToken::new(username, Secret::new(password), expires).ok()?;
        // Whatever a file says, an expired token is over.
        let lifetime = Lifetime { received, refresh, end: end.min(expires) };
        Some(Self { place: place.api()?, hosts, lifetime, token })
    }
}

impl RememberedFailure {
    pub(super) fn seal(&self, key: &str) -> Vec<u8> {
        let Self { place, serial, at, until, failure } = self.clone();
        seal(
            key,
            &FailureEntry { place: ApiEntry::of(&place), serial, at: at.seconds(), until: until.seconds(), failure },
        )
    }

    pub(super) fn unseal(key: &str, contents: &[u8]) -> Option<Self> {
        let FailureEntry { place, serial, at, until, failure } = unseal(key, contents)?;
        let [at, until] = [at, until].map(Timestamp::from_seconds);
        Some(Self { place: place.api()?, serial, at, until, failure })
    }
}

fn seal(key: &str, entry: &impl Serialize) -> Vec<u8> {
    let json = serde_json::to_vec(entry).expect("strings, numbers and lists of them are JSON");
    let mut sealed = Vec::with_capacity(MAGIC.len() + 9 + json.len());
    sealed.extend_from_slice(MAGIC);
    sealed.extend_from_slice(format!("{:08x}\n", checksum(key, &json)).as_bytes());
    sealed.extend_from_slice(&json);
    sealed
}

fn unseal<'a, Entry: Deserialize<'a>>(key: &str, contents: &'a [u8]) -> Option<Entry> {
    let (sealed_with, rest) = contents.strip_prefix(MAGIC)?.split_at_checked(8)?;
    let json = rest.strip_prefix(b"\n")?;
    let sealed_with = u32::from_str_radix(std::str::from_utf8(sealed_with).ok()?, 16).ok()?;
    if checksum(key, json) != sealed_with {
        return None;
    }
    serde_json::from_slice(json).ok()
}

fn checksum(key: &str, json: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key.as_bytes());
    hasher.update(json);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::error::FailureKind;

    fn token_record() -> TokenRecord {
        let at = Timestamp::from_seconds;
        TokenRecord {
            place: Api {
                service: Service::Ecr,
                partition: Partition::Aws,
                region: Region::parse("eu-west-1").expect("a region"),
            },
            hosts: ["b.example".to_owned(), "a.example".to_owned()].into(),
            lifetime: Lifetime { received: at(1), refresh: at(2), end: at(3) },
            token: AuthorizationToken::new("AWS".to_owned(), Secret::from("pass\"word"), at(4)).expect("full parts"),
        }
    }

    #[test]
    fn an_entry_reads_back_as_it_was_written_and_looks_like_this() {
        let record = token_record();
        let sealed = record.seal("key");
        assert_eq!(
            String::from_utf8(sealed.clone()).expect("text"),
            "ecr-login 1 08b4a365\n{\"place\":{\"service\":\"ecr\",\"partition\":\"aws\",\"region\":\"eu-west-1\"},\
             \"hosts\":[\"a.example\",\"b.example\"],\"received\":1,\"refresh\":2,\"end\":3,\"expires\":4,\
             \"username\":\"AWS\",\"password\":\"pass\\\"word\"}"
        );
        assert_eq!(TokenRecord::unseal("key", &sealed), Some(record));

        let failure = RememberedFailure {
            place: token_record().place,
            serial: u64::MAX,
            at: Timestamp::from_seconds(5),
            until: Timestamp::from_seconds(6),
            failure: Failure::new(FailureKind::SsoExpired { profile: "dev".to_owned() }, "gone"),
        };
        assert_eq!(RememberedFailure::unseal("key", &failure.seal("key")), Some(failure));
    }

    #[test]
    fn an_entry_under_another_name_or_of_another_kind_or_version_is_none() {
        let sealed = token_record().seal("key");
        assert_eq!(TokenRecord::unseal("yek", &sealed), None);
        assert_eq!(RememberedFailure::unseal("key", &sealed), None);
        let newer = [b"ecr-login 2 ", &sealed[12..]].concat();
        assert_eq!(TokenRecord::unseal("key", &newer), None);
        assert!(is_of_another_version(&newer) && !is_of_another_version(&sealed) && !is_of_another_version(b"x"));
    }

    #[test]
    fn an_expired_token_is_over_whatever_else_its_entry_says() {
        let mut record = token_record();
        record.lifetime.end = Timestamp::from_seconds(u64::MAX);
        let read = TokenRecord::unseal("key", &record.seal("key")).expect("whole");
        assert_eq!(read.lifetime.end, Timestamp::from_seconds(4));
    }

    #[test]
    fn hosts_are_noted_once_and_not_without_end() {
        let mut record = token_record();
        assert!(!record.note_host("a.example"));
        for number in 0..200 {
            record.note_host(&number.to_string());
        }
        assert_eq!(record.hosts.len(), MOST_HOSTS);
    }

    proptest! {
        #[test]
        fn no_damage_goes_unnoticed(position in 0..400_usize, bit in 0..8_u32) {
            let mut sealed = token_record().seal("key");
            let position = position % sealed.len();
            sealed[position] ^= 1 << bit;
            // The checksum's digits may change their case and mean the same.
            let same = sealed.eq_ignore_ascii_case(&token_record().seal("key"));
            prop_assert!(same || TokenRecord::unseal("key", &sealed).is_none());
        }

        #[test]
        fn no_text_makes_the_reader_panic(contents in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(TokenRecord::unseal("key", &contents), None);
        }
    }
}
