//! `store`: nothing of ECR's is kept, and nothing of anybody else's is lost.
//!
//! `docker login` with a password that this program handed out stores it again; that succeeds, as the next `get` has it
//! anyway. A password for another registry goes to the fallback helper; without one it would be lost by a false success, so
//! it gets an error.

use std::io;

use super::{Status, World, destination, foreign};
use crate::env::names;
use crate::protocol::{Action, Request};
use crate::rules::Destination;
use crate::settings::RulesFile;

pub(super) fn store(world: &mut World<'_>) -> io::Result<Status> {
    let asked = Request::read(world.stdin).and_then(|request| Ok((request.credentials()?.server_url, request)));
    let (server_url, request) = match asked {
        Ok(asked) => asked,
        Err(bad) => return world.refuse(&bad),
    };
    let file = RulesFile::read(world.env);
    let rules = file.rules();
    match (destination(&rules, &server_url), &rules) {
        (Destination::Ecr(_), _) => Ok(Status::Success),
        (Destination::Helper(helper), _) => foreign::pass_on(world, helper, Action::Store, &server_url, &request),
        // Who sets this wants no password kept, and knows that none is.
        (Destination::Nowhere, _) if world.env.is_on(names::IGNORE_CREDS_STORAGE) => Ok(Status::Success),
        (Destination::Nowhere, Err(failure)) => foreign::undone(world, Action::Store, &server_url, failure),
        (Destination::Nowhere, Ok(_)) => {
            writeln!(
                world.stdout,
                "ecr-login keeps no passwords, and this is not an ECR registry; name another helper for it in \
                 `credHelpers`, or a fallback in the configuration file"
            )?;
            Ok(Status::Failure)
        }
    }
}
