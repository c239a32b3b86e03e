//! `store`: stores nothing for ECR, and loses no password of another registry.
//!
//! After `docker login` with a password from this program, the client stores it again; that succeeds, since the next `get`
//! has it anyway. A password for another registry goes to the fallback helper. Without one it would be lost by a false
//! success, so the client gets an error.

use std::io;

use super::{Asked, other_hosts};
use crate::options::UnplacedPasswords;
use crate::protocol::Action;
use crate::rules::Destination;
use crate::world::{Status, World};

#[cold]
pub(super) fn store(world: &mut World<'_>) -> io::Result<Status> {
    let asked = match Asked::with_credentials(world) {
        Ok(asked) => asked,
        Err(bad) => return world.refuse(&bad),
    };
    let Asked { request, server_url, destination, options } = asked;
    let error = match destination {
        Destination::Ecr(_) | Destination::Misconfigured { registry: Some(_), .. } => return Ok(Status::Success),
        Destination::Fallback(helper) => {
            return other_hosts::pass_on(world, &options, &helper, Action::Store, &server_url, &request);
        }
        Destination::Misconfigured { registry: None, error } => Some(error),
        Destination::NotFound => None,
    };
    match (options.unplaced_passwords, error) {
        (UnplacedPasswords::Drop, _) => Ok(Status::Success),
        (UnplacedPasswords::Refuse, Some(error)) => {
            other_hosts::report_failure(world, Action::Store, &server_url, &error)
        }
        (UnplacedPasswords::Refuse, None) => {
            writeln!(
                world.stdout,
                "ecr-login stores no passwords, and this is not an ECR registry; name another helper for it in \
                 `credHelpers`, or a fallback in the configuration file"
            )?;
            Ok(Status::Failure)
        }
    }
}
