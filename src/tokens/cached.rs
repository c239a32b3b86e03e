//! What is cached already: the hosts with a valid token, and removing it.

use std::collections::BTreeSet;

use super::Context;
use crate::aws::AwsSettings;
use crate::cache::Cache;
use crate::registry::Api;
use crate::rules::{Destination, Rules};
use crate::token::Freshness;

/// The hosts that were asked for and that have a valid token of the current identity.
pub(crate) fn cached_hosts(context: &Context<'_>, rules: &Rules) -> BTreeSet<String> {
    let (cache, _) = Cache::open(context.options.cache_dir.as_deref());
    let settings = AwsSettings::read(context.env);
    let now = context.clock.now();
    let mut hosts = BTreeSet::new();
    for (key, record) in cache.tokens() {
        if record.lifetime.freshness(now) == Freshness::Expired {
            continue;
        }
        let is_ours = |host: &str| match rules.destination(host) {
            Destination::Ecr(target) => {
                let resolved = settings.for_target(&target).and_then(|settings| settings.resolve());
                resolved.is_ok_and(|(scope, _)| scope.key().to_string() == key)
            }
            Destination::Misconfigured { .. } | Destination::Fallback(_) | Destination::NotFound => false,
        };
        hosts.extend(record.hosts.into_iter().filter(|host| is_ours(host)));
    }
    hosts
}

/// Removes the cached tokens of an API, of every identity, and the failures remembered for it.
pub(crate) fn erase(context: &mut Context<'_>, api: &Api) {
    let (cache, unusable) = Cache::open(context.options.cache_dir.as_deref());
    if let Some(unusable) = unusable {
        context.log.warn(format_args!("the cache is not used: {unusable}"));
    }
    match cache.erase(api) {
        Ok(()) => context.log.info(format_args!("done")),
        Err(error) => context.log.warn(format_args!("{error}: {}", error.source)),
    }
}
