//! `list`: the hosts that the current identity asked for in the last 30 days, its own registry, the hosts that rules name,
//! and what the fallback helpers list. What `get` has a password for may be listed whether or not a token is cached.
//!
//! It doesn't read stdin (docker-py leaves it open) and runs nothing but those helpers. Our keys are `https://HOST`: the
//! classic builder asks for each key as listed, and `get` accepts every spelling. It always succeeds, with the reason for
//! what is missing on stderr: a build shouldn't fail because one of several helpers does.

use std::collections::BTreeMap;
use std::io;

use crate::clock::Deadline;
use crate::config;
use crate::error::Failure;
use crate::options::Options;
use crate::protocol::write_list;
use crate::registry::Service;
use crate::rules::{Destination, Rules};
use crate::tokens::{self, Context};
use crate::world::{Status, World};

/// The user name of every ECR token:
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html>.
const USERNAME: &str = "AWS";

#[cold]
pub(super) fn list(world: &mut World<'_>) -> io::Result<Status> {
    let mut usernames = BTreeMap::new();
    match config::read(world.env) {
        Ok(rules) => {
            let options = Options::read(world.env, &rules.options);
            let deadline = Deadline::within(world.clock, options.timeout);
            let known = tokens::known_hosts(&Context::new(world, &options, "list".to_owned()), &rules);
            let hosts = known.into_iter().chain(rules.named_hosts());
            usernames.extend(hosts.map(|host| (format!("https://{host}"), USERNAME.to_owned())));
            add_fallbacks(world, &rules, deadline, &mut usernames);
        }
        // Without the rules, the identity that asks is unknown.
        Err(error) => {
            let sentence = Failure::from(error).sentence(format_args!("nothing to list"), Service::Ecr);
            world.complain(&sentence);
        }
    }
    write_list(world.stdout, &usernames)?;
    Ok(Status::Success)
}

/// Adds what each fallback helper lists, within the limit of the request, of the servers that it would be asked for.
fn add_fallbacks(world: &mut World<'_>, rules: &Rules, deadline: Deadline, usernames: &mut BTreeMap<String, String>) {
    for helper in rules.helpers() {
        match world.helpers.list(world.env, helper, deadline.left(world.clock)) {
            Ok(listed) => {
                let is_asked = |server_url: &str| match rules.destination(server_url) {
                    Destination::Fallback(asked) => asked == helper,
                    _ => false,
                };
                usernames.extend(listed.into_iter().filter(|(server_url, _)| is_asked(server_url)));
            }
            Err(failure) => {
                world.complain(&failure.sentence(format_args!("the list is incomplete"), Service::Ecr));
            }
        }
    }
}
