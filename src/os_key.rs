//! A key that the operating system keeps for the user, for what is encrypted on disk.
//!
//! The first process that needs it makes it, and all others get the same one. It is never written to a file in plain text:
//! Linux keeps it in the kernel, until the machine restarts; macOS in the keychain and Windows in its Credential Manager,
//! until it is removed. This module encrypts nothing.

#[cfg_attr(all(feature = "os-encryption", target_os = "linux"), path = "os_key/linux.rs")]
#[cfg_attr(all(feature = "os-encryption", target_os = "macos"), path = "os_key/macos.rs")]
#[cfg_attr(all(feature = "os-encryption", windows), path = "os_key/windows.rs")]
mod os;

use std::fmt;

use ring::rand::{SecureRandom as _, SystemRandom};
use zeroize::Zeroizing;

/// The name under which the system keeps it.
const NAME: &str = "docker-credential-ecr-login";

/// A key. Its `Debug` form is redacted, and it is wiped when it is dropped.
pub(crate) struct OsKey(Zeroizing<[u8; Self::LENGTH]>);

/// Why there is no key.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub(crate) struct NoKey {
    /// What is in the way.
    reason: String,
    /// What to do about it, as advice to a person, if anything can be done.
    pub(crate) remedy: Option<&'static str>,
}

/// The key, if a process has made it.
/// Error: the system keeps no keys for this process.
pub(crate) fn find() -> Result<Option<OsKey>, NoKey> {
    os::find(NAME)
}

/// The key, which is made if there is none.
/// Error: the system keeps no keys for this process, or not another one.
pub(crate) fn find_or_make() -> Result<OsKey, NoKey> {
    os::find_or_make(NAME, OsKey::random)
}

impl NoKey {
    pub(crate) fn because(reason: impl Into<String>, remedy: Option<&'static str>) -> Self {
        Self { reason: reason.into(), remedy }
    }
}

impl OsKey {
    /// In bytes.
    pub(crate) const LENGTH: usize = 32;

    fn random() -> Result<Self, NoKey> {
        let mut key = Self(Zeroizing::default());
        let filled = SystemRandom::new().fill(key.0.as_mut_slice());
        filled.map_err(|_| NoKey::because("the system has no random numbers", Some("Restart the system")))?;
        Ok(key)
    }

    /// The only way to the bytes, for the cipher and the system.
    pub(crate) fn expose(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

impl fmt::Debug for OsKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OsKey(***)")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A key of these bytes.
    pub(crate) fn key_of(byte: u8) -> OsKey {
        OsKey(Zeroizing::new([byte; OsKey::LENGTH]))
    }

    #[test]
    fn a_key_shows_nothing_of_itself_in_debug() {
        assert_eq!(format!("{:?}", key_of(7)), "OsKey(***)");
    }

    #[test]
    fn keys_are_random() {
        let keys = [OsKey::random().expect("a key"), OsKey::random().expect("a key")];
        assert_ne!(keys[0].expose(), keys[1].expose());
    }
}
