//! `erase`: the tokens that serve a registry are dropped, whoever they were fetched as, and so is what was remembered of
//! failures. For ECR always a success but for a request without a server: some clients crash on anything else.

use std::fmt;
use std::io;

use super::{Status, World, destination, foreign};
use crate::cache::Cache;
use crate::log::{Level, Log};
use crate::protocol::{Action, Request};
use crate::rules::{Destination, Target};
use crate::settings::{self, RulesFile};

pub(super) fn erase(world: &mut World<'_>) -> io::Result<Status> {
    let asked = Request::read(world.stdin).and_then(|request| Ok((request.server_url()?, request)));
    let (server_url, request) = match asked {
        Ok(asked) => asked,
        Err(bad) => return world.refuse(&bad),
    };
    let file = RulesFile::read(world.env);
    let rules = file.rules();
    match (destination(&rules, &server_url), &rules) {
        (Destination::Ecr(target), _) => {
            forget(world, &target);
            Ok(Status::Success)
        }
        (Destination::Helper(helper), _) => foreign::pass_on(world, helper, Action::Erase, &server_url, &request),
        (Destination::Nowhere, Err(failure)) => foreign::undone(world, Action::Erase, &server_url, failure),
        (Destination::Nowhere, Ok(_)) => Ok(Status::Success),
    }
}

fn forget(world: &mut World<'_>, target: &Target<'_>) {
    let host = target.host();
    let mut log = Log::open(world.env).unwrap_or(Log::OFF);
    let mut event = |level, event: fmt::Arguments<'_>| {
        log.write(world.stderr, world.clock, level, format_args!("erase {host}: {event}"));
    };
    let (cache, unfit) = Cache::open(settings::cache_directory(world.env).as_deref());
    if let Some(unfit) = unfit {
        event(Level::Warn, format_args!("the cache is not used: {unfit}"));
    }
    match cache.forget(&target.api()) {
        Ok(()) => event(Level::Info, format_args!("done")),
        Err(error) => event(Level::Warn, format_args!("{error}: {}", error.source)),
    }
}
