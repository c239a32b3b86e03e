//! `erase`: the tokens that serve a registry are dropped, whoever they were fetched as, and so is what was remembered of
//! failures. Always a success but for a request without a server: some clients crash on anything else.

use std::fmt;
use std::io;

use super::{Status, World, registry_of};
use crate::cache::Cache;
use crate::log::{Level, Log};
use crate::protocol::read_server_url;
use crate::settings;

pub(super) fn erase(world: &mut World<'_>) -> io::Result<Status> {
    let server_url = match read_server_url(world.stdin) {
        Ok(server_url) => server_url,
        Err(bad) => return world.refuse(&bad),
    };
    let Some(registry) = registry_of(&server_url) else { return Ok(Status::Success) };
    let mut log = Log::open(world.env).unwrap_or(Log::OFF);
    let mut event = |level, event: fmt::Arguments<'_>| log.write(world.stderr, world.clock, level, event);
    let (cache, unfit) = Cache::open(settings::cache_directory(world.env).as_deref());
    if let Some(unfit) = unfit {
        event(Level::Warn, format_args!("erase {}: the cache is not used: {unfit}", registry.host()));
    }
    match cache.forget(&registry) {
        Ok(()) => event(Level::Info, format_args!("erase {}: done", registry.host())),
        Err(error) => event(Level::Warn, format_args!("erase {}: {error}: {}", registry.host(), error.source)),
    }
    Ok(Status::Success)
}
