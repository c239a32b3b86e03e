//! The entries of the cache as text: a stored token, a failure or noted hosts, with a checksum.
//!
//! An entry is one line `ecr-login 3 CHECKSUM`, then a JSON object. The checksum (CRC-32 of the key's name and the JSON,
//! eight hexadecimal digits) detects damage and entries under another key's name, but not forgery: a process that can write
//! here can read the tokens anyway. An entry with another number in its first line was written by a newer or older version
//! and is a miss. A change of the fields needs a new number, except a field that may be missing and that other versions pass over.

use serde::{Deserialize, Serialize, Serializer};

use super::hosts::HostNotes;
use crate::clock::{BootId, Timestamp};
use crate::error::{Failure, FailureKind};
use crate::registry::{Api, Partition, Region, Service};
use crate::secret::Secret;
use crate::token::{AuthorizationToken, Lifetime, Uptime};

/// The beginning of every version's entries.
const NAME: &[u8] = b"ecr-login ";

/// The beginning of this version's entries.
const MAGIC: &[u8] = b"ecr-login 3 ";

/// Whether these are the contents of an entry, of any version: whole, damaged or cut short.
pub(super) fn is_an_entry(contents: &[u8]) -> bool {
    contents.starts_with(NAME)
}

/// Whether another version wrote the entry; only that version can judge it.
pub(super) fn is_of_another_version(contents: &[u8]) -> bool {
    contents.starts_with(NAME) && !contents.starts_with(MAGIC)
}

/// A token with what a hit and `erase` need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TokenRecord {
    /// The API that the token came from.
    pub api: Api,
    /// A copy of the hosts noted for its key, so that a hit sees without another file whether its host is noted.
    pub hosts: HostNotes,
    /// When it was received and how long it may be used.
    pub lifetime: Lifetime,
    /// The token.
    pub token: AuthorizationToken,
}

/// A failure, and how long it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RememberedFailure {
    /// The API that the token was wanted from.
    pub api: Api,
    /// Distinguishes one failure from the next: if it changed while a process waited, this is the result it waited for.
    pub serial: u64,
    /// A digest of what it depends on besides the key, such as the time limit and the proxies.
    pub circumstances: u64,
    /// When it happened.
    pub at: Timestamp,
    /// How long later processes take it as their own result.
    pub until: Timestamp,
    /// The identity that asked, as a person knows it; older versions didn't note it.
    pub identity: Option<String>,
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

/// How long a machine had been running, as JSON: in seconds, and the first half of the boot ID as a number.
#[derive(Serialize, Deserialize)]
struct UptimeEntry {
    seconds: u64,
    boot: Option<u64>,
}

/// A token as JSON. Times are seconds since 1970.
#[derive(Serialize, Deserialize)]
struct TokenEntry {
    api: ApiEntry,
    hosts: HostNotes,
    received: u64,
    refresh: u64,
    expires: u64,
    token_expires: u64,
    uptime: Option<UptimeEntry>,
    username: String,
    #[serde(serialize_with = "serialize_secret")]
    password: Secret,
}

/// A failure as JSON. Times are seconds since 1970.
#[derive(Serialize, Deserialize)]
struct FailureEntry {
    api: ApiEntry,
    serial: u64,
    circumstances: u64,
    at: u64,
    until: u64,
    #[serde(default)]
    identity: Option<String>,
    #[serde(with = "FailureBody")]
    failure: Failure,
}

/// The wire form of a [`Failure`]. The chain of causes is for the log of the process that failed, and isn't kept.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Failure")]
struct FailureBody {
    #[serde(with = "KindEntry")]
    kind: FailureKind,
    detail: String,
    #[serde(skip)]
    chain: String,
    request_id: Option<String>,
}

/// The wire form of a [`FailureKind`], under its [`FailureKind::name`]. serde's `remote` converts in
/// both directions, and doesn't compile if a kind or a field is missing.
#[derive(Serialize, Deserialize)]
#[serde(remote = "FailureKind", rename_all = "kebab-case")]
enum KindEntry {
    NoCredentials,
    ImdsUnreachable,
    Misconfigured,
    ConfigFile,
    AmbiguousProfile { account: String, profiles: String },
    FallbackMissing { helper: String },
    FallbackLoop { helper: String },
    FallbackFailed { helper: String },
    SsoExpired { profile: String },
    LoginExpired { profile: String },
    MfaRequired { profile: String },
    MfaRefused { profile: String },
    CredentialsExpired,
    CredentialsRefused,
    CredentialSource { source: String },
    ServiceAccountRefused { role: String },
    AccessDenied,
    WrongPartition { partition: String },
    Unsupported,
    Throttled,
    ServerError,
    Unreachable,
    UntrustedCertificate { server: String },
    WrongHost { server: String },
    CertificateExpired { server: String },
    CertificateNotYetValid { server: String },
    InvalidCertificate { server: String },
    Timeout,
    UnexpectedResponse,
    Refused,
    Internal,
}

impl TokenRecord {
    pub(super) fn encode(&self, key: &str) -> Vec<u8> {
        let Self { api, hosts, lifetime: Lifetime { received, refresh, expires, uptime }, token } = self;
        encode(
            key,
            &TokenEntry {
                api: ApiEntry::of(api),
                hosts: hosts.clone(),
                received: received.seconds(),
                refresh: refresh.seconds(),
                expires: expires.seconds(),
                token_expires: token.expires_at().seconds(),
                uptime: uptime.map(|Uptime { seconds, boot }| UptimeEntry { seconds, boot: boot.map(BootId::number) }),
                username: token.username().to_owned(),
                password: token.password().clone(),
            },
        )
    }

    pub(super) fn decode(key: &str, contents: &[u8]) -> Option<Self> {
        let entry: TokenEntry = decode(key, contents)?;
        let TokenEntry { api, hosts, received, refresh, expires, token_expires, uptime, username, password } = entry;
        let times = [received, refresh, expires, token_expires].map(Timestamp::from_seconds);
        let [received, refresh, expires, token_expires] = times;
        let token = AuthorizationToken::new(username, password, token_expires).ok()?;
        // Whatever the file says, an expired token isn't used.
        let uptime =
            uptime.map(|UptimeEntry { seconds, boot }| Uptime { seconds, boot: boot.map(BootId::from_number) });
        let lifetime = Lifetime { received, refresh, expires: expires.min(token_expires), uptime };
        Some(Self { api: api.api()?, hosts, lifetime, token })
    }
}

/// What is noted about a key besides its token, which it outlives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeyNotes {
    /// The hosts that were asked for.
    pub hosts: HostNotes,
    /// The identity that asked, as a person knows it; older versions didn't note it.
    #[serde(default)]
    pub identity: Option<String>,
}

impl KeyNotes {
    pub(super) fn encode(&self, key: &str) -> Vec<u8> {
        encode(key, self)
    }

    pub(super) fn decode(key: &str, contents: &[u8]) -> Option<Self> {
        decode(key, contents)
    }
}

impl RememberedFailure {
    pub(super) fn encode(&self, key: &str) -> Vec<u8> {
        let Self { api, serial, circumstances, at, until, identity, failure } = self.clone();
        encode(
            key,
            &FailureEntry {
                api: ApiEntry::of(&api),
                serial,
                circumstances,
                at: at.seconds(),
                until: until.seconds(),
                identity,
                failure,
            },
        )
    }

    pub(super) fn decode(key: &str, contents: &[u8]) -> Option<Self> {
        let FailureEntry { api, serial, circumstances, at, until, identity, failure } = decode(key, contents)?;
        let [at, until] = [at, until].map(Timestamp::from_seconds);
        Some(Self { api: api.api()?, serial, circumstances, at, until, identity, failure })
    }
}

fn serialize_secret<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

pub(super) fn encode(key: &str, entry: &impl Serialize) -> Vec<u8> {
    let json = serde_json::to_vec(entry).expect("strings, numbers and lists of them are JSON");
    with_checksum(key, &json)
}

pub(super) fn decode<'a, Entry: Deserialize<'a>>(key: &str, contents: &'a [u8]) -> Option<Entry> {
    let (digits, rest) = contents.strip_prefix(MAGIC)?.split_at_checked(8)?;
    let json = rest.strip_prefix(b"\n")?;
    let expected = u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    if checksum(key, json) != expected {
        return None;
    }
    serde_json::from_slice(json).ok()
}

/// What contents say, for `readers`.
pub(crate) fn read_again(key: &str, contents: &[u8]) -> [Option<Vec<u8>>; 3] {
    [
        TokenRecord::decode(key, contents).map(|record| record.encode(key)),
        RememberedFailure::decode(key, contents).map(|failure| failure.encode(key)),
        KeyNotes::decode(key, contents).map(|notes| notes.encode(key)),
    ]
}

/// The contents of an entry with this JSON.
pub(crate) fn with_checksum(key: &str, json: &[u8]) -> Vec<u8> {
    let checksum = format!("{:08x}\n", checksum(key, json));
    [MAGIC, checksum.as_bytes(), json].concat()
}

fn checksum(key: &str, json: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key.as_bytes());
    hasher.update(json);
    hasher.finalize()
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::error::tests::every_kind;

    fn hosts() -> HostNotes {
        let mut hosts = HostNotes::default();
        hosts.note("b.example", Timestamp::from_seconds(8));
        hosts.note("a.example", Timestamp::from_seconds(9));
        hosts
    }

    pub(in crate::cache) fn token_record() -> TokenRecord {
        let at = Timestamp::from_seconds;
        TokenRecord {
            api: Api {
                service: Service::Ecr,
                partition: Partition::Aws,
                region: Region::parse("eu-west-1").expect("a region"),
            },
            hosts: hosts(),
            lifetime: Lifetime {
                received: at(1),
                refresh: at(2),
                expires: at(3),
                uptime: Some(Uptime { seconds: 5, boot: Some(BootId::from_number(u64::MAX)) }),
            },
            token: AuthorizationToken::new("AWS".to_owned(), Secret::from("pass\"word"), at(4)).expect("full parts"),
        }
    }

    #[test]
    fn an_entry_reads_back_as_it_was_written_and_looks_like_this() {
        let record = token_record();
        let encoded = record.encode("key");
        assert_eq!(
            String::from_utf8(encoded.clone()).expect("text"),
            "ecr-login 3 e36a7f1f\n{\"api\":{\"service\":\"ecr\",\"partition\":\"aws\",\"region\":\"eu-west-1\"},\
             \"hosts\":{\"a.example\":9,\"b.example\":8},\"received\":1,\"refresh\":2,\"expires\":3,\"token_expires\":4,\
             \"uptime\":{\"seconds\":5,\"boot\":18446744073709551615},\"username\":\"AWS\",\"password\":\"pass\\\"word\"}"
        );
        assert_eq!(TokenRecord::decode("key", &encoded), Some(record));

        let failure = RememberedFailure {
            api: token_record().api,
            serial: u64::MAX,
            circumstances: u64::MAX - 1,
            at: Timestamp::from_seconds(5),
            until: Timestamp::from_seconds(6),
            identity: Some("profile dev".to_owned()),
            failure: Failure::new(FailureKind::SsoExpired { profile: "dev".to_owned() }, "gone"),
        };
        assert_eq!(RememberedFailure::decode("key", &failure.encode("key")), Some(failure));
    }

    #[test]
    fn every_kind_of_failure_reads_back_and_is_written_under_its_name() {
        for (kind, _) in every_kind() {
            let named = format!("\"kind\":{}\"{}\"", if has_fields(&kind) { "{" } else { "" }, kind.name());
            let failure = Failure { request_id: Some("id".to_owned()), ..Failure::new(kind, "gone") };
            let api = token_record().api;
            let (at, until) = (Timestamp::from_seconds(5), Timestamp::from_seconds(6));
            let remembered = RememberedFailure { api, serial: 1, circumstances: 2, at, until, identity: None, failure };
            let encoded = remembered.encode("key");
            assert!(String::from_utf8_lossy(&encoded).contains(&named), "{named}");
            assert_eq!(RememberedFailure::decode("key", &encoded), Some(remembered));
        }
    }

    /// Whether a kind prints more than its own name.
    fn has_fields(kind: &FailureKind) -> bool {
        format!("{kind:?}").contains('{')
    }

    #[test]
    fn an_entry_under_another_name_or_of_another_kind_or_version_is_a_miss() {
        let encoded = token_record().encode("key");
        assert_eq!(TokenRecord::decode("yek", &encoded), None);
        assert_eq!(RememberedFailure::decode("key", &encoded), None);
        for other in ["ecr-login 1 ", "ecr-login 2 ", "ecr-login 4 "] {
            let other = [other.as_bytes(), &encoded[12..]].concat();
            assert_eq!(TokenRecord::decode("key", &other), None);
            assert!(is_of_another_version(&other));
        }
        assert!(!is_of_another_version(&encoded) && !is_of_another_version(b"x"));
    }

    #[test]
    fn an_expired_token_is_unusable_whatever_else_its_entry_says() {
        let mut record = token_record();
        record.lifetime.expires = Timestamp::from_seconds(u64::MAX);
        let read = TokenRecord::decode("key", &record.encode("key")).expect("whole");
        assert_eq!(read.lifetime.expires, Timestamp::from_seconds(4));
    }

    #[test]
    fn notes_read_back_as_they_were_written_and_those_of_older_versions_lack_the_identity() {
        let notes = KeyNotes { hosts: hosts(), identity: Some("profile dev".to_owned()) };
        let encoded = notes.encode("key");
        assert_eq!(KeyNotes::decode("key", &encoded), Some(notes));
        assert_eq!((KeyNotes::decode("yek", &encoded), TokenRecord::decode("key", &encoded)), (None, None));
        let older = encode("key", &serde_json::json!({ "hosts": hosts() }));
        assert_eq!(KeyNotes::decode("key", &older), Some(KeyNotes { hosts: hosts(), identity: None }));
    }

    #[test]
    fn a_failure_of_an_older_version_lacks_the_identity() {
        let failure = serde_json::json!({
            "api": { "service": "ecr", "partition": "aws", "region": "eu-west-1" },
            "serial": 1, "circumstances": 2, "at": 5, "until": 6,
            "failure": { "kind": "timeout", "detail": "", "request_id": null },
        });
        let read = RememberedFailure::decode("key", &encode("key", &failure)).expect("whole");
        assert_eq!((read.identity, read.failure.kind), (None, FailureKind::Timeout));
    }

    proptest! {
        #[test]
        fn no_damage_goes_unnoticed(position in 0..400_usize, bit in 0..8_u32) {
            let mut encoded = token_record().encode("key");
            let position = position % encoded.len();
            encoded[position] ^= 1 << bit;
            // The checksum's digits may change their case and mean the same.
            let same = encoded.eq_ignore_ascii_case(&token_record().encode("key"));
            prop_assert!(same || TokenRecord::decode("key", &encoded).is_none());
        }

        #[test]
        fn no_text_makes_the_reader_panic(contents in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(TokenRecord::decode("key", &contents), None);
        }
    }
}
