//! Names on macOS and Windows: their own resolvers do it well.

use std::future::{Ready, ready};
use std::io;
use std::net::IpAddr;

/// Leaves every name to the system's resolver.
pub(super) fn look_up(_host: &str) -> Ready<io::Result<Option<Vec<IpAddr>>>> {
    ready(Ok(None))
}
