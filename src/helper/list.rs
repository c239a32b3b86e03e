//! `list`: the hosts that were asked for and whose token, of the current identity, is still good.
//!
//! Reads no stdin (docker-py leaves it open), asks nobody. The keys are `https://HOST`: the classic builder asks for each
//! as listed, and `get` answers every spelling.

use std::collections::BTreeMap;
use std::io;

use super::{Status, World};
use crate::cache::Cache;
use crate::protocol::write_list;
use crate::registry::Registry;
use crate::settings::{self, AwsSettings};
use crate::token::Freshness;

pub(super) fn list(world: &mut World<'_>) -> io::Result<Status> {
    let (cache, _) = Cache::open(settings::cache_directory(world.env).as_deref());
    let settings = AwsSettings::read(world.env);
    let now = world.clock.now();
    let mut usernames = BTreeMap::new();
    for (key, record) in cache.tokens() {
        if record.lifetime.freshness(now) == Freshness::Over {
            continue;
        }
        let is_ours = |host: &str| {
            let scope = Registry::parse(host).map(|registry| settings.scope(&registry));
            matches!(scope, Some(Ok(scope)) if scope.key().to_string() == key)
        };
        for host in record.hosts.iter().filter(|host| is_ours(host)) {
            usernames.insert(format!("https://{host}"), record.token.username().to_owned());
        }
    }
    write_list(world.stdout, &usernames)?;
    Ok(Status::Success)
}
