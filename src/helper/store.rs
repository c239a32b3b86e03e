//! `store`: nothing of ECR's is kept, and nothing of anybody else's is lost.
//!
//! `docker login` with a password that this program handed out stores it again; that succeeds, as the next `get` has it
//! anyway. A password for another registry would be lost by a false success, so it gets an error.

use std::io;

use super::{Status, World, registry_of};
use crate::env::names;
use crate::protocol::read_store_request;

pub(super) fn store(world: &mut World<'_>) -> io::Result<Status> {
    let request = match read_store_request(world.stdin) {
        Ok(request) => request,
        Err(bad) => return world.refuse(&bad),
    };
    if world.env.is_on(names::IGNORE_CREDS_STORAGE) || registry_of(&request.server_url).is_some() {
        return Ok(Status::Success);
    }
    writeln!(
        world.stdout,
        "ecr-login keeps no passwords, and this is not an ECR registry; name another helper for it in `credHelpers`"
    )?;
    Ok(Status::Failure)
}
