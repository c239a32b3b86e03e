//! Tokens on disk as they are, or sealed with a key that the operating system keeps.
//!
//! A sealed entry is the line `ecr-login sealed 1`, twelve random bytes, and the plain entry (`record`) encrypted with
//! ChaCha20-Poly1305 and these bytes. The line and the name of the file are authenticated with it: an entry that was
//! changed, renamed or sealed with another key is a miss. To other versions, and where tokens are cached as they are, it is
//! the entry of another version. Where tokens are sealed, a plain one isn't read, and is never written. Failures and noted
//! hosts hold no secrets, and are never sealed.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};
use zeroize::Zeroizing;

use super::TOKEN;
use super::record::TokenRecord;
use crate::options::CacheEncryption;
use crate::os_key::{self, NoKey, OsKey};

/// The beginning of a sealed entry.
const HEADER: &[u8] = b"ecr-login sealed 1\n";

/// How tokens are written and read.
#[derive(Debug)]
pub(super) enum Sealing {
    /// As they are.
    Off,
    /// With the user's key; `None` until it was needed for writing.
    On(Option<OsKey>),
}

impl Sealing {
    pub(super) fn of(encryption: CacheEncryption) -> Self {
        match encryption {
            CacheEncryption::Off => Self::Off,
            CacheEncryption::Os => Self::On(None),
        }
    }

    /// Makes sure that there is a key, if one is needed.
    /// Error: there can't be one, so that nothing may be written.
    pub(super) fn prepare(&mut self) -> Result<(), NoKey> {
        if let Self::On(key @ None) = self {
            *key = Some(os_key::find_or_make()?);
        }
        Ok(())
    }

    /// Looks for the key, if one is needed.
    /// Error: there can't be one.
    pub(super) fn look(&mut self) -> Result<(), NoKey> {
        if let Self::On(key @ None) = self {
            *key = os_key::find()?;
        }
        Ok(())
    }

    /// The contents of a token's entry; `None` if it can't be sealed, and then it isn't written.
    pub(super) fn encode(&self, key: &str, record: &TokenRecord) -> Option<Zeroizing<Vec<u8>>> {
        let plain = Zeroizing::new(record.encode(key));
        match self {
            Self::Off => Some(plain),
            Self::On(Some(os_key)) => seal(os_key, key, &plain).map(Zeroizing::new),
            Self::On(None) => seal(&os_key::find().ok()??, key, &plain).map(Zeroizing::new),
        }
    }

    /// The token of an entry; `None` if it can't be trusted, or isn't written as it should be.
    pub(super) fn decode(&self, key: &str, contents: &[u8]) -> Option<TokenRecord> {
        let plain = match self {
            Self::Off => return TokenRecord::decode(key, contents),
            Self::On(Some(os_key)) => open(os_key, key, contents)?,
            Self::On(None) => open(&os_key::find().ok()??, key, contents)?,
        };
        TokenRecord::decode(key, &plain)
    }
}

fn seal(os_key: &OsKey, key: &str, plain: &[u8]) -> Option<Vec<u8>> {
    let mut nonce = [0; NONCE_LEN];
    SystemRandom::new().fill(&mut nonce).ok()?;
    let length = HEADER.len() + nonce.len() + plain.len() + CHACHA20_POLY1305.tag_len();
    let mut sealed = Vec::with_capacity(length);
    for part in [HEADER, &nonce, plain] {
        sealed.extend_from_slice(part);
    }
    let (_, text) = sealed.split_at_mut(HEADER.len() + nonce.len());
    let nonce = Nonce::assume_unique_for_key(nonce);
    let tag = cipher(os_key)?.seal_in_place_separate_tag(nonce, associated(key), text).ok()?;
    sealed.extend_from_slice(tag.as_ref());
    Some(sealed)
}

fn open(os_key: &OsKey, key: &str, contents: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, text) = contents.strip_prefix(HEADER)?.split_first_chunk::<NONCE_LEN>()?;
    let mut text = Zeroizing::new(text.to_vec());
    let plain = cipher(os_key)?.open_in_place(Nonce::assume_unique_for_key(*nonce), associated(key), &mut text);
    let length = plain.ok()?.len();
    text.truncate(length);
    Some(text)
}

fn cipher(os_key: &OsKey) -> Option<LessSafeKey> {
    UnboundKey::new(&CHACHA20_POLY1305, os_key.expose()).ok().map(LessSafeKey::new)
}

/// What an entry must agree with besides its key: its kind, its version and the name of its file.
fn associated(key: &str) -> Aad<Vec<u8>> {
    Aad::from([HEADER, key.as_bytes(), TOKEN.as_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use std::time::Duration;

    use super::super::record::tests::token_record;
    use super::super::{Cache, sweep};
    use super::*;
    use crate::clock::Timestamp;
    use crate::clock::fake::FakeClock;
    use crate::identity::{CachePolicy, Identity};
    use crate::os_key::tests::key_of;
    use crate::registry::{Api, EndpointVariant, Region};
    use crate::scope::{CacheKey, Scope};
    use crate::token::MaxAge;

    fn on(byte: u8) -> Sealing {
        Sealing::On(Some(key_of(byte)))
    }

    fn sealed() -> Vec<u8> {
        on(1).encode("key", &token_record()).expect("sealed").to_vec()
    }

    #[test]
    fn a_sealed_token_reads_back_and_shows_neither_password_nor_anything_else() {
        let entry = sealed();
        assert_eq!(on(1).decode("key", &entry), Some(token_record()));
        assert!(entry.starts_with(b"ecr-login sealed 1\n"));
        let plain = token_record().encode("key");
        assert_eq!(entry.len(), HEADER.len() + 12 + plain.len() + 16);
        // Four bytes in a row are the same by chance once in a million runs.
        let shown = plain.windows(4).find(|part| entry[HEADER.len()..].windows(4).any(|window| window == *part));
        assert_eq!(shown, None);
    }

    #[test]
    fn equal_tokens_are_sealed_differently_each_time() {
        assert_ne!(sealed(), sealed());
    }

    #[test]
    fn a_changed_byte_wherever_it_is_makes_a_miss_and_so_does_a_missing_or_another_one() {
        let entry = sealed();
        for position in 0..entry.len() {
            for bit in 0..8 {
                let mut changed = entry.clone();
                changed[position] ^= 1 << bit;
                assert_eq!(on(1).decode("key", &changed), None, "bit {bit} of byte {position}");
            }
            assert_eq!(on(1).decode("key", &entry[..position]), None, "cut at byte {position}");
        }
        assert_eq!(on(1).decode("key", &[&entry[..], b"x"].concat()), None);
    }

    #[test]
    fn an_entry_under_another_name_of_another_key_or_of_another_version_is_a_miss() {
        let entry = sealed();
        assert_eq!(on(1).decode("yek", &entry), None);
        assert_eq!(on(2).decode("key", &entry), None);
        let other = [b"ecr-login sealed 2\n", &entry[HEADER.len()..]].concat();
        assert_eq!(on(1).decode("key", &other), None);
        // What is sealed must itself be the entry of this name.
        let inner = token_record().encode("yek");
        let of_other = seal(&key_of(1), "key", &inner).expect("sealed");
        assert_eq!(on(1).decode("key", &of_other), None);
    }

    #[test]
    fn the_name_is_authenticated_and_not_only_checked() {
        let plain = token_record().encode("key");
        let entry = seal(&key_of(1), "key", &plain).expect("sealed");
        assert!(open(&key_of(1), "key", &entry).is_some());
        assert!(open(&key_of(1), "yek", &entry).is_none());
    }

    #[test]
    fn plain_tokens_are_not_read_where_they_are_sealed_nor_sealed_ones_where_they_are_plain() {
        let plain = Sealing::Off.encode("key", &token_record()).expect("plain");
        assert_eq!(*plain, token_record().encode("key"));
        assert_eq!(Sealing::Off.decode("key", &plain), Some(token_record()));
        assert_eq!(on(1).decode("key", &plain), None);
        assert_eq!(Sealing::Off.decode("key", &sealed()), None);
    }

    /// A cache that seals with this key, and the directory that it is in.
    fn cache(byte: u8, outer: &tempfile::TempDir) -> Cache {
        let (mut cache, _) = Cache::open(Some(&outer.path().join("cache")), CacheEncryption::Off);
        cache.sealing = on(byte);
        cache.prepare().expect("a directory");
        cache
    }

    fn store(cache: &Cache, key: &CacheKey, clock: &FakeClock) {
        let record = token_record();
        cache.store(key, &record, "profile dev", cache.last_erasure(&record.api), clock).expect("written");
    }

    fn contents(cache: &Cache, key: &CacheKey) -> Option<Vec<u8>> {
        let directory = cache.directory.as_ref().expect("a directory");
        directory.read(&format!("{key}{TOKEN}"), 9_999).expect("readable")
    }

    fn key(region: u8) -> CacheKey {
        let identity = Identity { digest: [region; 32], cache_policy: CachePolicy::Cached(MaxAge::UntilExpiry) };
        let (api, variant) = (token_record().api, EndpointVariant::default());
        Scope { api, variant, endpoint_url: None, identity }.key()
    }

    #[test]
    fn a_plain_token_is_replaced_by_a_sealed_one_and_nothing_else_of_a_password_is_on_disk() {
        let (outer, clock) = (tempfile::tempdir().expect("a temporary directory"), FakeClock::at(1));
        let mut cache = cache(1, &outer);
        cache.sealing = Sealing::Off;
        for key in [key(1), key(2)] {
            store(&cache, &key, &clock);
            assert_eq!(cache.token(&key), Some(token_record()));
        }
        cache.sealing = on(1);
        assert_eq!(cache.token(&key(1)), None);
        store(&cache, &key(1), &clock);
        assert_eq!(cache.token(&key(1)), Some(token_record()));
        assert!(contents(&cache, &key(1)).is_some_and(|entry| entry.starts_with(HEADER)));
        assert_eq!(contents(&cache, &key(2)), None, "a plain token of another key is swept");
        let directory = cache.directory.as_ref().expect("a directory");
        let password = token_record().token.password().expose().as_bytes().to_vec();
        for name in directory.names().expect("listed") {
            let contents = directory.read(&name, 9_999).expect("readable").unwrap_or_default();
            let json = serde_json::to_string(&String::from_utf8(password.clone()).expect("text")).expect("JSON");
            assert!(!contents.windows(json.len()).any(|window| window == json.as_bytes()), "{name}");
        }
    }

    #[test]
    fn a_token_that_can_not_be_opened_is_erased_and_one_of_another_api_stays() {
        let (outer, clock) = (tempfile::tempdir().expect("a temporary directory"), FakeClock::at(1));
        let mut cache = cache(1, &outer);
        let other = Api { region: Region::parse("eu-west-2").expect("a region"), ..token_record().api };
        store(&cache, &key(1), &clock);
        cache.erase(&other, 1, &clock).expect("erased");
        assert_eq!(cache.token(&key(1)), Some(token_record()));
        cache.erase(&token_record().api, 2, &clock).expect("erased");
        assert_eq!(contents(&cache, &key(1)), None);
        for (serial, sealing) in [on(2), Sealing::Off].into_iter().enumerate() {
            cache.sealing = on(1);
            store(&cache, &key(1), &clock);
            cache.sealing = sealing;
            cache.erase(&other, 100 + serial as u64, &clock).expect("erased");
            assert_eq!(contents(&cache, &key(1)), None, "it might be of this API");
        }
    }

    #[test]
    fn the_sweep_removes_expired_sealed_tokens_and_after_a_day_those_of_another_key() {
        let (outer, clock) = (tempfile::tempdir().expect("a temporary directory"), FakeClock::at(1));
        let mut cache = cache(1, &outer);
        let sweep = |cache: &Cache, at: Timestamp| {
            sweep::sweep(cache.directory.as_ref().expect("a directory"), &cache.sealing, at);
        };
        store(&cache, &key(1), &clock);
        sweep(&cache, Timestamp::from_seconds(2));
        assert!(contents(&cache, &key(1)).is_some(), "it is still good");
        let written = |cache: &Cache| {
            let directory = cache.directory.as_ref().expect("a directory");
            Timestamp::from(directory.modified(&format!("{}{TOKEN}", key(1))).expect("there"))
        };
        for sealing in [on(2), Sealing::Off] {
            cache.sealing = sealing;
            sweep(&cache, written(&cache).after(Duration::from_hours(23)));
            assert!(contents(&cache, &key(1)).is_some(), "another process may read it");
        }
        cache.sealing = on(1);
        sweep(&cache, Timestamp::from_seconds(3));
        assert_eq!(contents(&cache, &key(1)), None, "expired");
        for sealing in [on(2), Sealing::Off] {
            cache.sealing = on(1);
            store(&cache, &key(1), &clock);
            cache.sealing = sealing;
            sweep(&cache, written(&cache).after(Duration::from_hours(25)));
            assert_eq!(contents(&cache, &key(1)), None, "of no use to anybody");
        }
    }

    /// What a build without keys does, and what a system without keys does.
    #[cfg(not(feature = "os-encryption"))]
    #[test]
    fn where_there_is_no_key_nothing_is_cached_and_the_reason_is_said() {
        use super::super::Inventory;
        use crate::clock::Clock as _;

        let (outer, clock) = (tempfile::tempdir().expect("a temporary directory"), FakeClock::at(1));
        let path = outer.path().join("cache");
        drop(cache(1, &outer));
        let (mut cache, problem) = Cache::open(Some(&path), CacheEncryption::Os);
        assert!(problem.is_none());
        // As a hit that notes a host, which doesn't prepare.
        store(&cache, &key(1), &clock);
        assert_eq!((contents(&cache, &key(1)), cache.token(&key(1))), (None, None));
        let error = cache.prepare().expect_err("no key");
        let reason = "tokens can't be encrypted: this program was built without the feature `os-encryption`";
        assert_eq!(error.to_string(), reason);
        store(&cache, &key(2), &clock);
        assert!(cache.directory.is_none());
        let error = Inventory::read(&path, CacheEncryption::Os, clock.now()).expect_err("no key");
        assert_eq!(error.to_string(), reason);
    }

    proptest! {
        #[test]
        fn no_contents_make_the_reader_panic(contents in proptest::collection::vec(any::<u8>(), 0..100)) {
            let entry = [HEADER, &contents].concat();
            prop_assert_eq!(on(1).decode("key", &entry), None);
        }
    }
}
