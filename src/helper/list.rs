//! `list`: the hosts that were asked for and whose token, of the current identity, is still good; those that rules name;
//! and what the fallback helpers have.
//!
//! Reads no stdin (docker-py leaves it open), asks nobody but those helpers. Our keys are `https://HOST`: the classic
//! builder asks for each as listed, and `get` answers every spelling. It succeeds whatever happens, with the reason of what
//! is missing on stderr: a build shouldn't fail because one of several helpers does.

use std::collections::BTreeMap;
use std::io;

use super::{Status, World};
use crate::cache::Cache;
use crate::protocol::write_list;
use crate::registry::Service;
use crate::rules::{Destination, Rules};
use crate::settings::{self, AwsSettings, RulesFile};
use crate::token::Freshness;

/// The user name of every token of ECR:
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html>.
const USERNAME: &str = "AWS";

pub(super) fn list(world: &mut World<'_>) -> io::Result<Status> {
    let file = RulesFile::read(world.env);
    let mut usernames = BTreeMap::new();
    match file.rules() {
        Ok(rules) => {
            add_cached(world, &rules, &mut usernames);
            usernames.extend(rules.named_hosts().map(|host| (format!("https://{host}"), USERNAME.to_owned())));
            add_of_helpers(world, &rules, &mut usernames);
        }
        // Whose the cached tokens are can't be known.
        Err(failure) => world.complain(&failure.sentence(format_args!("nothing to list"), Service::Ecr)),
    }
    write_list(world.stdout, &usernames)?;
    Ok(Status::Success)
}

fn add_cached(world: &World<'_>, rules: &Rules<'_>, usernames: &mut BTreeMap<String, String>) {
    let (cache, _) = Cache::open(settings::cache_directory(world.env).as_deref());
    let settings = AwsSettings::read(world.env);
    let now = world.clock.now();
    for (key, record) in cache.tokens() {
        if record.lifetime.freshness(now) == Freshness::Expired {
            continue;
        }
        let is_ours = |host: &str| match rules.destination(host) {
            Destination::Ecr(target) => {
                let scope = settings.view(&target).and_then(|view| view.scope());
                scope.is_ok_and(|(scope, _)| scope.key().to_string() == key)
            }
            Destination::Helper(_) | Destination::Nowhere => false,
        };
        for host in record.hosts.iter().filter(|host| is_ours(host)) {
            usernames.insert(format!("https://{host}"), record.token.username().to_owned());
        }
    }
}

/// Adds what each helper has of the servers that it would be asked for.
fn add_of_helpers(world: &mut World<'_>, rules: &Rules<'_>, usernames: &mut BTreeMap<String, String>) {
    for helper in rules.helpers() {
        match world.helpers.list(world.env, helper) {
            Ok(listed) => {
                let is_asked = |server_url: &str| matches!(rules.destination(server_url), Destination::Helper(asked) if asked == helper);
                usernames.extend(listed.into_iter().filter(|(server_url, _)| is_asked(server_url)));
            }
            Err(failure) => {
                let undone = format_args!("the list is not complete");
                world.complain(&failure.sentence(undone, Service::Ecr));
            }
        }
    }
}
