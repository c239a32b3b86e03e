//! No keys: for all systems without a file of their own beside this one, and builds without the feature `os-encryption`.

use super::{NoKey, OsKey};

pub(super) fn find(_name: &str) -> Result<Option<OsKey>, NoKey> {
    Err(no_key())
}

pub(super) fn find_or_make(_name: &str, _make: fn() -> Result<OsKey, NoKey>) -> Result<OsKey, NoKey> {
    Err(no_key())
}

fn no_key() -> NoKey {
    if cfg!(feature = "os-encryption") {
        NoKey::because("only Linux, macOS and Windows are supported", None)
    } else {
        let reason = "this program was built without the feature `os-encryption`";
        NoKey::because(reason, Some("Install a build with that feature"))
    }
}
