//! The user's default keychain on macOS: <https://developer.apple.com/documentation/security/keychain-services>.
//!
//! It keeps the key until somebody removes it. macOS lets the program that has made a key read it, and asks the user for
//! any other, such as a newer version without the same signature. In a session without a person, such as one of SSH, a
//! locked keychain is an error. Adding a key never replaces one, so that all processes get the first.

use security_framework::base::Error;
use security_framework::os::macos::keychain::SecKeychain;
use zeroize::Zeroizing;

use super::{NoKey, OsKey};

/// What the keychain shows as the account.
const ACCOUNT: &str = "cache";

/// <https://developer.apple.com/documentation/security/security-framework-result-codes>
mod codes {
    pub(super) const DUPLICATE_ITEM: i32 = -25_299;
    pub(super) const ITEM_NOT_FOUND: i32 = -25_300;
}

pub(super) fn find(name: &str) -> Result<Option<OsKey>, NoKey> {
    SecKeychain::default().and_then(|keychain| read(&keychain, name)).map_err(no_key)
}

pub(super) fn find_or_make(name: &str, make: fn() -> Result<OsKey, NoKey>) -> Result<OsKey, NoKey> {
    let keychain = SecKeychain::default().map_err(no_key)?;
    if let Some(key) = read(&keychain, name).map_err(no_key)? {
        return Ok(key);
    }
    match keychain.add_generic_password(name, ACCOUNT, make()?.expose()) {
        // Another process was faster.
        Err(error) if error.code() != codes::DUPLICATE_ITEM => return Err(no_key(error)),
        Ok(()) | Err(_) => {}
    }
    let missing = || Error::from_code(codes::ITEM_NOT_FOUND);
    read(&keychain, name).and_then(|key| key.ok_or_else(missing)).map_err(no_key)
}

/// The key; `None` if there is none, or one of another length.
fn read(keychain: &SecKeychain, name: &str) -> Result<Option<OsKey>, Error> {
    match keychain.find_generic_password(name, ACCOUNT) {
        // It is the keychain's memory, which it wipes itself.
        Ok((password, _)) => Ok(<[u8; OsKey::LENGTH]>::try_from(&*password).ok().map(|key| OsKey(Zeroizing::new(key)))),
        Err(error) if error.code() == codes::ITEM_NOT_FOUND => Ok(None),
        Err(error) => Err(error),
    }
}

fn no_key(error: Error) -> NoKey {
    const UNLOCK: &str =
        "Unlock it (`security unlock-keychain`), and allow this program to read its key when macOS asks";
    NoKey::because(format!("the keychain can't be used: {error}"), Some(UNLOCK))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_found_again_until_it_is_removed() {
        let name = format!("ecr-login-test-{}", std::process::id());
        // In a session without a keychain there is nothing to test, and nobody to unlock one.
        let found = match find(&name) {
            Ok(found) => found,
            Err(error) => return println!("NOT TESTED: {error}"),
        };
        assert!(found.is_none());
        let made = find_or_make(&name, OsKey::random).expect("a key");
        assert_eq!(find_or_make(&name, OsKey::random).expect("a key").expose(), made.expose());
        assert_eq!(find(&name).expect("no error").expect("a key").expose(), made.expose());
        let keychain = SecKeychain::default().expect("it was there");
        // Adding another one doesn't replace it.
        let again = keychain.add_generic_password(&name, ACCOUNT, &[7; OsKey::LENGTH]);
        assert_eq!(again.map_err(Error::code), Err(codes::DUPLICATE_ITEM));
        keychain.find_generic_password(&name, ACCOUNT).expect("it is there").1.delete();
        assert!(find(&name).expect("no error").is_none());
    }
}
