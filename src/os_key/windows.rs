//! Windows's Credential Manager, which encrypts what it keeps with a key of the user (DPAPI):
//! <https://learn.microsoft.com/windows/win32/secauthn/credentials-management>.
//!
//! The key stays on this machine, as the cache does, until somebody removes it. Of two processes that make it at the same
//! moment, the first one may get a key that the second one replaces. What it encrypts then can't be read, which costs one
//! fetch.

use std::collections::HashMap;

use keyring_core::api::CredentialStoreApi as _;
use keyring_core::{Entry, Error};
use windows_native_keyring_store::Store;
use zeroize::Zeroizing;

use super::{NoKey, OsKey};

/// What the Credential Manager shows as the user.
const USER: &str = "cache";

pub(super) fn find(name: &str) -> Result<Option<OsKey>, NoKey> {
    read(&entry(name)?)
}

pub(super) fn find_or_make(name: &str, make: fn() -> Result<OsKey, NoKey>) -> Result<OsKey, NoKey> {
    let entry = entry(name)?;
    if let Some(key) = read(&entry)? {
        return Ok(key);
    }
    entry.set_secret(make()?.expose()).map_err(|error| no_key(&error))?;
    // Another process may have replaced it since.
    read(&entry)?.ok_or_else(|| no_key(&Error::NoEntry))
}

fn entry(name: &str) -> Result<Entry, NoKey> {
    // A key that roams with the user's profile would be of no use elsewhere: the cache doesn't roam.
    let options = HashMap::from([("target", name), ("persistence", "Local")]);
    Store::new().and_then(|store| store.build(name, USER, Some(&options))).map_err(|error| no_key(&error))
}

/// The key; `None` if there is none, or one of another length.
fn read(entry: &Entry) -> Result<Option<OsKey>, NoKey> {
    match entry.get_secret().map(Zeroizing::new) {
        Ok(secret) => Ok(<[u8; OsKey::LENGTH]>::try_from(secret.as_slice()).ok().map(|key| OsKey(Zeroizing::new(key)))),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(no_key(&error)),
    }
}

fn no_key(error: &Error) -> NoKey {
    const LOG_ON: &str = "Log on with a password: sessions of services and of SSH keys have no Credential Manager";
    NoKey::because(format!("the Credential Manager can't be used: {error}"), Some(LOG_ON))
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    /// A name of its own, which has no key when the test ends.
    struct Name(String);

    impl Name {
        fn new(test: &str) -> Self {
            Self(format!("ecr-login-test-{test}-{}", std::process::id()))
        }

        fn entry(&self) -> Entry {
            entry(&self.0).expect("an entry")
        }
    }

    impl Drop for Name {
        fn drop(&mut self) {
            let _ = self.entry().delete_credential();
        }
    }

    #[test]
    fn a_key_is_made_once_and_found_again_until_it_is_removed() {
        let name = Name::new("once");
        assert!(find(&name.0).expect("no error").is_none());
        let made = find_or_make(&name.0, OsKey::random).expect("a key");
        assert_eq!(find_or_make(&name.0, OsKey::random).expect("a key").expose(), made.expose());
        assert_eq!(find(&name.0).expect("no error").expect("a key").expose(), made.expose());
        name.entry().delete_credential().expect("removed");
        assert!(find(&name.0).expect("no error").is_none());
        assert_ne!(find_or_make(&name.0, OsKey::random).expect("a key").expose(), made.expose());
    }

    #[test]
    fn many_that_make_the_key_at_once_agree_on_one_in_the_end() {
        let name = Name::new("race");
        thread::scope(|scope| {
            for _ in 0..8 {
                // Wine writes a credential in steps, and a reader between them gets an error.
                scope.spawn(|| assert!((0..100).any(|_| find_or_make(&name.0, OsKey::random).is_ok())));
            }
        });
        let kept = find(&name.0).expect("no error").expect("a key");
        assert_eq!(find_or_make(&name.0, OsKey::random).expect("a key").expose(), kept.expose());
    }

    #[test]
    fn what_is_no_key_is_replaced() {
        let name = Name::new("short");
        name.entry().set_secret(b"31 bytes are one less than all.").expect("kept");
        assert!(find(&name.0).expect("no error").is_none());
        let made = find_or_make(&name.0, OsKey::random).expect("a key");
        assert_eq!(find(&name.0).expect("no error").expect("a key").expose(), made.expose());
    }
}
