//! `doctor`.

use super::Done;
use crate::world::World;

/// The arguments of `doctor`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The registry
    host: Option<String>,
}

#[cold]
pub(super) fn run(arguments: &Arguments, world: &mut World<'_>) -> Done {
    let _ = (&arguments.host, world);
    Ok(crate::world::Status::Failure)
}
