//! The keyring of the user in the Linux kernel: user-keyring(7).
//!
//! It belongs to the user ID, so that all sessions of the user find it, and it ends with the machine's run or earlier, when
//! the kernel forgets a user without processes. A user namespace has keyrings of its own.
//!
//! Each process reads the key by the permissions of its user: a session need not have a link to the keyring, as those of
//! system services and of `su` don't. Two processes that make the key at once must get the same one, and adding a key
//! replaces one of its name. So whoever adds it also takes the permission to replace it, and it counts only from then on.

use std::io;

use linux_keyutils::{Key, KeyError, KeyPermissions, KeyPermissionsBuilder, KeyRing, KeyRingIdentifier, Permission};
use zeroize::Zeroizing;

use super::{NoKey, OsKey};

pub(super) fn find(name: &str) -> Result<Option<OsKey>, NoKey> {
    keyring().and_then(|keyring| final_key(keyring, name)).map_err(no_key)
}

pub(super) fn find_or_make(name: &str, make: fn() -> Result<OsKey, NoKey>) -> Result<OsKey, NoKey> {
    let keyring = keyring().map_err(no_key)?;
    if let Some(key) = final_key(keyring, name).map_err(no_key)? {
        return Ok(key);
    }
    add(keyring, name, &make()?).map_err(no_key)?;
    final_key(keyring, name).and_then(|key| key.ok_or(KeyError::KeyDoesNotExist)).map_err(no_key)
}

fn keyring() -> Result<KeyRing, KeyError> {
    KeyRing::from_special_id(KeyRingIdentifier::User, false)
}

/// The key, if it can't be replaced any more.
fn final_key(keyring: KeyRing, name: &str) -> Result<Option<OsKey>, KeyError> {
    let key = match keyring.search(name) {
        Ok(key) => key,
        // Until it has its permissions, only some sessions may find it.
        Err(KeyError::KeyDoesNotExist | KeyError::KeyExpired | KeyError::KeyRevoked | KeyError::AccessDenied) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    if key.metadata()?.get_perms().bits() != permissions().bits() {
        return Ok(None);
    }
    let mut bytes = Zeroizing::new([0; OsKey::LENGTH]);
    let length = key.read(&mut *bytes)?;
    Ok((length == OsKey::LENGTH).then_some(OsKey(bytes)))
}

/// Adds the key, unless there is one that can't be replaced any more.
fn add(keyring: KeyRing, name: &str, key: &OsKey) -> Result<(), KeyError> {
    // Only who possesses a key may change its permissions: who reaches it from a keyring of the process or thread.
    KeyRing::from_special_id(KeyRingIdentifier::Thread, true)?.link_keyring(keyring)?;
    match keyring.add_key(name, key.expose()) {
        Ok(added) => Key::set_perms(&added, permissions()),
        Err(KeyError::AccessDenied) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Those of a key that can't be replaced any more: nobody may write it, and its user may read it.
fn permissions() -> KeyPermissions {
    let readable = || Permission::VIEW | Permission::READ | Permission::SEARCH;
    KeyPermissionsBuilder::builder().posessor(readable() | Permission::SETATTR).user(readable()).build()
}

fn no_key(error: KeyError) -> NoKey {
    let unavailable = "the kernel's keyring can't be used";
    let forbidden = "Allow the system calls `add_key` and `keyctl`, which container runtimes forbid by default";
    let (cause, remedy) = match error {
        KeyError::PermissionDenied => ("it is forbidden here".to_owned(), Some(forbidden)),
        KeyError::QuotaExceeded => (
            "the user's quota is used up".to_owned(),
            Some("Remove keys that nobody needs (see `/proc/keys`), or raise `kernel.keys.maxkeys`"),
        ),
        KeyError::Unknown(number) => (io::Error::from_raw_os_error(number).to_string(), Some(forbidden)),
        KeyError::AccessDenied => (io::ErrorKind::PermissionDenied.to_string(), Some(forbidden)),
        KeyError::OutOfMemory => (io::ErrorKind::OutOfMemory.to_string(), Some("Try again")),
        KeyError::KeyDoesNotExist | KeyError::KeyExpired | KeyError::KeyRevoked => {
            ("the key was removed meanwhile".to_owned(), Some("Try again"))
        }
        KeyError::OperationNotSupported
        | KeyError::KeyringDoesNotExist
        | KeyError::MissingFileOrDirectory
        | KeyError::KeyRejected
        | KeyError::WriteError
        | KeyError::BadAddress
        | KeyError::InvalidArguments
        | KeyError::InvalidDescription
        | KeyError::InvalidIdentifier => (io::ErrorKind::Unsupported.to_string(), None),
    };
    NoKey::because(format!("{unavailable}: {cause}"), remedy)
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::thread;

    use super::super::tests::key_of;
    use super::*;

    /// A name of its own in the real keyring of the user, which has no key when the test ends.
    struct Name(String);

    impl Name {
        /// `None` if the kernel refuses.
        fn new(test: &str) -> Option<Self> {
            match keyring() {
                Ok(_) => Some(Self(format!("ecr-login-test-{test}-{}", std::process::id()))),
                Err(error) => {
                    println!("NOT TESTED: {}", no_key(error));
                    None
                }
            }
        }

        fn make(&self) -> OsKey {
            find_or_make(&self.0, OsKey::random).expect("a key")
        }

        fn search(&self) -> Option<Key> {
            keyring().expect("a keyring").search(&self.0).ok()
        }
    }

    impl Drop for Name {
        fn drop(&mut self) {
            if let Some(key) = self.search() {
                keyring().and_then(|keyring| keyring.unlink_key(key)).expect("removed");
            }
        }
    }

    #[test]
    fn a_key_is_made_once_and_found_again_until_it_is_removed() {
        let Some(name) = Name::new("once") else { return };
        assert!(find(&name.0).expect("no error").is_none());
        let made = name.make();
        assert_eq!(name.make().expose(), made.expose());
        assert_eq!(find(&name.0).expect("no error").expect("a key").expose(), made.expose());
        let key = name.search().expect("a key");
        keyring().and_then(|keyring| keyring.unlink_key(key)).expect("removed");
        assert!(find(&name.0).expect("no error").is_none());
        assert_ne!(name.make().expose(), made.expose());
    }

    #[test]
    fn many_that_make_the_key_at_once_get_the_same() {
        for round in 0..50 {
            let Some(name) = Name::new(&format!("race-{round}")) else { return };
            let barrier = Barrier::new(8);
            let make = || {
                barrier.wait();
                name.make()
            };
            let keys: Vec<OsKey> = thread::scope(|scope| {
                let threads: Vec<_> = (0..8).map(|_| scope.spawn(make)).collect();
                threads.into_iter().map(|thread| thread.join().expect("a key")).collect()
            });
            assert!(keys.iter().all(|key| key.expose() == keys[0].expose()), "round {round}");
        }
    }

    #[test]
    fn a_key_that_can_be_replaced_does_not_count_and_one_that_counts_is_not_replaced() {
        let Some(name) = Name::new("final") else { return };
        // As another process leaves it between its two steps.
        let other = keyring().and_then(|keyring| keyring.add_key(&name.0, &[1; OsKey::LENGTH])).expect("added");
        assert!(find(&name.0).expect("no error").is_none());
        let made = name.make();
        assert_ne!(made.expose(), key_of(1).expose());
        assert_eq!(name.search(), Some(other), "the same key with other bytes");
        // As another process that has seen no key yet.
        add(keyring().expect("a keyring"), &name.0, &key_of(2)).expect("refused without an error");
        assert_eq!(name.make().expose(), made.expose());
    }

    #[test]
    fn a_revoked_key_and_one_of_another_length_are_replaced_or_refused() {
        let Some(name) = Name::new("odd") else { return };
        name.make();
        name.search().expect("a key").revoke().expect("revoked");
        assert!(find(&name.0).expect("no error").is_none());
        name.make();
        let Some(name) = Name::new("short") else { return };
        let key = keyring().and_then(|keyring| keyring.add_key(&name.0, &[1; 31])).expect("added");
        KeyRing::from_special_id(KeyRingIdentifier::Thread, true)
            .and_then(|thread| thread.link_keyring(keyring()?))
            .and_then(|()| key.set_perms(permissions()))
            .expect("as a key that counts");
        assert!(find(&name.0).expect("no error").is_none());
        let error = find_or_make(&name.0, OsKey::random).expect_err("it can't be replaced");
        assert_eq!(error.to_string(), "the kernel's keyring can't be used: the key was removed meanwhile");
    }

    #[test]
    fn the_user_may_read_the_key_and_nobody_may_replace_it() {
        let Some(name) = Name::new("session") else { return };
        let made = name.make();
        // Whatever this session has: what the user may do is enough.
        let key = name.search().expect("a key");
        let metadata = key.metadata().expect("visible");
        assert_eq!(metadata.get_perms().bits(), 0x2b0b_0000);
        assert_eq!(find(&name.0).expect("no error").expect("a key").expose(), made.expose());
    }
}
