//! What is known without a call: the hosts of the current identity, and removing what is cached.

use std::collections::{BTreeMap, BTreeSet};

use super::Context;
use crate::aws::AwsSettings;
use crate::cache::{Cache, EraseError};
use crate::fs::PathError;
use crate::registry::Api;
use crate::rules::{Destination, Rules, Target};

/// The hosts that the current identity asked for in the last 30 days, and its own registry, if account and region are
/// visible in the settings.
pub(crate) fn known_hosts(context: &Context<'_>, rules: &Rules) -> BTreeSet<String> {
    let (cache, _) = Cache::open(context.options.cache_dir.as_deref(), context.options.cache_encryption);
    let settings = AwsSettings::read(context.env);
    let now = context.clock.now();
    let mut keys_by_host = BTreeMap::<String, Vec<String>>::new();
    for (key, notes) in cache.all_hosts() {
        for host in notes.recent(now) {
            keys_by_host.entry(host.to_owned()).or_default().push(key.clone());
        }
    }
    let is_ours = |host: &str, keys: &[String]| {
        target_of(rules, host).is_some_and(|target| {
            let resolved = settings.for_target(&target).and_then(|settings| settings.resolve());
            resolved.is_ok_and(|(scope, _)| keys.contains(&scope.key().to_string()))
        })
    };
    let asked = keys_by_host.into_iter().filter(|(host, keys)| is_ours(host, keys)).map(|(host, _)| host);
    let own = settings.own_registry(|registry| target_of(rules, registry.host()));
    asked.chain(own.map(|registry| registry.host().to_owned())).collect()
}

/// The ECR registry that a host is a name of.
pub(crate) fn target_of(rules: &Rules, host: &str) -> Option<Target> {
    match rules.destination(host) {
        Destination::Ecr(target) => Some(target),
        Destination::Misconfigured { .. } | Destination::Fallback(_) | Destination::NotFound => None,
    }
}

/// Removes the cached tokens of an API, of every identity, and the failures remembered for it.
/// Error: the first one that couldn't be removed.
pub(crate) fn erase(context: &mut Context<'_>, api: &Api) -> Result<(), PathError> {
    let (cache, unusable) =
        Cache::open_to_erase(context.options.cache_dir.as_deref(), context.options.cache_encryption);
    if let Some(unusable) = unusable {
        context.log.warn(format_args!("the cache is not used: {unusable}"));
    }
    match cache.erase(api, (context.random)(), context.clock) {
        Ok(()) => {
            context.log.info(format_args!("done"));
            Ok(())
        }
        Err(EraseError::NoTrace(error)) => {
            context.log.warn(format_args!("{error}: {}", error.source));
            Ok(())
        }
        Err(EraseError::NotRemoved(error)) => {
            context.log.warn(format_args!("{error}: {}", error.source));
            Err(error)
        }
    }
}
